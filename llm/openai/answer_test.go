package openai

import (
	"math"
	"testing"
)

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"index":0,"embedding":[1,0]}]}`, `{"data":[{"index":0,"embedding":[1e38,1e38]}],"usage":{"total_tokens":-1}}`,
		`{"data":[{"index":0,"embedding":[null,0]}]}`, `{"data":[{"embedding":[1,0]}]}`, `<html>`, `null`, `{"data":[{"index":-1,"embedding":[1,0]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		vectors, tokens, err := readAnswer(answer, 1, 2)
		if err != nil {
			return
		}
		if len(vectors) != 1 || len(vectors[0]) != 2 || tokens < 0 {
			t.Fatalf("%v, %d", vectors, tokens)
		}
		if length := math.Hypot(float64(vectors[0][0]), float64(vectors[0][1])); math.Abs(length-1) > 1e-3 {
			t.Fatalf("a vector of length %g", length)
		}
	})
}
