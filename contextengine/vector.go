package contextengine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

const (
	// questionTime is how long the vector of a question is waited for: a customer waits with it.
	questionTime = 2 * time.Second
	// embedderRest is how long an embedder that failed is not asked for a question's vector, so that while it is away only one
	// question in so long waits for it.
	embedderRest = 15 * time.Second
)

// vector embeds the question by the embedder whose vectors serve. Without its vector a question is still answered by the
// other legs, so a failing embedder is logged, noted where the tenant sees it, and passed over.
func (e *Engine) vector(ctx context.Context, tenant flomastr.TenantID, question asked, text string) ([]float32, string) {
	if question.model == "" {
		return nil, "" // nothing is published
	}
	embedder, err := e.serving(ctx, tenant, question.model)
	if err != nil {
		e.Log.WarnContext(ctx, "question not embedded", "tenant_id", tenant, "error", err)
		return nil, ""
	}
	if e.resting.until(embedder, tenant).After(e.Clock()) {
		return nil, ""
	}
	if question.corrected != "" {
		text = question.corrected
	}
	asking, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	vectors, err := embedTexts(asking, embedder, []string{text})
	if err != nil {
		if ctx.Err() == nil { // else whoever asked has left
			e.resting.rest(embedder, tenant, e.Clock().Add(embedderRest))
			e.noteFailure(ctx, tenant, embedder, err)
		}
		e.Log.WarnContext(ctx, "question not embedded", "tenant_id", tenant, "error", err)
		return nil, ""
	}
	return vectors[0], embedder.Name()
}

func (e *Engine) noteFailure(ctx context.Context, tenant flomastr.TenantID, embedder chosen, cause error) {
	if embedder.own.IsZero() {
		return // the operator's, whose log it is in
	}
	sentence := "The embedding service could not be asked."
	if known, ok := errors.AsType[*flomastr.Error](cause); ok && known.Kind != flomastr.Internal {
		sentence = known.Message
	}
	if err := e.Embedders.NoteFailure(ctx, tenant, embedder.own, sentence); err != nil {
		e.Log.WarnContext(ctx, "failure of the embedder not noted", "tenant_id", tenant, "error", err)
	}
}

// rests remembers which embedders have failed lately. One that a tenant has chosen is apart from all others, whatever they
// are called: its key is its own.
type rests struct {
	mu   sync.Mutex
	ends map[restKey]time.Time
}

type restKey struct {
	tenant flomastr.TenantID
	model  string
}

func restKeyOf(embedder chosen, tenant flomastr.TenantID) restKey {
	if embedder.own.IsZero() {
		tenant = flomastr.TenantID{}
	}
	return restKey{tenant, embedder.Name()}
}

func (r *rests) until(embedder chosen, tenant flomastr.TenantID) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ends[restKeyOf(embedder, tenant)]
}

func (r *rests) rest(embedder chosen, tenant flomastr.TenantID, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends == nil {
		r.ends = map[restKey]time.Time{}
	}
	r.ends[restKeyOf(embedder, tenant)] = until
}
