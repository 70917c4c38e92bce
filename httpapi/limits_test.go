package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// purse is a bucket for each tenant that nothing refills.
type purse struct {
	mu     sync.Mutex
	taken  map[flomastr.TenantID]int
	leases int
	err    error
}

func (p *purse) Lease(_ context.Context, id flomastr.TenantID, perMinute, want int) (int, time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leases++
	if p.err != nil {
		return 0, 0, p.err
	}
	granted := min(want, perMinute-p.taken[id])
	p.taken[id] += granted
	return granted, 4 * time.Second, nil
}

// ruled is a tenant engine whose tenants may make a number of requests a minute.
type ruled struct {
	TenantAdmin
	perMinute int
}

func (r ruled) Effective(context.Context, flomastr.TenantID) (tenant.Policies, error) {
	return tenant.Policies{RateLimitPerMinute: r.perMinute, InboxScope: "all", MaxContextLength: 4000}, nil
}

func (w *world) limit(store QuotaStore, perMinute int) {
	w.api.quotas = newQuotas(store, w.api.deps.Clock)
	w.api.deps.TenantAdmin = ruled{perMinute: perMinute}
}

// from sends a request from an address, with headers as pairs.
func (w *world) from(t *testing.T, address, method, path, bearer, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8000", address
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.handler.ServeHTTP(out, r)
	return out
}

func TestATenantsRequestsShareOneBucketWhateverTheyAsk(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	w.limit(&purse{taken: map[flomastr.TenantID]int{}}, 5)
	const peer = "203.0.113.9:1"
	for i, c := range []struct{ who, path, body string }{
		{"member-a", "/routes/tools/prepare/context", `[]`},
		{"owner-a", "/api/tools/prepare/context", `[]`},
		{"token-a", "/routes/tools/generate/answer", `{"query":"q","context":"c"}`},
		{"member-a", "/routes/tools/prepare/context?x=1", `[]`},
		{"both", "/routes/tools/prepare/context?tenant_id=" + strings.ToUpper(w.a.ID.String()), `[]`},
	} {
		got := w.from(t, peer, "POST", c.path, c.who, c.body)
		if i == 4 && got.Code == http.StatusNotFound { // the upper case of an id names nothing, and costs nothing
			got = w.from(t, peer, "POST", "/routes/tools/prepare/context?tenant_id=alpha", c.who, c.body)
		}
		require.Equal(t, 200, got.Code, "%d: %s", i, got.Body)
	}
	for _, who := range []string{"member-a", "owner-a", "token-a"} {
		got := w.from(t, peer, "POST", "/routes/tools/prepare/context", who, `[]`)
		require.Equal(t, 429, got.Code)
		require.Equal(t, "4", got.Header().Get("Retry-After"))
		require.Contains(t, got.Body.String(), `"code":"rate_limited"`)
	}
	require.Equal(t, 200, w.from(t, peer, "POST", "/routes/tools/prepare/context?tenant_id=beta", "both", `[]`).Code, "another tenant is not held up")
	require.Equal(t, 404, w.from(t, peer, "POST", "/routes/tools/prepare/context?tenant_id=alpha", "stranger", `[]`).Code, "who may not enter spends nothing and learns nothing")
}

func TestALeaseServesManyRequestsAndARefusalIsRemembered(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &purse{taken: map[flomastr.TenantID]int{}}
	q := newQuotas(p, func() time.Time { return now })
	id := flomastr.NewID[flomastr.TenantID]()
	for range 600 {
		require.NoError(t, q.take(t.Context(), id, 600))
	}
	require.Equal(t, 20, p.leases)
	for range 50 {
		require.Equal(t, errRateLimited.Code, flomastr.CodeOf(q.take(t.Context(), id, 600)))
	}
	require.Equal(t, 21, p.leases, "the bucket is not asked again before it can grant")
	p.taken[id], now = 0, now.Add(5*time.Second)
	require.NoError(t, q.take(t.Context(), id, 600))
}

func TestACallerOfNoTenantIsCountedAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.networks = newNetworks(3, func() time.Time { return time.Unix(1, 0) })
	self := func(who string) int { return w.ask(http.MethodPost, "/routes/self", who, `{"word":"hi"}`).Code }
	for range 3 {
		require.Equal(t, 200, self("member-a"))
	}
	require.Equal(t, 429, self("member-a"))
	require.Equal(t, 200, self("owner-a"), "another caller is not held up")
	for range 5 {
		require.Equal(t, 200, self("super"), "nor the operator")
	}
}

