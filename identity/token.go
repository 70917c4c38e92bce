package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// TokenPrefix begins every API token, so that secret scanners find one that leaked.
const TokenPrefix = "fm_live_"

const (
	tokenRandomBytes = 25 // 200 bits: 40 characters of base32 without padding
	tokenLength      = len(TokenPrefix) + 40
	shownLength      = len(TokenPrefix) + 4
)

// APIToken is a tenant's token as it is kept and listed: everything but the secret.
type APIToken struct {
	ID         flomastr.TokenID
	Tenant     flomastr.TenantID
	Name       string
	Prefix     string // what a list shows of the secret
	Scopes     []Scope
	CreatedBy  string
	CreatedAt  time.Time
	ExpiresAt  *time.Time
	LastUsedAt *time.Time
}

// TokenHash is what is kept of a token. Its 200 random bits make a slow hash pointless.
type TokenHash [sha256.Size]byte

// NewTokenSecret makes a token's secret, shown once, its hash, and the prefix that lists show.
func NewTokenSecret() (secret string, hash TokenHash, prefix string) {
	random := make([]byte, tokenRandomBytes)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	secret = TokenPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random))
	return secret, sha256.Sum256([]byte(secret)), secret[:shownLength]
}

// HashToken checks the form of a presented token and hashes the whole of it; a token that is a character short or long
// is refused before anything is looked up.
func HashToken(presented string) (TokenHash, error) {
	if len(presented) != tokenLength || !strings.HasPrefix(presented, TokenPrefix) {
		return TokenHash{}, ErrBadToken
	}
	for _, c := range []byte(presented[len(TokenPrefix):]) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return TokenHash{}, ErrBadToken
		}
	}
	return sha256.Sum256([]byte(presented)), nil
}
