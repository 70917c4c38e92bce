package questions

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Misspell makes one slip (two letters swapped, one missing, one too many, one wrong) in a share of the words of four
// letters and more, as a thumb on a phone does.
func Misspell(text string, share float64, random *rand.Rand) string {
	words := strings.Fields(text)
	for i, w := range words {
		r := []rune(w)
		if len(r) < 4 || random.Float64() >= share {
			continue
		}
		at := random.IntN(len(r) - 1)
		letter := rune('a' + random.IntN(26))
		switch random.IntN(4) {
		case 0:
			r[at], r[at+1] = r[at+1], r[at]
		case 1:
			r = slices.Delete(r, at, at+1)
		case 2:
			r = slices.Insert(r, at, letter)
		default:
			r[at] = letter
		}
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}
