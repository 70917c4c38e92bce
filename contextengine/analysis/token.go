package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is one word of a text, in order. Start and End are byte offsets into the text.
type Token struct {
	Word       string // folded surface form, what a spelling is corrected to
	Stem       string
	Term       Term
	Start, End int
	Cut        bool // a character n-gram of a word, not a word
}

// maxWord bounds the bytes of a word: what is longer is a key, a hash or noise, and counts by its beginning.
const maxWord = 64

// Words cuts a text into tokens: runs of letters and digits, apostrophes inside a word dropped, everything else a gap.
// Arabic and Devanagari words longer than four letters become their character 4-grams, scripts without spaces become
// character bigrams: measured, they find as much as stemming does, or more.
func (s *Stemmer) Words(text string, lang Language) []Token {
	tokens := make([]Token, 0, len(text)/6+1)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			i += size
			continue
		}
		start := i
		if unspaced(r) {
			i = endOf(text, i, unspaced)
			tokens = s.bigrams(tokens, text, start, i)
			continue
		}
		for i < len(text) {
			r, size = utf8.DecodeRuneInString(text[i:])
			if !wordRune(r) && !joins(text, i, r, size) || unspaced(r) {
				break
			}
			i += size
		}
		tokens = s.word(tokens, text, start, i, lang)
	}
	return tokens
}

func (s *Stemmer) word(tokens []Token, text string, start, end int, lang Language) []Token {
	word := text[start:min(end, start+maxWord)]
	for !utf8.ValidString(word) && len(word) > 0 && len(word) > maxWord-utf8.UTFMax {
		word = word[:len(word)-1]
	}
	word = strings.ToLower(word)
	if strings.ContainsAny(word, "'’") {
		word = dropApostrophes(word, lang)
	}
	first, _ := utf8.DecodeRuneInString(word)
	if unicode.Is(unicode.Arabic, first) || unicode.Is(unicode.Devanagari, first) {
		return s.fourgrams(tokens, Fold(word), start, end)
	}
	got := s.stem(word, lang)
	return append(tokens, Token{Word: got.fold, Stem: got.stem, Term: got.term, Start: start, End: end})
}

// dropApostrophes reads "don't" as dont, "child's" as child, "l'hôtel" as hôtel.
func dropApostrophes(word string, lang Language) string {
	word = strings.ReplaceAll(word, "’", "'")
	word = strings.TrimSuffix(word, "'s")
	if lang == French || lang == Italian {
		if before, after, ok := strings.Cut(word, "'"); ok && len(before) <= 2 && len(after) > 1 {
			word = after
		}
	}
	return strings.ReplaceAll(word, "'", "")
}

func (s *Stemmer) fourgrams(tokens []Token, word string, start, end int) []Token {
	runes := []rune(word)
	if len(runes) <= 4 {
		return append(tokens, Token{Word: word, Stem: word, Term: StemTerm(word), Start: start, End: end})
	}
	for i := 0; i+4 <= len(runes); i++ {
		gram := string(runes[i : i+4])
		tokens = append(tokens, Token{Word: gram, Stem: gram, Term: StemTerm(gram), Start: start, End: end, Cut: true})
	}
	return tokens
}

func (s *Stemmer) bigrams(tokens []Token, text string, start, end int) []Token {
	var last rune
	lastAt := start
	for i, r := range text[start:end] {
		at := start + i
		if last != 0 {
			gram := Fold(string([]rune{last, r}))
			tokens = append(tokens, Token{Word: gram, Stem: gram, Term: StemTerm(gram), Start: lastAt, End: at + utf8.RuneLen(r), Cut: true})
		}
		last, lastAt = r, at
	}
	if _, size := utf8.DecodeRuneInString(text[start:end]); size == end-start {
		gram := Fold(text[start:end])
		tokens = append(tokens, Token{Word: gram, Stem: gram, Term: StemTerm(gram), Start: start, End: end, Cut: true})
	}
	return tokens
}

func wordRune(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r))
}

// joins tells an apostrophe between two letters.
func joins(text string, i int, r rune, size int) bool {
	if r != '\'' && r != '’' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[i+size:])
	return unicode.IsLetter(next)
}

func endOf(text string, i int, in func(rune) bool) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !in(r) {
			break
		}
		i += size
	}
	return i
}
