// Package rerank is a stand-in for a reranking service that speaks Cohere's form under /v1/rerank and that of
// text-embeddings-inference under /rerank. Its model is a stub: of two texts the one that holds more of the question's words is better.
package rerank

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Key is the one that it takes.
const Key = "rerank-test-key"

// Model is the one that it serves.
const Model = "rerank-test"

// StandIn is the service. It is safe for concurrent use.
type StandIn struct {
	mu     sync.Mutex
	status int
	body   string
	asked  int
}

// Answers makes it answer everything so, until it is called with 0.
func (s *StandIn) Answers(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

// Asked counts the questions.
func (s *StandIn) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

type question struct {
	Model     *string  `json:"model"`
	Query     string   `json:"query"`
	Documents []string `json:"documents"`
	TopN      int      `json:"top_n"`
	Texts     []string `json:"texts"`
	Truncate  bool     `json:"truncate"`
}

// ServeHTTP answers one question.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	status, body := s.status, s.body
	s.mu.Unlock()
	refuse := func(status int, sentence string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": sentence})
	}
	if status != 0 {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Key {
		refuse(http.StatusUnauthorized, "no valid key")
		return
	}
	var q question
	read := json.NewDecoder(r.Body)
	read.DisallowUnknownFields()
	if r.Method != http.MethodPost || read.Decode(&q) != nil || strings.TrimSpace(q.Query) == "" {
		refuse(http.StatusUnprocessableEntity, "a query is needed, and nothing unknown")
		return
	}
	named := q.Model != nil
	texts := q.Texts
	switch {
	case r.URL.Path == "/v1/rerank" && named && *q.Model == Model && q.Texts == nil:
		texts = q.Documents
	case r.URL.Path == "/rerank" && !named && q.Documents == nil:
	default:
		refuse(http.StatusNotFound, "no such model here")
		return
	}
	if len(texts) == 0 || len(texts) > 1000 || slices.Contains(texts, "") {
		refuse(http.StatusUnprocessableEntity, "1 to 1000 texts are needed")
		return
	}
	field := "score"
	if named {
		field = "relevance_score"
	}
	type scored = map[string]any
	list := make([]scored, len(texts))
	for i, text := range texts {
		list[i] = scored{"index": i, field: overlap(q.Query, text)}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return int(1000 * (b[field].(float64) - a[field].(float64))) })
	w.Header().Set("Content-Type", "application/json")
	if named {
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "1", "results": list})
		return
	}
	_ = json.NewEncoder(w).Encode(list)
}

// overlap is the share of the query's words that a text holds.
func overlap(query, text string) float64 {
	words := strings.Fields(strings.ToLower(query))
	n := 0
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), strings.Trim(w, "?!.,")) {
			n++
		}
	}
	return float64(n) / float64(max(len(words), 1))
}
