package httpapi

import (
	"context"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

type resolveOutput struct {
	Body struct {
		TenantSlug   string `json:"tenant_slug"`
		TenantName   string `json:"tenant_name"`
		IsSuperAdmin bool   `json:"is_super_admin"`
		Found        bool   `json:"found"`
	}
}

type resolveQuery struct {
	Email string `query:"email" maxLength:"254" doc:"The caller's own address; any other finds nothing"`
	Host  string `query:"host" maxLength:"255" doc:"A host under the base domain"`
	Slug  string `query:"slug" maxLength:"63"`
}

// resolveTenant tells the app whose page it is on. A host or a slug gives the name that stands on that page anyway; an
// address gives the caller's own tenant, and to anybody else the same answer as one that nobody has.
func (a *API) resolveTenant(ctx context.Context, call Call, in *resolveQuery) (*resolveOutput, error) {
	switch {
	case in.Email != "":
		return a.resolve(ctx, call, in.Email, "email")
	case in.Host != "":
		return a.resolve(ctx, call, in.Host, "domain")
	default:
		return a.resolve(ctx, call, in.Slug, "slug")
	}
}

type resolveInput struct {
	Body struct {
		Identifier string `json:"identifier" minLength:"1" maxLength:"255"`
		Type       string `json:"type,omitempty" enum:"auto,domain,slug,id,email" default:"auto"`
	}
}

func (a *API) resolveTenantByAny(ctx context.Context, call Call, in *resolveInput) (*resolveOutput, error) {
	return a.resolve(ctx, call, in.Body.Identifier, in.Body.Type)
}

func (a *API) resolve(ctx context.Context, call Call, identifier, kind string) (*resolveOutput, error) {
	if kind == "" || kind == "auto" {
		switch {
		case strings.Contains(identifier, "@"):
			kind = "email"
		case strings.Contains(identifier, "."):
			kind = "domain"
		default:
			kind = "slug" // Find takes an id as well
		}
	}
	found, err := a.resolved(ctx, call, identifier, kind)
	if err != nil && flomastr.KindOf(err) != flomastr.NotFound {
		return nil, err
	}
	out := &resolveOutput{}
	out.Body.IsSuperAdmin = call.Caller.SuperAdmin
	if err == nil && (found.Status == tenant.Active || found.Status == tenant.Suspended) {
		out.Body.TenantSlug, out.Body.TenantName, out.Body.Found = found.Slug, found.Name, true
	}
	return out, nil
}

func (a *API) resolved(ctx context.Context, call Call, identifier, kind string) (tenant.Tenant, error) {
	switch kind {
	case "domain":
		slug := a.hostSlug(identifier)
		if slug == "" {
			return tenant.Tenant{}, tenant.ErrNotFound
		}
		return a.deps.Tenants.Find(ctx, slug)
	case "email":
		asked, err := identity.CanonicalEmail(identifier)
		if err != nil || !call.Caller.Person() || !call.Caller.EmailVerified || !strings.EqualFold(asked, call.Caller.Email) {
			return tenant.Tenant{}, tenant.ErrNotFound
		}
		memberships, err := a.deps.People.Memberships(ctx, call.Caller)
		if err != nil {
			return tenant.Tenant{}, err
		}
		if len(memberships) == 0 {
			return tenant.Tenant{}, tenant.ErrNotFound
		}
		return a.deps.Tenants.ByID(ctx, memberships[0].Tenant)
	default:
		return a.deps.Tenants.Find(ctx, identifier)
	}
}
