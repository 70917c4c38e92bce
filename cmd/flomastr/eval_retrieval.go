package main

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

type evalRetrieval struct {
	evalSet
	Typos   float64 `name:"typos" help:"Mistype each longer word of a question with this probability."`
	Seed    uint64  `name:"seed" default:"1" help:"Which slips are made."`
	Compare string  `name:"compare" enum:",bm25" default:"" help:"Score a baseline on the same questions too: bm25."`
}

// Run indexes, asks and scores, and removes what it made, also when it is interrupted.
func (c *evalRetrieval) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.inScratch(ctx, s, src, func(lab *scratch, set *questions.Set) error {
		report, err := evaluation.Measure(ctx, lab.knowledge, lab.tenant, set, evaluation.Options{
			Typos: c.Typos, Seed: c.Seed, Compare: c.Compare != "", Clock: flomastr.SystemClock,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.stdout, report)
		}
		_, err = fmt.Fprintf(s.stdout, "%s: %d questions, nDCG@10 %.4f, recall@10 %.4f, p95 %.1f ms, %d documents in %.1f s\n",
			report.Set, report.Queries, report.NDCG10, report.Recall10, report.LatencyP95, len(set.Documents), report.IngestSeconds)
		if err == nil && report.BM25NDCG10 != nil {
			_, err = fmt.Fprintf(s.stdout, "bm25: nDCG@10 %.4f, ours %+.4f\n", *report.BM25NDCG10, report.NDCG10-*report.BM25NDCG10)
		}
		return err
	})
}
