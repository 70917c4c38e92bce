package local

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// own is the caller's account; another issuer's person has none here.
func (p *Provider) own(ctx context.Context, caller identity.Caller) (identity.Account, error) {
	id, err := flomastr.ParseID[flomastr.AccountID](caller.Subject)
	if err != nil || caller.Issuer != identity.LocalIssuer {
		return identity.Account{}, errElsewhere
	}
	return p.store.AccountByID(ctx, id)
}

var errElsewhere = flomastr.Errorf(flomastr.Conflict, "account_elsewhere", "Your account is kept by another identity provider. Change this there.")

// again asks somebody who is signed in for the password.
func (p *Provider) again(ctx context.Context, account identity.Account, password string, from identity.Origin) error {
	if !usable(password) {
		return ErrOldPassword
	}
	err := p.guess(ctx, account, account.Email, networkOf(from.RemoteIP), password)
	if flomastr.CodeOf(err) == identity.ErrBadCredentials.Code {
		return ErrOldPassword
	}
	return err
}

// Sessions lists the caller's sign-ins that go on.
func (p *Provider) Sessions(ctx context.Context, caller identity.Caller) ([]identity.Session, error) {
	account, err := p.own(ctx, caller)
	if err != nil {
		return nil, err
	}
	return p.store.Sessions(ctx, account.ID)
}

// EndSession ends one of the caller's sign-ins.
func (p *Provider) EndSession(ctx context.Context, caller identity.Caller, session flomastr.SessionID) error {
	account, err := p.own(ctx, caller)
	if err != nil {
		return err
	}
	return p.store.EndSessionOf(ctx, account.ID, session)
}

// EndOtherSessions ends every sign-in of the caller but this one.
func (p *Provider) EndOtherSessions(ctx context.Context, caller identity.Caller) error {
	account, err := p.own(ctx, caller)
	if err != nil {
		return err
	}
	return p.store.EndOtherSessions(ctx, account.ID, caller.Session)
}
