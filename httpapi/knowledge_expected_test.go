package httpapi_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// TestASearchSaysWhatBecameOfTheItemThatWasExpected asks over the door, with the assistant's own judgement beside it.
func TestASearchSaysWhatBecameOfTheItemThatWasExpected(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.callers[slices.IndexFunc(e.callers, func(v visitor) bool { return v.name == "owner" })].bearer
	add := func(title, content string) string {
		body, err := json.Marshal(map[string]string{"title": title, "content": content})
		require.NoError(t, err)
		got := e.call(t, "POST", "/routes/knowledge/mine/index", owner, string(body))
		require.Equal(t, 202, got.Code, got.Body)
		return got.field("id")
	}
	read := func(id string) {
		item, err := flomastr.ParseID[flomastr.ItemID](id)
		require.NoError(t, err)
		mine, err := flomastr.ParseID[flomastr.TenantID](e.mine)
		require.NoError(t, err)
		require.NoError(t, e.knowledge.Index(t.Context(), mine, contextengine.IndexArgs{Tenant: mine, Item: item, Version: 1}))
	}
	garage := add("Garage", "The garage in Al Quoz closes at 22:00 on weekdays.")
	soup := add("Soup", "Lentil, tomato, pumpkin.")
	late := add("Late", "The garage closes late.")
	read(garage)
	read(soup)

	type outcome struct {
		Item    string `json:"item_id"`
		Verdict string
		Filter  string
		Rank    int
		Passage *struct{ Text string }
		Answer  struct {
			Action                string
			Confidence, Threshold float64
			UsesItem              bool `json:"uses_item"`
		}
	}
	ask := func(body string) (out struct{ Expected *outcome }) {
		t.Helper()
		got := e.call(t, "POST", "/routes/knowledge/mine/search", owner, body)
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &out))
		return out
	}
	require.Nil(t, ask(`{"query":"When does the garage in Al Quoz close?"}`).Expected)

	shown := ask(`{"query":"When does the garage in Al Quoz close?","expect":"` + garage + `"}`).Expected
	require.Equal(t, "shown", shown.Verdict)
	require.Equal(t, garage, shown.Item)
	require.Equal(t, 1, shown.Rank)
	require.Contains(t, shown.Passage.Text, "22:00")
	require.Equal(t, "answer", shown.Answer.Action)
	require.True(t, shown.Answer.UsesItem)
	require.GreaterOrEqual(t, shown.Answer.Confidence, shown.Answer.Threshold)

	unlike := ask(`{"query":"When does the garage in Al Quoz close?","limit":1,"expect":"` + soup + `"}`).Expected
	require.Equal(t, "unlike", unlike.Verdict)
	require.False(t, unlike.Answer.UsesItem)

	require.Equal(t, "not_ready", ask(`{"query":"When does the garage in Al Quoz close?","expect":"`+late+`"}`).Expected.Verdict)
	filtered := ask(`{"query":"garage","expect":"` + garage + `","filters":{"tags":["prices"]}}`).Expected
	require.Equal(t, "filtered", filtered.Verdict)
	require.Equal(t, "tags", filtered.Filter)

	refused := ask(`{"query":"Who won the chess world championship in 1972?","expect":"` + garage + `"}`).Expected
	require.Equal(t, "refuse", refused.Answer.Action)
	require.Less(t, refused.Answer.Confidence, refused.Answer.Threshold)
}

func TestAPublishedCardAnswersAtOnce(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	bearer := func(name string) string {
		return e.callers[slices.IndexFunc(e.callers, func(v visitor) bool { return v.name == name })].bearer
	}
	const card = `{"question":"Do you deliver to Sharjah?","answer":"Yes, on Tuesdays and Fridays, for 20 dirhams.","tenant_id":"mine"}`
	require.Equal(t, 403, e.call(t, "POST", "/routes/context/publish-card", bearer("member"), card).Code)
	got := e.call(t, "POST", "/routes/context/publish-card", bearer("admin"), card)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "embedded", got.field("status"))
	found := e.call(t, "POST", "/routes/knowledge/mine/search", bearer("member"), `{"query":"can you deliver to sharjah","expect":"`+got.field("id")+`"}`)
	require.Equal(t, 200, found.Code, found.Body)
	require.Contains(t, found.Body.String(), `"verdict":"shown"`)
	require.Contains(t, found.Body.String(), `"source":"hitl"`)
	require.Contains(t, found.Body.String(), `"action":"answer"`)
	require.Contains(t, found.Body.String(), `"uses_item":true`)
	require.Equal(t, 202, e.call(t, "POST", "/routes/knowledge/mine/index", bearer("admin"), `{"title":"Hours","content":"We open at nine."}`).Code)
	taken := e.call(t, "POST", "/routes/context/publish-card", bearer("admin"), `{"question":"Hours","answer":"At nine.","tenant_id":"mine"}`)
	require.Equal(t, 409, taken.Code, taken.Body)
	require.Equal(t, "title_taken", taken.field("code"))
}
