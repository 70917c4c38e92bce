package evaluation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
)

// Indexer takes documents in.
type Indexer interface {
	Add(ctx context.Context, tenant flomastr.TenantID, draft contextengine.Draft) (contextengine.Item, error)
	Index(ctx context.Context, tenant flomastr.TenantID, args contextengine.IndexArgs) error
}

// Engine is what is measured.
type Engine interface {
	Indexer
	Retriever
}

// Options change what is asked.
type Options struct {
	Typos   float64 // share of the words that are misspelt
	Seed    uint64  // of the misspelling
	Compare bool    // also rank by plain BM25
	Clock   flomastr.Clock
}

// Report is what was measured. Its names are read by scripts.
type Report struct {
	Set                          string   `json:"set"`
	Queries                      int      `json:"queries"`
	NDCG10                       float64  `json:"ndcg_at_10"`
	Recall3                      float64  `json:"recall_at_3"`
	Recall5                      float64  `json:"recall_at_5"`
	Recall10                     float64  `json:"recall_at_10"`
	Recall20                     float64  `json:"recall_at_20"`
	Hit5                         float64  `json:"hit_at_5"`
	MRR5                         float64  `json:"mrr_at_5"`
	GoldRemovedRefusedAt10False  float64  `json:"gold_removed_refused_at_10_false"`
	UnanswerableRefusedAt10False *float64 `json:"unanswerable_refused_at_10_false"` // null where the set has none
	LatencyP50                   float64  `json:"latency_ms_p50"`
	LatencyP95                   float64  `json:"latency_ms_p95"`
	IngestSeconds                float64  `json:"ingest_seconds"`
	Passages                     int      `json:"passages,omitempty"`
	BM25NDCG10                   *float64 `json:"bm25_ndcg_at_10,omitempty"`
	Typos                        float64  `json:"typos,omitempty"`
	Seed                         uint64   `json:"seed,omitempty"`

	scores []float64 // of the answerable questions
}

// workers is how many documents are added, or questions asked, at a time. A tenant has two connections to its cold
// database; more would only wait.
const workers = 2

// Measure adds the set's documents to the tenant, which must be empty, and asks every question.
func Measure(ctx context.Context, engine Engine, tenant flomastr.TenantID, set *questions.Set, o Options) (Report, error) {
	if o.Clock == nil {
		o.Clock = flomastr.SystemClock
	}
	r := Report{Set: set.Name, Queries: len(set.Questions), Typos: o.Typos, Seed: o.Seed}
	start := o.Clock()
	places, items, err := ingest(ctx, engine, tenant, set.Documents)
	if err != nil {
		return Report{}, err
	}
	r.IngestSeconds = o.Clock().Sub(start).Seconds()
	asked := slices.Clone(set.Questions)
	if o.Typos > 0 {
		random := rand.New(rand.NewPCG(o.Seed, o.Seed))
		for i := range asked {
			asked[i].Text = questions.Misspell(asked[i].Text, o.Typos, random)
		}
	}
	if err := ask(ctx, engine, tenant, asked, places, items, o.Clock, &r); err != nil {
		return Report{}, err
	}
	if r.UnanswerableRefusedAt10False, err = unanswerable(ctx, engine, tenant, set, &r); err != nil {
		return Report{}, err
	}
	if o.Compare {
		baseline := questions.NewBM25(set.Documents)
		sum := 0.0
		for _, q := range asked {
			sum += questions.NDCG(baseline.Rank(q.Text, 10), q.Grades, 10) / float64(len(asked))
		}
		r.BM25NDCG10 = &sum
	}
	return r, nil
}

