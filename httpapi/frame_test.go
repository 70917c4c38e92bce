package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// world is a door with two tenants behind it and callers that are named in their token.
type world struct {
	api     *API
	handler http.Handler
	a, b    tenant.Tenant
	ran     int
}

// unread is a log that nobody looks at.
type unread struct{ AuditLog }

func (unread) Record(context.Context, audit.Record) error { return nil }

type fakeGate struct{ world *world }

func (g fakeGate) Authenticate(_ context.Context, authorization []string) (identity.Caller, error) {
	if len(authorization) == 0 {
		return identity.Caller{}, nil
	}
	switch name := strings.TrimPrefix(authorization[0], "Bearer "); name {
	case "member-a", "owner-a", "owner-suspended", "member-suspended", "stranger", "both":
		return identity.Caller{Kind: identity.User, Subject: name}, nil
	case "super":
		return identity.Caller{Kind: identity.User, Subject: name, SuperAdmin: true}, nil
	case "token-a":
		return identity.Caller{Kind: identity.Token, TokenTenant: g.world.a.ID, Scopes: []identity.Scope{identity.ScopeToolsUse}}, nil
	case "token-memory":
		return identity.Caller{Kind: identity.Token, TokenTenant: g.world.a.ID, Scopes: []identity.Scope{identity.ScopeToolsUse, identity.ScopeMemoryRead}}, nil
	case "token-suspended":
		return identity.Caller{Kind: identity.Token, TokenTenant: suspended.ID, Scopes: []identity.Scope{identity.ScopeToolsUse}}, nil
	case "token-deleted":
		return identity.Caller{Kind: identity.Token, TokenTenant: deleted.ID, Scopes: []identity.Scope{identity.ScopeToolsUse}}, nil
	case "platform":
		return identity.Caller{Kind: identity.Platform}, nil
	}
	return identity.Caller{}, identity.ErrBadToken
}

func (g fakeGate) Memberships(_ context.Context, c identity.Caller) ([]identity.Membership, error) {
	in := func(t tenant.Tenant, role identity.Role) identity.Membership {
		return identity.Membership{Tenant: t.ID, Slug: t.Slug, Role: role, Status: identity.MembershipActive}
	}
	switch c.Subject {
	case "member-a":
		return []identity.Membership{in(g.world.a, identity.RoleMember)}, nil
	case "owner-a":
		return []identity.Membership{in(g.world.a, identity.RoleOwner)}, nil
	case "owner-suspended":
		return []identity.Membership{in(suspended, identity.RoleOwner)}, nil
	case "member-suspended":
		return []identity.Membership{in(suspended, identity.RoleMember)}, nil
	case "both":
		return []identity.Membership{in(g.world.a, identity.RoleMember), in(g.world.b, identity.RoleMember)}, nil
	}
	return nil, nil
}

func (g fakeGate) Membership(ctx context.Context, t flomastr.TenantID, c identity.Caller) (identity.Membership, error) {
	all, _ := g.Memberships(ctx, c)
	for _, m := range all {
		if m.Tenant == t {
			return m, nil
		}
	}
	return identity.Membership{}, nil
}

var (
	suspended = tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "closed", Status: tenant.Suspended}
	deleted   = tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "gone", Status: tenant.SoftDeleted}
)

func (g fakeGate) Find(_ context.Context, ref string) (tenant.Tenant, error) {
	for _, t := range []tenant.Tenant{g.world.a, g.world.b, suspended, deleted} {
		if ref == t.Slug || ref == t.ID.String() {
			return t, nil
		}
	}
	return tenant.Tenant{}, tenant.ErrNotFound
}

func (g fakeGate) ByID(ctx context.Context, id flomastr.TenantID) (tenant.Tenant, error) {
	return g.Find(ctx, id.String())
}

// fakeDomains holds chat.beta.example for beta.
type fakeDomains struct{ world *world }

