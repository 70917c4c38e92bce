package contextengine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

const (
	defaultLimit   = 8
	maxLimit       = 50
	candidateLimit = 300
	// Postings that a question may read for candidates. Terms in less than a twentieth of the passages are always read;
	// the others, rarest first, while they fit. PostgreSQL sums about three thousand postings in a millisecond.
	postingBudget = 20000
	// Up to this many passages the question's vector is compared with every one; beyond, the nearest are found by an index.
	exactVectors = 20000
	// The names under which a passage tells what it gained by being newer, and what share of its score it lost by saying again
	// what others say.
	legFresh, legRepeats = "fresh", "repeats"
	// modelTries is how often what counted on the model that serves is done again when another serves by then.
	modelTries = 3
)

// Retrieve answers a question with passages, best first. Knowledge that is being indexed is found in the version that
// serves. The same question to the same index always gets the same answer. ErrItemNotFound is about the expected item.
func (e *Engine) Retrieve(ctx context.Context, tenant flomastr.TenantID, q Query) (result Result, err error) {
	for range modelTries {
		if result, err = e.retrieve(ctx, tenant, q); !errors.Is(err, ErrModelPassed) {
			break
		}
	}
	return result, err
}

func (e *Engine) retrieve(ctx context.Context, tenant flomastr.TenantID, q Query) (Result, error) {
	limit := min(q.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	var expect Item
	var err error
	if !q.Expect.IsZero() {
		if expect, err = e.Status.Item(ctx, tenant, q.Expect); err != nil {
			return Result{}, err
		}
	}
	var changes []flomastr.ReleaseChangeID
	if !q.Release.IsZero() {
		if changes, err = e.ready(ctx, tenant, q.Release); err != nil {
			return Result{}, err
		}
	}
	var question asked
	err = e.withAnalyst(func(a *analyst) (err error) {
		question, err = a.read(ctx, tenant, brain{e.Content, changes}, q.Text)
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("read question: %w", err)
	}
	ask := CandidateQuery{
		Terms: candidateTerms(question), Average: question.corpus.Words, Limit: candidateLimit, Filters: q.Filters,
		Exact: question.corpus.Passages <= exactVectors, Stamp: question.stamp, Changes: changes,
	}
	ask.Vector, ask.Model = e.vector(ctx, tenant, question, q.Text)
	candidates, err := e.Content.Candidates(ctx, tenant, ask)
	if err != nil {
		return Result{}, fmt.Errorf("find candidates: %w", err)
	}
	ranked, matches := rank(question, candidates, e.Weights)
	result := Result{Corrected: question.corrected, Signals: signals(question, matches, ranked), WordsOnly: ask.Vector == nil}
	e.rerank(ctx, tenant, question, q.Text, candidates, ranked, matches)
	ranked = arrange(candidates, ranked, matches)
	if !q.Expect.IsZero() {
		if result.Expected, err = e.expected(ctx, tenant, question, ask, expect, candidates, ranked, limit); err != nil {
			return Result{}, fmt.Errorf("follow the expected item: %w", err)
		}
	}
	ranked = ranked[:min(limit, len(ranked))]
	if result.Passages, err = e.read(ctx, tenant, question, candidates, ranked); err != nil {
		return Result{}, fmt.Errorf("read passages: %w", err)
	}
	return result, nil
}

// candidateTerms picks the terms by which candidates are found.
func candidateTerms(q asked) []WeightedTerm {
	type counted struct {
		WeightedTerm
		found int
	}
	var all []counted
	for _, w := range slices.Concat(q.Words, q.Identifiers) {
		for _, t := range w.Terms {
			if w.Found > 0 && !slices.ContainsFunc(all, func(c counted) bool { return c.Term == t }) {
				all = append(all, counted{WeightedTerm{t, q.corpus.IDF(w.Found) * w.Weight}, w.Found})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b counted) int { return a.found - b.found })
	var out []WeightedTerm
	spent := 0
	for i, c := range all {
		if i > 0 && c.found*20 >= q.corpus.Passages && spent+c.found > postingBudget {
			break
		}
		spent += c.found
		out = append(out, c.WeightedTerm)
	}
	return out
}

// rank scores the candidates and puts them in order.
func rank(q asked, candidates []Candidate, weights ranking.Weights) ([]ranking.Ranked, []ranking.Match) {
	matches := ranking.NewScorer(q.corpus, q.Question).Score(bags(candidates))
	for i := range matches {
		matches[i].Scores[ranking.LegVector] = max(candidates[i].Similarity, 0)
	}
	return ranking.Fuse(matches, weights), matches
}

// arrange has newer passages stand before older ones that say the same, and those that repeat others behind what else there is.
func arrange(candidates []Candidate, ranked []ranking.Ranked, matches []ranking.Match) []ranking.Ranked {
	from := make([]ranking.Origin, len(candidates))
	for i, c := range candidates {
		from[i] = ranking.Origin{Item: c.Item, Changed: c.Changed}
	}
	return ranking.DefaultRules().Arrange(ranked, matches, bags(candidates), from)
}

func bags(candidates []Candidate) []ranking.Bag {
	out := make([]ranking.Bag, len(candidates))
	for i, c := range candidates {
		out[i] = c.Bag
	}
	return out
}

// read fetches the winners' texts and puts their scores beside them.
func (e *Engine) read(ctx context.Context, tenant flomastr.TenantID, question asked, candidates []Candidate, ranked []ranking.Ranked) ([]Passage, error) {
	if len(ranked) == 0 {
		return nil, nil
	}
	numbers := make([]int, len(ranked))
	for i, r := range ranked {
		numbers[i] = candidates[r.Candidate].Number
	}
	passages, err := e.Content.Read(ctx, tenant, numbers)
	if err != nil {
		return nil, err
	}
	byNumber := map[int]int{}
	for i, n := range numbers {
		byNumber[n] = i
	}
	names := ranking.LegNames()
	out := make([]Passage, 0, len(passages))
	for _, p := range passages {
		r := ranked[byNumber[p.Number]]
		p.Score, p.Scores = r.Score, make(map[string]float64, len(names))
		for leg, name := range names {
			p.Scores[name] = r.Norm[leg]
		}
		if r.Rerank != nil {
			p.Scores[legRerank] = *r.Rerank
		}
		if r.Fresh != nil {
			p.Scores[legFresh] = *r.Fresh
		}
		if r.Repeats > 0 {
			p.Scores[legRepeats] = r.Repeats
		}
		out = append(out, p.Passage)
	}
	return out, e.withAnalyst(func(a *analyst) error {
		for i := range out {
			out[i].Highlights = a.highlights(question, out[i].Text)
		}
		return nil
	})
}
