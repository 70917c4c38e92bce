package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/jwt"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/tenant"
)

const (
	rootEmail     = "root@example.com"
	visitorEmail  = "visitor@example.com" // a super admin too
	goodPassword  = "Otter Lamp Ferry Quilt"
	platformToken = "platform-0123456789abcdef0123456789"
)

// house is the door with the real identity and tenant engines behind it, on a database of its own.
type house struct {
	api      *httpapi.API
	handler  http.Handler
	db       *postgres.DB
	provider *local.Provider
	store    *postgres.IdentityStore
	cold     *stumblingCold
	gate     *identity.Authenticator
	keys     *secret.Keyring
	team     *identity.Team
}

// stumblingCold makes cold databases and fails as often as it is told to, before or after the work.
type stumblingCold struct {
	db            *postgres.DB
	before, after int
	made          []flomastr.TenantID
}

func (c *stumblingCold) CreateCold(ctx context.Context, id flomastr.TenantID) error {
	if c.before > 0 {
		c.before--
		return errors.New("killed before the cold database")
	}
	if err := c.db.CreateCold(ctx, id); err != nil {
		return err
	}
	c.made = append(c.made, id)
	if c.after > 0 {
		c.after--
		return errors.New("killed after the cold database")
	}
	return nil
}

func (c *stumblingCold) DropCold(ctx context.Context, id flomastr.TenantID) error {
	return c.db.DropCold(ctx, id)
}

func (c *stumblingCold) ColdExists(ctx context.Context, id flomastr.TenantID) (bool, error) {
	return c.db.ColdExists(ctx, id)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{db: postgrestest.Open(t)}
	h.cold = &stumblingCold{db: h.db}
	t.Cleanup(func() {
		for _, id := range h.cold.made {
			_ = h.db.DropCold(context.Background(), id)
		}
	})
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	h.keys = keys
	h.store = postgres.NewIdentityStore(h.db)
	h.team = identity.NewTeam(identity.TeamDeps{Store: h.store, Seal: keys, Clock: flomastr.SystemClock, PublicURL: "http://localhost:8000"})
	h.provider = local.New(local.Deps{
		Store: h.store, Seal: keys, Clock: flomastr.SystemClock, PublicURL: "http://localhost:8000", Mailed: true,
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	verifier, err := jwt.New(flomastr.SystemClock, local.Trusted(h.provider))
	require.NoError(t, err)
	admins, err := identity.ParseSuperAdmins(rootEmail + "," + visitorEmail)
	require.NoError(t, err)
	h.gate, err = identity.NewAuthenticator(identity.Config{
		Verifier: verifier, Store: h.store, SuperAdmins: admins, PlatformToken: platformToken, Clock: flomastr.SystemClock,
	})
	require.NoError(t, err)
	tenants := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(h.db), Cold: h.cold, Owners: h.team, Guard: safehttp.New(safehttp.Config{})})
	h.api = httpapi.New(httpapi.Deps{
		BaseDomain: "localhost", Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler), Gate: h.gate, SuperAdmins: admins, SignIn: httpapi.SignInOffer{Issuers: verifier.Issuers()}, Tenants: tenants,
		Hosts:   tenant.NewDirectory("localhost", tenants, postgres.NewDomainStore(h.db), flomastr.SystemClock),
		Engines: httpapi.Engines{Audit: postgres.NewAuditStore(h.db), SignIns: h.provider, People: h.gate, APITokens: h.store, Team: h.team, Accounts: h.provider, Preferences: h.store, Visits: h.store, PlatformUsers: h.store, TenantAdmin: tenants, TenantLife: tenants, Profiles: profilesOf(h.db), Branding: brandingOf(t, h.db)},
	})
	h.handler = h.api.Handler()
	_, err = h.provider.Enrol(t.Context(), flomastr.ActorSystem, rootEmail, goodPassword)
	require.NoError(t, err)
	return h
}

type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (got answer) field(name string) string {
	got.t.Helper()
	var body map[string]json.RawMessage
	require.NoError(got.t, json.Unmarshal(got.Body.Bytes(), &body), got.Body.String())
	var text string
	if json.Unmarshal(body[name], &text) != nil {
		return string(body[name])
	}
	return text
}

