package httpapi_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/clerk"
	"github.com/flomastr/flomastr/identity/jwt"
	"github.com/flomastr/flomastr/postgres"
	sim "github.com/flomastr/flomastr/sim/clerk"
	"github.com/flomastr/flomastr/tenant"
)

const (
	clerkIssuer = "https://clerk.flomastr.example"
	clerkApp    = "https://app.flomastr.example"
	clerkKey    = "pk_test_Y2xlcmsuZmxvbWFzdHIuZXhhbXBsZSQ"
)

// webFiles are a built web app, as far as its answers' headers go.
var webFiles = fstest.MapFS{"index.html": {Data: []byte("app")}, "docs.html": {Data: []byte("reference")}}

// clerked is the door where people sign in with Clerk alone.
type clerked struct {
	*house
	stand *sim.Clerk
}

func newClerked(t *testing.T) *clerked {
	t.Helper()
	c := &clerked{house: newHouse(t)}
	secret := sim.NewWebhookSecret()
	c.stand = sim.New(sim.Config{Issuer: clerkIssuer, SecretKey: "sk_test_1", WebhookSecret: secret})
	client := jwt.InProcess(c.stand)
	verifier, err := jwt.New(flomastr.SystemClock, clerk.Trusted(clerkIssuer, clerkIssuer+"/.well-known/jwks.json", []string{clerkApp}, client))
	require.NoError(t, err)
	admins, err := identity.ParseSuperAdmins(rootEmail)
	require.NoError(t, err)
	c.gate, err = identity.NewAuthenticator(identity.Config{
		Store: c.store, SuperAdmins: admins, PlatformToken: platformToken, Clock: flomastr.SystemClock,
		Verifier: clerk.NewDirectory(clerk.DirectoryConfig{
			Verifier: verifier, Issuer: clerkIssuer, APIURL: clerkIssuer, SecretKey: "sk_test_1", Client: client, Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler),
		}),
	})
	require.NoError(t, err)
	hooks, err := clerk.NewWebhooks(clerkIssuer, secret, c.store, flomastr.SystemClock)
	require.NoError(t, err)
	tenants := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(c.db), Cold: c.cold, Owners: c.team})
	c.handler = httpapi.New(httpapi.Deps{
		BaseDomain: "localhost", Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler), Gate: c.gate, SuperAdmins: admins, Tenants: tenants,
		Web:    webFiles,
		SignIn: httpapi.SignInOffer{BuiltInOff: true, ClerkPublishableKey: clerkKey, ClerkFrontendAPI: clerkIssuer, Issuers: verifier.Issuers()},
		Engines: httpapi.Engines{
			Audit: postgres.NewAuditStore(c.db), SignIns: c.provider, People: c.gate, APITokens: c.store, TenantAdmin: tenants, Visits: c.store, PlatformUsers: c.store, IssuerNews: hooks, Team: c.team,
		},
	}).Handler()
	return c
}

// person is somebody at Clerk, and a session token of theirs as Clerk makes it by default.
func (c *clerked) person(id, email string, verified bool) string {
	c.stand.Put(sim.User{ID: id, Email: email, Verified: verified, Updated: time.Now()})
	return c.stand.Token(c.stand.Claims(id, clerkApp))
}

