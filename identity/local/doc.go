// Package local is the built-in identity provider: accounts with passwords, short-lived access tokens and rotating
// refresh tokens. It issues JWTs that package jwt verifies through the published key set, like any other issuer's.
//
//	provider := local.New(local.Deps{Store: store, Seal: keyring, Clock: flomastr.SystemClock})
//	grant, err := provider.SignIn(ctx, identity.SignIn{Email: "sara@example.com", Password: "…", RemoteIP: "203.0.113.7"})
//
// An access token lives ten minutes. A refresh token is good once; one that is used again ends its whole session, since
// two parties hold it. Signing in does the same work and gives the same answer for an address that nobody has, and
// wrong passwords are slowed down by account and network without locking the owner out.
package local
