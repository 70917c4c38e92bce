package whatsapp_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func reaction(target, emoji string) provider.Inbound {
	return provider.Inbound{Type: whatsapp.TypeReaction, Text: "[reaction " + emoji + "]", Choice: emoji, Target: target, Silent: true}
}

func edit(target, text string) provider.Inbound {
	return provider.Inbound{Type: whatsapp.TypeEdit, Text: text, Target: target, Readable: true}
}

func revoke(target string) provider.Inbound {
	return provider.Inbound{Type: whatsapp.TypeRevoke, Target: target, Silent: true}
}

func TestAReactionLiesOnItsTargetUntilItIsTakenBack(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Open?"})
	b.eventually("an answer", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'accepted'`) == 1 })
	answer := b.messagesOf(b.only().ID)[1]
	before := b.only()
	up := reaction("wamid."+answer.ID.String(), "👍")
	up.ProviderID = "wamid.r"
	b.hears(up, up, reaction("wamid.q", "🎉"))
	messages := b.messagesOf(before.ID)
	require.Len(t, messages, 2)
	require.Equal(t, "🎉", messages[0].Details.Reaction)
	require.Equal(t, "👍", messages[1].Details.Reaction)
	after := b.only()
	require.Equal(t, before.LastText, after.LastText)
	require.Equal(t, before.Unread, after.Unread)
	require.Equal(t, before.WindowUntil, after.WindowUntil)
	b.hears(reaction("wamid."+answer.ID.String(), ""))
	require.Empty(t, b.messagesOf(before.ID)[1].Details.Reaction)
	b.settled()
	require.Len(t, b.answerer.seen(), 1, "nobody answers a reaction")
	b.hears(provider.Inbound{Text: "And Sunday?"})
	b.eventually("an answer", func() bool { return len(b.answerer.seen()) == 2 })
	require.Len(t, b.answerer.seen()[1].History, 2, "it is no part of the talk")
}

func TestAChangeOfAMessageThatIsNotHereIsKeptAndAppliedWhenItComes(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(reaction("wamid.never", "👍"), revoke("wamid.late"), edit("wamid.corrected", "what I meant"))
	require.Len(t, b.messagesOf(b.only().ID), 3, "kept")
	b.hears(provider.Inbound{ProviderID: "wamid.late", Text: "secret"}, provider.Inbound{ProviderID: "wamid.corrected", Text: "what i mean"})
	messages := b.messagesOf(b.only().ID)
	require.Len(t, messages, 3)
	require.Equal(t, "[reaction 👍]", messages[0].Text)
	require.Empty(t, messages[1].Text)
	require.NotNil(t, messages[1].Details.RevokedAt)
	require.Equal(t, "what I meant", messages[2].Text)
	b.work()
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, []string{"re: what I meant"}, b.ledger.to("385911111111"))
}

func TestAnEditBeforeTheAnswerIsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"waiting", "claimed", "thinking", "decided"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.speak()
			store := &halting{stage: stage, then: func() { b.hears(edit("wamid.q", "Open on Monday?")) }}
			engine := b.another(options{settings: quick(), wrap: func(s whatsapp.Store) whatsapp.Store { store.Store = s; return store }})
			b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
				store.at("thinking")
				return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
			}
			b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Open on Sunday?"})
			store.at("waiting")
			b.work(engine)
			b.eventually("an answer", func() bool { return len(b.ledger.all()) > 0 })
			b.settled()
			require.Equal(t, []string{"re: Open on Monday?"}, b.ledger.to("385911111111"))
			m := b.messagesOf(b.only().ID)[0]
			require.Equal(t, "Open on Monday?", m.Text)
			require.Equal(t, "Open on Sunday?", m.Details.Earlier[0].Text, "both versions are kept")
		})
	}
}

func TestAnEditAfterTheAnswerIsAnsweredOnlyIfItSaysSomethingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Opne on Sunday?"})
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	b.settled()
	b.hears(edit("wamid.q", "Open on Sunday?"))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs`))
	again := edit("wamid.q", "Open on Monday?")
	again.ProviderID = "wamid.e"
	b.hears(again, again)
	b.eventually("another answer", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, []string{"re: Opne on Sunday?", "re: Open on Monday?"}, b.ledger.to("385911111111"))
	require.Len(t, b.messagesOf(b.only().ID), 3)
}

func TestAnEditAfterAnApologyIsAnswered(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.TurnAttempts = 1
	b := setup(t, options{settings: settings})
	b.speak()
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		if turn.Messages[0].Text == "Open on Sunday?" {
			return flomastr.Decision{}, context.DeadlineExceeded
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
	}
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Open on Sunday?"})
	b.eventually("an apology", func() bool { return len(b.ledger.all()) == 1 })
	b.settled()
	b.hears(edit("wamid.q", "Open on Monday?"))
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, "re: Open on Monday?", b.ledger.to("385911111111")[1])
}

