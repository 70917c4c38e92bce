package httpapi_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
)

// line is a house with a WhatsApp engine and a provider that takes every message.
type line struct {
	*house
	engine   *whatsapp.Engine
	tenants  *tenant.Engine
	provider *httptest.Server
	slug     string
	owner    string // an owner's access token
	service  string // a tenant's API token with every scope of this file
	mu       sync.Mutex
	sent     []string
	files    func(w http.ResponseWriter) // answers whoever asks the provider for a file
}

type echo struct{}

func (echo) Answer(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
}

func newLine(t *testing.T) *line {
	t.Helper()
	l := &line{house: newHouse(t), slug: "acme-" + strings.ToLower(flomastr.NewID[flomastr.MessageID]().String()[24:])}
	l.startProvider(t)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	l.engine = whatsapp.New(whatsapp.Deps{
		Store: postgres.NewWhatsAppStore(l.db), Answerer: echo{}, Sealer: keys, Blobs: blobs, Log: slog.New(slog.DiscardHandler),
		Providers: []provider.Provider{infobip.New(infobip.Config{HTTP: l.provider.Client(), StandIn: l.provider.URL}), meta.New(meta.Config{HTTP: l.provider.Client(), StandIn: l.provider.URL})},
		Settings:  whatsapp.Settings{Poll: 20 * time.Millisecond, StoreTimeout: 10 * time.Second, BurstWait: 50 * time.Millisecond},
	})
	l.tenants = tenant.New(tenant.Deps{Store: postgres.NewTenantStore(l.db), Cold: l.cold, Owners: l.team})
	l.handler = l.withEvents(quiet{})
	_, l.owner = l.provision(t, l.root(t), l.slug)
	token := l.call(t, "POST", "/routes/tenants/"+l.slug+"/api-tokens", l.owner,
		`{"name":"n8n","scopes":["conversations:read","conversations:write","messages:send","queue:work","memory:read"]}`)
	require.Equal(t, 201, token.Code, token.Body)
	l.service = token.field("secret")
	return l
}

// withEvents is the line's door, streaming from a source of events.
func (l *line) withEvents(events httpapi.EventSource) http.Handler {
	return httpapi.New(httpapi.Deps{
		BaseDomain: "localhost", PublicURL: "http://localhost:8000", Clock: flomastr.SystemClock, Log: slog.New(slog.DiscardHandler), Gate: l.gate, Tenants: l.tenants,
		Idempotency: postgres.NewIdempotencyStore(l.db), WaitingTurns: l.engine.QueueSize, Events: events, Quotas: postgres.NewQuotaStore(l.db),
		Engines: httpapi.Engines{Audit: postgres.NewAuditStore(l.db), SignIns: l.house.provider, People: l.gate, APITokens: l.store, Team: l.team, TenantAdmin: l.tenants, TenantLife: l.tenants, WhatsApp: l.engine, Tasks: task.New(postgres.NewTaskStore(l.db), nil), Memory: memory.New(memory.Deps{Store: postgres.NewMemoryStore(l.db)})},
	}).Handler()
}

