package llmtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
)

// The SDKs read keys and addresses from the environment when they are left to.
func TestTheServersOwnKeysGoToNobody(t *testing.T) {
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"} {
		t.Setenv(name, "sk-of-the-server")
	}
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			var asked []http.Header
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Header.Clone())
				w.WriteHeader(http.StatusTeapot)
			}))
			t.Cleanup(server.Close)
			model := p.open(safehttp.New(safehttp.Config{Allow: []string{server.URL}}), llm.ModelService{Provider: p.provider, URL: server.URL + p.path, Model: "one"})
			_, err := model.Complete(t.Context(), ask("Hi"))
			require.Error(t, err)
			require.Len(t, asked, 1)
			for header, values := range asked[0] {
				require.NotContains(t, values, "sk-of-the-server", header)
				require.NotContains(t, values, "Bearer sk-of-the-server", header)
				require.NotContains(t, header, "Stainless")
			}
		})
	}
}
