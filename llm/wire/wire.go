// Package wire is what the adapters of language models share: one question through the guarded client, and its refusal as an error
// that says what to do. A refusal is told apart before a provider's SDK sees it, because the SDKs keep its text, which may hold the
// key or the prompt.
package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
)

// Client asks once for a stream of events. It is what the SDKs take for a client.
type Client struct{ HTTP *http.Client }

const refusalBytes = 64 << 10

// Do sends a question. Whatever is not a stream of events is an error of package llm.
func (c Client) Do(req *http.Request) (*http.Response, error) {
	for name := range req.Header {
		if strings.HasPrefix(name, "X-Stainless-") { // what this server runs on is nobody's business
			req.Header.Del(name)
		}
	}
	resp, err := c.HTTP.Do(req) //nolint:gosec // the guarded client decides where questions may go
	if err != nil {
		return nil, Broken(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, refusalBytes)) // what is not read says nothing
		return nil, refusal(resp.StatusCode, resp.Header, body)
	}
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "text/event-stream") {
		_ = resp.Body.Close()
		return nil, llm.ErrModelBroken.Because(errors.New("no stream of events"))
	}
	return resp, nil
}

// Broken is what a connection's failure means, before or in the middle of an answer. What is an error of ours stays it.
func Broken(err error) error {
	var ours *flomastr.Error
	switch known := errors.As(err, &ours); {
	case known && strings.HasPrefix(ours.Code, "model_"):
		return ours
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, safehttp.ErrTooLarge):
		return llm.ErrModelEndless
	case errors.Is(err, context.DeadlineExceeded), flomastr.KindOf(err) == flomastr.UpstreamTimeout, isTimeout(err):
		return llm.ErrModelSlow.Because(plain(err))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return llm.ErrModelCut
	}
	return llm.ErrModelAway.Because(plain(err))
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// plain leaves out the address, whose query may hold a key.
func plain(err error) error {
	var place interface{ Unwrap() error }
	for errors.As(err, &place) && strings.Contains(err.Error(), "://") {
		if err = place.Unwrap(); err == nil {
			return errors.New("no connection")
		}
	}
	return err
}

// Interrupted is what ended a stream that had begun: a connection that is gone by then has cut the answer.
func Interrupted(err error) error {
	if err = Broken(err); errors.Is(err, llm.ErrModelAway) {
		return llm.ErrModelCut.Because(err)
	}
	return err
}

type words struct {
	Type    string `json:"type"`
	Code    any    `json:"code"` // a text at OpenAI, a number at others
	Message string `json:"message"`
}

func refusal(status int, header http.Header, body []byte) error {
	var said struct {
		Error words `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // a page says only its status
	return told(status, RetryAfter(header), said.Error)
}

// Said is what an error in the middle of a stream means: the object that it holds under "error".
func Said(event []byte) error {
	var said struct {
		Error words `json:"error"`
	}
	if json.Unmarshal(event, &said) != nil {
		return llm.ErrModelBroken.Because(errors.New("an error event that cannot be read"))
	}
	if status, ok := statusOf[said.Error.Type]; ok {
		return told(status, 0, said.Error)
	}
	return told(http.StatusInternalServerError, 0, said.Error)
}

// statusOf are the types of errors that come inside a stream, where no status comes with them.
var statusOf = map[string]int{
	"invalid_request_error": http.StatusBadRequest, "authentication_error": http.StatusUnauthorized, "permission_error": http.StatusForbidden,
	"not_found_error": http.StatusNotFound, "rate_limit_error": http.StatusTooManyRequests, "rate_limit_exceeded": http.StatusTooManyRequests,
	"insufficient_quota": http.StatusTooManyRequests, "billing_error": http.StatusPaymentRequired, "api_error": http.StatusInternalServerError,
	"overloaded_error": statusOverloaded, "server_error": http.StatusInternalServerError,
}

const statusOverloaded = 529 // Anthropic's

func told(status int, wait time.Duration, w words) error {
	code, _ := w.Code.(string)
	message := strings.ToLower(w.Message)
	var err *flomastr.Error
	switch {
	case status == http.StatusPaymentRequired, w.Type == "insufficient_quota", code == "insufficient_quota", strings.Contains(message, "credit balance"):
		err = llm.ErrModelQuota
	case status == http.StatusTooManyRequests:
		err = llm.ErrModelLimited
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status >= 500:
		err = llm.ErrModelAway
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		err = llm.ErrModelKey
	case code == "model_not_found", status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status < 400:
		err = llm.ErrModelUnknown
	case status == http.StatusRequestEntityTooLarge, code == "context_length_exceeded", tooLong(message):
		err = llm.ErrModelTooLong
	default:
		err = llm.ErrModelRefused
	}
	err = err.Because(fmt.Errorf("status %d", status))
	if err.Kind == flomastr.Limited || err.Kind == flomastr.Unavailable {
		err.RetryAfter = wait
	}
	return err
}

// tooLong knows the sentences of those who have no code for it.
func tooLong(message string) bool {
	for _, part := range []string{"context length", "context window", "prompt is too long", "context size", "too many tokens"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// RetryAfter reads both forms of the header, seconds and a date, and believes at most a day.
func RetryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), 24*time.Hour)
	}
	return 0
}
