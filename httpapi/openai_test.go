package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/whatsapp"
)

const orderTool = `"tools":[{"type":"function","function":{"name":"order_status","description":"Tells where an order is","strict":true,
	"parameters":{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}}}]`

func chat(t *testing.T, w *world, body string) chatCompletion {
	t.Helper()
	rec := w.ask(http.MethodPost, "/v1/chat/completions", "token-a", body)
	require.Equal(t, 200, rec.Code, rec.Body)
	require.Equal(t, "application/json", rec.Header().Get("Content-Type"))
	var out chatCompletion
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &out))
	require.Len(t, out.Choices, 1)
	return out
}

// writer is a model that ends every turn with the same reply.
type writer string

func (m writer) Complete(context.Context, llm.Prompt) (llm.Completion, error) {
	return llm.Completion{Calls: []llm.ToolCall{{ID: "1", Name: "reply", Arguments: json.RawMessage(m)}}}, nil
}

func (writer) Name() string { return "writer" }

func (m writer) Model(context.Context, flomastr.TenantID) (llm.Model, bool, error) {
	return m, true, nil
}

func TestAChatIsWrittenByTheTenantsModelWhereItsReplyHolds(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	s := shelf{w.a.ID}
	for name, c := range map[string]struct {
		reply, asked, action, holds string
		call                        bool
	}{
		"what the knowledge holds":        {`{"action":"answer","text":"Two hours and 180.50 dirhams for a brake service. [1]","citations":[1],"doubt":0}`, "How much is a brake service?", "answer", "Two hours and 180.50 dirhams", false},
		"what it does not":                {`{"action":"answer","text":"A brake service costs 5 dirhams. [1]","citations":[1],"doubt":0}`, "How much is a brake service?", "answer", "costs 180.50", false},
		"nothing, and a tool that has it": {`{"action":"refuse","text":"","citations":[],"doubt":0}`, "Where is my order AB-12345?", "call", "", true},
	} {
		w.api.deps.Assistant = assistant.New(assistant.Deps{Retriever: s, Businesses: s, Models: writer(c.reply), Clock: flomastr.SystemClock})
		got := chat(t, w, `{"messages":[{"role":"user","content":"`+c.asked+`"}],`+orderTool+`}`)
		require.Equal(t, c.action, got.FloMastr.Action, name)
		if !c.call {
			require.Contains(t, *got.Choices[0].Message.Content, c.holds, name)
			require.NotEmpty(t, got.FloMastr.Citations, name)
		}
	}
}

func TestAChatIsAnsweredFromTheKnowledgeOrByATool(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	user := func(text string) string { return `{"role":"user","content":"` + text + `"}` }
	called := `,{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"order_status","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"call_1","content":`
	for name, c := range map[string]struct {
		body   string
		action string
		holds  string // of the text, or of the call's arguments
		call   bool
	}{
		"the knowledge":                    {`{"model":"gpt-4o","messages":[{"role":"system","content":"Be rude."},` + user("How much is a brake service?") + `],"temperature":0.2}`, "answer", "180.50", false},
		"parts":                            {`{"messages":[{"role":"user","content":[{"type":"text","text":"How much is"},{"type":"image_url","image_url":{"url":"https://x.test/a.png"}},{"type":"text","text":"a brake service?"}]}]}`, "answer", "180.50", false},
		"what was said before":             {`{"messages":[` + user("How much is a brake service?") + `,{"role":"assistant","content":"180.50 dirhams"},` + user("and how long does it take?") + `]}`, "answer", "two hours", false},
		"the knowledge, though a tool":     {`{"messages":[` + user("How much is a brake service?") + `],` + orderTool + `}`, "answer", "180.50", false},
		"a tool":                           {`{"messages":[` + user("Where is my order AB-12345?") + `],` + orderTool + `}`, "call", `{"order_id":"AB-12345"}`, true},
		"no tool is wanted":                {`{"messages":[` + user("Where is my order AB-12345?") + `],"tool_choice":"none",` + orderTool + `}`, "refuse", "", false},
		"a tool is wanted":                 {`{"messages":[` + user("How much is a brake service?") + `],"tool_choice":"required",` + orderTool + `}`, "call", `{"order_id":"How much is a brake service?"}`, true},
		"this tool is wanted":              {`{"messages":[` + user("How much is a brake service?") + `],"tool_choice":{"type":"function","function":{"name":"order_status"}},` + orderTool + `}`, "call", "How much", true},
		"what a tool said, quoted":         {`{"messages":[` + user("Where is my order AB-12345?") + called + `"Your order AB-12345 is in the van. It rains."}],` + orderTool + `}`, "answer", "in the van", false},
		"what a tool said, as it is":       {`{"messages":[` + user("Where is my order AB-12345?") + called + `"{\"state\":\"shipped\"}"}],` + orderTool + `}`, "answer", `{"state":"shipped"}`, false},
		"a tool had nothing":               {`{"messages":[` + user("Where is my order AB-12345?") + called + `""}],` + orderTool + `}`, "refuse", "", false},
		"what a tool said of another time": {`{"messages":[` + user("Where is my order AB-12345?") + called + `"It is in the van."},{"role":"assistant","content":"It is in the van."},` + user("How much is a brake service?") + `]}`, "answer", "180.50", false},
	} {
		got := chat(t, w, c.body)
		require.Equal(t, c.action, got.FloMastr.Action, name)
		message := got.Choices[0].Message
		require.Equal(t, "assistant", message.Role, name)
		if c.call {
			require.Equal(t, "tool_calls", *got.Choices[0].Finish, name)
			require.Len(t, message.ToolCalls, 1, name)
			require.Equal(t, "order_status", message.ToolCalls[0].Function.Name, name)
			require.Contains(t, message.ToolCalls[0].Function.Arguments, c.holds, name)
			require.NotEmpty(t, message.ToolCalls[0].ID, name)
			continue
		}
		require.Equal(t, "stop", *got.Choices[0].Finish, name)
		require.NotEmpty(t, *message.Content, name)
		require.Contains(t, *message.Content, c.holds, name)
		require.Positive(t, got.Usage.Total, name)
	}
	one, other := chat(t, w, `{"messages":[`+user("hello")+`]}`), chat(t, w, `{"messages":[`+user("hello")+`]}`)
	require.NotEqual(t, one.ID, other.ID)
}

// streamed reads the pieces of a stream, which must end as OpenAI's do.
func streamed(t *testing.T, w *world, body string) (pieces []chatCompletion) {
	t.Helper()
	rec := w.ask(http.MethodPost, "/v1/chat/completions", "token-a", body)
	require.Equal(t, 200, rec.Code, rec.Body)
	require.Contains(t, rec.Header().Get("Content-Type"), "text/event-stream")
	done := false
	for lines := bufio.NewScanner(rec.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			require.Empty(t, lines.Text())
			continue
		}
		require.False(t, done, "nothing follows the end")
		if done = data == "[DONE]"; done {
			continue
		}
		var c chatCompletion
		require.NoError(t, json.Unmarshal([]byte(data), &c))
		require.Equal(t, "chat.completion.chunk", c.Object)
		pieces = append(pieces, c)
	}
	require.True(t, done)
	return pieces
}

func TestAChatIsStreamedInPieces(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	ask := `"messages":[{"role":"user","content":"How much is a brake service?"}]`
	pieces := streamed(t, w, `{"stream":true,"stream_options":{"include_usage":true},`+ask+`}`)
	text := ""
	for _, p := range pieces {
		require.Equal(t, pieces[0].ID, p.ID)
		for _, c := range p.Choices {
			if c.Delta.Content != nil {
				text += *c.Delta.Content
			}
		}
	}
	whole := chat(t, w, `{`+ask+`}`)
	require.Equal(t, *whole.Choices[0].Message.Content, text)
	require.Greater(t, len(pieces), 4)
	last := pieces[len(pieces)-1]
	require.Empty(t, last.Choices)
	require.Equal(t, whole.Usage, last.Usage)
	before := pieces[len(pieces)-2]
	require.Equal(t, "stop", *before.Choices[0].Finish)
	require.Equal(t, whole.FloMastr.Action, before.FloMastr.Action)
	require.Equal(t, "A brake service costs 180.50 dirhams.", before.FloMastr.Citations[0].Quote)
	require.Nil(t, before.Usage)

	pieces = streamed(t, w, `{"stream":true,"messages":[{"role":"user","content":"Where is my order AB-12345?"}],`+orderTool+`}`)
	require.Len(t, pieces, 3)
	require.Equal(t, 0, *pieces[1].Choices[0].Delta.ToolCalls[0].Index)
	require.JSONEq(t, `{"order_id":"AB-12345"}`, pieces[1].Choices[0].Delta.ToolCalls[0].Function.Arguments)
	require.Equal(t, "tool_calls", *pieces[2].Choices[0].Finish)
}

