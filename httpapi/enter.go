package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

var (
	errTenantRequired = flomastr.Errorf(flomastr.Invalid, "tenant_required",
		"Name the tenant: in the path, as tenant_id, or in the header X-Tenant-Slug.")
	errTenantSuspended = flomastr.Errorf(flomastr.Forbidden, "tenant_suspended",
		"This workspace is suspended. Its owner can still read; everything else waits until it is reactivated.")
)

// enter decides who may call a route and for which tenant. A tenant that does not exist, one that the caller has no
// part in, and two names that disagree all look the same: 404.
func (a *API) enter(ctx context.Context, arrival arrival, permission identity.Permission, in any) (Call, error) {
	call := Call{Caller: arrival.caller, RequestID: flomastr.RequestID(ctx), RemoteIP: a.remoteIP(arrival.request)}
	if !permission.NeedsTenant() {
		// Judged before any tenant is looked for, so that whoever may not learns nothing of which exist.
		if err := identity.May(call.Caller, identity.Membership{}, permission); err != nil {
			return Call{}, err
		}
		if !permission.IsPublic() && !permission.AllowsSuperAdmin() {
			return call, nil // about the caller alone: whatever tenant the request names plays no part, so it tells nothing
		}
	}
	t, named, err := a.tenantOf(ctx, arrival, in)
	if permission.IsPublic() && flomastr.KindOf(err) == flomastr.NotFound {
		err = nil // what everybody may see does not depend on whether the tenant exists
	}
	if err != nil {
		return Call{}, err
	}
	if !named {
		if permission.NeedsTenant() {
			if !call.Caller.Known() {
				return Call{}, identity.ErrUnauthenticated
			}
			// Only a super admin's own part of the permission can do without a tenant.
			if !permission.AllowsSuperAdmin() || !call.Caller.SuperAdmin {
				return Call{}, errTenantRequired
			}
		}
		return call, identity.May(call.Caller, identity.Membership{}, permission)
	}
	call.Tenant = t
	if call.Caller.Person() {
		if call.Membership, err = a.deps.Gate.Membership(ctx, t.ID, call.Caller); err != nil {
			return Call{}, err
		}
	}
	if err := identity.May(call.Caller, call.Membership, permission); err != nil {
		return call, err
	}
	if !call.Membership.Visiting() {
		call.Caller.Visit = nil // what follows is not done by its right
	}
	reading := arrival.request.Method == http.MethodGet || arrival.request.Method == http.MethodHead
	switch err := closed(t, call.Membership, reading); {
	case call.Caller.SuperAdmin, permission.AllowsPlatform(call.Caller):
	case permission.IsPublic():
		if errors.Is(err, identity.ErrNotFound) {
			call.Tenant = tenant.Tenant{} // its page is the platform's again
		}
	case err != nil && (!arrival.whenSuspended || t.Status != tenant.Suspended):
		return Call{}, err
	}
	return call, nil
}

// closed says why a tenant does not serve: suspended, it lets its owner read; deleted, it is as absent as one that
// never was.
func closed(t tenant.Tenant, m identity.Membership, reading bool) error {
	switch t.Status {
	case tenant.Suspended:
		if !reading || m.Role != identity.RoleOwner {
			return errTenantSuspended
		}
	case tenant.SoftDeleted, tenant.Erasing, tenant.Erased:
		return identity.ErrNotFound
	}
	return nil
}

// tenantOf finds the tenant that a request names. A token speaks for its own tenant; otherwise the path, the query and
// the body, the header, the host (a label under the base domain, or a proven domain) and at last the caller's only membership are asked in this order. Whatever names one
// explicitly must agree with the rest.
func (a *API) tenantOf(ctx context.Context, arrival arrival, in any) (t tenant.Tenant, named bool, err error) {
	r := arrival.request
	refs := []string{r.PathValue("tenant_slug"), r.PathValue("tenant_id"), r.URL.Query().Get("tenant_id")}
	if namer, ok := in.(tenantNamer); ok {
		refs = append(refs, namer.namesTenant())
	}
	refs = append(refs, r.Header.Get("X-Tenant-Slug"))
	if arrival.caller.Kind == identity.Token {
		t, err = a.deps.Tenants.ByID(ctx, arrival.caller.TokenTenant)
		if err != nil {
			return tenant.Tenant{}, false, err
		}
		named = true
	}
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		found, err := a.deps.Tenants.Find(ctx, ref)
		if err != nil {
			return tenant.Tenant{}, false, err
		}
		if named && found.ID != t.ID {
			return tenant.Tenant{}, false, identity.ErrNotFound
		}
		t, named = found, true
	}
	if named {
		return t, true, nil
	}
	if t, err = a.byHost(ctx, r.Host); !errors.Is(err, tenant.ErrPlatformHost) {
		return t, err == nil, err
	}
	if arrival.caller.Person() {
		memberships, err := a.deps.Gate.Memberships(ctx, arrival.caller)
		if err != nil || len(memberships) != 1 {
			return tenant.Tenant{}, false, err
		}
		found, err := a.deps.Tenants.ByID(ctx, memberships[0].Tenant)
		return found, err == nil, err
	}
	return tenant.Tenant{}, false, nil
}
