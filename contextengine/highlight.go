package contextengine

import (
	"slices"

	"github.com/flomastr/flomastr/contextengine/analysis"
)

// highlights lists the words of a text that a question asks for, as they stand in it, each once. Words that stand in
// more than a fifth of a larger collection are too common to point at.
func (a *analyst) highlights(q asked, text string) []string {
	terms := map[analysis.Term]bool{}
	for _, w := range q.Words {
		if q.corpus.Passages < 20 || w.Found*5 < q.corpus.Passages {
			for _, t := range w.Terms {
				terms[t] = true
			}
		}
	}
	out := []string{}
	end := -1
	for _, t := range a.stemmer.Words(text, q.language) {
		if word := text[t.Start:t.End]; terms[t.Term] && t.Start >= end && !slices.Contains(out, word) {
			out = append(out, word)
			end = t.End
		}
	}
	return out
}
