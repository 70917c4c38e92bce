package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/mail"
	"github.com/flomastr/flomastr/mcpserver"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/pulse"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/sim/embeddings"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

// canary stands in everything that the other tenant owns; no answer to anybody else may hold it.
const canary = "CNRY-other"

// estate is the whole API before two tenants, on real engines. Nothing of it works in the background.
type estate struct {
	*house
	schemas map[string]any // of the OpenAPI document
	paths   map[string]any
	mine    string // a tenant's id, and another's
	other   string
	foreign []string // ids of what the other tenant owns
	asks    *evaluation.Examiner
	callers []visitor
	logged  journal
	ahead   time.Duration // how far the door's clock is before the others'

	knowledge  *contextengine.Engine
	embeddings string // where a stand-in embeds
}

// visitor is one kind of caller, and its place in the two tenants.
type visitor struct {
	name, bearer string
	person       bool
	super        bool
	reader       bool // of the platform's pages
	platform     bool
	mine, other  identity.Role    // of a person
	visits       bool             // its place in mine is a visit's
	scopes       []identity.Scope // of mine's token
}

type businessNames struct{ tenants *tenant.Engine }

func (b businessNames) BusinessName(ctx context.Context, id flomastr.TenantID) (string, error) {
	t, err := b.tenants.ByID(ctx, id)
	return t.Name, err
}

// unread answers for every document that it is none, so that no test of rights depends on the converter.
type unread struct{}

func (unread) ReadFile(context.Context, contextengine.Limits, string, []byte) (contextengine.Document, error) {
	return contextengine.Document{}, contextengine.ErrEmptyContent
}

func (unread) ReadURL(context.Context, contextengine.Limits, string) (contextengine.Document, error) {
	return contextengine.Document{}, contextengine.ErrBadURL
}

// offTheWeb is a web without sites.
type offTheWeb struct{}

func (offTheWeb) Robots(context.Context, *url.URL) (contextengine.Robots, error) {
	return contextengine.Robots{}, contextengine.ErrRobots
}

func (offTheWeb) Sitemap(context.Context, string, int) ([]string, error) {
	return nil, contextengine.ErrNoSitemap
}

func (offTheWeb) Visit(context.Context, contextengine.Limits, string, contextengine.Validators) (contextengine.Visit, error) {
	return contextengine.Visit{}, contextengine.ErrBadURL
}

// quiet is a tenant in which nothing happens.
type quiet struct{}

func (quiet) Head(context.Context, flomastr.TenantID) (string, error) { return "1-1", nil }

func (quiet) Since(context.Context, flomastr.TenantID, string, int) ([]httpapi.StreamEvent, error) {
	return nil, nil
}

