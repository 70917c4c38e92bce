package contextengine

import (
	"context"
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

// vector embeds the question. Without its vector a question is still answered by the other legs, so a failing embedder is
// logged and passed over.
func (e *Engine) vector(ctx context.Context, tenant flomastr.TenantID, question asked, text string) ([]float32, string) {
	if e.Clock().UnixNano() < e.restUntil.Load() {
		return nil, ""
	}
	if question.corrected != "" {
		text = question.corrected
	}
	asking, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	vectors, err := e.Embedder.Embed(asking, []string{text})
	if err == nil {
		err = checkVectors(vectors, 1, e.Embedder.Dimensions())
	}
	if err != nil {
		if ctx.Err() == nil { // else whoever asked has left
			e.restUntil.Store(e.Clock().Add(embedderRest).UnixNano())
		}
		e.Log.WarnContext(ctx, "question not embedded", "tenant_id", tenant, "error", err)
		return nil, ""
	}
	return vectors[0], e.Embedder.Name()
}