func (h *house) call(t *testing.T, method, path, bearer, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "localhost:8000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		if headers[i] == "Content-Type" {
			r.Header.Del(headers[i])
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	h.handler.ServeHTTP(out, r)
	return answer{out, t}
}

func (h *house) signIn(t *testing.T, email, password string) answer {
	t.Helper()
	return h.call(t, "POST", "/auth/sign-in", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
}

func (h *house) root(t *testing.T) string {
	t.Helper()
	got := h.signIn(t, rootEmail, goodPassword)
	require.Equal(t, 200, got.Code, got.Body)
	return got.field("access_token")
}

// provision makes a tenant and gives its owner a password.
func (h *house) provision(t *testing.T, root, slug string) (id, owner string) {
	t.Helper()
	got := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, fmt.Sprintf(`{"tenant_slug":%q,"owner_email":"owner@%s.test"}`, slug, slug))
	require.Equal(t, 201, got.Code, got.Body)
	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, "owner@"+slug+".test", goodPassword)
	require.NoError(t, err)
	in := h.signIn(t, "owner@"+slug+".test", goodPassword)
	require.Equal(t, 200, in.Code, in.Body)
	return got.field("tenant_id"), in.field("access_token")
}

// setStatus puts a tenant into a state.
func (h *house) setStatus(t *testing.T, id, status string) {
	t.Helper()
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tenants SET status = $2 WHERE id = $1`, id, status)
		return err
	}))
}

func TestSignInAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.signIn(t, rootEmail, goodPassword)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "Bearer", got.field("token_type"))
	require.Equal(t, "600", got.field("expires_in"))
	require.Contains(t, got.field("user"), rootEmail)
	require.Equal(t, "no-store", got.Header().Get("Cache-Control"))
	cookie := got.Result().Cookies()[0]
	require.Equal(t, "refresh", cookie.Name, "plain HTTP on loopback")
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)

	elsewhere := h.call(t, "POST", "/auth/sign-in", "", fmt.Sprintf(`{"email":%q,"password":%q}`, rootEmail, goodPassword), "Host", "app.flomastr.example")
	cookie = elsewhere.Result().Cookies()[0]
	require.Equal(t, "__Host-refresh", cookie.Name)
	require.True(t, cookie.Secure)
	require.Equal(t, "/", cookie.Path)
	require.Empty(t, cookie.Domain)

	role := h.call(t, "GET", "/routes/me/role", got.field("access_token"), "")
	require.Equal(t, 200, role.Code, role.Body)
	require.Equal(t, "super_admin", role.field("role"))
	require.Equal(t, "[]", role.field("memberships"))
	require.Equal(t, "true", h.call(t, "GET", "/api/check-super-admin", got.field("access_token"), "").field("is_super_admin"))
	require.Equal(t, rootEmail, h.call(t, "GET", "/routes/api/v1/users/me/status", got.field("access_token"), "").field("email"))

	keys := h.call(t, "GET", "/auth/.well-known/jwks.json", "", "")
	require.Equal(t, 200, keys.Code)
	require.Contains(t, keys.Body.String(), `"kty":"OKP"`)
	require.NotContains(t, keys.Body.String(), `"d"`)
}

func TestAWrongSignInLooksTheSameWhoeverItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.store.Enrol(t.Context(), flomastr.ActorSystem, "invited@example.com", "")
	require.NoError(t, err)
	id := regexp.MustCompile(`req_[A-Z0-9]+`)
	shape := func(a answer) string {
		var b bytes.Buffer
		header := a.Header().Clone()
		_ = header.Write(&b)
		return id.ReplaceAllString(fmt.Sprint(a.Code, b.String(), a.Body), "")
	}
	known := shape(h.signIn(t, rootEmail, "wrong "))
	require.Contains(t, known, "401")
	require.Equal(t, known, shape(h.signIn(t, "nobody@example.com", "wrong ")))
	require.Equal(t, known, shape(h.signIn(t, "invited@example.com", "wrong ")))
	require.Equal(t, known, shape(h.signIn(t, "not an address", "wrong ")))

	limited := func(email string) (last string) {
		for range 60 {
			if last = shape(h.signIn(t, email, "wrong ")); strings.HasPrefix(last, "429") {
				break
			}
		}
		return last
	}
	known = limited(rootEmail)
	require.Contains(t, known, "429")
	unknown := limited("nobody@example.com")
	seconds := regexp.MustCompile(`Retry-After: \d+`)
	require.Regexp(t, seconds, known)
	require.Equal(t, seconds.ReplaceAllString(known, ""), seconds.ReplaceAllString(unknown, ""))
}

func TestWrongShapesOfCredentialsAreRefusedUnread(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for body, want := range map[string]int{
		`{"email":"root@example.com","password":""}`:                                       422,
		`{"email":"root@example.com"}`:                                                     422,
		`{"email":"root@example.com","password":null}`:                                     422,
		`{"email":"root@example.com","password":[]}`:                                       422,
		`{"email":"root@example.com","password":{}}`:                                       422,
		`{"email":"root@example.com","password":0}`:                                        422,
		`{"email":"root@example.com","password":"x","admin":true}`:                         422,
		`{"email":"root@example.com","password":"` + strings.Repeat("x", 1<<20) + `"}`:     413,
		`{"email":"root@example.com","email":"b@example.com","password":"` + "x" + `"}`:    400,
		`{"email":"root@example.com","password":"SECRT-` + strings.Repeat("é", 600) + `"}`: 422,
	} {
		got := h.call(t, "POST", "/auth/sign-in", "", body)
		require.Equal(t, want, got.Code, "%.80s: %s", body, got.Body)
		require.NotContains(t, got.Body.String(), "SECRT-")
	}
}

func TestTheRefreshCookieRotatesAndEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, 401, h.call(t, "POST", "/auth/refresh", "", "").Code)
	cookie := func(a answer) string { return a.Header().Get("Set-Cookie") }
	first := h.signIn(t, rootEmail, goodPassword)
	second := h.call(t, "POST", "/auth/refresh", "", "", "Cookie", strings.Split(cookie(first), ";")[0])
	require.Equal(t, 200, second.Code, second.Body)
	require.NotEqual(t, cookie(first), cookie(second))

	cross := h.call(t, "POST", "/auth/refresh", "", "", "Cookie", strings.Split(cookie(second), ";")[0], "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, cross.Code, "a foreign page cannot use the cookie")

	out := h.call(t, "POST", "/auth/sign-out", "", "", "Cookie", strings.Split(cookie(second), ";")[0])
	require.Equal(t, 204, out.Code, out.Body)
	require.Contains(t, cookie(out), "Max-Age=0")
	require.Equal(t, 401, h.call(t, "POST", "/auth/refresh", "", "", "Cookie", strings.Split(cookie(second), ";")[0]).Code)
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", second.field("access_token"), "").Code, "at once on the server that was asked")
}

func TestAPasswordIsChangedByItsOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.root(t)
	change := func(bearer, oldPassword, newPassword string) answer {
		return h.call(t, "POST", "/auth/password", bearer, fmt.Sprintf(`{"old":%q,"new":%q}`, oldPassword, newPassword))
	}
	require.Equal(t, 401, change("", goodPassword, "Violin Marsh Teapot 9").Code)
	require.Equal(t, 403, change(access, "wrong ", "Violin Marsh Teapot 9").Code)
	require.Equal(t, 422, change(access, goodPassword, "FloMastr2026FloMastr").Code)
	got := change(access, goodPassword, "Violin Marsh Teapot 9")
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", access, "").Code, "the old session has ended")
	require.Equal(t, 200, h.call(t, "GET", "/routes/me/role", got.field("access_token"), "").Code)
	require.Equal(t, 401, h.signIn(t, rootEmail, goodPassword).Code)
}

func TestProvisioningAgainFinishesWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	provision := func() answer {
		return h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, `{"tenant_slug":"bar","owner_email":"Owner@bar.test","tenant_name":"Bar Ltd"}`)
	}
	h.cold.before, h.cold.after = 1, 1
	require.Equal(t, 500, provision().Code, "killed between the hot rows and the cold database")
	left := h.call(t, "GET", "/routes/tenants/bar", root, "")
	require.Equal(t, "provisioning", left.field("status"))
	require.Equal(t, 500, provision().Code, "killed after the cold database")
	got := provision()
	require.Equal(t, 200, got.Code, got.Body)
	again := provision()
	for _, id := range []string{"tenant_id", "owner_user_id", "membership_id"} {
		require.Equal(t, got.field(id), again.field(id), "the same ids")
	}
	require.Contains(t, got.field("invitation_link"), "/invite/", "the owner has no other way in")
	require.NotContains(t, again.Body.String(), "invitation_link", "and was given it")
	require.Equal(t, left.field("id"), got.field("tenant_id"))
	require.Equal(t, "true", got.field("success"))
	require.Equal(t, "Owner@bar.test", got.field("owner_email"))
	require.Equal(t, "active", h.call(t, "GET", "/routes/tenants/bar", root, "").field("status"))

	id, err := flomastr.ParseID[flomastr.TenantID](got.field("tenant_id"))
	require.NoError(t, err)
	require.NoError(t, h.db.InCold(t.Context(), id, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT 1`)
		return err
	}))
	var owners, memberships, accounts, lines int
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM tenant_memberships WHERE role = 'owner'),
			       (SELECT count(*) FROM tenant_memberships),
			       (SELECT count(*) FROM accounts WHERE lower(email) = 'owner@bar.test'),
			       (SELECT count(*) FROM audit_log WHERE action = 'tenant.provisioned')`).Scan(&owners, &memberships, &accounts, &lines)
	}))
	require.Equal(t, []int{1, 1, 1, 1}, []int{owners, memberships, accounts, lines})

	other := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, `{"tenant_slug":"bar","owner_email":"thief@evil.test"}`)
	require.Equal(t, 409, other.Code, "an existing tenant is not handed to somebody else")
}

func TestATenantsN8NIsSaidAtProvisioningAndChangedLater(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	provision := func(n8n string) answer {
		return h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root,
			fmt.Sprintf(`{"tenant_slug":"bar","owner_email":"owner@bar.test","n8n_url":%q}`, n8n))
	}
	for name, bad := range map[string]string{
		"no encryption": "http://n8n.bar.example", "loopback": "https://127.0.0.1", "a private network": "https://10.1.2.3/",
		"a name of the inside": "https://n8n.internal", "a user name": "https://me:SECRT-1@n8n.bar.example", "another port": "https://n8n.bar.example:5678",
		"a query": "https://n8n.bar.example/?key=SECRT-1", "no address": "n8n", "another scheme": "file:///etc/passwd",
	} {
		got := provision(bad)
		require.Equal(t, 422, got.Code, name)
		require.Contains(t, got.Body.String(), "body.n8n_url", name)
		require.NotContains(t, got.Body.String(), "SECRT-1", name)
	}
	require.Equal(t, 404, h.call(t, "GET", "/routes/tenants/bar", root, "").Code, "nothing was made for a bad address")

	kept := func() string { return h.call(t, "GET", "/routes/tenants/bar", root, "").field("n8n_url") }
	require.Equal(t, 201, provision("").Code)
	require.Empty(t, kept())
	require.Equal(t, 200, provision(" https://N8N.bar.example/hooks/ ").Code, "calling it again finishes what is missing")
	require.Equal(t, "https://n8n.bar.example/hooks", kept())
	require.Equal(t, 200, provision("").Code)
	require.Equal(t, "https://n8n.bar.example/hooks", kept(), "and takes nothing away")
	require.Equal(t, "n8n_url_differs", provision("https://other.example").field("code"))
	require.Equal(t, "https://n8n.bar.example/hooks", kept())

	put := func(bearer, n8n string) answer {
		return h.call(t, "PUT", "/routes/tenants/bar", bearer, fmt.Sprintf(`{"n8n_url":%q}`, n8n))
	}
	require.Equal(t, 422, put(root, "https://192.168.0.1").Code)
	require.Equal(t, "https://moved.example", put(root, "https://moved.example").field("n8n_url"))
	var old string
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT detail->>'n8n_url.old' FROM audit_log WHERE action = 'tenant.updated' AND detail->>'n8n_url.new' = 'https://moved.example'`).Scan(&old)
	}))
	require.Equal(t, "https://n8n.bar.example/hooks", old)
	require.Equal(t, 200, h.call(t, "PUT", "/routes/tenants/bar", root, `{"name":"Bar"}`).Code)
	require.Equal(t, "https://moved.example", kept(), "a change of something else leaves it")
	_, owner := h.provision(t, root, "another")
	require.Equal(t, 403, put(owner, "https://evil.example").Code)
	require.Empty(t, put(root, "").field("n8n_url"))
}

func TestProvisioningAtOnceMakesOneTenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenants := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(h.db), Cold: h.db})
	ids := make(chan flomastr.TenantID, 4)
	for range 4 {
		go func() {
			made, err := tenants.Provision(t.Context(), flomastr.ActorSystem, tenant.Setup{Draft: tenant.Draft{Slug: "race"}, OwnerEmail: "o@race.test"})
			if err != nil {
				t.Errorf("provision: %v", err)
			}
			ids <- made.Tenant.ID
		}()
	}
	first := <-ids
	for range 3 {
		require.Equal(t, first, <-ids)
	}
	h.cold.made = append(h.cold.made, first)
}

func TestStrangersLearnNothingOfATenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	aID, aOwner := h.provision(t, root, "alpha")
	bID, _ := h.provision(t, root, "beta")
	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, "stranger@example.com", goodPassword)
	require.NoError(t, err)
	stranger := h.signIn(t, "stranger@example.com", goodPassword).field("access_token")
	id := regexp.MustCompile(`req_[A-Z0-9]+`)
	for _, c := range []struct {
		method, path, body string
		anon, owner, super int // what nobody, the owner of alpha and the super admin get for beta
	}{
		{"GET", "/routes/tenants/{b}", "", 401, 404, 200},
		{"PUT", "/routes/tenants/{b}", `{"name":"Mine"}`, 401, 403, 200},
		{"GET", "/routes/tenants/{b}/policies", "", 401, 404, 200},
		{"PUT", "/routes/tenants/{b}/policies", `{}`, 401, 404, 200},
		{"GET", "/routes/tenants/{b}/api-tokens", "", 401, 404, 404},
		{"POST", "/routes/tenants/{b}/api-tokens", `{"name":"x","scopes":["tools:use"]}`, 401, 404, 404},
		{"DELETE", "/routes/tenants/{b}/api-tokens/" + aID, "", 401, 404, 404},
		{"GET", "/routes/tenants", "", 401, 403, 200},
		{"POST", "/routes/tenants", `{"slug":"gamma-ray","name":"Gamma"}`, 401, 403, 201},
		{"POST", "/routes/api/v1/admin/tenants/provision", `{"tenant_slug":"delta","owner_email":"o@delta.test"}`, 401, 403, 201},
	} {
		for _, ref := range []string{"beta", bID} {
			path := strings.ReplaceAll(c.path, "{b}", ref)
			missing := strings.ReplaceAll(c.path, "{b}", "nothing-here")
			require.Equal(t, c.anon, h.call(t, c.method, path, "", c.body).Code, "nobody: %s %s", c.method, path)
			for name, who := range map[string]string{"owner": aOwner, "stranger": stranger} {
				got := h.call(t, c.method, path, who, c.body)
				require.Equal(t, c.owner, got.Code, "%s: %s %s: %s", name, c.method, path, got.Body)
				absent := h.call(t, c.method, missing, who, c.body)
				require.Equal(t, id.ReplaceAllString(absent.Body.String(), ""), id.ReplaceAllString(got.Body.String(), ""), "%s %s", c.method, path)
			}
			if ref == "beta" {
				require.Equal(t, c.super, h.call(t, c.method, path, root, c.body).Code, "super admin: %s %s", c.method, path)
			}
			require.Contains(t, []int{401, 403, 404}, h.call(t, c.method, path, platformToken, c.body).Code, "the platform's token is no person: %s %s", c.method, path)
		}
	}
	require.Equal(t, "alpha", h.call(t, "GET", "/routes/tenants/"+aID, aOwner, "").field("slug"))
	require.Equal(t, "alpha", h.call(t, "GET", "/routes/tenants/alpha", aOwner, "").field("slug"))
	role := h.call(t, "GET", "/routes/me/role", aOwner, "")
	require.Contains(t, role.field("memberships"), `"role":"owner"`)
	require.NotContains(t, role.Body.String(), bID)
}

func TestAPITokensAreShownOnceAndEndAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, owner := h.provision(t, root, "alpha")
	_, other := h.provision(t, root, "beta")
	const path = "/routes/tenants/alpha/api-tokens"
	for body, want := range map[string]int{
		`{"name":"n8n","scopes":[]}`:                                                422,
		`{"name":"n8n","scopes":["everything"]}`:                                    422,
		`{"name":" ","scopes":["tools:use"]}`:                                       422,
		`{"name":"n8n","scopes":["tools:use"],"expires_at":"2001-01-01T00:00:00Z"}`: 422,
		`{"name":"n8n","scopes":["tools:use"],"tenant_id":"` + "beta" + `"}`:        422,
	} {
		require.Equal(t, want, h.call(t, "POST", path, owner, body).Code, body)
	}
	made := h.call(t, "POST", path, owner, `{"name":"n8n","scopes":["tools:use","queue:work","tools:use"]}`)
	require.Equal(t, 201, made.Code, made.Body)
	token := made.field("secret")
	require.True(t, strings.HasPrefix(token, "fm_live_"))
	require.Equal(t, "token", h.call(t, "GET", "/routes/debug/auth-status", token, "").field("by"))
	require.Equal(t, 403, h.call(t, "GET", "/routes/me/role", token, "").Code, "a token is no person")
	require.Equal(t, 403, h.call(t, "GET", path, token, "").Code, "and makes no tokens")

	list := h.call(t, "GET", path, owner, "")
	require.Contains(t, list.Body.String(), made.field("prefix"))
	require.Contains(t, list.Body.String(), "last_used_at")
	require.NotContains(t, list.Body.String(), token)
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		var kept string
		err := tx.QueryRow(t.Context(), `SELECT string_agg(t::text, '') FROM api_tokens t`).Scan(&kept)
		require.NotContains(t, kept, token)
		return err
	}))

	remove := "/routes/tenants/beta/api-tokens/" + made.field("id")
	require.Equal(t, 404, h.call(t, "DELETE", remove, other, "").Code, "another tenant's owner finds no such token")
	require.Equal(t, 404, h.call(t, "DELETE", path+"/nonsense", owner, "").Code)
	h.gate.Forget()
	require.Equal(t, "token", h.call(t, "GET", "/routes/debug/auth-status", token, "").field("by"))
	require.Equal(t, 204, h.call(t, "DELETE", path+"/"+made.field("id"), owner, "").Code)
	require.Equal(t, 404, h.call(t, "DELETE", path+"/"+made.field("id"), owner, "").Code)
	require.Equal(t, "nothing", h.call(t, "GET", "/routes/debug/auth-status", token, "").field("by"))
}

