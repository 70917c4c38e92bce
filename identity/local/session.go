package local

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	familyBytes = 16
	secretBytes = 32
)

// refreshToken is "<family>.<secret>": the family stays for a session's life, the secret is good once.
type refreshToken struct {
	raw           string
	family, whole [sha256.Size]byte
}

func newRefreshToken(family string) refreshToken {
	random := func(n int) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	if family == "" {
		family = random(familyBytes)
	}
	raw := family + "." + random(secretBytes)
	return refreshToken{raw: raw, family: sha256.Sum256([]byte(family)), whole: sha256.Sum256([]byte(raw))}
}

func parseRefreshToken(raw string) (refreshToken, string, error) {
	family, secret, ok := strings.Cut(raw, ".")
	if !ok || len(family) != base64.RawURLEncoding.EncodedLen(familyBytes) || len(secret) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return refreshToken{}, "", identity.ErrBadRefresh
	}
	return refreshToken{raw: raw, family: sha256.Sum256([]byte(family)), whole: sha256.Sum256([]byte(raw))}, family, nil
}

// newSession is a session that begins now, and its first refresh token.
func (p *Provider) newSession(account identity.Account, from identity.Origin) (identity.Session, refreshToken) {
	token, now := newRefreshToken(""), p.clock()
	return identity.Session{
		ID:              flomastr.NewID[flomastr.SessionID](),
		Account:         account,
		Family:          token.family,
		Token:           token.whole,
		Network:         networkOf(from.RemoteIP),
		Device:          deviceOf(from.Device),
		AuthenticatedAt: now,
		ExpiresAt:       now.Add(sessionLifetime),
	}, token
}

func (p *Provider) grant(ctx context.Context, s identity.Session, token refreshToken) (identity.Grant, error) {
	access, err := p.sign(ctx, s)
	if err != nil {
		return identity.Grant{}, err
	}
	return identity.Grant{
		AccessToken:    access,
		ExpiresIn:      accessLifetime.Round(time.Second),
		RefreshToken:   token.raw,
		RefreshExpires: s.ExpiresAt,
		Account:        s.Account,
	}, nil
}

// Refresh exchanges a refresh token for new tokens. A token that was used before ends the session for everybody who
// holds one of its family.
func (p *Provider) Refresh(ctx context.Context, raw string) (identity.Grant, error) {
	token, family, err := parseRefreshToken(raw)
	if err != nil {
		return identity.Grant{}, err
	}
	next := newRefreshToken(family)
	session, err := p.store.RotateSession(ctx, token.family, token.whole, next.whole)
	if err != nil {
		return identity.Grant{}, err
	}
	return p.grant(ctx, session, next)
}

// SignOut ends the session that a refresh token belongs to. A token of no session is signed out already.
func (p *Provider) SignOut(ctx context.Context, raw string) error {
	token, _, err := parseRefreshToken(raw)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return p.store.EndSession(ctx, token.family)
}
