package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// ErrBadToken says that credentials were sent and are not good. It does not say why: the reason is for the log.
var ErrBadToken = flomastr.Errorf(flomastr.Unauthenticated, "token_invalid", "The token is missing, malformed, expired or revoked.")

// verdictAge is how long a look-up of a person's or a token's standing is believed. Whoever is removed is out on every
// server within this time; the promise to the outside is 60 s.
const verdictAge = 15 * time.Second

// maxVerdicts bounds the memory that verdicts may take.
const maxVerdicts = 10_000

// TokenVerifier checks a JWT of one of the configured issuers. What it returns with an error must not be read.
type TokenVerifier interface {
	Verify(ctx context.Context, token string) (Caller, error)
}

// Store is what the Authenticator asks of persistence. Both answers are of this moment.
type Store interface {
	// Standing tells whether the person may still act (the account is not disabled, the session not ended, where we
	// keep them) and what the person is. A person who may not act is ErrBadToken.
	Standing(ctx context.Context, person Caller) (Standing, error)
	// TokenByHash finds a token that is neither revoked nor expired and notes its use, at most once a minute. Any
	// other is ErrBadToken.
	TokenByHash(ctx context.Context, hash TokenHash) (APIToken, error)
}

// Standing is what a person is at this moment, beyond what the token says.
type Standing struct {
	Memberships   []Membership // the active ones
	PlatformAdmin bool
	Visit         *Visit // the one that runs in the person's session, or nil
}

// Config is what an Authenticator needs.
type Config struct {
	Verifier      TokenVerifier
	Store         Store
	SuperAdmins   SuperAdmins
	PlatformToken string // BACKEND_API_SECRET_TOKEN; "" means that there is none
	Clock         flomastr.Clock
}

// Authenticator turns the Authorization header into a Caller. It is safe for concurrent use.
type Authenticator struct {
	verifier    TokenVerifier
	store       Store
	superAdmins SuperAdmins
	platform    *[sha256.Size]byte
	people      *verdicts[personKey, Standing]
	tokens      *verdicts[TokenHash, APIToken]
}

// personKey holds all that a standing depends on: another token of the person may carry another address.
type personKey struct {
	issuer, subject, session, email string
	verified                        bool
}

func keyOf(c Caller) personKey {
	return personKey{c.Issuer, c.Subject, c.Session, c.Email, c.EmailVerified}
}

// NewAuthenticator refuses a platform token that could be guessed.
func NewAuthenticator(cfg Config) (*Authenticator, error) {
	a := &Authenticator{
		verifier:    cfg.Verifier,
		store:       cfg.Store,
		superAdmins: cfg.SuperAdmins,
		people:      newVerdicts[personKey, Standing](cfg.Clock),
		tokens:      newVerdicts[TokenHash, APIToken](cfg.Clock),
	}
	if cfg.PlatformToken != "" {
		if len(cfg.PlatformToken) < 24 || strings.ContainsAny(cfg.PlatformToken, " \t\r\n,") {
			return nil, flomastr.Errorf(flomastr.Invalid, "platform_token_weak",
				"BACKEND_API_SECRET_TOKEN must be at least 24 characters long, without spaces or commas.")
		}
		digest := sha256.Sum256([]byte(cfg.PlatformToken))
		a.platform = &digest
	}
	return a, nil
}

// Authenticate finds out who is calling from the values of the request's Authorization header, the one place where
// credentials are read. No header is an anonymous caller. Exactly one value of the form "Bearer <token>" is judged;
// anything else, and any token that is not good, is an error of kind Unauthenticated. An issuer's key set or a database
// that cannot be reached is an error of kind Unavailable: never a way in.
func (a *Authenticator) Authenticate(ctx context.Context, authorization []string) (Caller, error) {
	if len(authorization) == 0 {
		return Caller{Kind: Anonymous}, nil
	}
	if len(authorization) > 1 {
		return Caller{Kind: Anonymous}, ErrBadToken.Because(errors.New("more than one Authorization header"))
	}
	credentials, ok := strings.CutPrefix(authorization[0], "Bearer ")
	if !ok || credentials == "" || strings.ContainsAny(credentials, " \t\r\n,") {
		return Caller{Kind: Anonymous}, ErrBadToken.Because(errors.New("the Authorization header is not \"Bearer <token>\""))
	}
	caller, err := a.judge(ctx, credentials)
	if err != nil {
		return Caller{Kind: Anonymous}, err
	}
	return caller, nil
}

