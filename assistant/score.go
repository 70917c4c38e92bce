package assistant

import (
	"slices"
	"strings"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// How much a word counts by where it stands, seen from a unit.
const (
	inUnit     = 1.0
	inHeads    = 0.9 // title, headings, lead-in, table header
	inBlock    = 0.6 // a neighbouring unit of the same paragraph, list or table
	inPassage  = 0.45
	inAround   = 0.2
	asMisspelt = 0.85 // or derived
	asConcept  = 0.7
	otherDay   = 0.35
)

// scored is a unit with what it is worth as an answer.
type scored struct {
	passage, unit int
	cover         float64   // share of the question's weight, by where its words stand
	own           float64   // the same, of the question's own words
	inside        float64   // share of the own weight that stands in the unit itself
	above         float64   // share of the own weight that stands in title and headings
	rank          float64   // by which units are ordered
	hits          []float64 // by weighed word
}

// weighed is a word of the question with its weight for this pool.
type weighed struct {
	term
	stems  map[analysis.Language][]string
	weight float64
	lent   bool
	absent bool // no passage holds it: it may be misspelt
	week   week
}

// weigh gives the question's words their weights. A lent word counts for ordering, little for coverage.
func (p *pool) weigh(q question) []weighed {
	var out []weighed
	for i, t := range append(append([]term(nil), q.words...), q.topic...) {
		w := weighed{term: t, stems: p.stems(t), lent: i >= len(q.words), week: weekdayMask(t.day)}
		if len(w.stems) == 0 {
			continue
		}
		w.weight, w.absent = p.rarity(w.stems)
		w.weight *= t.weight
		if q.thin && !w.lent && q.level != hangs {
			w.weight /= t.weight // light words are all that there is
		}
		if exact(t.fold) {
			w.weight = max(w.weight, t.weight*1.5)
		}
		out = append(out, w)
	}
	return out
}

// score weighs every unit of the pool, best first. The order is total: ties fall to the better passage, then to the
// earlier unit.
func (p *pool) score(q question) ([]scored, []weighed) {
	terms := p.weigh(q)
	var total, own float64
	for _, t := range terms {
		total += t.weight
		if !t.lent {
			own += t.weight
		}
	}
	var out []scored
	for i := range p.passages {
		for j := range p.passages[i].units {
			s := p.scoreUnit(i, j, terms)
			if total > 0 {
				s.cover /= total
			}
			if own > 0 {
				s.own /= own
				s.inside /= own
				s.above /= own
			} else {
				s.own = s.cover
			}
			s.rank = p.rankUnit(q, s)
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b scored) int {
		switch {
		case a.rank > b.rank:
			return -1
		case a.rank < b.rank:
			return 1
		}
		return 0
	})
	return out, terms
}

func (p *pool) scoreUnit(i, j int, terms []weighed) scored {
	s := scored{passage: i, unit: j, hits: make([]float64, len(terms))}
	for n, t := range terms {
		hit := p.hit(i, j, t)
		s.hits[n] = hit
		s.cover += t.weight * hit
		if t.lent {
			continue
		}
		s.own += t.weight * hit
		s.above += t.weight * p.passages[i].above[j].holds(t.stems[p.passages[i].lang])
		if hit >= asConcept && p.passages[i].known[j].holds(t.stems[p.passages[i].lang]) < hit {
			hit *= 0.5 // it stands above the unit, not in it
		}
		s.inside += t.weight * hit
	}
	return s
}

// hit is how well a word is met, seen from a unit: 1 where it stands in it.
func (p *pool) hit(i, j int, t weighed) float64 {
	x := &p.passages[i]
	stems := t.stems[x.lang]
	if share := x.known[j].holds(stems); share > 0 {
		return inUnit * share
	}
	best := 0.0
	if t.week != 0 && x.week[j] != 0 {
		best = otherDay
		if x.week[j]&t.week == t.week {
			return inUnit
		}
	}
	best = max(best, inHeads*x.above[j].holds(stems), p.resembles(x.folds[j], t), inHeads*p.resembles(x.heading[j], t))
	if best >= asConcept {
		return best
	}
	best = max(best, inHeads*p.resembles(x.names, t))
	for _, k := range []int{j - 1, j + 1} {
		if k >= 0 && k < len(x.units) && x.units[k].block == x.units[j].block && x.units[j].shape == sentence {
			best = max(best, inBlock*x.known[k].holds(stems))
		}
	}
	return max(best, inPassage*x.all.holds(stems), inAround*x.around.holds(stems))
}

// resembles meets a word by its spelling or by what it means.
func (p *pool) resembles(folds []string, t weighed) float64 {
	best := 0.0
	for _, f := range folds {
		if t.absent && near(t.fold, f) || derived(t.fold, f) {
			return asMisspelt
		}
		if t.absent && len(t.fold) >= 5 && strings.HasPrefix(f, t.fold) {
			best = asConcept // crypto, cryptocurrency
		}
		for _, c := range t.concepts {
			if slices.Contains(p.lexicon.concept[f], c) {
				best = asConcept
			}
		}
	}
	return best
}

// rankUnit adds to a unit's coverage what speaks for it beside shared words.
func (p *pool) rankUnit(q question, s scored) float64 {
	x := &p.passages[s.passage]
	u := x.units[s.unit]
	rank := 0.55*s.cover + 0.3*s.own + 0.15*s.inside + 0.1*s.above + 0.08*x.rank
	if q.kind != asksAnything {
		if u.answers(q.kind) {
			rank += 0.12
		} else {
			rank -= 0.08
		}
	}
	if q.about[x.origin.Item] {
		rank += 0.045 * float64(q.level)
	}
	if u.asks || len(u.text) < 4 || x.heads(u) {
		rank -= 0.5
	}
	if u.shape == sentence && anaphoric(u.text) {
		rank -= 0.05
	}
	if x.titled(q) {
		rank += 0.12 // the page is about nothing else
		if len(x.origin.HeadingPath) <= 1 {
			rank += 0.05
			if q.thin && u.shape != sentence {
				rank += 0.1 // what stands first on the page as a table is what the page is for
			}
		}
	}
	if u.shape == row && len(u.cells) > 1 && q.names(u.cells[0]) {
		rank += 0.1 // the row is about what the question names
	}
	// What stands first under a heading that names the question is its answer more often than what follows.
	return rank - 0.004*float64(min(s.unit, 10))
}

// heads tells a line that only repeats the title or a heading, as the first line of a plain text does.
func (x *passage) heads(u unit) bool {
	f := folded(u.text)
	if f == folded(x.origin.Title) {
		return true
	}
	return slices.ContainsFunc(x.origin.HeadingPath, func(h string) bool { return folded(h) == f })
}

// titled tells whether the question says the page's whole title.
func (x *passage) titled(q question) bool {
	return len(strings.Fields(x.origin.Title)) > 1 && q.names(x.origin.Title)
}

// names tells whether every word of a cell stands in the question.
func (q question) names(cell string) bool {
	f := folded(cell)
	asked := " " + folded(q.text) + " "
	for w := range strings.FieldsSeq(f) {
		if !strings.Contains(asked, " "+w+" ") && !strings.Contains(asked, " "+strings.TrimSuffix(w, "s")+" ") {
			return false
		}
	}
	return f != ""
}
