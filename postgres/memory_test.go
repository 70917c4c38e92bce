package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// desk is a business with a number, to which people write.
type desk struct {
	t        *testing.T
	db       *postgres.DB
	tenant   flomastr.TenantID
	channel  flomastr.ChannelID
	whatsapp *postgres.WhatsAppStore
	memory   *postgres.MemoryStore
	sent     int
}

func openDesk(t *testing.T, db *postgres.DB) *desk {
	t.Helper()
	d := &desk{t: t, db: db, tenant: postgrestest.Tenant(t, db), channel: flomastr.NewID[flomastr.ChannelID](), whatsapp: postgres.NewWhatsAppStore(db), memory: postgres.NewMemoryStore(db)}
	require.NoError(t, d.whatsapp.CreateChannel(t.Context(), d.tenant, flomastr.ActorSystem, whatsapp.Channel{
		Tenant: d.tenant, ID: d.channel, Provider: "infobip", Number: "447700900001", Worker: whatsapp.WorkerAssistant, Status: whatsapp.ChannelActive, Limits: whatsapp.DefaultLimits,
	}))
	return d
}

// hear stores what somebody wrote.
func (d *desk) hear(phone, text string) whatsapp.Stored {
	d.t.Helper()
	return d.take(provider.Inbound{From: provider.Address{Phone: phone}, Type: "text", Text: text}, whatsapp.In)
}

func (d *desk) take(in provider.Inbound, direction whatsapp.Direction) whatsapp.Stored {
	d.t.Helper()
	d.sent++
	if in.ProviderID == "" {
		in.ProviderID = fmt.Sprintf("wamid-%d", d.sent)
	}
	in.To, in.Readable, in.Silent, in.SentAt = "447700900001", true, true, time.Now().Add(time.Duration(d.sent)*time.Second)
	stored, err := d.whatsapp.SaveIntake(context.Background(), d.tenant, []whatsapp.Intake{{Channel: d.channel, Inbound: &whatsapp.Arrival{
		Inbound: in, Message: flomastr.NewID[flomastr.MessageID](), Direction: direction,
	}}})
	require.NoError(d.t, err)
	return stored[0]
}

func (d *desk) past(contact flomastr.ContactID, limit int) (texts []string) {
	d.t.Helper()
	past, err := d.memory.Past(d.t.Context(), d.tenant, contact, limit)
	require.NoError(d.t, err)
	for _, s := range past.Said {
		texts = append(texts, string(s.Speaker)+": "+s.Text)
	}
	return texts
}

func TestThePastIsWhatWasSaidWithThisPersonAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	d, other := openDesk(t, db), openDesk(t, db)
	sara := d.hear("447700900100", "I have a red car").Contact
	d.hear("447700900200", "I have a blue car")
	other.hear("447700900100", "I have a green car")
	d.take(provider.Inbound{From: provider.Address{Phone: "447700900100"}, Type: "text", Text: "A fine colour"}, whatsapp.Out)
	d.take(provider.Inbound{From: provider.Address{Phone: "447700900100"}, Type: "image", Text: "[image]"}, whatsapp.In)
	d.take(provider.Inbound{ProviderID: "regretted", From: provider.Address{Phone: "447700900100"}, Type: "text", Text: "My secret"}, whatsapp.In)
	d.take(provider.Inbound{From: provider.Address{Phone: "447700900100"}, Type: whatsapp.TypeRevoke, Target: "regretted"}, whatsapp.In)

	require.Equal(t, []string{"contact: I have a red car", "member: A fine colour"}, d.past(sara, 10))
	require.Equal(t, []string{"member: A fine colour"}, d.past(sara, 1), "the newest")
	_, err := other.memory.Past(t.Context(), other.tenant, sara, 10)
	require.ErrorIs(t, err, memory.ErrContactNotFound)
}

func TestThePastOfAMergedContactIsThePersonsAndEndsWithTheMerge(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	one, two := d.hear("447700900100", "From my old number").Contact, d.hear("447700900200", "From my new number").Contact
	_, err := d.whatsapp.MergeContacts(t.Context(), d.tenant, flomastr.ActorSystem, one, two)
	require.NoError(t, err)
	both := []string{"contact: From my old number", "contact: From my new number"}
	require.Equal(t, both, d.past(one, 10))
	require.Equal(t, both, d.past(two, 10))
	_, err = d.whatsapp.UnmergeContact(t.Context(), d.tenant, flomastr.ActorSystem, two)
	require.NoError(t, err)
	require.Equal(t, both[:1], d.past(one, 10))
	require.Equal(t, both[1:], d.past(two, 10))
}

func TestThePastReachesIntoTheArchive(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	first := d.hear("447700900100", "Years ago I bought a boat")
	d.hear("447700900100", "It was white")
	hot, err := d.whatsapp.ReadHot(t.Context(), d.tenant, first.Conversation, 10)
	require.NoError(t, err)
	require.Len(t, hot, 2)
	require.NoError(t, d.whatsapp.SaveArchived(t.Context(), d.tenant, hot))
	require.NoError(t, d.whatsapp.DropHot(t.Context(), d.tenant, first.Conversation, time.Now().Add(time.Hour), hot))
	d.hear("447700900100", "Hello again")
	require.Equal(t, []string{"contact: Years ago I bought a boat", "contact: It was white", "contact: Hello again"}, d.past(first.Contact, 10))
	require.Equal(t, []string{"contact: It was white", "contact: Hello again"}, d.past(first.Contact, 2))

	engine := memory.New(memory.Deps{Store: d.memory})
	got, err := engine.Recall(t.Context(), d.tenant, memory.Query{Contact: first.Contact, Text: "what did I buy?"})
	require.NoError(t, err)
	require.Equal(t, "Years ago I bought a boat", got.Messages[0].Text)
}
