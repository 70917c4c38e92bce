package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestAMessageInIsAnsweredOnceAndFollowedToTheReadTick(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	body := textBody("385911111111", ourNumber, "When are you open?", "wamid.one")
	for range 3 {
		require.NoError(t, b.post(body))
	}
	b.eventually("the answer is sent", func() bool { return len(b.ledger.all()) == 1 })
	sent := b.ledger.all()[0]
	require.Equal(t, "385911111111", sent.To)
	require.Equal(t, "re: When are you open?", sent.Text)

	b.eventually("the answer is accepted", func() bool { return b.thread()[1].State == provider.StateAccepted })
	messages := b.thread()
	require.Len(t, messages, 2)
	require.Equal(t, flomastr.SpeakerContact, messages[0].Speaker)
	require.Equal(t, flomastr.SpeakerAssistant, messages[1].Speaker)
	require.Equal(t, sent.ID, messages[1].ID.String())

	for _, step := range []struct {
		body string
		want provider.State
	}{
		{deliveryBody(sent.ID, 3, 2), provider.StateSent},
		{deliveryBody(sent.ID, 3, 5), provider.StateDelivered},
		{seenBody(sent.ID), provider.StateRead},
		{deliveryBody(sent.ID, 3, 5), provider.StateRead},
		{deliveryBody(sent.ID, 5, 6), provider.StateRead},
	} {
		require.NoError(t, b.post(step.body))
		require.Equal(t, step.want, b.thread()[1].State)
	}
	require.Len(t, b.ledger.all(), 1)
}