func (quiet) Touched(context.Context, []flomastr.TenantID, uint64) ([]flomastr.TenantID, uint64, error) {
	return nil, 0, nil
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{house: newHouse(t)}
	log := slog.New(slog.NewJSONHandler(&e.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	tenants := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(e.db), Cold: e.cold, Owners: e.team})
	store := postgres.NewKnowledgeStore(e.db)
	service := httptest.NewServer(embeddings.New())
	t.Cleanup(service.Close)
	e.embeddings = service.URL
	knowledge := contextengine.New(contextengine.Deps{
		Status: store, Content: store, Releases: store, Staged: store, Blobs: blobs, Reader: unread{}, Embedder: offline.New(), Sites: store, Web: offTheWeb{}, Log: log,
		Embedders: store, Services: openai.Services{HTTP: service.Client()}, Sealer: keys,
	})
	e.knowledge = knowledge
	answers := assistant.New(assistant.Deps{Retriever: knowledge, Businesses: businessNames{tenants}, Clock: flomastr.SystemClock})
	e.asks = evaluation.New(evaluation.Deps{Store: postgres.NewEvaluationStore(e.db), Knowledge: knowledge, Assistant: answers, Log: log})
	conversations := whatsapp.New(whatsapp.Deps{
		Store: postgres.NewWhatsAppStore(e.db), Answerer: echo{}, Sealer: keys, Blobs: blobs, Log: log,
		Providers: []provider.Provider{infobip.New(infobip.Config{HTTP: upstream.Client(), StandIn: upstream.URL})},
	})
	e.api = httpapi.New(httpapi.Deps{
		NetworkRate: 1_000_000, // every row as everybody is more than a minute's share
		// The door is ahead of whoever signed in, so that no sign-in is fresh: what would end a tenant's life is let in by
		// its permission and refused afterwards, and both tenants live to the last cell.
		Hosts:      tenant.NewDirectory("localhost", tenants, postgres.NewDomainStore(e.db), flomastr.SystemClock),
		BaseDomain: "localhost", Clock: func() time.Time { return time.Now().Add(e.ahead) }, Log: log, Gate: e.gate, Tenants: tenants,
		Idempotency: postgres.NewIdempotencyStore(e.db), Events: quiet{}, Quotas: postgres.NewQuotaStore(e.db), WaitingTurns: conversations.QueueSize,
		Settings: func() []httpapi.SettingState { return nil },
		Agents:   func(api http.Handler) httpapi.Agents { return mcpserver.New(api, "test") },
		Engines: httpapi.Engines{
			Audit: postgres.NewAuditStore(e.db), SignIns: e.provider, People: e.gate, APITokens: e.store, TenantAdmin: tenants, TenantLife: tenants, Profiles: profilesOf(e.db), Branding: brandingOf(t, e.db),
			Visits: e.store, PlatformUsers: e.store,
			Team: e.team, Accounts: e.provider, Preferences: e.store, KeptMails: mail.NewKeeper(postgres.NewMailStore(e.db), keys), WhatsApp: conversations, Tasks: task.New(postgres.NewTaskStore(e.db), nil), Knowledge: knowledge,
			Pulse:     pulse.New(pulse.Deps{Store: postgres.NewPulseStore(e.db), Knowledge: knowledge, Clock: flomastr.SystemClock}),
			Assistant: answers, Evaluations: e.asks, Memory: memory.New(memory.Deps{Store: postgres.NewMemoryStore(e.db)}),
		},
	})
	e.handler = e.api.Handler()
	e.readDocument(t)
	e.settle(t)
	e.ahead = 11 * time.Minute
	return e
}

