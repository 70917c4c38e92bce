package whatsapp_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func (b *bundle) row() whatsapp.Channel {
	b.t.Helper()
	ch, err := b.engine.Channel(b.t.Context(), b.tenant, b.channel.ID)
	require.NoError(b.t, err)
	return ch
}

// pause keeps everything from being sent until the returned function is called.
func (b *bundle) pause() (resume func()) {
	b.t.Helper()
	set := func(status string) {
		b.t.Helper()
		_, err := b.engine.UpdateChannel(b.t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Status: &status})
		require.NoError(b.t, err)
	}
	set(whatsapp.ChannelPaused)
	return func() { set(whatsapp.ChannelActive) }
}

// probe makes a message try now whether an outage is over, unless one does.
func (b *bundle) probe() {
	tenantExec(b.t, b, `UPDATE channels SET probe_at = now() WHERE probe_at > now() AND NOT EXISTS (SELECT FROM outbox WHERE phase = 'intent')`)
	tenantExec(b.t, b, `UPDATE outbox SET ready_at = now() WHERE phase = 'queued'`)
	tenantExec(b.t, b, `UPDATE lanes SET ready_at = now() WHERE kind = 'send' AND lease_until IS NULL AND ready_at IS NOT NULL`)
	tenantExec(b.t, b, `UPDATE tenant_turns SET next_at = now()`)
}

// Two servers share one picture of a provider that does not answer: calls stop, nothing is lost or failed, people are told, and
// what waited goes once, in order, when it is back.
func TestWhileAProviderIsAwayMessagesWaitAndGoOnceItIsBack(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			mend := b.refusing(status)
			other := b.another(options{settings: quick()})
			b.work(b.engine, other)
			const people = 12
			who := func(i int) string { return fmt.Sprintf("3859111111%02d", i) }
			for i := range people {
				b.says(who(i), "One.")
			}
			b.eventually("the outage is noticed", func() bool { return b.row().Outage.Open() })
			require.Equal(t, whatsapp.TroubleAway, other.Trouble(b.row()))
			require.Equal(t, 1, b.count(`SELECT count(*) FROM alerts WHERE kind = 'outage' AND resolved_at IS NULL`))
			b.settled()
			for i := range people {
				b.says(who(i), "Two.")
			}
			b.settled()
			require.Zero(t, b.count(`SELECT count(*) FROM messages WHERE direction = 'out' AND state IN ('failed', 'unknown')`))
			mend()
			b.probe() // it has come to try rarely
			b.eventually("everybody is answered", func() bool { return len(b.ledger.all()) == 2*people })
			for i := range people {
				require.Equal(t, []string{"re: One.", "re: Two."}, b.ledger.to(who(i)))
			}
			b.eventually("the outage is over", func() bool {
				return !b.row().Outage.Open() && b.count(`SELECT count(*) FROM alerts WHERE kind = 'outage' AND resolved_at IS NULL`) == 0
			})
			require.False(t, b.row().Outage.OverAt.IsZero(), "the pace rises from here")
		})
	}
}

func TestATryWhileAProviderIsKnownToBeAwayCostsNone(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.SendAttempts = 6
	b := setup(t, options{settings: settings})
	mend := b.refusing(http.StatusBadGateway)
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("more tries than it has", func() bool {
		b.probe()
		return b.row().Outage.Failures > 9
	})
	mend()
	b.eventually("it is still sent", func() bool {
		b.probe()
		return len(b.ledger.all()) == 1
	})
	require.Empty(t, b.dead())
}

func TestAnAnswerThatWaitedForLongIsMadeAnewWithWhatWasSaidSince(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]string{
		"stale":   `UPDATE outbox SET stale_at = now() - interval '1 minute' WHERE seq = (SELECT min(seq) FROM outbox)`,
		"expired": `UPDATE outbox SET expires_at = now() - interval '1 minute'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.work()
			resume := b.pause()
			b.says("385911111111", "When do you open?")
			b.settled()
			b.says("385911111111", "I mean on Sunday.")
			b.settled()
			require.Equal(t, 2, b.waiting())
			tenantExec(t, b, age)
			resume()
			b.eventually("one answer to both", func() bool { return len(b.ledger.all()) == 1 })
			b.eventually("it is accepted", func() bool { return b.waiting() == 0 })
			require.Equal(t, []string{"re: When do you open? | I mean on Sunday."}, b.ledger.to("385911111111"))
			require.Equal(t, 2, b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE '%answered anew%'`))
			require.Empty(t, b.dead(), "something else went in their place")
		})
	}
}

