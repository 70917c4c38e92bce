package main

import (
	"context"

	"github.com/flomastr/flomastr/identity"
)

// warnOfSuperAdmins says once at the start who runs the platform and works for a tenant too. What cannot be found out now
// is on the page of platform users later.
func (a *App) warnOfSuperAdmins(ctx context.Context) error {
	tenants, err := a.tokens.TenantsOf(ctx, a.superAdmins.List())
	if err != nil {
		a.log.WarnContext(ctx, "look for super admins who are members", "error", err)
	}
	for _, warning := range identity.SuperAdminWarnings(tenants) {
		a.log.WarnContext(ctx, warning)
	}
	return nil
}