func (e *estate) readDocument(t *testing.T) {
	raw, err := e.api.OpenAPI()
	require.NoError(t, err)
	var document struct {
		Paths      map[string]any
		Components struct{ Schemas map[string]any }
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	e.paths, e.schemas = document.Paths, document.Components.Schemas
}

// settle makes the two tenants, everybody who calls, and something of every kind that the other tenant owns.
func (e *estate) settle(t *testing.T) {
	root := e.root(t)
	var mineOwner, otherOwner string
	e.mine, mineOwner = e.provision(t, root, "mine")
	e.other, otherOwner = e.provision(t, root, "other")
	person := func(role identity.Role) string {
		email := string(role) + "x@people.test"
		account, err := e.provider.Enrol(t.Context(), flomastr.ActorSystem, email, goodPassword)
		require.NoError(t, err)
		if role != "" {
			require.NoError(t, e.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), `
					INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role)
					VALUES ($1, $2, $3, $4, $5, $6)`,
					e.mine, flomastr.NewID[flomastr.MembershipID](), identity.LocalIssuer, account.ID.String(), email, string(role))
				return err
			}))
		}
		in := e.signIn(t, email, goodPassword)
		require.Equal(t, 200, in.Code, in.Body)
		return in.field("access_token")
	}
	token := func(owner, slug, name string, scopes ...identity.Scope) answer {
		body, err := json.Marshal(map[string]any{"name": name, "scopes": scopes})
		require.NoError(t, err)
		got := e.call(t, "POST", "/routes/tenants/"+slug+"/api-tokens", owner, string(body))
		require.Equal(t, 201, got.Code, got.Body)
		return got
	}
	all := identity.Scopes()
	theirs := token(otherOwner, "other", canary, all...)
	e.callers = []visitor{
		{name: "nobody"},
		{name: "stranger", bearer: person(""), person: true},
		{name: "member", bearer: person(identity.RoleMember), person: true, mine: identity.RoleMember},
		{name: "admin", bearer: person(identity.RoleAdmin), person: true, mine: identity.RoleAdmin},
		{name: "owner", bearer: mineOwner, person: true, mine: identity.RoleOwner},
		{name: "owner of the other", bearer: otherOwner, person: true, other: identity.RoleOwner},
		{name: "super admin", bearer: root, person: true, super: true},
		{name: "platform admin", bearer: e.platformAdmin(t, root), person: true, reader: true},
		{name: "visiting super admin", bearer: e.visiting(t, "mine"), person: true, super: true, mine: identity.RoleAdmin, visits: true},
		{name: "token with every scope", bearer: token(mineOwner, "mine", "n8n", all...).field("secret"), scopes: all},
		{name: "token with a scope of no route", bearer: token(mineOwner, "mine", "idle", identity.ScopeWorkflowsReport).field("secret"), scopes: []identity.Scope{identity.ScopeWorkflowsReport}},
		{name: "platform token", bearer: platformToken, platform: true},
	}
	made := func(method, path, body string) answer {
		got := e.call(t, method, path, otherOwner, body)
		require.Less(t, got.Code, 300, "%s: %s", path, got.Body)
		return got
	}
	channel := made("POST", "/routes/tenants/other/channels", `{"provider":"infobip","number":"+447860099299","name":"`+canary+`","base_url":"https://x.api.infobip.com","worker":"n8n","credentials":{"api_key":"`+canary+`"}}`)
	item := made("POST", "/routes/knowledge/other/index", `{"title":"`+canary+`","content":"`+canary+` opens at nine."}`)
	site := made("POST", "/routes/knowledge/other/urls", `{"url":"https://`+canary+`.example/","scope":"site"}`)
	template := made("POST", "/routes/tenants/other/waba-templates", `{"name":"theirs","language":"en","category":"utility","body":"`+canary+`"}`)
	questions := made("POST", "/routes/knowledge/other/evaluations", `{"name":"`+canary+`","questions":[{"text":"`+canary+`?","expected":["`+item.field("id")+`"]}]}`)
	run := made("POST", "/routes/knowledge/other/evaluations/"+questions.field("id")+"/runs", "")
	release := made("POST", "/routes/knowledge/other/releases", `{"name":"`+canary+`"}`)
	asked := made("POST", "/routes/tasks?tenant_id=other", `{"title":"`+canary+`"}`)
	inbound := e.call(t, "POST", "/webhook/inbound", theirs.field("secret"), `{"from":"+385911111111","message":"`+canary+`","contact_name":"`+canary+`"}`)
	require.Equal(t, 202, inbound.Code, inbound.Body)
	var list struct{ Conversations []struct{ ID string } }
	require.NoError(t, json.Unmarshal(made("GET", "/routes/conversations", "").Body.Bytes(), &list))
	require.Len(t, list.Conversations, 1)
	other, err := flomastr.ParseID[flomastr.TenantID](e.other)
	require.NoError(t, err)
	require.NoError(t, postgres.NewWhatsAppStore(e.db).RaiseAlert(t.Context(), other, whatsapp.Alert{Kind: whatsapp.AlertNotice, Severity: "warning", Object: canary}))
	var raised struct{ Alerts []struct{ ID string } }
	require.NoError(t, json.Unmarshal(made("GET", "/routes/tenants/other/alerts", "").Body.Bytes(), &raised))
	require.Len(t, raised.Alerts, 1)
	e.foreign = []string{channel.field("id"), item.field("id"), theirs.field("id"), inbound.field("job_id"), list.Conversations[0].ID, raised.Alerts[0].ID, template.field("id"), site.field("id"), questions.field("id"), run.field("id"), release.field("id"), asked.field("task_id")}
}

// platformAdmin signs somebody in who may read the platform's pages.
func (h *house) platformAdmin(t *testing.T, root string) string {
	t.Helper()
	const email = "watch@people.test"
	got := h.call(t, "POST", "/routes/users", root, `{"email":"`+email+`","role":"admin"}`)
	require.Equal(t, 201, got.Code, got.Body)
	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, email, goodPassword)
	require.NoError(t, err)
	return h.signIn(t, email, goodPassword).field("access_token")
}

// visiting signs another super admin in, who begins a visit.
func (h *house) visiting(t *testing.T, slug string) string {
	t.Helper()
	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, visitorEmail, goodPassword)
	require.NoError(t, err)
	bearer := h.signIn(t, visitorEmail, goodPassword).field("access_token")
	got := h.call(t, "POST", "/routes/admin/visits", bearer, `{"tenant_id":"`+slug+`","reason":"They asked for help.","minutes":60}`)
	require.Equal(t, 201, got.Code, got.Body)
	return bearer
}

