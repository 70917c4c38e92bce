package local

import (
	"net/http"

	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/jwt"
)

// Trusted is how a verifier must be told to judge this provider's tokens: like any other issuer's, by the published key
// set, which is fetched from this process instead of over the network.
func Trusted(p *Provider) jwt.Issuer {
	return jwt.Issuer{
		Issuer:         identity.LocalIssuer,
		JWKSURL:        "http://identity.invalid/auth/.well-known/jwks.json", // answered by the handler, never dialled
		Audience:       Audience,
		Algorithms:     []string{Algorithm},
		Types:          []string{TokenType},
		RequiredClaims: []string{"sid", "auth_time", "email"},
		Client:         jwt.InProcess(http.HandlerFunc(p.ServeHTTP)),
	}
}
