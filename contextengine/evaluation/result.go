package evaluation

import (
	"context"
	"fmt"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

// Verdict says what came of a question.
type Verdict string

// The verdicts. Right is an answer that cites an expected item, or none where there should be none.
const (
	Waiting     Verdict = "waiting"
	Right       Verdict = "right"
	NotFound    Verdict = "not_found"    // not answered, and no expected item among the first five
	Refused     Verdict = "refused"      // not answered although an expected item was among the first five
	OtherSource Verdict = "other_source" // answered from other items alone
	Answered    Verdict = "answered"     // must not be answered, and was
)

// Result is a question with what came of it.
type Result struct {
	Question
	No         int // its place in the set, from 1
	Verdict    Verdict
	Found      []flomastr.ItemID // the first ten items, best first
	Answered   bool              // from the knowledge
	Confidence float64           // 0…1
	Reason     string            // why, for people
}

// ranking puts the found items into the words of package questions: expected ones are numbered and graded 1.
func (r Result) ranking() (ranked []int, grades map[int]float64) {
	grades = map[int]float64{}
	for i := range r.Expected {
		grades[i] = 1
	}
	for i, id := range r.Found {
		place := slices.Index(r.Expected, id)
		if place < 0 {
			place = len(r.Expected) + i
		}
		ranked = append(ranked, place)
	}
	return ranked, grades
}

// Rank is the place of the first expected item among the found ones, from 1; 0 when none is among the first ten.
func (r Result) Rank() int {
	return 1 + slices.IndexFunc(r.Found, func(id flomastr.ItemID) bool { return slices.Contains(r.Expected, id) })
}

// judge gives the verdict; cited says that the answer stands on an expected item.
func (r Result) judge(cited bool) Verdict {
	ranked, grades := r.ranking()
	switch {
	case !r.Answerable() && r.Answered:
		return Answered
	case !r.Answerable(), r.Answered && cited:
		return Right
	case r.Answered:
		return OtherSource
	case questions.Hit(ranked, grades, 5):
		return Refused
	default:
		return NotFound
	}
}

// Totals sum a run up. Shares are between 0 and 1; those of retrieval are over the answerable questions, and 0 where there
// are none.
type Totals struct {
	Questions       int     `json:"questions"`
	Right           int     `json:"right"`
	Answerable      int     `json:"answerable"`
	AnsweredRight   int     `json:"answered_right"`     // from an expected item
	AnsweredOther   int     `json:"answered_elsewhere"` // from other items alone
	RefusedWrongly  int     `json:"refused_wrongly"`    // answerable, and not answered
	Unanswerable    int     `json:"unanswerable"`       // must not be answered
	RefusedRight    int     `json:"refused_right"`      // and was not
	AnsweredWrongly int     `json:"answered_wrongly"`   // and was
	Hit1            float64 `json:"hit_at_1"`
	Hit5            float64 `json:"hit_at_5"`
	NDCG10          float64 `json:"ndcg_at_10"`
	MRR10           float64 `json:"mrr_at_10"`
}

// Minus is how far other totals are exceeded.
func (t Totals) Minus(o Totals) Totals {
	return Totals{
		Questions: t.Questions - o.Questions, Right: t.Right - o.Right,
		Answerable: t.Answerable - o.Answerable, AnsweredRight: t.AnsweredRight - o.AnsweredRight, AnsweredOther: t.AnsweredOther - o.AnsweredOther,
		RefusedWrongly: t.RefusedWrongly - o.RefusedWrongly, Unanswerable: t.Unanswerable - o.Unanswerable,
		RefusedRight: t.RefusedRight - o.RefusedRight, AnsweredWrongly: t.AnsweredWrongly - o.AnsweredWrongly,
		Hit1: t.Hit1 - o.Hit1, Hit5: t.Hit5 - o.Hit5, NDCG10: t.NDCG10 - o.NDCG10, MRR10: t.MRR10 - o.MRR10,
	}
}

// sum scores the results with the measures of package questions.
func sum(list []Result) (t Totals) {
	var hits1, hits5 int
	var ndcg, mrr float64
	for _, r := range list {
		t.Questions++
		if r.Verdict == Right {
			t.Right++
		}
		if !r.Answerable() {
			t.Unanswerable++
			if r.Answered {
				t.AnsweredWrongly++
			} else {
				t.RefusedRight++
			}
			continue
		}
		t.Answerable++
		switch {
		case r.Verdict == Right:
			t.AnsweredRight++
		case r.Answered:
			t.AnsweredOther++
		default:
			t.RefusedWrongly++
		}
		ranked, grades := r.ranking()
		if questions.Hit(ranked, grades, 1) {
			hits1++
		}
		if questions.Hit(ranked, grades, 5) {
			hits5++
		}
		ndcg += questions.NDCG(ranked, grades, 10)
		mrr += questions.ReciprocalRank(ranked, grades, 10)
	}
	if n := float64(t.Answerable); n > 0 {
		t.Hit1, t.Hit5, t.NDCG10, t.MRR10 = float64(hits1)/n, float64(hits5)/n, ndcg/n, mrr/n
	}
	return t
}

// Comparison says what changed between two runs of one set. Questions are the same when their words are.
type Comparison struct {
	Before, After       Run
	Better, Worse       []Change
	Same                int
	Redefined           int // questions of both that expect something else now; nothing is said of them
	OnlyBefore, OnlyNow int // questions that stand in one of the runs alone
}

// Change is one question in two runs.
type Change struct{ Before, After Result }

// Compare compares two finished runs of a set.
func (e *Examiner) Compare(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, before, after flomastr.EvaluationID) (c Comparison, err error) {
	var lists [2][]Result
	for i, id := range []flomastr.EvaluationID{before, after} {
		run, err := e.Store.Run(ctx, tenant, set, id)
		if err != nil {
			return c, err
		}
		if run.Status != Finished {
			return c, ErrNotFinished
		}
		if i == 0 {
			c.Before = run
		} else {
			c.After = run
		}
		if lists[i], _, err = e.Store.Results(ctx, tenant, set, id, ResultPage{}); err != nil {
			return c, fmt.Errorf("read results: %w", err)
		}
	}
	c.compare(lists[0], lists[1])
	return c, nil
}

func (c *Comparison) compare(before, after []Result) {
	old := map[string]Result{}
	for _, r := range before {
		old[r.Text] = r
	}
	for _, now := range after {
		was, ok := old[now.Text]
		delete(old, now.Text)
		switch d := now.betterThan(was); {
		case !ok:
			c.OnlyNow++
		case !sameItems(was.Expected, now.Expected):
			c.Redefined++
		case d > 0:
			c.Better = append(c.Better, Change{was, now})
		case d < 0:
			c.Worse = append(c.Worse, Change{was, now})
		default:
			c.Same++
		}
	}
	c.OnlyBefore = len(old)
}

// betterThan is positive where a result is better than another of the same question: right instead of wrong, else found
// nearer to the top.
func (r Result) betterThan(o Result) float64 {
	value := func(r Result) (v float64) {
		if r.Verdict == Right {
			v = 2
		}
		ranked, grades := r.ranking()
		return v + questions.ReciprocalRank(ranked, grades, kept)
	}
	return value(r) - value(o)
}

func sameItems(a, b []flomastr.ItemID) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(id flomastr.ItemID) bool { return !slices.Contains(b, id) })
}
