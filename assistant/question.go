package assistant

import (
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// question is one thing that the customer wants to know.
type question struct {
	text  string // as it was asked
	lang  string // of the fixed phrases around the answer
	kind  kind
	words []term // the question's own content words
	topic []term // what an earlier question was about; empty unless this one follows up
	level level
	aside string                   // what was said around it: "my car is a 2019 Patrol"
	about map[flomastr.ItemID]bool // items that the earlier answer stood on
	thin  bool                     // it has no heavy word: "what are your opening hours?"
}

// level says how much a question leans on what was said before.
type level uint8

const (
	alone level = iota // it stands for itself
	leans              // it may be about the same subject: "what is the warranty?"
	hangs              // it means nothing without it: "and on Sundays?"
)

// term is a content word of a question. Its weight is what it counts beside the others before rarity.
type term struct {
	fold     string
	text     string
	weight   float64
	concepts []string
	day      string
}

// ask makes a question of a text. Words that only ask ("how much", "what time") become its kind; words of little
// meaning weigh little unless there are no others.
func (x *lexicon) ask(text, lang string) question {
	q := question{text: strings.TrimSpace(text), lang: lang}
	f := folded(text)
	q.kind = x.kindOf(f)
	t := tokenizer{analysis.NewStemmer(), analysis.Language(lang)}
	seen := map[string]bool{}
	for _, w := range t.words(text) {
		fold := strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(w.fold, "’", "'"), "'s", ""), "'")
		if seen[fold] || x.functional(fold, lang) {
			continue
		}
		seen[fold] = true
		term := term{fold: fold, text: w.at.of(text), weight: 1, concepts: x.concept[fold], day: x.days[fold]}
		if term.day == "to" || term.day == "every" {
			term.day = ""
		}
		if x.light[lang][fold] || x.light["en"][fold] {
			term.weight = 0.3
		}
		q.words = append(q.words, term)
	}
	q.thin = q.heavy() == 0
	return q
}

func (x *lexicon) functional(fold, lang string) bool {
	fold = strings.ReplaceAll(fold, "'", "")
	return x.function[lang][fold] || x.function["en"][fold] && lang != "es" && lang != "pt"
}

// heavy counts the words that carry the question's meaning.
func (q question) heavy() int {
	n := 0
	for _, t := range q.words {
		if t.weight >= 1 {
			n++
		}
	}
	return n
}

// query is what the question asks of the retriever: its own words, before them what it hangs on.
func (q question) query() string {
	if len(q.topic) == 0 {
		return q.text
	}
	parts := make([]string, 0, len(q.topic)+1)
	own := " " + folded(q.text) + " "
	for _, t := range q.topic {
		if !strings.Contains(own, " "+t.fold+" ") {
			parts = append(parts, t.text)
		}
	}
	return strings.Join(append(parts, q.text), " ")
}

// widened adds the English and the common words for the concepts asked about, for knowledge that words them otherwise.
func (x *lexicon) widened(q question) string {
	parts := []string{q.query()}
	seen := map[string]bool{}
	for _, t := range append(append([]term(nil), q.words...), q.topic...) {
		for _, c := range t.concepts {
			if !seen[c] {
				seen[c] = true
				parts = append(parts, x.common[c])
			}
		}
	}
	if q.kind != asksAnything {
		if c := map[kind]string{asksMoney: "price", asksTime: "hours", asksPlace: "place", asksContact: "contact"}[q.kind]; c != "" && !seen[c] && q.lang != "en" {
			parts = append(parts, x.common[c])
		}
	}
	if len(parts) == 1 {
		return ""
	}
	return strings.Join(parts, " ")
}