// A turn that is being answered takes in what a stale answer was to.
func TestAStaleAnswersQuestionJoinsTheTurnThatIsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	resume := b.pause()
	b.says("385911111111", "When do you open?")
	b.settled()
	tenantExec(t, b, `UPDATE outbox SET stale_at = now() - interval '1 minute'`)
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Worker: new(whatsapp.WorkerN8N)})
	require.NoError(t, err)
	b.says("385911111111", "On Sunday, I mean.")
	claimed := b.claim()
	require.Len(t, claimed.Messages, 1)
	resume()
	b.eventually("the answer is called off", func() bool { return b.waiting() == 0 })
	reply := whatsapp.Completion{Reply: &provider.Message{Text: "At ten."}}
	_, err = b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, reply)
	require.ErrorIs(t, err, whatsapp.ErrTurnChanged)
	claimed = b.claim()
	require.Len(t, claimed.Messages, 2)
	require.Equal(t, "When do you open?", claimed.Messages[0].Text)
	_, err = b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, reply)
	require.NoError(t, err)
	b.eventually("it is sent", func() bool { return len(b.ledger.all()) == 1 })
}

// claim takes a job as an outside worker does.
func (b *bundle) claim() (c whatsapp.Claimed) {
	b.t.Helper()
	b.eventually("a job", func() bool {
		var err error
		c, err = b.engine.NextJob(b.t.Context(), b.tenant, "", 0)
		return err == nil
	})
	return c
}

func TestAnAnswerThatTheWindowKeepsBackIsReplacedOrAPersonGoesOn(t *testing.T) {
	t.Parallel()
	for name, fallback := range map[string]bool{"replaced": true, "a person": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.ledger.keeps(approved("news", "utility"))
			if fallback {
				_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Fallback: &provider.Template{Name: "news", Language: "en"}})
				require.NoError(t, err)
			}
			b.work()
			resume := b.pause()
			b.says("385911111111", "When do you open?")
			b.settled()
			b.says("385911111111", "On Sunday?")
			b.settled()
			tenantExec(t, b, `UPDATE conversations SET window_until = now() - interval '1 hour'`)
			resume()
			b.eventually("nothing waits", func() bool { return b.waiting() == 0 })
			if !fallback {
				require.Empty(t, b.ledger.all())
				require.Equal(t, whatsapp.OwnerMember, b.only().OwnerKind)
				require.NotEmpty(t, b.only().HandoverReason)
				return
			}
			b.eventually("it is accepted", func() bool { return b.thread()[1].State == provider.StateAccepted })
			require.Equal(t, []string{""}, b.ledger.to("385911111111"), "one template, however many answers waited")
			require.Equal(t, "template", b.thread()[1].Type)
			require.Equal(t, whatsapp.OwnerAssistant, b.only().OwnerKind)
			require.Empty(t, b.dead())
		})
	}
}

// What a caller gave in case the window is closed counts until the message leaves.
func TestAMessageWhoseWindowClosesWhileItWaitsIsReplacedByItsFallback(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fallback *provider.Template
		sent     []string
		state    provider.State
	}{
		"with one":    {&provider.Template{Name: "news", Language: "en"}, []string{""}, provider.StateAccepted},
		"without one": {nil, nil, provider.StateFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.ledger.keeps(approved("news", "utility"))
			require.NoError(t, b.post(textBody("385911111111", ourNumber, "Hello.", "wamid.hello")))
			m, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
				Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Your order is ready.", ReplyTo: "wamid.hello"}, Speaker: flomastr.SpeakerExternal, Fallback: c.fallback,
			})
			require.NoError(t, err)
			tenantExec(t, b, `UPDATE conversations SET window_until = now() - interval '1 hour'`)
			b.work()
			b.eventually("it comes to its end", func() bool {
				return b.count(`SELECT count(*) FROM messages WHERE id = $1 AND state = $2`, m.ID, c.state) == 1
			})
			require.Equal(t, c.sent, b.ledger.to("385911111111"))
			require.Equal(t, c.fallback == nil, b.count(`SELECT count(*) FROM messages WHERE id = $1 AND details IS NOT NULL`, m.ID) == 1,
				"what belongs to the words goes with them")
		})
	}
}

