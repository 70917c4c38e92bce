package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// Audience is the aud claim of our access tokens, TokenType their typ header.
const (
	Audience  = "flomastr"
	TokenType = "at+jwt"
	Algorithm = "EdDSA"
)

// Two durations that must not be swapped: the access token's life, and the session's.
const (
	accessLifetime  = 10 * time.Minute
	sessionLifetime = 30 * 24 * time.Hour
)

// Sealer keeps the signing keys unreadable in the database; secret.Keyring is one.
type Sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// Deps is what the provider needs.
type Deps struct {
	Store identity.AccountStore
	Seal  Sealer
	Clock flomastr.Clock
	// PublicURL is where mails' links lead. Mailed: mails are written here, so that a password can be reset by one.
	PublicURL string
	Mailed    bool
	// Hashing overrides the cost of password hashes; nil is the product's.
	Hashing *argon2id.Params
}

// Provider is the built-in identity provider. It is safe for concurrent use.
type Provider struct {
	store     identity.AccountStore
	publicURL string
	mailed    bool
	seal      Sealer
	clock     flomastr.Clock
	hashing   argon2id.Params
	nobody    string              // the hash that is compared when there is no account
	hashes    *semaphore.Weighted // each hash takes 64 MiB

	mu      sync.Mutex
	signing *signer
}

// New makes the provider. It reads nothing yet: the first use makes the signing key.
func New(deps Deps) *Provider {
	p := &Provider{
		store: deps.Store, publicURL: deps.PublicURL, mailed: deps.Mailed, seal: deps.Seal, clock: deps.Clock,
		// Above OWASP's least (46 MiB, one pass); about a tenth of a second on a free core.
		hashing: argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		hashes:  semaphore.NewWeighted(int64(min(4, max(2, runtime.GOMAXPROCS(0))))),
	}
	if deps.Hashing != nil {
		p.hashing = *deps.Hashing
	}
	p.nobody = unmatchable(p.hashing)
	return p
}

// unmatchable is a hash of the usual cost that no password is known to have: random bytes in place of a derived key.
func unmatchable(params argon2id.Params) string {
	random := func(n uint32) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // never fails (crypto/rand)
		return base64.RawStdEncoding.EncodeToString(b)
	}
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s",
		params.Memory, params.Iterations, params.Parallelism, random(params.SaltLength), random(params.KeyLength))
}

// errBusy is what a sign-in gets when too many others are being hashed.
var errBusy = flomastr.Errorf(flomastr.Unavailable, "sign_in_busy", "Too many people are signing in at once; try again in a moment.")

const maxHashWait = 5 * time.Second

// hashSlot waits for room to hash, for a bounded time, so that a flood of sign-ins takes neither all memory nor all
// connections.
func (p *Provider) hashSlot(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxHashWait)
	defer cancel()
	if err := p.hashes.Acquire(ctx, 1); err != nil {
		return nil, errBusy.Because(err)
	}
	return func() { p.hashes.Release(1) }, nil
}

func (p *Provider) hash(ctx context.Context, password string) (string, error) {
	release, err := p.hashSlot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(normal(password), &p.hashing)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// matches compares a password with a hash; "" stands for an account that is not there or has no password, and costs the
// same.
func (p *Provider) matches(ctx context.Context, password, hash string) (bool, error) {
	release, err := p.hashSlot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	compared := hash
	if compared == "" {
		compared = p.nobody
	}
	ok, err := argon2id.ComparePasswordAndHash(normal(password), compared)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && hash != "", nil
}
