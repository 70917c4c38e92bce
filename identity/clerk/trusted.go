package clerk

import (
	"net/http"

	"github.com/flomastr/flomastr/identity/jwt"
)

// Trusted is how a verifier must be told to judge Clerk's session tokens, of version 1 and 2 alike: signed with RS256, made
// for one of our own pages, and of an active session. A token without a session is a machine's, an OAuth client's or a
// template's, and none of a person at our app.
func Trusted(issuer, keySet string, parties []string, client *http.Client) jwt.Issuer {
	return jwt.Issuer{
		Issuer:            issuer,
		JWKSURL:           keySet,
		AuthorizedParties: parties,
		Algorithms:        []string{"RS256"},
		RequiredClaims:    []string{"sid", "azp"},
		FactorAges:        true,
		Client:            client,
	}
}
