package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// belongings are one object of each kind that a body may name.
type belongings struct{ channel, contact, item, message, person, number string }

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
	secret := do("POST", "/routes/tenants/"+slug+"/api-tokens", fmt.Sprintf(`{"name":"in","scopes":[%q]}`, identity.ScopeConversationsWrite)).field("secret")
	b.message = "m-" + slug
	got := e.call(t, "POST", "/webhook/inbound", secret, `{"from":"+385912222222","to":"`+number+`","message":"Hello","message_id":"`+b.message+`"}`)
	require.Equal(t, 202, got.Code, got.Body)
	var page struct {
		Conversations []struct {
			Contact struct{ ID string }
		}
	}
	require.NoError(t, json.Unmarshal(do("GET", "/routes/conversations?tenant_id="+slug, "").Body.Bytes(), &page))
	b.contact = page.Conversations[0].Contact.ID
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
		for _, table := range []string{"channels", "contacts", "conversations", "messages", "outbox", "suppressions", "alerts", "knowledge_index", "tenant_memberships", "events"} {
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

	left := e.fieldsOfIDs()
	for name, c := range map[string]struct {
		route, path, body string // %s is the object
		who               string
		foreign, missing  string
	}{
		"a contact to merge into one's own": {"POST /routes/contacts/{id}/merge contact_id", "/routes/contacts/" + mine.contact + "/merge", `{"contact_id":"%s"}`, owner, theirs.contact, nowhere},
		"a number to send from":             {"POST /messages/send channel_id", "/messages/send", `{"to":"+385912222222","message":"Hi","channel_id":"%s"}`, owner, theirs.channel, nowhere},
		"a number to send from, by token":   {"", "/messages/send", `{"to":"+385912222222","message":"Hi","channel_id":"%s"}`, token, theirs.channel, nowhere},
		"a number to write to":              {"", "/webhook/inbound", `{"from":"+385912222222","message":"Hi","to":"%s"}`, token, theirs.number, "+447860099399"},
		"a person to assign to":             {"", "/routes/conversations/" + own + "/assign", `{"user_id":"%s"}`, owner, theirs.person, nowhere},
		"an item to embed":                  {"POST /routes/tools/embed/knowledge item_id", "/routes/tools/embed/knowledge", `{"tenant_slug":"mine","item_id":"%s"}`, owner, theirs.item, nowhere},
		"a number for a template":           {"POST /routes/tenants/{tenant_id}/waba-templates channel_id", "/routes/tenants/mine/waba-templates", `{"name":"a","language":"en","category":"utility","body":"Hi","channel_id":"%s"}`, owner, theirs.channel, nowhere},
		"a number to sync the templates of": {"POST /routes/tenants/{tenant_id}/waba-templates/sync channel_id", "/routes/tenants/mine/waba-templates/sync", `{"channel_id":"%s"}`, owner, theirs.channel, nowhere},
	} {
		before := e.rowsOf(t, e.other)
		missing := e.call(t, "POST", c.path, c.who, fmt.Sprintf(c.body, c.missing))
		got := e.call(t, "POST", c.path, c.who, fmt.Sprintf(c.body, c.foreign))
		require.GreaterOrEqual(t, got.Code, 400, "%s: %s", name, got.Body)
		require.Less(t, got.Code, 500, name)
		require.Equal(t, missing.shape(), got.shape(), name)
		require.Equal(t, before, e.rowsOf(t, e.other), name)
		delete(left, c.route)
	}
	require.Empty(t, slices.Sorted(maps.Keys(left)), "send another tenant's id in these too")
}
