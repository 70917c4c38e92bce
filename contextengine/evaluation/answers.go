package evaluation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

// Library is knowledge whose passages can be read again.
type Library interface {
	Indexer
	Chunks(ctx context.Context, tenant flomastr.TenantID, item flomastr.ItemID) ([]contextengine.Chunk, error)
}

// AnswersReport is what a set's questions were answered. Its names are read by scripts; shares are of 1.
type AnswersReport struct {
	Set                 string   `json:"set"`
	Queries             int      `json:"queries"`
	Answered            float64  `json:"answered"`             // of the questions that the set answers
	RightSource         float64  `json:"right_source"`         // of the answers: those that cite a document graded for the question
	Citations           int      `json:"citations"`            // in all answers
	QuotesFound         float64  `json:"quotes_in_passage"`    // of the citations: those whose quote stands literally in the passage they name
	AnswersCited        float64  `json:"answers_with_source"`  // of the answers: those that cite anything
	UnanswerableRefused *float64 `json:"unanswerable_refused"` // of the questions that the set does not answer; null where it has none
	LatencyP50          float64  `json:"latency_ms_p50"`
	LatencyP95          float64  `json:"latency_ms_p95"`
	IngestSeconds       float64  `json:"ingest_seconds"`
}

// MeasureAnswers adds the set's documents to the tenant, which must be empty, and asks every question as a customer who has
// said nothing before. Nothing of a citation is taken on trust: the passage that it names is read again.
func MeasureAnswers(ctx context.Context, library Library, assistant Answerer, tenant flomastr.TenantID, set *questions.Set, clock flomastr.Clock) (AnswersReport, error) {
	r := AnswersReport{Set: set.Name, Queries: len(set.Questions)}
	start := clock()
	places, _, err := ingest(ctx, library, tenant, set.Documents)
	if err != nil {
		return AnswersReport{}, err
	}
	r.IngestSeconds = clock().Sub(start).Seconds()

	var mu sync.Mutex
	var took []float64
	answers, right, cited, literal := 0, 0, 0, 0
	err = each(ctx, len(set.Questions), func(ctx context.Context, i int) error {
		start := clock()
		d, err := assistant.Answer(ctx, question(tenant, set.Questions[i].Text))
		if err != nil {
			return fmt.Errorf("ask %s: %w", set.Questions[i].ID, err)
		}
		spent := float64(clock().Sub(start)) / float64(time.Millisecond)
		found, err := quoted(ctx, library, tenant, d.Evidence)
		if err != nil {
			return fmt.Errorf("read what the answer to %s cites: %w", set.Questions[i].ID, err)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, spent)
		if d.Action != flomastr.ActionAnswer {
			return nil
		}
		answers++
		if len(d.Evidence) > 0 {
			cited++
		}
		if slices.ContainsFunc(d.Evidence, func(e flomastr.Evidence) bool {
			place, known := places[e.Item]
			return known && set.Questions[i].Grades[place] > 0
		}) {
			right++
		}
		r.Citations += len(d.Evidence)
		literal += found
		return nil
	})
	if err != nil {
		return AnswersReport{}, err
	}
	r.Answered = share(answers, r.Queries)
	r.RightSource, r.AnswersCited, r.QuotesFound = share(right, answers), share(cited, answers), share(literal, r.Citations)
	r.LatencyP50, r.LatencyP95 = percentiles(took)

	if len(set.Unanswerable) > 0 {
		refused := 0
		err := each(ctx, len(set.Unanswerable), func(ctx context.Context, i int) error {
			d, err := assistant.Answer(ctx, question(tenant, set.Unanswerable[i]))
			mu.Lock()
			defer mu.Unlock()
			if err == nil && d.Action != flomastr.ActionAnswer {
				refused++
			}
			return err
		})
		if err != nil {
			return AnswersReport{}, err
		}
		of := share(refused, len(set.Unanswerable))
		r.UnanswerableRefused = &of
	}
	return r, nil
}

func question(tenant flomastr.TenantID, text string) flomastr.Turn {
	return flomastr.Turn{Tenant: tenant, Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: text}}}
}

// quoted counts the citations whose quote stands in the passage that they name, as that passage is stored.
func quoted(ctx context.Context, library Library, tenant flomastr.TenantID, evidence []flomastr.Evidence) (n int, err error) {
	for _, e := range evidence {
		chunks, err := library.Chunks(ctx, tenant, e.Item)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(chunks, func(c contextengine.Chunk) bool {
			return c.ID == e.Passage && e.Quote != "" && strings.Contains(c.Text, e.Quote)
		}) {
			n++
		}
	}
	return n, nil
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
