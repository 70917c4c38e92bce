package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Unanswered is what the door asks of the context engine about questions that it had nothing for.
type Unanswered interface {
	Questions(ctx context.Context, tenant flomastr.TenantID, limit int, cursor string) (groups []contextengine.QuestionGroup, total int, next string, err error)
	DismissQuestion(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionID) error
	TakeUpQuestion(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionID) error
}

type unansweredListInput struct {
	TenantSlug string `path:"tenant_slug"`
	Limit      int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	PageCursor
}

type unansweredListOutput struct {
	Body struct {
		Questions  []unansweredQuestion `json:"questions" doc:"Most asked first"`
		TotalCount int                  `json:"total_count"`
		NextCursor string               `json:"next_cursor,omitempty"`
	}
}

func (o *unansweredListOutput) next() *string { return &o.Body.NextCursor }

type unansweredQuestion struct {
	ID          flomastr.QuestionID `json:"id" format:"uuid"`
	Question    string              `json:"question" doc:"As it was asked first"`
	Count       int                 `json:"count" doc:"How often it, or one like it, was asked"`
	LastAskedAt time.Time           `json:"last_asked_at"`
	Others      []string            `json:"others" doc:"Up to five other wordings"`
}

func (a *API) unansweredList(ctx context.Context, call Call, in *unansweredListInput) (*unansweredListOutput, error) {
	groups, total, next, err := a.deps.Knowledge.Questions(ctx, call.Tenant.ID, in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &unansweredListOutput{}
	out.Body.Questions, out.Body.TotalCount, out.Body.NextCursor = make([]unansweredQuestion, len(groups)), total, next
	for i, g := range groups {
		out.Body.Questions[i] = unansweredQuestion{ID: g.ID, Question: g.Question, Count: len(g.Members), LastAskedAt: g.Last.UTC(), Others: wordings(g)}
	}
	return out, nil
}

// wordings are the other ways in which a question was asked, each once.
func wordings(g contextengine.QuestionGroup) []string {
	const most = 5
	out, seen := []string{}, map[string]bool{g.Question: true}
	for _, u := range g.Members {
		if len(out) < most && !seen[u.Question] {
			seen[u.Question] = true
			out = append(out, u.Question)
		}
	}
	return out
}

type unansweredInput struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The question's id"`
}

func (in *unansweredInput) question() (flomastr.QuestionID, error) { return questionOf(in.ID) }

// questionOf reads an id; what is no id names nothing.
func questionOf(text string) (flomastr.QuestionID, error) {
	id, err := flomastr.ParseID[flomastr.QuestionID](text)
	if err != nil {
		return id, contextengine.ErrQuestionNotFound
	}
	return id, nil
}

func (a *API) unansweredDismiss(ctx context.Context, call Call, in *unansweredInput) (*struct{}, error) {
	id, err := in.question()
	if err != nil {
		return nil, err
	}
	return &struct{}{}, a.deps.Knowledge.DismissQuestion(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}

func (a *API) unansweredTakeUp(ctx context.Context, call Call, in *unansweredInput) (*struct{}, error) {
	id, err := in.question()
	if err != nil {
		return nil, err
	}
	return &struct{}{}, a.deps.Knowledge.TakeUpQuestion(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}