func (l *line) startProvider(t *testing.T) {
	l.provider = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			MessageID string `json:"messageId"`
			Content   struct {
				Text string `json:"text"`
			} `json:"content"`
		}
		if r.Method == http.MethodGet && l.files != nil {
			l.files(w)
			return
		}
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"results":[]}`))
			return
		}
		_ = json.NewDecoder(r.Body).Decode(&m)
		l.mu.Lock()
		l.sent = append(l.sent, m.Content.Text)
		l.mu.Unlock()
		_, _ = fmt.Fprintf(w, `{"messageId":%q,"status":{"groupId":1,"id":7}}`, m.MessageID)
	}))
	t.Cleanup(l.provider.Close)
}

func (l *line) work(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = l.engine.Work(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

// connect makes a channel over the API and gives its id and webhook path.
func (l *line) connect(t *testing.T, worker string) (id, path string) {
	t.Helper()
	got := l.call(t, "POST", "/routes/tenants/"+l.slug+"/channels", l.owner, fmt.Sprintf(
		`{"provider":"infobip","number":"+447860099299","name":"Front desk","base_url":%q,"worker":%q,"credentials":{"api_key":"k-secret"},
		"webhook_secret":{"header_name":"X-Hook","header_value":"h-secret"}}`, l.provider.URL, worker))
	require.Equal(t, 201, got.Code, got.Body)
	require.NotContains(t, got.Body.String(), "k-secret")
	id = got.field("id")
	require.Equal(t, "http://localhost:8000/webhook/infobip/"+id, got.field("webhook_url"))
	return id, "/webhook/infobip/" + id
}

func inboundBody(id, text string) string {
	return fmt.Sprintf(`{"results":[{"from":"385911111111","to":"447860099299","integrationType":"WHATSAPP","receivedAt":%q,"messageId":%q,
		"message":{"type":"TEXT","text":%q},"contact":{"name":"Ana"},"price":{"pricePerMessage":0,"currency":"EUR"}}],"messageCount":1}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), id, text)
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	_, path := l.connect(t, "assistant")
	for _, c := range []struct {
		name, path, body string
		header           []string
		status           int
	}{
		{"stored", path, inboundBody("m1", "Hi."), []string{"X-Hook", "h-secret"}, 200},
		{"again", path, inboundBody("m1", "Hi."), []string{"X-Hook", "h-secret"}, 200},
		{"no secret", path, inboundBody("m2", "Hi."), nil, 401},
		{"wrong Basic credentials", path, inboundBody("m2", "Hi."), []string{"Authorization", "Basic eDp5"}, 401},
		{"truncated", path, inboundBody("m2", "Hi.")[:40], []string{"X-Hook", "h-secret"}, 400},
		{"no body", path, "", []string{"X-Hook", "h-secret"}, 400},
		{"JSON of another kind", path, `{"hello":1}`, []string{"X-Hook", "h-secret"}, 200},
		{"as plain text, as some senders label it", path, inboundBody("m3", "Hi."), []string{"X-Hook", "h-secret", "Content-Type", "text/plain"}, 200},
		{"unknown channel", "/webhook/infobip/018f0000-0000-7000-8000-000000000001", inboundBody("m2", "Hi."), []string{"X-Hook", "h-secret"}, 404},
		{"a path that is no id", "/webhook/infobip/x", inboundBody("m2", "Hi."), []string{"X-Hook", "h-secret"}, 422},
		{"too large", path, `{"results":[],"x":"` + strings.Repeat("x", 4<<20) + `"}`, []string{"X-Hook", "h-secret"}, 413},
		{"doubled slash", "/" + path, inboundBody("m2", "Hi."), []string{"X-Hook", "h-secret"}, 404},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost:8000"+path, strings.NewReader(c.body))
		r.URL.Path, r.RequestURI, r.Host = c.path, c.path, "localhost:8000"
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		out := httptest.NewRecorder()
		l.handler.ServeHTTP(out, r)
		require.Equal(t, c.status, out.Code, "%s: %s", c.name, out.Body)
	}
	list := l.call(t, "GET", "/routes/conversations", l.owner, "")
	require.Equal(t, 200, list.Code)
	require.Contains(t, list.field("conversations"), `"unread":2`)
}

