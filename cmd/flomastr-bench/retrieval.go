package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

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
		if passages <= smallBrain { // there every vector is compared
			return figures, nil
		}
		recall, err := l.nearest(ctx, b)
		return append(figures, recall), err
	}
}

// nearest measures how many of the ten nearest vectors the index finds among as many as the product asks it for.
func (l *lab) nearest(ctx context.Context, b *brain) (bench.Figure, error) {
	const asked, wanted, given = 100, 10, 300
	conn, err := l.cold(ctx, b)
	if err != nil {
		return bench.Figure{}, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var indexed int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname LIKE 'passage_vectors_near_%' AND i.indisvalid`).Scan(&indexed)
	if err != nil {
		return bench.Figure{}, err
	}
	if indexed != 1 {
		return bench.Figure{}, fmt.Errorf("%d indexes of vectors are ready where there should be one", indexed)
	}
	vectors, err := offline.New().Embed(ctx, b.questions[:asked])
	if err != nil {
		return bench.Figure{}, err
	}
	found := 0
	for _, vector := range vectors {
		exact, err := near(ctx, conn, vector, wanted, "SET LOCAL enable_indexscan = off")
		if err != nil {
			return bench.Figure{}, err
		}
		// As the product does: the index takes what the planner, which knows no model's number of rows, would sort.
		quick, err := near(ctx, conn, vector, given, "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100; SET LOCAL enable_sort = off")
		if err != nil {
			return bench.Figure{}, err
		}
		for _, no := range exact {
			if slices.Contains(quick, no) {
				found++
			}
		}
	}
	return bench.Figure{
		Name: "retrieval.100k.recall", Unit: "share", Value: float64(found) / (asked * wanted), Reach: 0.98, Rule: bench.AtLeast,
		What: fmt.Sprintf("of the %d vectors nearest to each of %d questions, those that the index finds; against comparing every one", wanted, asked),
	}, nil
}

// near gives the numbers of the passages whose vectors are nearest, under settings of its own.
func near(ctx context.Context, conn *pgx.Conn, vector []float32, limit int, settings string) (numbers []int64, err error) {
	model := offline.New().Name()
	text, err := json.Marshal(vector) // which is how pgvector writes one
	if err != nil {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, settings); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, fmt.Sprintf(`
			SELECT no FROM passage_vectors WHERE md5(model) = md5('%s') AND model = '%s'
			ORDER BY (embedding::halfvec(%d)) <#> (SELECT $1::text::halfvec) LIMIT %d`, model, model, len(vector), limit), string(text))
		if err != nil {
			return err
		}
		numbers, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	return numbers, err
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
