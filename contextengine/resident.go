package contextengine

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// Resident is a tenant's whole index in memory, as it was at one moment: where it is there, candidates are found without
// asking the database. A store fills it, items first, then passages, then postings and vectors; from then on it is only
// read, by any number of goroutines. It finds what the store's own query finds; vectors are rounded to 16-bit fractions.
type Resident struct {
	Stamp string // of the index that it is a copy of
	Model string // whose vectors it holds

	items    []residentItem
	itemAt   map[flomastr.ItemID]int
	passages []residentPassage // in the order of their numbers
	at       map[int]int       // a passage's number → its place
	postings map[analysis.Term][]residentPosting
	// Dimension by dimension, all passages of one beside each other: a question's vector has few that are not zero.
	vectors [][]int16
	bytes   int
}

type residentItem struct {
	id     flomastr.ItemID
	source Origin
	kind   string
	tags   []string
	at     time.Time // when what it says last changed
}

type residentPassage struct {
	number, item, length int
	vector               bool
	bag                  ranking.Bag
}

type residentPosting struct {
	passage  int32
	quarters int16
}

// NewResident makes an empty one.
func NewResident(stamp, model string) *Resident {
	return &Resident{
		Stamp: stamp, Model: model, itemAt: map[flomastr.ItemID]int{}, at: map[int]int{}, postings: map[analysis.Term][]residentPosting{},
	}
}

// AddItem adds an item, with the time when what it says last changed.
func (r *Resident) AddItem(id flomastr.ItemID, source Origin, kind string, tags []string, changed time.Time) {
	r.itemAt[id] = len(r.items)
	r.items = append(r.items, residentItem{id, source, kind, tags, changed})
}

// AddPassage adds a passage of an item that was added, in the order of their numbers.
func (r *Resident) AddPassage(item flomastr.ItemID, number, length int, bag ranking.Bag) {
	bag.Text = bytes.Clone(bag.Text) // it is part of the packed bag, which need not stay
	r.at[number] = len(r.passages)
	r.passages = append(r.passages, residentPassage{number: number, item: r.itemAt[item], length: length, bag: bag})
	r.bytes += 200 + len(bag.Text) + 4*(len(bag.Body)+len(bag.Title)+len(bag.Heads)+len(bag.Near)+len(bag.IDs))
}

// AddPosting adds a posting of a passage that was added.
func (r *Resident) AddPosting(term analysis.Term, number, quarters int) {
	if at, ok := r.at[number]; ok {
		r.postings[term] = append(r.postings[term], residentPosting{int32(at), int16(quarters)})
		r.bytes += 12
	}
}

// AddVector adds the vector, of length 1, of a passage that was added; all passages are there by then.
func (r *Resident) AddVector(number int, vector []float32) {
	at, ok := r.at[number]
	if !ok {
		return
	}
	if r.vectors == nil {
		r.vectors = make([][]int16, len(vector))
		for d := range r.vectors {
			r.vectors[d] = make([]int16, len(r.passages))
		}
		r.bytes += 2 * len(vector) * len(r.passages)
	}
	if len(vector) != len(r.vectors) {
		return
	}
	r.passages[at].vector = true
	for d, x := range vector {
		r.vectors[d][at] = int16(max(min(x, 1), -1) * fraction)
	}
}

// fraction is what 1 is in a vector's numbers.
const fraction = 32767

// Bytes is about how much memory it takes.
func (r *Resident) Bytes() int { return r.bytes }

// Candidates finds what [ContentStore] promises. The question must have been read against the index with the same stamp.
func (r *Resident) Candidates(ask CandidateQuery, nearest int) []Candidate {
	allowed := r.allowed(ask.Filters)
	chosen := r.lexical(ask, allowed)
	similar := r.similarities(ask.Vector)
	if similar != nil {
		near := leading{most: nearest}
		for i, s := range similar {
			if r.passages[i].vector && (allowed == nil || allowed[r.passages[i].item]) {
				near.add(i, float64(s))
			}
		}
		chosen = append(chosen, near.places()...)
	}
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	out := make([]Candidate, len(chosen))
	for i, at := range chosen {
		p := &r.passages[at]
		out[i] = Candidate{Number: p.number, Item: r.items[p.item].id, Changed: r.items[p.item].at, Bag: p.bag}
		if similar != nil {
			out[i].Similarity = float64(similar[at]) / fraction
		}
	}
	return out
}

// lexical sums BM25 with k1 = 1.2, b = 0.75, in quarters of an occurrence.
func (r *Resident) lexical(ask CandidateQuery, allowed []bool) []int {
	scores := make([]float64, len(r.passages))
	average := max(ask.Average, 1)
	for _, t := range ask.Terms {
		for _, p := range r.postings[t.Term] {
			q := float64(p.quarters)
			scores[p.passage] += t.IDF * q * 2.2 / (q + 4.8*(0.25+0.75*float64(r.passages[p.passage].length)/average))
		}
	}
	best := leading{most: ask.Limit}
	for i, score := range scores {
		if score > 0 && (allowed == nil || allowed[r.passages[i].item]) {
			best.add(i, score)
		}
	}
	return best.places()
}

// similarities compares the vector with every passage's, nil where there is nothing to compare.
func (r *Resident) similarities(vector []float32) []float32 {
	if vector == nil || len(vector) != len(r.vectors) {
		return nil
	}
	sums := make([]float32, len(r.passages))
	for d, x := range vector {
		if x == 0 {
			continue
		}
		for i, y := range r.vectors[d] {
			sums[i] += x * float32(y)
		}
	}
	return sums
}

// allowed tells by item what the filters let through; nil is everything.
func (r *Resident) allowed(f Filters) []bool {
	if f.Empty() {
		return nil
	}
	out := make([]bool, len(r.items))
	for i, item := range r.items {
		out[i] = f.refuses(item.id, item.source, item.kind, item.tags) == ""
	}
	return out
}

// leading keeps the places with the highest scores; of equal ones, those that came first.
type leading struct {
	most  int
	kept  []scored
	floor float64 // once most are kept, what a score must pass to be of use
	full  bool
}

type scored struct {
	place int
	score float64
}

func (l *leading) add(place int, score float64) {
	if l.full && score <= l.floor {
		return
	}
	if l.kept = append(l.kept, scored{place, score}); len(l.kept) >= 2*l.most {
		l.cut()
	}
}

func (l *leading) cut() {
	slices.SortFunc(l.kept, func(a, b scored) int { return cmp.Or(cmp.Compare(b.score, a.score), a.place-b.place) })
	if len(l.kept) >= l.most && l.most > 0 {
		l.kept = l.kept[:l.most]
		l.floor, l.full = l.kept[l.most-1].score, true
	}
}

func (l *leading) places() []int {
	l.cut()
	out := make([]int, len(l.kept))
	for i, s := range l.kept {
		out[i] = s.place
	}
	return out
}
