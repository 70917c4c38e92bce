package questions_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

func TestScoresAreThoseOfTheTextbook(t *testing.T) {
	t.Parallel()
	gold := map[int]float64{1: 2, 2: 1} // documents 1 and 2; the others are wrong
	require.InDelta(t, 1, questions.NDCG([]int{1, 2, 7}, gold, 10), 1e-12)
	require.InDelta(t, (1+2/math.Log2(3))/(2+1/math.Log2(3)), questions.NDCG([]int{2, 1}, gold, 10), 1e-12)
	require.InDelta(t, (2/math.Log2(4))/(2+1/math.Log2(3)), questions.NDCG([]int{7, 8, 1}, gold, 10), 1e-12)
	require.Zero(t, questions.NDCG([]int{7, 1}, gold, 1), "beyond the cut nothing counts")
	require.Zero(t, questions.NDCG(nil, gold, 10))
	require.InDelta(t, 0.5, questions.Recall([]int{7, 2, 8, 1}, gold, 3), 1e-12)
	require.InDelta(t, 1, questions.Recall([]int{7, 2, 8, 1}, gold, 5), 1e-12)
	require.InDelta(t, 0.5, questions.ReciprocalRank([]int{7, 2, 8, 1}, gold, 5), 1e-12)
	require.Zero(t, questions.ReciprocalRank([]int{7, 8, 9, 4, 5, 1}, gold, 5))
}

func TestTheThresholdRefusesOneInTenOfTheAnswerable(t *testing.T) {
	t.Parallel()
	var answerable []float64
	for i := range 20 {
		answerable = append(answerable, float64(i)/20)
	}
	require.InDelta(t, 0.1, questions.RefusedAt(answerable, answerable, 0.1), 1e-9)
	require.InDelta(t, 0.5, questions.RefusedAt(answerable, []float64{0.01, 0.9}, 0.1), 1e-9)
}

func TestASetIsReadAndItsFaultsAreNamed(t *testing.T) {
	t.Parallel()
	write := func(dir string, files map[string]string) {
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
	}
	good := map[string]string{
		"docs.jsonl":    `{"id":"d1","title":"T","text":"x"}` + "\n\n" + `{"id":"d2","text":"y"}` + "\n" + `{"id":"d1","title":"again","text":"z"}` + "\n",
		"queries.jsonl": `{"id":"q1","text":"a"}` + "\n" + `{"id":"q2","text":"b"}` + "\n" + `{"id":"q3","text":"c"}` + "\n",
		"qrels.tsv":     "q1\td1\t2\nq2\td2\t1\r\nq3\td1\t0\n",
	}
	dir := t.TempDir()
	write(dir, good)
	set, err := questions.Read(dir, 0)
	require.NoError(t, err)
	require.Len(t, set.Documents, 2, "a document that stands twice counts once")
	require.Len(t, set.Questions, 2, "a question without a relevant document is left out")
	require.Equal(t, map[int]float64{0: 2}, set.Questions[0].Grades)
	require.Empty(t, set.Unanswerable)
	set, err = questions.Read(dir, 1)
	require.NoError(t, err)
	require.Len(t, set.Questions, 1)

	for name, broken := range map[string]string{"docs.jsonl": "{", "queries.jsonl": "[]", "qrels.tsv": "q1 d1 1"} {
		dir := t.TempDir()
		write(dir, good)
		write(dir, map[string]string{name: broken})
		_, err := questions.Read(dir, 0)
		require.ErrorContains(t, err, name)
	}
	_, err = questions.Read(t.TempDir(), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestMisspellingRepeatsAndSparesShortWords(t *testing.T) {
	t.Parallel()
	const text = "what does a complete service of the bicycle cost"
	slip := func(seed uint64) string {
		return questions.Misspell(text, 1, rand.New(rand.NewPCG(seed, 0)))
	}
	first, again := slip(1), slip(1)
	require.Equal(t, first, again)
	require.NotEqual(t, text, slip(1))
	require.NotEqual(t, slip(1), slip(2))
	require.Contains(t, slip(3), " a ")
	require.Equal(t, text, questions.Misspell(text, 0, rand.New(rand.NewPCG(1, 0))))
}

func TestPlainBM25FindsTheRareWord(t *testing.T) {
	t.Parallel()
	index := questions.NewBM25([]questions.Document{
		{ID: "1", Title: "Opening hours", Text: "We open at nine in the morning."},
		{ID: "2", Title: "Prices", Text: "A bicycle service costs 90 dirhams."},
		{ID: "3", Title: "Parking", Text: "There is parking behind the house."},
	})
	require.Equal(t, 1, index.Rank("what do bicycle services cost", 10)[0], "services and service are one word")
	require.Empty(t, index.Rank("zebra", 10))
}
