package assistant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// perQuestion is how many passages are read for a question.
const perQuestion = 10

// Answer decides what to reply to a turn. It fails only when the knowledge cannot be asked; whatever the customer wrote
// has a decision.
func (a *Assistant) Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	business, err := a.deps.Businesses.BusinessName(ctx, turn.Tenant)
	if err != nil {
		return flomastr.Decision{}, fmt.Errorf("name the business: %w", err)
	}
	if !turn.Release.IsZero() {
		b := *a
		b.deps.Retriever = released{a.deps.Retriever, turn.Release}
		a = &b
	}
	v := a.voice(turn, business)
	a.known(ctx, turn, &v)
	if decision, ok := a.courteous(turn, v); ok {
		return decision, nil
	}
	if decision, ok := a.reminded(ctx, turn, v); ok {
		return decision, nil
	}
	policy, err := a.policy(ctx, turn.Tenant)
	if err != nil {
		return flomastr.Decision{}, err
	}
	questions := a.lexicon.understand(turn, v.lang)
	findings := make([]finding, 0, len(questions))
	var used []flomastr.Evidence // of the memory
	for _, q := range questions {
		a.dated(&q, turn.TimeZone)
		f, err := a.find(ctx, turn.Tenant, policy, q)
		if err != nil {
			return flomastr.Decision{}, fmt.Errorf("look for an answer: %w", err)
		}
		f, helpers, err := a.helped(ctx, turn, v, policy, f)
		if err != nil {
			return flomastr.Decision{}, fmt.Errorf("look for an answer to this customer: %w", err)
		}
		findings, used = append(findings, f), append(used, helpers...)
	}
	if turn.Rework != nil {
		more, err := a.heed(ctx, turn, policy, v)
		if err != nil {
			return flomastr.Decision{}, err
		}
		findings = append(findings, more...)
	}
	d := a.compose(v, findings)
	d.Evidence = append(d.Evidence, used...)
	if turn.Rework != nil {
		d.Draft = a.draft(v, findings) // a person looks at it in any case
		d.Unanswered = nil             // it was noted when the turn was answered first
	}
	return a.reason(ctx, turn, v, policy, findings, d)
}

// finding is what the knowledge has for one question.
type finding struct {
	question question
	pool     *pool
	excerpt  excerpt
	answered bool
}

// released is the knowledge as a release would have it.
type released struct {
	Retriever
	release flomastr.ReleaseID
}

func (r released) Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error) {
	q.Release = r.release
	return r.Retriever.Retrieve(ctx, tenant, q)
}

// find looks for a question as it was asked and, when that finds too little, once more in wider words.
func (a *Assistant) find(ctx context.Context, tenant flomastr.TenantID, policy Policy, q question) (finding, error) {
	queries := []string{q.query()}
	if q.level == leans && len(q.topic) > 0 {
		queries = []string{q.text, q.query()}
	} else if q.level == hangs && q.heavy() > 0 {
		queries = append(queries, q.text)
	}
	var all contextengine.Result
	for _, text := range queries {
		if err := a.retrieve(ctx, tenant, text, &all); err != nil {
			return finding{}, err
		}
	}
	found := a.judge(policy, q, all)
	wider := a.lexicon.widened(q)
	if found.answered || wider == "" {
		return found, nil
	}
	if err := a.retrieve(ctx, tenant, wider, &all); err != nil {
		return finding{}, err
	}
	if again := a.judge(policy, q, all); again.answered {
		return again, nil
	}
	return found, nil
}

// retrieve adds what one wording of a question finds to what others have found. The most hopeful wording's signals count.
func (a *Assistant) retrieve(ctx context.Context, tenant flomastr.TenantID, text string, all *contextengine.Result) error {
	result, err := a.deps.Retriever.Retrieve(ctx, tenant, contextengine.Query{Text: text, Limit: perQuestion})
	if errors.Is(err, contextengine.ErrEmptyQuery) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(all.Passages) == 0 || result.Signals.Answerable > all.Signals.Answerable {
		all.Signals = result.Signals
	}
	all.Passages = append(all.Passages, result.Passages...)
	return nil
}

// judge weighs as much of what was found as the policy allows.
func (a *Assistant) judge(policy Policy, q question, found contextengine.Result) finding {
	found.Passages = within(found.Passages, policy.MaxContext)
	return a.weigh(policy, q, found)
}

// within keeps the passages, each once, that fit into a context, in the order in which they came. What does not fit is
// left out whole: half a passage misleads.
func within(passages []contextengine.Passage, maxTokens int) []contextengine.Passage {
	room := maxTokens * charsPerToken
	kept := passages[:0:0]
	seen := map[flomastr.PassageID]bool{}
	for _, p := range passages {
		size := utf8.RuneCountInString(p.Text)
		if seen[p.ID] && !p.ID.IsZero() || size > room {
			continue
		}
		seen[p.ID] = true
		room -= size
		kept = append(kept, p)
	}
	return kept
}

// weigh decides whether passages answer a question.
func (a *Assistant) weigh(policy Policy, q question, result contextengine.Result) finding {
	f := finding{question: q, pool: newPool(a.lexicon, result)}
	var ok bool
	if f.excerpt, ok = f.pool.extract(q); !ok {
		f.excerpt.reason = "the knowledge has nothing on it"
		return f
	}
	f.pool.weighEvidence(q, &f.excerpt)
	f.answered = f.excerpt.confidence >= policy.Threshold
	if !f.answered {
		return f
	}
	if f.excerpt.disputes = f.pool.disputes(q, &f.excerpt); len(f.excerpt.disputes) > 0 {
		f.excerpt.confidence *= disputed
		f.excerpt.reason += "; two sources say different things"
	}
	return f
}

// disputed is what is left of the confidence in an answer that another source contradicts. Both are shown, so it is given all the same.
const disputed = 0.8

// dated puts the weekday in the place of "today" and "tomorrow", as the business counts its days.
func (a *Assistant) dated(q *question, zone string) {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC
	}
	for i, t := range q.words {
		day := a.deps.Clock().In(where)
		switch t.day {
		case "today":
		case "tomorrow":
			day = day.AddDate(0, 0, 1)
		default:
			continue
		}
		q.words[i].text = day.Weekday().String()
		q.words[i].fold = strings.ToLower(q.words[i].text)
		q.words[i].weight = 0.5
		q.words[i].day = string(rune('0' + int(day.Weekday())))
	}
}
