package contextengine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// This file measures what comes after the fusion, and what was thought of for there: FLOMASTR_FIT=1 go test ./contextengine
// -run TestFitStages -v. Each line is a way of doing it, each column a set's nDCG@10 and how far it lies from the fusion's alone.

// stageCase is a question with its candidates and their order after the fusion.
type stageCase struct {
	question   asked
	candidates []Candidate
	items      []int
	ranked     []ranking.Ranked
	matches    []ranking.Match
	gold       map[int]float64
	signals    Signals
}

// way orders a question's candidates.
type way struct {
	name  string
	order func(s *fitSet, c *stageCase) []ranking.Ranked
}

func TestFitStages(t *testing.T) {
	sets := fitSets(t)
	a := newAnalyst()
	all := make([][]*stageCase, len(sets))
	for i, s := range sets {
		for _, q := range s.queries {
			all[i] = append(all[i], s.stage(t, a, q))
		}
	}
	ways := append(arrangements(), feedbacks()...)
	base := make([]float64, len(sets))
	for _, w := range append([]way{{"fusion", func(_ *fitSet, c *stageCase) []ranking.Ranked { return c.ranked }}}, ways...) {
		line, gain := fmt.Sprintf("%-34s", w.name), 0.0
		for i, s := range sets {
			sum, moved := 0.0, 0
			for _, c := range all[i] {
				now := c.first(w.order(s, c))
				if !slices.Equal(now, c.first(c.ranked)) {
					moved++
				}
				sum += questions.NDCG(now, c.gold, 10) / float64(len(all[i]))
			}
			if w.name == "fusion" {
				base[i] = sum
			}
			gain += (sum - base[i]) / float64(len(sets))
			line += fmt.Sprintf(" %s %.4f %+.4f (%d)", s.name, sum, sum-base[i], moved)
		}
		t.Logf("%s | mean %+.4f", line, gain)
	}
}

func (s *fitSet) stage(t *testing.T, a *analyst, q questions.Question) *stageCase {
	t.Helper()
	question, err := a.read(context.Background(), flomastr.NewID[flomastr.TenantID](), s.index, q.Text)
	if err != nil {
		t.Fatal(err)
	}
	c := &stageCase{question: question, gold: q.Grades}
	c.candidates = s.index.candidates(CandidateQuery{Terms: candidateTerms(question), Average: question.corpus.Words, Limit: candidateLimit})
	for _, cand := range c.candidates {
		c.items = append(c.items, s.index.items[cand.Number])
	}
	c.ranked, c.matches = rank(question, c.candidates, ranking.DefaultWeights())
	c.signals = signals(question, c.matches, c.ranked)
	return c
}

