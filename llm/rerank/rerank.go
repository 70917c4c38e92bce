// Package rerank asks a reranking model over HTTP, in the form that Cohere introduced and Jina, Voyage, vLLM and others took over, or
// in that of text-embeddings-inference, which serves one model and therefore takes no name for it.
package rerank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

var _ llm.Reranker = (*Reranker)(nil)

// Config says whom to ask.
type Config struct {
	URL   string // what comes before /rerank, such as https://api.jina.ai/v1
	Key   string // may be empty for a server of one's own
	Model string // empty: text-embeddings-inference
	HTTP  *http.Client
}

// Reranker asks one service. It is safe for concurrent use.
type Reranker struct{ cfg Config }

// New makes a reranker. The address was checked by whoever keeps it.
func New(cfg Config) *Reranker {
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	return &Reranker{cfg}
}

// What can go wrong, for the log of whoever set the service up. No text and no key is part of any.
var (
	ErrAway    = flomastr.Errorf(flomastr.Unavailable, "reranker_unreachable", "The reranking service cannot be reached.")
	ErrSlow    = flomastr.Errorf(flomastr.UpstreamTimeout, "reranker_timeout", "The reranking service took too long.")
	ErrRefused = flomastr.Errorf(flomastr.Upstream, "reranker_refused", "The reranking service refuses to answer; check its address, its key and the model.")
	ErrAnswer  = flomastr.Errorf(flomastr.Upstream, "reranker_broken", "The reranking service answered with something other than a score for each text.")
)

// answerBytes is far more than a few dozen scores take, also from services that send the texts back.
const answerBytes = 1 << 20

// Rerank implements llm.Reranker.
func (r *Reranker) Rerank(ctx context.Context, question string, texts []string) ([]float64, error) {
	body, err := json.Marshal(r.question(question, texts))
	if err != nil {
		return nil, fmt.Errorf("write the question: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.cfg.URL+"/rerank", bytes.NewReader(body))
	if err != nil {
		return nil, ErrRefused.Because(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.cfg.Key)
	}
	resp, err := r.cfg.HTTP.Do(req)
	if err != nil {
		return nil, broken(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		cause := fmt.Errorf("status %d", resp.StatusCode)
		if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
			return nil, ErrAway.Because(cause)
		}
		return nil, ErrRefused.Because(cause)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return nil, broken(err)
	}
	scores, err := r.read(answer, len(texts))
	if err != nil {
		return nil, ErrAnswer.Because(err)
	}
	return scores, nil
}

func broken(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || flomastr.KindOf(err) == flomastr.UpstreamTimeout {
		return ErrSlow.Because(err)
	}
	return ErrAway.Because(err)
}

func (r *Reranker) question(question string, texts []string) any {
	if r.cfg.Model == "" {
		return map[string]any{"query": question, "texts": texts, "truncate": true}
	}
	return map[string]any{"model": r.cfg.Model, "query": question, "documents": texts, "top_n": len(texts)}
}

// score is one text's. Pointers, because a number that is missing would else be read as 0.
type score struct {
	Index     *int     `json:"index"`
	Score     *float64 `json:"score"`           // of text-embeddings-inference
	Relevance *float64 `json:"relevance_score"` // of the others
}

func (r *Reranker) read(answer []byte, texts int) ([]float64, error) {
	var list []score
	var err error
	if r.cfg.Model == "" {
		err = json.Unmarshal(answer, &list)
	} else {
		var said struct {
			Results []score `json:"results"`
			Data    []score `json:"data"` // as Voyage calls them
		}
		err = json.Unmarshal(answer, &said)
		list = slices.Concat(said.Results, said.Data)
	}
	if err != nil {
		return nil, errors.New("it is no JSON of the promised form") // the parser's own words quote the answer
	}
	if len(list) != texts {
		return nil, fmt.Errorf("%d scores for %d texts", len(list), texts)
	}
	out, known := make([]float64, texts), make([]bool, texts)
	for _, s := range list {
		value := s.Relevance
		if value == nil {
			value = s.Score
		}
		if s.Index == nil || *s.Index < 0 || *s.Index >= texts || known[*s.Index] || value == nil || math.IsNaN(*value) || math.IsInf(*value, 0) {
			return nil, errors.New("the scores are not those of the texts")
		}
		out[*s.Index], known[*s.Index] = *value, true
	}
	return out, nil
}
