package offline

import (
	"context"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dimensions is the length of every vector.
const Dimensions = 1024

// Name changes whenever a text's vector does: vectors are stored under it.
const Name = "flomastr-hash-1"

// Embedder hashes texts. The zero value is ready; it keeps no state.
type Embedder struct{}

// New makes one.
func New() *Embedder { return &Embedder{} }

// Name identifies this way of hashing.
func (*Embedder) Name() string { return Name }

// Dimensions is 1,024.
func (*Embedder) Dimensions() int { return Dimensions }

// Embed never fails but for a cancelled context. A text without a single letter or digit has the zero vector.
func (*Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = vector(text)
	}
	return out, nil
}

// What a kind of feature counts. Whole words carry most; pieces carry what is inflected, compounded or misspelt.
const (
	wordWeight  = 1.0
	pairWeight  = 0.45
	pieceWeight = 0.35
)

func vector(text string) []float32 {
	v := make([]float32, Dimensions)
	seen := map[uint64]uint8{}
	add := func(h uint64, weight float64) {
		n := seen[h]
		if n < 255 {
			seen[h] = n + 1
		}
		// The n-th repeat adds log(1+1/n): sums to 1 + log of the count.
		if n > 0 {
			weight *= math.Log(1 + 1/float64(n))
		}
		for range 2 {
			h = mix(h)
			if h>>63 == 0 {
				v[h%Dimensions] += float32(weight)
			} else {
				v[h%Dimensions] -= float32(weight)
			}
		}
	}
	var before uint64
	for _, word := range words(text) {
		h := fnv('w', word)
		weight := rarity(word)
		add(h, wordWeight*weight)
		if before != 0 {
			add(mix(before)^h, pairWeight)
		}
		pieces(word, func(piece string) { add(fnv('p', piece), pieceWeight*weight/math.Sqrt(float64(len(word)))) })
		before = h
	}
	return normalise(v)
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
	})
}

// rarity guesses a word's weight from its length: the little words of every language are short.
func rarity(word string) float64 {
	switch n := utf8.RuneCountInString(word); {
	case strings.ContainsAny(word, "0123456789"):
		return 1
	case n <= 2:
		return 0.2
	case n == 3:
		return 0.4
	case n == 4:
		return 0.7
	}
	return 1
}

// pieces calls f for every four characters of the word, its ends marked.
func pieces(word string, f func(string)) {
	marked := "^" + word + "$"
	var at [4]int
	n := 0
	for i := range marked {
		if n >= 4 {
			f(marked[at[n&3]:i])
		}
		at[n&3] = i
		n++
	}
	if n >= 4 {
		f(marked[at[n&3]:])
	}
}

func fnv(kind byte, s string) uint64 {
	h := (uint64(14695981039346656037) ^ uint64(kind)) * 1099511628211
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is the finaliser of splitmix64.
func mix(h uint64) uint64 {
	h += 0x9E3779B97F4A7C15
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return h ^ h>>31
}

func normalise(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return v
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return v
}