// first lists the first ten items by their best passage.
func (c *stageCase) first(ranked []ranking.Ranked) []int {
	var out []int
	for _, r := range ranked {
		if item := c.items[r.Candidate]; len(out) < 10 && !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}

// arrangements are the rules that serve, one at a time, as if the documents had been put in one a day in their order, and in
// the order turned round.
func arrangements() []way {
	by := func(name string, rules ranking.Rules, direction int) way {
		return way{name, func(_ *fitSet, c *stageCase) []ranking.Ranked {
			from := make([]ranking.Origin, len(c.items))
			for i, item := range c.items {
				from[i] = ranking.Origin{Item: [16]byte{byte(item), byte(item >> 8), 1}, Changed: time.Unix(int64(direction*item*86400), 0)}
			}
			return rules.Arrange(slices.Clone(c.ranked), c.matches, bags(c.candidates), from)
		}}
	}
	serve, still := ranking.DefaultRules(), ranking.DefaultRules()
	still.Same, still.Crowded = 2, 1
	repeats, crowd, harder, closer, wider := serve, serve, serve, still, still
	repeats.Crowded = 1
	crowd.Same = 2
	harder.Repeat = 0.5
	closer.Near = 0.05
	wider.Subject = 0.4
	return []way{
		by("repeats, keeping 0.7", repeats, 0), by("repeats, keeping 0.5", harder, 0), by("three of an item", crowd, 0),
		by("newer later documents", still, 1), by("newer earlier documents", still, -1),
		by("newer later, within 0.05", closer, 1), by("newer earlier, within 0.05", closer, -1),
		by("newer later, 0.4 alike", wider, 1), by("newer earlier, 0.4 alike", wider, -1),
		by("all rules, later newer", serve, 1), by("all rules, earlier newer", serve, -1),
	}
}

// feedbacks are forms of expanding a question from the collection itself, each a leg of its own beside the fused score.
func feedbacks() []way {
	var out []way
	always := func(*stageCase) bool { return true }
	add := func(name string, weight float64, gate func(*stageCase) bool, leg func(*fitSet, *stageCase) []float64) {
		out = append(out, way{name, func(s *fitSet, c *stageCase) []ranking.Ranked {
			if !gate(c) || len(c.ranked) < 10 {
				return c.ranked
			}
			return withLeg(c, leg(s, c), weight)
		}})
	}
	feedback := func(top, terms int, global bool) func(*fitSet, *stageCase) []float64 {
		return func(s *fitSet, c *stageCase) []float64 { return score(c, feedbackTerms(s, c, top, terms, global)) }
	}
	for _, weight := range []float64{0.05, 0.1, 0.2} {
		for _, top := range []int{3, 10} {
			for _, terms := range []int{10, 30} {
				add(fmt.Sprintf("feedback %d passages %d terms %.2f", top, terms, weight), weight, always, feedback(top, terms, true))
			}
		}
		add(fmt.Sprintf("feedback, candidates' own counts %.2f", weight), weight, always, feedback(5, 20, false))
		add(fmt.Sprintf("words that go together %.2f", weight), weight, always, func(s *fitSet, c *stageCase) []float64 { return score(c, together(s, c)) })
	}
	for _, limit := range []float64{0.1, 0.2, 0.3, 0.5} {
		add(fmt.Sprintf("feedback where answerable < %.1f", limit), 0.1, func(c *stageCase) bool { return c.signals.Answerable < limit }, feedback(10, 30, true))
	}
	for _, limit := range []float64{0.03, 0.06, 0.1} {
		add(fmt.Sprintf("feedback where margin < %.2f", limit), 0.1, func(c *stageCase) bool { return c.signals.Margin < limit }, feedback(10, 30, true))
	}
	for _, limit := range []float64{0.4, 0.6, 0.8} {
		add(fmt.Sprintf("feedback where coverage < %.1f", limit), 0.1, func(c *stageCase) bool { return c.signals.Coverage < limit }, feedback(10, 30, true))
	}
	add("feedback, weak and flat", 0.1, func(c *stageCase) bool { return c.signals.Answerable < 0.3 && c.signals.Margin < 0.1 }, feedback(10, 30, true))
	return out
}

// withLeg adds a leg, brought between 0 and 1 over the candidates, to the fused score.
func withLeg(c *stageCase, leg []float64, weight float64) []ranking.Ranked {
	low, high := slices.Min(leg), slices.Max(leg)
	if high <= low {
		return c.ranked
	}
	out := slices.Clone(c.ranked)
	for i, r := range out {
		exact := c.matches[r.Candidate].Identifiers
		out[i].Score = exact + (1-weight)*(r.Score-exact) + weight*(leg[r.Candidate]-low)/(high-low)
	}
	slices.SortStableFunc(out, func(a, b ranking.Ranked) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// score is BM25 over weighted terms.
func score(c *stageCase, terms map[uint32]float64) []float64 {
	out := make([]float64, len(c.candidates))
	for i, cand := range c.candidates {
		counts := map[uint32]float64{}
		for _, list := range [][]uint32{cand.Bag.Title, cand.Bag.Body} {
			for _, t := range list {
				if terms[t] > 0 {
					counts[t]++
				}
			}
		}
		for _, t := range slices.Sorted(maps.Keys(counts)) {
			tf := counts[t]
			out[i] += terms[t] * tf * 2.2 / (tf + 1.2*(0.25+0.75*float64(len(cand.Bag.Body)+len(cand.Bag.Title))/max(c.question.corpus.Words, 1)))
		}
	}
	return out
}

// asks are the stems of the question.
func (c *stageCase) asks() map[uint32]bool {
	out := map[uint32]bool{}
	for _, w := range c.question.Words {
		for _, t := range w.Terms {
			out[ranking.Low(t)] = true
		}
	}
	return out
}

// feedbackTerms are what the best passages hold more than the rest: relevance models over stems, the question's own left out.
func feedbackTerms(s *fitSet, c *stageCase, top, most int, global bool) map[uint32]float64 {
	found := s.frequencies()
	total := c.question.corpus.Passages
	if !global {
		found, total = map[uint32]int{}, len(c.candidates)
		for _, cand := range c.candidates {
			for t := range stemsOf(cand.Bag) {
				found[t]++
			}
		}
	}
	corpus := ranking.Corpus{Passages: total}
	asks, weights := c.asks(), map[uint32]float64{}
	for _, r := range c.ranked[:min(top, len(c.ranked))] {
		bag := c.candidates[r.Candidate].Bag
		for t, n := range stemsOf(bag) {
			if !asks[t] {
				weights[t] += r.Score * float64(n) / float64(len(bag.Body)+len(bag.Title)) * corpus.IDF(found[t])
			}
		}
	}
	return heaviest(weights, most)
}

// together are the terms that stand beside each word of the question more often than by chance, over all passages.
func together(s *fitSet, c *stageCase) map[uint32]float64 {
	found, asks, n := s.frequencies(), c.asks(), float64(c.question.corpus.Passages)
	out := map[uint32]float64{}
	for _, w := range c.question.Words {
		beside := map[uint32]int{}
		held := 0
		for _, t := range w.Terms {
			for _, p := range s.index.postings[t] {
				held++
				for other := range stemsOf(s.index.bags[p.no]) {
					beside[other]++
				}
			}
		}
		if held < 3 || held*10 > int(n) {
			continue
		}
		likely := map[uint32]float64{}
		for t, k := range beside {
			if k >= 3 && !asks[t] && found[t] > 0 {
				if pmi := math.Log(float64(k) * n / float64(held) / float64(found[t])); pmi > 0 {
					likely[t] = pmi / -math.Log(float64(k)/n) * c.question.corpus.IDF(found[t])
				}
			}
		}
		for t, x := range heaviest(likely, 3) {
			out[t] += x * c.question.corpus.IDF(w.Found)
		}
	}
	return out
}

func heaviest(weights map[uint32]float64, most int) map[uint32]float64 {
	terms := slices.SortedFunc(maps.Keys(weights), func(a, b uint32) int { return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b)) })
	out := map[uint32]float64{}
	for _, t := range terms[:min(most, len(terms))] {
		out[t] = weights[t]
	}
	return out
}

func stemsOf(b ranking.Bag) map[uint32]int {
	out := map[uint32]int{}
	for _, list := range [][]uint32{b.Title, b.Body} {
		for _, t := range list {
			out[t]++
		}
	}
	return out
}

// frequencies counts the passages that hold each stem.
func (s *fitSet) frequencies() map[uint32]int {
	if s.found == nil {
		s.found = map[uint32]int{}
		for t, n := range s.index.terms {
			s.found[ranking.Low(t)] += n
		}
	}
	return s.found
}
