package whatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
	"github.com/flomastr/flomastr/whatsapp/spool"
)

// away is a store whose database can be taken away from webhooks, and whose code fails at what it finds in them.
type away struct {
	whatsapp.Store
	gone  atomic.Bool
	fails func(whatsapp.Intake) error // nil: at nothing
}

var errAway = flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "The database does not answer.")

func (a *away) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) ([]whatsapp.Stored, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	for _, in := range intake {
		if a.fails == nil {
			break
		}
		if err := a.fails(in); err != nil {
			return nil, err
		}
	}
	return a.Store.SaveIntake(ctx, tenant, intake)
}

func (a *away) KeepUnusable(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, list []provider.Unusable) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.KeepUnusable(ctx, tenant, channel, list)
}

func (a *away) FindChannel(ctx context.Context, id flomastr.ChannelID) (whatsapp.Channel, error) {
	if a.gone.Load() {
		return whatsapp.Channel{}, errAway
	}
	return a.Store.FindChannel(ctx, id)
}

// setAsideSQL counts the open alerts of what was set aside.
const setAsideSQL = `SELECT count(*) FROM alerts WHERE kind = 'set_aside' AND resolved_at IS NULL`

func newFolder(t *testing.T, most int64) *spool.Folder {
	t.Helper()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	folder, err := spool.Open(t.TempDir(), most, keys, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = folder.Close() })
	return folder
}

// spooled is a bundle whose engine has a folder for what it cannot store.
func spooled(t *testing.T) (b *bundle, database *away, folder *spool.Folder) {
	t.Helper()
	folder, database = newFolder(t, 1<<20), &away{}
	b = setup(t, options{spool: folder, wrap: func(s whatsapp.Store) whatsapp.Store { database.Store = s; return database }})
	return b, database, folder
}

func waiting(f *spool.Folder) int  { n, _ := f.Count(); return n }
func setAside(f *spool.Folder) int { _, n := f.Count(); return n }

func TestWebhooksAreKeptOnDiskWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	const who = "385911111111"
	b.says(who, "Before.")
	database.gone.Store(true)
	for i := range 5 {
		b.says(who, fmt.Sprintf("Away %d.", i))
	}
	again := textBody(who, ourNumber, "Twice.", "wamid.twice")
	require.NoError(t, b.post(again))
	require.NoError(t, b.post(again), "a provider that delivers it again hears the same")
	require.Equal(t, 7, waiting(folder))

	database.gone.Store(false)
	b.says(who, "After.")
	require.Equal(t, 8, waiting(folder), "what comes later waits behind what is on disk")
	b.work()
	b.eventually("everything is stored", func() bool { return waiting(folder) == 0 })
	b.eventually("every turn is answered", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state <> 'completed'`) == 0 })
	var heard []string
	for _, m := range b.thread() {
		if m.Direction == whatsapp.In {
			heard = append(heard, m.Text)
		}
	}
	require.Equal(t, []string{"Before.", "Away 0.", "Away 1.", "Away 2.", "Away 3.", "Away 4.", "Twice.", "After."}, heard)

	b.says(who, "Now.")
	require.Zero(t, waiting(folder), "the database is used again at once")
}

func TestOnlyWhatTheChannelsSecretShowsIsKeptOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	for _, c := range []struct {
		what    string
		channel flomastr.ChannelID
		secret  string
		kind    flomastr.Kind
	}{
		{"a wrong secret", b.channel.ID, "wrong", flomastr.Unauthenticated},
		{"a channel that was never seen", flomastr.NewID[flomastr.ChannelID](), "s3cret " + ourNumber, flomastr.Unavailable},
	} {
		header := b.header()
		header.Set("X-Secret", c.secret)
		// The channel's row is believed for a moment after it was read; then it cannot be read again.
		b.eventually(c.what, func() bool {
			err := b.engine.Receive(t.Context(), "infobip", c.channel, whatsapp.WebhookRequest{Header: header, Body: []byte(textBody("385911111111", ourNumber, "Hi", ""))})
			return flomastr.KindOf(err) == c.kind
		})
	}
	require.Zero(t, waiting(folder))
}

func TestASecretThatWasChangedMeanwhileKeepsAWebhookFromBeingStored(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	b.says("385911111111", "By the old secret.")
	require.Equal(t, 1, waiting(folder))
	database.gone.Store(false)
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{
		Webhook: &whatsapp.WebhookSecret{HeaderName: "X-Secret", HeaderValue: "another one"},
	})
	require.NoError(t, err)
	b.work()
	b.eventually("it is set aside", func() bool { return waiting(folder) == 0 })
	require.Equal(t, 1, setAside(folder), "what was acknowledged is kept")
	require.Equal(t, 1, b.count(messagesSQL))
	require.Equal(t, 1, b.count(setAsideSQL))
}

func TestAFolderThatIsFullAnswersAsWithoutOne(t *testing.T) {
	t.Parallel()
	folder, database := newFolder(t, 10), &away{}
	b := setup(t, options{spool: folder, wrap: func(s whatsapp.Store) whatsapp.Store { database.Store = s; return database }})
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	require.Equal(t, flomastr.Unavailable, flomastr.KindOf(b.post(textBody("385911111111", ourNumber, "Hi", ""))))
	database.gone.Store(false)
	b.says("385911111111", "After.")
}

func TestOneChannelsTroubleDoesNotKeepAnotherOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	other := b.newChannel(b.tenant, "447860099288")
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385911111111", other.Number, "Hi", ""))}))
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385911111111", other.Number, "Hi again", ""))}))
	b.says("385911111111", "Away.")
	database.gone.Store(false)
	require.NoError(t, b.engine.DeleteChannel(t.Context(), b.tenant, flomastr.ActorSystem, other.ID))
	b.work()
	b.eventually("both are dealt with", func() bool { return waiting(folder) == 0 })
	b.eventually("it is answered", func() bool { return contains(fmt.Sprint(b.ledger.to("385911111111")), "Away.") })
}

// faulty is a provider of which the code fails at some bodies. It is the engine's business to live with that.
type faulty struct{ provider.Provider }

func (f faulty) Parse(ch provider.Channel, r provider.Request) (provider.Batch, error) {
	switch {
	case contains(string(r.Body), "panics"):
		panic("index out of range")
	case contains(string(r.Body), "fails"):
		return provider.Batch{}, errors.New("not foreseen")
	}
	return f.Provider.Parse(ch, r)
}

func TestAWebhookThatNeverCanBeStoredStopsNoChannel(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	engine := b.engineWith(faulty{infobip.New(infobip.Config{HTTP: b.ledger.server.Client(), StandIn: b.ledger.server.URL, Timeout: 2 * time.Second})}, folder, database)
	say := func(text string) {
		require.NoError(t, engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(textBody("385911111111", ourNumber, text, ""))}))
	}
	say("Before.")
	database.gone.Store(true)
	for _, text := range []string{"One.", "It panics.", "Two.", "It fails.", "Three."} {
		// While the channel is believed its webhooks are read at once; it is looked up again a moment later.
		b.eventually("the channel cannot be looked up", func() bool {
			return func() (gone bool) { defer func() { gone = recover() == nil }(); say(text); return }()
		})
	}
	require.Equal(t, 5, waiting(folder))
	database.gone.Store(false)
	b.work(engine)
	b.eventually("the channel is free again", func() bool { return waiting(folder) == 0 })
	require.Equal(t, 2, setAside(folder))
	require.Equal(t, 1, b.count(setAsideSQL), "people are told, once")
	require.Equal(t, []string{"Before.", "One.", "Two.", "Three."}, b.heard())
}

// heard is what the only customer said, oldest first.
func (b *bundle) heard() (texts []string) {
	b.t.Helper()
	for _, m := range b.thread() {
		if m.Direction == whatsapp.In {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// engineWith makes an engine that speaks one provider and has a folder.
func (b *bundle) engineWith(p provider.Provider, folder whatsapp.Spool, database *away) *whatsapp.Engine {
	return whatsapp.New(whatsapp.Deps{
		Store: database, Answerer: b.answerer, Sealer: plain{}, Spool: folder, Log: slog.New(slog.DiscardHandler), Settings: quick(),
		Providers: []provider.Provider{p},
	})
}

func TestABodyThatIsNoneEndsOnTheErrorListAlsoFromTheDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	b.says("385911111111", "Away.")
	require.NoError(t, b.post(`{"results":[`))
	require.Equal(t, 2, waiting(folder))
	database.gone.Store(false)
	b.work()
	b.eventually("both are dealt with", func() bool { return waiting(folder) == 0 })
	require.Zero(t, setAside(folder))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM inbound_errors WHERE reason = 'not_json'`))
	require.Equal(t, []string{"Before.", "Away."}, b.heard())
}