func (a *Authenticator) judge(ctx context.Context, credentials string) (Caller, error) {
	if a.platform != nil {
		digest := sha256.Sum256([]byte(credentials))
		if subtle.ConstantTimeCompare(digest[:], a.platform[:]) == 1 {
			return Caller{Kind: Platform}, nil
		}
	}
	if strings.HasPrefix(credentials, TokenPrefix) {
		return a.judgeAPIToken(ctx, credentials)
	}
	caller, err := a.verifier.Verify(ctx, credentials)
	if err != nil {
		return Caller{}, err
	}
	caller.Kind = User
	caller.SuperAdmin = a.superAdmins.Has(caller.Email, caller.EmailVerified)
	standing, err := a.standing(ctx, caller)
	if err != nil {
		return Caller{}, err
	}
	caller.PlatformAdmin = standing.PlatformAdmin
	caller.Visit = a.visitOf(caller, standing)
	return caller, nil
}

func (a *Authenticator) judgeAPIToken(ctx context.Context, presented string) (Caller, error) {
	hash, err := HashToken(presented)
	if err != nil {
		return Caller{}, err
	}
	token, err := a.tokens.get(hash, func() (APIToken, error) { return a.store.TokenByHash(ctx, hash) })
	if err != nil {
		return Caller{}, err
	}
	if token.ExpiresAt != nil && !a.tokens.clock().Before(*token.ExpiresAt) {
		return Caller{}, ErrBadToken.Because(errors.New("expired"))
	}
	return Caller{Kind: Token, TokenID: token.ID, TokenTenant: token.Tenant, Scopes: token.Scopes}, nil
}

// Memberships lists a person's active memberships; a service has none.
func (a *Authenticator) Memberships(ctx context.Context, caller Caller) ([]Membership, error) {
	if !caller.Person() {
		return nil, nil
	}
	standing, err := a.standing(ctx, caller)
	return standing.Memberships, err
}

// visitOf is the visit that gives the caller a right now, or nil.
func (a *Authenticator) visitOf(caller Caller, standing Standing) *Visit {
	if caller.SuperAdmin && standing.Visit != nil && a.people.clock().Before(standing.Visit.EndsAt) {
		return standing.Visit
	}
	return nil
}

// Membership is the caller's place in a tenant, or the zero value for a stranger and for a service. A visit is the place
// of a super admin who has none of their own.
func (a *Authenticator) Membership(ctx context.Context, tenant flomastr.TenantID, caller Caller) (Membership, error) {
	if !caller.Person() {
		return Membership{}, nil
	}
	standing, err := a.standing(ctx, caller)
	if err != nil {
		return Membership{}, err
	}
	if m, ok := a.placeIn(tenant, caller, standing); ok {
		return m, nil
	}
	// What is remembered may be older than an invitation: whoever was just let in must not wait for the memory to fade.
	a.people.forget(keyOf(caller))
	if standing, err = a.standing(ctx, caller); err != nil {
		return Membership{}, err
	}
	m, _ := a.placeIn(tenant, caller, standing)
	return m, nil
}

func (a *Authenticator) placeIn(tenant flomastr.TenantID, caller Caller, standing Standing) (Membership, bool) {
	for _, m := range standing.Memberships {
		if m.Tenant == tenant {
			return m, true
		}
	}
	if visit := a.visitOf(caller, standing); visit != nil && visit.Tenant == tenant {
		return visit.place(), true
	}
	return Membership{}, false
}

// OnlyMembership is a person's one active membership, or the zero value when there is none or more than one.
func (a *Authenticator) OnlyMembership(ctx context.Context, caller Caller) (Membership, error) {
	memberships, err := a.Memberships(ctx, caller)
	if err != nil || len(memberships) != 1 {
		return Membership{}, err
	}
	return memberships[0], nil
}

// Forget makes this server look again at everybody's standing, after it changed one itself.
func (a *Authenticator) Forget() {
	a.people.clear()
	a.tokens.clear()
}

func (a *Authenticator) standing(ctx context.Context, caller Caller) (Standing, error) {
	return a.people.get(keyOf(caller), func() (Standing, error) { return a.store.Standing(ctx, caller) })
}
