package httpapi

import (
	"context"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type knowledgeExpected struct {
	ItemID  flomastr.ItemID   `json:"item_id" format:"uuid"`
	Title   string            `json:"title"`
	Verdict string            `json:"verdict" enum:"shown,outranked,unlike,passed,filtered,not_ready,not_readable" doc:"shown: it is among the passages. outranked: others came before it. unlike: it holds no word of the question. passed: too many passages hold more or rarer words of it, and it was not scored. filtered: the filters leave it out. not_ready, not_readable: nothing of it serves"`
	Filter  string            `json:"filter,omitempty" enum:"items,exclude_items,sources,types,tags" doc:"The one that leaves it out"`
	Error   string            `json:"error,omitempty" doc:"Why it could not be read"`
	Rank    int               `json:"rank" doc:"The place of its best passage among all that were scored, from 1; 0 when none was"`
	Scored  int               `json:"scored" doc:"Passages that were scored"`
	Passage *knowledgePassage `json:"passage,omitempty" doc:"Its best passage, where one was scored"`
	Answer  expectedAnswer    `json:"answer" doc:"What the assistant makes of the question, without a conversation around it and without filters"`
}

type expectedAnswer struct {
	Action     string  `json:"action" enum:"answer,ask,refuse,hand_over,silent"`
	Confidence float64 `json:"confidence"`
	Threshold  float64 `json:"threshold" doc:"The confidence below which it does not answer"`
	UsesItem   bool    `json:"uses_item" doc:"The answer quotes the item"`
	Reason     string  `json:"reason"`
}

// expected puts beside an item's way through the retrieval what the assistant would say: a passage may be found and the
// answer still be refused.
func (a *API) expected(ctx context.Context, call Call, query string, e contextengine.Expected) (*knowledgeExpected, error) {
	judged, err := a.deps.Assistant.Judge(ctx, call.Tenant.ID, query)
	if err != nil {
		return nil, err
	}
	out := &knowledgeExpected{
		ItemID: e.Item.ID, Title: e.Item.Title, Verdict: string(e.Verdict), Filter: e.Filter, Rank: e.Rank, Scored: e.Scored,
		Answer: expectedAnswer{
			Action: string(judged.Action), Confidence: judged.Confidence, Threshold: judged.Threshold, Reason: judged.Reason,
			UsesItem: slices.ContainsFunc(judged.Evidence, func(v flomastr.Evidence) bool { return v.Item == e.Item.ID }),
		},
	}
	if e.Verdict == contextengine.NotReadable {
		out.Error = e.Item.Error
	}
	if e.Passage != nil {
		p := passageOf(*e.Passage)
		out.Passage = &p
	}
	return out, nil
}
