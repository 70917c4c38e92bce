package llm

import "context"

// Reranker reads a question together with each text and says how well the text answers it. It is dearer than comparing
// vectors, so it is asked about few texts.
type Reranker interface {
	// Rerank gives a number for each text, in order, more for better, on a scale of its own. It returns an error of package
	// flomastr and nothing else when it cannot tell of all of them. It never retries by itself.
	Rerank(ctx context.Context, question string, texts []string) ([]float64, error)
}
