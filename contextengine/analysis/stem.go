package analysis

import (
	"strings"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/french"
	"github.com/kljensen/snowball/hungarian"
	"github.com/kljensen/snowball/norwegian"
	"github.com/kljensen/snowball/russian"
	"github.com/kljensen/snowball/spanish"
	"github.com/kljensen/snowball/swedish"
)

// Term is what the index knows a stem, an identifier or a gram by: 64 bits of a hash that never changes between versions
// of the product, because it is stored.
type Term uint64

// Kinds of term share one space of hashes, told apart by a prefix.
const (
	prefixStem       = "s:"
	prefixIdentifier = "i:"
)

// StemTerm is the term of a stem.
func StemTerm(stem string) Term { return hash(prefixStem, stem) }

// IdentifierTerm is the term of a normalised identifier.
func IdentifierTerm(id string) Term { return hash(prefixIdentifier, id) }

// hash is FNV-1a, finished by a mix so that its low 32 bits are as good as the whole.
func hash(prefix, s string) Term {
	h := uint64(14695981039346656037)
	for i := range len(prefix) {
		h = (h ^ uint64(prefix[i])) * 1099511628211
	}
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	h ^= h >> 29
	return Term(h)
}

// Stem cuts a lower-case word to its stem in a language, and folds it. Words of other languages, and words with digits,
// are only folded.
func Stem(word string, lang Language) string {
	if len(word) < 3 || strings.ContainsAny(word, "0123456789") {
		return Fold(word)
	}
	switch lang {
	case English:
		if ascii(word) {
			return english.Stem(word, true)
		}
		return english.Stem(Fold(word), true)
	case Spanish:
		return Fold(spanish.Stem(word, true))
	case French:
		return Fold(french.Stem(word, true))
	case Russian:
		return Fold(russian.Stem(word, true))
	case Swedish:
		return Fold(swedish.Stem(word, true))
	case Norwegian:
		return Fold(norwegian.Stem(word, true))
	case Hungarian:
		return Fold(hungarian.Stem(word, true))
	}
	return Fold(word)
}

// Stemmer remembers what it has stemmed: texts repeat their words, and a look-up costs a tenth of a stemming. It is for
// one goroutine at a time.
type Stemmer struct {
	known map[stemKey]stemmed
}

type stemKey struct {
	word string
	lang Language
}

type stemmed struct {
	fold, stem string
	term       Term
}

// stemmerRoom bounds what a stemmer remembers.
const stemmerRoom = 1 << 16

// NewStemmer makes an empty one.
func NewStemmer() *Stemmer { return &Stemmer{known: map[stemKey]stemmed{}} }

func (s *Stemmer) stem(word string, lang Language) stemmed {
	key := stemKey{word, lang}
	if got, ok := s.known[key]; ok {
		return got
	}
	if len(s.known) >= stemmerRoom {
		clear(s.known)
	}
	word = strings.Clone(word)
	st := Stem(word, lang)
	got := stemmed{fold: Fold(word), stem: st, term: StemTerm(st)}
	s.known[stemKey{word, lang}] = got
	return got
}
