package ranking

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// Bag is what a passage is scored from, packed into one value and stored beside it: its stems in order, those of its
// title and headings, those of its neighbours, its identifiers, and the folded text over which 4-grams slide. Stems are
// held by the low 32 bits of their term: among the few terms of a question a false match is one in a hundred million.
type Bag struct {
	Body  []uint32 // in order, repeats kept
	Title []uint32 // of the item
	Heads []uint32 // of the headings above the passage
	Near  []uint32 // of the passages before and after
	IDs   []uint32 // identifiers
	Text  []byte   // title, headings and body for 4-grams
}

// Low is the form in which a term stands in a bag.
func Low(t analysis.Term) uint32 { return uint32(t) }

var errBag = errors.New("ranking: not a packed bag")

const bagVersion = 1

// Pack writes the bag: a version byte, five counts, the stems, the text.
func (b Bag) Pack() []byte {
	n := 1 + 4*5 + 4*(len(b.Body)+len(b.Title)+len(b.Heads)+len(b.Near)+len(b.IDs)) + len(b.Text)
	out := make([]byte, 0, n)
	out = append(out, bagVersion)
	for _, list := range b.lists() {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(list)))
	}
	for _, list := range b.lists() {
		for _, t := range list {
			out = binary.LittleEndian.AppendUint32(out, t)
		}
	}
	return append(out, b.Text...)
}

func (b Bag) lists() [5][]uint32 { return [5][]uint32{b.Body, b.Title, b.Heads, b.Near, b.IDs} }

// Unpack reads what Pack wrote. The text is not copied.
func Unpack(p []byte) (Bag, error) {
	if len(p) < 21 || p[0] != bagVersion {
		return Bag{}, errBag
	}
	var counts [5]int
	total := 0
	for i := range counts {
		counts[i] = int(binary.LittleEndian.Uint32(p[1+4*i:]))
		if counts[i] > len(p) {
			return Bag{}, errBag
		}
		total += counts[i]
	}
	if 21+4*total > len(p) {
		return Bag{}, errBag
	}
	all := make([]uint32, total)
	for i := range all {
		all[i] = binary.LittleEndian.Uint32(p[21+4*i:])
	}
	var b Bag
	b.Body, all = all[:counts[0]], all[counts[0]:]
	b.Title, all = all[:counts[1]], all[counts[1]:]
	b.Heads, all = all[:counts[2]], all[counts[2]:]
	b.Near, all = all[:counts[3]], all[counts[3]:]
	b.IDs = all
	b.Text = p[21+4*total:]
	return b, nil
}

// Words are the folded words of the passage, each once.
func (b Bag) Words() []string {
	words := strings.Fields(string(b.Text))
	slices.Sort(words)
	return slices.Compact(words)
}
