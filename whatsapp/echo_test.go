package whatsapp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestWhatAPersonWritesInTheBusinesssOwnAppIsTheirs(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{Text: "Hello!"})
	b.eventually("the assistant answers", func() bool { return len(b.ledger.all()) == 1 })
	window := b.only().WindowUntil

	echo := provider.Inbound{ProviderID: "wamid.echo", Text: "I will take this.", Echo: true, SentAt: time.Now().Add(time.Hour)}
	b.hears(echo)
	b.hears(echo)
	c := b.only()
	require.Equal(t, whatsapp.OwnerMember, c.OwnerKind)
	require.Empty(t, c.OwnerID, "nobody knows who it was")
	require.NotEmpty(t, c.HandoverReason)
	require.Zero(t, c.Unread, "whoever writes has read")
	require.Equal(t, window, c.WindowUntil, "our own words open no window")
	messages := b.messagesOf(c.ID)
	require.Len(t, messages, 3, "stored once")
	require.Equal(t, whatsapp.Out, messages[2].Direction)
	require.Equal(t, flomastr.SpeakerMember, messages[2].Speaker)
	require.Empty(t, messages[2].Author)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM events WHERE type = 'conversation.updated'`))

	b.hears(provider.Inbound{Text: "Thank you!"})
	b.settled()
	require.Len(t, b.ledger.all(), 1, "the assistant is silent")
	require.Len(t, b.answerer.seen(), 1)
}

func TestAnEchoDoesNotTakeAConversationFromTheMemberWhoHasIt(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Hello!"})
	b.hire("agent-1")
	_, err := b.engine.Assign(t.Context(), b.tenant, b.only().ID, "user:x|agent-1", "agent-1", "")
	require.NoError(t, err)
	b.hears(provider.Inbound{Text: "From the phone.", Echo: true})
	require.Equal(t, "agent-1", b.only().OwnerID)
}

func TestAnEchoToSomebodyWhoNeverWroteOpensAThreadAndNoWindow(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Your parcel is here.", Echo: true})
	c := b.only()
	require.True(t, c.WindowUntil.IsZero())
	require.Equal(t, whatsapp.OwnerMember, c.OwnerKind)
	require.Zero(t, b.count(`SELECT count(*) FROM jobs`))
}

func TestOurOwnNumberIsNeverAnsweredAsACustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Hello me!", From: provider.Address{Phone: spokenNumber}})
	require.Zero(t, b.count(messagesSQL))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM inbound_errors WHERE reason = 'echo'`))
}