// ingest adds and indexes every document as one item, its title the item's. Items are known by their titles, so a title
// that stands twice gets its document's place behind it. A document of which nothing but its id is there is left out: nobody
// could find it.
func ingest(ctx context.Context, engine Indexer, tenant flomastr.TenantID, documents []questions.Document) (map[flomastr.ItemID]int, []flomastr.ItemID, error) {
	titles := make([]string, len(documents))
	seen := map[string]bool{}
	for i, d := range documents {
		titles[i] = clip(d.Title, 250)
		if titles[i] == "" || seen[titles[i]] {
			titles[i] = fmt.Sprintf("%s %d", titles[i], i+1)
		}
		seen[titles[i]] = true
	}
	items := make([]flomastr.ItemID, len(documents))
	err := each(ctx, len(documents), func(ctx context.Context, i int) error {
		text := strings.TrimSpace(documents[i].Text)
		if text == "" {
			text = strings.TrimSpace(documents[i].Title)
		}
		if text == "" {
			return nil
		}
		item, err := engine.Add(ctx, tenant, contextengine.Draft{Title: titles[i], Content: []byte(text), Source: contextengine.FromPaste})
		if err != nil {
			return fmt.Errorf("add document %s: %w", documents[i].ID, err)
		}
		items[i] = item.ID
		if err := engine.Index(ctx, tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}); err != nil {
			return fmt.Errorf("index document %s: %w", documents[i].ID, err)
		}
		return nil
	})
	places := map[flomastr.ItemID]int{}
	for i, id := range items {
		if !id.IsZero() {
			places[id] = i
		}
	}
	return places, items, err
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// ask retrieves for every question twice: as it is, and with its right documents taken away.
func ask(ctx context.Context, engine Engine, tenant flomastr.TenantID, asked []questions.Question, places map[flomastr.ItemID]int, items []flomastr.ItemID, clock flomastr.Clock, r *Report) error {
	took := make([]float64, len(asked))
	answerable, removed := make([]float64, len(asked)), make([]float64, len(asked))
	ranked := make([][]int, len(asked))
	err := each(ctx, len(asked), func(ctx context.Context, i int) error {
		start := clock()
		result, err := engine.Retrieve(ctx, tenant, contextengine.Query{Text: asked[i].Text, Limit: 50})
		if err != nil {
			return fmt.Errorf("ask %s: %w", asked[i].ID, err)
		}
		took[i] = float64(clock().Sub(start)) / float64(time.Millisecond)
		answerable[i] = result.Signals.Answerable
		for _, p := range result.Passages {
			if place := places[p.Item]; !slices.Contains(ranked[i], place) {
				ranked[i] = append(ranked[i], place)
			}
		}
		without := contextengine.Query{Text: asked[i].Text, Limit: 5}
		for place := range asked[i].Grades {
			without.Filters.ExcludeItems = append(without.Filters.ExcludeItems, items[place])
		}
		if result, err = engine.Retrieve(ctx, tenant, without); err != nil {
			return fmt.Errorf("ask %s without its documents: %w", asked[i].ID, err)
		}
		removed[i] = result.Signals.Answerable
		return nil
	})
	if err != nil {
		return err
	}
	n := float64(max(len(asked), 1))
	for i, q := range asked {
		r.NDCG10 += questions.NDCG(ranked[i], q.Grades, 10) / n
		r.Recall3 += questions.Recall(ranked[i], q.Grades, 3) / n
		r.Recall5 += questions.Recall(ranked[i], q.Grades, 5) / n
		r.Recall10 += questions.Recall(ranked[i], q.Grades, 10) / n
		r.Recall20 += questions.Recall(ranked[i], q.Grades, 20) / n
		r.MRR5 += questions.ReciprocalRank(ranked[i], q.Grades, 5) / n
		if questions.Hit(ranked[i], q.Grades, 5) {
			r.Hit5 += 1 / n
		}
	}
	r.GoldRemovedRefusedAt10False = questions.RefusedAt(answerable, removed, 0.1)
	r.LatencyP50, r.LatencyP95 = percentiles(took)
	r.scores = answerable
	return nil
}

// percentiles sorts what questions took and gives the 50th and the 95th.
func percentiles(took []float64) (p50, p95 float64) {
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*95/100]
}

// unanswerable asks the questions that no document answers.
func unanswerable(ctx context.Context, engine Engine, tenant flomastr.TenantID, set *questions.Set, r *Report) (*float64, error) {
	if len(set.Unanswerable) == 0 {
		return nil, nil //nolint:nilnil // null in the report: the set has none
	}
	scores := make([]float64, len(set.Unanswerable))
	err := each(ctx, len(scores), func(ctx context.Context, i int) error {
		result, err := engine.Retrieve(ctx, tenant, contextengine.Query{Text: set.Unanswerable[i], Limit: 5})
		scores[i] = result.Signals.Answerable
		return err
	})
	if err != nil {
		return nil, err
	}
	refused := questions.RefusedAt(r.scores, scores, 0.1)
	return &refused, nil
}

// each calls fn for 0…n-1, a few at a time, until one fails.
func each(ctx context.Context, n int, fn func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := fn(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
