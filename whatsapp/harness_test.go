package whatsapp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

const ourNumber = "447860099299"

// bundle is an engine on a database of its own, with a provider that keeps a ledger and never removes duplicates.
type bundle struct {
	t        testing.TB
	db       *postgres.DB
	url      string // the administrator's
	store    *postgres.WhatsAppStore
	tenant   flomastr.TenantID
	channel  whatsapp.Channel
	engine   *whatsapp.Engine
	ledger   *ledger
	answerer *scripted
}

// scripted answers as the test says; by default it echoes.
type scripted struct {
	mu    sync.Mutex
	turns []flomastr.Turn
	fn    func(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error)
}

func (s *scripted) Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	s.mu.Lock()
	s.turns = append(s.turns, turn)
	fn := s.fn
	s.mu.Unlock()
	if fn != nil {
		return fn(ctx, turn)
	}
	var said []string
	for _, m := range turn.Messages {
		said = append(said, m.Text)
	}
	return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + strings.Join(said, " | "), Confidence: 0.9}, nil
}

func (s *scripted) seen() []flomastr.Turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]flomastr.Turn(nil), s.turns...)
}

// sent is one message that the provider took.
type sent struct {
	ID, To, Text string
}

// ledger is a provider's send API: it takes everything, twice if it is sent twice.
type ledger struct {
	mu      sync.Mutex
	entries []sent
	// answer, when set, replaces the answer to a call; taken says whether the message counts as accepted.
	answer func(w http.ResponseWriter, s sent, n int) (taken bool)
	calls  int
	server *httptest.Server
	// templates are those that the provider keeps; lists counts how often they were read.
	templates []provider.TemplateState
	lists     int
	hangs     chan struct{} // when set, a list asked for with another key is answered when it is closed
	silent    bool          // the list cannot be read
	taking    chan struct{} // when set, a template is taken between two turns on it
}

func newLedger(t testing.TB) *ledger {
	l := &ledger{}
	l.server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(l.server.Close)
	return l
}

