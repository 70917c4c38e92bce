package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation"
)

type evaluationRun struct {
	ID      flomastr.EvaluationID  `json:"id" format:"uuid"`
	SetID   flomastr.QuestionSetID `json:"question_set_id" format:"uuid"`
	Release *flomastr.ReleaseID    `json:"release_id,omitempty" format:"uuid" doc:"The release that was asked; absent for the knowledge as it served"`
	Status  string                 `json:"status" enum:"running,finished,cancelled,failed"`
	Problem string                 `json:"problem" doc:"A sentence, when failed"`
	Total   int                    `json:"total"`
	Done    int                    `json:"done"`
	Totals  *evaluationTotals      `json:"totals,omitempty" doc:"Once finished"`
	BegunBy string                 `json:"begun_by" doc:"As the audit log names them"`
	BeganAt time.Time              `json:"began_at"`
	EndedAt *time.Time             `json:"ended_at,omitempty"`
}

type evaluationTotals struct {
	Questions       int     `json:"questions"`
	Right           int     `json:"right"`
	Answerable      int     `json:"answerable"`
	AnsweredRight   int     `json:"answered_right" doc:"From an expected item"`
	AnsweredOther   int     `json:"answered_elsewhere" doc:"From other items alone"`
	RefusedWrongly  int     `json:"refused_wrongly"`
	Unanswerable    int     `json:"unanswerable"`
	RefusedRight    int     `json:"refused_right"`
	AnsweredWrongly int     `json:"answered_wrongly"`
	Hit1            float64 `json:"hit_at_1" doc:"Of the answerable questions, the share whose expected item was found first; 0 when there are none"`
	Hit5            float64 `json:"hit_at_5"`
	NDCG10          float64 `json:"ndcg_at_10"`
	MRR10           float64 `json:"mrr_at_10"`
}

func runOf(r evaluation.Run) evaluationRun {
	run := evaluationRun{
		ID: r.ID, SetID: r.Set, Status: string(r.Status), Problem: r.Problem, Total: r.Total, Done: r.Done, BegunBy: string(r.By),
		BeganAt: r.BeganAt, EndedAt: given(r.EndedAt),
	}
	if !r.Release.IsZero() {
		run.Release = &r.Release
	}
	if r.Totals != nil {
		totals := evaluationTotals(*r.Totals)
		run.Totals = &totals
	}
	return run
}

type evaluationRunOutput struct{ Body evaluationRun }

func oneEvaluationRun(run evaluation.Run, err error) (*evaluationRunOutput, error) {
	if err != nil {
		return nil, err
	}
	return &evaluationRunOutput{runOf(run)}, nil
}

type evaluationRunListOutput struct {
	Body struct {
		Runs []evaluationRun `json:"runs" doc:"The last fifty, latest first"`
	}
}

