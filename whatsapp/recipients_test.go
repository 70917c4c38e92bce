package whatsapp_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// begin queues a template for somebody who may never have written.
func (b *bundle) begin(ch flomastr.ChannelID, to string) {
	b.t.Helper()
	_, err := b.engine.Send(context.Background(), b.tenant, whatsapp.Request{
		Channel: ch, To: to, Speaker: flomastr.SpeakerExternal,
		Message: provider.Message{Template: &provider.Template{Name: "news", Language: "en"}},
	})
	require.NoError(b.t, err)
}

func (b *bundle) mayBegin(ch flomastr.ChannelID, recipients int) {
	b.t.Helper()
	_, err := b.engine.UpdateChannel(context.Background(), b.tenant, ch, whatsapp.ChannelDraft{DailyRecipients: &recipients})
	require.NoError(b.t, err)
}

func (b *bundle) people() map[string]int {
	to := map[string]int{}
	for _, s := range b.ledger.all() {
		to[s.To]++
	}
	return to
}

func (b *bundle) waiting() int {
	return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`)
}

// Two servers send for two numbers of one account: however they race, no more people are begun with than WhatsApp lets the
// account.
func TestTwoServersAndTwoNumbersShareOneLimitOfRecipients(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	second := b.newChannel(b.tenant, "447860099298") // at the same address, so of the same account
	const limit, people = 7, 24
	b.mayBegin(b.channel.ID, limit)
	b.mayBegin(second.ID, limit)
	for i := range people {
		b.begin([]flomastr.ChannelID{b.channel.ID, second.ID}[i%2], fmt.Sprintf("3859111110%02d", i))
	}
	b.work(b.engine, b.another(options{settings: quick()}))
	b.eventually("everybody was looked at", func() bool {
		return len(b.people()) >= limit && b.count(`SELECT count(*) FROM lanes WHERE kind = 'send' AND (ready_at <= now() OR lease_until IS NOT NULL)`) == 0
	})
	require.Len(t, b.people(), limit)
	require.Equal(t, people-limit, b.waiting(), "the others wait, and none is lost")
	require.NotZero(t, b.count(`SELECT count(*) FROM alerts WHERE kind = 'recipients' AND resolved_at IS NULL`), "people are told")

	// A day later the next ones go.
	tenantExec(t, b, `UPDATE begun_talks SET at = at - interval '25 hours'`)
	tenantExec(t, b, `UPDATE lanes SET ready_at = now() WHERE kind = 'send' AND ready_at IS NOT NULL`)
	b.eventually("the next ones", func() bool { return len(b.people()) == 2*limit })
}

func TestWhoWasBegunWithAndWhoeverWritesCostsNoMoreRecipients(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	b.mayBegin(b.channel.ID, 1)
	b.work()
	for range 3 {
		b.begin(b.channel.ID, "385911111101")
	}
	b.eventually("the same person again", func() bool { return b.people()["385911111101"] == 3 })
	b.says("385911111102", "Hello?")
	b.eventually("an answer inside the window", func() bool { return b.people()["385911111102"] == 1 })
	b.begin(b.channel.ID, "385911111102")
	b.eventually("a template inside the window", func() bool { return b.people()["385911111102"] == 2 })
	b.begin(b.channel.ID, "385911111103")
	b.eventually("one too many", func() bool {
		return b.count(`SELECT count(*) FROM alerts WHERE kind = 'recipients' AND resolved_at IS NULL`) == 1
	})
	require.Zero(t, b.people()["385911111103"])
	b.mayBegin(b.channel.ID, 2)
	b.eventually("more are allowed, and it goes", func() bool { return b.people()["385911111103"] == 1 })
	b.eventually("the alert ends", func() bool {
		return b.count(`SELECT count(*) FROM alerts WHERE kind = 'recipients' AND resolved_at IS NULL`) == 0
	})
}

func TestWhatWhatsAppSaysOfTheLimitCountsForAllNumbersOfTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	for i, told := range []int{2000, provider.Unlimited} {
		b.tell(provider.Batch{Events: []provider.Event{{Kind: provider.NumberChanged, Mark: fmt.Sprint(i), Recipients: told, At: time.Now()}}})
		ch, err := b.engine.Channel(t.Context(), b.tenant, b.channel.ID)
		require.NoError(t, err)
		require.Equal(t, told, ch.ToldRecipients)
	}
}

func TestAdvertisingThatWhatsAppHeldBackIsNotTriedForADay(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Hello."})
	send := func(marketing bool) (whatsapp.Message, error) {
		return b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
			Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Hi"}, Speaker: flomastr.SpeakerExternal, Marketing: marketing,
		})
	}
	waits, err := send(true)
	require.NoError(t, err)
	first, err := send(true)
	require.NoError(t, err)
	b.tell(provider.Batch{Reports: []provider.Report{{Key: first.ID.String(), Mark: "1", State: provider.StateFailed, At: time.Now(), Effect: provider.HoldMarketing, Detail: "Enough."}}})
	_, err = send(true)
	require.ErrorIs(t, err, whatsapp.ErrMarketingHeld)
	_, err = send(false)
	require.NoError(t, err, "service goes on")
	require.Empty(t, b.only().OptOut, "they have not asked for anything")
	b.work()
	b.eventually("what waited is called back", func() bool {
		m, err := b.store.Message(t.Context(), b.tenant, waits.ID)
		return err == nil && m.State == provider.StateFailed && contains(m.Problem, "holds advertising")
	})
	tenantExec(t, b, `UPDATE contacts SET marketing_after = now() - interval '1 second'`)
	_, err = send(true)
	require.NoError(t, err)
}

func TestAHigherLimitOfRecipientsWakesWhoeverWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.keeps(approved("news", "utility"))
	told := func(mark string, recipients int) {
		t.Helper()
		event := provider.Event{Kind: provider.NumberChanged, Mark: mark, Recipients: recipients, At: time.Now()}
		_, err := b.store.SaveIntake(t.Context(), b.tenant, []whatsapp.Intake{{Channel: b.channel.ID, Event: &event}})
		require.NoError(t, err)
	}
	told("1", 1)
	b.work()
	b.begin(b.channel.ID, "385911111101")
	b.begin(b.channel.ID, "385911111102")
	b.eventually("one waits", func() bool {
		return len(b.people()) == 1 && b.count(`SELECT count(*) FROM alerts WHERE kind = 'recipients'`) == 1
	})
	told("2", 2000)
	b.eventually("it goes", func() bool { return len(b.people()) == 2 })
}

// pacing is a provider that says of one contact that it is written to too fast.
type pacing struct {
	spoken
	mu    sync.Mutex
	tries map[string]int
}

func (p *pacing) Send(ctx context.Context, ch provider.Channel, m provider.Message) (provider.Accepted, error) {
	p.mu.Lock()
	p.tries[m.To]++
	n := p.tries[m.To]
	p.mu.Unlock()
	if m.To == "385911111111" && n <= 3 {
		return provider.Accepted{}, &provider.SendError{Outcome: provider.NotSent, Throttled: true, Pair: true, Sentence: "Too fast."}
	}
	return p.spoken.Send(ctx, ch, m)
}

func TestAContactThatIsWrittenToTooFastHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	p := &pacing{spoken: spoken{b.ledger}, tries: map[string]int{}}
	settings := quick()
	settings.SendAttempts = 2 // slowing down is no failed try
	b.engine = whatsapp.New(whatsapp.Deps{Store: b.store, Answerer: b.answerer, Sealer: plain{}, Settings: settings, Providers: []provider.Provider{p}})
	b.speak()
	b.work()
	b.hears(provider.Inbound{Text: "One."}, provider.Inbound{Text: "Two.", From: provider.Address{Phone: "385922222222"}})
	b.eventually("both are answered", func() bool { return len(b.people()) == 2 })
	require.Zero(t, b.count(`SELECT count(*) FROM channels WHERE held_until IS NOT NULL`), "the channel is not held")
	require.Equal(t, 1, b.count(`SELECT max(attempts) FROM outbox`), "slowing down costs no try")
	require.Equal(t, 3, b.count(`SELECT max(slowed) FROM outbox`))
}