func (d fakeDomains) Holder(_ context.Context, domain string) (tenant.Claim, error) {
	if domain == "chat.beta.example" {
		return tenant.Claim{Tenant: d.world.b.ID}, nil
	}
	return tenant.Claim{}, tenant.ErrNotFound
}

type probeInput struct {
	Body struct {
		TenantID string `json:"tenant_id,omitempty"`
		Word     string `json:"word" maxLength:"10"`
	}
}

func (p *probeInput) namesTenant() string { return p.Body.TenantID }

type probeOutput struct {
	Body struct {
		Tenant string `json:"tenant"`
		Runs   int    `json:"runs"`
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		a: tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "alpha", Status: tenant.Active},
		b: tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "beta", Status: tenant.Active},
	}
	w.api = New(Deps{
		BaseDomain: "localhost", Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler),
		Gate: fakeGate{w}, Tenants: fakeGate{w}, Hosts: tenant.NewDirectory("localhost", fakeGate{w}, fakeDomains{w}, flomastr.SystemClock), Idempotency: &memoryKeys{answers: map[string]*memoryKey{}},
		Settings: func() []SettingState { return nil },
		Web: fstest.MapFS{
			"index.html": {Data: []byte("<!doctype html>app")}, "docs.html": {Data: []byte("<!doctype html>reference")},
			"assets/app-1234.js": {Data: []byte("plain")}, "assets/app-1234.js.br": {Data: []byte("squeezed")},
		},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Engines:        Engines{Audit: unread{}},
	})
	probe := func(_ context.Context, call Call, in *probeInput) (*probeOutput, error) {
		w.ran++
		if in.Body.Word == "fail" {
			return nil, errors.New("a secret reason")
		}
		out := &probeOutput{}
		out.Body.Tenant, out.Body.Runs = call.Tenant.Slug, w.ran
		return out, nil
	}
	route(w.api, http.MethodPost, "/routes/probe", identity.Member.Or(identity.Service(identity.ScopeToolsUse)), probe, idempotent)
	route(w.api, http.MethodPost, "/routes/probe-again", identity.Member, probe, idempotent)
	route(w.api, http.MethodPost, "/routes/probe/{tenant_slug}", identity.Admin, probe)
	route(w.api, http.MethodPost, "/routes/listen", identity.Service(identity.ScopeToolsUse), probe, takenWhenSuspended)
	route(w.api, http.MethodPost, "/routes/either", identity.SuperAdmin.Or(identity.Member), probe)
	route(w.api, http.MethodPost, "/routes/page", identity.Public, probe)
	route(w.api, http.MethodPost, "/routes/upload", identity.Admin, probe, maxBody(2*smallBody))
	route(w.api, http.MethodPost, "/routes/self", identity.SignedIn, probe)
	route(w.api, http.MethodPost, "/routes/api/v1/probe", identity.SuperAdmin, probe)
	w.handler = w.api.Handler()
	return w
}

func (w *world) ask(method, target, who, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:8000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.handler.ServeHTTP(out, r)
	return out
}

