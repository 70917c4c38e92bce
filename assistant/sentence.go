package assistant

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a stretch of a text by its byte offsets.
type span struct{ start, end int }

func (s span) of(text string) string { return text[s.start:s.end] }

// sentences cuts a paragraph where one sentence ends and the next begins. It knows abbreviations, initials, decimals
// such as 4821.50, addresses with dots in them, and the full stops of Arabic, Hindi and Chinese. The spans are trimmed,
// in order, and never overlap; together they hold everything but white space.
func sentences(text string) []span {
	var spans []span
	start := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		next := i + size
		if ends(r) && endsSentence(text, i, r, next) {
			next = skipClosing(text, next)
			spans = appendTrimmed(spans, text, start, next)
			start = next
		} else if r == '\n' && endsLine(text, start, i, next) {
			spans = appendTrimmed(spans, text, start, i)
			start = next
		}
		i = next
	}
	return appendTrimmed(spans, text, start, len(text))
}

func ends(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '؟', '۔', '।', '॥', '。', '！', '？':
		return true
	}
	return false
}

// endsSentence decides for the mark r at i, after which the text goes on at next.
func endsSentence(text string, i int, r rune, next int) bool {
	if r == '।' || r == '॥' || r == '。' || r == '！' || r == '？' || r == '؟' || r == '۔' {
		return true
	}
	after := skipClosing(text, next)
	if after < len(text) {
		if follow, _ := utf8.DecodeRuneInString(text[after:]); !unicode.IsSpace(follow) {
			return false // 4821.50, example.com, wait?!
		}
	}
	if r != '.' && r != '…' {
		return true
	}
	rest := strings.TrimLeft(text[after:], " \t\n\r*_\"'“‘(")
	if follow, _ := utf8.DecodeRuneInString(rest); rest != "" && unicode.IsLower(follow) {
		return false // "approx. two", "… and so on"
	}
	return r == '…' || !abbreviated(text[:i], rest)
}

// abbreviated tells whether the dot after before belongs to its last word and not to the sentence.
func abbreviated(before, rest string) bool {
	from := strings.LastIndexFunc(before, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == '|' }) + 1
	word := strings.TrimLeft(before[from:], "\"'“‘*_[")
	if rest == "" {
		return false
	}
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		follow, _ := utf8.DecodeRuneInString(rest)
		// An initial ("J. Smith"); a list number ("2. Sunday") is cut off before this point.
		if unicode.IsUpper(r) && unicode.IsUpper(follow) && r != 'I' || unicode.IsDigit(r) && from == 0 {
			return true
		}
	}
	switch strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "sr", "sra", "srta", "dra", "jr", "e.g", "i.e", "vs", "approx", "incl",
		"excl", "ext", "tel", "fig", "art", "av", "avda", "ud", "uds", "nro", "núm", "p.ej", "ph", "eng", "bldg", "apt", "messrs":
		return true
	case "no", "nos", "vol", "p", "pp", "sec", "ch":
		follow, _ := utf8.DecodeRuneInString(rest)
		return unicode.IsDigit(follow)
	}
	return false
}

// skipClosing passes the quotes and brackets that close with the sentence.
func skipClosing(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch r {
		case '"', '\'', '”', '’', '»', ')', ']', '*', '_', '.', '!', '?', '…':
			i += size
		default:
			return i
		}
	}
	return i
}

// endsLine tells a line break that separates from one that only wraps: an empty line always does; else the next line
// must begin like a statement of its own and the present one must be too short to have been wrapped.
func endsLine(text string, start, i, next int) bool {
	rest := strings.TrimLeft(text[next:], " \t\r")
	if rest == "" || rest[0] == '\n' {
		return true
	}
	lineStart := max(start, strings.LastIndexByte(text[:i], '\n')+1)
	if utf8.RuneCountInString(strings.TrimSpace(text[lineStart:i])) >= 72 {
		return false
	}
	follow, _ := utf8.DecodeRuneInString(rest)
	return !unicode.IsLower(follow) && !strings.ContainsRune(",;)–", follow) &&
		!strings.HasSuffix(strings.TrimRight(text[start:i], " \t\r"), ",")
}

func appendTrimmed(spans []span, text string, start, end int) []span {
	for start < end {
		r, size := utf8.DecodeRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += size
	}
	for start < end {
		r, size := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= size
	}
	if start == end {
		return spans
	}
	return append(spans, span{start, end})
}
