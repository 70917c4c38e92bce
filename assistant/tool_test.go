package assistant

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/llm"
)

func TestAToolIsChosenByItsWordsAndCalledWithWhatTheQuestionHolds(t *testing.T) {
	t.Parallel()
	order := llm.Tool{Name: "order_status", Description: "Tells where an order is.", Parameters: json.RawMessage(`{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}`)}
	stock := llm.Tool{Name: "stockLevel", Description: "How many pieces of a product are in stock, by size.", Parameters: json.RawMessage(
		`{"type":"object","properties":{"size":{"type":"string","enum":["small","extra_large"]},"at_least":{"type":["integer","null"]},"price":{"type":"number"}},"required":["size"]}`)}
	search := llm.Tool{Name: "search", Description: "Finds articles about anything.", Parameters: json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"},"language":{"type":"string"}},"required":["query"]}`)}
	mail := llm.Tool{Name: "find_customer", Description: "Finds a customer by e-mail.", Parameters: json.RawMessage(`{"type":"object","properties":{"email":{"type":"string"}},"required":["email"]}`)}
	ping := llm.Tool{Name: "opening_hours"}
	all := []llm.Tool{order, stock, search, mail, ping}
	a := New(Deps{})
	for name, c := range map[string]struct {
		question, must string
		tools          []llm.Tool
		want           string // "" for none
	}{
		"a code":                                {"Where is my order AB-12345?", "", all, `order_status {"order_id":"AB-12345"}`},
		"a code is missing":                     {"Where is my order?", "", all, ""},
		"a choice of two words":                 {"How many pieces do you have in stock in extra large?", "", all, `stockLevel {"size":"extra_large"}`},
		"a choice and a number":                 {"Are at least 3 small pieces in stock?", "", all, `stockLevel {"at_least":3,"size":"small"}`},
		"a choice that there is not":            {"How many pieces are in stock in purple?", "", all, ""},
		"the question itself":                   {"articles about bicycles?", "", all, `search {"query":"articles about bicycles?"}`},
		"an address":                            {"Find the customer mona@example.com please", "", all, `find_customer {"email":"mona@example.com"}`},
		"no arguments":                          {"What are your opening hours?", "", all, `opening_hours {}`},
		"nothing fits":                          {"Who won the chess championship?", "", all, ""},
		"any must be called":                    {"Who won the chess championship?", "*", []llm.Tool{search}, `search {"query":"Who won the chess championship?"}`},
		"one must be called, without its code":  {"Where is it?", "order_status", all, `order_status {"order_id":"Where is it?"}`},
		"one must be called that there is not":  {"Where is my order AB-12345?", "refund", all, ""},
		"one must be called, its choice is not": {"Is it in stock?", "stockLevel", all, ""},
		"no tools":                              {"Where is my order AB-12345?", "", nil, ""},
		"a schema that is none":                 {"Tell me the weather", "", []llm.Tool{{Name: "weather", Parameters: json.RawMessage(`[1`)}}, `weather {}`},
	} {
		got := ""
		if call, ok := a.Choose(c.question, c.tools, c.must); ok {
			got = call.Name + " " + string(call.Arguments)
		}
		require.Equal(t, c.want, got, name)
	}
}
