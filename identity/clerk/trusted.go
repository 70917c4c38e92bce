package clerk

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr"
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

var errKey = flomastr.Errorf(flomastr.Invalid, "publishable_key_invalid", "Clerk's publishable key is pk_test_ or pk_live_ and what follows, as Clerk's dashboard shows it.")

// FrontendHost is the host of the instance that a publishable key belongs to. Clerk's script in the browser finds its
// server by it: pk_live_ and, in base64, the host with a dollar sign at its end.
func FrontendHost(publishableKey string) (string, error) {
	encoded, ok := strings.CutPrefix(publishableKey, "pk_live_")
	if !ok {
		encoded, ok = strings.CutPrefix(publishableKey, "pk_test_")
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	host, ends := strings.CutSuffix(string(raw), "$")
	if !ok || err != nil || !ends || host == "" || strings.ContainsAny(host, "$/@?# ;,'\"") {
		return "", errKey
	}
	return host, nil
}