func TestTheFrameDecidesWhoMayAndForWhichTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const word = `{"word":"hi"}`
	cases := []struct {
		name, path, who, body string
		headers               []string
		want                  int
		tenant                string
	}{
		{"nobody", "/routes/probe", "", word, nil, 401, ""},
		{"a bad token", "/routes/probe", "nonsense", word, nil, 401, ""},
		{"nobody learns nothing of a bad body", "/routes/probe", "", `{"wurst":1}`, nil, 401, ""},
		{"a member of one tenant need not name it", "/routes/probe", "member-a", word, nil, 200, "alpha"},
		{"a member of two must", "/routes/probe", "both", word, nil, 422, ""},
		{"the header names it", "/routes/probe", "both", word, []string{"X-Tenant-Slug", "beta"}, 200, "beta"},
		{"the query names it", "/routes/probe?tenant_id=beta", "both", word, nil, 200, "beta"},
		{"the body names it", "/routes/probe", "both", `{"word":"hi","tenant_id":"beta"}`, nil, 200, "beta"},
		{"the host names it", "/routes/probe", "both", word, []string{"Host", "beta.localhost:8000"}, 200, "beta"},
		{"two names that disagree", "/routes/probe?tenant_id=alpha", "both", `{"word":"hi","tenant_id":"beta"}`, nil, 404, ""},
		{"a header that disagrees with the path", "/routes/probe/alpha", "owner-a", word, []string{"X-Tenant-Slug", "beta"}, 404, ""},
		{"a query that disagrees with the path", "/routes/probe/alpha?tenant_id=beta", "owner-a", word, nil, 404, ""},
		{"a stranger's tenant", "/routes/probe?tenant_id=beta", "member-a", word, nil, 404, ""},
		{"no such tenant", "/routes/probe?tenant_id=gamma", "member-a", word, nil, 404, ""},
		{"a token speaks for its own", "/routes/probe", "token-a", word, nil, 200, "alpha"},
		{"a token cannot name another", "/routes/probe", "token-a", `{"word":"hi","tenant_id":"beta"}`, nil, 404, ""},
		{"the platform must name one", "/routes/probe", "platform", word, nil, 422, ""},
		{"the platform may name any", "/routes/probe?tenant_id=beta", "platform", word, nil, 200, "beta"},
		{"a member is no admin", "/routes/probe/alpha", "member-a", word, nil, 403, ""},
		{"an owner is", "/routes/probe/alpha", "owner-a", word, nil, 200, "alpha"},
		{"a stranger sees nothing", "/routes/probe/alpha", "stranger", word, nil, 404, ""},
		{"nor whether it exists", "/routes/probe/gamma", "stranger", word, nil, 404, ""},
		{"a suspended tenant takes no writes", "/routes/probe/closed", "owner-suspended", word, nil, 403, ""},
		{"but for what it listens to", "/routes/listen", "token-suspended", word, nil, 200, "closed"},
		{"a deleted tenant listens to nothing", "/routes/listen", "token-deleted", word, nil, 404, ""},
		{"a suspended tenant has its page", "/routes/page?tenant_id=closed", "", word, nil, 200, "closed"},
		{"a deleted tenant has none", "/routes/page?tenant_id=gone", "", word, nil, 200, ""},
		{"a page is for whoever has a stale token", "/routes/page", "nonsense", word, nil, 200, ""},
		{"what the operator may do without a tenant", "/routes/either", "super", word, nil, 200, ""},
		{"a member must name one for", "/routes/either", "both", word, nil, 422, ""},
		{"an owner is no super admin", "/routes/api/v1/probe", "owner-a", word, nil, 403, ""},
		{"a super admin needs no tenant", "/routes/api/v1/probe", "super", word, nil, 200, ""},
		{"the older prefix", "/api/probe", "member-a", word, nil, 200, "alpha"},
		{"the older prefix of a versioned path", "/api/v1/probe", "super", word, nil, 200, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := w.ask(http.MethodPost, c.path, c.who, c.body, c.headers...)
			require.Equal(t, c.want, got.Code, got.Body)
			require.NotEmpty(t, got.Header().Get("X-Request-Id"))
			if c.want == http.StatusOK {
				require.Contains(t, got.Body.String(), `"tenant":"`+c.tenant+`"`)
				return
			}
			var p Problem
			require.Equal(t, "application/problem+json", got.Header().Get("Content-Type"))
			require.NoError(t, json.Unmarshal(got.Body.Bytes(), &p))
			require.NotEmpty(t, p.Code)
			require.Equal(t, got.Header().Get("X-Request-Id"), p.RequestID)
		})
	}
	foreign, missing := w.ask(http.MethodPost, "/routes/probe/beta", "member-a", word), w.ask(http.MethodPost, "/routes/probe/gamma", "member-a", word)
	withoutID := func(r *httptest.ResponseRecorder) string {
		return strings.ReplaceAll(r.Body.String(), r.Header().Get("X-Request-Id"), "")
	}
	require.Equal(t, withoutID(missing), withoutID(foreign), "another's tenant and none at all look the same")
}

