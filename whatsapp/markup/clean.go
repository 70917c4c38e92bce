package markup

import (
	"strings"
	"unicode"
)

// Clean drops what a reader cannot see and only an attacker needs: control characters, invisible spaces, overrides of
// direction, and joiners that join nothing. Marks for right-to-left text and the joiners of emoji and scripts stay.
func Clean(s string) string {
	var before rune
	return strings.Map(func(r rune) rune {
		keep := visible(r, before)
		before = r
		if keep {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

const (
	nonJoiner, joiner = '\u200C', '\u200D'
	blackFlag         = '\U0001F3F4'
)

func visible(r, before rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return true
	case unicode.IsControl(r), r >= '\u202A' && r <= '\u202E':
		return false
	case r == '\u200B' || r >= '\u2060' && r <= '\u2064' || r == '\uFEFF' || r == '\u00AD' || r == '\u180E':
		return false
	case r == nonJoiner || r == joiner:
		return before != nonJoiner && before != joiner
	case isTag(r): // letters that show nothing but the flags of regions
		return before == blackFlag || isTag(before)
	}
	return true
}

func isTag(r rune) bool { return r >= '\U000E0020' && r <= '\U000E007F' }
