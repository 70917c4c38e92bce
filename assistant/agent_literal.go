package assistant

import (
	"strings"
)

// literals are what a statement and its source must have in common to the letter: figures, numbers written as words, months, and
// that something is free.
func (x *lexicon) literals(text string) map[string]bool {
	out := map[string]bool{}
	for _, n := range numerals(text) {
		out[n] = true
	}
	for w := range strings.FieldsSeq(folded(text)) {
		if l := x.literal[w]; l != "" {
			out[l] = true
		}
	}
	return out
}

// turned tells whether a text says that something is not so, and whether that can be told in its language.
func (x *lexicon) turned(text, lang string) (negated, known bool) {
	words := x.negation[lang]
	if words == nil {
		return false, false
	}
	closed := false
	for i, w := range strings.Fields(folded(text)) {
		closed = closed || x.closed[w]
		negated = negated || words[w] && (i > 0 || !opening(text, w))
	}
	return negated != closed, true
}

// opening tells a "No," that answers, and turns nothing around in what follows it.
func opening(text, word string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(text)), word)
	return ok && (rest == "" || strings.ContainsRune(",.:;!–—", []rune(strings.TrimSpace(rest) + " ")[0]))
}

// asksSecret tells a text that speaks of what nobody may be asked for.
func (x *lexicon) asksSecret(text string) (word string) {
	for w := range strings.FieldsSeq(folded(text)) {
		if x.secret[w] {
			return w
		}
	}
	return ""
}

// learnLiteral reads a line of lexicon/literals.txt.
func (x *lexicon) learnLiteral(key, value string) {
	kind, which, _ := strings.Cut(key, ".")
	words := set(value)
	switch kind {
	case "negation":
		x.negation[which] = words
	case "closed":
		x.closed = words
	case "secret":
		x.secret = words
	case "number", "month", "free":
		name := which // a number is the same as its figure
		if kind != "number" {
			name = kind + which
		}
		for w := range words {
			x.literal[folded(w)] = name
		}
	}
}
