package whatsapp_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func (b *bundle) ends() map[string]whatsapp.End {
	b.t.Helper()
	lines, _, err := b.engine.Ledger(b.t.Context(), b.tenant, whatsapp.LedgerPage{Limit: 100})
	require.NoError(b.t, err)
	ends := map[string]whatsapp.End{}
	for _, l := range lines {
		ends[l.ProviderID] = l.End
	}
	return ends
}

// Every message of a customer ends somewhere, and the ledger says where.
func TestEveryMessageHasItsEnd(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.TurnAttempts = 1
	b := setup(t, options{settings: settings})
	b.speak()
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		switch turn.Messages[0].Text {
		case "A person, please.":
			return flomastr.Decision{Action: flomastr.ActionHandOver, Text: "One moment.", Reason: "asked"}, nil
		case "Break.":
			panic("broken")
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "Yes."}, nil
	}
	from := func(n string) provider.Address { return provider.Address{Phone: "38591000000" + n} }
	b.hears(
		provider.Inbound{ProviderID: "answered", Text: "Open?", From: from("1")},
		provider.Inbound{ProviderID: "handed over", Text: "A person, please.", From: from("2")},
		provider.Inbound{ProviderID: "stop", Text: "stop", From: from("3")},
		provider.Inbound{ProviderID: "suppressed", Text: "Hello.", From: from("3")},
		provider.Inbound{ProviderID: "failed", Text: "Break.", From: from("4")},
		provider.Inbound{ProviderID: "group", Text: "to all", Silent: true, From: from("5")},
	)
	require.Equal(t, whatsapp.EndWaiting, b.ends()["answered"])
	b.work()
	want := map[string]whatsapp.End{
		"answered": whatsapp.EndAnswered, "handed over": whatsapp.EndHandedOver, "stop": whatsapp.EndSilent,
		"suppressed": whatsapp.EndSuppressed, "failed": whatsapp.EndFailed, "group": whatsapp.EndSilent,
	}
	b.eventually("all have ended", func() bool {
		ends := b.ends()
		for _, end := range ends {
			if end == whatsapp.EndWaiting {
				return false
			}
		}
		return len(ends) == len(want)
	})
	require.Equal(t, want, b.ends())
	first, next, err := b.engine.Ledger(t.Context(), b.tenant, whatsapp.LedgerPage{Limit: 4})
	require.NoError(t, err)
	rest, end, err := b.engine.Ledger(t.Context(), b.tenant, whatsapp.LedgerPage{Limit: 4, Cursor: next})
	require.NoError(t, err)
	require.Empty(t, end)
	require.Len(t, append(first, rest...), 6)
	failed, _, err := b.engine.Ledger(t.Context(), b.tenant, whatsapp.LedgerPage{Limit: 4, End: whatsapp.EndFailed})
	require.NoError(t, err)
	require.Len(t, failed, 1)
	require.NotEmpty(t, failed[0].Reason)
}

func TestALateOlderMessageGetsNoSecondAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	now := time.Now().Add(-time.Minute)
	b.hears(provider.Inbound{Text: "And are you open on Sunday?", SentAt: now})
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	b.settled()
	b.hears(provider.Inbound{ProviderID: "late", Text: "Hello!", SentAt: now.Add(-10 * time.Second)})
	b.settled()
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE result->>'because' = 'late'`))
	require.Len(t, b.messagesOf(b.only().ID), 3, "it is kept")
	b.hears(provider.Inbound{Text: "Thanks!", SentAt: now.Add(time.Second)})
	b.eventually("what is newer is answered", func() bool { return len(b.ledger.all()) == 2 })
}

func TestWhatWasTakenBackCountsNotAsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	now := time.Now().Add(-time.Minute)
	b.hears(
		provider.Inbound{Text: "Open on Sunday?", SentAt: now}, provider.Inbound{ProviderID: "wamid.gone", Text: "Or on Monday?", SentAt: now.Add(20 * time.Second)},
		revoke("wamid.gone"),
	)
	b.work()
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	b.settled()
	b.hears(provider.Inbound{Text: "Parking?", SentAt: now.Add(10 * time.Second)})
	b.eventually("an answer to what came after what was answered", func() bool { return len(b.ledger.all()) == 2 })
}

func TestWhatNobodyDealsWithRaisesAnAlertUntilSomebodyDoes(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.StuckAfter = time.Millisecond
	b := setup(t, options{settings: settings})
	b.speak()
	b.hears(provider.Inbound{Text: "Anybody?"})
	b.eventually("it is late", func() bool {
		return b.count(`SELECT count(*) FROM jobs WHERE created_at < now() - interval '10 milliseconds'`) == 1
	})
	require.NoError(t, b.engine.CheckStuck(t.Context()))
	require.NoError(t, b.engine.CheckStuck(t.Context()))
	open := b.alerts(true)
	require.Len(t, open, 1)
	require.Equal(t, whatsapp.AlertStuck, open[0].Kind)
	require.Equal(t, provider.Urgent, open[0].Severity)
	b.work()
	b.settled()
	require.NoError(t, b.engine.CheckStuck(t.Context()))
	require.Empty(t, b.alerts(true))
}

// downStore is a database that does not answer.
type downStore struct{ whatsapp.Store }

func (downStore) SaveIntake(ctx context.Context, _ flomastr.TenantID, _ []whatsapp.Intake) ([]whatsapp.Stored, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAWebhookIsToldToComeAgainWhenTheDatabaseDoesNotAnswer(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.StoreTimeout = 300 * time.Millisecond
	b := setup(t, options{})
	engine := b.another(options{settings: settings, wrap: func(s whatsapp.Store) whatsapp.Store { return downStore{s} }})
	err := engine.Receive(t.Context(), "infobip", b.channel.ID, whatsapp.WebhookRequest{Header: b.header(), Body: []byte(textBody("385911111111", ourNumber, "Hello.", ""))})
	require.Equal(t, flomastr.Unavailable, flomastr.KindOf(err))
	require.Zero(t, b.count(messagesSQL))
}
