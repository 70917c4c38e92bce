package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

const examined = flomastr.Actor("user:x|ana")

type business struct{}

func (business) BusinessName(context.Context, flomastr.TenantID) (string, error) { return "Mine", nil }

// examinerBench is a business with some knowledge, the examiner of it, and its items.
type examinerBench struct {
	*evaluation.Examiner
	brain  knowledgeBench
	tenant flomastr.TenantID
	asked  *counting
	hours  contextengine.Item
	prices contextengine.Item
}

// counting is a brain that counts what it is asked, and may be told to fail.
type counting struct {
	evaluation.Retriever
	asked int
	fails func(asked int) error
}

func (c *counting) Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	c.asked++
	if c.fails != nil {
		if err := c.fails(c.asked); err != nil {
			return contextengine.Result{}, err
		}
	}
	return c.Retriever.Retrieve(ctx, tenant, q)
}

func examiner(t *testing.T) *examinerBench {
	t.Helper()
	b, tenant := knowledge(t)
	asked := &counting{Retriever: b}
	return &examinerBench{
		Examiner: evaluation.New(evaluation.Deps{
			Store: postgres.NewEvaluationStore(b.db), Knowledge: asked, Log: slog.New(slog.DiscardHandler),
			Assistant: assistant.New(assistant.Deps{Retriever: b, Businesses: business{}, Clock: flomastr.SystemClock}),
		}),
		brain: b, tenant: tenant, asked: asked,
		hours:  b.add(t, tenant, "Opening hours", opening),
		prices: b.add(t, tenant, "Prices", "# Prices\n\nA ticket for the museum costs 12 dirhams. Children pay 5 dirhams."),
	}
}

// set saves the questions that most tests ask: two that are answered, one whose document is the wrong one, and one that
// must not be answered.
func (b *examinerBench) set(t *testing.T) evaluation.Set {
	t.Helper()
	set, err := b.SaveSet(t.Context(), b.tenant, examined, flomastr.QuestionSetID{}, "Basics", []evaluation.Question{
		{Text: "When does the garage in Al Quoz close?", Expected: []flomastr.ItemID{b.hours.ID}},
		{Text: "What does a ticket for the museum cost?", Expected: []flomastr.ItemID{b.prices.ID}},
		{Text: "How much do children pay?", Expected: []flomastr.ItemID{b.hours.ID}},
		{Text: "Who won the football championship in 1998?"},
	})
	require.NoError(t, err)
	return set
}

// run begins a run and asks everything.
func (b *examinerBench) run(t *testing.T, set flomastr.QuestionSetID) evaluation.Run {
	t.Helper()
	run, err := b.BeginRun(t.Context(), b.tenant, examined, set, flomastr.ReleaseID{})
	require.NoError(t, err)
	again, err := b.Examine(t.Context(), b.tenant, evaluation.RunArgs{Tenant: b.tenant, Run: run.ID})
	require.NoError(t, err)
	require.Zero(t, again)
	run, err = b.Run(t.Context(), b.tenant, set, run.ID)
	require.NoError(t, err)
	return run
}

func (b *examinerBench) results(t *testing.T, run evaluation.Run) []evaluation.Result {
	t.Helper()
	list, _, err := b.Results(t.Context(), b.tenant, run.Set, run.ID, evaluation.ResultPage{})
	require.NoError(t, err)
	return list
}

func (b *examinerBench) exec(t *testing.T, tenant flomastr.TenantID, sql string, args ...any) int64 {
	t.Helper()
	var rows int64
	require.NoError(t, b.brain.db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(t.Context(), sql, args...)
		rows = tag.RowsAffected()
		return err
	}))
	return rows
}

