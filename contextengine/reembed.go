package contextengine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/chunk"
)

// ReembedArgs is the job that embeds all of a tenant's knowledge by the embedder that it wants.
type ReembedArgs struct {
	Tenant   flomastr.TenantID `json:"tenant_id"`
	Embedder EmbedderID        `json:"embedder_id"`
	Run      int               `json:"run"`
}

// Kind names the job in the queue.
func (ReembedArgs) Kind() string { return "knowledge.reembed" }

const (
	reembedSlice = 2 * time.Minute
	// waitPause is how long an embedding service is left alone that is away or asks for less; budgetPause is for the next look
	// whether a month has begun.
	waitPause   = time.Minute
	budgetPause = time.Hour
	// beforeAll is less than the number of any passage: those that releases have staged are below zero, and will serve.
	beforeAll = math.MinInt32
)

// Unembedded is a passage without a vector of the model that was asked for.
type Unembedded struct {
	ID       flomastr.PassageID
	Number   int
	Title    string
	Headings []string
	Text     string
}

// Reembed does the job for a while and tells after which time to go on; 0 when there is nothing left. Until every passage
// has a vector of the wanted model, those of the one before serve; then the wanted one does, in one commit, and the others
// go. It may be killed at any point and done again: only what has no vector yet is embedded.
func (e *Engine) Reembed(ctx context.Context, tenant flomastr.TenantID, args ReembedArgs) (again time.Duration, err error) {
	known, err := e.embedders(ctx, tenant)
	if err != nil {
		return 0, err
	}
	w := wantedOf(known)
	if w == nil || w.ID != args.Embedder || w.Run != args.Run {
		return 0, nil // a later run has a job of its own
	}
	r := reembedding{Engine: e, tenant: tenant, wanted: *w}
	again, err = r.slice(ctx)
	switch flomastr.KindOf(err) {
	case flomastr.Limited, flomastr.UpstreamTimeout, flomastr.Unavailable, flomastr.Upstream:
		if !r.asking {
			break // it is the database that is away
		}
		again, err = r.pause(ctx, err)
	}
	if errors.Is(err, ErrRunPassed) {
		return 0, nil
	}
	return again, err
}

// GiveUpReembed writes that the queue has stopped trying.
func (e *Engine) GiveUpReembed(ctx context.Context, tenant flomastr.TenantID, args ReembedArgs) error {
	err := e.Embedders.NoteRun(ctx, tenant, Embedder{
		ID: args.Embedder, Run: args.Run, State: EmbedderFailed, Problem: "Something went wrong on our side while embedding; save the embedder again.",
	})
	if errors.Is(err, ErrRunPassed) {
		return nil
	}
	return err
}

// reembedding is one slice of a run.
type reembedding struct {
	*Engine
	tenant flomastr.TenantID
	wanted Embedder
	asking bool // whether what went wrong is the embedder's
}

func (r *reembedding) slice(ctx context.Context) (time.Duration, error) {
	embedder, err := r.open(r.tenant, &r.wanted)
	if err != nil {
		return 0, err
	}
	model := embedder.Name()
	over := r.Clock().Add(reembedSlice)
	for after := beforeAll; ; {
		if after == beforeAll { // what was published meanwhile counts too
			if r.wanted.Done, r.wanted.Total, err = r.Content.CountVectors(ctx, r.tenant, model); err != nil {
				return 0, fmt.Errorf("count vectors: %w", err)
			}
			// While there are few of them: it grows with what is added.
			if err := r.Content.IndexVectors(ctx, r.tenant, model, embedder.Dimensions(), exactVectors); err != nil {
				return 0, fmt.Errorf("index vectors: %w", err)
			}
		}
		r.wanted.State, r.wanted.Problem = EmbedderEmbedding, ""
		if err := r.Embedders.NoteRun(ctx, r.tenant, r.wanted); err != nil {
			return 0, err
		}
		batch, err := r.Content.Unembedded(ctx, r.tenant, model, after, embedBatch)
		if err != nil {
			return 0, fmt.Errorf("find passages to embed: %w", err)
		}
		if len(batch) == 0 {
			served, err := r.Content.Serve(ctx, r.tenant, model)
			if err != nil {
				return 0, fmt.Errorf("have the new vectors serve: %w", err)
			}
			if served {
				return 0, r.settle(ctx)
			}
			after = beforeAll
			continue
		}
		if err := r.embed(ctx, embedder, batch); err != nil {
			return 0, err
		}
		after = batch[len(batch)-1].Number
		r.wanted.Done = min(r.wanted.Done+len(batch), r.wanted.Total)
		if r.Clock().After(over) {
			return time.Second, nil
		}
	}
}

func (r *reembedding) embed(ctx context.Context, embedder chosen, batch []Unembedded) error {
	texts := make([]string, len(batch))
	for i, p := range batch {
		texts[i] = passageText(p.Title, chunk.Chunk{Text: p.Text, Headings: p.Headings})
	}
	r.asking = true
	vectors, err := embedTexts(ctx, embedder, texts)
	if err != nil {
		return err
	}
	r.asking = false
	byPassage := make(map[flomastr.PassageID][]float32, len(batch))
	for i, p := range batch {
		byPassage[p.ID] = vectors[i]
	}
	if err := r.Content.SaveVectors(ctx, r.tenant, embedder.Name(), byPassage); err != nil {
		return fmt.Errorf("save vectors: %w", err)
	}
	return nil
}

// settle forgets what served before. A run that has passed leaves that to the one that has begun.
func (r *reembedding) settle(ctx context.Context) error {
	if err := r.Content.DropVectors(ctx, r.tenant); err != nil {
		return fmt.Errorf("drop the vectors before: %w", err)
	}
	return r.Embedders.SettleRun(ctx, r.tenant, r.wanted)
}

// pause shows why nothing goes on, and tells when to look again: never by itself where somebody has to change a setting.
func (r *reembedding) pause(ctx context.Context, cause error) (again time.Duration, err error) {
	known, _ := errors.AsType[*flomastr.Error](cause)
	r.wanted.Problem = known.Message
	switch {
	case errors.Is(cause, ErrBudget):
		r.wanted.State, again = EmbedderBudget, budgetPause
	case known.Kind == flomastr.Upstream:
		r.wanted.State = EmbedderFailed
		r.Log.WarnContext(ctx, "knowledge not embedded anew", "tenant_id", r.tenant, "error", cause)
	default:
		r.wanted.State, again = EmbedderWaiting, max(waitPause, known.RetryAfter)
	}
	return again, r.Embedders.NoteRun(ctx, r.tenant, r.wanted)
}
