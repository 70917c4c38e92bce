package ranking

import (
	"math"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// Corpus is what the legs need to know of the whole collection.
type Corpus struct {
	Passages int
	Words    float64 // average weighted length of a passage in stems, title counted three times
	Titles   float64 // average length of title and headings in stems
	Grams    float64 // average number of 4-grams of a passage
}

// Word is one word of a question. It matches a passage that holds any of its terms: the stem, and where the word was
// unknown, what it was corrected or expanded to.
type Word struct {
	Surface string // as folded
	Terms   []analysis.Term
	Found   int     // passages of the collection that hold one of the terms
	Weight  float64 // 1, less for an expansion that only resembles the word
}

// Question is a query as the legs see it.
type Question struct {
	Words       []Word                // in order, repeats kept
	Grams       map[analysis.Gram]int // 4-grams of the question → passages that hold them
	Identifiers []Word
}

// IDF is the weight of a term that stands in n of the corpus's passages.
func (c Corpus) IDF(n int) float64 {
	total := max(c.Passages, n)
	return math.Log(1 + (float64(total-n)+0.5)/(float64(n)+0.5))
}
