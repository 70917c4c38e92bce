package ranking

import (
	"bytes"
	"math/bits"
	"slices"
)

// print is what tells a passage from another: the stems that it holds, those of its title and headings too, because a
// short answer is the answer of its question. The marks keep most pairs from being compared stem by stem.
type print struct {
	bag   *Bag
	marks [8]uint64
	stems []uint32 // sorted, each once; made when the marks do not tell
}

func newPrint(b *Bag) print {
	p := print{bag: b}
	for _, list := range [][]uint32{b.Title, b.Heads, b.Body} {
		for _, t := range list {
			p.marks[t>>6&7] |= 1 << (t & 63)
		}
	}
	return p
}

// marksMiss is by how much marks may show less likeness than there is: several stems share a mark.
const marksMiss = 0.1

// alike tells whether two passages share so much of the stems that either holds.
func (p *print) alike(o *print, least float64) bool {
	both, either := 0, 0
	for i := range p.marks {
		both += bits.OnesCount64(p.marks[i] & o.marks[i])
		either += bits.OnesCount64(p.marks[i] | o.marks[i])
	}
	if either == 0 || float64(both) < (least-marksMiss)*float64(either) {
		return false
	}
	shared := 0
	a, b := p.sorted(), o.sorted()
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			shared, i, j = shared+1, i+1, j+1
		}
	}
	return float64(shared) >= least*float64(len(a)+len(b)-shared)
}

func (p *print) sorted() []uint32 {
	if p.stems == nil {
		p.stems = slices.Concat(p.bag.Title, p.bag.Heads, p.bag.Body)
		slices.Sort(p.stems)
		p.stems = slices.Compact(p.stems)
	}
	return p.stems
}

// sameFigures tells whether two passages hold the same words with digits: a price list with another price says something else,
// however alike the rest is.
func (p *print) sameFigures(o *print) bool {
	return slices.EqualFunc(figures(p.bag.Text), figures(o.bag.Text), bytes.Equal)
}

func figures(text []byte) [][]byte {
	var found [][]byte
	for word := range bytes.FieldsSeq(text) {
		if bytes.ContainsAny(word, "0123456789") {
			found = append(found, word)
		}
	}
	slices.SortFunc(found, bytes.Compare)
	return slices.CompactFunc(found, bytes.Equal)
}