func TestProblemsUnderV1AreSaidInOpenAIsWordsToo(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	for name, c := range map[string]struct {
		path, who, body string
		status          int
		kind            string
	}{
		"nobody":         {"chat/completions", "", `{"messages":[{"role":"user","content":"x"}]}`, 401, "authentication_error"},
		"no token":       {"chat/completions", "member-a", `{"messages":[{"role":"user","content":"x"}]}`, 403, "permission_error"},
		"no JSON":        {"chat/completions", "token-a", `{`, 400, "invalid_request_error"},
		"no messages":    {"chat/completions", "token-a", `{"messages":[]}`, 422, "invalid_request_error"},
		"no question":    {"chat/completions", "token-a", `{"messages":[{"role":"assistant","content":"x"}]}`, 422, "invalid_request_error"},
		"an odd role":    {"chat/completions", "token-a", `{"messages":[{"role":"king","content":"x"}]}`, 422, "invalid_request_error"},
		"an odd content": {"chat/completions", "token-a", `{"messages":[{"role":"user","content":5}]}`, 422, "invalid_request_error"},
		"two answers":    {"chat/completions", "token-a", `{"n":2,"messages":[{"role":"user","content":"x"}]}`, 422, "invalid_request_error"},
		"tokens":         {"embeddings", "token-a", `{"input":[1,2,3]}`, 422, "invalid_request_error"},
		"no input":       {"embeddings", "token-a", `{}`, 422, "invalid_request_error"},
	} {
		rec := w.ask(http.MethodPost, "/v1/"+c.path, c.who, c.body)
		require.Equal(t, c.status, rec.Code, name)
		var got struct {
			Code  string
			Error *OpenAIError
		}
		require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &got), name)
		require.NotNil(t, got.Error, name)
		require.Equal(t, c.kind, got.Error.Type, name)
		require.Equal(t, got.Code, got.Error.Code, name)
		require.NotEmpty(t, got.Error.Message, name)
	}
	rec := w.ask(http.MethodPost, "/routes/tools/prepare/context", "", `[]`)
	require.NotContains(t, rec.Body.String(), `"error"`, "elsewhere there are only ours")
}

// acquaintances know one contact, by a phone number.
type acquaintances struct {
	WhatsApp
	mona flomastr.ContactID
}

func (a acquaintances) ContactNamed(_ context.Context, _ flomastr.TenantID, name string) (flomastr.ContactID, error) {
	if name != "+971500000001" {
		return flomastr.ContactID{}, whatsapp.ErrContactNotFound
	}
	return a.mona, nil
}

// attentive remembers of whom it was asked.
type attentive struct {
	Assistant
	asked *[]flomastr.ContactID
}

func (a attentive) Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	*a.asked = append(*a.asked, turn.Contact)
	return a.Assistant.Answer(ctx, turn)
}

func TestAChatIsTheContactsWhoseMemoryTheTokenMayRead(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	var asked []flomastr.ContactID
	mona := flomastr.NewID[flomastr.ContactID]()
	w.api.deps.Assistant, w.api.deps.WhatsApp = attentive{w.api.deps.Assistant, &asked}, acquaintances{mona: mona}
	for _, c := range []struct{ token, user string }{
		{"token-memory", "+971500000001"}, {"token-memory", "user-1234"}, {"token-memory", ""}, {"token-a", "+971500000001"},
	} {
		rec := w.ask(http.MethodPost, "/v1/chat/completions", c.token, `{"messages":[{"role":"user","content":"How much is a brake service?"}],"user":"`+c.user+`"}`)
		require.Equal(t, 200, rec.Code, rec.Body)
	}
	require.Equal(t, []flomastr.ContactID{mona, {}, {}, {}}, asked, "a stranger is nobody, and without the scope so is everybody")
}
