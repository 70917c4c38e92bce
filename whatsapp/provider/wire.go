package provider

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Wire watches how far a request got. What was not written completely cannot have been understood by the provider;
// what was may have been.
type Wire struct {
	connected atomic.Bool
	complete  atomic.Bool
	broken    atomic.Bool
}

// Trace watches the requests made under the context that it returns.
func (w *Wire) Trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				w.complete.Store(true)
			} else {
				w.broken.Store(true)
			}
		},
	})
}

// Failure says what a failed call to the provider of that name means for the message.
func (w *Wire) Failure(name string, err error) *SendError {
	e := UnknownOutcome("The connection to "+name+" failed while the message was handed over.", err) // be careful where the transport did not say
	switch {
	case w.complete.Load(): // on any of the tries that the transport made
		e.Sentence = "The connection to " + name + " failed after the message was handed over."
	case !w.connected.Load(), w.broken.Load():
		e.Outcome, e.Sentence = NotSent, name+" could not be reached."
	}
	e.Away = true
	return e
}

// BrokeOff is an answer of the provider of that name that nobody could read to its end.
func BrokeOff(name string, err error) *SendError {
	e := UnknownOutcome(name+"'s answer broke off.", err)
	e.Away = true
	return e
}

// OutOfOrder tells whether an answer says no more than that the provider cannot answer now.
func (e *SendError) OutOfOrder(status int) bool {
	return status >= 500 && !e.Throttled && e.Effect == NoEffect
}

// Unredirected is the client that stays where it was sent: a redirect would carry the credentials and the message to a place
// that nobody checked. None stays none.
func Unredirected(c *http.Client) *http.Client {
	if c == nil {
		return nil
	}
	client := *c
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// RefusedMessage is a message that is never going to be taken.
func RefusedMessage(sentence string) *SendError {
	return &SendError{Outcome: Refused, Sentence: sentence}
}

// UnknownOutcome is a call after which nobody knows whether the provider took the message.
func UnknownOutcome(sentence string, err error) *SendError {
	return &SendError{Outcome: Unknown, Sentence: sentence, Err: err}
}

// RetryAfter reads both forms of the header and believes at most ten minutes.
func RetryAfter(h http.Header) time.Duration {
	s := h.Get("Retry-After")
	var d time.Duration
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = time.Until(t)
	}
	return min(max(d, 0), 10*time.Minute)
}

// SameSecret compares digests, so that neither length nor content shows in the time it takes.
func SameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