var parameter = regexp.MustCompile(`\{[a-z_]+\}`)

// visit calls a row for a tenant, naming an object, with the smallest body that its schema takes.
func (e *estate) visit(t *testing.T, row httpapi.Row, who visitor, named, object string) answer {
	t.Helper()
	inPath := false
	path := parameter.ReplaceAllStringFunc(row.Path, func(p string) string {
		if strings.HasPrefix(p, "{tenant") {
			inPath = true
			return named
		}
		if p == "{version}" {
			return "1" // the object's first
		}
		return object
	})
	if !inPath && named != "" {
		path += "?tenant_id=" + named
	}
	body := ""
	if row.Method != http.MethodGet && row.Method != http.MethodDelete {
		body = strings.ReplaceAll(e.body(t, row), placeholder, named)
	}
	r := httptest.NewRequestWithContext(t.Context(), row.Method, path, strings.NewReader(body))
	r.Host = "localhost:8000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+who.bearer)
	}
	// A stream flushes what it has; nothing else does. It is hung up on.
	ctx, hangUp := context.WithCancel(r.Context())
	defer hangUp()
	out := &listener{httptest.NewRecorder(), hangUp}
	e.handler.ServeHTTP(out, r.WithContext(ctx))
	got := answer{out.ResponseRecorder, t}
	require.Less(t, got.Code, 500, "%s %s as %s for %s: %s", row.Method, row.Path, who.name, named, got.Body)
	require.NotEmpty(t, got.Header().Get("X-Request-Id"), row.Path)
	require.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"), row.Path)
	if got.Code >= 400 {
		require.Equal(t, "application/problem+json", got.Header().Get("Content-Type"), "%s %s", row.Method, row.Path)
		require.NotEmpty(t, got.field("code"))
	}
	if who.other == "" && !who.super && !who.platform && !who.reader {
		require.NotContains(t, got.Body.String(), canary, row.Path)
		for _, id := range e.foreign {
			require.NotContains(t, got.Body.String(), id, "%s %s tells %s of the other tenant's", row.Method, row.Path, who.name)
		}
	}
	return got
}

type listener struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (l *listener) Flush() { l.hangUp() }

// body is the smallest body that the OpenAPI document takes for a row. A hidden row is an alias of a documented one that
// ends alike.
func (e *estate) body(t *testing.T, row httpapi.Row) string {
	t.Helper()
	operation, ok := at(e.paths, row.Path, strings.ToLower(row.Method))
	for path := range e.paths {
		if !ok && strings.HasSuffix(path, row.Path[strings.LastIndex(row.Path, "/"):]) {
			operation, ok = at(e.paths, path, strings.ToLower(row.Method))
		}
	}
	require.True(t, ok, "%s is neither documented nor an alias", row.Path)
	schema, ok := at(operation, "requestBody", "content", "application/json", "schema")
	if !ok {
		if _, form := at(operation, "requestBody"); form {
			return "words"
		}
		return ""
	}
	raw, err := json.Marshal(e.sample(schema.(map[string]any)))
	require.NoError(t, err)
	return string(raw)
}

func at(v any, keys ...string) (any, bool) {
	for _, key := range keys {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[key]; !ok {
			return nil, false
		}
	}
	return v, true
}

func (e *estate) sample(schema map[string]any) any {
	if ref, ok := schema["$ref"].(string); ok {
		return e.sample(e.schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any))
	}
	if options, ok := schema["oneOf"].([]any); ok {
		return e.sample(options[0].(map[string]any))
	}
	if values, ok := schema["enum"].([]any); ok {
		return values[0]
	}
	kind := schema["type"]
	if kinds, ok := kind.([]any); ok {
		kind = kinds[0]
	}
	switch kind {
	case "object":
		object := map[string]any{}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			property, _ := at(schema, "properties", name.(string))
			if object[name.(string)] = e.sample(property.(map[string]any)); name == "tenant_id" {
				object[name.(string)] = placeholder
			}
		}
		return object
	case "array":
		return []any{e.sample(schema["items"].(map[string]any))}
	case "integer", "number":
		return 1
	case "boolean":
		return false
	}
	switch schema["format"] {
	case "uuid":
		return nowhere
	case "date-time":
		return "2030-01-01T00:00:00Z"
	}
	if least, ok := schema["minLength"].(float64); ok && least > 5 {
		return strings.Repeat("words ", int(least))[:int(least)]
	}
	return "words"
}

