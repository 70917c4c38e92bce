// Package tenant holds the businesses on the platform: what one is, how it comes to be, and what is allowed to it.
//
// A tenant is provisioned in two steps that can be taken again after any crash: its hot rows (the tenant, its policies,
// its owner) in one commit, then its own cold database. Calling again finishes what is missing and answers the same ids:
//
//	made, err := tenants.Provision(ctx, actor, tenant.Setup{
//		Draft: tenant.Draft{Slug: "bright-smile"}, OwnerEmail: "sara@example.com",
//	})
//
// Afterwards a person may suspend, reactivate, soft-delete and restore it ([Engine.Act]; the table in lifecycle.go is the
// whole state machine), and at last erase it ([Engine.HardDelete]): its rows in one commit, everything else in steps that
// can be taken again, proven by a search of every table and a signed [Report].
//
// A slug is a DNS label, so that every tenant can have a host of its own; what the platform's own paths and hosts are
// called is nobody's slug. Wherever a request names a tenant, the id and the slug do equally ([Engine.Find]).
package tenant
