package ranking

import (
	"maps"
	"slices"
)

// The legs, by the name under which a passage shows its scores.
const (
	LegWords = iota
	LegGrams
	LegPairs
	LegTitle
	LegWindow
	LegCosine
	LegVector
	Legs
)

// LegNames are the names of the legs in their order.
func LegNames() [Legs]string {
	return [Legs]string{"words", "grams", "pairs", "title", "window", "cosine", "vector"}
}

// Scores are the raw scores of one candidate, leg by leg.
type Scores [Legs]float64

// Match is a candidate's raw scores with what else is known of it.
type Match struct {
	Scores
	Coverage    float64 // share of the question's weight that stands in passage, title or headings
	Window      float64 // share that stands within one window of the passage
	Identifiers float64 // share of the question's identifiers, by rarity, that the passage holds
}

// How the BM25 formulas saturate and normalise, and how much a place counts. Passages are of much the same size, so
// lengths say less than in whole documents.
const (
	k1          = 1.2
	b           = 0.75
	titleTimes  = 3
	nearTimes   = 0.25
	windowWords = 24 // the span of a long sentence or two short ones
	pairReach   = 3  // words apart, at most, in the passage
)

// Scorer scores candidates for one question. Make one for each question; it is for one goroutine.
type Scorer struct {
	corpus   Corpus
	question Question
	slots    map[uint32][]int // low term → words of the question
	idf      []float64
	unique   []int // index of the first occurrence of the same word
	sum      float64
	hot      [4096]bool     // low 12 bits of the question's terms, to skip most of a passage's stems at once
	grams    map[uint32]int // gram → index into gramIDF
	gramIDF  []float64
	gramHot  [4096]bool
	ids      map[uint32]int
	idSum    float64
}

// NewScorer prepares a question.
func NewScorer(corpus Corpus, q Question) *Scorer {
	s := &Scorer{corpus: corpus, question: q, slots: map[uint32][]int{}, grams: map[uint32]int{}, ids: map[uint32]int{}}
	s.idf, s.unique = make([]float64, len(q.Words)), make([]int, len(q.Words))
	seen := map[string]int{}
	for i, w := range q.Words {
		s.idf[i] = corpus.IDF(w.Found) * w.Weight
		key := w.Surface
		if len(w.Terms) > 0 {
			key = string(packTerm(w))
		}
		first, again := seen[key]
		if !again {
			first = i
			seen[key] = i
			s.sum += s.idf[i]
		}
		s.unique[i] = first
		for _, t := range w.Terms {
			s.slots[Low(t)] = append(s.slots[Low(t)], i)
			s.hot[t&4095] = true
		}
	}
	for _, g := range slices.Sorted(maps.Keys(q.Grams)) { // sums of floats depend on their order
		s.grams[uint32(g)] = len(s.gramIDF)
		s.gramIDF = append(s.gramIDF, corpus.IDF(q.Grams[g]))
		s.gramHot[uint32(g)&4095] = true
	}
	for i, w := range q.Identifiers {
		for _, t := range w.Terms {
			s.ids[Low(t)] = i
		}
		s.idSum += corpus.IDF(w.Found)
	}
	return s
}

func packTerm(w Word) []byte {
	t := uint64(w.Terms[0])
	return []byte{byte(t), byte(t >> 8), byte(t >> 16), byte(t >> 24), byte(t >> 32), byte(t >> 40), byte(t >> 48), byte(t >> 56)}
}

func (s *Scorer) lookup(low uint32) []int {
	if !s.hot[low&4095] {
		return nil
	}
	return s.slots[low]
}

func bm25(tf, length, average float64) float64 {
	if tf == 0 {
		return 0
	}
	return tf * (k1 + 1) / (tf + k1*(1-b+b*length/max(average, 1)))
}
