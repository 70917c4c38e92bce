package contextengine

import (
	"context"
	"fmt"
	"slices"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// Verdict says what became of an item that somebody expected among the passages.
type Verdict string

// The verdicts.
const (
	Shown       Verdict = "shown"        // one of its passages is among those given
	Outranked   Verdict = "outranked"    // it was scored, and others came before it
	Unlike      Verdict = "unlike"       // none of its passages holds a word of the question; where it was scored all the same, its vector is why
	Passed      Verdict = "passed"       // it holds words of the question, and too many passages hold more or rarer ones: it was not scored
	FilteredOut Verdict = "filtered"     // the query's filters leave it out
	NotReady    Verdict = "not_ready"    // it has never been read to its end
	NotReadable Verdict = "not_readable" // reading it failed, and nothing of it serves
)

// Expected is what became of the item that a query named.
type Expected struct {
	Item    Item
	Verdict Verdict
	Filter  string   // the one that leaves it out: items, exclude_items, sources, types or tags
	Rank    int      // of its best passage among all that were scored, from 1; 0 where none was
	Scored  int      // passages that were scored
	Passage *Passage // the best one, with its scores; nil where none was scored
}

// expected follows one item through the retrieval that was just made: its passages are looked for by the same query,
// held to the item, and its best place is read off the same ranking.
func (e *Engine) expected(ctx context.Context, tenant flomastr.TenantID, question asked, ask CandidateQuery, item Item, candidates []Candidate, ranked []ranking.Ranked, limit int) (*Expected, error) {
	out := &Expected{Item: item, Scored: len(ranked)}
	filters := ask.Filters
	ask.Filters = Filters{Items: []flomastr.ItemID{item.ID}}
	own, err := e.Content.Candidates(ctx, tenant, ask)
	if err != nil {
		return nil, fmt.Errorf("find its passages: %w", err)
	}
	numbers := map[int]bool{}
	for _, c := range own {
		numbers[c.Number] = true
	}
	at := slices.IndexFunc(ranked, func(r ranking.Ranked) bool { return numbers[candidates[r.Candidate].Number] })
	if at >= 0 {
		out.Rank = at + 1
		passages, err := e.read(ctx, tenant, question, candidates, ranked[at:at+1])
		if err != nil {
			return nil, fmt.Errorf("read its best passage: %w", err)
		}
		if len(passages) > 0 {
			out.Passage = &passages[0]
		}
	}
	out.Filter = filters.refuses(item.ID, item.Source, item.Type, item.Tags)
	_, matches := rank(question, own, e.Weights)
	alike := slices.ContainsFunc(matches, func(m ranking.Match) bool { return m.Coverage+m.Identifiers > 0 })
	switch {
	case out.Rank > 0 && out.Rank <= limit:
		out.Verdict = Shown
	case out.Rank > 0 && alike:
		out.Verdict = Outranked
	case item.IndexedVersion == 0 && item.Status == Failed:
		out.Verdict = NotReadable
	case item.IndexedVersion == 0:
		out.Verdict = NotReady
	case out.Rank == 0 && out.Filter != "":
		out.Verdict = FilteredOut
	case alike:
		out.Verdict = Passed
	default:
		out.Verdict = Unlike
	}
	if out.Verdict != FilteredOut {
		out.Filter = ""
	}
	return out, nil
}

// refuses names the first of the filters that leaves an item out, "" where all let it through.
func (f Filters) refuses(id flomastr.ItemID, source Origin, kind string, tags []string) string {
	switch {
	case len(f.Items) > 0 && !slices.Contains(f.Items, id):
		return "items"
	case slices.Contains(f.ExcludeItems, id):
		return "exclude_items"
	case len(f.Sources) > 0 && !slices.Contains(f.Sources, source):
		return "sources"
	case len(f.Types) > 0 && !slices.Contains(f.Types, kind):
		return "types"
	case len(f.Tags) > 0 && !slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(f.Tags, tag) }):
		return "tags"
	}
	return ""
}