// body counts how often it was read from.
type body struct {
	strings.Reader
	reads int
}

func (b *body) Read(p []byte) (int, error) {
	b.reads++
	return b.Reader.Read(p)
}

func TestALargeBodyIsReadOnlyOfThoseWhoMaySendIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		who, query string
		want       int
		read       bool
	}{
		{"", "?tenant_id=alpha", 401, false},
		{"nonsense", "?tenant_id=alpha", 401, false},
		{"member-a", "", 403, false},
		{"member-a", "?tenant_id=beta", 404, false},
		{"stranger", "?tenant_id=alpha", 404, false},
		{"stranger", "", 404, false}, // whatever the body may name, it is none of theirs
		{"owner-suspended", "", 403, false},
		{"token-a", "", 403, false},
		{"both", "", 403, true}, // the body names the tenant, so it has to be read
		{"owner-a", "", 200, true},
	} {
		sent := &body{Reader: *strings.NewReader(`{"word":"hi","tenant_id":"alpha"}`)}
		r := httptest.NewRequest(http.MethodPost, "/routes/upload"+c.query, sent)
		r.Header.Set("Content-Type", "application/json")
		if c.who != "" {
			r.Header.Set("Authorization", "Bearer "+c.who)
		}
		got := httptest.NewRecorder()
		w.handler.ServeHTTP(got, r)
		require.Equal(t, c.want, got.Code, "%s%s: %s", c.who, c.query, got.Body)
		require.Equal(t, c.read, sent.reads > 0, "%s%s", c.who, c.query)
	}
}

func TestABodyIsReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]int{
		`{"word":"hi"}`:                          200,
		`{"word":"hi"} {"word":"again"}`:         400,
		`{"word":"hi"}]`:                         400,
		`{"word":"hi","word":"ho"}`:              400,
		`{"word":`:                               400,
		`not json`:                               400,
		"{\"word\":\"\xff\"}":                    400,
		"\xef\xbb\xbf" + `{"word":"hi"}`:         400,
		`{"word":"a\u0000b"}`:                    400,
		`{"word":"hi","\u0000":1}`:               400,
		`{"word":"\\u0000"}`:                     200,
		`{"word":"hi","is_super":true}`:          422,
		`{"Word":"hi"}`:                          422,
		`{"word":["hi"]}`:                        422,
		`{"word":null}`:                          422,
		`{}`:                                     422,
		`[]`:                                     422,
		`{"word":"far too long for this"}`:       422,
		strings.Repeat("[", 100_000):             400,
		`{"word":"` + strings.Repeat("a", 2<<20): 413,
	} {
		got := w.ask(http.MethodPost, "/routes/probe", "member-a", body)
		require.Equal(t, want, got.Code, "%.60s: %s", body, got.Body)
		require.NotContains(t, got.Body.String(), "far too long", "a value is never echoed")
	}
	got := w.ask(http.MethodPost, "/routes/probe", "member-a", `{"word":"hi"}`, "Content-Type", "text/plain")
	require.Equal(t, http.StatusUnsupportedMediaType, got.Code)
}

func TestAnAddressHasOneReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for target, want := range map[string]int{
		"/routes/probe?x=a%20b":                      200,
		"/routes/probe?tenant_id=alpha":              200,
		"/routes/probe?x=%00":                        400,
		"/routes/probe?x=%ff":                        400,
		"/routes/probe?%ff=x":                        400,
		"/routes/probe?x=%zz":                        400,
		"/routes/probe?x=a;b":                        400,
		"/routes/probe?tenant_id=alpha&tenant_id=be": 400,
		"/api/probe?x=1&x=2":                         400,
		"/routes/probe/.":                            404,
		"/routes/probe/..":                           404,
		"/routes/%2e%2e/probe":                       404,
		"/routes/.%2e/probe":                         404,
		"/routes/x/%2E./probe":                       404,
		"/routes//probe":                             404,
		"/routes/probe/":                             404,
		"/routes/probe;a=1":                          404,
		"/routes/probe%2falpha":                      404,
		"/routes/probe%5calpha":                      404,
		"/routes/probe/%00":                          404,
		"/routes/probe/%ff":                          404,
		"/Routes/probe":                              404,
	} {
		got := w.ask(http.MethodPost, target, "member-a", `{"word":"hi"}`)
		require.Equal(t, want, got.Code, "%s: %s", target, got.Body)
	}
}

