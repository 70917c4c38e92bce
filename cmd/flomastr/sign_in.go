package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/clerk"
	"github.com/flomastr/flomastr/identity/jwt"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/internal/safehttp"
)

// signIn is who signs people in, assembled.
type signIn struct {
	verifier identity.TokenVerifier
	offer    httpapi.SignInOffer
	news     httpapi.IssuerNews
	checks   []httpapi.Check
}

func newSignIn(cfg Config, accounts *local.Provider, store identity.IssuerStore, clock flomastr.Clock, log *slog.Logger) (signIn, error) {
	s := signIn{offer: httpapi.SignInOffer{BuiltInOff: !cfg.BuiltIn()}}
	var issuers []jwt.Issuer
	if cfg.BuiltIn() {
		issuers = append(issuers, local.Trusted(accounts))
	}
	if cfg.Clerk() {
		issuers = append(issuers, clerk.Trusted(cfg.ClerkFrontendAPIURL, cfg.clerkKeySet(), cfg.ClerkParties, keySetClient(given(cfg.ClerkStandIn))))
		s.offer.ClerkPublishableKey, s.offer.ClerkFrontendAPI = cfg.ClerkPublishableKey, cfg.ClerkFrontendAPIURL
	}
	oidc, err := cfg.oidc()
	if err != nil {
		return s, err
	}
	issuers = append(issuers, trustedOIDC(oidc)...)
	verifier, err := jwt.New(clock, issuers...)
	if err != nil {
		return s, err
	}
	s.verifier, s.offer.Issuers = verifier, verifier.Issuers()
	for _, issuer := range s.offer.Issuers {
		// One that is away must not take the whole server out of service: its own people get 503, nobody else does.
		s.checks = append(s.checks, httpapi.Check{
			Name: "sign-in keys of " + issuer, Probe: func(ctx context.Context) error { return verifier.Ready(ctx, issuer) },
		})
	}
	if cfg.Clerk() {
		err = s.addClerk(cfg, store, clock, log)
	}
	return s, err
}

func (s *signIn) addClerk(cfg Config, store identity.IssuerStore, clock flomastr.Clock, log *slog.Logger) error {
	api := clerkAPI
	if cfg.ClerkStandIn != "" {
		api = cfg.ClerkStandIn
	}
	s.verifier = clerk.NewDirectory(clerk.DirectoryConfig{
		Verifier: s.verifier, Issuer: cfg.ClerkFrontendAPIURL, APIURL: api, SecretKey: cfg.ClerkSecretKey.Reveal(),
		Client: keySetClient(given(cfg.ClerkStandIn)), Clock: clock, Log: log,
	})
	if cfg.ClerkWebhookSecret == "" {
		return nil
	}
	hooks, err := clerk.NewWebhooks(cfg.ClerkFrontendAPIURL, cfg.ClerkWebhookSecret.Reveal(), store, clock)
	if err != nil {
		return err
	}
	s.news = hooks
	return nil
}

// keySetClient fetches small documents from an issuer that the operator has configured.
func keySetClient(allow []string) *http.Client {
	return safehttp.New(safehttp.Config{Allow: allow, Timeout: 5 * time.Second, MaxBytes: 512 << 10, UserAgent: "FloMastr/" + buildVersion()}).HTTP()
}

// trustedOIDC is how a verifier must be told to judge the issuers of FLOMASTR_OIDC_ISSUERS. Their key sets may lie inside,
// where a company's own identity provider often is: the operator has named that very origin.
func trustedOIDC(list []oidcIssuer) []jwt.Issuer {
	var issuers []jwt.Issuer
	for _, one := range list {
		issuers = append(issuers, jwt.Issuer{
			Issuer: one.Issuer, JWKSURL: one.JWKSURL, Audience: one.Audience, AuthorizedParties: one.AuthorizedParties,
			Algorithms: one.Algorithms, Types: one.Types, Client: keySetClient(given(originWithPort(one.JWKSURL))),
		})
	}
	return issuers
}

// originWithPort is the origin of a URL in the one spelling that the guard takes.
func originWithPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Hostname() + ":" + port}).String()
}

// warnOfSuperAdmins says once at the start who runs the platform and works for a tenant too. What cannot be found out now
// is on the page of platform users later.
func (a *App) warnOfSuperAdmins(ctx context.Context) error {
	tenants, err := a.tokens.TenantsOf(ctx, a.superAdmins.List())
	if err != nil {
		a.log.WarnContext(ctx, "look for super admins who are members", "error", err)
	}
	for _, warning := range identity.SuperAdminWarnings(tenants) {
		a.log.WarnContext(ctx, warning)
	}
	return nil
}
