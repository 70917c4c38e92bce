// Package tenant holds the businesses on the platform: what one is, how it comes to be, and what is allowed to it.
//
// A tenant is provisioned in two steps that can be taken again after any crash: its hot rows (the tenant, its policies,
// its owner) in one commit, then its own cold database. Calling again finishes what is missing and answers the same ids:
//
//	made, err := tenants.Provision(ctx, actor, tenant.Setup{
//		Draft: tenant.Draft{Slug: "bright-smile"}, OwnerEmail: "sara@example.com",
//	})
//
// A slug is a DNS label, so that every tenant can have a host of its own; what the platform's own paths and hosts are
// called is nobody's slug. Wherever a request names a tenant, the id and the slug do equally ([Engine.Find]).
package tenant
