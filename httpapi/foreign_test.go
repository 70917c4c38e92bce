package httpapi_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// belongings are one object of each kind that a body may name.
type belongings struct{ channel, contact, item, set, release, message, person, number, file, talk, memory string }

// belongingsOf makes what a tenant is to have, as its owner, and gives it.
func (e *estate) belongingsOf(t *testing.T, slug, owner, number string) (b belongings) {
	t.Helper()
	do := func(method, path, body string) answer {
		got := e.call(t, method, path, owner, body)
		require.Less(t, got.Code, 300, "%s: %s", path, got.Body)
		return got
	}
	b.number = number
	b.channel = do("POST", "/routes/tenants/"+slug+"/channels", `{"provider":"infobip","number":"`+number+`","base_url":"https://x.api.infobip.com","worker":"n8n","credentials":{"api_key":"k"}}`).field("id")
	b.item = do("POST", "/routes/knowledge/"+slug+"/index", `{"title":"Hours","content":"We open at nine."}`).field("id")
	b.set = do("POST", "/routes/knowledge/"+slug+"/evaluations", `{"name":"Hours","questions":[{"text":"When do you open?","expected":["`+b.item+`"]}]}`).field("id")
	e.call(t, "POST", "/routes/knowledge/"+slug+"/releases", owner, `{"name":"Hours"}`) // the estate may have made the one that is staged
	var staged struct{ Releases []struct{ ID string } }
	require.NoError(t, json.Unmarshal(do("GET", "/routes/knowledge/"+slug+"/releases", "").Body.Bytes(), &staged))
	b.release = staged.Releases[0].ID
	secret := do("POST", "/routes/tenants/"+slug+"/api-tokens", fmt.Sprintf(`{"name":"in","scopes":[%q]}`, identity.ScopeConversationsWrite)).field("secret")
	file := e.call(t, "POST", "/routes/media", owner, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nSome words.\r\n--b--\r\n", "Content-Type", "multipart/form-data; boundary=b")
	require.Less(t, file.Code, 300, file.Body)
	b.file = file.field("id")
	b.message = "m-" + slug
	got := e.call(t, "POST", "/webhook/inbound", secret, `{"from":"+385912222222","to":"`+number+`","message":"Hello","message_id":"`+b.message+`"}`)
	require.Equal(t, 202, got.Code, got.Body)
	var page struct {
		Conversations []struct {
			ID      string
			Contact struct{ ID string }
		}
	}
	require.NoError(t, json.Unmarshal(do("GET", "/routes/conversations?tenant_id="+slug, "").Body.Bytes(), &page))
	b.talk = page.Conversations[0].ID
	b.contact = page.Conversations[0].Contact.ID
	b.memory = do("POST", "/routes/contacts/"+b.contact+"/memory?tenant_id="+slug, `{"subject":"size","text":"M"}`).field("id")
	var team struct {
		Members []struct {
			UserID string `json:"user_id"`
		}
	}
	require.NoError(t, json.Unmarshal(do("GET", "/routes/tenants/"+slug+"/members", "").Body.Bytes(), &team))
	b.person = team.Members[0].UserID
	require.NotEmpty(t, b.person)
	return b
}

// rowsOf is the sum of everything that a tenant has.
func (e *estate) rowsOf(t *testing.T, id string) (sum string) {
	t.Helper()
	tenant, err := flomastr.ParseID[flomastr.TenantID](id)
	require.NoError(t, err)
	require.NoError(t, e.db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		for _, table := range []string{"channels", "contacts", "conversations", "messages", "outbox", "suppressions", "alerts", "tasks", "knowledge_index", "question_sets", "questions", "knowledge_releases", "release_changes", "tenant_memberships", "events", "memories"} {
			var one string
			if err := tx.QueryRow(t.Context(), `SELECT coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM `+table+` x`).Scan(&one); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			sum += table + "=" + one + " "
		}
		return nil
	}))
	return sum
}

// fieldsOfIDs are the fields of bodies that take an id, as the document has them: "POST /path field".
func (e *estate) fieldsOfIDs() map[string]bool {
	found := map[string]bool{}
	var walk func(at string, schema map[string]any)
	walk = func(at string, schema map[string]any) {
		if ref, ok := schema["$ref"].(string); ok {
			schema = e.schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
		}
		if schema["format"] == "uuid" {
			found[at] = true
		}
		if items, ok := schema["items"].(map[string]any); ok {
			walk(at, items)
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			walk(at+" "+name, property.(map[string]any))
		}
	}
	for path, methods := range e.paths {
		for method, operation := range methods.(map[string]any) {
			if schema, ok := at(operation, "requestBody", "content", "application/json", "schema"); ok {
				walk(strings.ToUpper(method)+" "+path, schema.(map[string]any))
			}
		}
	}
	return found
}

