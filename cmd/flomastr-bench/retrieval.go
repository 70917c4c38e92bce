package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/internal/bench"
	"github.com/flomastr/flomastr/llm/offline"
)

// retrieval measures hybrid search over the API in a business of so many passages, each question with a filter that
// leaves half of them, one question at a time.
func (l *lab) retrieval(name string, passages int) func(context.Context) ([]bench.Figure, error) {
	return func(ctx context.Context) ([]bench.Figure, error) {
		b, err := l.brain(ctx, passages)
		if err != nil {
			return nil, err
		}
		if err := l.settle(ctx, b); err != nil {
			return nil, err
		}
		basis, err := measureBare(ctx)
		if err != nil {
			return nil, err
		}
		reach := 15.0
		if passages > smallBrain {
			reach = 60
		}
		var figures []bench.Figure
		for round := range 4 {
			var took []time.Duration
			for i, question := range b.questions {
				var answer struct{ Passages []struct{ ID string } }
				began := time.Now()
				err := l.asPlatform(ctx, http.MethodPost, "/routes/knowledge/"+b.slug+"/search", map[string]any{
					"query": question, "limit": 8, "filters": map[string]any{"tags": []string{[]string{"even", "odd"}[i%2]}},
				}, &answer)
				if err != nil {
					return nil, err
				}
				took = append(took, time.Since(began))
				if len(answer.Passages) == 0 {
					return nil, fmt.Errorf("nothing was found for %q", question)
				}
			}
			if round == 0 {
				continue // the pages come into memory
			}
			slices.Sort(took)
			figures = append(figures,
				bench.Figure{
					Name: "retrieval." + name, Unit: "ms", Value: percentile(took, 95), Against: basis.p50, Reach: reach * basis.stretch(), Rule: bench.AtMost,
					What: fmt.Sprintf("p95 of %d searches over the API with a filter, %d passages at rest; against a bare handler's p50 (its p99 %.1f ms at 5,000/s)", len(took), passages, basis.p99),
				},
				bench.Figure{Name: "retrieval." + name + ".p50", Unit: "ms", Value: percentile(took, 50), Against: basis.p50, Rule: bench.Shown, What: "the same, in the middle"})
		}
		return figures, nil
	}
}

// ingestion measures how fast text becomes knowledge: cutting and embedding alone on one core, and through the API until
// all of it can be searched.
func (l *lab) ingestion(ctx context.Context) ([]bench.Figure, error) {
	b, err := l.brain(ctx, smallBrain)
	if err != nil {
		return nil, err
	}
	text := newCorpus(7)
	embedder := offline.New()
	var figures []bench.Figure
	for range 3 {
		document := text.document(1000)
		before := ownCPU()
		var texts []string
		for _, c := range chunk.Split(document, nil) {
			texts = append(texts, c.Text)
		}
		for part := range slices.Chunk(texts, 64) {
			if _, err := embedder.Embed(ctx, part); err != nil {
				return nil, err
			}
		}
		figures = append(figures, bench.Figure{
			Name: "ingestion.embed", Unit: "MB/s", Value: float64(len(document)) / 1e6 / (ownCPU() - before).Seconds(), Reach: 2, Rule: bench.AtLeast,
			What: "Markdown cut into passages and embedded, a second of one core",
		})
	}
	return append(figures, bench.Figure{
		Name: "ingestion", Unit: "kB/s", Value: float64(b.bytes) / 1000 / b.took.Seconds(), Reach: 150, Rule: bench.AtLeast,
		What: fmt.Sprintf("%.1f MB of Markdown, from the first upload until all of it can be searched", float64(b.bytes)/1e6),
	}), nil
}
