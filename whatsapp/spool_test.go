package whatsapp_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/spool"
)

// away is a store whose database can be taken away from webhooks.
type away struct {
	whatsapp.Store
	gone atomic.Bool
}

var errAway = flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "The database does not answer.")

func (a *away) SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []whatsapp.Intake) ([]whatsapp.Stored, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	return a.Store.SaveIntake(ctx, tenant, intake)
}

func (a *away) FindChannel(ctx context.Context, id flomastr.ChannelID) (whatsapp.Channel, error) {
	if a.gone.Load() {
		return whatsapp.Channel{}, errAway
	}
	return a.Store.FindChannel(ctx, id)
}

// spooled is a bundle whose engine has a folder for what it cannot store.
func spooled(t *testing.T) (b *bundle, database *away, folder *spool.Folder) {
	t.Helper()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	folder, err = spool.Open(t.TempDir(), 1<<20, keys, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	database = &away{}
	b = setup(t, options{spool: folder, wrap: func(s whatsapp.Store) whatsapp.Store { database.Store = s; return database }})
	return b, database, folder
}

func TestWebhooksAreKeptOnDiskWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	const who = "385911111111"
	b.says(who, "Before.")
	database.gone.Store(true)
	for i := range 5 {
		b.says(who, fmt.Sprintf("Away %d.", i))
	}
	again := textBody(who, ourNumber, "Twice.", "wamid.twice")
	require.NoError(t, b.post(again))
	require.NoError(t, b.post(again), "a provider that delivers it again hears the same")
	require.Equal(t, 7, folder.Waiting())

	database.gone.Store(false)
	b.says(who, "After.")
	require.Equal(t, 8, folder.Waiting(), "what comes later waits behind what is on disk")
	b.work()
	b.eventually("everything is stored", func() bool { return folder.Waiting() == 0 })
	b.eventually("every turn is answered", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state <> 'completed'`) == 0 })
	var heard []string
	for _, m := range b.thread() {
		if m.Direction == whatsapp.In {
			heard = append(heard, m.Text)
		}
	}
	require.Equal(t, []string{"Before.", "Away 0.", "Away 1.", "Away 2.", "Away 3.", "Away 4.", "Twice.", "After."}, heard)

	b.says(who, "Now.")
	require.Zero(t, folder.Waiting(), "the database is used again at once")
}

func TestOnlyWhatTheChannelsSecretShowsIsKeptOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	for _, c := range []struct {
		what    string
		channel flomastr.ChannelID
		secret  string
		kind    flomastr.Kind
	}{
		{"a wrong secret", b.channel.ID, "wrong", flomastr.Unauthenticated},
		{"a channel that was never seen", flomastr.NewID[flomastr.ChannelID](), "s3cret " + ourNumber, flomastr.Unavailable},
	} {
		header := b.header()
		header.Set("X-Secret", c.secret)
		// The channel's row is believed for a moment after it was read; then it cannot be read again.
		b.eventually(c.what, func() bool {
			err := b.engine.Receive(t.Context(), "infobip", c.channel, whatsapp.WebhookRequest{Header: header, Body: []byte(textBody("385911111111", ourNumber, "Hi", ""))})
			return flomastr.KindOf(err) == c.kind
		})
	}
	require.Zero(t, folder.Waiting())
}

func TestASecretThatWasChangedMeanwhileKeepsAWebhookFromBeingStored(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	b.says("385911111111", "By the old secret.")
	require.Equal(t, 1, folder.Waiting())
	database.gone.Store(false)
	_, err := b.engine.UpdateChannel(t.Context(), b.tenant, b.channel.ID, whatsapp.ChannelDraft{
		Webhook: &whatsapp.WebhookSecret{HeaderName: "X-Secret", HeaderValue: "another one"},
	})
	require.NoError(t, err)
	b.work()
	b.eventually("it is let go", func() bool { return folder.Waiting() == 0 })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE direction = 'in'`))
}

func TestAFolderThatIsFullAnswersAsWithoutOne(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	folder, err := spool.Open(t.TempDir(), 10, keys, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	database := &away{}
	b := setup(t, options{spool: folder, wrap: func(s whatsapp.Store) whatsapp.Store { database.Store = s; return database }})
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	require.Equal(t, flomastr.Unavailable, flomastr.KindOf(b.post(textBody("385911111111", ourNumber, "Hi", ""))))
	database.gone.Store(false)
	b.says("385911111111", "After.")
}

func TestOneChannelsTroubleDoesNotKeepAnotherOnDisk(t *testing.T) {
	t.Parallel()
	b, database, folder := spooled(t)
	other := b.newChannel(b.tenant, "447860099288")
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385911111111", other.Number, "Hi", ""))}))
	b.says("385911111111", "Before.")
	database.gone.Store(true)
	require.NoError(t, b.engine.Receive(t.Context(), "infobip", other.ID, whatsapp.WebhookRequest{Header: secretOf(other), Body: []byte(textBody("385911111111", other.Number, "Hi again", ""))}))
	b.says("385911111111", "Away.")
	database.gone.Store(false)
	require.NoError(t, b.engine.DeleteChannel(t.Context(), b.tenant, flomastr.ActorSystem, other.ID))
	b.work()
	b.eventually("both are dealt with", func() bool { return folder.Waiting() == 0 })
	b.eventually("it is answered", func() bool { return contains(fmt.Sprint(b.ledger.to("385911111111")), "Away.") })
}
