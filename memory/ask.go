package memory

import (
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// side says whose words a question asks for.
type side uint8

const (
	either side = iota
	theirs
	ours
)

// Names are what the two sides are called, as far as it is known: "what does Caroline like?" asks for Caroline's words.
type Names struct {
	Person   string
	Business string
}

// Weights of words that say little of what is asked. A name says whose words are wanted, which is a leg of its own.
const (
	littleWord = 0.3
	nameWord   = 0
)

// asked is a question about the past, as the legs see it.
type asked struct {
	words   []ranking.Word // Found is filled in for each collection
	grams   []analysis.Gram
	telling []uint32 // words that are no little ones, no names and no times
	about   side
	when    span // the time that it names
	forTime bool // it asks when something was
}

// The words by which people ask for their own words or for ours, and for a time. "You" in a customer's mouth is the business.
var (
	mine    = set("i me my mine im ive id yo mi mis je jai mon ma mes ich mein meine meinen mir mich eu meu minha io mio mia انا لي")
	yours   = set("you your yours youve tu su ustedes usted vous votre vos sie ihr ihre voce seu sua voi vostro")
	forWhen = set("when date month year day long cuando cuándo fecha quand wann quando متى")
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// ask reads a question in the language of what was said.
func (r *reader) ask(text string, lang analysis.Language, names Names, now time.Time) asked {
	var q asked
	tokens := r.stemmer.Words(text, lang)
	person, business := nameParts(names.Person), nameParts(names.Business)
	folds := make([]string, 0, len(tokens))
	var they, we, me, you bool
	seen, days := map[analysis.Gram]bool{}, map[uint32]bool{}
	for _, t := range tokens {
		days[ranking.Low(t.Term)] = dayNumber(t.Word) > 0
		folds = append(folds, t.Word)
		they, we = they || person[t.Word], we || business[t.Word]
		me, you = me || mine[t.Word], you || yours[t.Word]
		q.forTime = q.forTime || forWhen[t.Word]
		word := ranking.Word{Surface: t.Word, Terms: []analysis.Term{t.Term}, Weight: 1}
		switch {
		case person[t.Word] || business[t.Word]:
			word.Weight = nameWord
		case r.detector.Ordinary(t.Word):
			word.Weight = littleWord
		default:
			if low := ranking.Low(t.Term); !r.calendar.temporal[t.Word] && r.calendar.months[t.Word] == 0 && year(t.Word) == 0 && !slices.Contains(q.telling, low) {
				q.telling = append(q.telling, low)
			}
			analysis.EachGram([]byte(" "+t.Word+" "), func(g analysis.Gram) {
				if !seen[g] {
					seen[g] = true
					q.grams = append(q.grams, g)
				}
			})
		}
		if word.Weight > 0 {
			q.words = append(q.words, word)
		}
	}
	if !they && !we {
		they, we = me, you
	}
	switch {
	case they && !we:
		q.about = theirs
	case we && !they:
		q.about = ours
	}
	if q.when = r.calendar.named(folds, now); q.when.known() {
		q.telling = slices.DeleteFunc(q.telling, func(low uint32) bool { return days[low] })
	}
	return q
}

// nameParts are the words of a name that stand for it alone.
func nameParts(name string) map[string]bool {
	parts := map[string]bool{}
	for w := range strings.FieldsSeq(analysis.Fold(name)) {
		if w = strings.Trim(w, ".,'’()\"-"); len([]rune(w)) > 2 {
			parts[w] = true
		}
	}
	return parts
}
