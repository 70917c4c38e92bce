package contextengine

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// Unanswered is a question of a customer's that the knowledge had nothing for.
type Unanswered struct {
	ID       flomastr.QuestionID
	Question string // at most 300 characters
	AskedAt  time.Time
}

// QuestionGroup is questions that are alike. It goes by the name of the first of them that is still kept.
type QuestionGroup struct {
	Unanswered

	Last    time.Time
	Members []Unanswered // itself among them, oldest first
}

// ErrQuestionNotFound is what one gets who names a question that is not there, or not there any more.
var ErrQuestionNotFound = flomastr.Errorf(flomastr.NotFound, "question_not_found", "There is no such question any more.")

// alike is how much of their 4-grams two questions share that are taken for one.
const alike = 0.5

// Questions lists groups of unanswered questions, those asked most often first.
func (e *Engine) Questions(ctx context.Context, tenant flomastr.TenantID, limit int, cursor string) (groups []QuestionGroup, total int, next string, err error) {
	from := 0
	if cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 {
			return nil, 0, "", ErrBadCursor
		}
	}
	all, err := e.questionGroups(ctx, tenant)
	if err != nil {
		return nil, 0, "", err
	}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], len(all), next, nil
}

// DismissQuestion puts a group aside until somebody takes it up again. The same asked later is a new group.
func (e *Engine) DismissQuestion(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionID) error {
	ids, err := e.questionsLike(ctx, tenant, id)
	if err != nil {
		return err
	}
	return e.Status.DismissQuestions(ctx, tenant, by, id, ids)
}

// TakeUpQuestion undoes DismissQuestion.
func (e *Engine) TakeUpQuestion(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.QuestionID) error {
	return e.Status.TakeUpQuestions(ctx, tenant, by, id)
}

// questionsLike lists the members of a question's group.
func (e *Engine) questionsLike(ctx context.Context, tenant flomastr.TenantID, id flomastr.QuestionID) ([]flomastr.QuestionID, error) {
	groups, err := e.questionGroups(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if !slices.ContainsFunc(g.Members, func(u Unanswered) bool { return u.ID == id }) {
			continue
		}
		ids := make([]flomastr.QuestionID, len(g.Members))
		for i, u := range g.Members {
			ids[i] = u.ID
		}
		return ids, nil
	}
	return nil, ErrQuestionNotFound
}

func (e *Engine) questionGroups(ctx context.Context, tenant flomastr.TenantID) (groups []QuestionGroup, err error) {
	asked, err := e.Status.Unanswered(ctx, tenant)
	if err != nil {
		return nil, err
	}
	_ = e.withAnalyst(func(a *analyst) error { groups = a.group(asked); return nil })
	slices.SortStableFunc(groups, func(a, b QuestionGroup) int {
		return cmp.Or(len(b.Members)-len(a.Members), b.Last.Compare(a.Last))
	})
	return groups, nil
}

// group puts each question, oldest first, to the group whose first question it shares most with, or opens one.
func (a *analyst) group(asked []Unanswered) []QuestionGroup {
	var groups []QuestionGroup
	var sizes []int
	holders := map[analysis.Gram][]int{} // gram → groups whose first question has it
	for _, u := range asked {
		grams := a.questionGrams(u.Question)
		shared := map[int]int{}
		for _, g := range grams {
			for _, at := range holders[g] {
				shared[at]++
			}
		}
		best, most := -1, alike
		for at := range groups {
			if dice := 2 * float64(shared[at]) / float64(max(len(grams)+sizes[at], 1)); dice > most || dice == most && best < 0 {
				best, most = at, dice
			}
		}
		if best < 0 {
			for _, g := range grams {
				holders[g] = append(holders[g], len(groups))
			}
			groups, sizes = append(groups, QuestionGroup{Unanswered: u}), append(sizes, len(grams))
			best = len(groups) - 1
		}
		groups[best].Last = u.AskedAt
		groups[best].Members = append(groups[best].Members, u)
	}
	return groups
}

// questionGrams are the 4-grams of a question's words without those that are in every question.
func (a *analyst) questionGrams(text string) []analysis.Gram {
	tokens := a.stemmer.Words(text, a.detector.Detect(text))
	telling := slices.DeleteFunc(slices.Clone(tokens), func(t analysis.Token) bool { return a.detector.Ordinary(t.Word) })
	if len(telling) == 0 {
		telling = tokens
	}
	return distinctGrams(analysis.GramText(telling, text))
}
