package assistant

import (
	"strings"
	"unicode"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// word is a word of a text as it is compared. Words of Arabic and Devanagari have several stems, their 4-grams.
type word struct {
	fold  string
	stems []string
	at    span
}

// wordRune tells the characters that words are made of.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// tokenizer cuts texts into words of one language. It is for one goroutine.
type tokenizer struct {
	stemmer *analysis.Stemmer
	lang    analysis.Language
}

func (t tokenizer) words(text string) []word {
	var out []word
	for _, token := range t.stemmer.Words(text, t.lang) {
		if n := len(out); n > 0 && out[n-1].at.start == token.Start {
			out[n-1].stems = append(out[n-1].stems, token.Stem)
			continue
		}
		out = append(out, word{
			fold:  analysis.Fold(text[token.Start:token.End]),
			stems: []string{token.Stem},
			at:    span{token.Start, token.End},
		})
	}
	return out
}

// vocabulary is a set of stems, for asking how far a word stands in a text.
type vocabulary map[string]bool

func (v vocabulary) add(words []word) {
	for _, w := range words {
		for _, s := range w.stems {
			v[s] = true
		}
	}
}

// holds gives the share of a word's stems that the text has: 0 or 1 for most scripts. A 4-gram or two shared by chance
// say nothing, so a word of several must share most of them.
func (v vocabulary) holds(stems []string) float64 {
	n := 0
	for _, s := range stems {
		if v[s] {
			n++
		}
	}
	share := float64(n) / float64(len(stems))
	if share < 0.5 {
		return 0
	}
	return share
}

// digit tells whether a word has a digit: such a word matches literally or not at all.
func digit(s string) bool {
	for _, r := range s {
		if unicode.IsDigit(r) {
			return true
		}
	}
	return false
}

// exact tells a word that means one thing and is matched whole: a code, or a number of three digits and more. Small
// numbers are ages, sizes and counts, which knowledge rarely repeats.
func exact(s string) bool {
	digits, letters := 0, 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		} else if unicode.IsLetter(r) {
			letters++
		}
	}
	return digits >= 3 || digits > 0 && letters > 0
}

// near tells whether two words are one, misspelt: one edit apart (insertion, deletion, replacement or two neighbours
// swapped), or two in words of eight letters and more. Words with digits never are.
func near(a, b string) bool {
	ra, rb := []rune(a), []rune(b)
	if len(ra) < 5 || len(rb) < 4 || digit(a) || digit(b) || ra[0] != rb[0] {
		return false
	}
	limit := 1
	if len(ra) >= 8 {
		limit = 2
	}
	if d := len(ra) - len(rb); d > limit || -d > limit {
		return false
	}
	return edits(ra, rb) <= limit
}

// derived tells whether one word is made of the other by an ending: rent and rental, insure and insurance.
func derived(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(a, "e"), "y")
	rest, ok := strings.CutPrefix(b, stem)
	if !ok || len(stem) < 4 || a == b {
		return false
	}
	switch rest {
	case "al", "als", "er", "ers", "or", "ing", "ings", "ment", "ments", "ion", "ions", "ation", "ations", "ance", "ery", "y",
		"able", "ible", "ist", "ists", "ian", "ly", "ed", "s", "es", "e", "ful", "ship", "age":
		return true
	}
	return false
}

// edits is the optimal string alignment distance.
func edits(a, b []rune) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
