package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// People is what the door asks about persons beyond the [Gate].
type People interface {
	Memberships(ctx context.Context, caller identity.Caller) ([]identity.Membership, error)
	// Forget drops what this server remembers of callers, after a session or a token was ended through it.
	Forget()
}

type meRoleOutput struct {
	Body struct {
		Email       string         `json:"email"`
		Role        string         `json:"role" enum:"user,admin,super_admin" doc:"On the platform; roles in tenants stand in memberships"`
		Memberships []meMembership `json:"memberships"`
		Visit       *visitBody     `json:"visit,omitempty" doc:"The visit that runs in this session"`
	}
}

type meMembership struct {
	TenantID   flomastr.TenantID `json:"tenant_id" format:"uuid"`
	TenantSlug string            `json:"tenant_slug"`
	Role       string            `json:"role" enum:"owner,admin,member"`
	Status     string            `json:"status" enum:"pending,active,inactive"`
}

func (a *API) meRole(ctx context.Context, call Call, _ *struct{}) (*meRoleOutput, error) {
	memberships, err := a.deps.People.Memberships(ctx, call.Caller)
	if err != nil {
		return nil, err
	}
	out := &meRoleOutput{}
	out.Body.Email, out.Body.Role = call.Caller.Email, platformRole(call.Caller)
	out.Body.Memberships = []meMembership{}
	for _, m := range memberships {
		out.Body.Memberships = append(out.Body.Memberships, meMembership{
			TenantID: m.Tenant, TenantSlug: m.Slug, Role: string(m.Role), Status: string(m.Status),
		})
	}
	if visit := call.Caller.Visit; visit != nil {
		shown := visitOut(*visit)
		out.Body.Visit = &shown
	}
	return out, nil
}

func platformRole(caller identity.Caller) string {
	switch {
	case caller.SuperAdmin:
		return string(identity.PlatformRoleSuperAdmin)
	case caller.PlatformAdmin:
		return string(identity.PlatformRoleAdmin)
	}
	return string(identity.PlatformRoleUser)
}

type meStatusOutput struct {
	Body struct {
		IsSuperAdmin bool   `json:"is_super_admin"`
		UserID       string `json:"user_id" doc:"The issuer's own id of the person"`
		Email        string `json:"email"`
	}
}

func (a *API) meStatus(_ context.Context, call Call, _ *struct{}) (*meStatusOutput, error) {
	out := &meStatusOutput{}
	out.Body.IsSuperAdmin, out.Body.UserID, out.Body.Email = call.Caller.SuperAdmin, call.Caller.Subject, call.Caller.Email
	return out, nil
}

type checkSuperAdminOutput struct {
	Body struct {
		IsSuperAdmin bool `json:"is_super_admin"`
	}
}

func (a *API) checkSuperAdmin(_ context.Context, call Call, _ *struct{}) (*checkSuperAdminOutput, error) {
	out := &checkSuperAdminOutput{}
	out.Body.IsSuperAdmin = call.Caller.SuperAdmin
	return out, nil
}

type debugJWTOutput struct {
	Body struct {
		Header map[string]json.RawMessage `json:"header" doc:"The token's own header, decoded"`
		Claims map[string]json.RawMessage `json:"claims" doc:"The token's own claims, decoded"`
		Read   debugRead                  `json:"read_as" doc:"How the server read them"`
	}
}

type debugRead struct {
	Kind          string     `json:"kind"`
	Issuer        string     `json:"issuer"`
	Subject       string     `json:"subject"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"email_verified"`
	IsSuperAdmin  bool       `json:"is_super_admin"`
	Role          string     `json:"role" doc:"On the platform"`
	Session       string     `json:"session" doc:"The issuer's id of the sign-in"`
	AuthTime      *time.Time `json:"auth_time,omitempty"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty"`
}

// debugJWT shows a person the claims of the token that was sent, never the token itself: its signature is left out.
func (a *API) debugJWT(ctx context.Context, call Call, _ *struct{}) (*debugJWTOutput, error) {
	arrived, _ := ctx.Value(arrivalKey{}).(arrival)
	token := strings.TrimPrefix(arrived.request.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, identity.ErrBadToken
	}
	out := &debugJWTOutput{}
	for i, into := range []*map[string]json.RawMessage{&out.Body.Header, &out.Body.Claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(raw, into)
		}
		if err != nil {
			return nil, fmt.Errorf("decode a verified token: %w", err)
		}
	}
	c := call.Caller
	out.Body.Read = debugRead{
		Kind: string(c.Kind), Issuer: c.Issuer, Subject: c.Subject, Email: c.Email, EmailVerified: c.EmailVerified, IsSuperAdmin: c.SuperAdmin,
		Role: platformRole(c), Session: c.Session,
		AuthTime: known(c.AuthTime), ExpiresAt: known(c.Expires),
	}
	return out, nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

type debugAuthOutput struct {
	Body struct {
		Recognised bool     `json:"recognised"`
		By         string   `json:"by" enum:"nothing,user,token,platform" doc:"What the caller is known by"`
		Issuer     string   `json:"issuer" doc:"Whose token a person sent; empty for everybody else"`
		Reason     string   `json:"reason" doc:"Why the caller is not recognised; empty when it is"`
		Accepted   []string `json:"accepted_issuers" doc:"Whose tokens are accepted"`
	}
}

// debugAuthStatus tells a caller whether its own credentials work, and what is wrong with them otherwise.
func (a *API) debugAuthStatus(ctx context.Context, call Call, _ *struct{}) (*debugAuthOutput, error) {
	out := &debugAuthOutput{}
	out.Body.Accepted = append([]string{}, a.deps.SignIn.Issuers...)
	if call.Caller.Known() {
		out.Body.Recognised, out.Body.By = true, string(call.Caller.Kind)
		out.Body.Issuer = call.Caller.Issuer
		return out, nil
	}
	out.Body.By, out.Body.Reason = "nothing", "No Authorization header was sent."
	arrived, _ := ctx.Value(arrivalKey{}).(arrival)
	_, err := a.deps.Gate.Authenticate(ctx, arrived.request.Header.Values("Authorization"))
	var refused *flomastr.Error
	switch {
	case errors.As(err, &refused) && refused.Kind == flomastr.Unauthenticated && refused.Err != nil:
		out.Body.Reason = refused.Err.Error() // about the caller's own token; the verifier's words hold none of its values
	case err != nil:
		return nil, err
	}
	return out, nil
}
