package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm/wire"
)

// What can go wrong, as sentences for whoever set the service up. No text and no key is part of any.
var (
	ErrAway    = flomastr.Errorf(flomastr.Unavailable, "embedder_unreachable", "The embedding service cannot be reached; knowledge is found by its words meanwhile.")
	ErrSlow    = flomastr.Errorf(flomastr.UpstreamTimeout, "embedder_timeout", "The embedding service took too long; knowledge is found by its words meanwhile.")
	ErrLimited = flomastr.Errorf(flomastr.Limited, "embedder_limited", "The embedding service is asked too often, or its quota is used up.")
	ErrKey     = flomastr.Errorf(flomastr.Upstream, "embedder_key", "The embedding service refuses the key; enter it again.")
	ErrUnknown = flomastr.Errorf(flomastr.Upstream, "embedder_unknown", "The embedding service does not know this address or model; check both.")
	ErrRefused = flomastr.Errorf(flomastr.Upstream, "embedder_refused", "The embedding service refuses to embed; check the model and its dimensions.")
	ErrAnswer  = flomastr.Errorf(flomastr.Upstream, "embedder_broken", "The embedding service answered with something other than usable vectors; check the address, the model and its dimensions.")
)

// answerBytes is more than 32 vectors of 4,096 numbers take.
const answerBytes = 8 << 20

type question struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Encoding   string   `json:"encoding_format"`
	Dimensions int      `json:"dimensions,omitempty"`
}

// ask asks once.
func (e *Embedder) ask(ctx context.Context, texts []string) ([][]float32, int, error) {
	q := question{Model: e.cfg.Model, Input: texts, Encoding: "float"}
	if e.cfg.Shorten {
		q.Dimensions = e.cfg.Dimensions
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, 0, fmt.Errorf("write the question: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(body))
	if err != nil {
		return nil, 0, ErrUnknown.Because(err)
	}
	req.Header.Set("Content-Type", "application/json")
	switch {
	case e.cfg.Key == "":
	case e.cfg.KeyHeader != "":
		req.Header.Set(e.cfg.KeyHeader, e.cfg.Key)
	default:
		req.Header.Set("Authorization", "Bearer "+e.cfg.Key)
	}
	resp, err := e.cfg.HTTP.Do(req)
	if err != nil {
		return nil, 0, broken(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, refusal(resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes+1))
	if err != nil {
		return nil, 0, broken(err)
	}
	if len(answer) > answerBytes {
		return nil, 0, ErrAnswer.Because(errors.New("the answer is too long"))
	}
	vectors, tokens, err := readAnswer(answer, len(texts), e.cfg.Dimensions)
	if err != nil {
		return nil, 0, ErrAnswer.Because(err)
	}
	return vectors, tokens, nil
}

func broken(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || flomastr.KindOf(err) == flomastr.UpstreamTimeout {
		return ErrSlow.Because(err)
	}
	return ErrAway.Because(err)
}

func refusal(resp *http.Response) error {
	cause := fmt.Errorf("status %d", resp.StatusCode)
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		err := ErrLimited.Because(cause)
		err.RetryAfter = wire.RetryAfter(resp.Header)
		return err
	case code == http.StatusRequestTimeout, code >= 500:
		err := ErrAway.Because(cause)
		err.RetryAfter = wire.RetryAfter(resp.Header)
		return err
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return ErrKey.Because(cause)
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code < 400:
		return ErrUnknown.Because(cause)
	}
	return ErrRefused.Because(cause)
}

// readAnswer gives the vectors in the order of the texts, each of length 1. Any that is not as it must be spoils the answer.
func readAnswer(answer []byte, texts, dimensions int) ([][]float32, int, error) {
	var said struct {
		Data []struct {
			Index *int `json:"index"`
			// Pointers, because null would else be read as 0.
			Embedding []*float32 `json:"embedding"`
		} `json:"data"`
		Usage struct {
			Total int `json:"total_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, 0, errors.New("it is no JSON of the promised form") // the parser's own words quote the answer
	}
	if len(said.Data) != texts {
		return nil, 0, fmt.Errorf("%d vectors for %d texts", len(said.Data), texts)
	}
	out := make([][]float32, texts)
	for _, d := range said.Data {
		if d.Index == nil || *d.Index < 0 || *d.Index >= texts || out[*d.Index] != nil {
			return nil, 0, errors.New("the numbers of the vectors are not those of the texts")
		}
		if dimensions == 0 {
			dimensions = len(d.Embedding)
		}
		if len(d.Embedding) != dimensions {
			return nil, 0, fmt.Errorf("a vector of %d dimensions, not %d", len(d.Embedding), dimensions)
		}
		v, err := unit(d.Embedding)
		if err != nil {
			return nil, 0, err
		}
		out[*d.Index] = v
	}
	return out, max(said.Usage.Total, 0), nil
}

// unit brings a vector to length 1.
func unit(numbers []*float32) ([]float32, error) {
	sum := 0.0
	for _, x := range numbers {
		if x == nil {
			return nil, errors.New("a vector holds a number that is none")
		}
		sum += float64(*x) * float64(*x)
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return nil, errors.New("a vector has no direction")
	}
	v := make([]float32, len(numbers))
	for i, x := range numbers {
		v[i] = float32(float64(*x) / math.Sqrt(sum))
	}
	return v, nil
}
