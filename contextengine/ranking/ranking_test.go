package ranking_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

func lows(words ...string) []uint32 {
	var out []uint32
	for _, w := range words {
		out = append(out, ranking.Low(analysis.StemTerm(w)))
	}
	return out
}

func ask(words ...string) ranking.Question {
	q := ranking.Question{Grams: map[analysis.Gram]int{}}
	for _, w := range words {
		q.Words = append(q.Words, ranking.Word{Surface: w, Terms: []analysis.Term{analysis.StemTerm(w)}, Found: 3, Weight: 1})
	}
	return q
}

var corpus = ranking.Corpus{Passages: 1000, Words: 20, Titles: 3, Grams: 100}

func TestABagIsWhatWasPacked(t *testing.T) {
	t.Parallel()
	bag := ranking.Bag{Body: lows("a", "b", "a"), Title: lows("c"), Heads: lows("d", "e"), Near: lows("f"), IDs: lows("g"), Text: []byte(" größe b a ")}
	got, err := ranking.Unpack(bag.Pack())
	require.NoError(t, err)
	require.Equal(t, bag, got)
	require.Equal(t, []string{"a", "b", "größe"}, got.Words())
}

func FuzzUnpack(f *testing.F) {
	f.Add(ranking.Bag{Body: lows("a", "b"), Text: []byte("x")}.Pack())
	f.Add([]byte{1, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, p []byte) {
		if bag, err := ranking.Unpack(p); err == nil {
			ranking.NewScorer(corpus, ask("a")).Score([]ranking.Bag{bag})
		}
	})
}

func TestEachLegPrefersWhatItLooksFor(t *testing.T) {
	t.Parallel()
	q := ask("garage", "close")
	near := ranking.Bag{Body: lows("the", "garage", "close", "at", "ten")}
	far := ranking.Bag{Body: append(append(lows("garage"), make([]uint32, 60)...), lows("close")...)}
	titled := ranking.Bag{Title: lows("garage"), Body: lows("we", "close", "at", "ten", "daily")}
	none := ranking.Bag{Body: lows("soup", "of", "the", "day")}
	m := ranking.NewScorer(corpus, q).Score([]ranking.Bag{near, far, titled, none})
	require.Greater(t, m[0].Scores[ranking.LegWindow], m[1].Scores[ranking.LegWindow])
	require.Greater(t, m[0].Scores[ranking.LegPairs], m[1].Scores[ranking.LegPairs])
	require.Greater(t, m[0].Scores[ranking.LegCosine], m[1].Scores[ranking.LegCosine])
	require.Greater(t, m[2].Scores[ranking.LegTitle], m[0].Scores[ranking.LegTitle])
	require.Greater(t, m[2].Scores[ranking.LegWords], m[0].Scores[ranking.LegWords], "a word of the title counts three times")
	require.Zero(t, m[3])
	require.InDelta(t, 1, m[0].Coverage, 1e-9)
	require.InDelta(t, 1, m[1].Coverage, 1e-9)
}

func TestFusionIsStableAndPutsIdentifiersFirst(t *testing.T) {
	t.Parallel()
	strong, weak := ranking.Match{}, ranking.Match{Identifiers: 1}
	strong.Scores[ranking.LegWords], weak.Scores[ranking.LegWords] = 9, 1
	for range 20 {
		got := ranking.Fuse([]ranking.Match{strong, strong, weak, {}}, ranking.DefaultWeights())
		order := []int{}
		for _, r := range got {
			order = append(order, r.Candidate)
			require.False(t, math.IsNaN(r.Score))
		}
		require.Equal(t, []int{2, 0, 1, 3}, order)
	}
	require.Empty(t, ranking.Fuse(nil, ranking.DefaultWeights()))
}

func TestMoreEvidenceIsMoreAnswerable(t *testing.T) {
	t.Parallel()
	chance := func(body ...string) float64 {
		q := ask("garage", "close", "sunday")
		m := ranking.NewScorer(corpus, q).Score([]ranking.Bag{{Body: lows(body...)}, {Body: lows("soup")}})
		return ranking.Features(q, corpus, m, ranking.Fuse(m, ranking.DefaultWeights())).Probability()
	}
	whole, two, one, none := chance("the", "garage", "close", "on", "sunday"), chance("the", "garage", "close"), chance("the", "garage"), chance("bread")
	require.Greater(t, whole, two)
	require.Greater(t, two, one)
	require.Greater(t, one, none)
	require.Zero(t, none)
	require.Zero(t, ranking.Features(ask("x"), corpus, nil, nil).Probability())
}
