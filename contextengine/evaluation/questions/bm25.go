package questions

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// BM25 is the ranking to compare with: k1 1.2, b 0.75, Snowball stems of the collection's language, title and text once,
// whole documents, in memory.
type BM25 struct {
	stemmer  *analysis.Stemmer
	language analysis.Language
	postings map[analysis.Term][]posting
	lengths  []float64
	average  float64
}

type posting struct {
	place int
	tf    float64
}

// NewBM25 indexes a set.
func NewBM25(documents []Document) *BM25 {
	b := &BM25{stemmer: analysis.NewStemmer(), postings: map[analysis.Term][]posting{}, lengths: make([]float64, len(documents))}
	detector, found := analysis.NewDetector(), map[analysis.Language]int{}
	for _, d := range documents {
		found[detector.Detect(d.Text)]++
	}
	delete(found, analysis.Undecided)
	for _, l := range slices.Sorted(maps.Keys(found)) {
		if found[l] > found[b.language] || b.language == analysis.Undecided {
			b.language = l
		}
	}
	for i, d := range documents {
		counts := map[analysis.Term]float64{}
		for _, t := range b.stemmer.Words(d.Title+"\n"+d.Text, b.language) {
			counts[t.Term]++
			b.lengths[i]++
		}
		b.average += b.lengths[i] / float64(len(documents))
		for term, tf := range counts {
			b.postings[term] = append(b.postings[term], posting{i, tf})
		}
	}
	return b
}

// Rank lists the first k documents for a question.
func (b *BM25) Rank(question string, k int) []int {
	scores := map[int]float64{}
	n := float64(len(b.lengths))
	for _, t := range b.stemmer.Words(question, b.language) {
		list := b.postings[t.Term]
		found := float64(len(list))
		idf := math.Log(1 + (n-found+0.5)/(found+0.5))
		for _, p := range list {
			scores[p.place] += idf * p.tf * 2.2 / (p.tf + 1.2*(0.25+0.75*b.lengths[p.place]/b.average))
		}
	}
	places := slices.SortedFunc(maps.Keys(scores), func(x, y int) int { return cmp.Or(cmp.Compare(scores[y], scores[x]), x-y) })
	return places[:min(k, len(places))]
}
