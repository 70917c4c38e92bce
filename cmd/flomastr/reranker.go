package main

import (
	"time"

	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/rerank"
)

// reranker is the operator's service, nil for none.
func reranker(c Config) llm.Reranker {
	if c.RerankURL == "" {
		return nil
	}
	return rerank.New(rerank.Config{
		URL: c.RerankURL, Key: c.RerankAPIKey.Reveal(), Model: c.RerankModel,
		HTTP: safehttp.New(safehttp.Config{Allow: []string{originOf(c.RerankURL)}, Timeout: 10 * time.Second, MaxBytes: 1 << 20}).HTTP(),
	})
}
