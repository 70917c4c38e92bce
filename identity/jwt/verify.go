package jwt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	skew = 10 * time.Second
	// maxLifetime refuses a token that outlives any session token: it would be another kind, or a mistake.
	maxLifetime = 25 * time.Hour
)

// asymmetric are the algorithms that an issuer may be configured with. No symmetric one, and not none.
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}

// Issuer is one party whose tokens we accept, and exactly how they must look.
type Issuer struct {
	Issuer            string   // the iss claim, compared byte for byte
	JWKSURL           string   // where its key set is; never derived from a token
	Audience          string   // the one aud that a token must have; "" means that AuthorizedParties decide
	AuthorizedParties []string // the azp values that are ours, "https://*.host" for any one label; empty means that Audience decides
	Algorithms        []string // allowed signature algorithms
	Types             []string // allowed typ headers, in lower case; empty means "jwt", or none
	RequiredClaims    []string // names that must be there besides iss, sub, exp and iat
	FactorAges        bool     // fva says how many minutes before iat the person signed in, where auth_time is missing
	Client            *http.Client
}

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	clock   flomastr.Clock
	issuers map[string]*trusted
}

type trusted struct {
	Issuer
	keys   *keySet
	parser *gojwt.Parser
}

// New refuses a configuration that would check less than it seems to.
func New(clock flomastr.Clock, issuers ...Issuer) (*Verifier, error) {
	if len(issuers) == 0 {
		return nil, configError("no issuer of sign-in tokens is configured")
	}
	v := &Verifier{clock: clock, issuers: map[string]*trusted{}}
	for _, issuer := range issuers {
		if err := issuer.validate(); err != nil {
			return nil, err
		}
		if v.issuers[issuer.Issuer] != nil {
			return nil, configError("the issuer %s is configured twice", issuer.Issuer)
		}
		v.issuers[issuer.Issuer] = &trusted{
			Issuer: issuer,
			keys:   newKeySet(clock, issuer.JWKSURL, issuer.Client),
			parser: gojwt.NewParser(
				gojwt.WithValidMethods(issuer.Algorithms),
				gojwt.WithIssuer(issuer.Issuer),
				gojwt.WithExpirationRequired(),
				gojwt.WithIssuedAt(),
				gojwt.WithLeeway(skew),
				gojwt.WithTimeFunc(clock),
				gojwt.WithStrictDecoding(),
			),
		}
	}
	return v, nil
}

func (i Issuer) validate() error {
	switch {
	case i.Issuer == "" || strings.ContainsAny(i.Issuer, " \t\r\n"):
		return configError("an issuer of sign-in tokens has no usable name")
	case i.JWKSURL == "":
		return configError("the issuer %s has no key set URL", i.Issuer)
	case i.Client == nil:
		return configError("the issuer %s has no HTTP client", i.Issuer)
	case i.Audience == "" && len(i.AuthorizedParties) == 0:
		return configError("the issuer %s needs an audience or authorised parties; without one, tokens made for others would be accepted", i.Issuer)
	case slices.ContainsFunc(i.AuthorizedParties, badParty):
		return configError("an authorised party of the issuer %s is empty or has its * in the wrong place", i.Issuer)
	case len(i.Algorithms) == 0:
		return configError("the issuer %s allows no signature algorithm", i.Issuer)
	}
	for _, alg := range i.Algorithms {
		if !slices.Contains(asymmetric, alg) {
			return configError("the issuer %s allows %s, which is not an asymmetric signature", i.Issuer, alg)
		}
	}
	return nil
}

func configError(format string, args ...any) error {
	return flomastr.Errorf(flomastr.Invalid, "issuer_invalid", "Sign-in is not configured safely: "+fmt.Sprintf(format, args...)+".")
}

// Verify checks a token and says who it is. Every way in which a token can be wrong is identity.ErrBadToken with the
// reason inside, for the log; keys that cannot be had are an error of kind Unavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (identity.Caller, error) {
	head, body, err := split(token)
	if err != nil {
		return identity.Caller{}, identity.ErrBadToken.Because(err)
	}
	issuer := v.issuers[body.Issuer]
	if issuer == nil {
		return identity.Caller{}, identity.ErrBadToken.Because(errors.New("unknown issuer"))
	}
	// Cheap checks first: a token that fails them causes no fetch of keys.
	if err := issuer.check(head, body, v.clock()); err != nil {
		return identity.Caller{}, identity.ErrBadToken.Because(err)
	}
	keyfunc, err := issuer.keys.keyfunc(ctx, head.Kid)
	if err != nil {
		return identity.Caller{}, err
	}
	parsed, err := issuer.parser.ParseWithClaims(token, gojwt.MapClaims{}, keyfunc)
	if err != nil || !parsed.Valid {
		return identity.Caller{}, identity.ErrBadToken.Because(err)
	}
	return identity.Caller{
		Kind:          identity.User,
		Issuer:        body.Issuer,
		Subject:       body.Subject,
		Email:         body.Email,
		EmailVerified: body.EmailVerified,
		Session:       body.Session,
		AuthTime:      issuer.authTime(body),
		Expires:       body.Expires,
	}, nil
}

// check is everything but the signature.
func (t *trusted) check(head header, body claims, now time.Time) error {
	types := t.Types
	if len(types) == 0 {
		types = []string{"", "jwt"}
	}
	switch {
	case !slices.Contains(t.Algorithms, head.Alg):
		return errors.New("algorithm not allowed")
	case !slices.Contains(types, strings.ToLower(head.Typ)):
		return errors.New("another type of token")
	case body.Subject == "" || len(body.Subject) > 255:
		return errors.New("no usable sub")
	case body.Expires.IsZero() || !now.Before(body.Expires.Add(skew)):
		return errors.New("expired")
	case body.Expires.After(now.Add(maxLifetime)):
		return errors.New("exp too far away")
	case body.IssuedAt.IsZero() || body.IssuedAt.After(now.Add(skew)):
		return errors.New("no usable iat")
	case body.NotBefore.After(now.Add(skew)):
		return errors.New("not valid yet")
	case body.AuthTime.After(now.Add(skew)):
		return errors.New("auth_time in the future")
	case t.Audience != "" && (len(body.Audience) != 1 || body.Audience[0] != t.Audience):
		return errors.New("another audience")
	case len(t.AuthorizedParties) > 0 && !slices.ContainsFunc(t.AuthorizedParties, func(ours string) bool { return isParty(ours, body.Party) }):
		return errors.New("another authorised party")
	case body.SessionState != "" && body.SessionState != "active":
		return errors.New("the session is " + body.SessionState)
	}
	// An ID token proves a sign-in to its client; it is not a key to an API.
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if body.names[name] {
			return errors.New("an ID token")
		}
	}
	// Somebody who acts as another through the issuer's own tools would do so outside of our visits and their log.
	if body.names["act"] {
		return errors.New("somebody acts as another person")
	}
	for _, name := range t.RequiredClaims {
		if !body.names[name] {
			return errors.New("no " + name)
		}
	}
	return nil
}

// Ready tells whether an issuer's tokens can be checked, fetching its keys when there are none and the last try is not
// recent. An issuer that is not ours is an error.
func (v *Verifier) Ready(ctx context.Context, issuer string) error {
	t := v.issuers[issuer]
	if t == nil {
		return configError("the issuer %s is not configured", issuer)
	}
	return t.keys.ready(ctx)
}

// Issuers lists whose tokens are accepted, in alphabetical order.
func (v *Verifier) Issuers() []string { return slices.Sorted(maps.Keys(v.issuers)) }
