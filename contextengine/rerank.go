package contextengine

import (
	"context"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

const (
	// rerankMost is how many passages a reranker reads for a question: what it brings up from further below is rare, and each costs
	// as much as the others.
	rerankMost = 30
	// rerankTime is how long it is waited for: a customer waits with it.
	rerankTime = 2 * time.Second
	// rerankerRest is how long one that failed is not asked, so that while it is away only one question in so long waits for it.
	rerankerRest = 15 * time.Second
)

// legRerank is the name under which a passage tells what the reranker says of it.
const legRerank = "rerank"

// rerank lets the reranker, where there is one, put the best passages in order. What holds the question's exact identifiers stays
// before what does not. Where it fails they stay as they are: that is logged and passed over.
func (e *Engine) rerank(ctx context.Context, tenant flomastr.TenantID, question asked, text string, candidates []Candidate, ranked []ranking.Ranked, matches []ranking.Match) {
	first := ranked[:min(rerankMost, len(ranked))]
	if e.Reranker == nil || len(first) < 2 || e.Clock().UnixNano() < e.rerankerRests.Load() {
		return
	}
	scores, err := e.askReranker(ctx, tenant, question, text, candidates, first)
	if err != nil {
		if ctx.Err() == nil { // else whoever asked has left
			e.rerankerRests.Store(e.Clock().Add(rerankerRest).UnixNano())
		}
		e.Log.WarnContext(ctx, "passages not reranked", "tenant_id", tenant, "error", err)
		return
	}
	for i := range ranked {
		r := &ranked[i]
		r.Score = matches[r.Candidate].Identifiers
		if score, ok := scores[r.Candidate]; ok {
			r.Score, r.Rerank = r.Score+score, &score
		}
	}
	slices.SortStableFunc(first, func(a, b ranking.Ranked) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
}

// askReranker gives the reranker's scores, brought between 0 and 1, by candidate.
func (e *Engine) askReranker(ctx context.Context, tenant flomastr.TenantID, question asked, text string, candidates []Candidate, first []ranking.Ranked) (map[int]float64, error) {
	if question.corrected != "" {
		text = question.corrected
	}
	byNumber, numbers := map[int]int{}, make([]int, len(first))
	for i, r := range first {
		numbers[i] = candidates[r.Candidate].Number
		byNumber[numbers[i]] = r.Candidate
	}
	passages, err := e.Content.Read(ctx, tenant, numbers)
	if err != nil || len(passages) == 0 {
		return nil, err
	}
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = passageText(p.Title, chunk.Chunk{Text: p.Text, Headings: p.HeadingPath})
	}
	asking, cancel := context.WithTimeout(ctx, rerankTime)
	defer cancel()
	scores, err := e.Reranker.Rerank(asking, text, texts)
	if err != nil {
		return nil, err
	}
	low, high := slices.Min(scores), slices.Max(scores)
	out := map[int]float64{}
	for i, p := range passages {
		out[byNumber[p.Number]] = 1
		if high > low {
			out[byNumber[p.Number]] = (scores[i] - low) / (high - low)
		}
	}
	return out, nil
}