func TestPoliciesChangeWithinTheRightsOfWhoAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, owner := h.provision(t, root, "alpha")
	const path = "/routes/tenants/alpha/policies"
	put := func(who, body string) answer { return h.call(t, "PUT", path, who, body) }
	got := put(owner, `{"confidence_threshold":0.7,"inbox_scope":"assigned","message_retention_days":30}`)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "0.7", got.field("confidence_threshold"))
	require.Equal(t, "25", got.field("max_file_size_mb"), "what is not named stays")
	require.Equal(t, 403, put(owner, `{"message_retention_days":31}`).Code, "an administrator only shortens retention")
	require.Equal(t, 403, put(owner, `{"rate_limit_per_minute":100000}`).Code)
	require.Equal(t, 422, put(owner, `{"confidence_threshold":1.1}`).Code)
	require.Equal(t, 422, put(root, `{"allowed_file_types":["exe"]}`).Code)
	require.Equal(t, 422, put(root, `{"max_file_size_mb":0}`).Code)
	require.Equal(t, 200, put(root, `{"message_retention_days":365,"rate_limit_per_minute":1000}`).Code)
	require.Equal(t, "365", h.call(t, "GET", path, owner, "").field("message_retention_days"))
}

func TestDebugShowsTheCallersOwnTokenAndNoKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.root(t)
	got := h.call(t, "GET", "/routes/debug/jwt", access, "")
	require.Equal(t, 200, got.Code, got.Body)
	require.Contains(t, got.field("header"), `"alg":"EdDSA"`)
	require.Contains(t, got.field("claims"), rootEmail)
	require.NotContains(t, got.Body.String(), access)
	require.NotContains(t, got.Body.String(), strings.Split(access, ".")[2])

	status := func(headers ...string) answer {
		return h.call(t, "GET", "/routes/debug/auth-status", "", "", headers...)
	}
	require.Equal(t, "true", status("Authorization", "Bearer "+access).field("recognised"))
	require.Equal(t, "platform", status("Authorization", "Bearer "+platformToken).field("by"))
	require.Contains(t, status().field("reason"), "No Authorization")
	require.Contains(t, status("Authorization", "Basic eDp5").field("reason"), "Bearer")
	broken := status("Authorization", "Bearer "+access[:len(access)-4])
	require.Equal(t, "false", broken.field("recognised"))
	require.NotEmpty(t, broken.field("reason"))
	for _, bad := range []string{"", "x.y.z", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."} {
		require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", bad, "").Code)
	}
}

