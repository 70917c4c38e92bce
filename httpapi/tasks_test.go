package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// asked is a list of tasks as the API gives it.
type asked struct {
	Tasks []struct {
		ID      string `json:"task_id"`
		Title   string
		Status  string
		Kind    string
		To      string `json:"assigned_to"`
		Payload struct {
			Version int
			Blocks  []struct {
				ID, Type string
				Data     map[string]any
			}
		} `json:"payload_components"`
		Resolution *struct{ Reply, Feedback string }
	}
	Next string `json:"next_cursor"`
	Open int    `json:"open_count"`
	Mine int    `json:"mine_count"`
}

func (in *inbox) asked(t *testing.T, bearer, query string) (list asked) {
	t.Helper()
	got := in.call(t, "GET", "/routes/tasks"+query, bearer, "")
	require.Equal(t, 200, got.Code, got.Body)
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &list))
	return list
}

func titles(list asked) (out []string) {
	for _, t := range list.Tasks {
		out = append(out, t.Title)
	}
	return out
}

func (in *inbox) ask(t *testing.T, bearer, title, more string) string {
	t.Helper()
	got := in.call(t, "POST", "/routes/api/v1/tasks", bearer, fmt.Sprintf(`{"title":%q%s}`, title, more))
	require.Equal(t, 201, got.Code, got.Body)
	return got.field("task_id")
}

func TestTasksAreListedFilteredAndResolvedOnce(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	require.Equal(t, 202, in.call(t, "POST", "/webhook/inbound", in.service, `{"from":"+385911111101","message":"I want my money back."}`).Code)
	draft := `,"conversation_id":"` + in.threads["nobody"] + `","payload_components":{"version":1,"blocks":[
		{"id":"a","type":"text_content","data":{"text":"They want a refund."}},{"id":"b","type":"key_value_pairs","data":{"pairs":[{"key":"order","value":"12"}]}},
		{"id":"c","type":"document_link","data":{"url":"https://x.test/12","title":"The order"}},{"id":"d","type":"draft_reply","data":{"text":"You get it back."}}]}`
	first := in.ask(t, in.admin, "Refund?", draft)
	in.ask(t, in.admin, "Discount?", "")
	page := in.asked(t, in.admin, "?limit=1")
	require.Equal(t, []string{"Refund?"}, titles(page), "the oldest waits longest")
	require.Equal(t, 2, page.Open)
	require.Equal(t, []string{"Discount?"}, titles(in.asked(t, in.admin, "?limit=1&cursor="+page.Next)))
	types := []string{}
	for _, b := range page.Tasks[0].Payload.Blocks {
		types = append(types, b.Type)
	}
	require.Equal(t, []string{"text_content", "key_value_pairs", "document_link", "draft_reply"}, types)

	resolve := "/routes/tasks/" + first + "/resolve"
	require.Equal(t, 403, in.call(t, "POST", resolve, in.ana, `{"action":"approved","publish_as_knowledge":true}`).Code, "a member publishes no card")
	require.Equal(t, 422, in.call(t, "POST", resolve, in.ana, `{"action":"rework_requested"}`).Code)
	got := in.call(t, "POST", resolve, in.ana, `{"action":"approved"}`)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, "approved", got.field("new_status"))
	require.Equal(t, first, got.field("task_id"))
	again := in.call(t, "POST", resolve, in.ben, `{"action":"approved"}`)
	require.Equal(t, 409, again.Code)
	require.Equal(t, "task_ended", again.field("code"))
	require.Empty(t, titles(in.asked(t, in.admin, "?status=rejected")))
	ended := in.asked(t, in.admin, "?status=ended")
	require.Equal(t, []string{"Refund?"}, titles(ended))
	require.Equal(t, "You get it back.", ended.Tasks[0].Resolution.Reply)
	messages := in.call(t, "GET", "/routes/conversations/"+in.threads["nobody"]+"/messages", in.admin, "")
	require.Contains(t, messages.Body.String(), "You get it back.")
}

func TestAMemberSeesTheTasksThatAreTheirs(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	members := in.call(t, "GET", "/routes/me/role", in.ben, "")
	require.Equal(t, 200, members.Code)
	for who := range in.threads {
		in.ask(t, in.admin, "of "+who, `,"conversation_id":"`+in.threads[who]+`"`)
	}
	loose := in.ask(t, in.admin, "of no talk", "")
	require.Equal(t, 200, in.call(t, "POST", "/routes/tasks/"+loose+"/assign", in.admin, "{}").Code)
	for scope, want := range map[string][]string{
		"all":      {"of nobody", "of ana", "of ben", "of no talk"},
		"team":     {"of nobody", "of ana", "of no talk"},
		"assigned": {"of ana"},
	} {
		in.scope(t, scope)
		list := in.asked(t, in.ana, "")
		seen := map[string]bool{}
		for _, title := range titles(list) {
			seen[title] = true
		}
		for _, title := range want {
			require.True(t, seen[title], "%s: %s", scope, title)
		}
		for _, task := range list.Tasks {
			require.Equal(t, 200, in.call(t, "GET", "/routes/tasks/"+task.ID, in.ana, "").Code)
		}
		require.Equal(t, len(list.Tasks), list.Open)
	}
	in.scope(t, "assigned") // whichever came last above
	hidden := in.asked(t, in.admin, "")
	for _, task := range hidden.Tasks {
		if task.Title != "of ben" || task.To == "" {
			continue
		}
		mine := in.asked(t, in.ben, "?assigned_to=me")
		require.Contains(t, titles(mine), "of ben", "whoever has the conversation is asked")
		require.Equal(t, 404, in.call(t, "GET", "/routes/tasks/"+task.ID, in.ana, "").Code)
		require.Equal(t, 404, in.call(t, "POST", "/routes/tasks/"+task.ID+"/resolve", in.ana, `{"action":"rejected"}`).Code)
	}
}

func TestATaskIsMadeOfBlocksThatCanBeShown(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	for name, c := range map[string]struct {
		blocks string
		code   int
	}{
		"a link that is a script":    {`{"id":"a","type":"document_link","data":{"url":"javascript:alert(1)"}}`, 422},
		"a picture from nowhere":     {`{"id":"a","type":"image_preview","data":{}}`, 422},
		"two of one name":            {`{"id":"a","type":"text_content","data":{"text":"x"}},{"id":"a","type":"text_content","data":{"text":"y"}}`, 422},
		"two drafts":                 {`{"id":"a","type":"draft_reply","data":{"text":"x"}},{"id":"b","type":"draft_reply","data":{"text":"y"}}`, 422},
		"a kind that there is not":   {`{"id":"a","type":"iframe","data":{"text":"x"}}`, 422},
		"a file of ours by its id":   {`{"id":"a","type":"image_preview","data":{"media_id":"x"}}`, 422},
		"a picture from an address":  {`{"id":"a","type":"image_preview","data":{"url":"https://x.test/a.png"}}`, 201},
		"pairs, and nothing of them": {`{"id":"a","type":"key_value_pairs","data":{"pairs":[]}}`, 422},
	} {
		got := in.call(t, "POST", "/routes/tasks", in.admin, `{"title":"Well?","payload_components":{"blocks":[`+c.blocks+`]}}`)
		require.Equal(t, c.code, got.Code, "%s: %s", name, got.Body)
	}
}
