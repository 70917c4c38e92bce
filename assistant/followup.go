package assistant

import (
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// How far back a follow-up may reach: three questions, within a day.
const (
	reach   = 3
	staleAt = 24 * 60 * 60 // seconds
)

// exchange is an earlier question and what its answer stood on.
type exchange struct {
	question question
	evidence []flomastr.Evidence
}

// earlier reads the history backwards into exchanges, the latest first.
func (x *lexicon) earlier(history []flomastr.TurnMessage, lang string) []exchange {
	var out []exchange
	var evidence []flomastr.Evidence
	for i := len(history) - 1; i >= 0 && len(out) < reach; i-- {
		m := history[i]
		if last := history[len(history)-1]; last.At.Sub(m.At).Seconds() > staleAt {
			break
		}
		if m.Speaker != flomastr.SpeakerContact {
			if len(evidence) == 0 {
				evidence = m.Evidence
			}
			continue
		}
		pieces := x.pieces(readable(m))
		for j := len(pieces) - 1; j >= 0 && len(out) < reach; j-- {
			q := x.ask(pieces[j], lang)
			if len(q.words) == 0 && q.kind == asksAnything {
				continue
			}
			out = append(out, exchange{q, evidence})
		}
		if len(pieces) > 0 {
			evidence = nil
		}
	}
	return out
}

// follow decides whether a question leans on the one before, and lends it that one's subject. New words always count
// more than lent ones, and a lent day or number gives way to a new one.
func (x *lexicon) follow(q *question, earlier []exchange) {
	if q.aside != "" {
		q.topic = x.lend(*q, x.ask(q.aside, q.lang).words, 0.3)
	}
	if len(earlier) == 0 {
		return
	}
	if q.level = x.leaning(*q); q.level == alone {
		return
	}
	share := 0.6
	if q.level == leans {
		share = 0.2
	}
	q.about = map[flomastr.ItemID]bool{}
	for _, e := range earlier {
		words := e.question.words
		if e.question.thin {
			words = slices.Clone(words)
			for i := range words {
				words[i].weight = 1 // light words were all that it had
			}
		}
		q.topic = append(q.topic, x.lend(*q, words, share)...)
		if q.kind == asksAnything && q.level == hangs && q.heavy() <= 2 {
			q.kind = e.question.kind
		}
		for _, ev := range e.evidence {
			if ev.Source == fromMemory {
				continue
			}
			q.about[ev.Item] = true
			path := strings.Join(append([]string{ev.Title}, ev.HeadingPath...), " ")
			q.topic = append(q.topic, x.lend(*q, x.ask(path, q.lang).words, share/2)...)
		}
		if x.leaning(e.question) != hangs {
			break // the subject was named here
		}
		share *= 0.7
	}
}

// leaning is how much a question's form asks for an antecedent.
func (x *lexicon) leaning(q question) level {
	f := folded(q.text)
	n := q.heavy()
	onlyDay := n == 1 && len(q.words) <= 2
	for _, t := range q.words {
		onlyDay = onlyDay && (t.day != "" || t.weight < 1)
	}
	switch {
	case n == 0 && len(q.words) <= 1, onlyDay:
		return hangs
	case x.begins("follow", f) != "" && n <= 4, strings.HasSuffix(f, " there") && n <= 3, x.pronoun(f) && n <= 4:
		return hangs
	case n <= 2 || x.begins("follow", f) != "" || x.pronoun(f):
		return leans
	}
	return alone
}

func (x *lexicon) pronoun(f string) bool {
	for w := range strings.FieldsSeq(f) {
		for _, list := range x.phrases["pronoun"] {
			if slices.Contains(list, w) {
				return true
			}
		}
	}
	return false
}

// lend copies words as topic, without those that the question has itself or answers with a new value.
func (x *lexicon) lend(q question, words []term, share float64) []term {
	day, number := false, false
	has := map[string]bool{}
	for _, t := range append(append([]term(nil), q.words...), q.topic...) {
		has[t.fold] = true
	}
	for _, t := range q.words {
		day = day || t.day != ""
		number = number || digit(t.fold)
	}
	var out []term
	for _, t := range words {
		if has[t.fold] || day && t.day != "" || number && digit(t.fold) {
			continue
		}
		has[t.fold] = true
		t.weight *= share
		out = append(out, t)
	}
	return out
}
