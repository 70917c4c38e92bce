package contextengine

import (
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// signals sums up what the scores say about whether an answer is there at all.
func signals(q asked, matches []ranking.Match, ranked []ranking.Ranked) Signals {
	s := Signals{Unknown: q.unknown}
	f := ranking.Features(q.Question, q.corpus, matches, ranked)
	s.Coverage, s.Margin, s.Agreement = f.Coverage, f.Margin, f.Agreement
	s.Answerable = f.Probability()
	return s
}
