package local

import (
	"context"

	"github.com/flomastr/flomastr/identity"
)

// AcceptInvitation signs a person up with the link of an invitation and a password of their own choice, makes them a member
// and begins a session. Whoever has an account with a password signs in first instead.
func (p *Provider) AcceptInvitation(ctx context.Context, raw, password string, from identity.Origin) (identity.Grant, error) {
	token, ok := identity.ParseLinkToken(raw)
	if !ok {
		return identity.Grant{}, identity.ErrInvitation
	}
	invited, err := p.store.OpenInvitation(ctx, token.Hash)
	if err != nil {
		return identity.Grant{}, err
	}
	if invited.HasAccount {
		return identity.Grant{}, identity.ErrSignInFirst
	}
	if err := checkNew("body.password", password, invited.Email); err != nil {
		return identity.Grant{}, err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return identity.Grant{}, err
	}
	session, refresh := p.newSession(identity.Account{}, from)
	if session, err = p.store.AcceptAsNew(ctx, token.Hash, hash, session); err != nil {
		return identity.Grant{}, err
	}
	return p.grant(ctx, session, refresh)
}