func (a *API) evaluationRunList(ctx context.Context, call Call, in *QuestionSetPath) (*evaluationRunListOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	list, err := a.deps.Evaluations.Runs(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	out := &evaluationRunListOutput{}
	out.Body.Runs = make([]evaluationRun, len(list))
	for i, r := range list {
		out.Body.Runs[i] = runOf(r)
	}
	return out, nil
}

type evaluationBeginInput struct {
	QuestionSetPath
	Body *struct {
		Release string `json:"release,omitempty" format:"uuid" doc:"The release to ask; without it, the knowledge as it serves"`
	}
}

func (a *API) evaluationBegin(ctx context.Context, call Call, in *evaluationBeginInput) (*evaluationRunOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var release flomastr.ReleaseID
	if in.Body != nil {
		if release, err = releaseID(in.Body.Release); err != nil {
			return nil, err
		}
	}
	return oneEvaluationRun(a.deps.Evaluations.BeginRun(ctx, call.Tenant.ID, call.Caller.Actor(), id, release))
}

// EvaluationRunPath names a run of a question set.
type EvaluationRunPath struct {
	QuestionSetPath
	Run string `path:"run" doc:"The run's id"`
}

func (p EvaluationRunPath) ids() (set flomastr.QuestionSetID, run flomastr.EvaluationID, err error) {
	if set, err = p.id(); err != nil {
		return set, run, err
	}
	if run, err = flomastr.ParseID[flomastr.EvaluationID](p.Run); err != nil {
		return set, run, evaluation.ErrRunNotFound
	}
	return set, run, nil
}

func (a *API) evaluationGet(ctx context.Context, call Call, in *EvaluationRunPath) (*evaluationRunOutput, error) {
	set, id, err := in.ids()
	if err != nil {
		return nil, err
	}
	return oneEvaluationRun(a.deps.Evaluations.Run(ctx, call.Tenant.ID, set, id))
}

func (a *API) evaluationCancel(ctx context.Context, call Call, in *EvaluationRunPath) (*evaluationRunOutput, error) {
	set, id, err := in.ids()
	if err != nil {
		return nil, err
	}
	return oneEvaluationRun(a.deps.Evaluations.CancelRun(ctx, call.Tenant.ID, call.Caller.Actor(), set, id))
}

type evaluationResult struct {
	No         int         `json:"no" doc:"The question's place in the set, from 1"`
	Text       string      `json:"text"`
	Expected   []namedItem `json:"expected" doc:"None: it must not be answered"`
	Verdict    string      `json:"verdict" enum:"waiting,right,not_found,refused,other_source,answered" doc:"not_found and refused: not answered, without and with an expected item among the first five; other_source: answered from other items alone; answered: although it must not be"`
	Rank       int         `json:"rank" doc:"The place of the first expected item, from 1; 0 when it is not among the first ten"`
	Found      []namedItem `json:"found" doc:"The first items that retrieval found, at most ten, best first"`
	Answered   bool        `json:"answered"`
	Confidence float64     `json:"confidence"`
	Reason     string      `json:"reason" doc:"Why it was answered or not, for people"`
}

// resultsOf puts the items' titles beside their ids.
func (a *API) resultsOf(ctx context.Context, call Call, list []evaluation.Result) ([]evaluationResult, error) {
	var items []flomastr.ItemID
	for _, r := range list {
		items = append(append(items, r.Expected...), r.Found...)
	}
	titles, err := a.deps.Evaluations.Titles(ctx, call.Tenant.ID, items)
	if err != nil {
		return nil, err
	}
	out := make([]evaluationResult, len(list))
	for i, r := range list {
		out[i] = evaluationResult{
			No: r.No, Text: r.Text, Expected: named(r.Expected, titles), Verdict: string(r.Verdict), Rank: r.Rank(), Found: named(r.Found, titles),
			Answered: r.Answered, Confidence: r.Confidence, Reason: r.Reason,
		}
	}
	return out, nil
}

type evaluationResultsInput struct {
	EvaluationRunPath
	PageCursor
	FailedOnly bool `query:"failed_only" doc:"Leave out what is right or waits"`
	Limit      int  `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type evaluationResultsOutput struct {
	Body struct {
		Results    []evaluationResult `json:"results" doc:"Those that failed first, then what is right, then what waits"`
		NextCursor string             `json:"next_cursor,omitempty"`
	}
}

func (o *evaluationResultsOutput) next() *string { return &o.Body.NextCursor }

func (a *API) evaluationResults(ctx context.Context, call Call, in *evaluationResultsInput) (*evaluationResultsOutput, error) {
	set, id, err := in.ids()
	if err != nil {
		return nil, err
	}
	list, next, err := a.deps.Evaluations.Results(ctx, call.Tenant.ID, set, id, evaluation.ResultPage{FailedOnly: in.FailedOnly, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &evaluationResultsOutput{}
	out.Body.NextCursor = next
	out.Body.Results, err = a.resultsOf(ctx, call, list)
	return out, err
}

type evaluationCompareInput struct {
	EvaluationRunPath
	// Needed, and asked for by hand: what a query lacks is told after it is known who asks.
	With string `query:"with" doc:"The id of the run before, of the same set; needed"`
}

type evaluationChange struct {
	Before evaluationResult `json:"before"`
	After  evaluationResult `json:"after"`
}

type evaluationCompareOutput struct {
	Body struct {
		Before     evaluationRun      `json:"before"`
		After      evaluationRun      `json:"after"`
		Difference evaluationTotals   `json:"difference" doc:"After minus before"`
		Better     []evaluationChange `json:"better" doc:"Right instead of wrong, or the expected item nearer to the top"`
		Worse      []evaluationChange `json:"worse"`
		Same       int                `json:"same"`
		Redefined  int                `json:"redefined" doc:"Questions of both that expect something else now"`
		OnlyBefore int                `json:"only_before" doc:"Questions that stand in the run before alone"`
		OnlyNow    int                `json:"only_now"`
	}
}

func (a *API) evaluationCompare(ctx context.Context, call Call, in *evaluationCompareInput) (*evaluationCompareOutput, error) {
	set, after, err := in.ids()
	if err != nil {
		return nil, err
	}
	if in.With == "" {
		return nil, flomastr.Errorf(flomastr.Invalid, "invalid_request", "Say which run to compare with.").Field("query.with", "must be the id of a run of the same set")
	}
	before, err := flomastr.ParseID[flomastr.EvaluationID](in.With)
	if err != nil {
		return nil, evaluation.ErrRunNotFound
	}
	c, err := a.deps.Evaluations.Compare(ctx, call.Tenant.ID, set, before, after)
	if err != nil {
		return nil, err
	}
	out := &evaluationCompareOutput{}
	b := &out.Body
	b.Before, b.After, b.Same, b.Redefined, b.OnlyBefore, b.OnlyNow = runOf(c.Before), runOf(c.After), c.Same, c.Redefined, c.OnlyBefore, c.OnlyNow
	b.Difference = evaluationTotals(c.After.Totals.Minus(*c.Before.Totals))
	if b.Better, err = a.changesOf(ctx, call, c.Better); err != nil {
		return nil, err
	}
	b.Worse, err = a.changesOf(ctx, call, c.Worse)
	return out, err
}

func (a *API) changesOf(ctx context.Context, call Call, changes []evaluation.Change) ([]evaluationChange, error) {
	var list []evaluation.Result
	for _, c := range changes {
		list = append(list, c.Before, c.After)
	}
	results, err := a.resultsOf(ctx, call, list)
	out := make([]evaluationChange, 0, len(changes))
	for pair := range slices.Chunk(results, 2) {
		out = append(out, evaluationChange{pair[0], pair[1]})
	}
	return out, err
}
