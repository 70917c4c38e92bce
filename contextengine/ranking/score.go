package ranking

import (
	"math"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// Score computes every leg of every candidate but the vector's, which the store has already compared.
func (s *Scorer) Score(candidates []Bag) []Match {
	out := make([]Match, len(candidates))
	pairs := newPairs(s)
	for i, c := range candidates {
		hits := s.hits(c)
		m := &out[i]
		m.Scores[LegWords] = s.words(c, hits)
		m.Scores[LegTitle] = s.title(c, hits)
		m.Scores[LegCosine] = s.cosine(c, hits)
		m.Window = s.window(hits)
		m.Scores[LegWindow] = m.Window
		m.Coverage = s.coverage(hits)
		m.Scores[LegGrams] = s.gramScore(c)
		m.Identifiers = s.identifiers(c)
		pairs.see(i, c, hits)
	}
	pairs.score(out)
	return out
}

// hits are where the question's words stand in a passage.
type hits struct {
	at    []hit
	where [][]int   // positions in the body, by word of the question, for the first of equal words
	body  []float64 // times in the body, by word of the question
	title []float64 // in title and headings
	heads []float64 // in headings alone
	near  []float64
}

type hit struct{ position, word int }

func (s *Scorer) hits(c Bag) hits {
	n := len(s.question.Words)
	counts := make([]float64, 4*n)
	h := hits{body: counts[:n], title: counts[n : 2*n], heads: counts[2*n : 3*n], near: counts[3*n:]}
	h.where = make([][]int, n)
	for p, low := range c.Body {
		for _, w := range s.lookup(low) {
			h.body[w]++
			if s.unique[w] == w {
				h.at = append(h.at, hit{p, w})
				h.where[w] = append(h.where[w], p)
			}
		}
	}
	for _, low := range c.Title {
		for _, w := range s.lookup(low) {
			h.title[w]++
		}
	}
	for _, low := range c.Heads {
		for _, w := range s.lookup(low) {
			h.title[w]++
			h.heads[w]++
		}
	}
	for _, low := range c.Near {
		for _, w := range s.lookup(low) {
			h.near[w]++
		}
	}
	return h
}

func (s *Scorer) words(c Bag, h hits) float64 {
	length := float64(len(c.Body)) + titleTimes*float64(len(c.Title)) + float64(len(c.Heads)) + nearTimes*float64(len(c.Near))
	sum := 0.0
	for w := range s.question.Words {
		tf := h.body[w] + titleTimes*(h.title[w]-h.heads[w]) + h.heads[w] + nearTimes*h.near[w]
		sum += s.idf[w] * bm25(tf, length, s.corpus.Words)
	}
	return sum
}

func (s *Scorer) title(c Bag, h hits) float64 {
	sum := 0.0
	for w := range s.question.Words {
		sum += s.idf[w] * bm25(h.title[w], float64(len(c.Title)+len(c.Heads)), s.corpus.Titles)
	}
	return sum
}

// cosine is the cosine of tf-idf vectors, the passage's length taken from its own words: rare words outside the
// question have no weight that we know, so each counts as an average one.
func (s *Scorer) cosine(c Bag, h hits) float64 {
	dot := 0.0
	for w := range s.question.Words {
		if tf := h.body[w] + h.title[w]; tf > 0 {
			dot += s.idf[w] * s.idf[w] * (1 + math.Log(tf))
		}
	}
	return dot / math.Sqrt(float64(len(c.Body)+len(c.Title)+len(c.Heads))+1)
}

// window finds the stretch of windowWords words in which most of the question's weight stands; a word that only the title
// or a heading holds counts half.
func (s *Scorer) window(h hits) float64 {
	if s.sum == 0 {
		return 0
	}
	count := make([]int, len(s.question.Words))
	best, now, first := 0.0, 0.0, 0
	for _, x := range h.at {
		if count[x.word]++; count[x.word] == 1 {
			now += s.idf[x.word] * (1 - halfIf(h.title[x.word] > 0))
		}
		for ; h.at[first].position <= x.position-windowWords; first++ {
			old := h.at[first].word
			if count[old]--; count[old] == 0 {
				now -= s.idf[old] * (1 - halfIf(h.title[old] > 0))
			}
		}
		best = max(best, now)
	}
	for w := range s.question.Words {
		if s.unique[w] == w && h.title[w] > 0 {
			best += s.idf[w] / 2
		}
	}
	return best / s.sum
}

func halfIf(yes bool) float64 {
	if yes {
		return 0.5
	}
	return 0
}

func (s *Scorer) coverage(h hits) float64 {
	if s.sum == 0 {
		return 0
	}
	got := 0.0
	for w := range s.question.Words {
		if s.unique[w] == w && h.body[w]+h.title[w] > 0 {
			got += s.idf[w]
		}
	}
	return got / s.sum
}

func (s *Scorer) gramScore(c Bag) float64 {
	if len(s.grams) == 0 {
		return 0
	}
	counts := make([]float64, len(s.gramIDF))
	total := 0
	analysis.EachGram(c.Text, func(g analysis.Gram) {
		total++
		if s.gramHot[uint32(g)&4095] {
			if i, ok := s.grams[uint32(g)]; ok {
				counts[i]++
			}
		}
	})
	sum := 0.0
	for i, idf := range s.gramIDF {
		sum += idf * bm25(counts[i], float64(total), s.corpus.Grams)
	}
	return sum
}

func (s *Scorer) identifiers(c Bag) float64 {
	if s.idSum == 0 {
		return 0
	}
	found := make([]bool, len(s.question.Identifiers))
	got := 0.0
	for _, low := range c.IDs {
		if i, ok := s.ids[low]; ok && !found[i] {
			found[i] = true
			got += s.corpus.IDF(s.question.Identifiers[i].Found)
		}
	}
	return got / s.idSum
}