// member makes a person of Clerk a member of a tenant.
func (c *clerked) member(t *testing.T, tenantID, subject, email, role string) {
	t.Helper()
	require.NoError(t, c.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role)
			VALUES ($1, $2, $3, $4, $5, $6)`, tenantID, flomastr.NewID[flomastr.MembershipID](), clerkIssuer, subject, email, role)
		return err
	}))
}

func (c *clerked) hook(t *testing.T, body []byte, header http.Header) answer {
	t.Helper()
	var pairs []string
	for name, values := range header {
		for _, value := range values {
			if name != "Content-Type" {
				pairs = append(pairs, name, value)
			}
		}
	}
	return c.call(t, "POST", "/webhook/clerk", "", string(body), pairs...)
}

func TestWithClerkAloneThePasswordsAreOff(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	for _, path := range []string{"POST /auth/sign-in", "POST /auth/refresh", "POST /auth/sign-out", "GET /auth/.well-known/jwks.json"} {
		method, path, _ := strings.Cut(path, " ")
		body := ""
		if path == "/auth/sign-in" {
			body = fmt.Sprintf(`{"email":%q,"password":%q}`, rootEmail, goodPassword)
		}
		got := c.call(t, method, path, "", body)
		require.Equal(t, 404, got.Code, "%s: %s", path, got.Body)
		require.Equal(t, "sign_in_elsewhere", got.field("code"))
	}
	config := c.call(t, "GET", "/config.json", "", "")
	require.JSONEq(t, `["clerk"]`, config.field("identity"))
	require.JSONEq(t, fmt.Sprintf(`{"publishable_key":%q,"frontend_api_url":%q}`, clerkKey, clerkIssuer), config.field("clerk"))
	local := newHouse(t).call(t, "GET", "/config.json", "", "")
	require.JSONEq(t, `["local"]`, local.field("identity"))
	require.NotContains(t, local.Body.String(), "clerk")
}

func TestThePagesMayLoadWhatClerkNeedsWhereItIsConfiguredAndNowhereElse(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	policy := func(path string) map[string][]string {
		got := c.call(t, "GET", path, "", "", "Accept", "text/html")
		require.Equal(t, 200, got.Code, path)
		out := map[string][]string{}
		for directive := range strings.SplitSeq(got.Header().Get("Content-Security-Policy"), "; ") {
			name, sources, _ := strings.Cut(directive, " ")
			require.NotContains(t, out, name, "%s is named twice, and the second one is ignored", name)
			out[name] = strings.Fields(sources)
		}
		return out
	}
	require.Equal(t, map[string][]string{
		"default-src":     {"'self'"},
		"script-src":      {"'self'", clerkIssuer, "https://challenges.cloudflare.com", "https://*.protect.clerk.com"},
		"style-src":       {"'self'", "'unsafe-inline'"},
		"media-src":       {"'self'", "blob:"},
		"img-src":         {"'self'", "data:", "blob:", "https://img.clerk.com"},
		"font-src":        {"'self'", "data:"},
		"connect-src":     {"'self'", clerkIssuer, "https://*.protect.clerk.com:*"},
		"worker-src":      {"'self'", "blob:"},
		"frame-src":       {"https://challenges.cloudflare.com", "https://*.protect.clerk.com"},
		"object-src":      {"'none'"},
		"base-uri":        {"'none'"},
		"frame-ancestors": {"'none'"},
		"form-action":     {"'self'"},
	}, policy("/sign-in"))
	require.Equal(t, []string{"'self'"}, policy("/docs")["script-src"], "the API reference signs nobody in")
	answer := c.call(t, "GET", "/config.json", "", "").Header().Get("Content-Security-Policy")
	require.Contains(t, answer, "default-src 'none'")
	require.NotContains(t, answer, "clerk")
}

// The claims are those of Clerk's documentation of session tokens, version 2, written down here once more.
func TestASessionTokenAsClerkDocumentsItTravelsThroughTheAPI(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	c.stand.Put(sim.User{ID: "user_2sara", Email: rootEmail, Verified: true, Updated: time.Now()})
	token := func(change map[string]any) string {
		now := time.Now().Unix()
		claims := map[string]any{
			"azp": clerkApp, "exp": now + 60, "fva": []int{0, -1}, "iat": now, "iss": clerkIssuer, "jti": "e1a2", "nbf": now - 10,
			"sid": "sess_2abc", "sts": "active", "sub": "user_2sara", "v": 2,
		}
		maps.Copy(claims, change)
		maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
		return c.stand.Token(claims)
	}
	got := c.call(t, "GET", "/routes/me/role", token(nil), "")
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "super_admin", got.field("role"))
	require.Equal(t, rootEmail, got.field("email"), "it was asked of Clerk: the token has none")
	made := c.call(t, "POST", "/routes/tenants", token(nil), `{"slug":"mine","name":"Mine"}`)
	require.Equal(t, 201, made.Code, made.Body)

	past := time.Now().Unix() - 90
	for name, change := range map[string]map[string]any{
		"a minute and its ten seconds later": {"iat": past, "nbf": past - 10, "exp": past + 60},
		"with something left to do":          {"sts": "pending"},
		"for another's page":                 {"azp": "https://evil.tld"},
		"without a session":                  {"sid": nil},
	} {
		require.Equal(t, 401, c.call(t, "GET", "/routes/me/role", token(change), "").Code, name)
	}
}

func TestAnInvitationIsNotSpentOnAPasswordNobodyCanUse(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	made := c.call(t, "POST", "/routes/tenants", c.person("user_root", rootEmail, true), `{"slug":"mine","name":"Mine"}`)
	require.Equal(t, 201, made.Code, made.Body)
	c.member(t, made.field("id"), "user_owner", "owner@mine.test", "owner")
	_, token := c.invite(t, c.person("user_owner", "owner@mine.test", true), "mine", "new@mine.test", "admin")
	got := c.accept(t, token, "", newPassword)
	require.Equal(t, []any{404, "sign_in_elsewhere"}, []any{got.Code, got.field("code")}, got.Body)
	got = c.accept(t, token, c.person("user_new", "new@mine.test", true), "")
	require.Equal(t, 200, got.Code, got.Body)
}

func TestATokenOfTheBuiltInIssuerIsRefusedWhereItIsOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	c := newClerked(t)
	require.Equal(t, 401, c.call(t, "GET", "/routes/me/role", root, "").Code)
}

func TestClerksPeopleAreWhoTheyAreByIssuerAndSubject(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	root := c.person("user_root", rootEmail, true)
	require.Equal(t, "super_admin", c.call(t, "GET", "/routes/me/role", root, "").field("role"))
	made := c.call(t, "POST", "/routes/tenants", root, `{"slug":"mine","name":"Mine"}`)
	require.Equal(t, 201, made.Code, made.Body)
	c.member(t, made.field("id"), "user_owner", "owner@mine.test", "owner")
	owner := c.person("user_owner", "owner@mine.test", true)
	require.Equal(t, 200, c.call(t, "GET", "/routes/tenants/mine/api-tokens", owner, "").Code)

	for name, bearer := range map[string]string{
		"JWT-22 the same address, another subject": c.person("user_twin", "owner@mine.test", true),
		"JWT-25 an organisation's admin":           c.stand.Token(c.stand.Claims("user_org", clerkApp)),
	} {
		c.stand.Put(sim.User{ID: "user_org", Updated: time.Now()})
		require.Equal(t, 404, c.call(t, "GET", "/routes/tenants/mine", bearer, "").Code, name)
	}
	for name, who := range map[string]struct {
		email    string
		verified bool
	}{
		"JWT-23 unverified":     {rootEmail, false},
		"ADM-05 another case":   {strings.ToUpper(rootEmail[:1]) + rootEmail[1:], true},
		"ADM-05 look-alike":     {"ｒoot@example.com", true},
		"ADM-05 longer":         {"x" + rootEmail, true},
		"ADM-05 another domain": {rootEmail + ".evil.tld", true},
	} {
		id := "user_" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r
			}
			return -1
		}, name)
		got := c.call(t, "GET", "/routes/me/status", c.person(id, who.email, who.verified), "")
		require.Equal(t, 200, got.Code, name)
		require.Equal(t, "false", got.field("is_super_admin"), name)
	}
}

func TestOneWayInForAToken(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	bearer := c.person("user_root", rootEmail, true)
	for name, headers := range map[string][]string{
		"JWT-30 Clerk's cookie":         {"Cookie", "__session=" + bearer},
		"JWT-30 from a foreign page":    {"Cookie", "__session=" + bearer, "Origin", "https://evil.tld"},
		"JWT-21 another header":         {"X-Authorization", "Bearer " + bearer},
		"JWT-21 lower case":             {"Authorization", "bearer " + bearer},
		"JWT-21 joined":                 {"Authorization", "Bearer " + bearer + ", Bearer " + bearer},
		"JWT-21 cookie beside a header": {"Authorization", "Bearer x", "Cookie", "__session=" + bearer},
	} {
		got := c.call(t, "POST", "/routes/tenants", "", `{"slug":"mine","name":"Mine"}`, headers...)
		require.Equal(t, 401, got.Code, "%s: %s", name, got.Body)
		require.Empty(t, got.Header().Get("Access-Control-Allow-Origin"), name)
		require.Empty(t, got.Header().Get("Access-Control-Allow-Credentials"), name)
	}
	require.Equal(t, 401, c.call(t, "GET", "/routes/me/role?token="+bearer, "", "").Code, "JWT-21 in the query")
	require.Equal(t, 401, c.call(t, "GET", "/routes/me/role", c.stand.Token(map[string]any{"sts": "pending"}), "").Code)
}

func TestWhoeverClerkTurnsAwayIsOutOnEveryWay(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string]func(c *clerked) ([]byte, http.Header){
		"deleted": func(c *clerked) ([]byte, http.Header) {
			return c.stand.Event("user.deleted", map[string]any{"id": "user_root", "deleted": true}, time.Now())
		},
		"banned": func(c *clerked) ([]byte, http.Header) {
			return c.stand.UserEvent("user.updated", sim.User{ID: "user_root", Email: rootEmail, Verified: true, Banned: true, Updated: time.Now()}, time.Now())
		},
		"signed out": func(c *clerked) ([]byte, http.Header) {
			return c.stand.Event("session.revoked", map[string]any{"id": "sess_user_root", "user_id": "user_root"}, time.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClerked(t)
			root := c.person("user_root", rootEmail, true)
			made := c.call(t, "POST", "/routes/tenants", root, `{"slug":"mine","name":"Mine"}`)
			require.Equal(t, 201, made.Code, made.Body)
			c.member(t, made.field("id"), "user_owner", "owner@mine.test", "owner")
			owner := c.person("user_owner", "owner@mine.test", true)
			require.Equal(t, 201, startVisit(t, c.house, root, visitTo("mine")).Code)

			body, header := turn(c)
			forged := header.Clone()
			forged.Set("Svix-Id", "msg_forged")
			for what, h := range map[string]http.Header{"WHK-16 unsigned": {}, "WHK-15 forged": forged} {
				require.Equal(t, 401, c.hook(t, body, h).Code, what)
			}
			require.Equal(t, 200, c.call(t, "GET", "/routes/me/role", root, "").Code, "a forged message changes nothing")

			require.Equal(t, 200, c.hook(t, body, header).Code)
			require.Equal(t, 200, c.hook(t, body, header).Code, "and again, which changes nothing more")
			require.Equal(t, 401, c.call(t, "GET", "/routes/me/role", root, "").Code, "JWT-24 at once on this server")
			require.Equal(t, 401, startVisit(t, c.house, root, visitTo("mine")).Code)
			shown := c.call(t, "GET", "/routes/tenants/mine/visits", owner, "")
			require.Contains(t, shown.Body.String(), `"running":false`, "and the visit has ended")
		})
	}
}

func TestAWebhookWithoutASecretIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stand := sim.New(sim.Config{Issuer: clerkIssuer, WebhookSecret: sim.NewWebhookSecret()})
	body, header := stand.Event("user.deleted", map[string]any{"id": "user_1"}, time.Now())
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/webhook/clerk", strings.NewReader(string(body)))
	r.Header = header
	out := httptest.NewRecorder()
	h.handler.ServeHTTP(out, r)
	require.Equal(t, 401, out.Code, "WHK-02")
	large := httptest.NewRequestWithContext(t.Context(), "POST", "/webhook/clerk", strings.NewReader(strings.Repeat("x", 2<<20)))
	large.Header = header
	out = httptest.NewRecorder()
	h.handler.ServeHTTP(out, large)
	require.Equal(t, 413, out.Code, "WHK-17")
}

func TestTheDebugPagesTellOfTheIssuer(t *testing.T) {
	t.Parallel()
	c := newClerked(t)
	root := c.person("user_root", rootEmail, true)
	got := c.call(t, "GET", "/routes/debug/jwt", root, "")
	require.Equal(t, 200, got.Code, got.Body)
	var read struct {
		Issuer, Subject, Email, Role, Session string
	}
	require.NoError(t, json.Unmarshal([]byte(got.field("read_as")), &read))
	require.Equal(t, clerkIssuer, read.Issuer)
	require.Equal(t, rootEmail, read.Email, "the address was asked for")
	require.Equal(t, "super_admin", read.Role)
	require.Equal(t, "sess_user_root", read.Session)
	require.NotContains(t, got.Body.String(), root[strings.LastIndex(root, ".")+1:], "never the signature")

	status := c.call(t, "GET", "/routes/debug/auth-status", root, "")
	require.Equal(t, clerkIssuer, status.field("issuer"))
	require.JSONEq(t, `["`+clerkIssuer+`"]`, status.field("accepted_issuers"))
	claims := c.stand.Claims("user_root", "https://evil.tld")
	status = c.call(t, "GET", "/routes/debug/auth-status", c.stand.Token(claims), "")
	require.Equal(t, "false", status.field("recognised"))
	require.Equal(t, "another authorised party", status.field("reason"))
}
