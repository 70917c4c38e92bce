package analysis

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

// EachGram calls f for every run of four characters, bytes for ASCII, and skips those that are a gap within.
func EachGram(text []byte, f func(Gram)) {
	// Offsets of the last four characters, in a ring: the slice between the oldest and the present end is the gram.
	var at [4]int
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i]&0xC0 == 0x80 {
			continue
		}
		if n >= 4 {
			emit(text[at[n&3]:i], f)
		}
		at[n&3] = i
		n++
	}
	if n >= 4 {
		emit(text[at[n&3]:], f)
	}
}

func emit(gram []byte, f func(Gram)) {
	if gram[1] == ' ' || gram[len(gram)-2] == ' ' { // "a b" across a gap says nothing of either word
		return
	}
	h := uint32(2166136261)
	for _, c := range gram {
		h = (h ^ uint32(c)) * 16777619
	}
	h ^= h >> 15
	h *= 0x85EBCA6B
	h ^= h >> 13
	f(Gram(h))
}
