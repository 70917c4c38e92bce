package evaluation

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// items are named by letters.
func items(letters string) (list []flomastr.ItemID) {
	for _, r := range letters {
		list = append(list, flomastr.ItemID{byte(r)})
	}
	return list
}

func result(text, expected, found string, answered, cited bool) Result {
	r := Result{Question: Question{Text: text, Expected: items(expected)}, Found: items(found), Answered: answered}
	r.Verdict = r.judge(cited)
	return r
}

func TestAQuestionIsRightWhenItIsAnsweredFromWhatWasExpectedOrRightlyNotAtAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expected, found string
		answered, cited bool
		want            Verdict
		rank            int
	}{
		"answered from it":              {"a", "a", true, true, Right, 1},
		"answered from it, though low":  {"a", "bcdefgha", true, true, Right, 8},
		"one of two is enough":          {"ab", "xb", true, true, Right, 2},
		"answered from another":         {"a", "xa", true, false, OtherSource, 2},
		"found and kept silent":         {"a", "xyzwa", false, false, Refused, 5},
		"found too low":                 {"a", "xyzwva", false, false, NotFound, 6},
		"not found":                     {"a", "x", false, false, NotFound, 0},
		"nothing found":                 {"a", "", false, false, NotFound, 0},
		"rightly not answered":          {"", "x", false, false, Right, 0},
		"answered although it must not": {"", "x", true, false, Answered, 0},
	} {
		r := result("?", c.expected, c.found, c.answered, c.cited)
		require.Equal(t, c.want, r.Verdict, name)
		require.Equal(t, c.rank, r.Rank(), name)
	}
}

func TestTotalsAreTheMeansOfTheMeasures(t *testing.T) {
	t.Parallel()
	got := sum([]Result{
		result("1", "a", "a", true, true),
		result("2", "a", "xa", false, false),
		result("3", "a", "xyzwva", true, false),
		result("4", "a", "", false, false),
		result("5", "", "x", false, false),
		result("6", "", "x", true, false),
	})
	require.InDelta(t, (1+1/math.Log2(3)+1/math.Log2(7))/4, got.NDCG10, 1e-12)
	require.InDelta(t, (1+1.0/2+1.0/6)/4, got.MRR10, 1e-12)
	got.NDCG10, got.MRR10 = 0, 0
	require.Equal(t, Totals{
		Questions: 6, Right: 2, Answerable: 4, AnsweredRight: 1, AnsweredOther: 1, RefusedWrongly: 2,
		Unanswerable: 2, RefusedRight: 1, AnsweredWrongly: 1, Hit1: 0.25, Hit5: 0.5,
	}, got)
	require.Equal(t, Totals{}, sum(nil))
	require.Equal(t, Totals{}, got.Minus(got))
}

func TestComparedAreQuestionsThatExpectTheSame(t *testing.T) {
	t.Parallel()
	var c Comparison
	c.compare([]Result{
		result("was right", "a", "a", true, true),
		result("was wrong", "a", "xa", false, false),
		result("climbed", "a", "xya", true, true),
		result("fell out of the first ten", "a", "a", false, false),
		result("stayed", "", "x", false, false),
		result("redefined", "a", "a", true, true),
		result("removed", "a", "a", true, true),
	}, []Result{
		result("was wrong", "a", "xa", true, true),
		result("was right", "a", "a", false, false),
		result("climbed", "a", "a", true, true),
		result("fell out of the first ten", "a", "x", false, false),
		result("stayed", "", "y", false, false),
		result("redefined", "b", "a", true, true),
		result("added", "a", "a", true, true),
	})
	texts := func(list []Change) (out []string) {
		for _, c := range list {
			require.Equal(t, c.Before.Text, c.After.Text)
			out = append(out, c.After.Text)
		}
		return out
	}
	require.Equal(t, []string{"was wrong", "climbed"}, texts(c.Better))
	require.Equal(t, []string{"was right", "fell out of the first ten"}, texts(c.Worse))
	require.Equal(t, []int{1, 1, 1, 1}, []int{c.Same, c.Redefined, c.OnlyBefore, c.OnlyNow})
}
