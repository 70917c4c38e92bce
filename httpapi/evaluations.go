package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation"
)

// Evaluations is what the door asks of the examiner of a business's knowledge.
type Evaluations interface {
	Sets(ctx context.Context, tenant flomastr.TenantID) ([]evaluation.Set, error)
	Set(ctx context.Context, tenant flomastr.TenantID, id flomastr.QuestionSetID) (evaluation.Set, error)
	SaveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, list []evaluation.Question) (evaluation.Set, error)
	Import(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID, name string, files evaluation.Files) (evaluation.Set, error)
	RemoveSet(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionSetID) error
	Titles(ctx context.Context, tenant flomastr.TenantID, items []flomastr.ItemID) (map[flomastr.ItemID]string, error)

	BeginRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, release flomastr.ReleaseID) (evaluation.Run, error)
	CancelRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, id flomastr.EvaluationID) (evaluation.Run, error)
	Runs(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID) ([]evaluation.Run, error)
	Run(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID) (evaluation.Run, error)
	Results(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID, page evaluation.ResultPage) ([]evaluation.Result, string, error)
	Compare(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, before, after flomastr.EvaluationID) (evaluation.Comparison, error)
}

// maxQuestionSet is room for the most questions at their longest, with what they expect.
const maxQuestionSet = 8 << 20

type questionSet struct {
	ID        flomastr.QuestionSetID `json:"id" format:"uuid"`
	Name      string                 `json:"name"`
	Count     int                    `json:"question_count"`
	ChangedBy string                 `json:"changed_by" doc:"Who changed it last, as the audit log names them"`
	CreatedAt time.Time              `json:"created_at"`
	UpdatedAt time.Time              `json:"updated_at"`
	Last      *evaluationRun         `json:"last_run,omitempty"`
}

func questionSetOf(s evaluation.Set) questionSet {
	set := questionSet{ID: s.ID, Name: s.Name, Count: s.Count, ChangedBy: string(s.ChangedBy), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
	if s.Last != nil {
		last := runOf(*s.Last)
		set.Last = &last
	}
	return set
}

// namedItem is an item of the knowledge as a question refers to it.
type namedItem struct {
	ID    flomastr.ItemID `json:"id" format:"uuid"`
	Title string          `json:"title" doc:"Empty when the item is no longer in the knowledge"`
}

func named(items []flomastr.ItemID, titles map[flomastr.ItemID]string) []namedItem {
	list := make([]namedItem, len(items))
	for i, id := range items {
		list[i] = namedItem{id, titles[id]}
	}
	return list
}

type questionSetListInput struct {
	TenantSlug string `path:"tenant_slug"`
}

type questionSetListOutput struct {
	Body struct {
		Sets []questionSet `json:"sets" doc:"By name"`
	}
}

func (a *API) questionSetList(ctx context.Context, call Call, _ *questionSetListInput) (*questionSetListOutput, error) {
	list, err := a.deps.Evaluations.Sets(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &questionSetListOutput{}
	out.Body.Sets = make([]questionSet, len(list))
	for i, s := range list {
		out.Body.Sets[i] = questionSetOf(s)
	}
	return out, nil
}

// QuestionSetPath names a question set.
type QuestionSetPath struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The question set's id"`
}

func (p QuestionSetPath) id() (flomastr.QuestionSetID, error) {
	id, err := flomastr.ParseID[flomastr.QuestionSetID](p.ID)
	if err != nil {
		return id, evaluation.ErrSetNotFound
	}
	return id, nil
}

// QuestionSetBody is a set as a person writes it.
type QuestionSetBody struct {
	Name      string            `json:"name" minLength:"1" maxLength:"120"`
	Questions []writtenQuestion `json:"questions" minItems:"1" maxItems:"1000"`
}

type writtenQuestion struct {
	Text     string            `json:"text" minLength:"1" maxLength:"500"`
	Expected []flomastr.ItemID `json:"expected" format:"uuid" maxItems:"20" doc:"The items of the knowledge that answer it; none: it must not be answered"`
}

func (b QuestionSetBody) questions() []evaluation.Question {
	list := make([]evaluation.Question, len(b.Questions))
	for i, q := range b.Questions {
		list[i] = evaluation.Question(q)
	}
	return list
}

// QuestionFiles is a set as files.
type QuestionFiles struct {
	Name         string `json:"name" minLength:"1" maxLength:"120"`
	CSV          string `json:"csv,omitempty" doc:"With the columns question and expected: ids or exact titles of items with | between them, empty for a question that must not be answered"`
	Queries      string `json:"queries,omitempty" doc:"JSON lines of {id, text}, as flomastr eval reads them; expected (a list of ids or titles) takes the place of qrels"`
	Qrels        string `json:"qrels,omitempty" doc:"Lines of a query's id, a document and a grade, with tabs between them; a grade of 0 says that the document does not answer it"`
	Documents    string `json:"documents,omitempty" doc:"JSON lines of {id, title}: which item a document of qrels is; without it a document is an item's id or exact title"`
	Unanswerable string `json:"unanswerable,omitempty" doc:"JSON lines of {id, text}: questions that must not be answered"`
}

func (f QuestionFiles) files() evaluation.Files {
	return evaluation.Files{CSV: f.CSV, Queries: f.Queries, Qrels: f.Qrels, Documents: f.Documents, Unanswerable: f.Unanswerable}
}

type questionSetOutput struct{ Body questionSet }

func oneQuestionSet(set evaluation.Set, err error) (*questionSetOutput, error) {
	if err != nil {
		return nil, err
	}
	return &questionSetOutput{questionSetOf(set)}, nil
}

type questionSetCreateInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       QuestionSetBody
}

