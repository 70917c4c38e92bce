package whatsapp_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// atALoss has no answer to anything.
func atALoss(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	d := flomastr.Decision{Action: flomastr.ActionRefuse, Text: "We do not know."}
	for _, m := range turn.Messages {
		d.Unanswered = append(d.Unanswered, m.Text)
	}
	return d, nil
}

func (b *bundle) unanswered(question string) int {
	b.t.Helper()
	return b.count(`SELECT count(*) FROM unanswered_questions WHERE question = '` + question + `'`)
}

func TestAQuestionWithoutAnAnswerIsKeptUntilItIsTakenBack(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.answerer.fn = atALoss
	b.work()
	b.hears(provider.Inbound{ProviderID: "wamid.a", Text: "Do you  repair boats?"})
	b.eventually("the answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, 1, b.unanswered("Do you repair boats?"))
	b.hears(revoke("wamid.a"))
	require.Zero(t, b.count(`SELECT count(*) FROM unanswered_questions`))
}

func TestAnAnsweredQuestionIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.work()
	b.hears(provider.Inbound{Text: "Do you repair boats?"})
	b.eventually("the answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Zero(t, b.count(`SELECT count(*) FROM unanswered_questions`))
}

func TestNothingIsKeptOfWhoeverWantsToHearNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.answerer.fn = atALoss
	b.work()
	other := provider.Address{Phone: "385922222222"}
	b.hears(provider.Inbound{Text: "Do you repair boats?"}, provider.Inbound{Text: "Do you sell kayaks?", From: other})
	b.eventually("the answers", func() bool { return len(b.ledger.all()) == 2 })
	b.hears(provider.Inbound{Text: "STOP"})
	b.eventually("the confirmation", func() bool { return len(b.ledger.all()) == 3 })
	require.Zero(t, b.unanswered("Do you repair boats?"))
	require.Equal(t, 1, b.unanswered("Do you sell kayaks?"))
	b.hears(provider.Inbound{Text: "Do you paint boats?"})
	b.settled()
	require.Zero(t, b.unanswered("Do you paint boats?"))
}

func TestUnansweredQuestionsAreBoundedAndGoWithTheirTurns(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.answerer.fn = atALoss
	b.work()
	b.hears(provider.Inbound{Text: "Do you repair boats?"})
	b.eventually("the answer", func() bool { return len(b.ledger.all()) == 1 })
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO unanswered_questions (tenant_id, id, job_id, question)
			SELECT tenant_id, lpad(n::text, 32, '0')::uuid, job_id, 'old'
			FROM unanswered_questions, generate_series(1, 999) AS n`)
		return err
	}))
	b.hears(provider.Inbound{Text: "Do you sell kayaks?"})
	b.eventually("the second answer", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, 1000, b.count(`SELECT count(*) FROM unanswered_questions`))
	require.Equal(t, 998, b.unanswered("old"), "the oldest goes")
	b.eventually("nobody works on the conversation", func() bool {
		return b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`)+b.count(`SELECT count(*) FROM lanes WHERE lease_until IS NOT NULL`) == 0
	})
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM contacts`)
		return err
	}))
	require.Zero(t, b.count(`SELECT count(*) FROM unanswered_questions`))
}