func TestASetIsAskedThroughTheRealRetrievalAndAnswers(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run := b.run(t, set.ID)
	require.Equal(t, evaluation.Finished, run.Status)
	require.Equal(t, 4, run.Done)
	require.False(t, run.EndedAt.IsZero())
	list := b.results(t, run)
	require.Equal(t, 3, list[0].No, "what failed comes first")
	require.Equal(t, evaluation.OtherSource, list[0].Verdict)
	require.Equal(t, b.prices.ID, list[0].Found[0])
	for _, r := range list[1:] {
		require.Equal(t, evaluation.Right, r.Verdict, r.Text)
	}
	require.Equal(t, 1, list[1].Rank())
	require.True(t, list[1].Answered)
	require.Positive(t, list[1].Confidence)
	require.False(t, list[3].Answered)
	require.Equal(t, 3, run.Totals.Right)
	require.Equal(t, 2, run.Totals.AnsweredRight)
	require.Equal(t, 1, run.Totals.AnsweredOther)
	require.Equal(t, 1, run.Totals.RefusedRight)
	require.InDelta(t, 2.0/3, run.Totals.Hit1, 1e-9)

	first, next, err := b.Results(t.Context(), b.tenant, set.ID, run.ID, evaluation.ResultPage{Limit: 3})
	require.NoError(t, err)
	rest, end, err := b.Results(t.Context(), b.tenant, set.ID, run.ID, evaluation.ResultPage{Limit: 3, Cursor: next})
	require.NoError(t, err)
	require.Equal(t, list, append(first, rest...))
	require.Empty(t, end)
	failed, _, err := b.Results(t.Context(), b.tenant, set.ID, run.ID, evaluation.ResultPage{FailedOnly: true, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, list[:1], failed)
}

func TestASetIsReplacedAndDeletedWithItsRuns(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run := b.run(t, set.ID)
	_, err := b.SaveSet(t.Context(), b.tenant, examined, flomastr.QuestionSetID{}, "Basics", []evaluation.Question{{Text: "Who?"}})
	require.ErrorIs(t, err, evaluation.ErrSetExists)
	_, err = b.Import(t.Context(), b.tenant, examined, set.ID, "Renamed", evaluation.Files{CSV: "question,expected\nWhen?,Opening hours|" + b.prices.ID.String() + "\nWho?,\n"})
	require.NoError(t, err)
	got, err := b.Set(t.Context(), b.tenant, set.ID)
	require.NoError(t, err)
	require.Equal(t, "Renamed", got.Name)
	require.Equal(t, []evaluation.Question{{Text: "When?", Expected: []flomastr.ItemID{b.hours.ID, b.prices.ID}}, {Text: "Who?", Expected: []flomastr.ItemID{}}}, got.Questions)
	require.Len(t, b.results(t, run), 4, "a run keeps what it asked")
	list, err := b.Sets(t.Context(), b.tenant)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, run.ID, list[0].Last.ID)
	require.Equal(t, 2, list[0].Count)

	_, err = b.Import(t.Context(), b.tenant, examined, set.ID, "Renamed", evaluation.Files{CSV: "question,expected\nWhen?,Nowhere\n"})
	known, _ := errors.AsType[*flomastr.Error](err)
	require.Equal(t, "body.csv line 2", known.Fields[0].Location)
	got, err = b.Set(t.Context(), b.tenant, set.ID)
	require.NoError(t, err)
	require.Len(t, got.Questions, 2, "nothing was saved")

	require.NoError(t, b.RemoveSet(t.Context(), b.tenant, examined, set.ID))
	_, err = b.Run(t.Context(), b.tenant, set.ID, run.ID)
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
	require.ErrorIs(t, b.RemoveSet(t.Context(), b.tenant, examined, set.ID), evaluation.ErrSetNotFound)
	again, err := b.Examine(t.Context(), b.tenant, evaluation.RunArgs{Tenant: b.tenant, Run: run.ID})
	require.NoError(t, err)
	require.Zero(t, again)
}

func TestARunThatIsKilledGoesOnAndCountsEachQuestionOnce(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run, err := b.BeginRun(t.Context(), b.tenant, examined, set.ID, flomastr.ReleaseID{})
	require.NoError(t, err)
	args := evaluation.RunArgs{Tenant: b.tenant, Run: run.ID}
	killed := errors.New("killed on purpose")
	b.asked.fails = func(asked int) error {
		if asked == 3 {
			return killed
		}
		return nil
	}
	_, err = b.Examine(t.Context(), b.tenant, args)
	require.ErrorIs(t, err, killed)
	run, err = b.Run(t.Context(), b.tenant, set.ID, run.ID)
	require.NoError(t, err)
	require.Equal(t, 2, run.Done)

	// The job of a server that was killed is lost to us for an hour: somebody notices sooner.
	store := postgres.NewEvaluationStore(b.brain.db)
	resumed, err := store.ResumeRuns(t.Context())
	require.NoError(t, err)
	require.Zero(t, resumed, "somebody works on it")
	b.exec(t, b.tenant, `UPDATE evaluation_runs SET touched_at = now() - interval '1 minute' WHERE tenant_id = $1`, b.tenant)
	resumed, err = store.ResumeRuns(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, resumed)
	resumed, err = store.ResumeRuns(t.Context())
	require.NoError(t, err)
	require.Zero(t, resumed)

	b.asked.fails = nil
	list, _, err := store.Waiting(t.Context(), b.tenant, run.ID, 10)
	require.NoError(t, err)
	require.Len(t, list, 2)
	twice := list[0]
	twice.Verdict = evaluation.NotFound
	require.NoError(t, store.Settle(t.Context(), b.tenant, run.ID, twice))
	require.NoError(t, store.Settle(t.Context(), b.tenant, run.ID, twice), "another server has it too")
	_, err = b.Examine(t.Context(), b.tenant, args)
	require.NoError(t, err)
	run, err = b.Run(t.Context(), b.tenant, set.ID, run.ID)
	require.NoError(t, err)
	require.Equal(t, evaluation.Finished, run.Status)
	require.Equal(t, 4, run.Done)
	require.Equal(t, 4, run.Totals.Questions)
	before := b.asked.asked
	_, err = b.Examine(t.Context(), b.tenant, args)
	require.NoError(t, err)
	require.Equal(t, before, b.asked.asked, "a job too many asks nothing")
}

