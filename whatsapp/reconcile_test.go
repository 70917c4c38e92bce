package whatsapp_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// mute is a provider whose answers to sends never arrive, and which can be asked.
type mute struct {
	spoken
	tells func(provider.Sought) (provider.Report, error)
}

func (m mute) Send(ctx context.Context, ch provider.Channel, msg provider.Message) (provider.Accepted, error) {
	_, _ = m.spoken.Send(ctx, ch, msg)
	return provider.Accepted{}, provider.UnknownOutcome("No answer came.", nil)
}

func (m mute) FindSent(_ context.Context, _ provider.Channel, s provider.Sought) (provider.Report, error) {
	return m.tells(s)
}

func TestAMessageOfUnknownOutcomeIsAskedForAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	found := func(state provider.State, effect provider.Effect) func(provider.Sought) (provider.Report, error) {
		return func(s provider.Sought) (provider.Report, error) {
			return provider.Report{Key: s.Message.Key, ProviderID: "SM1", Mark: "status:" + string(state), State: state, At: time.Now(), Effect: effect}, nil
		}
	}
	for name, c := range map[string]struct {
		tells func(provider.Sought) (provider.Report, error)
		state provider.State
		again bool
		twin  bool
	}{
		"it was delivered":          {tells: found(provider.StateDelivered, 0), state: provider.StateDelivered},
		"it was taken and failed":   {tells: found(provider.StateFailed, provider.PauseChannel), state: provider.StateFailed},
		"it is not surely there":    {tells: func(provider.Sought) (provider.Report, error) { return provider.Report{}, provider.ErrNotFound }, state: provider.StateUnknown, again: true},
		"the provider is not there": {tells: func(provider.Sought) (provider.Report, error) { return provider.Report{}, errors.New("down") }, state: provider.StateUnknown, again: true},
		"two of ours say the same":  {tells: found(provider.StateDelivered, 0), state: provider.StateUnknown, again: true, twin: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			var sought provider.Sought
			later := time.Duration(0)
			e := whatsapp.New(whatsapp.Deps{
				Store: b.store, Answerer: b.answerer, Sealer: plain{}, Log: slog.New(slog.DiscardHandler), Settings: quick(),
				Clock: func() time.Time { return time.Now().Add(later) },
				Providers: []provider.Provider{mute{spoken{b.ledger}, func(s provider.Sought) (provider.Report, error) {
					sought = s
					return c.tells(s)
				}}},
			})
			b.engine = e
			b.speak()
			stop := b.workUntil(e)
			b.hears(provider.Inbound{Text: "Open?"})
			sends := 1
			b.eventually("the send ends", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'unknown'`) == 1 })
			if c.twin {
				sends = 2
				_, err := e.Send(t.Context(), b.tenant, whatsapp.Request{Channel: b.channel.ID, To: "385911111111", Message: provider.Message{Text: "re: Open?"}, Speaker: flomastr.SpeakerExternal})
				require.NoError(t, err)
				b.eventually("the other ends", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'unknown'`) == 2 })
			}
			stop()
			jobs := b.reconciliations()
			require.Len(t, jobs, sends)
			again, err := e.Reconcile(t.Context(), jobs[0])
			require.NoError(t, err)
			require.Equal(t, c.again, again > 0)
			m, err := e.Message(t.Context(), b.tenant, jobs[0].Message)
			require.NoError(t, err)
			require.Equal(t, c.state, m.State)
			if !c.twin {
				require.Equal(t, "re: Open?", sought.Message.Text)
				require.Equal(t, "385911111111", sought.Message.To)
				require.False(t, sought.To.Before(sought.From))
			}
			if c.state != provider.StateUnknown {
				require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE provider_message_id = 'SM1'`))
				again, err = e.Reconcile(t.Context(), jobs[0])
				require.NoError(t, err, "it may be asked twice")
				require.Zero(t, again)
			} else {
				later = 25 * time.Hour
				again, err = e.Reconcile(t.Context(), jobs[0])
				require.NoError(t, err)
				require.Zero(t, again, "it stays unknown, for people to see")
			}
			require.Len(t, b.ledger.all(), sends, "never sent again")
		})
	}
}

func TestAProviderThatCannotBeAskedLeavesAMessageUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	cloud := newCloud(t)
	cloud.lost = true
	e := cloud.engine(b)
	ch := metaChannel(t, e, b.tenant, "97140000001", "101", "s")
	b.work(e)
	require.NoError(t, deliverMeta(e, ch.ID, "s", metaEntry("101", metaText("385911111111", "wamid.in", "Hello."))))
	b.eventually("the send ends unknown", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'unknown'`) == 1 })
	again, err := e.Reconcile(t.Context(), b.reconciliations()[0])
	require.NoError(t, err)
	require.Zero(t, again)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE state = 'unknown'`))
}

// workUntil runs an engine until the returned function is called.
func (b *bundle) workUntil(e *whatsapp.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Work(ctx) }()
	stop = func() { cancel(); <-done }
	b.t.Cleanup(stop)
	return stop
}

// reconciliations are the jobs that wait to ask a provider.
func (b *bundle) reconciliations() (list []whatsapp.ReconcileArgs) {
	b.t.Helper()
	require.NoError(b.t, b.db.InPlatform(context.Background(), func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), `SELECT args FROM river.river_job WHERE kind = 'messages.reconcile' ORDER BY id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[whatsapp.ReconcileArgs])
		return err
	}))
	return list
}
