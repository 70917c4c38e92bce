package main

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

type evalAnswers struct{ evalSet }

// Run indexes the documents, has the assistant answer the questions and looks every citation up. What it made is removed,
// also when it is interrupted.
func (c *evalAnswers) Run(ctx context.Context, s *surroundings, src *sources) error {
	return c.inScratch(ctx, s, src, func(lab *scratch, set *questions.Set) error {
		r, err := evaluation.MeasureAnswers(ctx, lab.knowledge, lab.assistant, lab.tenant, set, flomastr.SystemClock)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.stdout, r)
		}
		_, err = fmt.Fprintf(s.stdout, "%s: %d questions, %.1f %% answered, %.1f %% of these from a right document; %d citations, %.1f %% of them word for word in their passage; p95 %.1f ms\n",
			r.Set, r.Queries, 100*r.Answered, 100*r.RightSource, r.Citations, 100*r.QuotesFound, r.LatencyP95)
		if err == nil && r.UnanswerableRefused != nil {
			_, err = fmt.Fprintf(s.stdout, "questions that it does not answer: %.1f %% refused\n", 100**r.UnanswerableRefused)
		}
		return err
	})
}
