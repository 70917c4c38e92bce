package main

import (
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
	service := llm.Service{
		URL: c.EmbeddingBaseURL, Key: c.EmbeddingAPIKey.Reveal(), KeyHeader: header, Model: c.EmbeddingModel, Dimensions: c.EmbeddingDimensions,
	}
	operators := openai.Services{HTTP: safehttp.New(safehttp.Config{Allow: []string{originOf(c.EmbeddingBaseURL)}, Timeout: time.Minute, MaxBytes: 16 << 20}).HTTP()}
	return operators.Open(service, service.Name(), nil)
}

// embeddingServices reaches those that tenants choose, of which none may lie inside.
func embeddingServices(c Config) llm.Services {
	return openai.Services{HTTP: safehttp.New(safehttp.Config{Allow: c.FetchAllow, DenyHosts: ownHosts(c), Timeout: time.Minute, MaxBytes: 16 << 20}).HTTP()}
}
