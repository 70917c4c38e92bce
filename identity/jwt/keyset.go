package jwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	gojwt "github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	fetchEvery   = time.Minute      // at most one fetch in this time, however many unknown keys are named
	freshFor     = 10 * time.Minute // after this, known keys are looked up again, in the background
	maxKeyAge    = 24 * time.Hour   // after this without a good fetch, known keys are forgotten
	fetchTimeout = 5 * time.Second
	maxSet       = 256 << 10
	maxKeys      = 32
	minRSABits   = 2048
)

// ErrKeysUnavailable says that an issuer's keys were never fetched, or too long ago.
var ErrKeysUnavailable = flomastr.Errorf(flomastr.Unavailable, "sign_in_keys_unavailable",
	"Sign-in tokens cannot be checked right now; try again in a minute.")

// keySet holds one issuer's keys. Keys are looked up within it alone, so that two issuers may use one key id.
type keySet struct {
	clock   flomastr.Clock
	url     string
	client  *http.Client
	flights singleflight.Group

	mu      sync.Mutex
	known   map[string]bool
	keys    keyfunc.Keyfunc
	fetched time.Time // the last good fetch
	tried   time.Time // the last fetch, good or not
}

func newKeySet(clock flomastr.Clock, url string, client *http.Client) *keySet {
	// Its own copy: a redirect would be a place that nobody configured.
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if own.Timeout == 0 || own.Timeout > fetchTimeout {
		own.Timeout = fetchTimeout
	}
	return &keySet{clock: clock, url: url, client: &own}
}

// keyfunc answers with the function that finds the named key, fetching the set when it may hold a key that we do not
// know yet. A kid that stays unknown is a bad token.
func (s *keySet) keyfunc(ctx context.Context, kid string) (gojwt.Keyfunc, error) {
	keys, known, stale := s.look(kid)
	if known {
		if stale && s.mayTry() {
			// The keys we have are good; whoever waits now would wait for the issuer for nothing.
			background := context.WithoutCancel(ctx)
			go func() { _ = s.fetch(background) }()
		}
		return keys.KeyfuncCtx(ctx), nil
	}
	if err := s.fetchOnce(ctx); err != nil {
		return nil, err
	}
	keys, known, _ = s.look(kid)
	switch {
	case keys == nil:
		return nil, ErrKeysUnavailable
	case !known:
		return nil, identity.ErrBadToken.Because(errors.New("unknown key"))
	}
	return keys.KeyfuncCtx(ctx), nil
}

func (s *keySet) look(kid string) (keys keyfunc.Keyfunc, known, stale bool) {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil || now.Sub(s.fetched) > maxKeyAge {
		return nil, false, true
	}
	return s.keys, s.known[kid], now.Sub(s.fetched) > freshFor
}

// mayTry takes the one fetch that fetchEvery allows.
func (s *keySet) mayTry() bool {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tried.IsZero() && now.Sub(s.tried) < fetchEvery {
		return false
	}
	s.tried = now
	return true
}

// fetchOnce lets everybody who waits share one fetch, and fetches nothing when the last try is recent. The fetch
// outlives the request that caused it: others wait for it too.
func (s *keySet) fetchOnce(ctx context.Context) error {
	done := s.flights.DoChan("", func() (any, error) {
		if s.mayTry() {
			_ = s.fetch(context.WithoutCancel(ctx))
		}
		return nil, nil //nolint:nilnil // nobody reads it: the waiting is the result
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ErrKeysUnavailable.Because(ctx.Err())
	}
}

// fetch replaces the keys by the issuer's set. Whatever is wrong with the answer, the old keys stay.
func (s *keySet) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	raw, err := s.download(ctx)
	if err != nil {
		return err
	}
	keys, known, err := parseSet(ctx, raw)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.known, s.fetched = keys, known, s.clock()
	return nil
}

func (s *keySet) download(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch key set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch key set: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch key set: status %d", res.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxSet+1))
	if err != nil {
		return nil, fmt.Errorf("fetch key set: %w", err)
	}
	if len(raw) > maxSet {
		return nil, errors.New("fetch key set: too large")
	}
	return raw, nil
}

// parseSet accepts a set as a whole or not at all: one key that is wrong says that the document is not what we think.
func parseSet(ctx context.Context, raw []byte) (keyfunc.Keyfunc, map[string]bool, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, nil, fmt.Errorf("read key set: %w", err)
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, nil, fmt.Errorf("read key set: %d keys", len(set.Keys))
	}
	known, storage := map[string]bool{}, jwkset.NewMemoryStorage()
	for _, one := range set.Keys {
		if one.USE != "" && one.USE != jwkset.UseSig {
			continue // an encryption key is nothing to us
		}
		if one.KTY == jwkset.KtyOct || one.K != "" || one.D != "" {
			return nil, nil, errors.New("read key set: it holds a secret key")
		}
		if !kidForm.MatchString(one.KID) || known[one.KID] {
			return nil, nil, errors.New("read key set: a key id is missing, odd or given twice")
		}
		// Certificates would be fetched or trusted beside the key itself.
		one.X5U, one.X5C, one.X5T, one.X5TS256 = "", nil, "", ""
		key, err := jwkset.NewJWKFromMarshal(one, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil {
			return nil, nil, fmt.Errorf("read key set: %w", err)
		}
		if err := strongKey(key.Key()); err != nil {
			return nil, nil, fmt.Errorf("read key set: %w", err)
		}
		if err := storage.KeyWrite(ctx, key); err != nil {
			return nil, nil, fmt.Errorf("read key set: %w", err)
		}
		known[one.KID] = true
	}
	if len(known) == 0 {
		return nil, nil, errors.New("read key set: no signature key")
	}
	keys, err := keyfunc.New(keyfunc.Options{Storage: storage})
	if err != nil {
		return nil, nil, fmt.Errorf("read key set: %w", err)
	}
	return keys, known, nil
}

func strongKey(key any) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return fmt.Errorf("an RSA key of %d bits", k.N.BitLen())
		}
		return nil
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	default:
		return fmt.Errorf("a key of type %T", key)
	}
}

// ready tells whether there are keys, and fetches them once when there are none.
func (s *keySet) ready(ctx context.Context) error {
	if keys, _, _ := s.look(""); keys != nil {
		return nil
	}
	if err := s.fetchOnce(ctx); err != nil {
		return err
	}
	if keys, _, _ := s.look(""); keys == nil {
		return ErrKeysUnavailable
	}
	return nil
}
