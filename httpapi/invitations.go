package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/flomastr/flomastr/identity"
)

// InvitationPath names an invitation by its link's token; exported for the frame, as [TenantPath] is.
type InvitationPath struct {
	Token string `path:"token" maxLength:"64"`
}

type invitedOutput struct {
	Body struct {
		Tenant struct {
			Slug         string `json:"slug"`
			Name         string `json:"name"`
			BrandPrimary string `json:"brand_primary"`
		} `json:"tenant"`
		Email      string    `json:"email" doc:"Masked"`
		Role       string    `json:"role" enum:"owner,admin,member"`
		ExpiresAt  time.Time `json:"expires_at"`
		HasAccount bool      `json:"has_account" doc:"The address has an account here: sign in, then accept. Otherwise accept with a new password"`
	}
}

// invitationGet is for the page of an invitation. Every reason why there is none is one answer.
func (a *API) invitationGet(ctx context.Context, _ Call, in *InvitationPath) (*invitedOutput, error) {
	invited, err := a.deps.Team.Look(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	out := &invitedOutput{}
	out.Body.Tenant.Slug, out.Body.Tenant.Name, out.Body.Tenant.BrandPrimary = invited.TenantSlug, invited.TenantName, invited.BrandPrimary
	out.Body.Email, out.Body.Role = identity.MaskEmail(invited.Email), string(invited.Role)
	out.Body.ExpiresAt, out.Body.HasAccount = invited.ExpiresAt.UTC(), invited.HasAccount
	return out, nil
}

type acceptInput struct {
	InvitationPath
	Body struct {
		Password string `json:"password,omitempty" minLength:"1" maxLength:"512" doc:"For a new account; left out by a person who is signed in"`
	}
}

type acceptOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      struct {
		TenantSlug string     `json:"tenant_slug"`
		Role       string     `json:"role" enum:"owner,admin,member"`
		Session    *grantBody `json:"session,omitempty" doc:"Of a new account, which is signed in with it"`
	}
}

// invitationAccept makes the invited person a member: somebody who is signed in as the invited address, or a new account.
func (a *API) invitationAccept(ctx context.Context, call Call, in *acceptInput) (*acceptOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	out := &acceptOutput{}
	if in.Body.Password == "" {
		if !call.Caller.Person() {
			return nil, identity.ErrUnauthenticated
		}
		member, err := a.deps.Team.Accept(ctx, call.Caller, in.Token)
		if err != nil {
			return nil, err
		}
		a.deps.People.Forget()
		out.Body.TenantSlug, out.Body.Role = member.Slug, string(member.Role)
		return out, nil
	}
	if a.deps.SignIn.BuiltInOff { // the account could not be used, and the invitation would be gone
		return nil, errSignInElsewhere
	}
	invited, err := a.deps.Team.Look(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	grant, err := a.deps.SignIns.AcceptInvitation(ctx, in.Token, in.Body.Password, originOf(r, call))
	if err != nil {
		return nil, err
	}
	granted := a.granted(r, grant)
	out.SetCookie, out.Body.Session = &granted.SetCookie, &granted.Body
	out.Body.TenantSlug, out.Body.Role = invited.TenantSlug, string(invited.Role)
	return out, nil
}

// unlogged hides what is a right in a path from the log.
func unlogged(path string) string {
	for _, before := range []string{"/invite/", "/auth/invitations/"} {
		if token, ok := strings.CutPrefix(path, before); ok {
			_, rest, _ := strings.Cut(token, "/")
			return strings.TrimSuffix(before+"…/"+rest, "/")
		}
	}
	return path
}