func TestWhatFailsForOurOwnFaultIsKeptAsWell(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	var broken atomic.Bool
	database.Store = brokenList{database.Store, &broken}
	broken.Store(true)
	require.NoError(t, b.post(envelope(`{"messageId":"","what":"is this"}`)), "a connection that is lost in the middle says nothing of its kind")
	require.Equal(t, 1, waiting(folder))
	broken.Store(false)
	b.work()
	b.eventually("it is stored", func() bool { return waiting(folder) == 0 })
	require.Equal(t, 1, b.count(listedSQL))
}

// brokenList is a store that loses its connection while it writes the error list.
type brokenList struct {
	whatsapp.Store
	broken *atomic.Bool
}

func (s brokenList) KeepUnusable(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, list []provider.Unusable) error {
	if s.broken.Load() {
		return io.ErrUnexpectedEOF
	}
	return s.Store.KeepUnusable(ctx, tenant, channel, list)
}

// A server that has just started knows no channel yet, and its folder may hold something of one.
func TestAServerThatHasJustStartedTakesWebhooksBehindWhatIsOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	b.says("385911111111", "Away.")
	database.gone.Store(false)
	b.engine = b.another(options{settings: quick(), spool: folder})
	b.says("385911111111", "After.")
	require.Equal(t, 2, waiting(folder))
	b.work()
	b.eventually("everything is stored", func() bool { return waiting(folder) == 0 })
	require.Equal(t, []string{"Before.", "Away.", "After."}, b.heard())
}

// What waits on disk must not make a server believe the secret that it saw last when it can look it up.
func TestASecretThatAnotherServerChangedIsBelievedWhileSomethingIsOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	b.says("385911111111", "Away.")
	database.gone.Store(false)
	_, err := b.another(options{settings: quick()}).UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{
		Webhook: &whatsapp.WebhookSecret{HeaderName: "X-Secret", HeaderValue: "another one"},
	})
	require.NoError(t, err)
	post := func(secret string) error {
		return b.engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: http.Header{"X-Secret": {secret}}, Body: []byte(textBody("385911111111", ourNumber, "After.", ""))})
	}
	b.eventually("the new one is believed", func() bool { return post("another one") == nil })
	require.Equal(t, flomastr.Unauthenticated, flomastr.KindOf(post("s3cret "+ourNumber)))
	require.Equal(t, 2, waiting(folder))
}

// A crash between the commit and the removal gives everything once more; whatever it is, it counts once.
func TestWhatIsStoredTwiceFromTheDiskCountsOnce(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	crashed := &forgetful{Spool: folder}
	for _, body := range []string{
		textBody("385911111111", ourNumber, "Away.", ""),
		deliveryBody("a message that we do not know", 3, 5),
		envelope(`{"messageId":"","what":"is this"}`),
		`{"messageTemplateId":"1","messageTemplateName":"hours","messageTemplateLanguage":"en","change":{"type":"STATUS","newStatus":"PAUSED","reason":"x"}}`,
		`no json`,
	} {
		require.NoError(t, b.post(body))
	}
	database.gone.Store(false)
	counts := func() (n []int) {
		for _, table := range []string{"messages WHERE direction = 'in'", "parked_reports", "inbound_errors", "alerts", "jobs", "inbound_receipts"} {
			n = append(n, b.count(`SELECT count(*) FROM `+table))
		}
		return n
	}
	b.engine = b.another(options{settings: quick(), spool: crashed})
	b.work()
	b.eventually("everything is stored again and again", func() bool { return crashed.removals.Load() > 0 })
	b.eventually("it is answered", func() bool { return len(b.ledger.to("385911111111")) > 0 })
	once := counts()
	require.Equal(t, []int{2, 1, 2, 1}, once[:4])
	before := crashed.removals.Load()
	b.eventually("and again", func() bool { return crashed.removals.Load() >= before+2 })
	require.Equal(t, once, counts())
	crashed.works.Store(true)
	b.eventually("the folder is empty", func() bool { return waiting(folder) == 0 })
	require.Equal(t, once, counts())
	require.Zero(t, setAside(folder))
}

