package llm

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Service is an embedding service as whoever may use it describes it.
type Service struct {
	URL       string // what comes before /embeddings; a query is kept
	Key       string // may be empty for a server of one's own
	KeyHeader string // api-key at Azure; empty: Authorization, as a bearer token
	Model     string
	// Dimensions is the length of its vectors; before it was probed, the wanted one, 0 for the model's own.
	Dimensions int
	Shorten    bool // ask for that many: only some models can, the others refuse the question
}

// Name tells services apart whose vectors cannot be compared. Two services may call different models alike, so the address is
// part of it; a key is not.
func (s Service) Name() string {
	place := sha256.Sum256([]byte(s.URL))
	return fmt.Sprintf("%s/%d@%x", s.Model, s.Dimensions, place[:4])
}

// Budget bounds what may be spent on a service.
type Budget interface {
	// Reserve counts tokens before they are used, and answers an error of kind Limited when they do not fit.
	Reserve(ctx context.Context, tokens int) error
	// Settle puts what was used, 0 for a failure, in the place of what was reserved.
	Settle(ctx context.Context, reserved, used int) error
}

// Services reaches services that are not known before somebody names them.
type Services interface {
	// Probe asks a service once, and gives it back as it is to be asked from then on. What is wrong with it is an error whose
	// sentence says what to change.
	Probe(ctx context.Context, service Service) (Service, error)
	// Open gives the embedder of a service that was probed. Its vectors are kept under the name; without a budget there is no
	// bound.
	Open(service Service, name string, budget Budget) Embedder
}
