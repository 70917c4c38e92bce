package contextengine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

func TestQuestionsThatAreAlikeAreOneGroup(t *testing.T) {
	t.Parallel()
	a := &analyst{stemmer: analysis.NewStemmer(), detector: analysis.NewDetector(), ids: analysis.NewIdentifying()}
	var asked []Unanswered
	for i, q := range []string{
		"Do you deliver to Sharjah?",      // 0
		"How much is a tyre?",             // 1
		"do you deliver to sharjah",       // 0
		"delivery to Sharjah please",      // 0
		"How much is a saddle?",           // 2
		"هل توصلون إلى الشارقة؟",          // 3
		"هل توصلون الى الشارقة",           // 3
		"Do you delivr to Sharjah ?",      // 0
		"Can I bring my dog to the shop?", // 4
		"???",                             // 5
	} {
		asked = append(asked, Unanswered{ID: flomastr.NewID[flomastr.QuestionID](), Question: q, AskedAt: time.Unix(int64(i), 0)})
	}
	want := [][]int{{0, 2, 3, 7}, {1}, {4}, {5, 6}, {8}, {9}}
	for range 3 {
		groups := a.group(asked)
		require.Len(t, groups, len(want))
		for i, members := range want {
			require.Equal(t, asked[members[0]], groups[i].Unanswered)
			require.Len(t, groups[i].Members, len(members), groups[i].Question)
			for k, at := range members {
				require.Equal(t, asked[at], groups[i].Members[k])
			}
			require.Equal(t, asked[members[len(members)-1]].AskedAt, groups[i].Last)
		}
	}
}
