package contextengine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
	"github.com/flomastr/flomastr/contextengine/ranking"
	"github.com/flomastr/flomastr/llm/offline"
)

// This file is the fitting of the weights in ranking: FLOMASTR_FIT=1 go test ./contextengine -run TestFit -v
//
// Every set of the folder is indexed in memory, each question scored leg by leg once. The weights are found by
// coordinate ascent on the mean nDCG@10 over the sets, from the committed ones, each step tried at a few sizes. Then one
// set after another is left out, the weights are fitted on the others, and the left-out set's score is printed: that
// column, not the fitted one, says what to expect elsewhere.

type fitSet struct {
	name    string
	index   *memoryIndex
	queries []questions.Question
	cases   []fitCase
	bm25    float64
	found   map[uint32]int // passages by stem
}

// fitCase is one question with its candidates scored.
type fitCase struct {
	asked   asked
	items   []int
	matches []ranking.Match
	gold    map[int]float64
	norm    []ranking.Scores
	ids     []float64
	with    ranking.Feature
	without ranking.Feature // its right documents taken away
	right   bool            // the best passage is of a right document
}

func loadSet(t *testing.T, a *analyst, dir string, limit int, typos float64) *fitSet {
	t.Helper()
	set, err := questions.Read(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	s := &fitSet{name: set.Name, index: newMemoryIndex()}
	vectors := os.Getenv("FLOMASTR_FIT_VECTORS") != ""
	for i, d := range set.Documents {
		if d.Title == "" {
			d.Title = strconv.Itoa(i + 1)
		}
		s.index.add(a, i, d.Title, d.Text)
		for _, c := range chunk.Split(d.Text, nil) {
			if vectors {
				v, _ := offline.New().Embed(t.Context(), []string{passageText(d.Title, c)})
				s.index.vectors = append(s.index.vectors, v[0])
			}
		}
	}
	s.index.ready()
	baseline := questions.NewBM25(set.Documents)
	random := rand.New(rand.NewPCG(1, 1))
	for _, q := range set.Questions {
		s.bm25 += questions.NDCG(baseline.Rank(q.Text, 10), q.Grades, 10) / float64(len(set.Questions))
		if typos > 0 {
			q.Text = questions.Misspell(q.Text, typos, random)
		}
		s.queries = append(s.queries, q)
	}
	return s
}

func (s *fitSet) score(t *testing.T, a *analyst) {
	t.Helper()
	embedder := offline.New()
	tenant := flomastr.NewID[flomastr.TenantID]()
	for _, q := range s.queries {
		question, err := a.read(context.Background(), tenant, s.index, q.Text)
		if err != nil {
			t.Fatal(err)
		}
		ask := CandidateQuery{Terms: candidateTerms(question), Average: question.corpus.Words, Limit: candidateLimit}
		if s.index.vectors != nil {
			v, _ := embedder.Embed(context.Background(), []string{q.Text})
			ask.Vector = v[0]
		}
		list := s.index.candidates(ask)
		_, matches := rank(question, list, ranking.DefaultWeights())
		c := fitCase{asked: question, matches: matches, gold: q.Grades}
		for _, cand := range list {
			c.items = append(c.items, s.index.items[cand.Number])
		}
		features := func(keep func(item int) bool) ranking.Feature {
			var kept []ranking.Match
			for i, m := range matches {
				if keep(c.items[i]) {
					kept = append(kept, m)
				}
			}
			return ranking.Features(question.Question, question.corpus, kept, ranking.Fuse(kept, ranking.DefaultWeights()))
		}
		c.with = features(func(int) bool { return true })
		c.without = features(func(item int) bool { return q.Grades[item] == 0 })
		for _, r := range ranking.Fuse(matches, ranking.DefaultWeights())[:min(1, len(matches))] {
			c.right = q.Grades[c.items[r.Candidate]] > 0
		}
		c.normalise()
		s.cases = append(s.cases, c)
	}
}

// normalise keeps what the fusion makes of each case, which does not depend on the weights.
func (c *fitCase) normalise() {
	ranked := ranking.Fuse(c.matches, ranking.Weights{})
	c.norm = make([]ranking.Scores, len(ranked))
	for _, r := range ranked {
		c.norm[r.Candidate] = r.Norm
	}
	c.ids = make([]float64, len(c.matches))
	for i, m := range c.matches {
		c.ids[i] = m.Identifiers
	}
	c.matches, c.asked = nil, asked{}
}

func (s *fitSet) ndcg(w ranking.Weights) float64 {
	sum := 0.0
	for i := range s.cases {
		sum += questions.NDCG(s.cases[i].ranking(w), s.cases[i].gold, 10)
	}
	return sum / float64(len(s.cases))
}

// ranking lists the first ten items by their best passage.
func (c *fitCase) ranking(w ranking.Weights) []int {
	total := 0.0
	for _, x := range w {
		total += x
	}
	type place struct {
		item  int
		score float64
	}
	var top []place
	for i := range c.norm {
		score := c.ids[i]
		for leg, x := range w {
			score += x * c.norm[i][leg] / total
		}
		if len(top) == 10 && score <= top[9].score {
			continue
		}
		at := slices.IndexFunc(top, func(p place) bool { return p.item == c.items[i] })
		if at >= 0 {
			if top[at].score >= score {
				continue
			}
			top = slices.Delete(top, at, at+1)
		}
		to := slices.IndexFunc(top, func(p place) bool { return p.score < score })
		if to < 0 {
			to = len(top)
		}
		top = slices.Insert(top, to, place{c.items[i], score})
		top = top[:min(10, len(top))]
	}
	out := make([]int, len(top))
	for i, p := range top {
		out[i] = p.item
	}
	return out
}

func mean(sets []*fitSet, w ranking.Weights) float64 {
	sum := 0.0
	for _, s := range sets {
		sum += s.ndcg(w)
	}
	return sum / float64(len(sets))
}

// ascend changes one weight at a time as long as that helps.
func ascend(sets []*fitSet, w ranking.Weights, vectors bool) ranking.Weights {
	best := mean(sets, w)
	for _, step := range []float64{0.15, 0.07, 0.03} {
		for improved := true; improved; {
			improved = false
			for leg := range ranking.Legs {
				if leg == ranking.LegVector && !vectors {
					continue
				}
				for _, by := range []float64{step, -step} {
					try := w
					try[leg] = max(try[leg]+by, 0)
					if got := mean(sets, try); got > best+0.0001 {
						best, w, improved = got, try, true
					}
				}
			}
		}
	}
	return w
}

func fitSets(t *testing.T) []*fitSet {
	t.Helper()
	if os.Getenv("FLOMASTR_FIT") == "" {
		t.Skip("fitting is done by hand: set FLOMASTR_FIT=1")
	}
	dirs, _ := filepath.Glob("../../shared/data/retrieval/*")
	if only := os.Getenv("FLOMASTR_FIT_SETS"); only != "" {
		dirs = nil
		for name := range strings.SplitSeq(only, ",") {
			dirs = append(dirs, "../../shared/data/retrieval/"+name)
		}
	}
	if len(dirs) == 0 {
		t.Skip("the question sets are not here")
	}
	limit := 200
	if n, err := strconv.Atoi(os.Getenv("FLOMASTR_FIT_LIMIT")); err == nil {
		limit = n
	}
	typos, _ := strconv.ParseFloat(os.Getenv("FLOMASTR_FIT_TYPOS"), 64)
	a := &analyst{stemmer: analysis.NewStemmer(), detector: analysis.NewDetector(), ids: analysis.NewIdentifying()}
	var sets []*fitSet
	for _, dir := range dirs {
		s := loadSet(t, a, dir, limit, typos)
		s.score(t, a)
		sets = append(sets, s)
	}
	return sets
}

func TestFitWeights(t *testing.T) {
	sets := fitSets(t)
	start := ranking.DefaultWeights()
	report := func(title string, w ranking.Weights) {
		line := fmt.Sprintf("%-28s", title)
		gain := 0.0
		for _, s := range sets {
			n := s.ndcg(w)
			gain += (n - s.bm25) / float64(len(sets))
			line += fmt.Sprintf(" %s %.4f (%+.4f)", s.name, n, n-s.bm25)
		}
		t.Logf("%s | gain %+.4f", line, gain)
	}
	report("committed", start)
	for leg, name := range ranking.LegNames() {
		w := ranking.Weights{}
		w[leg] = 1
		report("only "+name, w)
	}
	for leg, name := range ranking.LegNames() {
		w := start
		w[leg] = 0
		report("without "+name, w)
	}
	if os.Getenv("FLOMASTR_FIT") != "2" {
		return
	}
	fitted := ascend(sets, start, sets[0].index.vectors != nil)
	report("fitted", fitted)
	t.Logf("weights %.2f", fitted)
	for i, s := range sets {
		others := slices.Delete(slices.Clone(sets), i, i+1)
		w := ascend(others, start, s.index.vectors != nil)
		t.Logf("left out %s: %.4f (%+.4f) weights %.2f", s.name, s.ndcg(w), s.ndcg(w)-s.bm25, w)
	}
}

// logistic fits coefficients, the constant first, by Newton-free gradient descent with a little weight decay. Sets count
// alike, however many questions they have.
func logistic(sets []*fitSet) []float64 {
	type sample struct {
		x      []float64
		y, use float64
	}
	var samples []sample
	for _, s := range sets {
		n := float64(len(s.cases))
		for _, c := range s.cases {
			if c.right {
				samples = append(samples, sample{c.with.Inputs(), 1, 1 / n})
			}
			samples = append(samples, sample{c.without.Inputs(), 0, 1 / n})
		}
	}
	w := make([]float64, len(samples[0].x)+1)
	for range 6000 {
		grad := make([]float64, len(w))
		for _, s := range samples {
			z := w[0]
			for i, x := range s.x {
				z += w[i+1] * x
			}
			e := s.use * (1/(1+math.Exp(-z)) - s.y)
			grad[0] += e
			for i, x := range s.x {
				grad[i+1] += e * x
			}
		}
		for i := range w {
			decay := 0.002 * w[i]
			if i == 0 {
				decay = 0
			}
			w[i] -= 1.5 * (grad[i]/float64(len(sets)) + decay)
		}
	}
	return w
}

func (s *fitSet) refused(w []float64) float64 {
	score := func(f ranking.Feature) float64 {
		z := w[0]
		for i, x := range f.Inputs() {
			z += w[i+1] * x
		}
		return z
	}
	var with, without []float64
	for _, c := range s.cases {
		with, without = append(with, score(c.with)), append(without, score(c.without))
	}
	return questions.RefusedAt(with, without, 0.1)
}

func TestFitAnswerable(t *testing.T) {
	sets := fitSets(t)
	w := logistic(sets)
	line := ""
	for _, s := range sets {
		line += fmt.Sprintf(" %s %.3f", s.name, s.refused(w))
	}
	t.Logf("fitted on all:%s\ncoefficients %.3f", line, w)
	for i, s := range sets {
		others := slices.Delete(slices.Clone(sets), i, i+1)
		t.Logf("left out %s: refused %.3f at 10 %% wrongly", s.name, s.refused(logistic(others)))
	}
	for i := range sets[0].cases[0].with.Inputs() {
		line := ""
		for _, s := range sets {
			one := make([]float64, len(w))
			one[i+1] = math.Copysign(1, w[i+1])
			line += fmt.Sprintf(" %.2f", s.refused(one))
		}
		t.Logf("input %d alone:%s", i, line)
	}
}
