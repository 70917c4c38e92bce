package evaluation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Deps are what an examiner works with.
type Deps struct {
	Store     Store
	Knowledge Retriever
	Assistant Answerer
	Log       *slog.Logger // nil: the process's own
}

// Examiner keeps the question sets of businesses and asks them of their knowledge. It is safe for concurrent use.
type Examiner struct{ Deps }

// New makes an examiner.
func New(deps Deps) *Examiner {
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	return &Examiner{deps}
}

// RunStatus says how far a run is.
type RunStatus string

// The states of a run.
const (
	Running   RunStatus = "running"
	Finished  RunStatus = "finished"
	Cancelled RunStatus = "cancelled"
	Failed    RunStatus = "failed"
)

// Run is one asking of a whole set.
type Run struct {
	ID      flomastr.EvaluationID
	Set     flomastr.QuestionSetID
	Release flomastr.ReleaseID // that was asked; zero: the knowledge as it served
	Status  RunStatus
	Problem string // a sentence, when failed
	Total   int
	Done    int
	Totals  *Totals // once finished
	By      flomastr.Actor
	BeganAt time.Time
	EndedAt time.Time // zero while it runs
}

// RunArgs is the job that asks a run's questions.
type RunArgs struct {
	Tenant flomastr.TenantID     `json:"tenant_id"`
	Run    flomastr.EvaluationID `json:"run_id"`
}

// Kind names the job in the queue.
func (RunArgs) Kind() string { return "knowledge.evaluate" }

// The errors of runs.
var (
	ErrRunNotFound = flomastr.Errorf(flomastr.NotFound, "evaluation_not_found", "There is no such run.")
	ErrRunning     = flomastr.Errorf(flomastr.Conflict, "evaluation_running", "This set is being asked already; wait for it, or cancel it.")
	ErrNotFinished = flomastr.Errorf(flomastr.Conflict, "evaluation_not_finished", "Only runs that have asked all their questions can be compared.")
	ErrRunOver     = flomastr.Errorf(flomastr.Conflict, "evaluation_over", "This run has ended.")
)

const (
	slice     = 30 * time.Second // after which a run gives its place to another
	batch     = 20               // questions that are read at once
	kept      = 10               // found items of a question
	retrieved = 50               // passages: ten items may have several each
	maxReason = 500              // characters
)

// BeginRun begins to ask a set's questions in the background: of the knowledge as it serves, or of a release.
func (e *Examiner) BeginRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, release flomastr.ReleaseID) (Run, error) {
	return e.Store.BeginRun(ctx, tenant, by, set, release)
}

// CancelRun ends a run; what it has asked stays to be seen.
func (e *Examiner) CancelRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, id flomastr.EvaluationID) (Run, error) {
	return e.Store.CancelRun(ctx, tenant, by, set, id)
}

// Runs lists the latest runs of a set, latest first.
func (e *Examiner) Runs(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID) ([]Run, error) {
	return e.Store.Runs(ctx, tenant, set)
}

// Run finds one.
func (e *Examiner) Run(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID) (Run, error) {
	return e.Store.Run(ctx, tenant, set, id)
}

// Results lists what came of a run's questions, those that failed first.
func (e *Examiner) Results(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID, page ResultPage) (list []Result, next string, err error) {
	return e.Store.Results(ctx, tenant, set, id, page)
}

// Examine does the job for a while and tells after which time to go on; 0 when there is nothing left. It may be killed at
// any point and done again, and by two servers at once: each question's result is written once.
func (e *Examiner) Examine(ctx context.Context, tenant flomastr.TenantID, args RunArgs) (again time.Duration, err error) {
	over := time.After(slice)
	for {
		list, about, err := e.Store.Waiting(ctx, tenant, args.Run, batch)
		if errors.Is(err, ErrRunOver) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read the next questions: %w", err)
		}
		if len(list) == 0 {
			return 0, e.finish(ctx, tenant, args.Run)
		}
		for _, q := range list {
			select {
			case <-over:
				return time.Second, nil
			default:
			}
			result, err := e.ask(ctx, tenant, about, q)
			if known, ok := errors.AsType[*flomastr.Error](err); ok && known.Kind == flomastr.Conflict {
				return 0, e.Store.EndRun(ctx, tenant, args.Run, Failed, known.Message, nil) // the release is not what it was
			}
			if err != nil {
				return 0, fmt.Errorf("ask question %d: %w", q.No, err)
			}
			err = e.Store.Settle(ctx, tenant, args.Run, result)
			if errors.Is(err, ErrRunOver) {
				return 0, nil // cancelled
			}
			if err != nil {
				return 0, fmt.Errorf("keep the result of question %d: %w", q.No, err)
			}
		}
	}
}

// ask asks one question as a customer who has said nothing before.
func (e *Examiner) ask(ctx context.Context, tenant flomastr.TenantID, about About, q Result) (Result, error) {
	found, err := e.Knowledge.Retrieve(ctx, tenant, contextengine.Query{Text: q.Text, Limit: retrieved, Release: about.Release})
	if err != nil && !errors.Is(err, contextengine.ErrEmptyQuery) {
		return q, fmt.Errorf("retrieve: %w", err)
	}
	q.Found = nil
	for _, p := range found.Passages {
		if len(q.Found) < kept && !slices.Contains(q.Found, p.Item) {
			q.Found = append(q.Found, p.Item)
		}
	}
	decision, err := e.Assistant.Answer(ctx, flomastr.Turn{
		Tenant: tenant, TimeZone: about.TimeZone, Release: about.Release,
		Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: q.Text}},
	})
	if err != nil {
		return q, fmt.Errorf("answer: %w", err)
	}
	q.Confidence, q.Reason = decision.Confidence, clip(decision.Reason, maxReason)
	// A courtesy stands on nothing and answers nothing.
	q.Answered = decision.Action == flomastr.ActionAnswer && len(decision.Evidence) > 0
	cited := slices.ContainsFunc(decision.Evidence, func(e flomastr.Evidence) bool { return slices.Contains(q.Expected, e.Item) })
	q.Verdict = q.judge(cited)
	return q, nil
}

// finish sums a run up whose questions are all asked.
func (e *Examiner) finish(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID) error {
	list, _, err := e.Store.Results(ctx, tenant, flomastr.QuestionSetID{}, id, ResultPage{})
	if errors.Is(err, ErrRunNotFound) {
		return nil // removed with its set
	}
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	totals := sum(list)
	return e.Store.EndRun(ctx, tenant, id, Finished, "", &totals)
}

// GiveUp ends a run that the queue has stopped trying.
func (e *Examiner) GiveUp(ctx context.Context, tenant flomastr.TenantID, args RunArgs, cause error) error {
	e.Log.WarnContext(ctx, "evaluation failed", "tenant_id", tenant, "run_id", args.Run, "error", cause)
	return e.Store.EndRun(ctx, tenant, args.Run, Failed, "Something went wrong on our side while asking the questions; run the set again.", nil)
}

// ResumeRuns has runs go on whose server was killed.
func (e *Examiner) ResumeRuns(ctx context.Context) error {
	resumed, err := e.Store.ResumeRuns(ctx)
	if resumed > 0 {
		e.Log.InfoContext(ctx, "evaluations go on", "runs", resumed)
	}
	return err
}
