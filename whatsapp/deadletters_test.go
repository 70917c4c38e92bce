package whatsapp_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

var admin = whatsapp.Author{ID: "ada", Actor: "user:ada"}

func (b *bundle) dead() []whatsapp.DeadLetter {
	b.t.Helper()
	list, next, err := b.engine.DeadLetters(context.Background(), b.tenant, whatsapp.DeadPage{Limit: 10})
	require.NoError(b.t, err)
	require.Empty(b.t, next)
	return list
}

func (b *bundle) resend(d whatsapp.DeadLetter, twice bool) error {
	id, err := flomastr.ParseID[flomastr.MessageID](d.ID)
	require.NoError(b.t, err)
	_, err = b.engine.ResendDeadMessage(context.Background(), b.tenant, id, whatsapp.Resend{By: admin, Twice: twice})
	return err
}

// refusing makes the provider refuse until the returned function is called.
func (b *bundle) refusing(status int) (mend func()) {
	set := func(answer func(http.ResponseWriter, sent, int) bool) {
		b.ledger.mu.Lock()
		b.ledger.answer = answer
		b.ledger.mu.Unlock()
	}
	set(func(w http.ResponseWriter, _ sent, _ int) bool { w.WriteHeader(status); return false })
	return func() { set(nil) }
}

func TestAFailedMessageIsADeadLetterUntilAPersonDealsWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	mend := b.refusing(http.StatusBadRequest)
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it failed", func() bool { return len(b.dead()) == 1 })
	d := b.dead()[0]
	require.Equal(t, whatsapp.DeadMessage, d.Kind)
	require.Equal(t, "re: Hello?", d.Text)
	require.NotEmpty(t, d.Reason)
	require.False(t, d.Unknown)
	mend()

	// Of many people at once one sends it.
	var group sync.WaitGroup
	results := make([]error, 5)
	for i := range results {
		group.Go(func() { results[i] = b.resend(d, false) })
	}
	group.Wait()
	done := 0
	for _, err := range results {
		if err == nil {
			done++
		} else {
			require.ErrorIs(t, err, whatsapp.ErrDeadLetterNotFound)
		}
	}
	require.Equal(t, 1, done)
	b.eventually("it arrives", func() bool { return len(b.ledger.all()) == 1 })
	require.Empty(t, b.dead())
	require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = 'message.resent' AND actor = 'user:ada'`))
}

func TestAResendIsUnderEverythingThatForbidsAMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	defer b.refusing(http.StatusBadRequest)()
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it failed", func() bool { return len(b.dead()) == 1 })
	d := b.dead()[0]
	tenantExec(t, b, `UPDATE conversations SET window_until = now() - interval '1 hour'`)
	require.ErrorIs(t, b.resend(d, false), whatsapp.ErrWindowClosed)
	tenantExec(t, b, `INSERT INTO suppressions (tenant_id, contact_id, scope, source) SELECT tenant_id, id, 'all', 'contact' FROM contacts`)
	require.ErrorIs(t, b.resend(d, false), whatsapp.ErrOptedOut)
	require.Len(t, b.dead(), 1, "it is still there")
	require.NoError(t, b.engine.Discard(t.Context(), b.tenant, admin.Actor, d.Kind, d.ID))
	require.Empty(t, b.dead())
	require.ErrorIs(t, b.engine.Discard(t.Context(), b.tenant, admin.Actor, d.Kind, d.ID), whatsapp.ErrDeadLetterNotFound)
	require.ErrorIs(t, b.resend(d, true), whatsapp.ErrDeadLetterNotFound)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = 'message.discarded'`))
}

func TestAnUnknownOutcomeIsShownLaterAndSentAgainOnlyKnowingly(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.ledger.answer = func(http.ResponseWriter, sent, int) bool { panic(http.ErrAbortHandler) }
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it is unknown", func() bool { return b.count(`SELECT count(*) FROM messages WHERE state = 'unknown'`) == 1 })
	require.Empty(t, b.dead(), "a report may still tell")
	tenantExec(t, b, `UPDATE outbox SET settled_at = settled_at - interval '11 minutes' WHERE phase = 'settled'`)
	require.Len(t, b.dead(), 1)
	d := b.dead()[0]
	require.True(t, d.Unknown)
	require.ErrorIs(t, b.resend(d, false), whatsapp.ErrMayArriveTwice)
	require.Len(t, b.dead(), 1)
	require.NoError(t, b.resend(d, true))
	require.Empty(t, b.dead())
}

// A person sends a message again at the moment at which its delivery is reported: the report counts first.
func TestAReportAtTheSameMomentKeepsAMessageFromBeingSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	mend := b.refusing(http.StatusBadRequest)
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it failed", func() bool { return len(b.dead()) == 1 })
	mend()
	d := b.dead()[0]
	result := make(chan error, 1)
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, func(tx pgx.Tx) error {
		if err := execFn(t.Context(), `UPDATE messages SET state = 'delivered' WHERE id = $1`, d.ID)(tx); err != nil {
			return err
		}
		go func() { result <- b.resend(d, false) }()
		b.blocked(1)
		return nil
	}))
	require.ErrorIs(t, <-result, whatsapp.ErrDeadLetterNotFound)
	b.settled()
	require.Empty(t, b.ledger.all())
}

func TestATurnThatWasGivenUpIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.TurnAttempts = 2
	b := setup(t, options{settings: settings})
	b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{}, errors.New("broken")
	}
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("it is given up, and the customer is told", func() bool { return len(b.dead()) == 1 && len(b.ledger.all()) == 1 })
	d := b.dead()[0]
	require.Equal(t, whatsapp.DeadTurn, d.Kind)
	require.Equal(t, "Hello?", d.Text)
	id, err := flomastr.ParseID[flomastr.JobID](d.ID)
	require.NoError(t, err)
	tenantExec(t, b, `UPDATE conversations SET answered_to = now() + interval '1 minute'`)
	require.ErrorIs(t, b.engine.RetryDeadTurn(t.Context(), b.tenant, admin.Actor, id), whatsapp.ErrAnsweredSince)
	tenantExec(t, b, `UPDATE conversations SET answered_to = now() - interval '1 hour'`)
	b.answerer.mu.Lock()
	b.answerer.fn = nil
	b.answerer.mu.Unlock()
	require.NoError(t, b.engine.RetryDeadTurn(t.Context(), b.tenant, admin.Actor, id))
	b.eventually("it is answered", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, "re: Hello?", b.ledger.all()[1].Text)
	require.Empty(t, b.dead())
	b.eventually("it is accepted", func() bool { return b.thread()[2].State == provider.StateAccepted })
	require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = 'turn.retried'`))
}
