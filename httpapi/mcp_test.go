package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// tokened sends a token with every request.
type tokened string

func (b tokened) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = "localhost:8000"
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestAgentsWorkWithWhatTheirTokenMayAndNothingElse(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	tenant, err := flomastr.ParseID[flomastr.TenantID](e.mine)
	require.NoError(t, err)
	item, err := e.knowledge.Add(t.Context(), tenant, contextengine.Draft{Title: "Brakes", Content: []byte("A brake service costs 180.50 dirhams."), Source: contextengine.FromPaste})
	require.NoError(t, err)
	require.NoError(t, e.knowledge.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
	door := httptest.NewServer(e.handler)
	t.Cleanup(door.Close)
	connect := func(bearer, query string) (*mcp.ClientSession, error) {
		client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		return client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: door.URL + "/mcp" + query, MaxRetries: -1, HTTPClient: &http.Client{Transport: tokened(bearer)}}, nil)
	}
	session, err := connect(e.bearer("token with every scope"), "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() })
	call := func(name string, arguments map[string]any) (text string, refused bool) {
		t.Helper()
		out, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
		require.NoError(t, err)
		return out.Content[0].(*mcp.TextContent).Text, out.IsError
	}
	for name, arguments := range map[string]map[string]any{
		"search_knowledge": {"query": "brake service"},
		"ask":              {"question": "How much is a brake service?"},
		"suggest_content":  {"contact": "+1", "topics": []string{"brakes"}},
	} {
		text, refused := call(name, arguments)
		require.False(t, refused, text)
		require.Contains(t, text, "180.50", name)
		require.NotContains(t, text, canary)
	}
	text, refused := call("list_conversations", nil)
	require.False(t, refused, text)
	var list struct{ Conversations []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.NotContains(t, text, canary)
	for _, id := range e.foreign {
		for name, argument := range map[string]string{"read_conversation": "conversation_id", "get_contact": "contact_id"} {
			text, refused := call(name, map[string]any{argument: id})
			require.True(t, refused, "%s of another tenant", name)
			require.Contains(t, text, "not_found")
		}
	}
	text, refused = call("send_message", map[string]any{"to": "+385911111112", "text": "hello", "key": "k1"})
	require.True(t, refused)
	require.Contains(t, text, "(", "the API's own words: %s", text)

	for name, c := range map[string]struct{ bearer, query string }{
		"nobody": {"", ""}, "a person": {e.bearer("owner"), "?tenant_id=mine"}, "another tenant's": {e.bearer("token with every scope"), "?tenant_id=other"},
	} {
		_, err := connect(c.bearer, c.query)
		require.Error(t, err, name)
	}
	token := e.bearer("token with every scope")
	batch := e.call(t, "POST", "/mcp", token, `[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]`, "Accept", "application/json, text/event-stream")
	require.Equal(t, 422, batch.Code, batch.Body)
	require.Equal(t, 405, e.call(t, "GET", "/mcp", token, "", "Accept", "text/event-stream").Code)
	require.Equal(t, 405, e.call(t, "DELETE", "/mcp", token, "").Code)
}
