package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/sim/embeddings"
	"github.com/flomastr/flomastr/whatsapp"
)

// unrecorded are the calls that change nothing worth a line in the audit log, each with the reason.
var unrecorded = map[string]string{
	"POST /auth/refresh":                                           "the same sign-in goes on; a stolen token that is used twice is recorded",
	"POST /routes/resolve-tenant":                                  "reads",
	"POST /webhook/clerk":                                          "its own test finds the lines of what it says",
	"POST /webhook/infobip/{channel_id}":                           "a customer's message is its own record, on the hot path",
	"POST /webhook/meta/{channel_id}":                              "a customer's message is its own record, on the hot path",
	"POST /webhook/twilio/{channel_id}":                            "a customer's message is its own record, on the hot path",
	"POST /webhook/inbound":                                        "a customer's message is its own record, on the hot path",
	"POST /routes/api/v1/conversations/ingest":                     "messages are their own record, on the hot path",
	"POST /queue/job/{job_id}/complete":                            "a turn is its own record, on the hot path",
	"POST /queue/job/{job_id}/fail":                                "a turn is its own record, on the hot path",
	"POST /queue/job/{job_id}/extend":                              "a lease",
	"POST /routes/tenants/{tenant_id}/channels/{id}/test":          "asks the provider, changes nothing",
	"POST /routes/tenants/{tenant_id}/dead-letters/{id}/resend":    "needs what failed; the engine's own test finds the line",
	"POST /routes/tenants/{tenant_id}/dead-letters/{id}/discard":   "needs what failed; the engine's own test finds the line",
	"POST /routes/tenants/{tenant_id}/waba-templates/sync":         "asks the provider and keeps the answer",
	"POST /routes/tenants/{tenant_id}/waba-templates/{id}/preview": "reads",
	"POST /routes/tenants/{tenant_id}/waba-templates/{id}/submit":  "needs a provider; the engine's own test finds the line",
	"POST /routes/contacts/{id}/recall":                            "reads",
	"POST /routes/knowledge/{tenant_slug}/search":                  "reads",
	"POST /routes/knowledge/{tenant_slug}/sites/preview":           "reads",
	"POST /routes/knowledge/{tenant_slug}/releases/{id}/promote":   "needs what a job prepares; the engine's own test finds the line",
	"POST /routes/knowledge/{tenant_slug}/releases/{id}/rollback":  "needs what a job prepares; the engine's own test finds the line",
	"POST /routes/tools/convert/file-to-md":                        "computes",
	"POST /routes/tools/convert/url-to-md":                         "computes",
	"POST /routes/tools/embed/knowledge":                           "computes what is stored already anew",
	"POST /routes/tools/prepare/context":                           "reads",
	"POST /mcp":                                                    "what it calls is kept itself",
	"DELETE /mcp":                                                  "there are no sessions to end",
	"POST /v1/chat/completions":                                    "computes",
	"POST /v1/embeddings":                                          "computes",
	"POST /routes/context/pulse-content":                           "reads",
	"POST /routes/tools/generate/answer":                           "computes",
	"POST /routes/tools/synthesis":                                 "computes",
	"PUT /routes/user-preferences":                                 "how one likes one's own pages",
	"DELETE /routes/user-preferences":                              "how one likes one's own pages",
	"PUT /routes/user-preferences/setting/{key}":                   "how one likes one's own pages",
	"DELETE /routes/user-preferences/setting/{key}":                "how one likes one's own pages",
	"POST /routes/tenant-profile/domain/verify":                    "asks the DNS, which holds no record of this tenant here",
}

// act is a call that succeeds.
type act struct{ row, path, bearer, body string }

