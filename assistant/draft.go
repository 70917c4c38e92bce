package assistant

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
)

// worthADraft is the confidence below which what was found is not even shown to a person: it has a word or two in common with the
// question, and reading it takes longer than writing an answer.
const worthADraft = 0.25

// draft is what would be answered if it were sure enough, for a person to let go; nil where nothing comes near an answer.
func (a *Assistant) draft(v voice, findings []finding) *flomastr.Draft {
	w := writer{lexicon: a.lexicon, numbers: map[flomastr.PassageID]int{}}
	var near []finding
	for _, f := range findings {
		if len(f.excerpt.picks) > 0 && f.excerpt.confidence >= worthADraft {
			w.cite(f)
			near = append(near, f)
		}
	}
	var parts []string
	for _, f := range near {
		parts = append(parts, w.quote(f, (flomastr.MaxReplyChars-900)/len(near)))
	}
	if len(parts) == 0 {
		return nil
	}
	return &flomastr.Draft{
		Text: a.sourced(v, parts, w.evidence), Notice: a.introduced(v, a.lexicon.say(v.lang, "unsure")), Evidence: w.evidence,
	}
}

// heed looks for what a person misses in a draft. Feedback that asks for nothing the knowledge has, such as "shorter", finds nothing
// and adds nothing: what is quoted cannot be said in other words.
func (a *Assistant) heed(ctx context.Context, turn flomastr.Turn, policy Policy, v voice) (found []finding, err error) {
	wish := flomastr.Turn{
		Tenant: turn.Tenant, TimeZone: turn.TimeZone, History: append(append([]flomastr.TurnMessage(nil), turn.History...), turn.Messages...),
		Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerMember, Type: "text", Text: turn.Rework.Feedback}},
	}
	for _, q := range a.lexicon.understand(wish, v.lang) {
		a.dated(&q, turn.TimeZone)
		f, err := a.find(ctx, turn.Tenant, policy, q)
		if err != nil {
			return nil, fmt.Errorf("look for what was missed: %w", err)
		}
		if f.answered {
			found = append(found, f)
		}
	}
	return found, nil
}
