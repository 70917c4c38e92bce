package audit

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Outcome says what came of an act.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"
	Denied Outcome = "denied"
	Failed Outcome = "failed"
)

// Record is one line of the log. Detail never holds a secret or what a customer wrote: names, ids and old and new values
// of settings only.
type Record struct {
	Tenant flomastr.TenantID // zero for what belongs to no tenant
	Actor  flomastr.Actor
	// Impersonator is the person who acted in Actor's place, if another did.
	Impersonator flomastr.Actor
	Action       string // noun.verb, such as tenant.provisioned
	Object       string // what was acted upon: a noun and an id, or an address
	Outcome      Outcome
	Detail       map[string]string
}

// Recorder appends a line outside of any other change. The request's id is taken from the context, the time from the
// database. A line that cannot be written is an error for the caller to log, not a reason to undo what happened.
type Recorder interface {
	Record(ctx context.Context, record Record) error
}
