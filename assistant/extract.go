package assistant

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// How much is quoted for one question.
const (
	roomy      = 420 // characters after which no further unit joins
	roomyList  = 650 // the same where a list or table belongs together
	maxUnits   = 3
	maxListing = 10
)

// excerpt is what was picked for a question: units of passages in reading order.
type excerpt struct {
	picks      []pick
	terms      []weighed
	best       scored
	runnerUp   float64 // the rank of the best unit of another passage
	confidence float64
	reason     string
	disputes   []dispute // sources that say something else
}

// pick is one quoted unit. A listed one stands under its lead-in.
type pick struct {
	passage, unit int
}

// extract picks the units that answer: the best one, what it needs to be understood, and what adds to it.
func (p *pool) extract(q question) (excerpt, bool) {
	ranked, terms := p.score(q)
	if len(ranked) == 0 || len(terms) == 0 {
		return excerpt{}, false
	}
	e := excerpt{terms: terms, best: ranked[0]}
	for _, s := range ranked {
		if s.passage != e.best.passage {
			e.runnerUp = s.rank
			break
		}
	}
	e.take(e.best)
	p.complete(&e)
	for _, s := range ranked[1:] {
		if len(e.picks) >= maxListing || s.rank < 0.8*e.best.rank {
			break
		}
		if p.joins(&e, q, s) {
			e.take(s)
		}
	}
	slices.SortStableFunc(e.picks, func(a, b pick) int {
		if a.passage != b.passage {
			return p.order(&e, a.passage) - p.order(&e, b.passage)
		}
		return a.unit - b.unit
	})
	return e, true
}

// order puts the best unit's passage first, then its neighbours in retrieval order.
func (p *pool) order(e *excerpt, passage int) int {
	if passage == e.best.passage {
		return -1
	}
	return passage
}

func (e *excerpt) has(passage, unit int) bool {
	return slices.Contains(e.picks, pick{passage, unit})
}

func (e *excerpt) take(s scored) {
	if !e.has(s.passage, s.unit) {
		e.picks = append(e.picks, pick{s.passage, s.unit})
	}
}

// length of what was picked, in characters.
func (e *excerpt) length(p *pool) int {
	n := 0
	for _, x := range e.picks {
		n += utf8.RuneCountInString(p.passages[x.passage].units[x.unit].text) + 2
	}
	return n
}

// complete adds what the best unit cannot be read without.
func (p *pool) complete(e *excerpt) {
	x := &p.passages[e.best.passage]
	at := e.best.unit
	u := x.units[at]
	if u.shape == sentence && at > 0 && x.units[at-1].block == u.block && !x.units[at-1].asks && anaphoric(u.text) {
		e.picks = append(e.picks, pick{e.best.passage, at - 1})
	}
	if strings.HasSuffix(u.text, ":") || strings.HasSuffix(u.text, "：") {
		for k := at + 1; k < len(x.units) && x.units[k].lead != nil && *x.units[k].lead == u.at; k++ {
			if len(e.picks) > maxListing || e.length(p) > roomyList {
				break
			}
			e.picks = append(e.picks, pick{e.best.passage, k})
		}
		return
	}
	// The heading asked the question: what stands under it is the answer, not its first sentence alone.
	if u.shape == sentence && e.best.inside < 0.7*e.best.own {
		for k := at + 1; k < len(x.units) && x.units[k].block <= u.block+1 && !x.units[k].asks && slices.Equal(x.units[k].headings, u.headings); k++ {
			if x.units[k].shape != sentence && x.units[k].lead == nil && x.units[k].block != u.block {
				break
			}
			if e.length(p)+utf8.RuneCountInString(x.units[k].text) > roomy {
				break
			}
			e.picks = append(e.picks, pick{e.best.passage, k})
		}
	}
}

// joins tells whether a further unit adds to the answer: it stands beside the best one, or has a word of the question
// that no picked unit has, or gives another passage's answer of nearly the same worth.
func (p *pool) joins(e *excerpt, q question, s scored) bool {
	x := &p.passages[s.passage]
	u := x.units[s.unit]
	if e.has(s.passage, s.unit) || u.asks || e.repeats(p, u) {
		return false
	}
	best := p.passages[e.best.passage].units[e.best.unit]
	together := s.passage == e.best.passage && u.block == best.block && u.shape != sentence && u.shape == best.shape
	limit, most := roomy, maxUnits
	if together {
		limit, most = roomyList, maxListing
	}
	if len(e.picks) >= most || e.length(p)+utf8.RuneCountInString(u.text) > limit {
		return false
	}
	if q.kind != asksAnything && !u.answers(q.kind) {
		return false
	}
	if together {
		return s.inside >= 0.8*e.best.inside && !p.lacks(e, s)
	}
	if u.shape == sentence && anaphoric(u.text) && !e.has(s.passage, s.unit-1) {
		return false // "She speaks Arabic" after somebody else's name
	}
	for n, t := range e.terms {
		if t.lent || t.term.weight < 1 || s.hits[n] < asConcept {
			continue
		}
		covered := false
		for _, y := range e.picks {
			covered = covered || p.hit(y.passage, y.unit, t) >= asConcept
		}
		if !covered {
			return true
		}
	}
	if p.lacks(e, s) {
		return false
	}
	if s.passage == e.best.passage {
		return s.rank >= 0.92*e.best.rank && s.inside >= 0.6*e.best.inside
	}
	if q.level == hangs && q.about[p.passages[e.best.passage].origin.Item] && x.origin.Item != p.passages[e.best.passage].origin.Item {
		return false // the conversation is about one thing
	}
	return s.rank >= 0.95*e.best.rank && s.inside >= 0.9*e.best.inside
}

// lacks tells a unit without a word that the best one has and the question turns on: the next row of a table, about
// another branch. Rarity cannot tell, because what is asked for stands in most of what was found.
func (p *pool) lacks(e *excerpt, s scored) bool {
	for _, t := range e.terms {
		if t.lent || t.term.weight < 1 {
			continue
		}
		if p.within(e.best.passage, e.best.unit, t) && !p.within(s.passage, s.unit, t) {
			return true
		}
	}
	return false
}

// within tells whether a word stands in the unit itself, as it is, misspelt or as a day of a range.
func (p *pool) within(i, j int, t weighed) bool {
	x := &p.passages[i]
	return x.known[j].holds(t.stems[x.lang]) > 0 || t.week != 0 && x.week[j]&t.week == t.week || p.resembles(x.folds[j], t) >= asConcept
}

// repeats tells a unit that says what was already picked, in another copy of the text.
func (e *excerpt) repeats(p *pool, u unit) bool {
	f := folded(u.text)
	for _, x := range e.picks {
		if have := folded(p.passages[x.passage].units[x.unit].text); strings.Contains(have, f) || strings.Contains(f, have) {
			return true
		}
	}
	return false
}

// anaphoric tells a sentence that leans on the one before it.
func anaphoric(text string) bool {
	words := strings.Fields(folded(text))
	if len(words) == 0 {
		return false
	}
	if slices.Contains(words, "them") { // "We do not sell them over the counter."
		return len(words) < 12
	}
	switch words[0] {
	case "it", "its", "they", "their", "this", "these", "that", "those", "he", "she", "however", "otherwise", "also",
		"both", "then", "but", "such", "eso", "esto", "ellos", "estos", "isso", "isto", "eels", "ela", "ele":
		return true
	}
	return false
}