// placeholder stands in a sample for the tenant that a call is about.
const placeholder = "the tenant that is named"

// nowhere is the id of nothing.
const nowhere = "018f0000-0000-7000-8000-000000000001"

type outcome string

const (
	unknown  outcome = "401"
	refused  outcome = "403"
	hidden   outcome = "404, as if nothing were there"
	let      outcome = "let in"
	anything outcome = "any answer below 500"
)

// expected is what the row's permission says, and nothing else: a row that is new is judged by the same rule.
func (e *estate) expected(row httpapi.Row, who visitor, named string) outcome {
	p := row.Permission
	switch {
	case p.IsPublic():
		return anything
	case who.bearer == "":
		return unknown
	case !p.NeedsTenant() && !p.AllowsSuperAdmin(): // any person, about themselves
		if !who.person {
			return refused
		}
		return let
	case !p.NeedsTenant(): // the platform's own people alone
		if !who.super && (!who.reader || !p.AllowsPlatformAdmin()) {
			return refused
		}
		if named == nowhere {
			return hidden
		}
		return let
	case named == nowhere:
		return hidden
	case who.super && p.AllowsSuperAdmin(), who.reader && p.AllowsPlatformAdmin():
		return let
	case who.platform:
		if p.Scope() == "" {
			return refused
		}
		return let
	case !who.person && named != e.mine:
		return hidden
	case !who.person:
		if p.Scope() == "" || !slices.Contains(who.scopes, p.Scope()) {
			return refused
		}
		return let
	}
	role := who.mine
	if named == e.other {
		role = who.other
	}
	// May is asked again with the role alone, so that this table does not repeat its ladder.
	place := identity.Membership{Role: role, Status: status(role)}
	if who.visits {
		place.Visit = flomastr.NewID[flomastr.VisitID]()
	}
	err := identity.May(identity.Caller{Kind: identity.User}, place, p)
	switch flomastr.KindOf(err) {
	case flomastr.NotFound:
		return hidden
	case flomastr.Forbidden:
		return refused
	}
	return let
}

func status(role identity.Role) identity.MembershipStatus {
	if role == "" {
		return ""
	}
	return identity.MembershipActive
}

func (got answer) outcome() outcome {
	switch {
	case got.Code == http.StatusUnauthorized:
		return unknown
	case got.Code == http.StatusForbidden && slices.Contains([]string{identity.ErrForbidden.Code, identity.ErrNotByVisit.Code}, got.field("code")):
		return refused
	case got.Code == http.StatusNotFound && got.field("code") == identity.ErrNotFound.Code:
		return hidden
	}
	return let
}

// shape is all that a caller sees of an answer, without what differs each time.
func (got answer) shape() string {
	header := got.Header().Clone()
	id := header.Get("X-Request-Id")
	header.Del("X-Request-Id")
	return fmt.Sprint(got.Code, header, strings.ReplaceAll(got.Body.String(), id, ""))
}

func TestEveryRouteObeysItsPermissionForEverybody(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	cells := 0
	for _, row := range e.api.Rows() {
		for _, who := range e.callers {
			for _, named := range []string{e.mine, e.other, nowhere} {
				want := e.expected(row, who, named)
				got := e.visit(t, row, who, named, nowhere)
				cells++
				if want == anything || got.outcome() == want {
					continue
				}
				// An object that is missing in a tenant of one's own may look like a missing tenant.
				if want == let && got.outcome() == hidden && strings.Contains(parameterless(row.Path), "{") {
					continue
				}
				t.Errorf("%s %s (%s) as %s for %s: want %s, got %d %s", row.Method, row.Path, row.Permission, who.name, e.nameOf(named), want, got.Code, got.Body)
			}
		}
	}
	require.Greater(t, cells, 1000)
	e.untouched(t)
}

// parameterless is a path without its tenant.
func parameterless(path string) string {
	return strings.NewReplacer("{tenant_slug}", "", "{tenant_id}", "").Replace(path)
}

func (e *estate) nameOf(id string) string {
	switch id {
	case e.mine:
		return "mine"
	case e.other:
		return "the other"
	}
	return "none"
}

