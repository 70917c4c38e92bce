package whatsapp_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestStopIsConfirmedOnceAndThenEverythingIsSilentUntilStart(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	stop := provider.Inbound{ProviderID: "wamid.stop", Text: "Stopp!"}
	b.hears(stop)
	b.hears(stop)
	b.hears(provider.Inbound{Text: "STOP"}, provider.Inbound{Text: "stop"})
	b.eventually("the confirmation", func() bool { return len(b.ledger.all()) == 1 })
	require.Contains(t, b.ledger.all()[0].Text, "keine Nachrichten mehr", "in the language of the word")
	require.Equal(t, whatsapp.ScopeAll, b.only().OptOut)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM suppressions WHERE scope = 'all' AND source = 'contact'`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = 'contact.opted_out'`))
	require.Zero(t, b.count(`SELECT count(*) FROM jobs`), "nobody, in the house or outside, is asked what to make of it")

	b.hears(provider.Inbound{Text: "Are you open?"})
	b.settled()
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE result->>'because' = 'opted_out'`), "seen to, and it shows")
	require.Len(t, b.ledger.all(), 1)
	require.Empty(t, b.answerer.seen())

	_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Hi"}, Speaker: flomastr.SpeakerExternal})
	require.ErrorIs(t, err, whatsapp.ErrOptedOut)
	_, err = b.engine.Reply(t.Context(), b.tenant, b.only().ID, whatsapp.Author{ID: "agent-1"}, provider.Message{Text: "Hi"})
	require.ErrorIs(t, err, whatsapp.ErrOptedOut)
	require.Equal(t, whatsapp.OwnerAssistant, b.only().OwnerKind, "a refusal has no effect")

	b.hears(provider.Inbound{Text: "start"})
	b.eventually("another confirmation", func() bool { return len(b.ledger.all()) == 2 })
	require.Empty(t, b.only().OptOut)
	b.hears(provider.Inbound{Text: "Are you open?"})
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 3 })
	require.True(t, b.answerer.seen()[0].First, "a confirmation is no answer")
}

func TestStartIsAWordLikeAnyOtherForWhoeverMayBeWrittenTo(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{Text: "Start!"}, provider.Inbound{Text: "Please don't stop.", From: provider.Address{Phone: "385922222222"}})
	b.eventually("both are answered", func() bool { return len(b.ledger.all()) == 2 })
	require.Zero(t, b.count(`SELECT count(*) FROM suppressions`))
}

// Whatever was under way when the customer said stop does not leave any more.
func TestStopOvertakesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"waiting", "claimed", "thinking", "decided", "answer queued", "intent", "intent of a queued answer"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.speak()
			var once sync.Once
			said := make(chan struct{})
			store := &halting{stage: stage, then: func() { b.hears(provider.Inbound{Text: "STOP"}); once.Do(func() { close(said) }) }}
			engine := b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store { store.Store = s; return store }})
			b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
				store.at("thinking")
				return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "From the machine."}, nil
			}
			b.hears(provider.Inbound{Text: "Hello?"})
			store.at("waiting")
			b.work(engine)
			<-said
			b.settled()
			b.eventually("everything has come to rest", func() bool {
				return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0
			})
			require.Len(t, b.ledger.all(), 1)
			require.Contains(t, b.ledger.all()[0].Text, "START")
		})
	}
}

func TestWhoeverTakesNoMarketingIsStillAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{Text: "Hello?"})
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	who := provider.Address{Phone: "385911111111"}
	b.tell(provider.Batch{Events: []provider.Event{{Kind: provider.MarketingStopped, Mark: "1", Contact: who}}})
	require.Equal(t, whatsapp.ScopeMarketing, b.only().OptOut)
	b.hears(provider.Inbound{Text: "And on Sunday?"})
	b.eventually("another answer", func() bool { return len(b.ledger.all()) == 2 })
	send := func(marketing bool) error {
		_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
			Channel: b.channel.ID, To: who.Phone, Message: provider.Message{Text: "Hi"}, Speaker: flomastr.SpeakerExternal, Marketing: marketing,
		})
		return err
	}
	require.ErrorIs(t, send(true), whatsapp.ErrOptedOut)
	require.NoError(t, send(false))
	b.tell(provider.Batch{Events: []provider.Event{{Kind: provider.MarketingResumed, Mark: "2", Contact: who}}})
	require.NoError(t, send(true))
}

func TestAResumeAtTheProviderDoesNotUndoWhatTheCustomerTold(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "stop"})
	b.tell(provider.Batch{Events: []provider.Event{{Kind: provider.MarketingResumed, Mark: "1", Contact: provider.Address{Phone: "385911111111"}}}})
	require.Equal(t, whatsapp.ScopeAll, b.only().OptOut)
}

func TestAQueuedCampaignIsCalledBackWhenItsReceiverStopsMarketing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Hello."})
	_, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
		Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Buy!"}, Speaker: flomastr.SpeakerExternal, Marketing: true,
	})
	require.NoError(t, err)
	b.tell(provider.Batch{Events: []provider.Event{{Kind: provider.MarketingStopped, Mark: "1", Contact: provider.Address{Phone: "385911111111"}}}})
	b.work()
	b.eventually("it is called back", func() bool {
		return b.count(`SELECT count(*) FROM messages WHERE state = 'failed' AND problem LIKE '%asked not to be%'`) == 1
	})
	b.eventually("the question is answered", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "re: Hello.", b.ledger.all()[0].Text)
}

func TestWhatAProviderSaysOfAContactIsTheSameRecord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect provider.Effect
		scope  whatsapp.Scope
		ended  bool // by the contact's next message
	}{
		"stops marketing":    {provider.StopMarketing, whatsapp.ScopeMarketing, false},
		"stops everything":   {provider.StopAll, whatsapp.ScopeAll, false},
		"cannot be reached":  {provider.Unreachable, whatsapp.ScopeMarketing, true},
		"nothing to do with": {provider.CheckTemplates, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.speak()
			b.hears(provider.Inbound{Text: "Hello."})
			m, err := b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
				Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "Hi"}, Speaker: flomastr.SpeakerExternal,
			})
			require.NoError(t, err)
			b.tell(provider.Batch{Reports: []provider.Report{{Key: m.ID.String(), Mark: "1", State: provider.StateFailed, At: time.Now(), Effect: c.effect, Detail: "No."}}})
			require.Equal(t, c.scope, b.only().OptOut)
			b.hears(provider.Inbound{Text: "Hello again."})
			if c.ended {
				c.scope = ""
			}
			require.Equal(t, c.scope, b.only().OptOut)
		})
	}
}

func TestARefusedSendRecordsTheOptOut(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.answer = func(w http.ResponseWriter, s sent, _ int) bool {
		_, _ = w.Write([]byte(`{"to":"` + s.To + `","messageCount":1,"messageId":"` + s.ID + `","status":{"groupId":5,"groupName":"REJECTED","id":14,"name":"REJECTED_DESTINATION_BLOCKLISTED"}}`))
		return false
	}
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("the refusal", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'failed'`) == 1 })
	require.Equal(t, whatsapp.ScopeAll, b.only().OptOut)
}
