package contextengine

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// correction is a word of the vocabulary that was probably meant, and how much it may count.
type correction struct {
	KnownWord
	weight float64
}

// correct finds the word that was probably meant: at most one slip (a letter wrong, missing, extra, or two swapped) in
// a word of four to six letters, two in a longer one. Fewer slips win, then the same first letter, then the word that
// more passages hold. Words with digits are never corrected: a part number that differs is another part.
func correct(word string, similar []KnownWord) (correction, bool) {
	runes := []rune(word)
	allowed := slips(runes)
	if allowed == 0 {
		return correction{}, false
	}
	var best correction
	bestRank := [3]int{99}
	for _, w := range similar {
		other := []rune(w.Word)
		if len(other) < 3 || abs(len(other)-len(runes)) > allowed || hasDigit(other) {
			continue
		}
		d := distance(runes, other, allowed)
		if d > allowed || d == 2 && other[0] != runes[0] {
			continue
		}
		rank := [3]int{d, boolInt(other[0] != runes[0]), -w.Passages}
		if less(rank, bestRank) || rank == bestRank && w.Word < best.Word {
			best, bestRank = correction{KnownWord: w, weight: 1 - 0.1*float64(d)}, rank
		}
	}
	return best, bestRank[0] <= allowed
}

func slips(word []rune) int {
	if hasDigit(word) || len(word) < 4 {
		return 0
	}
	if len(word) < 7 {
		return 1
	}
	return 2
}

// resembling lists up to eight vocabulary words that share most of their beginning or end with an unknown one: other
// inflections, parts and wholes of compounds.
func resembling(word string, similar []KnownWord) ([]analysis.Term, int, float64) {
	const most = 8
	runes := []rune(word)
	if len(runes) < 5 || hasDigit(runes) {
		return nil, 0, 0
	}
	var terms []analysis.Term
	found, best := 0, 0.0
	for _, w := range similar {
		likeness := sharedGrams(word, w.Word)
		if likeness < 0.5 {
			continue
		}
		best = max(best, likeness)
		if len(terms) < most {
			terms = append(terms, w.Term)
			found += w.Passages
		}
	}
	return terms, found, best * 0.8
}

// sharedGrams is the Dice coefficient of the two words' 4-grams, their ends included.
func sharedGrams(a, b string) float64 {
	set := map[analysis.Gram]bool{}
	n, shared := 0, 0
	analysis.EachGram([]byte(" "+a+" "), func(g analysis.Gram) { set[g] = true; n++ })
	analysis.EachGram([]byte(" "+b+" "), func(g analysis.Gram) {
		n++
		if set[g] {
			shared++
		}
	})
	if n == 0 {
		return 0
	}
	return 2 * float64(shared) / float64(n)
}

// distance is Damerau and Levenshtein's, in its restricted form (no edit between swapped letters), given up as soon as
// it must exceed limit.
func distance(a, b []rune, limit int) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, now := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := boolInt(a[i-1] != b[j-1])
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > limit {
			return limit + 1
		}
	}
	return rows[(len(a)+1)%3][len(b)]
}

func hasDigit(word []rune) bool {
	return slices.ContainsFunc(word, unicode.IsDigit)
}

func less(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func abs(n int) int { return max(n, -n) }

// SpellingKeys are the beginning and the end that a word shares with what it may have been meant for: one slip leaves
// one of them whole, as do two slips in a long word that lie on one side.
func SpellingKeys(word string) (prefix, suffix string) {
	n := utf8.RuneCountInString(word)
	keep := max(n/2-1, 1)
	if n >= 7 {
		keep = n / 3
	}
	runes := []rune(word)
	return string(runes[:keep]), string(runes[n-keep:])
}
