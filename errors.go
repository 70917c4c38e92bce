package flomastr

import (
	"errors"
	"time"
)

// Kind says what sort of failure an [Error] is. Doors map it to their own vocabulary (an HTTP status, a job outcome);
// nothing else may be read into it.
type Kind uint8

// The kinds. An error of no kind is Internal: it is logged in full and shown to nobody.
const (
	Internal        Kind = iota
	Malformed            // does not parse
	Invalid              // parses, but a field is unknown, missing or out of range
	NotFound             // absent, or another tenant's: the two look the same
	Conflict             // the current state forbids it
	Forbidden            // known caller, not allowed
	Unauthenticated      // no credentials, or bad ones
	Limited              // too many; RetryAfter may be set
	TooLarge             // over a size limit
	Unsupported          // a type of content we do not read
	Unavailable          // a part that we need is away; trying again later may help
	Upstream             // another party answered wrongly
	UpstreamTimeout      // another party did not answer in time
)

// Error is a failure with two audiences. Code and Message may be shown to anybody; Err is for the log alone.
type Error struct {
	Kind       Kind
	Code       string // stable, snake_case, for scripts
	Message    string // a sentence a person can act on
	Fields     []FieldError
	RetryAfter time.Duration
	Err        error // the wrapped cause; never shown
}

// FieldError names one wrong field of a request. It never carries the value, which may be a secret.
type FieldError struct {
	Location string `json:"location"` // dotted path, such as body.slug
	Message  string `json:"message"`
}

// Errorf makes an error of a kind, with a public code and sentence.
func Errorf(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Because returns a copy that wraps the private cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Field returns a copy that also names a wrong field.
func (e *Error) Field(location, message string) *Error {
	c := *e
	c.Fields = append(append([]FieldError(nil), e.Fields...), FieldError{Location: location, Message: message})
	return &c
}

func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the private cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Is makes two errors equal for errors.Is when kind and code are: a sentinel matches its Because and Field copies.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// KindOf finds the kind of the first [Error] in the chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf finds the code of the first [Error] in the chain, else "internal".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
