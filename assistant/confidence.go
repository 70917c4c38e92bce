package assistant

import (
	"fmt"
	"math"
	"strings"
)

// evidence is what speaks for an excerpt as an answer, each between 0 and 1 unless said otherwise.
type evidence struct {
	Cover    float64 // of the question's weight, by the picked units and what stands above them
	Own      float64 // of the question's own words
	Inside   float64 // of the own words within the picked units themselves
	Names    float64 // numbers and names of the question that stand nowhere near
	Fits     float64 // +1 the sort of thing asked for is there, −1 it is not, 0 nothing in particular was asked for
	Ranked   float64 // how sure retrieval is by itself, from −½ to ½; 0 where it does not say
	Margin   float64 // how far the best unit stands before those of other passages
	Words    float64 // of how many own words that is, as a logarithm
	Followed float64 // the answer comes from the item that the conversation was about
}

// weights of the evidence in a logistic of being an answer. They were fitted over public question sets with the relevant
// documents present and removed (see abstain_test.go), then rounded; each set was checked with weights and threshold
// from the others.
type weights struct{ bias, Cover, Own, Inside, Names, Fits, Ranked, Margin, Words, Followed float64 }

// informed weighs passages whose retriever says how sure it is, which it knows from the whole collection; uninformed weighs
// a given context, of which nothing is known but its text.
func informed() weights {
	return weights{bias: -5.1, Cover: 2.5, Own: 2.5, Inside: 1, Names: -1.2, Fits: 0.6, Ranked: 3, Margin: 2, Words: 1.5, Followed: 0.6}
}

func uninformed() weights {
	return weights{bias: -5, Cover: 2.5, Own: 2.5, Inside: 1, Names: -1.2, Fits: 0.6, Margin: 2, Words: 1.5, Followed: 0.6}
}

// threshold is the confidence under which we say that we do not know, unless the tenant says otherwise.
const threshold = 0.5

func (e evidence) probability() float64 {
	w := uninformed()
	if e.Ranked != 0 {
		w = informed()
	}
	z := w.bias + w.Cover*e.Cover + w.Own*e.Own + w.Inside*e.Inside + w.Names*e.Names +
		w.Fits*e.Fits + w.Ranked*e.Ranked + w.Margin*e.Margin + w.Words*e.Words + w.Followed*e.Followed
	return 1 / (1 + math.Exp(-z))
}

// weighEvidence judges an excerpt as a whole.
func (p *pool) weighEvidence(q question, e *excerpt) evidence {
	var v evidence
	var total, own, bridged float64
	var unmet []string
	heavy := 0
	for _, t := range e.terms {
		hit, inside := 0.0, 0.0
		for _, x := range e.picks {
			h := p.hit(x.passage, x.unit, t)
			hit = max(hit, h)
			if share := p.passages[x.passage].known[x.unit].holds(t.stems[p.passages[x.passage].lang]); share > 0 || h == inUnit {
				inside = max(inside, h)
			}
		}
		total += t.weight
		v.Cover += t.weight * hit
		if t.term.weight >= 1 || q.thin && !t.lent || t.lent && q.level == hangs {
			heavy++
		}
		if t.lent {
			continue
		}
		own += t.weight
		v.Own += t.weight * hit
		if hit >= inBlock && t.absentFrom(p, e) {
			bridged += t.weight
		}
		v.Inside += t.weight * inside
		if hit < inBlock {
			unmet = append(unmet, t.text)
			if t.term.weight >= 1 && (exact(t.fold) || !digit(t.fold) && t.text != strings.ToLower(t.text)) && !strings.HasPrefix(q.text, t.text) {
				v.Names = 1
			}
		}
	}
	if total > 0 {
		v.Cover /= total
	}
	if own > 0 {
		v.Own /= own
		v.Inside /= own
	}
	if q.heavy() == 0 && q.level == hangs { // "how long does it take?" is about what was said before
		v.Own, v.Inside = max(v.Own, v.Cover), max(v.Inside, v.Cover)
	}
	if q.kind != asksAnything {
		v.Fits = -1
		for _, x := range e.picks {
			if p.passages[x.passage].units[x.unit].answers(q.kind) {
				v.Fits = 1
			}
		}
	}
	if p.signals.Answerable > 0 {
		v.Ranked = p.signals.Answerable - 0.5
		if own > 0 && v.Ranked < 0 {
			v.Ranked *= 1 - bridged/own // retrieval counts words alone; "phone" is met by "telephone"
		}
	}
	if e.best.rank > 0 {
		v.Margin = min(1, max(0, (e.best.rank-e.runnerUp)/e.best.rank))
	}
	v.Words = math.Log1p(float64(heavy)) / math.Log(6)
	if q.about[p.passages[e.best.passage].origin.Item] {
		v.Followed = 1
	}
	e.confidence = v.probability()
	e.reason = fmt.Sprintf("%.0f %% of the question's words are in the passages used", 100*v.Own)
	if len(unmet) > 0 {
		e.reason += "; not found: " + strings.Join(unmet, ", ")
	}
	if v.Fits < 0 {
		e.reason += "; no " + string(q.kind) + " in them"
	}
	return v
}

// absentFrom tells a word that stands, as it is, in none of the passages used: it was met by its meaning or spelling.
func (t weighed) absentFrom(p *pool, e *excerpt) bool {
	for _, x := range e.picks {
		q := &p.passages[x.passage]
		if q.all.holds(t.stems[q.lang]) > 0 {
			return false
		}
	}
	return true
}