func TestInboxReadsAndReplies(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	_, path := l.connect(t, "assistant")
	l.work(t)
	require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "Are you open?"), "X-Hook", "h-secret").Code)
	l.eventually(t, "re: Are you open?")
	list := l.call(t, "GET", "/routes/conversations?limit=10&search=ana", l.owner, "")
	require.Equal(t, 200, list.Code, list.Body)
	var page struct {
		Conversations []struct {
			ID          string
			Owner       string
			LastMessage struct{ Text, Direction string } `json:"last_message"`
			Contact     struct{ Name, Phone string }
		}
	}
	require.NoError(t, json.Unmarshal(list.Body.Bytes(), &page))
	require.Len(t, page.Conversations, 1)
	c := page.Conversations[0]
	require.Equal(t, "+385911111111", c.Contact.Phone)
	require.Equal(t, "re: Are you open?", c.LastMessage.Text)
	base := "/routes/conversations/" + c.ID
	reply := l.call(t, "POST", base+"/reply", l.owner, `{"text":"A person here."}`, "Idempotency-Key", "k1")
	require.Equal(t, 202, reply.Code, reply.Body)
	again := l.call(t, "POST", base+"/reply", l.owner, `{"text":"A person here."}`, "Idempotency-Key", "k1")
	require.Equal(t, reply.field("id"), again.field("id"))
	require.Equal(t, "queued", reply.field("status"))
	l.eventually(t, "A person here.")
	require.Equal(t, "member", l.call(t, "GET", base, l.owner, "").field("owner"))
	messages := l.call(t, "GET", base+"/messages?limit=2", l.owner, "")
	require.Equal(t, 200, messages.Code)
	require.NotEmpty(t, messages.field("next_cursor"))
	rest := l.call(t, "GET", base+"/messages?limit=2&cursor="+messages.field("next_cursor"), l.owner, "")
	require.Contains(t, rest.field("messages"), "Are you open?")
	require.Equal(t, "assistant", l.call(t, "POST", base+"/resume", l.owner, "").field("owner"))
	require.Equal(t, "closed", l.call(t, "POST", base+"/close", l.owner, "").field("status"))
	send := l.call(t, "POST", "/messages/send", l.service, `{"to":"+385911111111","message":"From a script."}`)
	require.Equal(t, 202, send.Code, send.Body)
	require.Equal(t, "infobip", send.field("provider"))
	l.eventually(t, "From a script.")
	closed := l.call(t, "POST", "/messages/send", l.service, `{"to":"+385999999999","message":{"text":"Hi"}}`)
	require.Equal(t, 409, closed.Code)
	require.Equal(t, "window_closed", closed.field("code"))
	require.Equal(t, 422, l.call(t, "POST", "/messages/send", l.service, `{"to":"+385911111111","message":{"text":"Hi","media":{"url":"https://x.example/a.pdf"}}}`).Code)
	require.Equal(t, 422, l.call(t, "POST", "/messages/send", l.service, `{"to":"nobody","message":"Hi"}`).Code)
	bad := l.call(t, "POST", "/messages/send", l.service, `{"to":"+385911111111","message":"Not without its fallback.","fallback_template":{"name":"nowhere","language":"en"}}`)
	require.Equal(t, "template_unknown", bad.field("code"), "it is looked at although the window is open: %s", bad.Body)
	require.Contains(t, bad.Body.String(), "body.fallback_template")
	require.NotContains(t, l.call(t, "GET", base+"/messages", l.owner, "").Body.String(), "Not without its fallback.")
	require.Equal(t, 404, l.call(t, "GET", "/routes/conversations/018f0000-0000-7000-8000-000000000001", l.owner, "").Code)

	_, stranger := l.provision(t, l.root(t), l.slug+"-b")
	require.Equal(t, 404, l.call(t, "GET", base, stranger, "").Code)
	require.Equal(t, 404, l.call(t, "POST", base+"/reply", stranger, `{"text":"x"}`).Code)
	require.Equal(t, "[]", l.call(t, "GET", "/routes/conversations", stranger, "").field("conversations"))
}

func (l *line) eventually(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return slices.Contains(l.sent, text)
	}, 15*time.Second, 10*time.Millisecond, text)
}

