package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// SignIns is what the door asks of the built-in identity provider.
type SignIns interface {
	SignIn(ctx context.Context, in identity.SignIn) (identity.Grant, error)
	Refresh(ctx context.Context, refreshToken string) (identity.Grant, error)
	SignOut(ctx context.Context, refreshToken string) error
	ChangePassword(ctx context.Context, caller identity.Caller, oldPassword, newPassword string, from identity.Origin) (identity.Grant, error)
	// AcceptInvitation signs a new person up.
	AcceptInvitation(ctx context.Context, token, password string, from identity.Origin) (identity.Grant, error)
	KeySet(ctx context.Context) ([]byte, error)
}

// maxAuthBody is far more than an address and two passwords take; a megabyte of password is not read, let alone hashed.
const maxAuthBody = 8 << 10

var errCrossOrigin = flomastr.Errorf(flomastr.Forbidden, "cross_origin",
	"This request came from another site. Sign in from the app itself.")

var errSignInElsewhere = flomastr.Errorf(flomastr.NotFound, "sign_in_elsewhere",
	"People do not sign in here with a password. GET /config.json says how they do.")

type signInInput struct {
	Body struct {
		Email    string `json:"email" minLength:"1" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"512"`
		OTP      string `json:"otp,omitempty" maxLength:"32" doc:"Asked for with otp_required: a code of the authenticator, or a recovery code"`
	}
}

type grantOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      grantBody
}

type grantBody struct {
	AccessToken string    `json:"access_token" doc:"A JWT for the Authorization header"`
	TokenType   string    `json:"token_type" enum:"Bearer"`
	ExpiresIn   int       `json:"expires_in" doc:"Seconds" example:"600"`
	User        grantUser `json:"user"`
}

type grantUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

func (a *API) signIn(ctx context.Context, call Call, in *signInInput) (*grantOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	grant, err := a.deps.SignIns.SignIn(ctx, identity.SignIn{Email: in.Body.Email, Password: in.Body.Password, OTP: in.Body.OTP, From: originOf(r, call)})
	if err != nil {
		return nil, err
	}
	return a.granted(r, grant), nil
}

func (a *API) refresh(ctx context.Context, _ Call, _ *struct{}) (*grantOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	cookie, err := r.Cookie(a.refreshCookie(r).Name)
	if err != nil {
		return nil, identity.ErrBadRefresh
	}
	grant, err := a.deps.SignIns.Refresh(ctx, cookie.Value)
	if err != nil {
		return nil, err
	}
	return a.granted(r, grant), nil
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) signOut(ctx context.Context, _ Call, _ *struct{}) (*signOutOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	gone := a.refreshCookie(r)
	if cookie, err := r.Cookie(gone.Name); err == nil {
		if err := a.deps.SignIns.SignOut(ctx, cookie.Value); err != nil {
			return nil, err
		}
		a.deps.People.Forget()
	}
	gone.MaxAge = -1
	return &signOutOutput{SetCookie: gone}, nil
}

type passwordInput struct {
	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"512"`
		New string `json:"new" minLength:"1" maxLength:"512"`
	}
}

func (a *API) password(ctx context.Context, call Call, in *passwordInput) (*grantOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	grant, err := a.deps.SignIns.ChangePassword(ctx, call.Caller, in.Body.Old, in.Body.New, originOf(r, call))
	if err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return a.granted(r, grant), nil
}

type keySetOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Keys []keySetKey `json:"keys"`
	}
}

type keySetKey struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

func (a *API) keySet(ctx context.Context, _ Call, _ *struct{}) (*keySetOutput, error) {
	raw, err := a.deps.SignIns.KeySet(ctx)
	if err != nil {
		return nil, err
	}
	out := &keySetOutput{CacheControl: "public, max-age=60"}
	if err := json.Unmarshal(raw, &out.Body); err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	return out, nil
}

// sameOrigin refuses what a foreign page makes a browser send; a caller that is no browser passes. It gives the request,
// for its cookies.
func (a *API) sameOrigin(ctx context.Context) (*http.Request, error) {
	arrived, _ := ctx.Value(arrivalKey{}).(arrival)
	if err := http.NewCrossOriginProtection().Check(arrived.request); err != nil {
		return nil, errCrossOrigin.Because(err)
	}
	return arrived.request, nil
}

func originOf(r *http.Request, call Call) identity.Origin {
	return identity.Origin{RemoteIP: call.RemoteIP, Device: r.UserAgent()}
}

func (a *API) granted(r *http.Request, grant identity.Grant) *grantOutput {
	out := &grantOutput{SetCookie: a.refreshCookie(r)}
	out.SetCookie.Value = grant.RefreshToken
	out.SetCookie.MaxAge = int(grant.RefreshExpires.Sub(a.deps.Clock()) / time.Second)
	out.Body.AccessToken, out.Body.TokenType = grant.AccessToken, "Bearer"
	out.Body.ExpiresIn = int(grant.ExpiresIn / time.Second)
	out.Body.User = grantUser{ID: grant.Account.ID.String(), Email: grant.Account.Email}
	return out
}

// refreshCookie is the cookie of the refresh token without its value. Its prefix makes browsers hold it to our own host
// over TLS; a browser on this very machine may do without.
func (a *API) refreshCookie(r *http.Request) http.Cookie {
	cookie := http.Cookie{Name: "__Host-refresh", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if r.TLS == nil && a.forwardedProto(r) != "https" && isLoopback(r.Host) {
		cookie.Name, cookie.Secure = "refresh", false
	}
	return cookie
}

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