func TestASetIsAskedOnceAtATimeAndARunIsCancelled(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run, err := b.BeginRun(t.Context(), b.tenant, examined, set.ID, flomastr.ReleaseID{})
	require.NoError(t, err)
	_, err = b.BeginRun(t.Context(), b.tenant, examined, set.ID, flomastr.ReleaseID{})
	require.ErrorIs(t, err, evaluation.ErrRunning)
	b.asked.fails = func(asked int) error { // a person cancels while the second question is asked
		if asked == 2 {
			_, err := b.CancelRun(t.Context(), b.tenant, examined, set.ID, run.ID)
			return err
		}
		return nil
	}
	_, err = b.Examine(t.Context(), b.tenant, evaluation.RunArgs{Tenant: b.tenant, Run: run.ID})
	require.NoError(t, err)
	run, err = b.CancelRun(t.Context(), b.tenant, examined, set.ID, run.ID)
	require.NoError(t, err, "cancelling twice is the same")
	require.Equal(t, evaluation.Cancelled, run.Status)
	require.Equal(t, 1, run.Done)
	require.Nil(t, run.Totals)
	require.NoError(t, b.GiveUp(t.Context(), b.tenant, evaluation.RunArgs{Tenant: b.tenant, Run: run.ID}, errors.New("late")))
	run, err = b.Run(t.Context(), b.tenant, set.ID, run.ID)
	require.NoError(t, err)
	require.Equal(t, evaluation.Cancelled, run.Status, "what has ended stays as it is")
	_, err = b.Compare(t.Context(), b.tenant, set.ID, run.ID, run.ID)
	require.ErrorIs(t, err, evaluation.ErrNotFinished)
	b.asked.fails = nil
	require.Equal(t, evaluation.Finished, b.run(t, set.ID).Status)
}

func TestTwoRunsShowWhatAChangeOfTheKnowledgeDid(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	before := b.run(t, set.ID)
	require.NoError(t, b.brain.Delete(t.Context(), b.tenant, examined, b.hours.ID))
	require.NoError(t, b.brain.Erase(t.Context(), b.tenant, contextengine.EraseArgs{Tenant: b.tenant, Item: b.hours.ID}))
	after := b.run(t, set.ID)
	c, err := b.Compare(t.Context(), b.tenant, set.ID, before.ID, after.ID)
	require.NoError(t, err)
	require.Empty(t, c.Better)
	texts := []string{}
	for _, change := range c.Worse {
		texts = append(texts, change.After.Text)
	}
	require.Contains(t, texts, "When does the garage in Al Quoz close?", "its document is gone")
	require.Negative(t, c.After.Totals.Minus(*c.Before.Totals).Right)
	titles, err := b.Titles(t.Context(), b.tenant, []flomastr.ItemID{b.hours.ID, b.prices.ID})
	require.NoError(t, err)
	require.Equal(t, map[flomastr.ItemID]string{b.prices.ID: "Prices"}, titles)
}