func TestOutsideWorkersWorkTheQueue(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.connect(t, "n8n")
	l.work(t) // our own workers leave the jobs of such a channel alone
	inbound := `{"from":"+385911111111","message":{"text":"Where is my order?"},"message_id":"x1","contact_name":"Ana"}`
	first := l.call(t, "POST", "/webhook/inbound", l.service, inbound)
	require.Equal(t, 202, first.Code, first.Body)
	require.Equal(t, "accepted", first.field("status"))
	require.Equal(t, first.field("job_id"), l.call(t, "POST", "/webhook/inbound", l.service, inbound).field("job_id"), "the same id, the same job")
	require.Equal(t, first.field("job_id"), l.call(t, "POST", "/webhook/inbound", l.service, `{"from":"+385911111111","message":"12345."}`).field("job_id"), "it joins the turn")

	next := l.call(t, "GET", "/queue/next-job?wait=5", l.service, "")
	require.Equal(t, 200, next.Code, next.Body)
	require.Equal(t, "processing", next.field("status"), next.Body)
	require.Equal(t, first.field("job_id"), next.field("job_id"))
	require.Contains(t, next.field("payload"), `"message":"Where is my order?\n12345."`)
	none := l.call(t, "GET", "/queue/next-job", l.service, "")
	require.Equal(t, "no_jobs", none.field("status"), "one turn of a conversation at a time")
	require.NotEmpty(t, none.field("next_poll_recommended"))

	job := "/queue/job/" + next.field("job_id")
	token := next.field("lease_token")
	require.Equal(t, 422, l.call(t, "POST", job+"/extend", l.service, `{"lease_token":"x","seconds":301}`).Code)
	require.Equal(t, "lease_lost", l.call(t, "POST", job+"/extend", l.service, `{"lease_token":"x","seconds":300}`).field("code"))
	require.Equal(t, 200, l.call(t, "POST", job+"/extend", l.service, fmt.Sprintf(`{"lease_token":%q,"seconds":300}`, token)).Code)
	back := l.call(t, "POST", job+"/fail", l.service, fmt.Sprintf(`{"lease_token":%q,"error":"try later","retry":true}`, token))
	require.Equal(t, "queued", back.field("status"), back.Body)
	lost := l.call(t, "POST", job+"/complete", l.service, fmt.Sprintf(`{"lease_token":%q,"result":{"reply":{"text":"old"}}}`, token))
	require.Equal(t, 409, lost.Code)
	require.Equal(t, "lease_lost", lost.field("code"))

	next = l.call(t, "GET", "/queue/next-job?wait=5", l.service, "")
	require.Equal(t, "2", next.field("attempt"), next.Body)
	done := l.call(t, "POST", job+"/complete", l.service, fmt.Sprintf(`{"lease_token":%q,"result":{"reply":{"text":"On its way."}}}`, next.field("lease_token")))
	require.Equal(t, 200, done.Code, done.Body)
	require.Equal(t, "completed", done.field("status"))
	l.eventually(t, "On its way.")
	require.Equal(t, 409, l.call(t, "POST", job+"/complete", l.service, fmt.Sprintf(`{"lease_token":%q,"result":{}}`, next.field("lease_token"))).Code, "once")
	require.Equal(t, "completed", l.call(t, "GET", job, l.service, "").field("status"))
	require.NotEmpty(t, l.call(t, "GET", job, l.service, "").field("processing_duration_ms"))
	require.Equal(t, 404, l.call(t, "GET", "/queue/job/018f0000-0000-7000-8000-000000000001", l.service, "").Code)
	require.Equal(t, 422, l.call(t, "GET", "/queue/next-job", platformToken, "").Code, "the platform's token names a tenant")
	require.Equal(t, 200, l.call(t, "GET", "/queue/next-job?tenant_id="+l.slug, platformToken, "").Code)
	require.Equal(t, 403, l.call(t, "GET", "/queue/next-job?tenant_id="+l.slug, l.owner, "").Code, "a person is no worker")
}

func TestIngestRecordsWithoutAnswering(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.connect(t, "assistant")
	l.work(t)
	body := func(direction, id string) string {
		return fmt.Sprintf(`{"tenant_id":%q,"contact_number":"+385911111111","contact_name":"Ana","message_content":"Hi?","direction":%q,"message_id":%q}`, l.slug, direction, id)
	}
	first := l.call(t, "POST", "/routes/api/v1/conversations/ingest", l.service, body("in", "i1"))
	require.Equal(t, 200, first.Code, first.Body)
	require.Equal(t, "true", first.field("created_contact"))
	require.Equal(t, "true", first.field("created_thread"))
	same := l.call(t, "POST", "/api/v1/conversations/ingest", l.service, body("in", "i1"))
	require.Equal(t, first.field("message_id"), same.field("message_id"))
	require.Equal(t, "false", same.field("created_contact"))
	out := l.call(t, "POST", "/api/api/v1/conversations/ingest", l.service, body("outbound", "i2"))
	require.Equal(t, first.field("thread_id"), out.field("thread_id"), out.Body)
	messages := l.call(t, "GET", "/routes/conversations/"+first.field("thread_id")+"/messages", l.owner, "")
	require.Equal(t, 2, strings.Count(messages.field("messages"), `"Hi?"`))
	time.Sleep(200 * time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.sent)
}

