package evaluation

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Store is what the examiner asks of the hot database. Each method is one commit.
type Store interface {
	// ItemsNamed finds items by their id or their exact title. Names of nothing are left out.
	ItemsNamed(ctx context.Context, tenant flomastr.TenantID, names []string) (map[string]flomastr.ItemID, error)
	// Titles are the titles of the items that are still there.
	Titles(ctx context.Context, tenant flomastr.TenantID, items []flomastr.ItemID) (map[flomastr.ItemID]string, error)

	// SaveSet makes a set when the id is zero, else replaces the one with the id.
	SaveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, list []Question) (Set, error)
	Sets(ctx context.Context, tenant flomastr.TenantID) ([]Set, error)
	Set(ctx context.Context, tenant flomastr.TenantID, id flomastr.QuestionSetID) (Set, error)
	RemoveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID) error

	// BeginRun copies the set's questions into a new run and makes its job; ErrRunning while another runs.
	// ErrReleaseNotFound of the context engine when there is no such release.
	BeginRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, release flomastr.ReleaseID) (Run, error)
	// Runs lists the runs of a set, latest first.
	Runs(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID) ([]Run, error)
	Run(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID) (Run, error)
	// CancelRun ends a run that runs; one that has ended stays as it is.
	CancelRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, id flomastr.EvaluationID) (Run, error)
	// Results lists a page of a run's results, those that failed first, or all for a limit of 0.
	Results(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID, page ResultPage) (list []Result, next string, err error)

	// Waiting gives questions that the run has not asked yet, and what it is about; ErrRunOver when it runs no more.
	Waiting(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, limit int) ([]Result, About, error)
	// Settle writes a result once: a question that was settled already stays as it is. ErrRunOver when the run runs no more.
	Settle(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, result Result) error
	// EndRun ends a run that still runs.
	EndRun(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, status RunStatus, problem string, totals *Totals) error
	// ResumeRuns makes jobs for the runs of all tenants that nobody has worked on for a while, and tells how many.
	ResumeRuns(ctx context.Context) (int, error)
}

// About is what a run's questions are asked of.
type About struct {
	TimeZone string             // where the tenant's day is
	Release  flomastr.ReleaseID // zero: the knowledge as it serves
}

// ResultPage asks for a part of a run's results.
type ResultPage struct {
	FailedOnly bool
	Limit      int // 0: all
	Cursor     string
}

// Retriever finds passages of a tenant's knowledge.
type Retriever interface {
	Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error)
}

// Answerer decides what a customer would be told.
type Answerer interface {
	Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error)
}