// untouched tells that the other tenant still has all that it had.
func (e *estate) untouched(t *testing.T) {
	t.Helper()
	owner := e.callers[slices.IndexFunc(e.callers, func(v visitor) bool { return v.other != "" })]
	for i, path := range []string{"/routes/tenants/other/channels/", "/routes/knowledge/other/items/"} {
		require.Equal(t, 200, e.call(t, "GET", path+e.foreign[i], owner.bearer, "").Code, path)
	}
	require.Contains(t, e.call(t, "GET", "/routes/tenants/other/api-tokens", owner.bearer, "").Body.String(), e.foreign[2])
	conversation := e.call(t, "GET", "/routes/conversations/"+e.foreign[4], owner.bearer, "")
	require.Equal(t, 200, conversation.Code)
	require.Contains(t, conversation.Body.String(), canary)
}

func TestWhatIsForeignLooksAsIfItWereMissing(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	insiders := []string{"owner", "token with every scope"}
	compared := 0
	for _, row := range e.api.Rows() {
		for _, who := range e.callers {
			if row.Permission.IsPublic() || who.bearer == "" || who.super || who.platform || who.other != "" || who.reader && row.Permission.AllowsPlatformAdmin() {
				continue
			}
			missing := e.visit(t, row, who, nowhere, nowhere).shape()
			objects := append([]string{nowhere}, e.foreign...)
			if !strings.Contains(parameterless(row.Path), "{") {
				objects = objects[:1] // it names none, and some count how often they are tried
			}
			for _, object := range objects {
				require.Equal(t, missing, e.visit(t, row, who, e.other, object).shape(), "%s %s as %s: another's tenant", row.Method, row.Path, who.name)
			}
			if !slices.Contains(insiders, who.name) || !strings.Contains(parameterless(row.Path), "{") || strings.HasSuffix(row.Path, "{key}") {
				continue // a key may be any word, another tenant's id among them
			}
			// A parent of one's own and a child of another's.
			missing = e.visit(t, row, who, e.mine, nowhere).shape()
			for _, object := range e.foreign {
				require.Equal(t, missing, e.visit(t, row, who, e.mine, object).shape(), "%s %s as %s: another's object", row.Method, row.Path, who.name)
				compared++
			}
		}
	}
	require.Greater(t, compared, 100)
	e.untouched(t)
}

// public is what answers to everybody, each with the reason. A row that is public and not here fails.
var public = map[string]string{
	"GET /livez":                              "probes have no credentials",
	"GET /files/{token}":                      "a provider fetches what we send, by an address that nobody guesses and that ends",
	"GET /readyz":                             "probes have no credentials",
	"GET /engine":                             "counts over all tenants only",
	"GET /config.json":                        "the sign-in page needs it",
	"GET /routes/manifest":                    "the app's versions",
	"GET /routes/preflight":                   "names of settings, never values",
	"GET /routes/api/v1/platform/preflight":   "its alias",
	"GET /routes/favicon.ico":                 "an icon",
	"GET /favicon.ico":                        "an icon",
	"GET /light.ico":                          "an icon",
	"GET /dark.ico":                           "an icon",
	"POST /auth/sign-in":                      "how one becomes known",
	"POST /auth/refresh":                      "by the cookie",
	"POST /auth/sign-out":                     "by the cookie",
	"GET /auth/.well-known/jwks.json":         "public keys",
	"GET /auth/invitations/{token}":           "by the link's token",
	"POST /auth/invitations/{token}/accept":   "by the link's token",
	"POST /auth/reset-request":                "whoever forgot a password cannot sign in",
	"POST /auth/reset":                        "by the link's token",
	"GET /routes/debug/auth-status":           "says why somebody is not recognised",
	"GET /routes/resolve-tenant":              "a host's name, which stands on its page anyway",
	"POST /routes/resolve-tenant":             "a host's name, which stands on its page anyway",
	"POST /webhook/clerk":                     "by the signature of Clerk's own secret",
	"POST /webhook/infobip/{channel_id}":      "by the channel's own secret",
	"POST /webhook/meta/{channel_id}":         "by the channel's own signature",
	"GET /webhook/meta/{channel_id}":          "by the channel's own verify token",
	"POST /webhook/twilio/{channel_id}":       "by the signature of the channel's own key",
	"GET /routes/api/v1/conversations/health": "health",
	"GET /routes/knowledge/health":            "health; counts for the caller's own tenant only",
	"GET /routes/health":                      "its alias",

	"GET /routes/branding/{tenant_id}/assets/{asset}/{file}": "a logo, by a name that nobody can guess",
}