// acts are successful calls of every route that changes something, in an order in which each can succeed.
func (e *estate) acts(t *testing.T) []act {
	t.Helper()
	root, owner := e.bearer("super admin"), e.bearer("owner")
	_, leaving := e.provision(t, root, "leaving")
	channel := e.call(t, "POST", "/routes/tenants/mine/channels", owner, `{"provider":"infobip","number":"+447860099111","base_url":"https://x.api.infobip.com","worker":"n8n","credentials":{"api_key":"SECRT-1"}}`)
	require.Equal(t, 201, channel.Code, channel.Body)
	template := e.call(t, "POST", "/routes/tenants/mine/waba-templates", owner, `{"name":"old","language":"en","category":"utility","body":"Hello."}`)
	require.Equal(t, 201, template.Code, template.Body)
	inbound := e.call(t, "POST", "/webhook/inbound", e.bearer("token with every scope"), `{"from":"+385911111112","message":"hello"}`)
	require.Equal(t, 202, inbound.Code, inbound.Body)
	var list struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(e.call(t, "GET", "/routes/conversations", owner, "").Body.Bytes(), &list))
	talk := "/routes/conversations/" + list.Conversations[0].ID
	item := e.call(t, "POST", "/routes/knowledge/mine/index", owner, `{"title":"One","content":"One is one."}`).field("id")
	site := "/routes/knowledge/mine/sites/" + e.call(t, "POST", "/routes/knowledge/mine/urls", owner, `{"url":"https://mine.example/","scope":"site"}`).field("id")
	sets := "/routes/knowledge/mine/evaluations"
	set := sets + "/" + e.call(t, "POST", sets, owner, `{"name":"First","questions":[{"text":"What is one?","expected":["`+item+`"]}]}`).field("id")
	run := e.call(t, "POST", set+"/runs", owner, "")
	release := "/routes/knowledge/mine/releases/" + e.call(t, "POST", "/routes/knowledge/mine/releases", owner, `{"name":"First"}`).field("id")
	change := release + "/changes/" + e.call(t, "PUT", release+"/changes", owner, `{"title":"New","content":"Two is two."}`).field("id")
	require.Equal(t, 202, run.Code, run.Body)
	published, err := flomastr.ParseID[flomastr.ItemID](item)
	require.NoError(t, err)
	mine, err := flomastr.ParseID[flomastr.TenantID](e.mine)
	require.NoError(t, err)
	require.NoError(t, postgres.NewKnowledgeStore(e.db).Publish(t.Context(), mine, contextengine.Publication{
		Item: published, Version: 1, Title: "One", Source: contextengine.FromPaste, Markdown: "One was one.", Hash: []byte("x"),
	}))
	unanswered := "/routes/knowledge/mine/unanswered/" + e.unanswered(t, e.mine, "Do you repair boats?")
	token := e.call(t, "POST", "/routes/tenants/mine/api-tokens", owner, `{"name":"x","scopes":["knowledge:read"]}`).field("id")
	invited, link := e.invite(t, owner, "mine", "invited@mine.test", "member")
	gone, _ := e.invite(t, owner, "mine", "gone@mine.test", "member")
	members := "/routes/tenants/mine/members"
	user := e.call(t, "POST", "/routes/users", root, `{"email":"reads@people.test","role":"user"}`).field("id")
	visit := e.call(t, "POST", "/routes/admin/visits", root, `{"tenant_id":"leaving","reason":"They asked for help.","minutes":5}`).field("id")
	require.NoError(t, postgres.NewWhatsAppStore(e.db).RaiseAlert(t.Context(), mine, whatsapp.Alert{Kind: whatsapp.AlertNotice, Severity: "warning", Object: "x"}))
	var raised struct{ Alerts []struct{ ID string } }
	require.NoError(t, json.Unmarshal(e.call(t, "GET", "/routes/tenants/mine/alerts?open=true", owner, "").Body.Bytes(), &raised))
	second := e.call(t, "POST", "/webhook/inbound", e.bearer("token with every scope"), `{"from":"+385911111113","message":"hello"}`)
	require.Equal(t, 202, second.Code, second.Body)
	var people struct {
		Conversations []struct{ Contact struct{ ID string } }
	}
	require.NoError(t, json.Unmarshal(e.call(t, "GET", "/routes/conversations", owner, "").Body.Bytes(), &people))
	var broken string
	require.NoError(t, e.db.InTenant(t.Context(), mine, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
			INSERT INTO media (tenant_id, id, channel_id, conversation_id, message_id, kind, source, state, reason)
			SELECT $1, gen_random_uuid(), channel_id, id, gen_random_uuid(), 'image', '{}', 'failed', 'unreachable'
			FROM conversations
			WHERE tenant_id = $1
			LIMIT 1
			RETURNING id::text`, mine).Scan(&broken)
	}))
	ask := func(title string) string {
		return "/routes/tasks/" + e.call(t, "POST", "/routes/tasks?tenant_id=mine", owner, `{"title":"`+title+`"}`).field("task_id")
	}
	first, other := ask("One?"), ask("Two?")
	one, two := people.Conversations[0].Contact.ID, people.Conversations[1].Contact.ID
	remembered := "/routes/contacts/" + one + "/memory"
	noted := e.call(t, "POST", remembered, owner, `{"subject":"size","text":"M"}`)
	require.Equal(t, 201, noted.Code, noted.Body)
	return []act{
		{"POST /routes/contacts/{id}/memory", remembered, owner, `{"subject":"colour","text":"red"}`},
		{"PATCH /routes/contacts/{id}/memory", remembered, owner, `{"memory_id":"` + noted.field("id") + `","text":"L"}`},
		{"PUT /routes/contacts/{id}/memory/consent", remembered + "/consent", owner, `{"sensitive":true,"proof":"on the phone"}`},
		{"DELETE /routes/contacts/{id}/memory", remembered, owner, ""},
		{"POST /routes/contacts/{id}/merge", "/routes/contacts/" + one + "/merge", owner, `{"contact_id":"` + two + `"}`},
		{"POST /routes/tasks", "/routes/tasks?tenant_id=mine", owner, `{"title":"Three?"}`},
		{"POST /routes/tasks/{task_id}/assign", first + "/assign", owner, "{}"},
		{"POST /routes/tasks/{task_id}/resolve", first + "/resolve", owner, `{"action":"rejected"}`},
		{"POST /routes/api/v1/tasks", "/routes/api/v1/tasks?tenant_id=mine", owner, `{"title":"Four?"}`},
		{"POST /routes/api/v1/tasks/{task_id}/assign", strings.Replace(other, "/routes/", "/routes/api/v1/", 1) + "/assign", owner, "{}"},
		{"POST /routes/api/v1/tasks/{task_id}/resolve", strings.Replace(other, "/routes/", "/routes/api/v1/", 1) + "/resolve", owner, `{"action":"rejected"}`},
		{"POST /routes/media", "/routes/media", owner, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nSome words.\r\n--b--\r\n"},
		{"POST /routes/media/{id}/fetch", "/routes/media/" + broken + "/fetch", owner, ""},
		{"POST /routes/contacts/{id}/unmerge", "/routes/contacts/" + two + "/unmerge", owner, ""},
		{"POST /routes/tenants/{tenant_id}/alerts/{id}/resolve", "/routes/tenants/mine/alerts/" + raised.Alerts[0].ID + "/resolve", owner, ""},
		{"DELETE /routes/admin/visits/{id}", "/routes/admin/visits/" + visit, root, ""},
		{"POST /routes/admin/visits", "/routes/admin/visits", root, `{"tenant_id":"other","reason":"They asked for help.","minutes":5}`},
		{"POST /routes/users", "/routes/users", root, `{"email":"more@people.test","role":"admin"}`},
		{"PATCH /routes/users/{id}", "/routes/users/" + user, root, `{"role":"admin"}`},
		{"DELETE /routes/users/{id}", "/routes/users/" + user, root, ""},
		{"POST /routes/tenants/{tenant_slug}/members", members, owner, `{"email":"third@mine.test","role":"member"}`},
		{"POST /routes/tenants/{tenant_slug}/members/{id}/invite-again", members + "/" + gone + "/invite-again", owner, ""},
		{"DELETE /routes/tenants/{tenant_slug}/members/{id}", members + "/" + gone, owner, ""},
		{"POST /auth/invitations/{token}/accept", "/auth/invitations/" + link + "/accept", "", `{"password":"` + goodPassword + `"}`},
		{"PATCH /routes/tenants/{tenant_slug}/members/{id}", members + "/" + invited, owner, `{"role":"admin"}`},
		{"POST /auth/sign-in", "/auth/sign-in", "", `{"email":"` + rootEmail + `","password":"` + goodPassword + `"}`},
		{"POST /routes/suspend", "/routes/suspend", root, `{"tenant_id":"leaving","reason":"unpaid"}`},
		{"POST /routes/reactivate", "/routes/reactivate", root, `{"tenant_id":"leaving","reason":"paid"}`},
		{"POST /routes/soft-delete", "/routes/soft-delete", root, `{"tenant_id":"leaving","reason":"asked"}`},
		{"POST /routes/restore", "/routes/restore", root, `{"tenant_id":"leaving","reason":"asked"}`},
		{"DELETE /routes/tenants/{tenant_slug}", "/routes/tenants/leaving", root, `{"reason":"asked"}`},
		{"POST /routes/hard-delete", "/routes/hard-delete", root, `{"tenant_id":"leaving","reason":"asked","confirm_slug":"leaving"}`},
		{"POST /auth/password", "/auth/password", leaving, `{"old":"` + goodPassword + `","new":"another good password 7"}`},
		{"POST /routes/tenants", "/routes/tenants", root, `{"slug":"fresh","name":"Fresh"}`},
		{"PUT /routes/tenants/{tenant_slug}", "/routes/tenants/mine", root, `{"name":"Mine"}`},
		{"POST /routes/api/v1/admin/tenants/provision", "/routes/api/v1/admin/tenants/provision", root, `{"tenant_slug":"newer","owner_email":"o@newer.test"}`},
		{"PUT /routes/tenant-profile", "/routes/tenant-profile?tenant_id=mine", owner, `{"company":"Mine Ltd"}`},
		{"PUT /routes/branding", "/routes/branding?tenant_id=mine", owner, `{"brand_primary":"#123456"}`},
		{"POST /routes/branding/upload-logo", "/routes/branding/upload-logo?tenant_id=mine", owner, logoForm},
		{"POST /routes/branding/{tenant_id}/upload-logo", "/routes/branding/mine/upload-logo", owner, logoForm},
		{"DELETE /routes/branding/reset", "/routes/branding/reset?tenant_id=mine", owner, ""},
		{"DELETE /routes/branding/{tenant_id}/reset", "/routes/branding/mine/reset", owner, ""},
		{"PUT /routes/tenants/{tenant_slug}/policies", "/routes/tenants/mine/policies", owner, `{"hot_ttl_days":30}`},
		{"POST /routes/tenants/{tenant_slug}/api-tokens", "/routes/tenants/mine/api-tokens", owner, `{"name":"y","scopes":["knowledge:read"]}`},
		{"DELETE /routes/tenants/{tenant_slug}/api-tokens/{id}", "/routes/tenants/mine/api-tokens/" + token, owner, ""},
		{"POST /routes/conversations/{id}/assign", talk + "/assign", owner, `{}`},
		{"POST /routes/conversations/{id}/reply", talk + "/reply", owner, `{"text":"Hello back"}`},
		{"POST /messages/send", "/messages/send", owner, `{"to":"+385911111112","message":"Hello again"}`},
		{"POST /routes/conversations/{id}/resume", talk + "/resume", owner, ""},
		{"POST /routes/conversations/{id}/handover", talk + "/handover", owner, `{"reason":"asked"}`},
		{"POST /routes/conversations/{id}/close", talk + "/close", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/index", "/routes/knowledge/mine/index", owner, `{"title":"Two","content":"Two is two."}`},
		{"POST /routes/knowledge/{tenant_slug}/files", "/routes/knowledge/mine/files", owner, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\n# A\n\nwords\r\n--b--\r\n"},
		{"POST /routes/knowledge/{tenant_slug}/urls", "/routes/knowledge/mine/urls", owner, `{"url":"https://mine.example/page"}`},
		{"PATCH /routes/knowledge/{tenant_slug}/sites/{id}", site, owner, `{"every":"daily"}`},
		{"POST /routes/knowledge/{tenant_slug}/sites/{id}/stop", site + "/stop", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/sites/{id}/crawl", site + "/crawl", owner, ""},
		{"DELETE /routes/knowledge/{tenant_slug}/sites/{id}", site, owner, ""},
		{"PUT /routes/knowledge/{tenant_slug}/embedder", "/routes/knowledge/mine/embedder", owner, `{"base_url":"` + e.embeddings + `/v1","model":"nomic-embed-text","key":"` + embeddings.Key + `"}`},
		{"DELETE /routes/knowledge/{tenant_slug}/embedder", "/routes/knowledge/mine/embedder", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/evaluations", sets, owner, `{"name":"Second","questions":[{"text":"What is two?","expected":[]}]}`},
		{"POST /routes/knowledge/{tenant_slug}/evaluations/import", sets + "/import", owner, `{"name":"Third","csv":"question,expected\nWhat is one?,One\n"}`},
		{"PUT /routes/knowledge/{tenant_slug}/evaluations/{id}", set, owner, `{"name":"Fourth","questions":[{"text":"What is two?","expected":[]}]}`},
		{"PUT /routes/knowledge/{tenant_slug}/evaluations/{id}/import", set + "/import", owner, `{"name":"Fifth","csv":"question,expected\nWhat is one?,One\n"}`},
		{"POST /routes/knowledge/{tenant_slug}/evaluations/{id}/runs/{run}/cancel", set + "/runs/" + run.field("id") + "/cancel", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/evaluations/{id}/runs", set + "/runs", owner, ""},
		{"DELETE /routes/knowledge/{tenant_slug}/evaluations/{id}", set, owner, ""},
		{"PUT /routes/knowledge/{tenant_slug}/releases/{id}/changes", release + "/changes", owner, `{"title":"Three","content":"Three is three."}`},
		{"DELETE /routes/knowledge/{tenant_slug}/releases/{id}/changes/{change}", change, owner, ""},
		{"DELETE /routes/knowledge/{tenant_slug}/releases/{id}", release, owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/releases", "/routes/knowledge/mine/releases", owner, `{"name":"Second"}`},
		{"POST /routes/knowledge/{tenant_slug}/items/{id}/reindex", "/routes/knowledge/mine/items/" + item + "/reindex", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/items/{id}/versions/{version}/restore", "/routes/knowledge/mine/items/" + item + "/versions/1/restore", owner, ""},
		{"DELETE /routes/knowledge/{tenant_slug}/items/{id}", "/routes/knowledge/mine/items/" + item, owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/unanswered/{id}/dismiss", unanswered + "/dismiss", owner, ""},
		{"POST /routes/knowledge/{tenant_slug}/unanswered/{id}/take-up", unanswered + "/take-up", owner, ""},
		{"POST /routes/add-paste", "/routes/add-paste", owner, `{"title":"Three","content":"Three is three.","tenant_id":"mine"}`},
		{"POST /routes/context/publish-card", "/routes/context/publish-card", owner, `{"question":"Five?","answer":"Five is five.","tenant_id":"mine"}`},
		{"POST /routes/context/add-paste", "/routes/context/add-paste", owner, `{"title":"Four","content":"Four is four.","tenant_id":"mine"}`},
		{"POST /routes/tenants/{tenant_id}/channels", "/routes/tenants/mine/channels", owner, `{"provider":"infobip","number":"+447860099222"}`},
		{"PATCH /routes/tenants/{tenant_id}/channels/{id}", "/routes/tenants/mine/channels/" + channel.field("id"), owner, `{"name":"Front"}`},
		{"PUT /routes/tenants/{tenant_id}/whatsapp-settings", "/routes/tenants/mine/whatsapp-settings", owner, `{"name":"Desk"}`},
		{"POST /routes/tenants/{tenant_id}/channels/{id}/webhook-secret", "/routes/tenants/mine/channels/" + channel.field("id") + "/webhook-secret", owner, ""},
		{"DELETE /routes/tenants/{tenant_id}/channels/{id}/webhook-secret/previous", "/routes/tenants/mine/channels/" + channel.field("id") + "/webhook-secret/previous", owner, ""},
		{"POST /routes/tenants/{tenant_id}/waba-templates", "/routes/tenants/mine/waba-templates", owner, `{"name":"new","language":"en","category":"utility","body":"Hello."}`},
		{"DELETE /routes/tenants/{tenant_id}/waba-templates/{id}", "/routes/tenants/mine/waba-templates/" + template.field("id"), owner, ""},
		{"DELETE /routes/tenants/{tenant_id}/channels/{id}", "/routes/tenants/mine/channels/" + channel.field("id"), owner, ""},
	}
}

// logoForm is an upload of a logo.
const logoForm = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.svg\"\r\n\r\n" +
	`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#0A7D4F"/></svg>` + "\r\n--b--\r\n"

// actsOnAnAccount are what a person does to their own account, each of which needs what the one before has answered.
func (e *estate) actsOnAnAccount(t *testing.T, recorded func(row string, call func() answer) answer) {
	t.Helper()
	_, access := e.join(t, e.bearer("owner"), "mine", "self@mine.test", "member")
	post := func(path, body string) answer {
		return recorded("POST "+path, func() answer { return e.call(t, "POST", path, access, body) })
	}
	both := func(otp string) string { return `{"password":"` + newPassword + `","otp":"` + otp + `"}` }
	e.signIn(t, "self@mine.test", newPassword)
	var list struct {
		Sessions []struct {
			ID      string
			Current bool
		}
	}
	require.NoError(t, json.Unmarshal(e.call(t, "GET", "/auth/sessions", access, "").Body.Bytes(), &list))
	for _, session := range list.Sessions {
		if !session.Current {
			recorded("DELETE /auth/sessions/{id}", func() answer { return e.call(t, "DELETE", "/auth/sessions/"+session.ID, access, "") })
			break
		}
	}
	e.signIn(t, "self@mine.test", newPassword)
	post("/auth/sessions/end-others", "")
	secret := post("/auth/totp", `{"password":"`+newPassword+`"}`).field("secret")
	post("/auth/totp/confirm", `{"otp":"`+code(t, secret, -1)+`"}`)
	post("/auth/totp/recovery-codes", both(code(t, secret, 0)))
	post("/auth/totp/remove", both(code(t, secret, 1)))
	post("/auth/reset-request", `{"email":"self@mine.test"}`)
	post("/auth/reset", `{"token":"`+e.resetToken(t, "self@mine.test")+`","password":"`+goodPassword+`"}`)
	// Signing out goes by the cookie.
	in := e.signIn(t, rootEmail, goodPassword)
	recorded("POST /auth/sign-out", func() answer {
		return e.call(t, "POST", "/auth/sign-out", "", "", "Cookie", in.Header().Get("Set-Cookie"))
	})
}

// send calls; a body that begins with the boundary "--b" is a form.
func (e *estate) send(t *testing.T, method string, a act) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, a.path, strings.NewReader(a.body))
	r.Host = "localhost:8000"
	r.Header.Set("Authorization", "Bearer "+a.bearer)
	if a.bearer == "" {
		r.Header.Del("Authorization")
	}
	switch {
	case strings.HasPrefix(a.body, "--b"):
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	case a.body != "":
		r.Header.Set("Content-Type", "application/json")
	}
	out := httptest.NewRecorder()
	e.handler.ServeHTTP(out, r)
	return answer{out, t}
}

