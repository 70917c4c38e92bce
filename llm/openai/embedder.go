package openai

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr/llm"
)

var _ llm.Embedder = (*Embedder)(nil)

// Config says whom to ask for what.
type Config struct {
	// URL is what comes before /embeddings, such as https://api.openai.com/v1 or, at Azure,
	// https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT?api-version=2024-10-21. A query is kept.
	URL        string
	Key        string // may be empty for a server of one's own
	KeyHeader  string // api-key at Azure; empty: Authorization, as a bearer token
	Model      string
	Dimensions int        // 0: whatever the model makes
	Shorten    bool       // ask for that many dimensions: only some models can, the others refuse the question
	Name       string     // under which the vectors are kept
	Budget     llm.Budget // nil: no bound
	HTTP       *http.Client
	// Wait is slept between two attempts; nil: by the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	// text-embeddings-inference takes 32 texts at a time unless it is told otherwise; OpenAI takes 2,048.
	batchTexts  = 32
	batchTokens = 8000
	// textBytes is what is sent of one text: 8,191 tokens are the most that OpenAI reads, and a token is a byte at least.
	textBytes = 8000
)

// Embedder asks one service. It is safe for concurrent use.
type Embedder struct {
	cfg     Config
	address string
}

// New makes an embedder. The address was checked by whoever keeps it.
func New(cfg Config) *Embedder {
	if cfg.Wait == nil {
		cfg.Wait = sleep
	}
	e := &Embedder{cfg: cfg, address: cfg.URL}
	if u, err := url.Parse(cfg.URL); err == nil {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/embeddings"
		e.address = u.String()
	}
	return e
}

// Name implements llm.Embedder.
func (e *Embedder) Name() string { return e.cfg.Name }

// Dimensions implements llm.Embedder.
func (e *Embedder) Dimensions() int { return e.cfg.Dimensions }

// Embed implements llm.Embedder. A refusal that may pass is asked again, a few times, while the context's deadline allows
// it; what is left of it is Limited, Unavailable or UpstreamTimeout. Upstream says that somebody has to change a setting.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		batch := nextBatch(texts)
		vectors, err := e.batch(ctx, batch)
		if err != nil {
			return nil, err
		}
		out = append(out, vectors...)
		texts = texts[len(batch):]
	}
	return out, nil
}

// nextBatch takes as many texts from the front as one question may hold, each cut to what is read of it.
func nextBatch(texts []string) (batch []string) {
	tokens := 0
	for _, text := range texts {
		if len(text) > textBytes {
			text = strings.ToValidUTF8(text[:textBytes], "")
		}
		if strings.TrimSpace(text) == "" {
			text = "." // an empty text is refused, and its neighbours with it
		}
		n := tokensOf(text)
		if len(batch) == batchTexts || len(batch) > 0 && tokens+n > batchTokens {
			break
		}
		batch, tokens = append(batch, text), tokens+n
	}
	return batch
}

// tokensOf guesses high: four bytes are about a token in English, a character in scripts of three bytes.
func tokensOf(text string) int { return max(len(text)/4, utf8.RuneCountInString(text)/3) + 1 }

func (e *Embedder) batch(ctx context.Context, texts []string) ([][]float32, error) {
	if e.cfg.Budget == nil {
		vectors, _, err := e.tryAgain(ctx, texts)
		return vectors, err
	}
	guess := 0
	for _, text := range texts {
		guess += tokensOf(text)
	}
	if err := e.cfg.Budget.Reserve(ctx, guess); err != nil {
		return nil, err
	}
	vectors, used, err := e.tryAgain(ctx, texts)
	if err == nil && used == 0 {
		used = guess // some do not say
	}
	if used != guess {
		err = cmp.Or(err, e.cfg.Budget.Settle(context.WithoutCancel(ctx), guess, used))
	}
	if err != nil {
		return nil, err
	}
	return vectors, nil
}
