package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

func TestAHostIsLookedUpAndNeverBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		peer, host, forwarded, want string
	}{
		"a label":                        {"203.0.113.9:1", "beta.localhost", "", "beta"},
		"in any form":                    {"203.0.113.9:1", "BETA.Localhost.:8000", "", "beta"},
		"a proven domain":                {"203.0.113.9:1", "chat.beta.example", "", "beta"},
		"nobody's label":                 {"203.0.113.9:1", "nobody.localhost", "", "404"},
		"the platform's own":             {"203.0.113.9:1", "app.localhost", "", "alpha"},
		"nobody's domain":                {"203.0.113.9:1", "elsewhere.example", "", "alpha"},
		"an address":                     {"203.0.113.9:1", "192.0.2.1", "", "alpha"},
		"a stranger's word":              {"203.0.113.9:1", "localhost", "beta.localhost", "alpha"},
		"a trusted proxy's word":         {"10.0.0.1:1", "internal", "beta.localhost", "beta"},
		"a trusted proxy's list":         {"10.0.0.1:1", "localhost", "beta.localhost, x", "alpha"},
		"a trusted proxy's odd word":     {"10.0.0.1:1", "localhost", "x@beta.localhost", "alpha"},
		"a domain with one more at last": {"203.0.113.9:1", "beta.localhost.evil.example", "", "alpha"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/routes/probe", strings.NewReader(`{"word":"hi"}`))
		r.Header.Set("Content-Type", "application/json")
		// Whoever is in alpha alone is in alpha where the host says nothing.
		r.Header.Set("Authorization", "Bearer member-a")
		if c.want == "beta" {
			r.Header.Set("Authorization", "Bearer both")
		}
		r.Host, r.RemoteAddr = c.host, c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-Host", c.forwarded)
		}
		out := httptest.NewRecorder()
		w.handler.ServeHTTP(out, r)
		if c.want == "404" {
			require.Equal(t, 404, out.Code, name)
			continue
		}
		require.Contains(t, out.Body.String(), `"tenant":"`+c.want+`"`, "%s: %s", name, out.Body)
	}
}

func TestTwoHostsAreOneTooMany(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newWorld(t).handler)
	t.Cleanup(server.Close)
	ask := func(request string) int {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		return answer.StatusCode
	}
	require.Equal(t, 400, ask("GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
	require.Equal(t, 400, ask("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"), "none")
	require.Equal(t, 400, ask("GET /livez HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"))
	require.Equal(t, 200, ask("GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "the platform's page")
}

func TestEveryKindOfAnswerCarriesTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := []string{"Accept", "text/html"}
	for name, c := range map[string]struct {
		method, path, who, body string
		headers                 []string
	}{
		"an answer":             {"POST", "/routes/probe", "member-a", `{"word":"hi"}`, nil},
		"a refusal":             {"POST", "/routes/probe", "", `{"word":"hi"}`, nil},
		"a wrong body":          {"POST", "/routes/probe", "member-a", `{`, nil},
		"an alias":              {"POST", "/api/probe", "member-a", `{"word":"hi"}`, nil},
		"our fault":             {"POST", "/routes/probe", "member-a", `{"word":"fail"}`, nil},
		"nothing there":         {"GET", "/routes/nothing", "", "", nil},
		"another method":        {"PATCH", "/livez", "", "", nil},
		"a path with two sides": {"GET", "/x/%2e%2e/y", "", "", nil},
		"a page":                {"GET", "/alpha/inbox", "", "", page},
		"the reference":         {"GET", "/docs", "", "", page},
		"a script":              {"GET", "/assets/app-1234.js", "", "", nil},
		"an icon":               {"GET", "/favicon.ico", "", "", nil},
		"the document":          {"GET", "/openapi.json", "", "", nil},
		"health":                {"GET", "/livez", "", "", nil},
		"a question before":     {"OPTIONS", "/routes/probe", "", "", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}},
	} {
		h := w.ask(c.method, c.path, c.who, c.body, c.headers...).Header()
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), name)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), name)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", name)
		require.Equal(t, "strict-origin-when-cross-origin", h.Get("Referrer-Policy"), name)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"), name)
		require.NotEmpty(t, h.Get("Permissions-Policy"), name)
		require.NotEmpty(t, h.Get("X-Request-Id"), name)
		require.NotEmpty(t, h.Get("Cache-Control"), name)
		require.Empty(t, h.Get("Strict-Transport-Security"), "%s: only over TLS", name)
	}
	for peer, want := range map[string]string{"10.0.0.1:1": "max-age=31536000", "203.0.113.9:1": ""} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/livez", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-Proto", "https")
		out := httptest.NewRecorder()
		w.handler.ServeHTTP(out, r)
		require.Equal(t, want, out.Header().Get("Strict-Transport-Security"), fmt.Sprint(peer))
	}
}

func TestTheBareBaseDomainLeadsToTheApp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		base, public, method, host, target string
		want                               string // where to; "" is an answer on the spot
	}{
		"the front page":           {"flomastr.example", "", "GET", "flomastr.example", "/", "https://app.flomastr.example/"},
		"a page with a query":      {"flomastr.example", "", "GET", "FloMastr.example.:443", "/alpha/inbox?x=%2F&y=1", "https://app.flomastr.example/alpha/inbox?x=%2F&y=1"},
		"an encoded path":          {"flomastr.example", "", "GET", "flomastr.example", "/a%20b", "https://app.flomastr.example/a%20b"},
		"asked for its head":       {"flomastr.example", "", "HEAD", "flomastr.example", "/", "https://app.flomastr.example/"},
		"the operator's word":      {"flomastr.example", "https://app.flomastr.example:8443", "GET", "flomastr.example", "/x", "https://app.flomastr.example:8443/x"},
		"another's host as a path": {"flomastr.example", "", "GET", "flomastr.example", "/@evil.example", "https://app.flomastr.example/@evil.example"},
		"a host as a query":        {"flomastr.example", "", "GET", "flomastr.example", "/?next=https://evil.example", "https://app.flomastr.example/?next=https://evil.example"},
		"two slashes":              {"flomastr.example", "", "GET", "flomastr.example", "//evil.example/x", ""},
		"health":                   {"flomastr.example", "", "GET", "flomastr.example", "/livez", ""},
		"an unknown endpoint":      {"flomastr.example", "", "GET", "flomastr.example", "/routes/none", ""},
		"a webhook":                {"flomastr.example", "", "POST", "flomastr.example", "/webhook/infobip/x", ""},
		"a form":                   {"flomastr.example", "", "POST", "flomastr.example", "/", ""},
		"the app":                  {"flomastr.example", "", "GET", "app.flomastr.example", "/", ""},
		"a tenant":                 {"flomastr.example", "", "GET", "alpha.flomastr.example", "/", ""},
		"another host":             {"flomastr.example", "", "GET", "evil.example", "/", ""},
		"the app at the base":      {"flomastr.example", "https://flomastr.example", "GET", "flomastr.example", "/", ""},
		"a machine of one's own":   {"localhost", "", "GET", "localhost:8000", "/", ""},
	} {
		api := New(Deps{
			BaseDomain: c.base, PublicURL: c.public, Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler), Gate: fakeGate{},
			Web: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>app")}},
		})
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil)
		r.Host = c.host
		out := httptest.NewRecorder()
		api.Handler().ServeHTTP(out, r)
		require.Equal(t, c.want, out.Header().Get("Location"), name)
		if c.want != "" {
			require.Equal(t, http.StatusTemporaryRedirect, out.Code, name)
			require.Equal(t, "no-store", out.Header().Get("Cache-Control"), name)
		}
	}
}
