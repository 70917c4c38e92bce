package mcpserver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// asked is a request that reached the API.
type asked struct{ method, target, token, key, body string }

// connect gives a client of the official SDK, to a server before an API that answers as told.
func connect(t *testing.T, scopes []identity.Scope, status int, answer string) (*mcp.ClientSession, *[]asked) {
	t.Helper()
	var got []asked
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read: %v", err)
		}
		got = append(got, asked{r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body)})
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
	server := New(api, "1.2.3")
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		status, body, err := server.Answer(r, identity.Caller{Kind: identity.Token, Scopes: scopes}, "acme")
		if err != nil {
			t.Errorf("answer: %v", err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	t.Cleanup(door.Close)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: door.URL, HTTPClient: &http.Client{Transport: bearing("fm_live_x")}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session, &got
}

// bearing sends a token with every request.
type bearing string

func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestACallerSeesTheToolsThatItsScopesAllow(t *testing.T) {
	t.Parallel()
	names := func(scopes ...identity.Scope) (out []string) {
		session, _ := connect(t, scopes, 200, `{}`)
		list, err := session.ListTools(t.Context(), nil)
		require.NoError(t, err)
		for _, tool := range list.Tools {
			require.NotEmpty(t, tool.Description, tool.Name)
			out = append(out, tool.Name)
		}
		return out
	}
	require.Len(t, names(identity.Scopes()...), len(tools))
	require.Equal(t, []string{"get_contact", "list_conversations", "read_conversation"}, names(identity.ScopeConversationsRead))
	require.Empty(t, names(identity.ScopeQueueWork))

	session, got := connect(t, []identity.Scope{identity.ScopeKnowledgeRead}, 200, `{}`)
	_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{"to": "+1", "text": "x", "key": "k"}})
	require.Error(t, err)
	require.Empty(t, *got, "what it does not see it cannot call")
}

func TestAToolIsARequestToTheAPIInTheCallersName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arguments map[string]any
		want      asked
	}{
		"search_knowledge":   {map[string]any{"query": "hours", "limit": 900, "tags": []string{"a"}}, asked{method: "POST", target: "/routes/knowledge/acme/search", body: `{"query":"hours","limit":50,"filters":{"tags":["a"]}}`}},
		"ask":                {map[string]any{"question": "When?", "history": []map[string]any{{"role": "user", "text": "hi"}}}, asked{method: "POST", target: "/routes/tools/synthesis", body: `{"query":"When?","tenant_slug":"acme","conversation_context":[{"role":"user","content":"hi"}]}`}},
		"list_conversations": {map[string]any{"search": "Mona & co", "cursor": "c"}, asked{method: "GET", target: "/routes/conversations?cursor=c&limit=20&search=Mona+%26+co&tenant_id=acme"}},
		"read_conversation":  {map[string]any{"conversation_id": "../../secret?x"}, asked{method: "GET", target: "/routes/conversations/..%2F..%2Fsecret%3Fx/messages?limit=20&tenant_id=acme"}},
		"get_contact":        {map[string]any{"contact_id": "42"}, asked{method: "GET", target: "/routes/contacts/42?tenant_id=acme"}},
		"recall":             {map[string]any{"contact_id": "42", "query": "shoes"}, asked{method: "POST", target: "/routes/contacts/42/recall?tenant_id=acme", body: `{"query":"shoes","limit":8}`}},
		"remember":           {map[string]any{"contact_id": "42", "subject": "shoe size", "text": "43", "key": "k"}, asked{method: "POST", target: "/routes/contacts/42/memory?tenant_id=acme", key: "k", body: `{"subject":"shoe size","text":"43"}`}},
		"list_tasks":         {map[string]any{"status": "ended"}, asked{method: "GET", target: "/routes/tasks?limit=20&status=ended&tenant_id=acme"}},
		"open_task":          {map[string]any{"title": "Call Mona", "conversation_id": "7", "key": "k"}, asked{method: "POST", target: "/routes/tasks", key: "k", body: `{"tenant_id":"acme","title":"Call Mona","description":"","conversation_id":"7"}`}},
		"suggest_content":    {map[string]any{"contact": "+1", "topics": []string{"tyres"}}, asked{method: "POST", target: "/routes/context/pulse-content", body: `{"tenant_id":"acme","user_id":"+1","preferences":{"topics":["tyres"]},"max_items":5}`}},
		"send_message":       {map[string]any{"to": "+1", "text": "hello", "key": "k1"}, asked{method: "POST", target: "/messages/send", key: "k1", body: `{"to":"+1","message":{"text":"hello"},"tenant_id":"acme"}`}},
	} {
		session, got := connect(t, identity.Scopes(), 200, `{"fact": 1}`)
		out, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: c.arguments})
		require.NoError(t, err, name)
		require.False(t, out.IsError, name)
		text, err := json.Marshal(out.StructuredContent)
		require.NoError(t, err)
		require.JSONEq(t, `{"fact": 1}`, string(text), name)
		require.Len(t, *got, 1, name)
		is := (*got)[0]
		require.Equal(t, "Bearer fm_live_x", is.token, name)
		if c.want.body != "" {
			require.JSONEq(t, c.want.body, is.body, name)
		}
		c.want.token, c.want.body = is.token, is.body
		require.Equal(t, c.want, is, name)
	}
}

func TestWhatTheAPIRefusesIsSaidToTheModel(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"detail":"The window is closed.","code":"window_closed","errors":[{"location":"body.to","message":"is odd"}]}`: "The window is closed. (window_closed)\nbody.to: is odd",
		`oops`: "refused with status 409",
	} {
		session, _ := connect(t, identity.Scopes(), 409, answer)
		out, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_contact", Arguments: map[string]any{"contact_id": "x"}})
		require.NoError(t, err)
		require.True(t, out.IsError)
		require.Equal(t, want, out.Content[0].(*mcp.TextContent).Text)
	}
	session, got := connect(t, identity.Scopes(), 200, `{}`)
	out, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{"to": "+1", "text": "no key"}})
	require.True(t, err != nil || out.IsError)
	require.Empty(t, *got, "without a key nothing is sent")
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	server := New(http.NotFoundHandler(), "1")
	for _, body := range []string{``, `{`, `{}`, `"text"`, `{"jsonrpc":"1.0","id":1,"method":"tools/list"}`, `{"jsonrpc":"2.0","method":"tools/list","id":{}}`} {
		status, answer, err := server.Answer(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(body)), identity.Caller{Kind: identity.Token}, "acme")
		if err == nil {
			require.True(t, status >= 400 || strings.Contains(string(answer), `"error"`), "%s: %d %s", body, status, answer)
			continue
		}
		require.Equal(t, flomastr.Malformed, flomastr.KindOf(err), body)
	}
}