func (a *API) questionSetCreate(ctx context.Context, call Call, in *questionSetCreateInput) (*questionSetOutput, error) {
	return oneQuestionSet(a.deps.Evaluations.SaveSet(ctx, call.Tenant.ID, call.Caller.Actor(), flomastr.QuestionSetID{}, in.Body.Name, in.Body.questions()))
}

type questionSetImportInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       QuestionFiles
}

func (a *API) questionSetImport(ctx context.Context, call Call, in *questionSetImportInput) (*questionSetOutput, error) {
	return oneQuestionSet(a.deps.Evaluations.Import(ctx, call.Tenant.ID, call.Caller.Actor(), flomastr.QuestionSetID{}, in.Body.Name, in.Body.files()))
}

type questionSetReplaceInput struct {
	QuestionSetPath
	Body QuestionSetBody
}

func (a *API) questionSetReplace(ctx context.Context, call Call, in *questionSetReplaceInput) (*questionSetOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneQuestionSet(a.deps.Evaluations.SaveSet(ctx, call.Tenant.ID, call.Caller.Actor(), id, in.Body.Name, in.Body.questions()))
}

type questionSetReplaceFilesInput struct {
	QuestionSetPath
	Body QuestionFiles
}

func (a *API) questionSetReplaceFiles(ctx context.Context, call Call, in *questionSetReplaceFilesInput) (*questionSetOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneQuestionSet(a.deps.Evaluations.Import(ctx, call.Tenant.ID, call.Caller.Actor(), id, in.Body.Name, in.Body.files()))
}

type question struct {
	Text     string      `json:"text"`
	Expected []namedItem `json:"expected" doc:"None: it must not be answered"`
}

type questionSetGetOutput struct {
	Body struct {
		Set       questionSet `json:"set"`
		Questions []question  `json:"questions"`
	}
}

func (a *API) questionSetGet(ctx context.Context, call Call, in *QuestionSetPath) (*questionSetGetOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	set, err := a.deps.Evaluations.Set(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	var items []flomastr.ItemID
	for _, q := range set.Questions {
		items = append(items, q.Expected...)
	}
	titles, err := a.deps.Evaluations.Titles(ctx, call.Tenant.ID, items)
	if err != nil {
		return nil, err
	}
	out := &questionSetGetOutput{}
	out.Body.Set, out.Body.Questions = questionSetOf(set), make([]question, len(set.Questions))
	for i, q := range set.Questions {
		out.Body.Questions[i] = question{q.Text, named(q.Expected, titles)}
	}
	return out, nil
}

// questionSetRemove deletes a set with its runs.
func (a *API) questionSetRemove(ctx context.Context, call Call, in *QuestionSetPath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.deps.Evaluations.RemoveSet(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}
