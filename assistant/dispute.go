package assistant

import (
	"maps"
	"slices"
	"strings"
)

// alike is the share of their words without figures that two units must have in common to speak of the same thing. Below it "Delivery
// to Spain takes 3 days" would contradict "Delivery to Portugal takes 5 days".
const alike = 0.65

// dispute is another source that says of the same thing something else.
type dispute struct {
	against pick // what the answer quotes
	rival   pick
}

// disputes finds what contradicts the answer: units of other items in the same words with other figures, that meet the question
// as well. One that was picked as a part of the answer is taken out of it, because both would be read as true.
func (p *pool) disputes(q question, e *excerpt) (out []dispute) {
	for _, x := range slices.Clone(e.picks) {
		if !e.has(x.passage, x.unit) || x.passage != e.best.passage {
			continue
		}
		if rival, ok := p.rival(q, e, x); ok {
			e.picks = slices.DeleteFunc(e.picks, func(y pick) bool { return y == rival })
			out = append(out, dispute{x, rival})
		}
	}
	return out
}

// rival is the best ranked passage's unit that contradicts a picked one.
func (p *pool) rival(q question, e *excerpt, x pick) (pick, bool) {
	here := &p.passages[x.passage]
	u := here.units[x.unit]
	mine := numerals(u.text)
	for k := range p.passages {
		there := &p.passages[k]
		if k == x.passage || there.lang != here.lang || there.origin.Item == here.origin.Item && !there.origin.Item.IsZero() {
			continue
		}
		for n, w := range there.units {
			if w.asks || !w.answers(q.kind) || !differ(mine, numerals(w.text)) {
				continue
			}
			if likeness(here, x.unit, there, n) >= alike && p.meets(e, x, pick{k, n}) {
				return pick{k, n}, true
			}
		}
	}
	return pick{}, false
}

// likeness is the share of words without figures that two units have in common. Rows are of the same thing when their first cells are.
func likeness(a *passage, i int, b *passage, j int) float64 {
	u, w := a.units[i], b.units[j]
	if u.shape == row && w.shape == row && len(u.cells) > 1 && len(w.cells) > 1 {
		if folded(u.cells[0]) == folded(w.cells[0]) && folded(u.cells[0]) != "" {
			return 1
		}
		return 0
	}
	mine, theirs := lettered(a.known[i]), lettered(b.known[j])
	both := 0
	for w := range mine {
		if theirs[w] {
			both++
		}
	}
	if either := len(mine) + len(theirs) - both; either > 0 {
		return float64(both) / float64(either)
	}
	return 0
}

// lettered leaves the words without figures of a vocabulary.
func lettered(v vocabulary) vocabulary {
	out := maps.Clone(v)
	maps.DeleteFunc(out, func(w string, _ bool) bool { return strings.ContainsFunc(w, isFigure) })
	return out
}

func isFigure(r rune) bool { return digit(string(r)) }

// meets tells whether a rival has every word of the question that the picked unit has, in itself or above it: prices of another
// branch contradict nothing when the question names the branch.
func (p *pool) meets(e *excerpt, x, rival pick) bool {
	for _, t := range e.terms {
		if t.lent || t.term.weight < 1 {
			continue
		}
		if p.hit(x.passage, x.unit, t) >= asConcept && p.hit(rival.passage, rival.unit, t) < asConcept {
			return false
		}
	}
	return true
}
