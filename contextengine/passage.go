package contextengine

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Query is a question to the knowledge.
type Query struct {
	Text    string
	Limit   int // 0 means 8; at most 50
	Filters Filters
	Expect  flomastr.ItemID    // an item that should have been found: Result.Expected says what became of it
	Release flomastr.ReleaseID // answers as this release would; zero: as the knowledge serves
}

// Filters narrow what is searched. Empty ones do not.
type Filters struct {
	Items        []flomastr.ItemID
	ExcludeItems []flomastr.ItemID
	Sources      []Origin
	Tags         []string // any of them
	Types        []string
	Kinds        []string // any of them, as the item's type or one of its tags
}

// Empty tells whether nothing is narrowed.
func (f Filters) Empty() bool {
	return len(f.Items)+len(f.ExcludeItems)+len(f.Sources)+len(f.Tags)+len(f.Types)+len(f.Kinds) == 0
}

// Result is what a query found, best first.
type Result struct {
	Passages  []Passage
	Corrected string // the question with its spelling corrected, where that was needed
	Signals   Signals
	Expected  *Expected // nil where the query expects nothing
	WordsOnly bool      // the question has no vector: its embedder is away, or there is nothing to compare it with
}

// Passage is a retrieved piece of knowledge with its origin.
type Passage struct {
	ID          flomastr.PassageID
	Item        flomastr.ItemID
	Title       string
	HeadingPath []string
	Text        string
	Before      string // the passage before it in the item, "" at the beginning
	After       string
	Source      string
	URL         string
	Place       flomastr.Place
	Changed     time.Time // when what the item says last changed
	Highlights  []string  // the words of the passage that the question asks for, as they stand in it
	Score       float64
	Scores      map[string]float64 // by stage, each between 0 and 1: legs over the candidates; rerank, fresh and repeats where they did something
}

// Signals say how far the best passages can be an answer.
type Signals struct {
	Answerable float64  // 0…1, calibrated on public question sets
	Coverage   float64  // share of the question's words, weighted by rarity, that the best passage holds
	Margin     float64  // how far the best passage stands before the rest
	Agreement  float64  // share of the legs that put the best passage among their first three
	Unknown    []string // words of the question that the knowledge does not hold
}

// Chunk is a stored passage as the item's page shows it.
type Chunk struct {
	ID          flomastr.PassageID
	Ordinal     int
	HeadingPath []string
	Text        string
	Place       flomastr.Place
}

// ErrEmptyQuery is what a question without a letter or digit gets.
var ErrEmptyQuery = flomastr.Errorf(flomastr.Invalid, "query_empty", "The question is empty.").Field("body.query", "must hold at least one word")
