package main

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/llm/openai"
)

// embedder is the operator's service, else the one that is built in.
func embedder(c Config) llm.Embedder {
	if c.EmbeddingBaseURL == "" {
		return offline.New()
	}
	header := ""
	if c.EmbeddingKeyHeader != "authorization" {
		header = c.EmbeddingKeyHeader
	}
	// Two services may call different models alike, so the address is part of the name.
	place := sha256.Sum256([]byte(c.EmbeddingBaseURL))
	return openai.New(openai.Config{
		URL: c.EmbeddingBaseURL, Key: c.EmbeddingAPIKey.Reveal(), KeyHeader: header, Model: c.EmbeddingModel, Dimensions: c.EmbeddingDimensions,
		Name: fmt.Sprintf("%s/%d@%x", c.EmbeddingModel, c.EmbeddingDimensions, place[:4]),
		HTTP: safehttp.New(safehttp.Config{Allow: []string{originOf(c.EmbeddingBaseURL)}, Timeout: time.Minute, MaxBytes: 16 << 20}).HTTP(),
	})
}
