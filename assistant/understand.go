package assistant

import (
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// maxQuestions bounds what one burst may ask; what comes after is answered when it is asked again.
const maxQuestions = 4

// understand reads a turn's messages as one burst: greetings and thanks fall away, a statement belongs to the question
// after it (else before it), and each question leans on the one before, or on the conversation.
func (x *lexicon) understand(turn flomastr.Turn, lang string) []question {
	var asked []question
	var aside []string
	for _, m := range turn.Messages {
		for _, s := range x.pieces(readable(m)) {
			if !x.asking(s) {
				aside = append(aside, s)
				continue
			}
			q := x.ask(s, lang)
			q.aside = strings.Join(aside, " ")
			aside = nil
			asked = append(asked, q)
		}
	}
	switch {
	case len(asked) == 0 && len(aside) > 0: // "delivery charges sharjah": no question by form, one by meaning
		asked = append(asked, x.ask(strings.Join(aside, " "), lang))
	case len(aside) > 0:
		last := &asked[len(asked)-1]
		last.aside = strings.TrimSpace(last.aside + " " + strings.Join(aside, " "))
	}
	if len(asked) > maxQuestions {
		asked = asked[:maxQuestions]
	}
	earlier := x.earlier(turn.History, lang)
	for i := range asked {
		x.follow(&asked[i], earlier)
		earlier = append([]exchange{{question: asked[i]}}, earlier...)
	}
	return asked
}

// pieces cuts a message into sentences without small talk, and a sentence that asks two things into two.
func (x *lexicon) pieces(text string) []string {
	var out []string
	for _, s := range sentences(text) {
		piece := x.withoutCourtesy(s.of(text))
		f := folded(piece)
		if f == "" || x.courtesy(f) {
			continue
		}
		out = append(out, x.halves(piece)...)
	}
	return out
}

// courtesy tells a text that says nothing but hello, thanks, fine or goodbye.
func (x *lexicon) courtesy(f string) bool {
	for _, key := range []string{"greeting", "howareyou", "thanks", "bye", "okay", "help"} {
		if x.is(key, f) {
			return true
		}
	}
	return false
}

// withoutCourtesy drops a greeting before a comma or a blank, and thanks after the question.
func (x *lexicon) withoutCourtesy(s string) string {
	s = strings.TrimSpace(s)
	for range 3 {
		cut := false
		words := strings.Fields(s)
		for n := min(4, len(words)-1); n > 0 && !cut; n-- {
			head := strings.Join(words[:n], " ")
			hello := x.is("greeting", folded(head))
			okay := x.is("okay", folded(head))
			if hello || okay && (n > 1 || strings.HasSuffix(head, ",")) {
				s, cut = strings.TrimLeft(strings.Join(words[n:], " "), ",;.!-– "), true
			}
		}
		if !cut {
			break
		}
	}
	return s
}

// halves cuts "how much is a service and where do you collect?" before its second question word.
func (x *lexicon) halves(s string) []string {
	words := strings.Fields(s)
	for i := 3; i+2 < len(words); i++ {
		switch folded(words[i]) {
		case "and", "y", "e", "also", "plus", "&":
		default:
			continue
		}
		if next := folded(words[i+1]); x.questionWord(next) {
			return []string{strings.Join(words[:i], " "), strings.Join(words[i+1:], " ")}
		}
	}
	return []string{s}
}

func (x *lexicon) questionWord(f string) bool {
	for _, list := range x.phrases["ask"] {
		if slices.Contains(list, f) {
			return true
		}
	}
	return false
}

// asking tells whether a piece asks: by its mark, its first word, or a phrase that asks for a price, a time, a place.
func (x *lexicon) asking(s string) bool {
	f := folded(s)
	if strings.ContainsAny(s, "?؟") || x.begins("follow", f) != "" {
		return true
	}
	first, _, _ := strings.Cut(f, " ")
	return x.questionWord(first) || x.kindOf(f) != asksAnything
}

// readable is a message's text, or "" for a message of a type that has none.
func readable(m flomastr.TurnMessage) string {
	return strings.TrimSpace(strings.ToValidUTF8(m.Text, ""))
}
