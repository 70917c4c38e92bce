package audit

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Query is what somebody wants to see of a log. Empty members want everything.
type Query struct {
	Actor  flomastr.Actor // or impersonator
	Action string         // whole, or the noun before its point
	Object string
	From   time.Time
	Until  time.Time // not included
	After  Mark      // the last line of the page before
	Limit  int
}

// Mark is a place in a log.
type Mark struct {
	At time.Time
	ID LineID
}