// A provider who does not tell what became of the fallback keeps nothing back that does not need it.
func TestAFallbackThatNobodyCanTellOfMattersOnlyWhenItIsNeeded(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"the window is open": true, "the window is closed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.ledger.tellsNothing()
			b.says("385911111111", "Hello.")
			if !open {
				tenantExec(t, b, `UPDATE conversations SET window_until = now() - interval '1 hour'`)
			}
			_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
				Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Your order is ready."}, Speaker: flomastr.SpeakerExternal,
				Fallback: &provider.Template{Name: "news", Language: "en"},
			})
			if open {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.NotErrorIs(t, err, whatsapp.ErrWindowClosed, "it says what is the matter with the template")
		})
	}
}

func TestAFallbackIsATemplateThatCanBeSent(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"), in("rejected", approved("refused", "utility")))
	set := func(name string) error {
		_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Fallback: &provider.Template{Name: name, Language: "en"}})
		return err
	}
	for _, name := range []string{"nowhere", "refused"} {
		require.Equal(t, "invalid_channel", flomastr.CodeOf(set(name)), name)
	}
	require.Nil(t, b.row().Fallback)
	require.NoError(t, set("news"))
	require.Equal(t, "news", b.row().Fallback.Name)
	require.NoError(t, set(""))
	require.Nil(t, b.row().Fallback, "an empty name takes it away")
}

// However many servers ask at once, no more is given out than the number's pace.
func TestServersShareANumbersPace(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	const rate = 40.0
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Limits: &whatsapp.Limits{PerSecond: rate, PairBurst: 1}})
	require.NoError(t, err)
	booked := func() (until float64) {
		require.NoError(t, b.db.InTenant(t.Context(), b.tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT coalesce((SELECT extract(epoch FROM booked_until) FROM channel_pace), extract(epoch FROM clock_timestamp()))::float8`).Scan(&until)
		}))
		return until
	}
	began := booked()
	var mu sync.Mutex
	given, later := 0, 0
	var group sync.WaitGroup
	for i := range 40 {
		store := []*postgres.WhatsAppStore{b.store, postgres.NewWhatsAppStore(b.db)}[i%2]
		group.Go(func() {
			p, err := store.TakePace(t.Context(), b.tenant, b.channel.ID, 1+i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			if given += p.Messages; p.Messages == 0 {
				later++
			}
			if p.Messages > rate/4 {
				t.Errorf("%d at once", p.Messages)
			}
		})
	}
	group.Wait()
	require.GreaterOrEqual(t, booked()-began, float64(given)/rate-0.26, "what was given out is booked")
	require.NotZero(t, later, "nobody books far ahead")
}

func TestAfterAnOutageThePaceRises(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Limits: &whatsapp.Limits{PerSecond: 80, PairBurst: 1}})
	require.NoError(t, err)
	for _, c := range []struct {
		since string
		want  int
	}{{"0 seconds", 1}, {"60 seconds", 10}, {"1 hour", 20}} {
		tenantExec(t, b, `UPDATE channels SET outage_over_at = now() - interval '`+c.since+`'`)
		tenantExec(t, b, `DELETE FROM channel_pace`)
		p, err := b.store.TakePace(t.Context(), b.tenant, b.channel.ID, 100)
		require.NoError(t, err)
		require.InDelta(t, c.want, p.Messages, 2, c.since)
		require.Zero(t, p.Wait)
	}
	tenantExec(t, b, `UPDATE channels SET outage_since = now()`)
	tenantExec(t, b, `DELETE FROM channel_pace`)
	p, err := b.store.TakePace(t.Context(), b.tenant, b.channel.ID, 100)
	require.NoError(t, err)
	require.Equal(t, 1, p.Messages, "whatever is taken while it lasts is there in the moment it ends")
}

func TestANumberOfASlowPaceSendsEverythingInItsTime(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.LiftLimits = false
	b := setup(t, options{settings: settings})
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Limits: &whatsapp.Limits{PerSecond: 20, PairBurst: 100}})
	require.NoError(t, err)
	b.work(b.engine, b.another(options{settings: settings}))
	for i := range 30 {
		b.says(fmt.Sprintf("3859111111%02d", i), "Hello.")
	}
	b.eventually("all are answered", func() bool { return len(b.ledger.all()) == 30 })
	b.eventually("all is settled", func() bool { return b.waiting() == 0 })
	require.GreaterOrEqual(t, b.count(`SELECT (extract(epoch FROM max(settled_at) - min(created_at)) * 1000)::int FROM outbox`), 900, "(30 - 5 - 5) messages at 20 a second")
}