func TestWithoutItsBucketALimitedRouteIsUnavailable(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	w.limit(&purse{err: flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "Away.").Because(errors.New("gone"))}, 5)
	got := w.from(t, "203.0.113.9:1", "POST", "/routes/tools/prepare/context", "member-a", `[]`)
	require.Equal(t, 503, got.Code)
	require.NotEmpty(t, got.Header().Get("Retry-After"))
}

func TestPublicRoutesCountByNetworkAndNoHeaderChangesIt(t *testing.T) {
	t.Parallel()
	const path = "/routes/manifest"
	spoofs := []string{"X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Forwarded", "X-Forwarded-Host", "User-Agent", "X-Request-Id"}
	fresh := func() *world {
		w := newWorld(t)
		w.api.networks = newNetworks(3, func() time.Time { return time.Unix(0, 0) })
		w.api.deps.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		return w
	}
	t.Run("a peer that is no proxy is itself, whatever it says", func(t *testing.T) {
		t.Parallel()
		w := fresh()
		codes := map[int]int{}
		for i, header := range spoofs {
			codes[w.from(t, "203.0.113.9:1", "GET", path, "", "", header, fmt.Sprintf("198.51.100.%d", i)).Code]++
		}
		require.Equal(t, map[int]int{200: 3, 429: len(spoofs) - 3}, codes)
		require.Equal(t, 200, w.from(t, "203.0.113.10:1", "GET", path, "", "").Code, "the neighbour is another network")
	})
	t.Run("a proxy is believed up to the first hop that is none", func(t *testing.T) {
		t.Parallel()
		w := fresh()
		codes := map[int]int{}
		for i := range 6 {
			codes[w.from(t, "10.0.0.1:1", "GET", path, "", "", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i), "X-Forwarded-For", "203.0.113.9, 10.0.0.2").Code]++
		}
		require.Equal(t, map[int]int{200: 3, 429: 3}, codes)
		require.Equal(t, 429, w.from(t, "203.0.113.9:1", "GET", path, "", "").Code, "it is the same network when it calls directly")
		require.Equal(t, 200, w.from(t, "10.0.0.1:1", "GET", path, "", "", "X-Forwarded-For", "203.0.113.10").Code)
	})
	t.Run("an IPv6 network is a /64", func(t *testing.T) {
		t.Parallel()
		w := fresh()
		codes := map[int]int{}
		for i := range 6 {
			codes[w.from(t, fmt.Sprintf("[2001:db8:1:2::%d]:1", i), "GET", path, "", "").Code]++
		}
		require.Equal(t, map[int]int{200: 3, 429: 3}, codes)
		require.Equal(t, 200, w.from(t, "[2001:db8:1:3::1]:1", "GET", path, "", "").Code)
	})
	t.Run("sign-in, resolving and guessed tokens are counted, alias and route alike", func(t *testing.T) {
		t.Parallel()
		w := fresh()
		w.from(t, "203.0.113.9:1", "POST", "/auth/sign-in", "", `{}`)
		w.from(t, "203.0.113.9:1", "GET", "/api/resolve-tenant", "", "")
		require.Equal(t, 401, w.from(t, "203.0.113.9:1", "GET", "/routes/me/role", "guessed", "").Code)
		for _, c := range [][3]string{{"POST", "/auth/sign-in", ""}, {"GET", "/routes/resolve-tenant", ""}, {"GET", "/routes/me/role", "guessed"}, {"GET", path, ""}} {
			got := w.from(t, "203.0.113.9:1", c[0], c[1], c[2], "")
			require.Equal(t, 429, got.Code, c[1])
			require.NotEmpty(t, got.Header().Get("Retry-After"))
		}
		require.Equal(t, 200, w.from(t, "203.0.113.9:1", "GET", "/livez", "", "").Code, "who watches the server is not counted")
	})
}

func TestAWebhookIsNeverRefusedForItsRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.networks = newNetworks(1, func() time.Time { return time.Unix(0, 0) })
	p := &purse{taken: map[flomastr.TenantID]int{}}
	w.limit(p, 1)
	for _, row := range w.api.rows {
		if !strings.HasPrefix(row.Path, "/webhook/") || !row.Permission.IsPublic() {
			continue
		}
		for range 5 {
			got := w.from(t, "203.0.113.9:1", row.Method, strings.ReplaceAll(row.Path, "{channel_id}", "nobody"), "", "{}")
			require.NotEqual(t, 429, got.Code, row.Path)
		}
	}
	require.Zero(t, p.leases)
}

