package chunk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentences cuts prose where a sentence ends: a full stop, question or exclamation mark (of any script) before a space
// or the end, unless it closes an abbreviation, an initial or a number. Line breaks within a sentence become spaces.
func Sentences(text string) []string {
	var out []string
	begin := 0
	emit := func(end int) {
		if s := strings.Join(strings.Fields(text[begin:end]), " "); s != "" {
			out = append(out, s)
		}
		begin = end
	}
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		switch r {
		case '。', '！', '？', '．':
			emit(end)
		case '.', '!', '?', '؟', '।', '…':
			for end < len(text) && strings.IndexByte(`"')]*_`, text[end]) >= 0 {
				end++
			}
			if end < len(text) && !space(text, end) {
				continue
			}
			if r == '.' && abbreviation(text[begin:i]) {
				continue
			}
			if r == '.' && end < len(text) && startsLower(text[end:]) {
				continue
			}
			if end > begin {
				emit(end)
			}
		case '\n':
			if strings.HasPrefix(text[end:], "\n") {
				emit(end)
			}
		}
	}
	if begin < len(text) {
		emit(len(text))
	}
	return out
}

func space(text string, at int) bool {
	r, _ := utf8.DecodeRuneInString(text[at:])
	return unicode.IsSpace(r)
}

func startsLower(rest string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, " \t\n"))
	return unicode.IsLower(r)
}

// abbreviation tells whether the word before a full stop asks for it: an initial, or one of the usual short forms.
func abbreviation(before string) bool {
	i := strings.LastIndexFunc(before, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' })
	word := before[i+1:]
	if word == "" {
		return false
	}
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		return unicode.IsUpper(r)
	}
	switch strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "no", "nr", "vs", "e.g", "i.e", "etc", "fig", "inc", "ltd", "co", "sr", "jr", "approx", "tel", "ext", "ca", "al", "p", "pp", "art", "dept":
		return true
	}
	return false
}
