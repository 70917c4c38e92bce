package analysis

import "unicode/utf8"

// Gram is the hash of four characters of folded text, with one space standing for every gap.
type Gram uint32

// GramText is the form over which 4-grams slide: folded words, one space before, between and after.
func GramText(tokens []Token, text string) []byte {
	b := make([]byte, 0, len(text)+2)
	b = append(b, ' ')
	last := -1
	for _, t := range tokens {
		if t.Start < last {
			continue // another gram of the word that was cut
		}
		last = t.End
		word := t.Word
		if t.Cut {
			word = Fold(text[t.Start:t.End])
		}
		b = append(b, word...)
		b = append(b, ' ')
	}
	return b
}

// EachGram calls f for every run of four characters, and skips those that have a gap within.
func EachGram(text []byte, f func(Gram)) {
	for i := 0; i+4 <= len(text); {
		a, b, c, d := text[i], text[i+1], text[i+2], text[i+3]
		if (a | b | c | d) >= 0x80 {
			i += wideGram(text[i:], f)
			continue
		}
		i++
		if b == ' ' || c == ' ' { // "a b" across a gap says nothing of either word
			continue
		}
		f(mixGram(uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24))
	}
}

// wideGram reads one gram that holds a character of several bytes, and answers how many bytes its first character has.
func wideGram(text []byte, f func(Gram)) int {
	_, first := utf8.DecodeRune(text)
	end, gap := first, false
	for n := 1; n < 4; n++ {
		if end >= len(text) {
			return first
		}
		r, size := utf8.DecodeRune(text[end:])
		gap = gap || r == ' ' && n < 3
		end += size
	}
	if !gap {
		h := uint32(2166136261)
		for _, c := range text[:end] {
			h = (h ^ uint32(c)) * 16777619
		}
		f(mixGram(h))
	}
	return first
}

func mixGram(h uint32) Gram {
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	h ^= h >> 16
	return Gram(h)
}