func TestLimitersOfInventedKeysTakeNoMoreRoom(t *testing.T) {
	t.Parallel()
	made := 0
	r := newRecent[int](1000, func() int { made++; return made })
	first := r.of(-1)
	for i := range 100_000 {
		r.of(i)
		require.Equal(t, first, r.of(-1), "what is used stays")
	}
	require.Len(t, r.kept, 1000)
	require.Equal(t, 1000, r.order.Len())
}

func TestATenantCannotTakeEveryPlaceOfAnExpensiveRoute(t *testing.T) {
	t.Parallel()
	g := newTogether[flomastr.TenantID](maxTogether)
	greedy, other := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	var leave func()
	for range maxTogether {
		var err error
		leave, err = g.enter(greedy)
		require.NoError(t, err)
	}
	_, err := g.enter(greedy)
	p := problemOf(t.Context(), err)
	require.Equal(t, 429, p.Status)
	require.Equal(t, "1", p.GetHeaders().Get("Retry-After"))
	_, err = g.enter(other)
	require.NoError(t, err)
	leave()
	_, err = g.enter(greedy)
	require.NoError(t, err)
}

func TestAnExpensiveRouteIsRefusedWhileItsTenantsCallsRun(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	for range maxTogether {
		_, err := w.api.together.enter(w.a.ID)
		require.NoError(t, err)
	}
	for _, path := range []string{"convert/file-to-md", "convert/url-to-md", "embed/knowledge", "generate/answer", "synthesis"} {
		body := `{"query":"q","context":"c"}`
		switch path {
		case "convert/url-to-md":
			body = `{"url":"https://example.com"}`
		case "embed/knowledge":
			body = `{"texts":["a"]}`
		}
		got := w.from(t, "203.0.113.9:1", "POST", "/routes/tools/"+path, "member-a", body)
		require.Equal(t, 429, got.Code, "%s: %s", path, got.Body)
		require.Contains(t, got.Body.String(), "too_many_at_once")
	}
	require.Equal(t, 200, w.from(t, "203.0.113.9:1", "POST", "/routes/tools/generate/answer?tenant_id=beta", "both", `{"query":"q","context":"c"}`).Code)
}

func TestWhatIsRefusedCountsAgainstItsCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Unix(0, 0)
	w.api.networks = newNetworks(3, func() time.Time { return now })
	const peer = "203.0.113.9:1"
	ask := func(who, path, body string) *httptest.ResponseRecorder {
		return w.from(t, peer, "POST", path, who, body)
	}
	require.Equal(t, 404, ask("stranger", "/routes/probe?tenant_id=beta", `{"word":"a"}`).Code)
	require.Equal(t, 422, ask("stranger", "/routes/probe?tenant_id=beta", `{"word":1}`).Code)
	require.Equal(t, 404, ask("stranger", "/api/probe?tenant_id=gamma", `{"word":"a"}`).Code)
	got := ask("stranger", "/routes/probe?tenant_id=beta", `{"word":"a"}`)
	require.Equal(t, []any{429, "20"}, []any{got.Code, got.Header().Get("Retry-After")}, got.Body)
	for range 4 {
		require.Equal(t, 200, ask("member-a", "/routes/probe", `{"word":"a"}`).Code, "neither another caller nor what succeeds is counted")
		require.Equal(t, 422, ask("platform", "/routes/probe", `{"word":"a"}`).Code, "one tenant's worker must not hold up all others")
	}
	now = now.Add(20 * time.Second)
	require.Equal(t, 404, ask("stranger", "/routes/probe?tenant_id=beta", `{"word":"a"}`).Code)
}

// quiet is a source in which nothing happens.
type quiet struct{ EventSource }

func (quiet) Head(context.Context, flomastr.TenantID) (string, error) { return "1-0", nil }

func TestAPersonsStreamsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.deps.Events = quiet{}
	call := Call{Caller: identity.Caller{Kind: identity.User, Issuer: "i", Subject: "s"}, Tenant: w.a}
	for range maxStreams {
		_, err := w.api.events(t.Context(), call, &eventsInput{})
		require.NoError(t, err)
	}
	_, err := w.api.events(t.Context(), call, &eventsInput{})
	require.ErrorIs(t, err, errTooManyAtOnce)
	call.Caller.Subject = "another"
	_, err = w.api.events(t.Context(), call, &eventsInput{})
	require.NoError(t, err)
}
