package assistant

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	imageMark  = regexp.MustCompile(`!\[([^\]\n]*)\]\([^)\n]*\)`)
	linkMark   = regexp.MustCompile(`\[([^\]\n]+)\]\(<?([^)\s>]*)>?(?:\s+"[^"\n]*")?\)`)
	autoLink   = regexp.MustCompile(`<((?:https?://|mailto:)[^>\s]+)>`)
	htmlTag    = regexp.MustCompile(`</?[a-zA-Z][^>\n]{0,300}>|<!--[^\n]*?-->`)
	strongMark = regexp.MustCompile(`(\*\*|__)(\S(?:[^\n]*?\S)?)(\*\*|__)`)
	emphasis   = regexp.MustCompile(`(^|[\s("'¿¡])([*_])([^\s*_](?:[^*_\n]*[^\s*_])?)([*_])([\s).,;:!?"']|$)`)
	escaped    = regexp.MustCompile(`\\([\\*_{}\[\]()#+\-.!|<>~` + "`" + `$&])`)
	blanks     = regexp.MustCompile(`[ \t\r\n]+`)
)

// plain renders a piece of Markdown as words that look right in WhatsApp: no markup of either kind, links as their text
// with the address behind it, one line. It adds no word and drops none that a reader of the page would see.
func plain(markdown string) string {
	s := imageMark.ReplaceAllString(markdown, "$1")
	s = linkMark.ReplaceAllStringFunc(s, func(m string) string {
		part := linkMark.FindStringSubmatch(m)
		label, address := part[1], strings.TrimPrefix(strings.TrimPrefix(part[2], "mailto:"), "tel:")
		if !strings.HasPrefix(part[2], "http") || strings.Contains(label, address) {
			return label
		}
		return label + " (" + address + ")"
	})
	s = autoLink.ReplaceAllString(s, "$1")
	s = htmlTag.ReplaceAllString(s, " ")
	s = strongMark.ReplaceAllString(s, "$2")
	s = emphasis.ReplaceAllString(s, "$1$3$5")
	s = strings.ReplaceAll(s, "`", "")
	s = escaped.ReplaceAllString(s, "$1")
	s = strings.Map(visible, s)
	return strings.TrimSpace(blanks.ReplaceAllString(s, " "))
}

// visible drops what a reader cannot see: control characters, zero-width marks, and the overrides that turn the order
// of text around. Joiners stay, because Arabic and Hindi words need them.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return ' '
	case r == '\u200c' || r == '\u200d':
		return r
	case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
		return -1
	}
	return r
}