func TestNobodySeesOrNamesAnothersQuestions(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run := b.run(t, set.ID)
	stranger := postgrestest.Tenant(t, b.brain.db)
	ctx, eve := t.Context(), flomastr.Actor("user:x|eve")
	list, err := b.Sets(ctx, stranger)
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = b.Set(ctx, stranger, set.ID)
	require.ErrorIs(t, err, evaluation.ErrSetNotFound)
	_, err = b.SaveSet(ctx, stranger, eve, set.ID, "Mine now", []evaluation.Question{{Text: "Who?"}})
	require.ErrorIs(t, err, evaluation.ErrSetNotFound)
	_, err = b.SaveSet(ctx, stranger, eve, flomastr.QuestionSetID{}, "Theirs", []evaluation.Question{{Text: "Who?", Expected: []flomastr.ItemID{b.hours.ID}}})
	require.ErrorIs(t, err, evaluation.ErrQuestions)
	_, err = b.Import(ctx, stranger, eve, flomastr.QuestionSetID{}, "Theirs", evaluation.Files{CSV: "question,expected\nWho?,Opening hours\n"})
	require.ErrorIs(t, err, evaluation.ErrQuestions)
	require.ErrorIs(t, b.RemoveSet(ctx, stranger, eve, set.ID), evaluation.ErrSetNotFound)
	_, err = b.BeginRun(ctx, stranger, eve, set.ID, flomastr.ReleaseID{})
	require.ErrorIs(t, err, evaluation.ErrSetNotFound)
	_, err = b.Runs(ctx, stranger, set.ID)
	require.ErrorIs(t, err, evaluation.ErrSetNotFound)
	_, err = b.Run(ctx, stranger, set.ID, run.ID)
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
	_, err = b.CancelRun(ctx, stranger, eve, set.ID, run.ID)
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
	_, _, err = b.Results(ctx, stranger, set.ID, run.ID, evaluation.ResultPage{})
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
	_, err = b.Compare(ctx, stranger, set.ID, run.ID, run.ID)
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
	titles, err := b.Titles(ctx, stranger, []flomastr.ItemID{b.hours.ID})
	require.NoError(t, err)
	require.Empty(t, titles)
	for _, table := range []string{"question_sets", "questions", "evaluation_runs", "evaluation_results"} {
		require.Zero(t, b.exec(t, stranger, `UPDATE `+table+` SET tenant_id = tenant_id`), table)
	}
}

func TestOnlySoManySetsAndRunsAreKept(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	for i := range evaluation.MaxSets - 1 {
		_, err := b.SaveSet(t.Context(), b.tenant, examined, flomastr.QuestionSetID{}, fmt.Sprint(i), []evaluation.Question{{Text: "Who?"}})
		require.NoError(t, err)
	}
	_, err := b.SaveSet(t.Context(), b.tenant, examined, flomastr.QuestionSetID{}, "One more", []evaluation.Question{{Text: "Who?"}})
	require.ErrorIs(t, err, evaluation.ErrTooManySets)
	var first flomastr.EvaluationID
	for i := range 51 {
		run, err := b.BeginRun(t.Context(), b.tenant, examined, set.ID, flomastr.ReleaseID{})
		require.NoError(t, err)
		if i == 0 {
			first = run.ID
		}
		_, err = b.CancelRun(t.Context(), b.tenant, examined, set.ID, run.ID)
		require.NoError(t, err)
	}
	runs, err := b.Runs(t.Context(), b.tenant, set.ID)
	require.NoError(t, err)
	require.Len(t, runs, 50)
	_, err = b.Run(t.Context(), b.tenant, set.ID, first)
	require.ErrorIs(t, err, evaluation.ErrRunNotFound)
}

// examining works the job of a run as the queue gives it.
type examining struct {
	river.WorkerDefaults[evaluation.RunArgs]
	examiner *evaluation.Examiner
	done     chan error
}

func (w *examining) Work(ctx context.Context, job *river.Job[evaluation.RunArgs]) error {
	_, err := w.examiner.Examine(ctx, job.Args.Tenant, job.Args)
	w.done <- err
	return err
}

func TestTheJobOfARunIsQueuedWithIt(t *testing.T) {
	t.Parallel()
	b := examiner(t)
	set := b.set(t)
	run, err := b.BeginRun(t.Context(), b.tenant, examined, set.ID, flomastr.ReleaseID{})
	require.NoError(t, err)
	workers, w := river.NewWorkers(), &examining{examiner: b.Examiner, done: make(chan error, 1)}
	river.AddWorker(workers, w)
	stop, err := b.brain.db.StartJobs(t.Context(), postgres.Jobs{
		Workers: workers, Queues: map[string]river.QueueConfig{postgres.EvaluationQueue: {MaxWorkers: 1}},
	}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stop(context.Background()) })
	require.NoError(t, <-w.done)
	run, err = b.Run(t.Context(), b.tenant, set.ID, run.ID)
	require.NoError(t, err)
	require.Equal(t, evaluation.Finished, run.Status)
}