func TestARouteAboutTheCallerTellsNothingOfTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, named := range [][]string{{"X-Tenant-Slug", "beta"}, {"X-Tenant-Slug", "gamma"}, {"X-Tenant-Slug", "closed"}, {"Host", "gamma.localhost"}} {
		got := w.ask(http.MethodPost, "/routes/self", "member-a", `{"word":"hi"}`, named...)
		require.Equal(t, http.StatusOK, got.Code, named)
		require.Contains(t, got.Body.String(), `"tenant":""`, named)
	}
}

func TestAnInternalErrorShowsNothingOfItself(t *testing.T) {
	t.Parallel()
	got := newWorld(t).ask(http.MethodPost, "/routes/probe", "member-a", `{"word":"fail"}`)
	require.Equal(t, http.StatusInternalServerError, got.Code)
	require.NotContains(t, got.Body.String(), "secret")
}

func TestAnIdempotencyKeyRunsACallOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(who, key, body string) *httptest.ResponseRecorder {
		return w.ask(http.MethodPost, "/routes/probe", who, body, "Idempotency-Key", key)
	}
	first := ask("member-a", "k1", `{"word":"hi"}`)
	require.Equal(t, 200, first.Code)
	require.Equal(t, first.Body.String(), ask("member-a", "k1", `{"word":"hi"}`).Body.String())
	require.Equal(t, 1, w.ran)
	require.Contains(t, ask("member-a", "k1", `{"word":"ho"}`).Body.String(), "idempotency_mismatch")
	require.Equal(t, 200, ask("owner-a", "k1", `{"word":"hi"}`).Code)
	require.Equal(t, 2, w.ran, "another caller's key is another key")
	require.Equal(t, 500, ask("member-a", "k2", `{"word":"fail"}`).Code)
	require.Equal(t, 500, ask("member-a", "k2", `{"word":"fail"}`).Code)
	require.Equal(t, 4, w.ran, "a failure may be tried again")
	alias := w.ask(http.MethodPost, "/api/probe", "member-a", `{"word":"hi"}`, "Idempotency-Key", "k1")
	require.Equal(t, first.Body.String(), alias.Body.String(), "an alias is the same route")
	require.Equal(t, 4, w.ran)
	again := w.ask(http.MethodPost, "/routes/probe-again", "member-a", `{"word":"hi"}`, "Idempotency-Key", "k1")
	require.Equal(t, 200, again.Code)
	require.Equal(t, 5, w.ran, "another route's key is another key")
	for i, slug := range []string{"alpha", "beta"} {
		got := w.ask(http.MethodPost, "/routes/probe", "both", `{"word":"hi"}`, "Idempotency-Key", "k3", "X-Tenant-Slug", slug)
		require.Contains(t, got.Body.String(), slug)
		require.Equal(t, 6+i, w.ran, "another tenant's key is another key")
	}
	for _, key := range []string{"\xff", "\xed\xa0\x80", "a\tb", "é", strings.Repeat("k", 256)} {
		require.Contains(t, ask("member-a", key, `{"word":"hi"}`).Body.String(), "idempotency_key_invalid")
	}
}

