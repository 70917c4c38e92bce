package llm

import "context"

// Embedder turns texts into vectors whose cosine says how alike they are.
//
// An implementation returns one vector of Dimensions numbers for each text, in order, or an error and nothing. Vectors
// have length 1. It must give the same vector for the same text while Name stays the same: vectors of different names
// are never compared. The caller bounds how many texts it hands over at once and may call from several goroutines.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Name identifies the model and its version; it is stored beside every vector.
	Name() string
	Dimensions() int
}
