// Package identity answers who is calling and what they may do.
//
// A request becomes a [Caller] in one place, [Authenticator.Authenticate], from its Authorization header alone: a JWT of
// one of the configured issuers (a person), a tenant's API token or the platform's token (a service), or nobody. What a
// route asks of its caller is a [Permission], written in the route's row; [May] is the one function that compares the
// two.
//
//	caller, err := authenticator.Authenticate(ctx, r.Header.Values("Authorization"))
//	member, err := authenticator.Membership(ctx, tenantID, caller)
//	err = identity.May(caller, member, identity.Member.Or(identity.Service("knowledge:read")))
//
// A person is the pair (issuer, subject); an e-mail address links nothing to nobody. Roles come from our own
// memberships, never from a claim. The rank of super admin comes from the operator's setting and a verified address.
//
// Sub-packages: jwt verifies tokens of any number of issuers through their key sets; local is the built-in issuer.
package identity
