package provider

import (
	"fmt"
	"time"
)

// Outcome says what may be done after a send that did not end in Accepted.
type Outcome uint8

// The outcomes.
const (
	// Unknown: the provider may have taken the message. It must not be sent again by itself.
	Unknown Outcome = iota
	// NotSent: the provider did not take it, and a later call may succeed.
	NotSent
	// Refused: the provider did not take it and never will.
	Refused
)

// String names the outcome.
func (o Outcome) String() string {
	return [...]string{"unknown", "not_sent", "refused"}[o]
}

// SendError is a send that did not end in Accepted. Its zero Outcome is Unknown, so that a forgotten case is the safe
// one.
type SendError struct {
	Outcome    Outcome
	Effect     Effect
	Throttled  bool          // too many at once: slow down
	Away       bool          // the provider did not answer, or only that it is out of order: no fault of the message's
	Pair       bool          // throttled for this one contact: the others may go on
	RetryAfter time.Duration // the provider's wish; 0 when it named none
	Code       string        // the provider's own code, for people who look it up
	Sentence   string        // what a person should know; holds no secret
	Err        error
}

func (e *SendError) Error() string {
	s := fmt.Sprintf("send %s: %s", e.Outcome, e.Sentence)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }
