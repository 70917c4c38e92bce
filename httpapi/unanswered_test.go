package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// unanswered makes a question of the tenant's first turn one that had no answer.
func (e *estate) unanswered(t *testing.T, tenant, question string) string {
	t.Helper()
	id, err := flomastr.ParseID[flomastr.TenantID](tenant)
	require.NoError(t, err)
	made := flomastr.NewID[flomastr.QuestionID]()
	require.NoError(t, e.db.InTenant(t.Context(), id, func(tx pgx.Tx) error {
		tag, err := tx.Exec(t.Context(), `
			INSERT INTO unanswered_questions (tenant_id, id, job_id, question)
			SELECT tenant_id, $1, id, $2 FROM jobs ORDER BY id LIMIT 1`, made, question)
		require.EqualValues(t, 1, tag.RowsAffected())
		return err
	}))
	return made.String()
}

func TestUnansweredQuestionsAreOfferedDismissedAndAnswered(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	admin := e.bearer("admin")
	require.Equal(t, 201, e.call(t, "POST", "/routes/tenants/mine/channels", admin, `{"provider":"infobip","number":"+447860099111","base_url":"https://x.api.infobip.com","worker":"n8n","credentials":{"api_key":"k"}}`).Code)
	inbound := e.call(t, "POST", "/webhook/inbound", e.bearer("token with every scope"), `{"from":"+385911111112","message":"hello"}`)
	require.Equal(t, 202, inbound.Code, inbound.Body)
	tyre := e.unanswered(t, e.mine, "How much is a tyre?")
	sharjah := e.unanswered(t, e.mine, "Do you deliver to Sharjah?")
	again := e.unanswered(t, e.mine, "do you deliver to sharjah")
	type listed struct {
		Questions []struct {
			ID, Question string
			Count        int
			Others       []string
		}
		Total int    `json:"total_count"`
		Next  string `json:"next_cursor"`
	}
	path := "/routes/knowledge/mine/unanswered"
	list := func(query string) (out listed) {
		t.Helper()
		got := e.call(t, "GET", path+query, admin, "")
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &out))
		return out
	}
	first := list("?limit=1")
	require.Equal(t, 2, first.Total)
	require.Equal(t, sharjah, first.Questions[0].ID, "asked most often")
	require.Equal(t, 2, first.Questions[0].Count)
	require.Equal(t, []string{"do you deliver to sharjah"}, first.Questions[0].Others)
	second := list("?limit=1&cursor=" + first.Next)
	require.Equal(t, tyre, second.Questions[0].ID)
	require.Empty(t, second.Next)
	require.Equal(t, 403, e.call(t, "GET", path, e.bearer("member"), "").Code)

	require.Equal(t, 204, e.call(t, "POST", path+"/"+sharjah+"/dismiss", admin, "").Code)
	require.Equal(t, 1, list("").Total)
	require.Equal(t, 404, e.call(t, "POST", path+"/"+sharjah+"/dismiss", admin, "").Code, "it is gone")
	require.Equal(t, 204, e.call(t, "POST", path+"/"+sharjah+"/take-up", admin, "").Code)
	require.Equal(t, 404, e.call(t, "POST", path+"/"+sharjah+"/take-up", admin, "").Code, "it is there")
	require.Equal(t, first.Questions, list("?limit=1").Questions)

	theirs := e.unanswered(t, e.other, "When?")
	for _, act := range []string{"/dismiss", "/take-up"} {
		require.Equal(t, e.call(t, "POST", path+"/"+nowhere+act, admin, "").shape(), e.call(t, "POST", path+"/"+theirs+act, admin, "").shape(), "another tenant's")
		require.Equal(t, 404, e.call(t, "POST", path+"/"+theirs+act, admin, "").Code)
	}

	card := `{"question":"Do you deliver to Sharjah?","answer":"Yes, on Tuesdays.","tenant_id":"mine","answers":"` + again + `"}`
	got := e.call(t, "POST", "/routes/context/publish-card", admin, card)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "embedded", got.field("status"))
	left := list("")
	require.Len(t, left.Questions, 1)
	require.Equal(t, tyre, left.Questions[0].ID)
	require.Equal(t, 404, e.call(t, "POST", "/routes/context/publish-card", admin, card).Code, "nobody waits for it any more")
}
