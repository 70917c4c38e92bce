package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

func TestPulseContentFollowsWhatACustomerWasToldLately(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	mine, err := flomastr.ParseID[flomastr.TenantID](e.mine)
	require.NoError(t, err)
	for title, text := range map[string]string{
		"Brake service": "A brake service costs 180 dirhams.", "Tyres": "A tyre costs 90 dirhams.", "Parking": "There is a car park behind the shop.",
	} {
		item, err := e.knowledge.Add(t.Context(), mine, contextengine.Draft{Title: title, Content: []byte(text), Source: contextengine.FromPaste, Tags: []string{"of " + title}})
		require.NoError(t, err)
		require.NoError(t, e.knowledge.Index(t.Context(), mine, contextengine.IndexArgs{Tenant: mine, Item: item.ID, Version: item.Version}))
	}
	require.Equal(t, 201, e.call(t, "POST", "/routes/tenants/mine/channels", e.bearer("admin"),
		`{"provider":"infobip","number":"+447860099111","base_url":"https://x.api.infobip.com","worker":"n8n","credentials":{"api_key":"k"}}`).Code)
	token := e.bearer("token with every scope")
	for _, message := range []string{`{"from":"+385911111112","message":"what does it cost?","message_id":"1"}`, `{"from":"+385911111112","message":"an answer","message_id":"2"}`} {
		got := e.call(t, "POST", "/webhook/inbound", token, message)
		require.Equal(t, 202, got.Code, got.Body)
	}
	// The second is made what the assistant answered.
	var contact string
	require.NoError(t, e.db.InTenant(t.Context(), mine, func(tx pgx.Tx) error {
		tag, err := tx.Exec(t.Context(), `
			UPDATE messages
			SET direction = 'out', speaker = 'assistant', state = 'sent', decision = '{"evidence": [{"title": "Brake service"}, {"title": ""}]}'
			WHERE text = 'an answer'`)
		require.EqualValues(t, 1, tag.RowsAffected())
		if err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), `SELECT id::text FROM contacts WHERE phone = '+385911111112'`).Scan(&contact)
	}))

	type answer struct {
		Content []struct {
			Type, Title, Content, Interest, Source string
			Relevance                              float64 `json:"relevance_score"`
		} `json:"contextual_content"`
		Insights struct {
			Topics     []string `json:"recent_topics"`
			Engagement string   `json:"engagement_level"`
			Style      string   `json:"preferred_content_style"`
		} `json:"user_insights"`
	}
	ask := func(rest string) (out answer) {
		t.Helper()
		got := e.call(t, "POST", "/routes/context/pulse-content", token, `{"tenant_id":"mine",`+rest+`}`)
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &out))
		return out
	}
	for _, reader := range []string{contact, "+385911111112", "385911111112"} {
		got := ask(`"user_id":"` + reader + `"`)
		require.Equal(t, []string{"Brake service"}, got.Insights.Topics, reader)
		require.Equal(t, "low", got.Insights.Engagement)
		require.Equal(t, "brief", got.Insights.Style)
		require.NotEmpty(t, got.Content)
		require.Equal(t, "Brake service", got.Content[0].Title)
		require.Equal(t, "A brake service costs 180 dirhams.", got.Content[0].Content)
		require.Positive(t, got.Content[0].Relevance)
	}
	got := ask(`"user_id":"+385911111112","user_context":{"bought":["tyres"],"visits":3},"content_types":["of Tyres"],"max_items":1`)
	require.Len(t, got.Content, 1)
	require.Equal(t, "Tyres", got.Content[0].Title)
	require.Equal(t, "of Tyres", got.Content[0].Type)
	got = ask(`"user_id":"nobody","preferences":{"topics":["parking"],"content_style":"funny"}`)
	require.Equal(t, "Parking", got.Content[0].Title)
	require.Equal(t, "parking", got.Content[0].Interest)
	require.Equal(t, "none", got.Insights.Engagement)
	require.Equal(t, "funny", got.Insights.Style)
	require.Empty(t, got.Insights.Topics)
	require.Empty(t, ask(`"user_id":"nobody","preferences":{"topics":["zeppelins"]}`).Content, "nothing is known of that")
	require.Len(t, ask(`"user_id":"nobody"`).Content, 3, "what is new")

	require.Equal(t, 403, e.call(t, "POST", "/routes/context/pulse-content", e.bearer("member"), `{"tenant_id":"mine","user_id":"x"}`).Code)
	require.Equal(t, 404, e.call(t, "POST", "/routes/context/pulse-content", token, `{"tenant_id":"other","user_id":"x"}`).Code)
	require.Equal(t, 422, e.call(t, "POST", "/routes/context/pulse-content", token, `{"tenant_id":"mine"}`).Code)
}