func TestChannelsKeepTheirSecrets(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	id, path := l.connect(t, "assistant")
	base := "/routes/tenants/" + l.slug + "/channels"
	one := l.call(t, "GET", base+"/"+id, l.owner, "")
	require.Equal(t, 200, one.Code)
	require.Contains(t, one.field("credentials"), `"state":"set"`)
	require.NotContains(t, one.Body.String(), "k-secret")
	require.NotContains(t, one.Body.String(), "h-secret")
	require.Equal(t, "true", l.call(t, "POST", base+"/"+id+"/test", l.owner, "").field("ok"))
	require.Equal(t, 409, l.call(t, "POST", base, l.owner, fmt.Sprintf(`{"provider":"infobip","number":"447860099299","base_url":%q}`, l.provider.URL)).Code)
	for name, body := range map[string]string{
		"a host inside":       `{"base_url":"http://127.0.0.1:9/"}`,
		"a look-alike host":   `{"base_url":"https://api.infobip.com.evil.example"}`,
		"another port":        `{"base_url":"https://x.api.infobip.com:8443"}`,
		"half a secret":       `{"webhook_secret":{"header_name":"X"}}`,
		"an unknown worker":   `{"worker":"nobody"}`,
		"an unknown field":    `{"tenant_id":"x"}`,
		"a number with words": `{"number":"call me"}`,
	} {
		require.Equal(t, 422, l.call(t, "PATCH", base+"/"+id, l.owner, body).Code, name)
	}
	changed := l.call(t, "PATCH", base+"/"+id, l.owner, `{"name":"Night desk","webhook_secret":{"username":"u","password":"p"}}`)
	require.Equal(t, 200, changed.Code, changed.Body)
	require.Contains(t, changed.field("credentials"), `"state":"set"`, "an omitted secret is kept")
	require.Equal(t, 401, l.call(t, "POST", path, "", inboundBody("m1", "Hi."), "X-Hook", "h-secret").Code)
	require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "Hi."), "Authorization", "Basic dTpw").Code)
	require.Equal(t, 200, l.call(t, "POST", path, "", `{"odd":1}`, "Authorization", "Basic dTpw").Code)
	require.Contains(t, l.call(t, "GET", base+"/"+id+"/errors", l.owner, "").field("errors"), "unknown_event")
	require.Equal(t, 403, l.call(t, "GET", base, l.service, "").Code)
	require.Equal(t, 204, l.call(t, "DELETE", base+"/"+id, l.owner, "").Code)
	require.Equal(t, 404, l.call(t, "POST", path, "", inboundBody("m2", "Hi."), "Authorization", "Basic dTpw").Code)
}

func TestAChannelSaysWhoAnswersOnIt(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	id, _ := l.connect(t, "assistant")
	one := "/routes/tenants/" + l.slug + "/channels/" + id
	before := l.call(t, "GET", one, l.owner, "")
	for name, body := range map[string]string{
		"a rule without words":     `{"worker_rules":[{"words":[],"worker":"n8n"}]}`,
		"a rule of blanks":         `{"worker_rules":[{"words":[" "],"worker":"n8n"}]}`,
		"a rule for nobody":        `{"worker_rules":[{"words":["invoice"],"worker":"nobody"}]}`,
		"a wait that never ends":   `{"outside_wait_seconds":3601}`,
		"a wait that has no time":  `{"outside_wait_seconds":0}`,
		"a head start in the past": `{"both_wait_seconds":-1}`,
	} {
		require.Equal(t, 422, l.call(t, "PATCH", one, l.owner, body).Code, name)
	}
	require.Equal(t, before.field("worker_rules"), l.call(t, "GET", one, l.owner, "").field("worker_rules"))
	changed := l.call(t, "PATCH", one, l.owner, `{"worker":"both","both_wait_seconds":2.5,"outside_wait_seconds":90,"worker_rules":[{"words":["Invoice","tax bill"],"worker":"n8n"}]}`)
	require.Equal(t, 200, changed.Code, changed.Body)
	got := l.call(t, "GET", one, l.owner, "")
	require.Equal(t, []string{"both", "2.5", "90"}, []string{got.field("worker"), got.field("both_wait_seconds"), got.field("outside_wait_seconds")})
	require.JSONEq(t, `[{"words":["Invoice","tax bill"],"worker":"n8n"}]`, got.field("worker_rules"))
}