func TestWhatIsTakenBackIsForNobodysEyes(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{ProviderID: "wamid.a", Text: "My password is hunter2.", Media: provider.Attachment{URL: "https://x/1"}})
	b.hears(edit("wamid.a", "My password is hunter3."))
	b.hears(revoke("wamid.a"))
	c := b.only()
	m := b.messagesOf(c.ID)
	require.Len(t, m, 1, "that there was something is kept")
	require.Empty(t, m[0].Text)
	require.Empty(t, m[0].MediaURL)
	require.Empty(t, m[0].Details.Earlier)
	require.NotNil(t, m[0].Details.RevokedAt)
	require.Empty(t, c.LastText)
	one, err := b.engine.Message(t.Context(), b.tenant, m[0].ID)
	require.NoError(t, err)
	require.Empty(t, one.Text)
	b.work()
	b.settled()
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE result->>'because' = 'nothing'`))
	require.Empty(t, b.ledger.all(), "nothing is left to answer")
	b.hears(provider.Inbound{Text: "Open?"})
	b.eventually("an answer", func() bool { return len(b.answerer.seen()) == 1 })
	require.Empty(t, b.answerer.seen()[0].History)
}

func TestNobodyChangesWhatAnotherWrote(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "Open?"})
	b.eventually("an answer", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'accepted'`) == 1 })
	conversation := b.only().ID
	answer := b.messagesOf(conversation)[1]
	foreign := revoke("wamid.q")
	foreign.From = provider.Address{Phone: "385922222222"}
	b.hears(foreign, revoke("wamid."+answer.ID.String()))
	messages := b.messagesOf(conversation)
	require.Equal(t, "Open?", messages[0].Text)
	require.Equal(t, answer.Text, messages[1].Text)
	// Whoever wrote in the business's own app takes back there.
	ours := revoke("wamid.echo")
	ours.Echo = true
	b.hears(provider.Inbound{ProviderID: "wamid.echo", Text: "Oops.", Echo: true}, ours)
	messages = b.messagesOf(conversation)
	require.Empty(t, messages[len(messages)-1].Text)
}

func TestThePastIsStoredAndNobodyIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	long := time.Now().Add(-48 * time.Hour)
	b.hears(
		provider.Inbound{Text: "Hello?", History: true, SentAt: long},
		provider.Inbound{Text: "Hello back.", History: true, Echo: true, SentAt: long.Add(time.Minute)},
		provider.Inbound{Text: "stop", History: true, SentAt: long.Add(2 * time.Minute)},
	)
	c := b.only()
	require.Len(t, b.messagesOf(c.ID), 3)
	require.Zero(t, b.count(`SELECT count(*) FROM jobs`))
	require.Zero(t, b.count(`SELECT count(*) FROM events WHERE type <> 'channel.heard'`))
	require.Zero(t, c.Unread)
	require.True(t, c.WindowUntil.IsZero())
	require.Equal(t, whatsapp.OwnerAssistant, c.OwnerKind)
	require.Empty(t, c.OptOut, "what was said long ago is not said now")
	require.WithinDuration(t, long.Add(2*time.Minute), c.LastMessageAt, time.Second)
	b.hears(provider.Inbound{Text: "Open?"})
	b.eventually("an answer", func() bool { return len(b.answerer.seen()) == 1 })
	require.Len(t, b.answerer.seen()[0].History, 3)
}

func TestWhatCameWithAMessageIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(
		provider.Inbound{Text: "Yes", Type: "interactive_button_reply", Choice: "yes-1", ReplyTo: "wamid.x", Referral: `{"source_id":"1"}`, Media: provider.Attachment{ID: "m1", Type: "image/png"}},
		provider.Inbound{Text: "Again", Referral: `{"source_id":"2"}`},
	)
	d := b.messagesOf(b.only().ID)[0].Details
	require.Equal(t, "yes-1", d.Choice)
	require.Equal(t, "wamid.x", d.ReplyTo)
	require.Equal(t, "m1", d.Attachment.ID)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM conversations WHERE referral = '{"source_id":"1"}'`), "the first one counts")
}

func TestTheSameChangesOnTwoServersAtOnceAreAppliedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{ProviderID: "wamid.q", Text: "one"})
	var group sync.WaitGroup
	e := edit("wamid.q", "two")
	e.ProviderID = "wamid.e"
	for range 8 {
		group.Go(func() { b.hears(e) })
	}
	group.Wait()
	require.Len(t, b.messagesOf(b.only().ID)[0].Details.Earlier, 1)
}