func TestOnlyListedRoutesArePublic(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Deps{Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler)})
	found := map[string]bool{}
	for _, row := range api.Rows() {
		require.NotEqual(t, identity.Permission{}, row.Permission, row.Path)
		if name := row.Method + " " + row.Path; row.Permission.IsPublic() {
			found[name] = true
			require.Contains(t, public, name, "say in the list above why everybody may call it")
		}
	}
	for name := range public {
		require.True(t, found[name], "%s is on the list and not public", name)
	}
}

// TestACursorFitsOnlyTheListThatGaveIt asks every paged route that the document names.
func TestACursorFitsOnlyTheListThatGaveIt(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.ahead = 0
	root, owner, other := e.root(t), e.callers[4].bearer, e.callers[5].bearer
	paged := 0
	for path, methods := range e.paths {
		get, ok := methods.(map[string]any)["get"].(map[string]any)
		if !ok || !strings.Contains(fmt.Sprint(get["parameters"]), "name:cursor") {
			continue
		}
		paged++
		who := owner
		if strings.Contains(path, "/admin/") {
			who = root
		}
		target := strings.NewReplacer("{tenant_slug}", "mine", "{tenant_id}", "mine", "{id}", flomastr.NewID[flomastr.ConversationID]().String()).Replace(path)
		for _, forged := range []string{"x", "12", flomastr.NewID[flomastr.MembershipID]().String(), "MTIzNCBhYmM", strings.Repeat("A", 100)} {
			got := e.call(t, "GET", target+"?cursor="+forged, who, "")
			require.Equal(t, 400, got.Code, "%s: %s", path, got.Body)
			require.Equal(t, "invalid_cursor", got.field("code"), path)
		}
	}
	require.Positive(t, paged)

	page := e.call(t, "GET", "/routes/tenants/mine/audit-log?limit=1&outcome=done", owner, "")
	require.Equal(t, 200, page.Code, page.Body)
	cursor := page.field("next_cursor")
	require.NotEmpty(t, cursor)
	for name, c := range map[string]struct {
		path, who string
		want      int
	}{
		"the list itself":            {"/routes/tenants/mine/audit-log?outcome=done", owner, 200},
		"by its id, in longer pages": {"/api/tenants/" + e.mine + "/audit-log?outcome=done&limit=7", owner, 200},
		"another filter":             {"/routes/tenants/mine/audit-log?outcome=denied", owner, 400},
		"no filter":                  {"/routes/tenants/mine/audit-log?limit=1", owner, 400},
		"another list":               {"/routes/tenants/mine/members?outcome=done", owner, 400},
		"another tenant's":           {"/routes/tenants/other/audit-log?outcome=done", other, 400},
		"the platform's":             {"/routes/admin/audit-log?outcome=done", root, 400},
	} {
		got := e.call(t, "GET", c.path+"&cursor="+cursor, c.who, "")
		require.Equal(t, c.want, got.Code, "%s: %s", name, got.Body)
	}
}

