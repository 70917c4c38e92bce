package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/contextengine"
)

// shelf gives one page of knowledge to tenant a and nothing to others.
type shelf struct{ tenant flomastr.TenantID }

func (s shelf) Retrieve(_ context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	if tenant != s.tenant {
		return contextengine.Result{}, nil
	}
	return contextengine.Result{Passages: []contextengine.Passage{
		{
			ID: flomastr.NewID[flomastr.PassageID](), Item: flomastr.NewID[flomastr.ItemID](), Title: "Price list", Source: "paste", Score: 1,
			Text: "A brake service costs 180.50 dirhams. It takes two hours.", HeadingPath: []string{"Price list", "Brakes"},
		},
		{
			ID: flomastr.NewID[flomastr.PassageID](), Item: flomastr.NewID[flomastr.ItemID](), Title: "Collection", Source: "paste", Score: 0.4,
			Text: "We collect bicycles with worn brakes in Al Quoz on Tuesdays.",
		},
	}[:min(2, q.Limit)]}, nil
}

func (shelf) BusinessName(context.Context, flomastr.TenantID) (string, error) { return "Bar Ltd.", nil }

func toolsWorld(t *testing.T) *world {
	w := newWorld(t)
	s := shelf{w.a.ID}
	w.api.deps.Assistant = assistant.New(assistant.Deps{Retriever: s, Businesses: s, Clock: flomastr.SystemClock})
	return w
}

func TestToolsOfTheAssistant(t *testing.T) {
	t.Parallel()
	const long = `"A brake service costs 180.50 dirhams. It takes two hours.\n\nWe are closed on Sundays."`
	for _, c := range []struct {
		name, path, body string
		status           int
		holds, lacks     []string
	}{
		{
			"pieces are joined, nearest first", "prepare/context", `[{"text":"far","chunk_id":"c1","distance":0.9},{"text":"near","chunk_id":"c2","distance":0.1}]`, 200,
			[]string{`"context":"[1]\nnear\n\n[2]\nfar"`, `"chunk_id":"c2"`},
			nil,
		},
		{"a query is retrieved", "prepare/context", `{"tenant_slug":"alpha","query":"brake service"}`, 200, []string{"[1] Price list › Brakes", "180.50", `"number":2`}, nil},
		{"a budget is kept", "prepare/context", `{"tenant_slug":"alpha","query":"brake service","max_tokens":25}`, 200, []string{"180.50"}, []string{"Quoz"}},
		{"no pieces are no context", "prepare/context", `[]`, 200, []string{`"context":""`, `"sources":[]`}, nil},
		{"an unknown field is refused", "prepare/context", `{"tenant_slug":"alpha","query":"x","colour":"red"}`, 422, nil, nil},
		{"another tenant is not there", "prepare/context", `{"tenant_slug":"beta","query":"brake service"}`, 404, nil, nil},
		{
			"an answer quotes its context", "generate/answer", `{"query":"How much is a brake service?","context":` + long + `}`, 200,
			[]string{"180.50", `"answered":true`, `"start":0`, `"quote":"A brake service costs 180.50 dirhams.`},
			[]string{"Sunday"},
		},
		{
			"pieces may be the context", "generate/answer", `{"query":"How much is a brake service?","context":["We are closed.",{"text":"A brake service costs 180.50 dirhams.","chunk_id":"c7"}]}`, 200,
			[]string{"180.50", `"chunk_id":"c7"`, `"piece":1`},
			nil,
		},
		{
			"what the context lacks is not invented", "generate/answer", `{"query":"Who won the chess world championship in 1972?","context":` + long + `}`, 200,
			[]string{`"answered":false`, "does not contain an answer", `"citations":[]`, `"contradictions":[]`},
			[]string{"180.50"},
		},
		{
			"sources that contradict each other are named", "generate/answer",
			`{"query":"How much is a brake service?","context":["A brake service costs 180.50 dirhams.","A brake service costs 210 dirhams."]}`, 200,
			[]string{"180.50", "210", `"contradictions":[{"citation":1,"other":2}]`},
			nil,
		},
		{"a query is needed", "generate/answer", `{"context":"x"}`, 422, nil, nil},
		{"synthesis from a context", "synthesis", `{"query":"How much is a brake service?","context":` + long + `}`, 200, []string{`"answer":"A brake service costs 180.50`, `"conversation_id":"`, `"personalization_elements":[]`}, nil},
		{"synthesis from the knowledge, with what was said", "synthesis", `{"query":"and how long does it take?","tenant_slug":"alpha","user_id":"u1","synthesis_type":"agent_response",
			"conversation_context":[{"role":"user","content":"how much is a brake service?"},{"role":"assistant","content":"180.50 dirhams"}]}`, 200, []string{"two hours", `"sources_used":[{`}, nil},
		{
			"synthesis of a message", "synthesis", `{"context":[{"text":"Brakes are 10 % cheaper in June."},{"text":"We now deliver to Sharjah."}],"user_profile":{"name":"Aisha Khan","interests":["deliver"]},
			"message_template":{"tone":"friendly","max_length":300,"include_call_to_action":true,"personalization_level":"high"},"tenant_branding":{"name":"Bar Ltd."}}`, 200,
			[]string{`Hi Aisha,\n\nWe now deliver to Sharjah.`, "Brakes are 10 % cheaper", `"interest: deliver"`, "Bar Ltd."},
			nil,
		},
		{"synthesis of nothing", "synthesis", `{"tenant_slug":"alpha"}`, 422, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := toolsWorld(t)
			rec := w.ask(http.MethodPost, "/routes/tools/"+c.path, "token-a", c.body)
			require.Equal(t, c.status, rec.Code, rec.Body.String())
			require.True(t, json.Valid(rec.Body.Bytes()))
			for _, part := range c.holds {
				require.Contains(t, rec.Body.String(), part)
			}
			for _, part := range c.lacks {
				require.NotContains(t, rec.Body.String(), part)
			}
		})
	}
}

// TestCitationOffsetsCountCharacters takes the quote out of the context by its offsets, beyond letters of several bytes.
func TestCitationOffsetsCountCharacters(t *testing.T) {
	t.Parallel()
	w := toolsWorld(t)
	text := "مرحبا — “quoted” ünïcode.\n\nA brake service costs 180.50 dirhams."
	body, err := json.Marshal(map[string]string{"query": "How much is a brake service?", "context": text})
	require.NoError(t, err)
	rec := w.ask(http.MethodPost, "/routes/tools/generate/answer", "token-a", string(body))
	var out struct {
		Citations []struct {
			Quote      string
			Start, End int
		}
	}
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &out))
	require.Len(t, out.Citations, 1, rec.Body.String())
	c := out.Citations[0]
	require.Equal(t, c.Quote, string([]rune(text)[c.Start:c.End]))
	require.True(t, strings.HasPrefix(c.Quote, "A brake service"))
}
