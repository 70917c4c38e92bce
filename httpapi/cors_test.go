package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyAListedOriginMayCallFromElsewhere(t *testing.T) {
	t.Parallel()
	const app = "https://app.flomastr.example"
	w := newWorld(t)
	w.api.deps.AllowedOrigins = []string{app, "http://localhost:5173"}
	ask := func(method, origin string, headers ...string) *httptest.ResponseRecorder {
		return w.ask(method, "/routes/probe", "member-a", map[string]string{"POST": `{"word":"hi"}`}[method], append(headers, "Origin", origin)...)
	}
	for _, origin := range w.api.deps.AllowedOrigins {
		got := ask("POST", origin)
		require.Equal(t, 200, got.Code, got.Body)
		require.Equal(t, origin, got.Header().Get("Access-Control-Allow-Origin"))
		require.Contains(t, got.Header().Values("Vary"), "Origin")
		require.Empty(t, got.Header().Get("Access-Control-Allow-Credentials"), "no cookie of ours goes to another origin")
		before := ask("OPTIONS", origin, "Access-Control-Request-Method", "PATCH")
		require.Equal(t, http.StatusNoContent, before.Code)
		require.Contains(t, before.Header().Get("Access-Control-Allow-Methods"), "PATCH")
	}
	for _, origin := range []string{
		"null", "*", "http://app.flomastr.example", app + ".evil.tld", app + ":8443", app + "/", "https://evil.tld", strings.ToUpper(app),
		"https://flomastr.example", app + ", https://evil.tld",
	} {
		for _, got := range []*httptest.ResponseRecorder{ask("POST", origin), ask("OPTIONS", origin, "Access-Control-Request-Method", "POST")} {
			for name := range got.Header() {
				require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s: %s", origin, name)
			}
			require.NotEqual(t, http.StatusNoContent, got.Code, origin)
		}
	}
}
