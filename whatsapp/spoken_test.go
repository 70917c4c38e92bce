package whatsapp_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// spoken is a provider whose wire is the contract itself: a body is a batch. It tells the engine whatever any provider
// could, without one provider's spelling of it.
type spoken struct{ ledger *ledger }

func (spoken) Name() string { return "twilio" }

func (spoken) Authenticate(provider.Channel, provider.Request) error { return nil }

func (spoken) Parse(_ provider.Channel, r provider.Request) (batch provider.Batch, err error) {
	return batch, json.Unmarshal(r.Body, &batch)
}

func (s spoken) Send(_ context.Context, _ provider.Channel, m provider.Message) (provider.Accepted, error) {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	s.ledger.entries = append(s.ledger.entries, sent{ID: m.Key, To: m.To, Text: m.Text})
	return provider.Accepted{ProviderID: "wamid." + m.Key, State: provider.StateAccepted}, nil
}

func (spoken) Test(context.Context, provider.Channel) error { return nil }

func (spoken) CheckAddress(string) error { return nil }

func (spoken) CheckSecret(provider.WebhookSecret) (string, error) { return "signature", nil }

func (spoken) CompleteSecret(secret, _ provider.WebhookSecret) provider.WebhookSecret { return secret }

func (spoken) Setup() provider.Setup { return provider.Setup{} }

func (spoken) Limits() provider.Limits { return provider.Limits{Text: 4096, Caption: 1024} }

func (spoken) Check(provider.Message) error { return nil }

const spokenNumber = "447860099300"

// speak makes the bundle's channel one of the provider whose wire is the contract.
func (b *bundle) speak() {
	b.t.Helper()
	ch, _, err := b.engine.CreateChannel(context.Background(), b.tenant, whatsapp.ChannelDraft{
		Provider: "twilio", Number: new(spokenNumber), Credentials: &provider.Credentials{APIKey: "k"},
		Webhook: &provider.WebhookSecret{SigningKey: "k"}, Limits: &whatsapp.Limits{PerSecond: 1000, PairBurst: 1000},
	})
	require.NoError(b.t, err)
	b.channel = ch
}

// tell delivers a batch.
func (b *bundle) tell(batch provider.Batch) {
	b.t.Helper()
	body, err := json.Marshal(batch)
	require.NoError(b.t, err)
	require.NoError(b.t, b.engine.Receive(context.Background(), "twilio", b.channel.ID, whatsapp.WebhookRequest{Body: body}))
}

// hears delivers messages of a customer, with what is usual filled in.
func (b *bundle) hears(messages ...provider.Inbound) {
	b.t.Helper()
	for i := range messages {
		m := &messages[i]
		if m.ProviderID == "" {
			m.ProviderID = freshID()
		}
		if m.From == (provider.Address{}) {
			m.From.Phone = "385911111111"
		}
		if m.Type == "" {
			m.Type, m.Readable = "text", true
		}
		if m.SentAt.IsZero() {
			m.SentAt = time.Now()
		}
		m.To = spokenNumber
	}
	b.tell(provider.Batch{Messages: messages})
}

// only is the bundle's only conversation.
func (b *bundle) only() whatsapp.Conversation {
	b.t.Helper()
	list, _, err := b.engine.Conversations(context.Background(), b.tenant, whatsapp.Page{Limit: 10})
	require.NoError(b.t, err)
	require.Len(b.t, list, 1)
	return list[0]
}

// settled waits until no turn is open.
func (b *bundle) settled() {
	b.t.Helper()
	b.eventually("no turn is open", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing')`) == 0 })
}

var _ provider.Provider = spoken{}