// forgetful is a folder that does not remove anything.
type forgetful struct {
	whatsapp.Spool
	works    atomic.Bool
	removals atomic.Int64
}

func (f *forgetful) Remove(stored []whatsapp.Spooled) error {
	f.removals.Add(1)
	if f.works.Load() {
		return f.Spool.Remove(stored)
	}
	return errAway
}

func TestAChannelThatHangsKeepsNoOtherOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	hanging := map[flomastr.ChannelID]bool{}
	for i := range 3 {
		ch := b.newChannel(tenantRow(t, b.db), fmt.Sprintf("44786009929%d", i))
		hanging[ch.ID] = true
		require.NoError(t, b.engine.Receive(t.Context(), "infobip", ch.ID, whatsapp.WebhookRequest{Header: secretOf(ch), Body: []byte(textBody("385911111111", ch.Number, "Hi", ""))}))
		database.gone.Store(true)
		require.NoError(t, b.engine.Receive(t.Context(), "infobip", ch.ID, whatsapp.WebhookRequest{Header: secretOf(ch), Body: []byte(textBody("385911111111", ch.Number, "Away", ""))}))
		database.gone.Store(false)
	}
	b.says("385911111111", "Before.")
	release := make(chan struct{})
	database.fails = func(in whatsapp.Intake) error {
		if hanging[in.Channel] {
			<-release
		}
		return nil
	}
	b.t.Cleanup(func() { close(release) })
	b.work()
	for i := range 3 { // again and again, while the others hang in their first try
		database.gone.Store(true)
		b.says("385911111111", fmt.Sprintf("Away %d.", i))
		database.gone.Store(false)
		b.eventually("it is stored", func() bool { return !folder.Holds(b.channel.ID) })
	}
	require.Equal(t, 3, waiting(folder))
}

// A webhook for several numbers is split as it is without the disk: each tenant's customers write to that tenant alone.
func TestAWebhookForSeveralNumbersIsSplitBySecretAlsoFromTheDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	c := newCloud(t)
	e := b.engineWith(meta.New(meta.Config{HTTP: c.server.Client(), StandIn: c.server.URL}), folder, database)
	other, stranger := tenantRow(t, b.db), tenantRow(t, b.db)
	mine := metaChannel(t, e, b.tenant, "97140000001", "101", "shared")
	metaChannel(t, e, other, "97140000002", "102", "shared")
	metaChannel(t, e, stranger, "97140000003", "103", "their own")
	require.NoError(t, deliverMeta(e, mine.ID, "shared", metaEntry("101", metaText("385911111111", "wamid.0", "before"))))
	database.gone.Store(true)
	require.NoError(t, deliverMeta(e, mine.ID, "shared",
		metaEntry("101", metaText("385911111111", "wamid.a", "for me")), metaEntry("102", metaText("385911111111", "wamid.b", "for them")),
		metaEntry("103", metaText("385911111111", "wamid.c", "for the stranger"))))
	require.Equal(t, 1, waiting(folder))
	database.gone.Store(false)
	b.work(e)
	b.eventually("it is stored", func() bool { return waiting(folder) == 0 })
	said := func(tenant flomastr.TenantID) (texts []string) {
		list, _, err := e.Conversations(t.Context(), tenant, whatsapp.Page{Limit: 10})
		require.NoError(t, err)
		for _, conversation := range list {
			messages, _, err := e.Messages(t.Context(), tenant, conversation.ID, whatsapp.Page{Limit: 10})
			require.NoError(t, err)
			for _, m := range messages {
				if m.Direction == whatsapp.In {
					texts = append(texts, m.Text)
				}
			}
		}
		return texts
	}
	require.Equal(t, []string{"for me", "before"}, said(b.tenant))
	require.Equal(t, []string{"for them"}, said(other))
	require.Empty(t, said(stranger))
}
