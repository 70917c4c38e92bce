package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/worker"
)

type evalRetrieval struct {
	Config
	Dir      string  `arg:"" type:"existingdir" help:"A folder with docs.jsonl, queries.jsonl, qrels.tsv and, if there is one, unanswerable.jsonl."`
	Limit    int     `name:"limit" help:"Ask only so many questions."`
	Typos    float64 `name:"typos" help:"Mistype each longer word of a question with this probability."`
	Seed     uint64  `name:"seed" default:"1" help:"Which slips are made."`
	Embedder string  `name:"embedder" enum:"offline" default:"offline" help:"Which embedder the vector leg uses: offline."`
	Compare  string  `name:"compare" enum:",bm25" default:"" help:"Score a baseline on the same questions too: bm25."`
	JSON     bool    `name:"json" help:"Print the scores as JSON."`
}

// Run indexes, asks and scores, and removes what it made, also when it is interrupted.
func (c *evalRetrieval) Run(ctx context.Context, s *surroundings, src *sources) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	set, err := loadSet(c.Dir, c.Limit)
	if err != nil {
		return err
	}
	if c.Typos > 0 {
		chance := rand.New(rand.NewPCG(c.Seed, 0)) //nolint:gosec // slips that repeat
		for i := range set.Queries {
			set.Queries[i].Text = typos(set.Queries[i].Text, c.Typos, chance)
		}
	}
	base, err := layFoundation(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	lab, err := openScratch(ctx, base, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	scores, err := c.measure(ctx, lab, set, s)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.stdout, scores)
	}
	_, err = fmt.Fprintf(s.stdout, "%s: %d questions, nDCG@10 %.4f, recall@10 %.4f, p95 %.1f ms, %d documents in %.1f s\n",
		scores.Set, scores.Queries, scores.NDCGAt10, scores.RecallAt10, scores.LatencyP95, scores.Documents, scores.IngestSeconds)
	if err == nil && scores.Compare != nil {
		_, err = fmt.Fprintf(s.stdout, "%s: nDCG@10 %.4f, ours %+.4f\n", scores.Compare.With, scores.Compare.NDCGAt10, scores.Compare.Gain)
	}
	return err
}

func (c *evalRetrieval) measure(ctx context.Context, lab *scratch, set evalSet, s *surroundings) (evalScores, error) {
	began := time.Now()
	missing, err := lab.index(ctx, set.Docs, func(done, of int) { fmt.Fprintf(s.stderr, "indexed %d of %d\n", done, of) })
	if err != nil {
		return evalScores{}, err
	}
	ingest := time.Since(began).Seconds()
	answers, err := lab.askAll(ctx, set.Queries, false)
	if err != nil {
		return evalScores{}, err
	}
	removed, err := lab.askAll(ctx, set.Queries, true)
	if err != nil {
		return evalScores{}, err
	}
	unanswerable, err := lab.askAll(ctx, set.Unanswerable, false)
	if err != nil {
		return evalScores{}, err
	}
	out := score(set.Queries, answers)
	threshold := refusalThreshold(answers)
	out.Set, out.IngestSeconds, out.Documents, out.DocumentsNotIndexed = set.Name, ingest, len(set.Docs), missing
	out.GoldRemovedRefused, out.UnanswerableRefused = refused(removed, threshold), refused(unanswerable, threshold)
	out.RefusalThresholdAt10F = threshold
	if c.Typos > 0 {
		out.Typos, out.Seed = c.Typos, c.Seed
	}
	if c.Compare != "" {
		plain := score(set.Queries, plainBM25(set.Docs, set.Queries)).NDCGAt10
		out.Compare = &evalComparing{With: c.Compare, NDCGAt10: plain, Gain: out.NDCGAt10 - plain}
	}
	return out, nil
}

// index adds every document as one item and waits until the background jobs have indexed them. It gives the number of
// those that could not be.
func (l *scratch) index(ctx context.Context, docs []evalDoc, progress func(done, of int)) (failed int, err error) {
	stop, err := l.db.StartJobs(context.WithoutCancel(ctx), postgres.Jobs{
		Workers: worker.Kinds(worker.Engines{Knowledge: l.knowledge, Log: l.log}),
		Queues:  map[string]river.QueueConfig{postgres.KnowledgeQueue: {MaxWorkers: 2 * runtime.NumCPU()}},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, stop(ending))
	}()
	titles := map[string]int{}
	for _, d := range docs {
		item, err := l.knowledge.Add(ctx, l.tenant, contextengine.Draft{
			Title: uniqueTitle(d, titles), Content: []byte(d.Text), Source: contextengine.FromPaste,
		})
		if flomastr.KindOf(err) == flomastr.Invalid {
			failed++ // such as a document without text
			continue
		}
		if err != nil {
			return failed, fmt.Errorf("add document %s: %w", d.ID, err)
		}
		l.items[d.ID], l.docs[item.ID] = item.ID, d.ID
	}
	last := time.Now()
	for {
		counts, err := l.knowledge.Health(ctx, l.tenant)
		if err != nil {
			return failed, err
		}
		if counts.Processing == 0 {
			return failed + counts.Failed, nil
		}
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			progress(counts.Embedded, counts.Items)
		}
		select {
		case <-ctx.Done():
			return failed, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// uniqueTitle names a document: an item is known by its title, and a set may use one for several documents.
func uniqueTitle(d evalDoc, taken map[string]int) string {
	title := strings.Join(strings.Fields(d.Title), " ")
	if title == "" {
		title = "Document " + d.ID
	}
	if letters := []rune(title); len(letters) > 280 {
		title = string(letters[:280])
	}
	key := strings.ToLower(title)
	taken[key]++
	if taken[key] > 1 {
		title = fmt.Sprintf("%s (%d)", title, taken[key])
	}
	return title
}

// askAll asks one question after the other, so that each latency is one question's own. With withoutGold the documents
// that answer a question are left out of the search.
func (l *scratch) askAll(ctx context.Context, queries []evalQuery, withoutGold bool) ([]evalAnswer, error) {
	out := make([]evalAnswer, len(queries))
	for i, q := range queries {
		ask := contextengine.Query{Text: q.Text, Limit: 50}
		if withoutGold {
			for id := range q.Gold {
				if item, ok := l.items[id]; ok {
					ask.Filters.ExcludeItems = append(ask.Filters.ExcludeItems, item)
				}
			}
		}
		began := time.Now()
		found, err := l.knowledge.Retrieve(ctx, l.tenant, ask)
		if err != nil {
			return nil, fmt.Errorf("ask question %s: %w", q.ID, err)
		}
		out[i].took, out[i].answerable = time.Since(began), found.Signals.Answerable
		seen := map[flomastr.ItemID]bool{}
		for _, p := range found.Passages {
			if !seen[p.Item] {
				seen[p.Item] = true
				out[i].docs = append(out[i].docs, l.docs[p.Item])
			}
		}
	}
	return out, nil
}
