package whatsapp

import (
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// OutKind says what a message of ours is, and so who may call it back.
type OutKind string

// The kinds.
const (
	KindAnswer OutKind = "answer" // the assistant's, or an outside worker's: it yields to a person who takes over
	KindReply  OutKind = "reply"  // a person's, another system's, or the last word before a person takes over
	KindNotice OutKind = "notice" // the confirmation of an opt-out, which goes to everybody
)

// Standing is what decides whether a message of ours that waits may still go.
type Standing struct {
	Kind       OutKind
	Owner      Owner
	OptOut     Scope
	Marketing  bool
	Template   bool
	Held       bool   // WhatsApp takes no advertising to this customer for a day
	Refused    string // why its template cannot be sent: see [TemplateProblem]
	WindowOpen bool
	Expired    bool
}

// CallOff says why a message must not be sent any more, in a sentence for people; empty when it may go. It is asked
// when the message's turn comes, and once more before the call.
func (s Standing) CallOff() string {
	switch {
	case s.Kind == KindAnswer && s.Owner == OwnerMember:
		return "Not sent: a person took over the conversation."
	case s.Kind != KindNotice && !s.OptOut.Allows(s.Marketing):
		return "Not sent: the customer has asked not to be written to."
	case s.Expired:
		return "Not sent: it could not be sent in time, and a late answer would confuse."
	case s.Held && s.Marketing:
		return "Not sent: WhatsApp holds advertising to this customer back for a day."
	case s.Refused != "":
		return s.Refused
	case !s.WindowOpen && !s.Template:
		return "Not sent: the 24-hour window closed before it could go out."
	default:
		return ""
	}
}

// Allows tells whether somebody who opted out in this scope may still be written to; marketing says what it would be.
func (s Scope) Allows(marketing bool) bool {
	return s == "" || s == ScopeMarketing && !marketing
}

// Because says in a word why a turn got no answer.
type Because string

// The reasons of silence.
const (
	BecausePerson  Because = "person"    // a person is writing
	BecauseOptOut  Because = "opted_out" // the customer does not want to be written to
	BecauseLate    Because = "late"      // it came late, and something newer is answered already
	BecauseNothing Because = "nothing"   // nothing is left to answer
)

// forward are the states through which a message of ours goes; it may leave out any, and never goes back.
var forward = []provider.State{
	provider.StateQueued, provider.StateIntent, provider.StateUnknown, provider.StateAccepted, provider.StateSent,
	provider.StateDelivered, provider.StateRead,
}

// StatesBefore lists the states from which a message of ours may come to another. What arrives late is recorded and moves
// nothing; a failure after the delivery is ignored, and a delivery after a failure wins, because the customer has the
// message. Only a call that has begun can end unknown.
func StatesBefore(to provider.State) []provider.State {
	before := forward[:max(0, slices.Index(forward, to))]
	switch to {
	case provider.StateFailed:
		before = forward[:slices.Index(forward, provider.StateDelivered)]
	case provider.StateUnknown:
		before = []provider.State{provider.StateIntent}
	case provider.StateDelivered, provider.StateRead:
		before = append(slices.Clone(before), provider.StateFailed)
	}
	return before
}

// Late tells whether all messages of a turn were written before one that is answered already. An edit is news whenever
// its message was written.
func Late(messages []flomastr.TurnMessage, answeredTo time.Time) bool {
	for _, m := range messages {
		if !m.At.Before(answeredTo) || m.Type == TypeEdit {
			return false
		}
	}
	return true
}
