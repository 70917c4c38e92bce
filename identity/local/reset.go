package local

import (
	"context"
	"strings"
	"time"

	"github.com/flomastr/flomastr/identity"
)

// resetLifetime is how long a link to choose a new password is good.
const resetLifetime = 30 * time.Minute

// How many mails go to one address, and are asked for from one network, in a quarter of an hour. What is asked beyond gets
// the same answer and no mail: whoever asks for somebody else's address costs them nothing, since a mail whose link is good
// for longer than that came just now.
const (
	resetWindow     = 15 * time.Minute
	resetsToAddress = 3
	resetsByNetwork = 20
)

// RequestReset mails a link to choose a new password. Whether the address has an account is found out when the mail is
// written, so that the request does the same work and gives the same answer for every address.
func (p *Provider) RequestReset(ctx context.Context, address, language string, from identity.Origin) error {
	email, err := identity.CanonicalEmail(address)
	if err != nil {
		return nil //nolint:nilerr // the same answer as for an address that nobody has
	}
	wait, err := p.store.BeginAttempt(ctx, []identity.Attempt{
		{Subject: "reset:" + fingerprint(strings.ToLower(email)), Free: resetsToAddress, Stop: resetsToAddress, Window: resetWindow},
		{Subject: "reset-from:" + networkOf(from.RemoteIP), Free: resetsByNetwork, Stop: resetsByNetwork, Window: resetWindow},
	})
	if err != nil || wait > 0 || !p.mailed {
		return err
	}
	return p.store.RequestReset(ctx, identity.ResetMailArgs{Email: email, Language: language})
}

func throttled(wait time.Duration) error {
	limited := *identity.ErrThrottled
	limited.RetryAfter = wait
	return &limited
}

// ResetLetter makes a link and is what its mail has to say; an address without an account is ErrNoAccount. The token stands
// behind #, so that no server's log sees it.
func (p *Provider) ResetLetter(ctx context.Context, args identity.ResetMailArgs) (identity.Letter, error) {
	account, err := p.store.AccountByEmail(ctx, args.Email)
	if err == nil && account.Disabled {
		err = identity.ErrNoAccount
	}
	if err != nil {
		return identity.Letter{}, err
	}
	token, until := identity.NewLinkToken(), p.clock().Add(resetLifetime)
	if err := p.store.AddReset(ctx, account.ID, token.Hash, until); err != nil {
		return identity.Letter{}, err
	}
	return identity.Letter{To: account.Email, Language: args.Language, Link: p.publicURL + "/reset-password#" + token.Raw, Until: until}, nil
}

// Reset chooses a new password with the link of a mail. It signs nobody in: a second factor is still asked for.
func (p *Provider) Reset(ctx context.Context, raw, password string) error {
	token, ok := identity.ParseLinkToken(raw)
	if !ok {
		return identity.ErrReset
	}
	account, err := p.store.ResetAccount(ctx, token.Hash)
	if err != nil {
		return err
	}
	if err := checkNew("body.password", password, account.Email); err != nil {
		return err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return err
	}
	return p.store.UseReset(ctx, token.Hash, hash)
}
