// Package speech has voice messages written down by a service that speaks OpenAI's protocol for it: OpenAI itself, or a
// whisper server of one's own. The recording is sent as it is, in one multipart request, and nothing is kept.
package speech

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

var _ llm.Transcriber = (*Transcriber)(nil)

// Config says whom to ask.
type Config struct {
	URL   string // up to and with the version, such as https://api.openai.com/v1
	Key   string // may be empty for a server of one's own
	Model string
	HTTP  *http.Client
}

// Transcriber asks one service. It is safe for concurrent use.
type Transcriber struct{ cfg Config }

// New makes a transcriber.
func New(cfg Config) *Transcriber {
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	return &Transcriber{cfg}
}

// maxAnswer is more than anybody says in the 16 MB of a voice message.
const maxAnswer = 1 << 20

// Transcribe implements llm.Transcriber.
func (t *Transcriber) Transcribe(ctx context.Context, r llm.Recording) (string, error) {
	body, pipe := io.Pipe()
	form := multipart.NewWriter(pipe)
	filled := make(chan struct{})
	go func() { defer close(filled); _ = pipe.CloseWithError(t.fill(form, r)) }()
	defer func() { <-filled }() // nobody reads the recording once its owner may close it
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.cfg.URL+"/audio/transcriptions", body)
	if err != nil {
		_ = body.CloseWithError(err)
		return "", fmt.Errorf("ask for a transcript: %w", err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	if t.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+t.cfg.Key)
	}
	resp, err := t.cfg.HTTP.Do(req)
	_ = body.Close() // whoever still fills it stops
	if err != nil {
		kind, code := flomastr.Upstream, "transcriber_unreachable"
		if errors.Is(err, context.DeadlineExceeded) {
			kind, code = flomastr.UpstreamTimeout, "transcriber_timeout"
		}
		return "", flomastr.Errorf(kind, code, "The service that writes voice messages down could not be reached.").Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", flomastr.Errorf(flomastr.Upstream, "transcriber_unreachable", "The transcript broke off.").Because(err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", refusal(resp)
	}
	var said struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Text == nil {
		return "", flomastr.Errorf(flomastr.Upstream, "transcriber_answer", "The service that writes voice messages down answered something else.").Because(err)
	}
	return strings.TrimSpace(strings.ToValidUTF8(*said.Text, "")), nil
}

func (t *Transcriber) fill(form *multipart.Writer, r llm.Recording) error {
	for name, value := range map[string]string{"model": t.cfg.Model, "response_format": "json"} {
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("file", r.Name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, r.Content); err != nil {
		return err
	}
	return form.Close()
}

// refusal tells what passes by itself from what does not.
func refusal(resp *http.Response) error {
	cause := fmt.Errorf("status %d", resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		err := flomastr.Errorf(flomastr.Limited, "transcriber_limited", "The service that writes voice messages down is asked too often.")
		if seconds, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil && seconds >= 0 {
			err.RetryAfter = time.Duration(seconds) * time.Second
		}
		return err.Because(cause)
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return flomastr.Errorf(flomastr.Upstream, "transcriber_refused", "The service that writes voice messages down refused to.").Because(cause)
	default:
		return flomastr.Errorf(flomastr.Invalid, "not_transcribable", "The recording cannot be written down.").Because(cause)
	}
}
