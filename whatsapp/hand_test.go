package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// outside lets a worker answer the channel.
func (b *bundle) outside(worker string) {
	b.t.Helper()
	_, err := b.engine.UpdateChannel(b.t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Worker: &worker})
	require.NoError(b.t, err)
}

func TestTheFirstRuleWhoseWordsAreWrittenChoosesTheWorker(t *testing.T) {
	t.Parallel()
	ch := whatsapp.Channel{
		Worker: whatsapp.WorkerAssistant, BothWait: time.Second, OutsideWait: time.Minute,
		Rules: []whatsapp.WorkerRule{
			{Words: []string{"Rechnung", "my bill"}, Worker: whatsapp.WorkerN8N},
			{Words: []string{"bill", "बिल", "فاتورة"}, Worker: whatsapp.WorkerBoth},
		},
	}
	ruled := func(worker string, start time.Duration) whatsapp.Hand {
		return whatsapp.Hand{Worker: worker, HeadStart: start, Ruled: true}
	}
	for text, want := range map[string]whatsapp.Hand{
		"":                    {Worker: whatsapp.WorkerAssistant},
		"When do you open?":   {Worker: whatsapp.WorkerAssistant},
		"Rechnungen":          {Worker: whatsapp.WorkerAssistant},
		"billing, Billy":      {Worker: whatsapp.WorkerAssistant},
		"Where's MY BILL?":    ruled(whatsapp.WorkerN8N, time.Minute),
		"die rechnung, bitte": ruled(whatsapp.WorkerN8N, time.Minute),
		"billing the bill":    ruled(whatsapp.WorkerBoth, time.Second),
		"मेरा बिल":            ruled(whatsapp.WorkerBoth, time.Second),
		"बिलकुल":              {Worker: whatsapp.WorkerAssistant},
		"أين فاتورة؟":         ruled(whatsapp.WorkerBoth, time.Second),
	} {
		require.Equal(t, want, ch.HandOf(text), text)
	}
}

func TestAnOutsideWorkerIsGivenOnlyWhatIsNotTheAssistantsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	rules := []whatsapp.WorkerRule{{Words: []string{"invoice"}, Worker: whatsapp.WorkerN8N}, {Words: []string{"either"}, Worker: whatsapp.WorkerBoth}}
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Rules: &rules})
	require.NoError(t, err)
	b.says("385911111111", "Hello.")
	_, err = b.engine.NextJob(t.Context(), b.tenant, "", 0)
	require.ErrorIs(t, err, whatsapp.ErrNoJob)
	b.says("385922222222", "An invoice.")
	b.says("385922222222", "Please.")
	require.Equal(t, "An invoice.", b.claim().Messages[0].Text)
	b.says("385933333333", "From either.")
	require.Equal(t, "From either.", b.claim().Messages[0].Text)
	b.work()
	b.eventually("the assistant's answer", func() bool { return len(b.ledger.to("385911111111")) == 1 })
	require.Empty(t, b.ledger.to("385922222222"), "whoever has it, has it alone")
	require.Empty(t, b.ledger.to("385933333333"))
}

func TestATurnThatNoOutsideWorkerFetchesIsTheAssistants(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.outside(whatsapp.WorkerN8N)
	b.says("385911111111", "Hello?")
	b.work()
	tenantExec(t, b, `UPDATE lanes SET head_start = '0'`) // the time that it waits for an outside worker is over
	b.eventually("the assistant's answer", func() bool { return len(b.ledger.to("385911111111")) == 1 })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE missed AND hand = 'assistant' AND worker = 'assistant'`))
	require.Equal(t, whatsapp.TroubleWorker, b.engine.Trouble(b.row()))
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Name: new("Night desk")})
	require.NoError(t, err)
	require.Equal(t, whatsapp.TroubleWorker, b.engine.Trouble(b.row()), "a new name changes nothing about that")
	b.says("385922222222", "And now?")
	claimed := b.claim()
	require.NotEqual(t, whatsapp.TroubleWorker, b.engine.Trouble(b.row()), "it has come")
	_, err = b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, whatsapp.Completion{Reply: &provider.Message{Text: "Here."}})
	require.NoError(t, err)
	b.eventually("the outside worker's answer", func() bool { return len(b.ledger.to("385922222222")) == 1 })
}

func TestAnEditAndAnAnswerThatIsAskedForAgainObeyTheRules(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	rules := []whatsapp.WorkerRule{{Words: []string{"invoice"}, Worker: whatsapp.WorkerN8N}}
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Rules: &rules})
	require.NoError(t, err)
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.asked", Text: "When do you open?"})
	b.eventually("it is answered", func() bool { return len(b.ledger.all()) == 1 })
	b.hears(provider.Inbound{Type: whatsapp.TypeEdit, Target: "wamid.asked", Text: "Where is my invoice?", Readable: true})
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'queued' AND hand = 'n8n' AND ruled AND head_start = '1 minute'`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM lanes WHERE kind = 'turn' AND worker = 'n8n' AND ours_at > now()`))

	resume := b.pause()
	claimed := b.claim()
	_, err = b.engine.CompleteJob(t.Context(), b.tenant, claimed.Job.ID, claimed.Job.Token, whatsapp.Completion{Reply: &provider.Message{Text: "In your mail."}})
	require.NoError(t, err)
	tenantExec(t, b, `UPDATE outbox SET stale_at = now() WHERE phase = 'queued'`)
	resume()
	b.eventually("it is asked for again", func() bool {
		return b.count(`SELECT count(*) FROM jobs WHERE state = 'queued' AND hand = 'n8n' AND ruled`) == 1
	})
}

func TestATurnThatOutsideWorkersNeverEndIsExpiredAndTheTruthIsTold(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.Texts.Fallback, settings.Texts.Disclosure = "Sorry, a fault.", "I am a machine."
	b := setup(t, options{settings: settings})
	b.outside(whatsapp.WorkerN8N)
	b.says("385911111111", "Hello?")
	for range 5 {
		require.Equal(t, "Hello?", b.claim().Messages[0].Text)
		tenantExec(t, b, `UPDATE lanes SET lease_until = now(), ready_at = now()`)
	}
	_, err := b.engine.NextJob(t.Context(), b.tenant, "", 0)
	require.ErrorIs(t, err, whatsapp.ErrNoJob)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'expired'`))
	b.work()
	b.eventually("the truth", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "I am a machine.\n\nSorry, a fault.", b.ledger.all()[0].Text)
	dead, _, err := b.engine.DeadLetters(t.Context(), b.tenant, whatsapp.DeadPage{Limit: 10})
	require.NoError(t, err)
	require.Len(t, dead, 1, "and people see it")
}

func TestWhatWaitsFollowsAChangeOfTheWorkerButForWhatARuleChose(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	rules := []whatsapp.WorkerRule{{Words: []string{"invoice"}, Worker: whatsapp.WorkerN8N}}
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{Rules: &rules})
	require.NoError(t, err)
	b.says("385911111111", "Hello.")
	b.says("385922222222", "My invoice.")
	b.outside(whatsapp.WorkerBoth)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM lanes WHERE worker = 'both' AND ours_at = ready_at + interval '5 seconds'`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM lanes WHERE worker = 'n8n' AND ours_at = ready_at + interval '1 minute'`))
	b.outside(whatsapp.WorkerAssistant)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM lanes WHERE worker = 'assistant' AND ours_at = ready_at`))
}
