package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
)

// member enrols somebody with a role in the line's tenant and gives their access token and subject.
func (l *line) member(t *testing.T, email string, role identity.Role) (bearer, subject string) {
	t.Helper()
	account, err := l.house.provider.Enrol(t.Context(), flomastr.ActorSystem, email, goodPassword)
	require.NoError(t, err)
	require.NoError(t, l.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role)
			SELECT id, $2, $3, $4, $5, $6 FROM tenants WHERE slug = $1`,
			l.slug, flomastr.NewID[flomastr.MembershipID](), identity.LocalIssuer, account.ID.String(), email, string(role))
		return err
	}))
	return l.signIn(t, email, goodPassword).field("access_token"), account.ID.String()
}

// thread stores a first message of somebody and gives the conversation's id.
func (l *line) thread(t *testing.T, phone string) string {
	t.Helper()
	got := l.call(t, "POST", "/routes/api/v1/conversations/ingest", l.service, fmt.Sprintf(`{"contact_number":%q,"message_content":"hello from %s"}`, phone, phone))
	require.Equal(t, 200, got.Code, got.Body)
	return got.field("thread_id")
}

// inbox is a tenant with three conversations: nobody's, Ana's and Ben's.
type inbox struct {
	*line
	ana, ben, admin string // access tokens; Ana and Ben are members
	threads         map[string]string
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{line: newLine(t), threads: map[string]string{}}
	in.connect(t, "n8n")
	var anaID, benID string
	in.ana, anaID = in.member(t, "ana@people.test", identity.RoleMember)
	in.ben, benID = in.member(t, "ben@people.test", identity.RoleMember)
	in.admin, _ = in.member(t, "admin@people.test", identity.RoleAdmin)
	for phone, who := range map[string]string{"+385911111101": "nobody", "+385911111102": "ana", "+385911111103": "ben"} {
		in.threads[who] = in.thread(t, phone)
	}
	for who, id := range map[string]string{"ana": anaID, "ben": benID} {
		got := in.call(t, "POST", "/routes/conversations/"+in.threads[who]+"/assign", in.owner, `{"user_id":"`+id+`"}`)
		require.Equal(t, 200, got.Code, got.Body)
	}
	return in
}

func (in *inbox) scope(t *testing.T, scope string) {
	t.Helper()
	require.Equal(t, 200, in.call(t, "PUT", "/routes/tenants/"+in.slug+"/policies", in.owner, `{"inbox_scope":"`+scope+`"}`).Code)
}

// listed names the conversations that somebody's list holds.
func (in *inbox) listed(t *testing.T, bearer string) map[string]bool {
	t.Helper()
	got := in.call(t, "GET", "/routes/conversations", bearer, "")
	require.Equal(t, 200, got.Code, got.Body)
	var body struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
	seen := map[string]bool{}
	for _, c := range body.Conversations {
		for who, id := range in.threads {
			if id == c.ID {
				seen[who] = true
			}
		}
	}
	return seen
}

func TestAMemberSeesAndTouchesWhatTheInboxScopeLetsThem(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	everything := map[string]bool{"nobody": true, "ana": true, "ben": true}
	calls := []struct{ method, path, body string }{
		{"GET", "", ""},
		{"GET", "/messages", ""},
		{"POST", "/reply", `{"text":"hi"}`},
		{"POST", "/assign", `{}`},
		{"POST", "/handover", `{}`},
		{"POST", "/resume", ""},
		{"POST", "/close", ""},
	}
	for scope, sees := range map[string]map[string]bool{
		"all": everything, "team": {"nobody": true, "ana": true}, "assigned": {"ana": true},
	} {
		in.scope(t, scope)
		require.Equal(t, sees, in.listed(t, in.ana), scope)
		for _, all := range []string{in.owner, in.admin, in.service} {
			require.Equal(t, everything, in.listed(t, all), scope)
		}
		for who, id := range in.threads {
			if !sees[who] {
				for _, c := range calls {
					got := in.call(t, c.method, "/routes/conversations/"+id+c.path, in.ana, c.body)
					require.Equal(t, 404, got.Code, "%s: %s %s of %s", scope, c.method, c.path, who)
					require.Equal(t, "conversation_not_found", got.field("code"))
				}
				continue
			}
			for _, path := range []string{"", "/messages"} {
				require.Equal(t, 200, in.call(t, "GET", "/routes/conversations/"+id+path, in.ana, "").Code, "%s: %s of %s", scope, path, who)
			}
		}
	}
	in.scope(t, "assigned")
	require.Equal(t, 404, in.call(t, "POST", "/messages/send", in.ana, `{"to":"+385911111103","message":"hi","tenant_id":"`+in.slug+`"}`).Code, "Ben's customer")
	require.NotEqual(t, 404, in.call(t, "POST", "/messages/send", in.ana, `{"to":"+385911111102","message":"hi","tenant_id":"`+in.slug+`"}`).Code, "Ana's own")
	in.scope(t, "team")
	taken := in.call(t, "POST", "/routes/conversations/"+in.threads["nobody"]+"/assign", in.ana, `{}`)
	require.Equal(t, 200, taken.Code, taken.Body)
	require.Equal(t, map[string]bool{"nobody": true, "ana": true}, in.listed(t, in.ana))
	require.Equal(t, map[string]bool{"ben": true}, in.listed(t, in.ben), "what Ana took is no longer everybody's")
}

// happened is a tenant in which a fixed list of events has happened.
type happened struct{ events []httpapi.StreamEvent }

func (happened) Head(context.Context, flomastr.TenantID) (string, error) { return "0", nil }

func (h happened) Since(_ context.Context, _ flomastr.TenantID, after string, _ int) ([]httpapi.StreamEvent, error) {
	if after == "0" {
		return h.events, nil
	}
	return nil, nil
}

func (happened) Touched(context.Context, []flomastr.TenantID, uint64) ([]flomastr.TenantID, uint64, error) {
	return nil, 0, nil
}

func TestAStreamCarriesOnlyWhatItsReaderMaySee(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	var source happened
	for _, who := range []string{"nobody", "ana", "ben"} {
		data := json.RawMessage(`{"conversation_id":"` + in.threads[who] + `","text":"words of ` + who + `"}`)
		source.events = append(source.events, httpapi.StreamEvent{ID: "1-" + who, Type: "message.created", Data: data})
	}
	source.events = append(source.events, httpapi.StreamEvent{ID: "1-last", Type: "knowledge.item", Data: json.RawMessage(`{"id":"x"}`)})
	in.handler = in.withEvents(source)
	read := func(bearer string) string {
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		r := httptest.NewRequestWithContext(ctx, "GET", "/routes/events?tenant_id="+in.slug, nil)
		r.Host = "localhost:8000"
		r.Header.Set("Authorization", "Bearer "+bearer)
		out := &reader{ResponseRecorder: httptest.NewRecorder(), hangUp: hangUp}
		in.handler.ServeHTTP(out, r)
		return out.Body.String()
	}
	for scope, want := range map[string]string{"all": "nobody ana ben", "team": "nobody ana", "assigned": "ana"} {
		in.scope(t, scope)
		got := read(in.ana)
		for _, who := range []string{"nobody", "ana", "ben"} {
			require.Equal(t, strings.Contains(want, who), strings.Contains(got, "words of "+who), "%s: %s in\n%s", scope, who, got)
		}
		require.Contains(t, got, "knowledge.item", "what is about no conversation is everybody's")
		require.Equal(t, 3, strings.Count(read(in.admin), "words of"))
	}
}

// reader hangs up on a stream after its last event.
type reader struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (r *reader) Flush() {
	if strings.Contains(r.Body.String(), "knowledge.item") {
		r.hangUp()
	}
}

func TestAChangedRateHoldsAtOnce(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	call := func() answer { return l.call(t, "GET", "/routes/conversations", l.owner, "") }
	require.Equal(t, 200, call().Code)
	root := l.root(t)
	set := func(rate string) {
		require.Equal(t, 200, l.call(t, "PUT", "/routes/tenants/"+l.slug+"/policies", root, `{"rate_limit_per_minute":`+rate+`}`).Code)
	}
	set("2")
	require.Equal(t, 200, call().Code)
	require.Equal(t, 200, call().Code)
	refused := call()
	require.Equal(t, 429, refused.Code)
	require.Equal(t, "rate_limited", refused.field("code"))
	require.NotEmpty(t, refused.Header().Get("Retry-After"))
	require.Equal(t, 200, l.call(t, "GET", "/routes/tenants/"+l.slug+"/policies", root, "").Code, "the operator is not held up")
}

func TestTheManifestShowsATenantItsPolicies(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	path := "/routes/manifest?tenant_id=" + l.slug
	own := l.call(t, "GET", path, l.owner, "")
	require.Contains(t, own.field("policies"), `"catalog_enabled":true`)
	require.Contains(t, own.field("feature_flags"), `"catalog":true`)
	put := l.call(t, "PUT", "/routes/tenants/"+l.slug+"/policies", l.root(t), `{"catalog_enabled":false}`)
	require.Equal(t, 200, put.Code, put.Body)
	for _, who := range []string{l.owner, l.service} {
		got := l.call(t, "GET", path, who, "")
		require.Contains(t, got.field("policies"), `"catalog_enabled":false`)
		require.Contains(t, got.field("feature_flags"), `"catalog":false`)
	}
	require.NotContains(t, l.call(t, "GET", path, "", "").Body.String(), "catalog", "a stranger learns nothing")
}
