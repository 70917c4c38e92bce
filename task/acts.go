package task

import "slices"

// Status is where a task stands.
type Status string

// The statuses: open, and the ways in which a task ends. It never leaves an end.
const (
	Open            Status = "open"
	Approved        Status = "approved"
	ReworkRequested Status = "rework_requested"
	Rejected        Status = "rejected"
	Answered        Status = "answered"   // a person wrote to the customer by hand
	Superseded      Status = "superseded" // a newer task asks about the same
	Closed          Status = "closed"     // it needs nobody: handed back, closed, taken back, opted out
)

// Statuses lists them all.
func Statuses() []Status {
	return []Status{Open, Approved, ReworkRequested, Rejected, Answered, Superseded, Closed}
}

// act is a way in which a task ends: who may end which kinds of it so.
type act struct {
	to     Status
	kinds  []Kind
	person bool // a person's act; the others follow from what happened in the conversation
}

// acts is the whole state machine: every act leads from open to its end. What is not here is a conflict.
//
//nolint:gochecknoglobals // a table
var acts = []act{
	{to: Approved, kinds: []Kind{Draft, HandOver, Question}, person: true},
	{to: ReworkRequested, kinds: []Kind{Draft, Question}, person: true},
	{to: Rejected, kinds: []Kind{Draft, HandOver, Question}, person: true},
	{to: Answered, kinds: []Kind{Draft, HandOver}},
	{to: Superseded, kinds: []Kind{Draft, HandOver}},
	{to: Closed, kinds: []Kind{Draft, HandOver}},
}

// Ends lists the kinds of tasks that come to an end by themselves in this way, and for a person's act none.
func Ends(to Status) []Kind {
	for _, a := range acts {
		if a.to == to && !a.person {
			return a.kinds
		}
	}
	return nil
}

// Resolution is what a person makes of a task.
type Resolution struct {
	Action   Status // Approved, ReworkRequested or Rejected
	Feedback string
	Reply    string // in the place of the draft; empty: the draft as it is
}

// Says is what is sent when the resolution is carried out, and "" for nothing.
func (r Resolution) Says(t Task) string {
	switch {
	case r.Action != Approved:
		return ""
	case r.Reply != "":
		return r.Reply
	default:
		return t.Draft
	}
}

// Check tells why a resolution cannot be carried out: ErrAnswered, ErrOutdated and ErrEnded say that somebody was
// faster.
func (t Task) Check(r Resolution) error {
	switch t.Status {
	case Open:
	case Answered:
		return ErrAnswered
	case Superseded:
		return ErrOutdated
	default:
		return ErrEnded
	}
	i := slices.IndexFunc(acts, func(a act) bool { return a.to == r.Action && a.person })
	switch {
	case i < 0 || !slices.Contains(acts[i].kinds, t.Kind):
		return ErrNotAsked
	case r.Action == ReworkRequested && r.Feedback == "":
		return ErrNoFeedback
	case r.Action == Approved && t.Kind != Question && r.Says(t) == "":
		return ErrNothingToSay
	}
	return nil
}