func TestTheAppIsServedForPagesAndAProblemForTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := []string{"Accept", "text/html"}
	require.Contains(t, w.ask("GET", "/alpha/inbox", "", "", page...).Body.String(), "app")
	require.Equal(t, 404, w.ask("GET", "/alpha/inbox", "", "").Code)
	require.Equal(t, 404, w.ask("GET", "/routes/nothing", "", "", page...).Code)
	require.Equal(t, 404, w.ask("GET", "/assets/gone.js", "", "", page...).Code)
	require.Equal(t, 404, w.ask("GET", "/routes//probe", "", "", page...).Code)
	require.Equal(t, 404, w.ask("GET", "/x/%2e%2e/etc", "", "", page...).Code)
	asset := w.ask("GET", "/assets/app-1234.js", "", "", "Accept-Encoding", "gzip, br")
	require.Equal(t, "squeezed", asset.Body.String())
	require.Contains(t, asset.Header().Get("Cache-Control"), "immutable")
	policy := func(path string) string {
		return w.ask("GET", path, "", "", page...).Header().Get("Content-Security-Policy")
	}
	require.Equal(t, "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "+
		"object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'", policy("/"), "nobody signs in with Clerk here")
	require.Contains(t, w.ask("GET", "/docs", "", "", page...).Body.String(), "reference")
	require.Contains(t, policy("/docs"), "script-src 'self'; style-src 'self' 'unsafe-inline';")
}

func TestAForwardedAddressIsBelievedFromATrustedProxyOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"[::ffff:203.0.113.9]:1", "198.51.100.1", "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		require.Equal(t, c.want, w.api.remoteIP(r), c)
	}
}

func TestEveryRowOfTheTableIsInTheDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body, err := w.api.OpenAPI()
	require.NoError(t, err)
	var document struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(body, &document))
	require.Equal(t, "3.1.0", document.OpenAPI)
	for path := range document.Paths {
		require.False(t, strings.HasPrefix(path, "/api/"), "%s: an alias is not documented twice", path)
	}
	require.Contains(t, document.Paths["/routes/manifest"], "get")
}

type memoryKey struct{ hash, answer []byte }

type memoryKeys struct {
	mu      sync.Mutex
	answers map[string]*memoryKey
}

func (m *memoryKeys) Claim(_ context.Context, t flomastr.TenantID, caller flomastr.Actor, route, key string, hash []byte, _ time.Duration) (bool, []byte, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := strings.Join([]string{t.String(), string(caller), route, key}, "\x00")
	if have := m.answers[k]; have != nil {
		return false, have.hash, have.answer, nil
	}
	m.answers[k] = &memoryKey{hash: hash}
	return true, nil, nil, nil
}

func (m *memoryKeys) Finish(_ context.Context, t flomastr.TenantID, caller flomastr.Actor, route, key string, answer []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[strings.Join([]string{t.String(), string(caller), route, key}, "\x00")].answer = answer
	return nil
}

func (m *memoryKeys) Release(_ context.Context, t flomastr.TenantID, caller flomastr.Actor, route, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, strings.Join([]string{t.String(), string(caller), route, key}, "\x00"))
	return nil
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,2]`, `{"a":{"a":1}}`, `{"a":1,"a":2}`, `1 2`, `"x"`, `{"a":[{"b":1},{"b":2}]}`, `}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkJSON(data) == nil && strings.TrimSpace(string(data)) != "" {
			require.True(t, json.Valid(data), "what passes is one whole document")
		}
	})
}

func TestAStreamIsJudgedByTheTenantsStateToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		tenant tenant.Tenant
		stays  bool
	}{
		"member-a": {w.a, true}, "stranger": {w.a, false}, "owner-suspended": {suspended, true}, "member-suspended": {suspended, false},
		"owner-a": {tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID]()}, false}, "nobody-known": {w.a, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/routes/events", nil)
		r.Header.Set("Authorization", "Bearer "+name)
		_, err := w.api.mayStillListen(t.Context(), r, Call{Tenant: c.tenant})
		require.Equal(t, c.stays, err == nil, name)
	}
}