// repeatable is every POST that takes no Idempotency-Key, each with the reason why sending it twice does no harm, or why
// its answer must not be kept.
var repeatable = map[string]string{
	"/auth/sign-in":                         "the answer is a secret",
	"/auth/refresh":                         "the answer is a secret",
	"/auth/sign-out":                        "ends what may have ended",
	"/auth/password":                        "the answer is a secret; the old password no longer fits",
	"/auth/reset-request":                   "another mail does no harm; counted",
	"/auth/reset":                           "a token fits once",
	"/auth/sessions/end-others":             "ends what may have ended",
	"/auth/totp":                            "the answer is a secret",
	"/auth/totp/confirm":                    "the answer is a secret",
	"/auth/totp/recovery-codes":             "the answer is a secret",
	"/auth/totp/remove":                     "there is nothing left for a second one",
	"/auth/invitations/{token}/accept":      "a token fits once",
	"/routes/tenants/{tenant_slug}/members": "the answer may hold a link that is a right; an address is invited once",
	"/routes/tenants/{tenant_slug}/members/{id}/invite-again":  "the answer may hold a link that is a right",
	"/routes/tenants/{tenant_slug}/api-tokens":                 "the answer is a secret",
	"/routes/tenants/{tenant_id}/channels":                     "the answer is a secret; a number is connected once",
	"/routes/tenants/{tenant_id}/channels/{id}/webhook-secret": "the answer is a secret",
	"/routes/tenants/{tenant_id}/channels/{id}/test":           "asks the provider, changes nothing",
	"/routes/tenants/{tenant_id}/dead-letters/{id}/resend":     "what was dealt with is no dead letter any more",
	"/routes/tenants/{tenant_id}/dead-letters/{id}/discard":    "what was dealt with is no dead letter any more",
	"/routes/tenants/{tenant_id}/waba-templates/sync":          "reads the same list again",
	"/routes/tenants/{tenant_id}/waba-templates/{id}/submit":   "what was submitted is no draft any more",
	"/routes/tenants/{tenant_id}/waba-templates/{id}/preview":  "reads",
	"/routes/suspend":                                         "a second one is in the wrong state",
	"/routes/reactivate":                                      "a second one is in the wrong state",
	"/routes/soft-delete":                                     "a second one is in the wrong state",
	"/routes/restore":                                         "a second one is in the wrong state",
	"/routes/hard-delete":                                     "there is nothing left for a second one",
	"/routes/users":                                           "an address has one role",
	"/routes/admin/visits":                                    "one visit runs at a time",
	"/routes/resolve-tenant":                                  "reads",
	"/webhook/clerk":                                          "the message ids say what is the same",
	"/webhook/infobip/{channel_id}":                           "the provider's message ids say what is the same",
	"/webhook/meta/{channel_id}":                              "the provider's message ids say what is the same",
	"/webhook/twilio/{channel_id}":                            "the provider's message ids say what is the same",
	"/queue/job/{job_id}/complete":                            "the lease's token fits once",
	"/queue/job/{job_id}/fail":                                "the lease's token fits once",
	"/queue/job/{job_id}/extend":                              "sets a time",
	"/routes/conversations/{id}/assign":                       "sets an owner",
	"/routes/conversations/{id}/handover":                     "sets an owner",
	"/routes/conversations/{id}/resume":                       "sets an owner",
	"/routes/conversations/{id}/close":                        "sets a state",
	"/routes/tenants/{tenant_id}/alerts/{id}/resolve":         "sets a state",
	"/routes/tasks/{task_id}/assign":                          "sets an assignee",
	"/routes/api/v1/tasks/{task_id}/assign":                   "its alias",
	"/routes/knowledge/{tenant_slug}/search":                  "reads",
	"/routes/knowledge/{tenant_slug}/unanswered/{id}/dismiss": "what was put aside is on the list no more",
	"/routes/knowledge/{tenant_slug}/unanswered/{id}/take-up": "what was taken up is put aside no more",
	"/routes/knowledge/{tenant_slug}/sites/preview":           "reads",
	"/routes/context/pulse-content":                           "reads",
	"/mcp":                                                    "what it calls says so itself",
	"/v1/chat/completions":                                    "computes",
	"/v1/embeddings":                                          "computes",
	"/routes/tools/convert/file-to-md":                        "computes",
	"/routes/tools/convert/url-to-md":                         "computes",
	"/routes/tools/embed/knowledge":                           "computes; storing the same vectors again changes nothing",
	"/routes/tools/prepare/context":                           "reads",
	"/routes/tools/generate/answer":                           "computes",
	"/routes/tools/synthesis":                                 "computes",
	"/routes/tenant-profile/domain/verify":                    "asks DNS",
	"/routes/branding/upload-logo":                            "sets the logo",
	"/routes/branding/{tenant_id}/upload-logo":                "sets the logo",
	"/routes/contacts/{id}/recall":                            "reads",
	"/routes/contacts/{id}/merge":                             "sets whom a contact stands for",
	"/routes/contacts/{id}/unmerge":                           "the same",
	"/routes/media/{id}/fetch":                                "sets a state",
}

func TestEveryPostIsIdempotentOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Deps{Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler)})
	for _, row := range api.Rows() {
		if row.Method != http.MethodPost {
			continue
		}
		_, listed := repeatable[row.Path]
		require.NotEqual(t, row.Idempotent, listed, "%s: honour Idempotency-Key, or say in the list above why not, but not both", row.Path)
	}
}