func (l *ledger) serve(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/templates") {
		l.serveTemplates(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var m struct {
		To        string `json:"to"`
		MessageID string `json:"messageId"`
		Content   struct {
			Text string `json:"text"`
		} `json:"content"`
		Messages []struct { // of templates, which go in bulk
			To        string `json:"to"`
			MessageID string `json:"messageId"`
		} `json:"messages"`
	}
	if json.Unmarshal(body, &m) != nil || r.Header.Get("Authorization") != "App test-key" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if len(m.Messages) == 1 {
		m.To, m.MessageID = m.Messages[0].To, m.Messages[0].MessageID
	}
	s := sent{ID: m.MessageID, To: m.To, Text: m.Content.Text}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.answer != nil {
		if l.answer(w, s, l.calls) {
			l.entries = append(l.entries, s)
		}
		return
	}
	l.entries = append(l.entries, s)
	accept(w, s)
}

func accept(w http.ResponseWriter, s sent) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"to":%q,"messageCount":1,"messageId":%q,"status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE"}}`, s.To, s.ID)
}

func (l *ledger) all() []sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]sent(nil), l.entries...)
}

func (l *ledger) to(who string) (texts []string) {
	for _, s := range l.all() {
		if s.To == who {
			texts = append(texts, s.Text)
		}
	}
	return texts
}

// plain is a Sealer for tests.
type plain struct{}

func (plain) Seal(_, _, _ string, p []byte) ([]byte, error) { return append([]byte{}, p...), nil }
func (plain) Open(_, _, _ string, s []byte) ([]byte, error) { return s, nil }

type options struct {
	settings whatsapp.Settings
	wrap     func(whatsapp.Store) whatsapp.Store
	spool    whatsapp.Spool
}

// quick makes an engine that wastes no test's time: short leases, short waits.
func quick() whatsapp.Settings {
	return whatsapp.Settings{
		BurstWait: 50 * time.Millisecond, Lease: 2 * time.Second, SendLease: 2 * time.Second, Poll: 20 * time.Millisecond,
		BackoffUnit: 10 * time.Millisecond, StoreTimeout: 10 * time.Second, AnswerTimeout: 2 * time.Second, LiftLimits: true,
		ChannelRefresh: time.Millisecond, DrainTimeout: 5 * time.Second,
	}
}

func setup(t testing.TB, opts options) *bundle {
	t.Helper()
	cfg := postgrestest.Config(t)
	db, err := postgres.Open(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	b := &bundle{t: t, db: db, url: cfg.URL, ledger: newLedger(t), answerer: &scripted{}}
	b.store = postgres.NewWhatsAppStore(b.db)
	b.tenant = tenantRow(t, b.db)
	if opts.settings == (whatsapp.Settings{}) {
		opts.settings = quick()
	}
	b.engine = b.another(opts)
	b.channel = b.newChannel(b.tenant, ourNumber)
	return b
}

// tenantRow makes a tenant without a cold database, which these tests do not need.
// hire makes somebody a member of the tenant.
func (b *bundle) hire(subject string) {
	b.t.Helper()
	require.NoError(b.t, b.db.InPlatform(context.Background(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `
			INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role)
			VALUES ($1, gen_random_uuid(), 'test', $2, $2 || '@example.com', 'member')`, b.tenant, subject)
		return err
	}))
}

func tenantRow(t testing.TB, db *postgres.DB) flomastr.TenantID {
	t.Helper()
	id := flomastr.NewID[flomastr.TenantID]()
	require.NoError(t, db.InPlatform(context.Background(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `INSERT INTO tenants (id, slug, name, status) VALUES ($1, $2, 'Test', 'active')`,
			id, fmt.Sprintf("t%x", id[8:]))
		return err
	}))
	return id
}

// another makes a second engine on the same database, as a second process would have.
func (b *bundle) another(opts options) *whatsapp.Engine {
	var store whatsapp.Store = b.store
	if opts.wrap != nil {
		store = opts.wrap(store)
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return whatsapp.New(whatsapp.Deps{
		Store: store, Answerer: b.answerer, Sealer: plain{}, Spool: opts.spool, Log: log, Settings: opts.settings,
		Providers: []provider.Provider{
			infobip.New(infobip.Config{HTTP: b.ledger.server.Client(), StandIn: b.ledger.server.URL, Timeout: 2 * time.Second}),
			spoken{b.ledger},
		},
	})
}

func (b *bundle) newChannel(tenant flomastr.TenantID, number string) whatsapp.Channel {
	b.t.Helper()
	ch, _, err := b.engine.CreateChannel(context.Background(), tenant, whatsapp.ChannelDraft{
		Provider: "infobip", Number: new(number), BaseURL: new(b.ledger.server.URL),
		Credentials: &provider.Credentials{APIKey: "test-key"},
		Webhook:     &provider.WebhookSecret{HeaderName: "X-Secret", HeaderValue: "s3cret " + number},
		// A test's customers are faster than WhatsApp allows; pacing has tests of its own.
		Limits: &whatsapp.Limits{PerSecond: 1000, PairBurst: 1000},
	})
	require.NoError(b.t, err)
	return ch
}

// work runs the engine until the test ends.
func (b *bundle) work(engines ...*whatsapp.Engine) {
	b.t.Helper()
	if len(engines) == 0 {
		engines = []*whatsapp.Engine{b.engine}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for _, e := range engines {
		group.Go(func() { _ = e.Work(ctx) })
	}
	b.t.Cleanup(func() { cancel(); group.Wait() })
}

func (b *bundle) header() http.Header { return secretOf(b.channel) }

func secretOf(ch whatsapp.Channel) http.Header {
	return http.Header{"X-Secret": {"s3cret " + ch.Number}}
}

// post delivers a webhook body.
func (b *bundle) post(body string) error {
	return b.engine.Receive(context.Background(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(body)})
}

// says delivers a text from a customer.
func (b *bundle) says(from, text string) {
	b.t.Helper()
	require.NoError(b.t, b.post(textBody(from, ourNumber, text, "")))
}

var idCounter struct {
	sync.Mutex
	n int
}

func freshID() string {
	idCounter.Lock()
	defer idCounter.Unlock()
	idCounter.n++
	return fmt.Sprintf("wamid.%d-%d", time.Now().UnixNano(), idCounter.n)
}

func textBody(from, to, text, id string) string {
	return envelope(textResult(from, to, text, id))
}

func envelope(results ...string) string {
	return fmt.Sprintf(`{"results":[%s],"messageCount":%d,"pendingMessageCount":0}`, strings.Join(results, ","), len(results))
}

func textResult(from, to, text, id string) string {
	if id == "" {
		id = freshID()
	}
	encoded, _ := json.Marshal(text)
	return fmt.Sprintf(`{"from":%q,"to":%q,"integrationType":"WHATSAPP","receivedAt":%q,"messageId":%q,"pairedMessageId":null,
		"callbackData":null,"message":{"type":"TEXT","text":%s},"contact":{"name":"Ana"},"price":{"pricePerMessage":0,"currency":"EUR"}}`,
		from, to, time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), id, encoded)
}

func deliveryBody(id string, group, status int) string {
	return envelope(fmt.Sprintf(`{"bulkId":"","messageId":%q,"to":"385911111111","doneAt":%q,"sentAt":%q,"messageCount":1,
		"status":{"groupId":%d,"id":%d,"name":"X"},"error":{"groupId":0,"id":0,"name":"NO_ERROR","permanent":false}}`,
		id, now(), now(), group, status))
}

func seenBody(id string) string {
	return envelope(fmt.Sprintf(`{"messageId":%q,"from":"385911111111","to":%q,"sentAt":%q,"seenAt":%q}`, id, ourNumber, now(), now()))
}

func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000-0700") }

// eventually waits for something that workers will do.
func (b *bundle) eventually(what string, ok func() bool) {
	b.t.Helper()
	require.Eventually(b.t, ok, 20*time.Second, 10*time.Millisecond, what)
}

// thread gives the only conversation's messages, oldest first.
func (b *bundle) thread() []whatsapp.Message {
	b.t.Helper()
	list, _, err := b.engine.Conversations(context.Background(), b.tenant, whatsapp.Page{Limit: 10})
	require.NoError(b.t, err)
	require.Len(b.t, list, 1)
	return b.messagesOf(list[0].ID)
}

func (b *bundle) messagesOf(id flomastr.ConversationID) []whatsapp.Message {
	b.t.Helper()
	messages, _, err := b.engine.Messages(context.Background(), b.tenant, id, whatsapp.Page{Limit: 200})
	require.NoError(b.t, err)
	for i, j := 0, len(messages)-1; i < j; i, j = i+1, j-1 {
		messages[i], messages[j] = messages[j], messages[i]
	}
	return messages
}

// count reads one number as the tenant.
func (b *bundle) count(sql string, args ...any) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.InTenant(context.Background(), b.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), sql, args...).Scan(&n)
	}))
	return n
}

// blocked waits until so many statements wait for a lock.
func (b *bundle) blocked(n int) {
	b.t.Helper()
	b.eventually("statements that wait for a lock", func() bool {
		var waiting int
		require.NoError(b.t, b.db.InPlatform(context.Background(), scanFn(context.Background(), &waiting, `
			SELECT count(DISTINCT l.pid)
			FROM pg_locks l
			JOIN pg_locks at ON at.pid = l.pid AND at.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			WHERE NOT l.granted`)))
		return waiting == n
	})
}

func platformExec(t testing.TB, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	require.NoError(t, db.InPlatform(context.Background(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), sql, args...)
		return err
	}))
}

func execFn(ctx context.Context, sql string, args ...any) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

func contains(text, part string) bool { return strings.Contains(text, part) }

// problems tells what did not go well, for a test that failed.
func (b *bundle) problems() string {
	var out strings.Builder
	_ = b.db.InTenant(context.Background(), b.tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), `
			SELECT m.state || ' ' || m.text || ': ' || m.problem || ' (attempt ' || coalesce(o.attempts, 0) || ')'
			FROM messages m
			LEFT JOIN outbox o ON o.message_id = m.id
			WHERE m.problem <> '' OR m.state NOT IN ('received', 'accepted')`)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, line := range lines {
			out.WriteString(line + "\n")
		}
		return err
	})
	return out.String()
}