func TestAChannelSaysHowItIs(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	settings := "/routes/tenants/" + l.slug + "/whatsapp-settings"
	none := l.call(t, "GET", settings, l.owner, "")
	require.Equal(t, 200, none.Code, none.Body)
	require.Equal(t, "false", none.field("configured"))
	require.Contains(t, none.field("providers"), `"credentials.api_key"`)
	require.Equal(t, 422, l.call(t, "PUT", settings, l.owner, `{"number":"+447860099299"}`).Code, "no provider")
	made := l.call(t, "PUT", settings, l.owner, `{"provider":"infobip","number":"+447860099299"}`)
	require.Equal(t, 200, made.Code, made.Body)
	require.Equal(t, l.provider.URL, made.field("base_url"), "the address of who names none")
	require.Contains(t, made.field("webhook"), "X-Webhook-Secret")
	id := made.field("channel_id")
	path, base := "/webhook/infobip/"+id, "/routes/tenants/"+l.slug+"/channels/"+id
	trouble := func() string { t.Helper(); return l.call(t, "GET", base, l.owner, "").field("trouble") }
	require.Equal(t, "credentials_missing", trouble())
	require.Equal(t, "credentials_missing", l.call(t, "POST", base+"/test", l.owner, "").field("code"))
	with := l.call(t, "PUT", settings, l.owner, `{"credentials":{"api_key":"k-secret"}}`)
	require.Equal(t, 200, with.Code, with.Body)
	require.Equal(t, "waiting", with.field("health"))
	require.Empty(t, with.field("webhook"), "the secret was shown")
	require.Equal(t, "webhook_never", trouble())
	require.Equal(t, 409, l.call(t, "PUT", settings, l.owner, `{"provider":"meta"}`).Code)

	var secret struct {
		Webhook struct {
			HeaderValue string `json:"header_value"`
		}
	}
	require.NoError(t, json.Unmarshal(made.Body.Bytes(), &secret))
	first := secret.Webhook.HeaderValue
	require.Equal(t, 401, l.call(t, "POST", path, "", inboundBody("m1", "Hi."), "X-Webhook-Secret", "wrong").Code)
	require.Equal(t, "webhook_refused", trouble())
	require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m1", "Hi."), "X-Webhook-Secret", first).Code)
	require.Empty(t, trouble())
	require.Equal(t, 401, l.call(t, "POST", path, "", inboundBody("m1", "Hi."), "X-Webhook-Secret", "wrong").Code)
	require.Empty(t, trouble(), "a stranger makes us write once a minute")

	renewed := l.call(t, "POST", base+"/webhook-secret", l.owner, "")
	require.Equal(t, 200, renewed.Code, renewed.Body)
	require.NoError(t, json.Unmarshal(renewed.Body.Bytes(), &secret))
	require.NotEqual(t, first, secret.Webhook.HeaderValue)
	require.NotContains(t, renewed.Body.String(), first)
	require.Contains(t, renewed.field("webhook_secret"), "previous_fingerprint")
	for _, header := range []string{first, secret.Webhook.HeaderValue} {
		require.Equal(t, 200, l.call(t, "POST", path, "", inboundBody("m2", "Hi."), "X-Webhook-Secret", header).Code, "both are believed")
	}
	forgot := l.call(t, "DELETE", base+"/webhook-secret/previous", l.owner, "")
	require.Equal(t, 200, forgot.Code, forgot.Body)
	require.NotContains(t, forgot.field("webhook_secret"), "previous_fingerprint")
	require.Equal(t, 401, l.call(t, "POST", path, "", inboundBody("m3", "Hi."), "X-Webhook-Secret", first).Code)

	require.Equal(t, 200, l.call(t, "PATCH", base, l.owner, `{"status":"paused"}`).Code)
	paused := l.call(t, "GET", settings, l.owner, "")
	require.Equal(t, "paused", paused.field("health"))
	require.Equal(t, "Paused by an administrator.", paused.field("health_message"))
	require.Equal(t, 422, l.call(t, "POST", "/routes/tenants/"+l.slug+"/channels", l.owner, `{"provider":"twilio","number":"+447860099298"}`).Code,
		"a provider that this server does not speak")
}