func TestATenantIsResolvedByWhatStandsOnItsPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	id, owner := h.provision(t, root, "alpha")
	got := func(bearer, query string) string {
		a := h.call(t, "GET", "/routes/resolve-tenant?"+query, bearer, "")
		require.Equal(t, 200, a.Code, a.Body)
		return a.field("tenant_slug")
	}
	require.Equal(t, "alpha", got("", "slug=alpha"))
	require.Equal(t, "alpha", got("", "host=alpha.localhost:8000"))
	require.Equal(t, "alpha", got(owner, "email=OWNER@alpha.test"))
	for _, query := range []string{"", "slug=beta", "host=beta.localhost", "host=alpha.evil.example", "host=localhost", "email=owner@alpha.test", "email=nonsense"} {
		require.Empty(t, got("", query), query)
	}
	require.Empty(t, got(root, "email=owner@alpha.test"), "an address finds its own owner's tenant only")
	for body, want := range map[string]string{
		`{"identifier":"alpha"}`:                          "alpha",
		`{"identifier":"` + id + `"}`:                     "",
		`{"identifier":"alpha.localhost"}`:                "alpha",
		`{"identifier":"owner@alpha.test"}`:               "",
		`{"identifier":"owner@alpha.test","type":"slug"}`: "",
		`{"identifier":"` + id + `","type":"id"}`:         "",
	} {
		require.Equal(t, want, h.call(t, "POST", "/routes/resolve-tenant", "", body).field("tenant_slug"), body)
	}
	for _, bearer := range []string{owner, root} {
		require.Equal(t, "alpha", h.call(t, "POST", "/routes/resolve-tenant", bearer, `{"identifier":"`+id+`"}`).field("tenant_slug"), "an id is for those who have a part in it")
	}
}

func TestReservedSlugsCoverEveryPathOfOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	document := h.call(t, "GET", "/openapi.json", "", "")
	require.Equal(t, 200, document.Code)
	var doc struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(document.Body.Bytes(), &doc))
	require.NotEmpty(t, doc.Paths)
	for path := range doc.Paths {
		first, _, _ := strings.Cut(strings.Trim(path, "/"), "/")
		require.Error(t, tenant.ValidateSlug(first), "%s: a tenant named %q would hide it", path, first)
	}
}
