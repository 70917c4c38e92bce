package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScoresAreThoseOfTheTextbook(t *testing.T) {
	t.Parallel()
	gold := map[string]float64{"a": 2, "b": 1}
	require.InDelta(t, 1, ndcg([]string{"a", "b", "x"}, gold, 10), 1e-12)
	require.InDelta(t, (1+2/math.Log2(3))/(2+1/math.Log2(3)), ndcg([]string{"b", "a"}, gold, 10), 1e-12)
	require.InDelta(t, (2/math.Log2(4))/(2+1/math.Log2(3)), ndcg([]string{"x", "y", "a"}, gold, 10), 1e-12)
	require.Zero(t, ndcg([]string{"x", "a"}, gold, 1), "beyond the cut nothing counts")
	require.Zero(t, ndcg(nil, gold, 10))

	s := score(
		[]evalQuery{{ID: "1", Gold: gold}, {ID: "2", Gold: map[string]float64{"z": 1}}},
		[]evalAnswer{{docs: []string{"x", "b", "y", "a"}}, {docs: []string{"x", "y", "w", "v", "u", "z"}}},
	)
	require.Equal(t, 2, s.Queries)
	require.InDelta(t, 0.25, s.RecallAt3, 1e-12)
	require.InDelta(t, 0.5, s.RecallAt5, 1e-12)
	require.InDelta(t, 1, s.RecallAt10, 1e-12)
	require.InDelta(t, 0.5, s.HitAt5, 1e-12)
	require.InDelta(t, 0.25, s.MRRAt5, 1e-12)
}

func TestTheThresholdRefusesOneInTenOfTheAnswerable(t *testing.T) {
	t.Parallel()
	var answered []evalAnswer
	for i := range 20 {
		answered = append(answered, evalAnswer{answerable: float64(i) / 20})
	}
	threshold := refusalThreshold(answered)
	require.InDelta(t, 0.1, *refused(answered, threshold), 1e-9)
	require.InDelta(t, 0.5, *refused([]evalAnswer{{answerable: 0.01}, {answerable: 0.9}}, threshold), 1e-9)
	require.Nil(t, refused(nil, threshold), "nothing asked is not the same as nothing refused")
}

func TestASetIsReadAndItsFaultsAreNamed(t *testing.T) {
	t.Parallel()
	write := func(dir string, files map[string]string) {
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
	}
	good := map[string]string{
		"docs.jsonl":    `{"id":"d1","title":"T","text":"x"}` + "\n\n" + `{"id":"d2","text":"y"}` + "\n",
		"queries.jsonl": `{"id":"q1","text":"a"}` + "\n" + `{"id":"q2","text":"b"}` + "\n" + `{"id":"q3","text":"c"}` + "\n",
		"qrels.tsv":     "q1\td1\t2\nq2\td2\t1\r\nq3\td1\t0\n",
	}
	dir := t.TempDir()
	write(dir, good)
	set, err := loadSet(dir, 0)
	require.NoError(t, err)
	require.Len(t, set.Docs, 2)
	require.Len(t, set.Queries, 2, "a question without a relevant document is left out")
	require.Equal(t, map[string]float64{"d1": 2}, set.Queries[0].Gold)
	require.Empty(t, set.Unanswerable)
	set, err = loadSet(dir, 1)
	require.NoError(t, err)
	require.Len(t, set.Queries, 1)

	for name, broken := range map[string]string{"docs.jsonl": "{", "queries.jsonl": "[]", "qrels.tsv": "q1 d1 1"} {
		dir := t.TempDir()
		write(dir, good)
		write(dir, map[string]string{name: broken})
		_, err := loadSet(dir, 0)
		require.ErrorContains(t, err, name+", line 1")
	}
	_, err = loadSet(t.TempDir(), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTyposRepeatAndSpareShortWords(t *testing.T) {
	t.Parallel()
	const text = "what does a complete service of the bicycle cost"
	slip := func(seed uint64) string { return typos(text, 1, rand.New(rand.NewPCG(seed, 0))) }
	require.Equal(t, slip(1), slip(1))
	require.NotEqual(t, text, slip(1))
	require.NotEqual(t, slip(1), slip(2))
	require.Contains(t, slip(3), " a ")
	require.Equal(t, text, typos(text, 0, rand.New(rand.NewPCG(1, 0))))
}

func TestTitlesOfASetAreToldApart(t *testing.T) {
	t.Parallel()
	taken := map[string]int{}
	require.Equal(t, "Prices", uniqueTitle(evalDoc{Title: " Prices "}, taken))
	require.Equal(t, "prices (2)", uniqueTitle(evalDoc{Title: "prices"}, taken))
	require.Equal(t, "Document 7", uniqueTitle(evalDoc{ID: "7"}, taken))
}

func TestPlainBM25FindsTheRareWord(t *testing.T) {
	t.Parallel()
	docs := []evalDoc{{"1", "Opening hours", "We open at nine in the morning."}, {"2", "Prices", "A bicycle service costs 90 dirhams."}, {"3", "Parking", "There is parking behind the house."}}
	got := plainBM25(docs, []evalQuery{{Text: "what do bicycle services cost"}, {Text: "zebra"}})
	require.Equal(t, "2", got[0].docs[0], "services and service are one word")
	require.Empty(t, got[1].docs)
}

func TestAnotherDatabaseIsNamedInEitherForm(t *testing.T) {
	t.Parallel()
	got, err := withDatabase("postgres://u:p%40@h:5/one?host=/run/x", "two")
	require.NoError(t, err)
	require.Equal(t, "postgres://u:p%40@h:5/two?host=/run/x", got)
	got, err = withDatabase("host=h dbname=one", "two")
	require.NoError(t, err)
	require.Equal(t, "host=h dbname=one dbname=two", got)
}
