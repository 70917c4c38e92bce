package local

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/flomastr/flomastr/identity"
)

// keyReload is how long a server signs with the key it has before it looks whether another was made.
const keyReload = 10 * time.Minute

type signer struct {
	kid     string
	private ed25519.PrivateKey
	loaded  time.Time
}

type publicKey struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// sign makes an access token for a session.
func (p *Provider) sign(ctx context.Context, s identity.Session) (string, error) {
	key, err := p.signer(ctx)
	if err != nil {
		return "", err
	}
	now := p.clock()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss":            identity.LocalIssuer,
		"aud":            Audience,
		"sub":            s.Account.ID.String(),
		"sid":            s.ID.String(),
		"iat":            now.Unix(),
		"exp":            now.Add(accessLifetime).Unix(),
		"auth_time":      s.AuthenticatedAt.Unix(),
		"email":          s.Account.Email,
		"email_verified": s.Account.EmailVerified,
	})
	token.Header["kid"], token.Header["typ"] = key.kid, TokenType
	signed, err := token.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}

// signer gives the newest key that is not retired, making the first one of the installation.
func (p *Provider) signer(ctx context.Context) (*signer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signing != nil && p.clock().Sub(p.signing.loaded) < keyReload {
		return p.signing, nil
	}
	keys, err := p.signingKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.Retired || key.Algorithm != Algorithm {
			continue
		}
		seed, err := p.seal.Open("", "signing_keys", "sealed_private/"+key.KID, key.Private)
		if err != nil {
			return nil, fmt.Errorf("open signing key %s: %w", key.KID, err)
		}
		if len(seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("open signing key %s: %d bytes", key.KID, len(seed))
		}
		p.signing = &signer{kid: key.KID, private: ed25519.NewKeyFromSeed(seed), loaded: p.clock()}
		return p.signing, nil
	}
	return nil, fmt.Errorf("no signing key of %d is in use", len(keys))
}

func (p *Provider) signingKeys(ctx context.Context) ([]identity.SigningKey, error) {
	keys, err := p.store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if !key.Retired {
			return keys, nil
		}
	}
	made, err := p.newKey()
	if err != nil {
		return nil, err
	}
	return p.store.AddSigningKey(ctx, made)
}

func (p *Provider) newKey() (identity.SigningKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	digest := sha256.Sum256(public)
	kid := base64.RawURLEncoding.EncodeToString(digest[:16])
	jwk, err := json.Marshal(publicKey{
		KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public), KeyID: kid, Use: "sig", Algorithm: Algorithm,
	})
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	sealed, err := p.seal.Seal("", "signing_keys", "sealed_private/"+kid, private.Seed())
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("make signing key: %w", err)
	}
	return identity.SigningKey{KID: kid, Algorithm: Algorithm, PublicJWK: jwk, Private: sealed}, nil
}

// KeySet is the issuer's published key set (RFC 7517).
func (p *Provider) KeySet(ctx context.Context) ([]byte, error) {
	keys, err := p.signingKeys(ctx)
	if err != nil {
		return nil, err
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{}
	for _, key := range keys {
		set.Keys = append(set.Keys, key.PublicJWK)
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("write key set: %w", err)
	}
	return raw, nil
}

// ServeHTTP answers with the key set, for the verifier of this process and for any other.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := p.KeySet(r.Context())
	if err != nil {
		http.Error(w, "the key set is not available", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=60")
	_, _ = w.Write(raw) // the client may have gone
}