func (e *estate) bearer(name string) string {
	for _, who := range e.callers {
		if who.name == name {
			return who.bearer
		}
	}
	panic("nobody is called " + name)
}

// newest is when the newest line of any log was written that says that a thing was done.
func (e *estate) newest(t *testing.T) (at time.Time) {
	t.Helper()
	require.NoError(t, e.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
			SELECT greatest((SELECT max(at) FROM audit_log WHERE outcome = 'done'), (SELECT max(at) FROM platform_audit_log WHERE outcome = 'done'))`).Scan(&at)
	}))
	return at
}

func TestEveryChangeThroughTheAPIIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.ahead = 0 // the sign-ins are fresh: also what ends a tenant's life succeeds
	done := map[string]bool{}
	recorded := func(row string, call func() answer) answer {
		before := e.newest(t)
		got := call()
		require.Less(t, got.Code, 300, "%s: %s", row, got.Body)
		require.Greater(t, e.newest(t), before, "%s changed something and left no line", row)
		done[row] = true
		return got
	}
	for _, a := range e.acts(t) {
		method, _, _ := strings.Cut(a.row, " ")
		recorded(a.row, func() answer { return e.send(t, method, a) })
	}
	e.actsOnAnAccount(t, recorded)
	for _, row := range e.api.Rows() {
		name := row.Method + " " + row.Path
		if row.Method == http.MethodGet || unrecorded[name] != "" {
			continue
		}
		require.True(t, done[name], "%s: call it in acts above, or say in unrecorded why it needs no line", name)
	}
}

func TestAuditLogIsReadExportedAndVerified(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	owner := e.bearer("owner")
	for _, name := range []string{"a", "=1+1"} {
		require.Equal(t, 201, e.call(t, "POST", "/routes/tenants/mine/api-tokens", owner, `{"name":"`+name+`","scopes":["knowledge:read"]}`).Code)
	}
	var page struct {
		Lines []struct {
			Seq               int64
			Actor, Action, ID string
			RequestID         string `json:"request_id"`
		}
		NextCursor string `json:"next_cursor"`
	}
	read := func(path, bearer string) {
		got := e.call(t, "GET", path, bearer, "")
		require.Equal(t, 200, got.Code, got.Body)
		page.Lines, page.NextCursor = nil, ""
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &page))
	}
	read("/routes/tenants/mine/audit-log?limit=1", owner)
	require.Equal(t, "api_token.created", page.Lines[0].Action)
	require.True(t, strings.HasPrefix(page.Lines[0].RequestID, "req_"))
	newest := page.Lines[0].Seq
	read("/routes/tenants/mine/audit-log?limit=1&cursor="+page.NextCursor, owner)
	require.Equal(t, newest-1, page.Lines[0].Seq)
	read("/routes/tenants/mine/audit-log?action=tenant", owner)
	require.NotEmpty(t, page.Lines)
	for _, l := range page.Lines {
		require.True(t, strings.HasPrefix(l.Action, "tenant."), l.Action)
	}
	read("/routes/tenants/mine/audit-log?from=2100-01-01T00:00:00Z", owner)
	require.Empty(t, page.Lines)
	read("/routes/admin/audit-log?action=session", e.bearer("super admin"))
	require.NotEmpty(t, page.Lines)
	require.Equal(t, 400, e.call(t, "GET", "/routes/tenants/mine/audit-log?cursor=x", owner, "").Code)

	export := e.call(t, "GET", "/routes/tenants/mine/audit-log/export", owner, "")
	require.Equal(t, 200, export.Code)
	require.Contains(t, export.Header().Get("Content-Type"), "text/csv")
	cells, err := csv.NewReader(export.Body).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "audit_log.exported", cells[1][4], "an export is a line of its own")
	export = e.call(t, "GET", "/routes/tenants/mine/audit-log/export?format=jsonl&action=api_token", owner, "")
	for line := range strings.Lines(export.Body.String()) {
		require.True(t, json.Valid([]byte(line)))
		require.Contains(t, line, "api_token.")
	}
	for path, who := range map[string]string{"/routes/tenants/mine/audit-log/verify": owner, "/routes/admin/audit-log/verify": e.bearer("super admin")} {
		got := e.call(t, "GET", path, who, "")
		require.Equal(t, 200, got.Code)
		require.Contains(t, got.Body.String(), `"whole":true`, path)
	}
}

func TestRefusedPrivilegedActsAreRecordedAndBounded(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	count := func(table, where string) (n int) {
		require.NoError(t, e.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` WHERE action = 'access.denied' AND outcome = 'denied' AND `+where).Scan(&n)
		}))
		return n
	}
	// A member of the tenant, where the admin may.
	require.Equal(t, 403, e.call(t, "GET", "/routes/tenants/mine/api-tokens", e.bearer("member"), "").Code)
	require.Equal(t, 1, count("audit_log", "object = 'GET /routes/tenants/mine/api-tokens' AND tenant_id = '"+e.mine+"' AND request_id <> ''"))
	// A stranger: not in the log of a tenant that is none of theirs.
	require.Equal(t, 404, e.call(t, "GET", "/routes/tenants/other/channels", e.bearer("member"), "").Code)
	require.Equal(t, 1, count("platform_audit_log", "object = 'GET /routes/tenants/other/channels'"))
	require.Zero(t, count("audit_log", "tenant_id = '"+e.other+"'"))
	require.Equal(t, 403, e.call(t, "GET", "/routes/tenants", e.bearer("admin"), "").Code)
	require.Equal(t, 1, count("platform_audit_log", "object = 'GET /routes/tenants'"))
	// What anybody signed in may try is no such act, and neither is a call of nobody.
	require.Equal(t, 401, e.call(t, "GET", "/routes/tenants", "", "").Code)
	require.Equal(t, 404, e.call(t, "GET", "/routes/conversations/"+nowhere, e.bearer("member"), "").Code)
	require.Equal(t, 2, count("platform_audit_log", "true"))
	for range 50 {
		require.Equal(t, 403, e.call(t, "GET", "/routes/tenants", e.bearer("stranger"), "").Code)
	}
	require.Equal(t, 22, count("platform_audit_log", "true"), "a flood leaves a bounded number of lines")
}
