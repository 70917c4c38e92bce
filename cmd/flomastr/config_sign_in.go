package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/clerk"
	"github.com/flomastr/flomastr/identity/jwt"
)

// clerkAPI is Clerk's Backend API.
const clerkAPI = "https://api.clerk.com"

// Clerk says whether people sign in with Clerk.
func (c Config) Clerk() bool { return c.ClerkFrontendAPIURL != "" }

// BuiltIn says whether the built-in identity provider signs people in: as the operator says, else exactly when no other
// issuer is configured.
func (c Config) BuiltIn() bool {
	if c.BuiltInSignIn == "auto" {
		return !c.Clerk() && c.OIDCIssuers == ""
	}
	return c.BuiltInSignIn == "on"
}

// clerkKeySet is where Clerk publishes its keys: at a stand-in, where it is set, else under the issuer.
func (c Config) clerkKeySet() string {
	const path = "/.well-known/jwks.json"
	switch {
	case c.ClerkStandIn != "":
		return c.ClerkStandIn + path
	case c.ClerkJWKSURL != "":
		return c.ClerkJWKSURL
	}
	return c.ClerkFrontendAPIURL + path
}

// oidcIssuer is one issuer of FLOMASTR_OIDC_ISSUERS.
type oidcIssuer struct {
	Issuer            string   `json:"issuer"`
	JWKSURL           string   `json:"jwks_url"`
	Audience          string   `json:"audience"`
	AuthorizedParties []string `json:"authorized_parties"`
	Algorithms        []string `json:"algorithms"`
	Types             []string `json:"types"`
}

var errOIDCForm = errors.New(`must be a JSON list such as [{"issuer":"https://id.example","jwks_url":"https://id.example/keys","audience":"flomastr"}]`)

// oidc reads the setting strictly: a misspelt name would leave a check out.
func (c Config) oidc() ([]oidcIssuer, error) {
	if c.OIDCIssuers == "" {
		return nil, nil
	}
	dec := json.NewDecoder(strings.NewReader(c.OIDCIssuers))
	dec.DisallowUnknownFields()
	var list []oidcIssuer
	if err := dec.Decode(&list); err != nil {
		return nil, errOIDCForm
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || len(list) == 0 {
		return nil, errOIDCForm
	}
	for i, one := range list {
		if len(one.Algorithms) == 0 {
			list[i].Algorithms = []string{"RS256"}
		}
		if err := checkIssuerURL(one.JWKSURL); err != nil {
			return nil, fmt.Errorf("jwks_url %w", err)
		}
		if one.Issuer == identity.LocalIssuer {
			return nil, errors.New("names the built-in issuer")
		}
	}
	return list, nil
}

// checkIssuerURL asks for TLS, because whoever can change a key set on its way can be anybody; this machine needs none.
func checkIssuerURL(raw string) error {
	if err := checkURL(raw, false); err != nil {
		return err
	}
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return errors.New("must be https://")
	}
	return nil
}

// signInProblems is the rules over who signs people in.
func (c Config) signInProblems() []problem {
	var out []problem
	say := func(setting, sentence string) { out = append(out, problem{setting, sentence}) }
	if c.ClerkFrontendAPIURL != "" {
		if err := checkIssuerURL(c.ClerkFrontendAPIURL); err != nil {
			say("CLERK_FRONTEND_API_URL", err.Error())
		} else if strings.HasSuffix(c.ClerkFrontendAPIURL, "/") {
			say("CLERK_FRONTEND_API_URL", "must end without a slash: it is compared with the tokens' iss to the letter")
		}
	}
	if c.ClerkJWKSURL != "" {
		if err := checkIssuerURL(c.ClerkJWKSURL); err != nil {
			say("CLERK_JWKS_URL", err.Error())
		}
	}
	if k := c.ClerkPublishableKey; k != "" {
		host, err := clerk.FrontendHost(k)
		u, _ := url.Parse(c.ClerkFrontendAPIURL)
		switch {
		case err != nil:
			say("CLERK_PUBLISHABLE_KEY", "must be pk_test_ or pk_live_ and what follows; it is shown to everybody, so never put the secret key here")
		case u != nil && u.Host != "" && u.Host != host:
			say("CLERK_PUBLISHABLE_KEY", "belongs to https://"+host+", another instance than CLERK_FRONTEND_API_URL names")
		}
	}
	if k := c.ClerkSecretKey.Reveal(); k != "" && !strings.HasPrefix(k, "sk_") {
		say("CLERK_SECRET_KEY", "must begin with sk_")
	}
	if s := c.ClerkWebhookSecret.Reveal(); s != "" {
		if _, err := clerk.NewWebhooks(c.ClerkFrontendAPIURL, s, nil, flomastr.SystemClock); err != nil {
			say("FLOMASTR_CLERK_WEBHOOK_SECRET", "must be whsec_ and what follows, as Clerk's dashboard shows it")
		}
	}
	if c.ClerkStandIn != "" {
		switch u, err := url.Parse(c.ClerkStandIn); {
		case checkURL(c.ClerkStandIn, true) != nil || err != nil || !isLoopback(u.Hostname()):
			say("FLOMASTR_CLERK_URL", "must name this machine, such as http://127.0.0.1:8104")
		case !c.OnLoopback():
			say("FLOMASTR_CLERK_URL", "is refused while the server listens on "+c.Listen+": a stand-in is for a server that listens on loopback alone")
		}
	}
	issuers, err := c.oidc()
	if err != nil {
		say("FLOMASTR_OIDC_ISSUERS", err.Error())
	} else if c.OIDCIssuers != "" {
		if _, err := jwt.New(flomastr.SystemClock, trustedOIDC(issuers)...); err != nil {
			say("FLOMASTR_OIDC_ISSUERS", err.Error())
		}
	}
	if c.Clerk() && slices.ContainsFunc(issuers, func(i oidcIssuer) bool { return i.Issuer == c.ClerkFrontendAPIURL }) {
		say("FLOMASTR_OIDC_ISSUERS", "names the issuer of CLERK_FRONTEND_API_URL once more")
	}
	if len(c.ClerkParties) > 0 && c.Clerk() {
		trusted := clerk.Trusted(c.ClerkFrontendAPIURL, c.clerkKeySet(), c.ClerkParties, jwt.InProcess(nil))
		if _, err := jwt.New(flomastr.SystemClock, trusted); err != nil {
			say("FLOMASTR_CLERK_AUTHORIZED_PARTIES", "must be origins, such as https://app.flomastr.example, or https://*.flomastr.example for the tenants' hosts")
		}
	}
	if c.BuiltInSignIn == "off" && !c.Clerk() && c.OIDCIssuers == "" {
		say("FLOMASTR_BUILT_IN_SIGN_IN", "is off, and nothing else is configured that people could sign in with")
	}
	return out
}

// requiredForClerk names what Clerk needs as soon as one of its settings is there. The parties have no default: without
// them a token that Clerk made for another app of the same account would be good for ours.
func (c Config) requiredForClerk(required map[string]bool) {
	if !c.Clerk() && c.ClerkSecretKey == "" && c.ClerkPublishableKey == "" && c.ClerkJWKSURL == "" && len(c.ClerkParties) == 0 && c.ClerkWebhookSecret == "" {
		return
	}
	required["CLERK_FRONTEND_API_URL"] = true
	required["CLERK_PUBLISHABLE_KEY"] = true
	required["FLOMASTR_CLERK_AUTHORIZED_PARTIES"] = true
}
