package contextengine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

// wordList is a vocabulary of a few words, each its own stem.
type wordList []string

func (l wordList) Lookup(_ context.Context, _ flomastr.TenantID, ask Lookup) (Known, error) {
	known := Known{Language: analysis.English, Terms: map[analysis.Term]int{}, Grams: map[analysis.Gram]int{}}
	for _, w := range l {
		for _, asked := range ask.Words {
			if asked == w {
				known.Words = append(known.Words, KnownWord{Word: w, Term: term(w), Passages: 3})
			}
		}
	}
	return known, nil
}

func (l wordList) Similar(context.Context, flomastr.TenantID, string) ([]KnownWord, error) {
	var out []KnownWord
	for _, w := range l {
		out = append(out, KnownWord{Word: w, Term: term(w), Passages: 3})
	}
	return out, nil
}

func term(word string) analysis.Term {
	return analysis.NewStemmer().Words(word, analysis.English)[0].Term
}

func TestASlipIsCorrectedAndAnOrdinaryWordIsNot(t *testing.T) {
	t.Parallel()
	vocabulary := wordList{"such", "test", "eye", "glasses"}
	for text, want := range map[string]string{
		"how much is an eye test?": "",
		"how are my glases":        "how are my glasses",
		"an eye tset":              "an eye test",
		"about PPR-9087":           "",
		"much":                     "such", // alone it may be a slip
	} {
		a := &analyst{stemmer: analysis.NewStemmer(), detector: analysis.NewDetector(), ids: analysis.NewIdentifying()}
		q, err := a.read(t.Context(), flomastr.TenantID{}, vocabulary, text)
		require.NoError(t, err, text)
		require.Equal(t, want, q.corrected, text)
		require.NotEmpty(t, q.Words, text)
	}
}