// A webhook has one address, one method and one form of body. Whatever is almost that is no way in, secret or not.
func TestAWebhookHasOneWayIn(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	id, path := l.connect(t, "assistant")
	packed := &bytes.Buffer{}
	packing := gzip.NewWriter(packed)
	_, err := packing.Write([]byte(inboundBody("m1", strings.Repeat("x", 1<<20))))
	require.NoError(t, err)
	require.NoError(t, packing.Close())
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"GET with a body":               {method: "GET", status: 404},
		"PUT":                           {method: "PUT", status: 404},
		"PATCH":                         {method: "PATCH", status: 404},
		"DELETE":                        {method: "DELETE", status: 404},
		"GET that says it is a POST":    {method: "GET", header: []string{"X-HTTP-Method-Override", "POST"}, status: 404},
		"a slash at the end":            {path: path + "/", status: 404},
		"a slash twice":                 {path: "/webhook//infobip/" + id, status: 404},
		"dots":                          {path: "/webhook/infobip/../infobip/" + id, status: 404},
		"dots in disguise":              {path: "/webhook/infobip/%2e%2e/infobip/" + id, status: 404},
		"another case of the path":      {path: "/Webhook/infobip/" + id, status: 404},
		"another provider's":            {path: "/webhook/meta/" + id, status: 404},
		"a provider that nobody has":    {path: "/webhook/telegram/" + id, status: 404},
		"under the API's prefix":        {path: "/routes/webhook/infobip/" + id, status: 404},
		"more behind the id":            {path: path + "/x", status: 404},
		"a body that is packed":         {body: packed.String(), header: []string{"Content-Encoding", "gzip"}, status: 400},
		"a body that is packed, unsaid": {body: packed.String(), status: 400},
	} {
		method, at, body := cmp.Or(c.method, "POST"), cmp.Or(c.path, path), cmp.Or(c.body, inboundBody("m1", "Hi."))
		r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8000"+at, strings.NewReader(body))
		r.Host = "localhost:8000"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Hook", "h-secret")
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		out := httptest.NewRecorder()
		l.handler.ServeHTTP(out, r)
		require.Equal(t, c.status, out.Code, "%s: %s", name, out.Body)
	}
	list := l.call(t, "GET", "/routes/conversations", l.owner, "")
	require.Equal(t, 200, list.Code)
	require.NotContains(t, list.Body.String(), "385911111111", "nothing came in")
}

// Only the header opens a stream: an address ends in logs and histories. And nobody on the way may keep what it carries.
func TestAStreamIsOpenedByTheHeaderAloneAndKeptByNobody(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for _, name := range []string{"token", "access_token", "authorization", "jwt", "bearer"} {
		got := l.call(t, "GET", "/routes/events?tenant_id="+l.slug+"&"+name+"="+l.owner, "", "")
		require.Equal(t, 401, got.Code, name)
	}
	got := l.call(t, "GET", "/routes/events?tenant_id="+l.slug, "", "", "Cookie", "refresh="+l.owner+"; token="+l.owner)
	require.Equal(t, 401, got.Code, "a cookie")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := httptest.NewRequestWithContext(ctx, "GET", "http://localhost:8000/routes/events?tenant_id="+l.slug, nil)
	r.Host = "localhost:8000"
	r.Header.Set("Authorization", "Bearer "+l.owner)
	out := &opened{ResponseRecorder: httptest.NewRecorder(), stop: stop}
	l.handler.ServeHTTP(out, r)
	require.Equal(t, 200, out.Code)
	require.Equal(t, "no-store", out.Header().Get("Cache-Control"))
	require.Equal(t, "no", out.Header().Get("X-Accel-Buffering"))
}

// opened is a reader who leaves once something has come.
type opened struct {
	*httptest.ResponseRecorder
	stop func()
}

func (o *opened) Write(b []byte) (int, error) {
	defer o.stop()
	return o.ResponseRecorder.Write(b)
}
