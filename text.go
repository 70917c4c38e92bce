package flomastr

import (
	"strings"
	"unicode"
)

// VisibleLine brings what a person wrote into one line of what can be seen: valid UTF-8, single spaces, none of the
// characters that nobody sees (a space of no width, a filler, a tag) or that disguise the rest (an override of the
// direction). Where nothing is left that a reader would see, such as marks without a letter under them, it is "".
func VisibleLine(text string) string {
	line := strings.Join(strings.Fields(strings.Map(seen, strings.ToValidUTF8(text, ""))), " ")
	if !strings.ContainsFunc(line, leavesInk) {
		return ""
	}
	return line
}

func seen(r rune) rune {
	switch {
	case unicode.IsControl(r), r == '\u2800': // a Braille pattern without a dot
		return ' '
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}

func leavesInk(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }
