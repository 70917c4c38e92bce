package assistant

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// compose joins what was found for each question into one message.
func (a *Assistant) compose(v voice, findings []finding) flomastr.Decision {
	w := writer{lexicon: a.lexicon, numbers: map[flomastr.PassageID]int{}}
	d := flomastr.Decision{Action: flomastr.ActionRefuse, Confidence: 0, Model: Offline}
	answered := 0
	for _, f := range findings {
		if f.answered {
			w.cite(f)
			answered++
		}
	}
	var parts, reasons []string
	lowest := 1.0
	for _, f := range findings {
		reasons = append(reasons, f.excerpt.reason)
		if !f.answered && f.question.level != hangs { // "and on Sundays?" tells nobody what to write an answer to
			d.Unanswered = append(d.Unanswered, f.question.text)
		}
		switch {
		case f.answered:
			lowest = min(lowest, f.excerpt.confidence)
			parts = append(parts, w.quote(f, (flomastr.MaxReplyChars-900)/len(findings)))
			if rivals := w.rivals(f); rivals != "" {
				parts = append(parts, clip(a.lexicon.say(v.lang, "disputed")+"\n"+rivals, 400))
			}
		case answered > 0:
			lowest = min(lowest, 0.5)
			parts = append(parts, a.lexicon.say(v.lang, "refuse_part", "{question}", short(plain(f.question.text), 120)))
		default:
			d.Confidence = max(d.Confidence, f.excerpt.confidence)
		}
	}
	d.Reason = strings.Join(reasons, " | ")
	if answered == 0 {
		d.Text, d.Draft = a.introduced(v, a.lexicon.say(v.lang, "refuse")), a.draft(v, findings)
		return d
	}
	d.Action, d.Evidence, d.Disputes, d.Confidence = flomastr.ActionAnswer, w.evidence, w.disputes, round(lowest)
	d.Text = a.introduced(v, a.sourced(v, parts, w.evidence))
	return d
}

// sourced joins the parts of an answer and names where they come from.
func (a *Assistant) sourced(v voice, parts []string, evidence []flomastr.Evidence) string {
	text := strings.Join(parts, "\n\n")
	if source := a.lexicon.sourceLine(v.lang, evidence); source != "" && !v.bare {
		text += "\n\n_" + short(strings.ReplaceAll(source, "_", " "), 500) + "_"
	}
	return text
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// writer renders excerpts and numbers their passages.
type writer struct {
	lexicon  *lexicon
	evidence []flomastr.Evidence
	numbers  map[flomastr.PassageID]int // passage → place in evidence
	used     [][]unit                   // by place in evidence
	disputes [][2]int                   // places in evidence that say different things
}

// cite gives each passage of a finding its place among the evidence.
func (w *writer) cite(f finding) {
	for _, at := range f.excerpt.picks {
		w.stand(f, at)
	}
	for _, d := range f.excerpt.disputes {
		w.stand(f, d.rival)
		w.disputes = append(w.disputes, [2]int{w.place(f, d.against), w.place(f, d.rival)})
	}
}

// stand adds a unit to what the answer stands on.
func (w *writer) stand(f finding, at pick) {
	p := f.pool.passages[at.passage]
	n, ok := w.numbers[p.origin.ID]
	if !ok {
		n = len(w.evidence)
		w.numbers[p.origin.ID] = n
		w.evidence = append(w.evidence, flomastr.Evidence{})
		w.used = append(w.used, nil)
	}
	w.used[n] = append(w.used[n], p.units[at.unit])
	w.evidence[n] = evidenceOf(p.origin, w.used[n], round(f.excerpt.confidence))
}

func (w *writer) place(f finding, at pick) int {
	return w.numbers[f.pool.passages[at.passage].origin.ID]
}

// quote renders one finding: sentences run on, list items and rows stand under their lead-in, each passage ends in its
// number where there is more than one source.
func (w *writer) quote(f finding, room int) string {
	var b strings.Builder
	var lead *span
	passage, block := -1, -1
	picks := f.excerpt.picks
	for i, at := range picks {
		p := f.pool.passages[at.passage]
		u := p.units[at.unit]
		if at.passage != passage {
			lead, block = nil, -1
		}
		if u.lead != nil && (lead == nil || *lead != *u.lead) && !slices.ContainsFunc(picks, func(x pick) bool {
			return x.passage == at.passage && p.units[x.unit].at == *u.lead
		}) {
			separate(&b, "\n")
			b.WriteString(plain(u.lead.of(p.origin.Text)))
		}
		lead = u.lead
		switch {
		case u.shape != sentence && (u.lead != nil || listed(picks, f.pool, i)):
			separate(&b, "\n")
			b.WriteString("• ")
		case at.passage == passage && u.block == block:
			separate(&b, " ")
		default:
			separate(&b, "\n")
		}
		b.WriteString(clip(u.text, room))
		passage, block = at.passage, u.block
		if last := i+1 == len(picks) || picks[i+1].passage != passage; last && marked(w.evidence) {
			fmt.Fprintf(&b, " [%d]", w.numbers[p.origin.ID]+1)
		}
	}
	return clip(b.String(), room)
}

// rivals renders what other sources say, each with its number.
func (w *writer) rivals(f finding) string {
	var b strings.Builder
	for _, d := range f.excerpt.disputes {
		separate(&b, "\n")
		b.WriteString(f.pool.passages[d.rival.passage].units[d.rival.unit].text)
		if marked(w.evidence) {
			fmt.Fprintf(&b, " [%d]", w.place(f, d.rival)+1)
		}
	}
	return b.String()
}

// listed tells whether a neighbour of the pick is a list item or row too, so that bullets are worth it.
func listed(picks []pick, p *pool, i int) bool {
	for _, k := range []int{i - 1, i + 1} {
		if k >= 0 && k < len(picks) && picks[k].passage == picks[i].passage && p.passages[picks[k].passage].units[picks[k].unit].shape != sentence {
			return true
		}
	}
	return false
}

func separate(b *strings.Builder, by string) {
	if b.Len() > 0 {
		b.WriteString(by)
	}
}

// clip cuts what would not fit into one message.
func clip(s string, room int) string {
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	return short(s, room)
}
