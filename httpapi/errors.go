package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
)

// Problem is the body of every error (RFC 9457), with a stable code for scripts and the request's id for support. It
// never holds the value that was wrong, which may be a secret.
type Problem struct {
	Type      string                `json:"type" doc:"A URI that names the problem's type" example:"about:blank"`
	Title     string                `json:"title" doc:"The status in words" example:"Unprocessable Entity"`
	Status    int                   `json:"status" doc:"The HTTP status" example:"422"`
	Detail    string                `json:"detail" doc:"What went wrong and what to do about it"`
	Code      string                `json:"code" doc:"A stable code for scripts" example:"invalid_request"`
	RequestID string                `json:"request_id,omitempty" doc:"The id under which the log knows this request"`
	Errors    []flomastr.FieldError `json:"errors,omitempty" doc:"The fields that are wrong"`
	OpenAI    *OpenAIError          `json:"error,omitempty" doc:"Under /v1: the same in the words that OpenAI's clients read"`

	retryAfter time.Duration
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	if p.retryAfter <= 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds())))}}
}

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses is the one place where a kind of failure becomes a status.
var statuses = map[flomastr.Kind]int{ //nolint:gochecknoglobals // a table
	flomastr.Internal:        http.StatusInternalServerError,
	flomastr.Malformed:       http.StatusBadRequest,
	flomastr.Invalid:         http.StatusUnprocessableEntity,
	flomastr.NotFound:        http.StatusNotFound,
	flomastr.Conflict:        http.StatusConflict,
	flomastr.Forbidden:       http.StatusForbidden,
	flomastr.Unauthenticated: http.StatusUnauthorized,
	flomastr.Limited:         http.StatusTooManyRequests,
	flomastr.TooLarge:        http.StatusRequestEntityTooLarge,
	flomastr.Unsupported:     http.StatusUnsupportedMediaType,
	flomastr.Unavailable:     http.StatusServiceUnavailable,
	flomastr.Upstream:        http.StatusBadGateway,
	flomastr.UpstreamTimeout: http.StatusGatewayTimeout,
}

// problemOf turns an error into what the caller may see. An error that is not ours shows nothing of itself.
func problemOf(ctx context.Context, err error) *Problem {
	if ready, ok := errors.AsType[*Problem](err); ok {
		return ready
	}
	p := &Problem{
		Type: "about:blank", Status: statuses[flomastr.Internal], Code: "internal", RequestID: flomastr.RequestID(ctx),
		Detail: "Something went wrong on our side. Try again; if it stays, tell us the request id.",
	}
	var e *flomastr.Error
	if errors.As(err, &e) && e.Kind != flomastr.Internal {
		p.Status, p.Code, p.Detail, p.Errors, p.retryAfter = statuses[e.Kind], e.Code, e.Message, e.Fields, e.RetryAfter
		if e.Kind == flomastr.Unavailable && p.retryAfter == 0 {
			p.retryAfter = time.Second
		}
	} else if errors.Is(err, context.DeadlineExceeded) {
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, "timeout", "This took too long. Try again in a moment."
		p.retryAfter = time.Second
	}
	p.Title = http.StatusText(p.Status)
	return p.speak(ctx)
}

// statusClientGone is what servers have come to log for a client that hung up before its answer.
const statusClientGone = 499

// fail logs an error once, with its whole chain, and gives the problem to answer with. Of refusals that only say "later" it logs
// the first, and how many came after it.
func (a *API) fail(ctx context.Context, err error) *Problem {
	p := problemOf(ctx, err)
	if errors.Is(ctx.Err(), context.Canceled) {
		p.Status = statusClientGone // nobody reads the answer, and the log must not count it as ours
	}
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if errors.Is(err, context.Canceled) {
		return p
	}
	if a.storms(p.Status, p.Code, func(held int) {
		a.log.Log(context.WithoutCancel(ctx), level, "requests failed alike", "status", p.Status, "code", p.Code, "times", held)
	}) {
		return p
	}
	a.log.Log(ctx, level, "request failed", "status", p.Status, "code", p.Code, "error", err.Error())
	return p
}

// humaProblem makes a problem of what huma found wrong with a request. huma's own words and its own model may quote the
// offending value.
func humaProblem(ctx context.Context, status int, errs ...error) huma.StatusError {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, RequestID: flomastr.RequestID(ctx)}
	for _, err := range errs {
		var detail huma.ErrorDetailer
		switch {
		case err == nil:
		case errors.As(err, &detail):
			d := detail.ErrorDetail()
			p.Errors = append(p.Errors, flomastr.FieldError{Location: d.Location, Message: d.Message})
		}
	}
	switch status {
	case http.StatusBadRequest:
		p.Code, p.Detail = "malformed", "The request's body does not parse."
	case http.StatusNotAcceptable:
		p.Code, p.Detail = "not_acceptable", "We answer in JSON only."
	case http.StatusRequestTimeout:
		p.Code, p.Detail = "timeout", "The request's body did not arrive in time."
	case http.StatusRequestEntityTooLarge:
		p.Code, p.Detail = "too_large", "The request's body is larger than this route takes."
	case http.StatusUnsupportedMediaType:
		p.Code, p.Detail = "unsupported_media_type", "This route does not take a body of that type."
	case http.StatusUnprocessableEntity:
		p.Code, p.Detail = "invalid_request", "Some fields are missing or wrong; see errors."
	default:
		p.Code, p.Detail = "internal", "Something went wrong on our side. Try again; if it stays, tell us the request id."
	}
	return p.speak(ctx)
}
