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
	First      bool // the first part of an answer to a turn
	Stale      bool // it has waited for longer than an answer should
	Fallback   bool // a template goes instead when the window closes: the caller's, or for an answer the channel's
}

const (
	tooLate      = "Not sent: it could not be sent in time, and a late answer would confuse."
	windowClosed = "Not sent: the 24-hour window closed before it could go out."
)

// CallOff says why a message must not be sent any more, in a sentence for people; empty when it may go. It is asked
// when the message's turn comes, and once more before the call.
func (s Standing) CallOff() string {
	switch {
	case s.Kind == KindAnswer && s.Owner == OwnerMember:
		return "Not sent: a person took over the conversation."
	case s.Kind != KindNotice && !s.OptOut.Allows(s.Marketing):
		return "Not sent: the customer has asked not to be written to."
	case s.Expired:
		return tooLate
	case s.Held && s.Marketing:
		return "Not sent: WhatsApp holds advertising to this customer back for a day."
	case s.Refused != "":
		return s.Refused
	case !s.WindowOpen && !s.Template:
		return windowClosed
	default:
		return ""
	}
}

// Fate is what becomes of a message of ours whose turn to be sent has come.
type Fate uint8

// The fates.
const (
	Goes       Fate = iota
	CalledOff       // it fails, and says why
	AskedAgain      // its question is answered anew, with whatever the customer wrote since
	Replaced        // its fallback template goes instead
	HandedOver      // it fails, and a person goes on
)

// Fate says what becomes of a message that [Standing.CallOff] has this to say of. An answer that waited for too long, because its
// provider or its number was away, is not sent blindly.
func (s Standing) Fate(callOff string) Fate {
	lapsed := callOff == tooLate || callOff == windowClosed || callOff == "" && s.Stale
	switch {
	case callOff == "" && (!lapsed || !s.First):
		return Goes
	case callOff == windowClosed && s.Kind != KindAnswer && s.Fallback:
		return Replaced
	case !lapsed || !s.First || s.Template:
		return CalledOff
	case s.WindowOpen:
		return AskedAgain
	case s.Fallback:
		return Replaced
	default:
		return HandedOver
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
	BecauseOff     Because = "off"       // the assistant is switched off on this channel
	BecauseHeld    Because = "approval"  // a person has to let the answer go
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