// TestABodyThatNamesAnothersObjectLooksAsIfItWereMissing sends what the other tenant owns in every field of a body that
// takes an id. The path is one's own.
func TestABodyThatNamesAnothersObjectLooksAsIfItWereMissing(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	caller := func(name string) string {
		return e.callers[slices.IndexFunc(e.callers, func(v visitor) bool { return v.name == name })].bearer
	}
	owner, token := caller("owner"), caller("token with every scope")
	mine, theirs := e.belongingsOf(t, "mine", owner, "+447860099301"), e.belongingsOf(t, "other", caller("owner of the other"), "+447860099302")
	var conversations struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(e.call(t, "GET", "/routes/conversations", owner, "").Body.Bytes(), &conversations))
	own := conversations.Conversations[0].ID

	claimed := e.call(t, "GET", "/queue/next-job?wait=5", token, "")
	job := "/queue/job/" + claimed.field("job_id") + "/complete"
	draft := e.call(t, "POST", "/routes/tenants/mine/waba-templates", owner, `{"name":"b","language":"en","category":"utility","body":"Hi","header":{"kind":"document","example":"4::aW"}}`)
	require.Less(t, draft.Code, 300, draft.Body)
	// A file in every place of a message that takes one.
	const (
		asFile   = `"media":{"id":"%s","type":"document"}`
		asHeader = `"interactive":{"body":"Hi","header_media":{"id":"%s","type":"document"},"buttons":[{"id":"a","title":"A"}]}`
		values   = `{"name":"a","language":"en","header_media":{"id":"%s","type":"document"}}`
	)
	reply := "/routes/conversations/" + own + "/reply"
	done := func(reply string) string {
		return `{"lease_token":"` + claimed.field("lease_token") + `","result":{"reply":{` + reply + `}}}`
	}

	task := e.call(t, "POST", "/routes/tasks?tenant_id=mine", owner, `{"title":"Well?"}`).field("task_id")

	left := e.fieldsOfIDs()
	// A preview is of words: it opens no file, and shows the same whatever is named.
	preview := func(file string) answer {
		return e.call(t, "POST", "/routes/tenants/mine/waba-templates/"+draft.field("id")+"/preview", owner, `{"header_media":{"id":"`+file+`","type":"document"}}`)
	}
	require.Equal(t, preview(nowhere).shape(), preview(theirs.file).shape())
	delete(left, "POST /routes/tenants/{tenant_id}/waba-templates/{id}/preview header_media id")
	for name, c := range map[string]struct {
		route, path, body string // %s is the object
		who               string
		foreign, missing  string
	}{
		"a contact to merge into one's own": {"POST /routes/contacts/{id}/merge contact_id", "/routes/contacts/" + mine.contact + "/merge", `{"contact_id":"%s"}`, owner, theirs.contact, nowhere},
		"a conversation to ask about":       {"POST /routes/tasks conversation_id", "/routes/tasks", `{"title":"Well?","conversation_id":"%s"}`, owner, theirs.talk, nowhere},
		"the same under the other path":     {"POST /routes/api/v1/tasks conversation_id", "/routes/api/v1/tasks", `{"title":"Well?","conversation_id":"%s"}`, owner, theirs.talk, nowhere},
		"the same, by token":                {"", "/routes/tasks", `{"title":"Well?","conversation_id":"%s"}`, token, theirs.talk, nowhere},
		"a person to ask":                   {"", "/routes/tasks", `{"title":"Well?","assigned_to":"%s"}`, owner, theirs.person, nowhere},
		"a person to give a task to":        {"", "/routes/tasks/" + task + "/assign", `{"user_id":"%s"}`, owner, theirs.person, nowhere},
		"a memory to correct":               {"PATCH /routes/contacts/{id}/memory memory_id", "/routes/contacts/" + mine.contact + "/memory", `{"memory_id":"%s","text":"L"}`, owner, theirs.memory, nowhere},
		"a number to send from":             {"POST /messages/send channel_id", "/messages/send", `{"to":"+385912222222","message":"Hi","channel_id":"%s"}`, owner, theirs.channel, nowhere},
		"a number to send from, by token":   {"", "/messages/send", `{"to":"+385912222222","message":"Hi","channel_id":"%s"}`, token, theirs.channel, nowhere},
		"a number to write to":              {"", "/webhook/inbound", `{"from":"+385912222222","message":"Hi","to":"%s"}`, token, theirs.number, "+447860099399"},
		"a person to assign to":             {"", "/routes/conversations/" + own + "/assign", `{"user_id":"%s"}`, owner, theirs.person, nowhere},
		"an item to embed":                  {"POST /routes/tools/embed/knowledge item_id", "/routes/tools/embed/knowledge", `{"tenant_slug":"mine","item_id":"%s"}`, owner, theirs.item, nowhere},
		"a question to answer":              {"POST /routes/context/publish-card answers", "/routes/context/publish-card", `{"question":"When?","answer":"At nine.","answers":"%s","tenant_id":"mine"}`, owner, e.unanswered(t, e.other, "When?"), nowhere},
		"a card to edit":                    {"POST /routes/context/publish-card item_id", "/routes/context/publish-card", `{"question":"When?","answer":"At nine.","item_id":"%s","tenant_id":"mine"}`, owner, theirs.item, nowhere},
		"an item to expect":                 {"POST /routes/knowledge/{tenant_slug}/search expect", "/routes/knowledge/mine/search", `{"query":"hours","expect":"%s"}`, owner, theirs.item, nowhere},
		"an item to release":                {"PUT /routes/knowledge/{tenant_slug}/releases/{id}/changes item_id", "/routes/knowledge/mine/releases/" + mine.release + "/changes", `{"item_id":"%s","content":"x"}`, owner, theirs.item, nowhere},
		"a release to search in":            {"POST /routes/knowledge/{tenant_slug}/search release", "/routes/knowledge/mine/search", `{"query":"hours","release":"%s"}`, owner, theirs.release, nowhere},
		"a release to measure":              {"POST /routes/knowledge/{tenant_slug}/evaluations/{id}/runs release", "/routes/knowledge/mine/evaluations/" + mine.set + "/runs", `{"release":"%s"}`, owner, theirs.release, nowhere},
		"an item that answers a question":   {"POST /routes/knowledge/{tenant_slug}/evaluations questions expected", "/routes/knowledge/mine/evaluations", `{"name":"a","questions":[{"text":"When?","expected":["%s"]}]}`, owner, theirs.item, nowhere},
		"an item to expect from now on":     {"PUT /routes/knowledge/{tenant_slug}/evaluations/{id} questions expected", "/routes/knowledge/mine/evaluations/" + mine.set, `{"name":"a","questions":[{"text":"When?","expected":["%s"]}]}`, owner, theirs.item, nowhere},
		"an item to expect in a file":       {"", "/routes/knowledge/mine/evaluations/import", `{"name":"a","csv":"question,expected\nWhen?,%s\n"}`, owner, theirs.item, nowhere},
		"a number for a template":           {"POST /routes/tenants/{tenant_id}/waba-templates channel_id", "/routes/tenants/mine/waba-templates", `{"name":"a","language":"en","category":"utility","body":"Hi","channel_id":"%s"}`, owner, theirs.channel, nowhere},
		"a file to reply with":              {"POST /routes/conversations/{id}/reply media id", reply, `{` + asFile + `}`, owner, theirs.file, nowhere},
		"a file above buttons":              {"POST /routes/conversations/{id}/reply interactive header_media id", reply, `{` + asHeader + `}`, owner, theirs.file, nowhere},
		"a file of a template":              {"POST /routes/conversations/{id}/reply template header_media id", reply, `{"template":` + values + `}`, owner, theirs.file, nowhere},
		"a file to complete with":           {"POST /queue/job/{job_id}/complete result reply media id", job, done(asFile), token, theirs.file, nowhere},
		"a file above buttons of a job":     {"POST /queue/job/{job_id}/complete result reply interactive header_media id", job, done(asHeader), token, theirs.file, nowhere},
		"a file of a job's template":        {"POST /queue/job/{job_id}/complete result reply template header_media id", job, done(`"template":` + values), token, theirs.file, nowhere},
		"a file to fall back on":            {"POST /messages/send fallback_template header_media id", "/messages/send", `{"to":"+385919999999","message":"Hi","fallback_template":` + values + `}`, owner, theirs.file, nowhere},
		"a file of a new number":            {"POST /routes/tenants/{tenant_id}/channels fallback_template header_media id", "/routes/tenants/mine/channels", `{"provider":"infobip","number":"+447860099777","fallback_template":` + values + `}`, owner, theirs.file, nowhere},
		"a file of a number":                {"PATCH /routes/tenants/{tenant_id}/channels/{id} fallback_template header_media id", "/routes/tenants/mine/channels/" + mine.channel, `{"fallback_template":` + values + `}`, owner, theirs.file, nowhere},
		"a file of the first number":        {"PUT /routes/tenants/{tenant_id}/whatsapp-settings fallback_template header_media id", "/routes/tenants/mine/whatsapp-settings", `{"fallback_template":` + values + `}`, owner, theirs.file, nowhere},
		"a number to sync the templates of": {"POST /routes/tenants/{tenant_id}/waba-templates/sync channel_id", "/routes/tenants/mine/waba-templates/sync", `{"channel_id":"%s"}`, owner, theirs.channel, nowhere},
	} {
		before := e.rowsOf(t, e.other)
		method, _, _ := strings.Cut(cmp.Or(c.route, "POST "), " ")
		missing := e.call(t, method, c.path, c.who, fmt.Sprintf(c.body, c.missing))
		if missing.Code == http.StatusBadGateway { // a number's templates are asked for once, and then known to be away
			missing = e.call(t, method, c.path, c.who, fmt.Sprintf(c.body, c.missing))
		}
		got := e.call(t, method, c.path, c.who, fmt.Sprintf(c.body, c.foreign))
		require.GreaterOrEqual(t, got.Code, 400, "%s: %s", name, got.Body)
		require.Less(t, got.Code, 500, name)
		require.Equal(t, missing.shape(), got.shape(), name)
		require.Equal(t, before, e.rowsOf(t, e.other), name)
		delete(left, c.route)
	}
	require.Empty(t, slices.Sorted(maps.Keys(left)), "send another tenant's id in these too")
}
