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
		TenantSlug   string         `json:"tenant_slug"`
		TenantName   string         `json:"tenant_name"`
		IsSuperAdmin bool           `json:"is_super_admin"`
		Found        bool           `json:"found"`
		Branding     brandingConfig `json:"branding" doc:"The platform's where nothing is found"`
	}
}

type resolveQuery struct {
	Email string `query:"email" maxLength:"254" doc:"The caller's own address; any other finds nothing"`
	Host  string `query:"host" maxLength:"255" doc:"A host under the base domain, or a workspace's own"`
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

// resolve answers the same for what nobody has and for what may not be shown.
func (a *API) resolve(ctx context.Context, call Call, identifier, kind string) (*resolveOutput, error) {
	if kind == "" || kind == "auto" {
		kind = kindOf(identifier)
	}
	found, err := a.resolved(ctx, call, strings.TrimSpace(identifier), kind)
	if err != nil && flomastr.KindOf(err) != flomastr.NotFound {
		return nil, err
	}
	if err != nil || !shown(found) {
		found = tenant.Tenant{}
	}
	out := &resolveOutput{}
	out.Body.IsSuperAdmin = call.Caller.SuperAdmin
	out.Body.TenantSlug, out.Body.TenantName, out.Body.Found = found.Slug, found.Name, !found.ID.IsZero()
	out.Body.Branding, err = a.brandOf(ctx, found)
	return out, err
}

func kindOf(identifier string) string {
	_, err := flomastr.ParseID[flomastr.TenantID](identifier)
	switch {
	case strings.Contains(identifier, "@"):
		return "email"
	case strings.Contains(identifier, "."):
		return "domain"
	case err == nil:
		return "id"
	}
	return "slug"
}

func (a *API) resolved(ctx context.Context, call Call, identifier, kind string) (tenant.Tenant, error) {
	id, notID := flomastr.ParseID[flomastr.TenantID](identifier)
	switch {
	case kind == "domain":
		return a.byHost(ctx, identifier)
	case kind == "email":
		return a.ownTenant(ctx, call, identifier)
	case notID == nil:
		return a.byKnownID(ctx, call, id)
	case kind == "id":
		return tenant.Tenant{}, tenant.ErrNotFound
	default:
		return a.deps.Tenants.Find(ctx, identifier)
	}
}

// ownTenant is the first tenant of the caller, who gave their own address.
func (a *API) ownTenant(ctx context.Context, call Call, address string) (tenant.Tenant, error) {
	asked, err := identity.CanonicalEmail(address)
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
}

// byKnownID finds a tenant by its id for those who have a part in it: an id stands on no public page.
func (a *API) byKnownID(ctx context.Context, call Call, id flomastr.TenantID) (tenant.Tenant, error) {
	known := call.Caller.SuperAdmin || call.Caller.Kind == identity.Platform || call.Caller.Kind == identity.Token && call.Caller.TokenTenant == id
	if !known && call.Caller.Person() {
		membership, err := a.deps.Gate.Membership(ctx, id, call.Caller)
		if err != nil {
			return tenant.Tenant{}, err
		}
		known = membership.Status == identity.MembershipActive
	}
	if !known {
		return tenant.Tenant{}, tenant.ErrNotFound
	}
	return a.deps.Tenants.ByID(ctx, id)
}
