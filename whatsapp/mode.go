package whatsapp

import (
	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
)

// Mode is what the assistant may do on a channel. Outside workers are not bound by it: what they say is their own.
type Mode string

// The modes.
const (
	ModeOff       Mode = "off"       // nothing: people write
	ModeSuggest   Mode = "suggest"   // people write; what it would say lies ready, and nobody is told to look
	ModeApprove   Mode = "approve"   // what it says goes out once a person lets it go
	ModeAutomatic Mode = "automatic" // it answers by itself
)

// Known tells whether there is such a mode.
func (m Mode) Known() bool {
	return m == ModeOff || m == ModeSuggest || m == ModeApprove || m == ModeAutomatic
}

// Opening is a task that is opened in the commit of the turn that wants it.
type Opening struct {
	Kind    task.Kind
	Reason  string // why, for people
	Draft   string
	Decided task.Decided
	Told    bool // the customer is told that a person will answer
	Quiet   bool // nobody is told to look: it has no assignee and no due time
}

// held tells whether a person has to let the turn's answer go.
func (w Work) held() bool {
	return w.Turn.Rework != nil || w.Mode == ModeApprove || w.Mode == ModeSuggest
}

// put adds what of an outcome is put to a person: a hand-over, an answer that has to be let go, or a draft that was not sure
// enough. An answer that is held says nothing to the customer, and neither does the excuse for one that could not be made:
// whoever holds the answers back is there to give one.
func (o Outcome) put(w Work) Outcome {
	d := o.Decision
	opening := Opening{Reason: d.Reason, Decided: task.Decided{Confidence: d.Confidence, Model: d.Model}}
	if d.Draft != nil {
		opening.Draft, opening.Decided.Evidence = d.Draft.Text, d.Draft.Evidence
	}
	switch {
	case d.Action == flomastr.ActionSilent:
		return o
	case d.Action == flomastr.ActionHandOver:
		opening.Kind, opening.Told = task.HandOver, d.Text != ""
	case w.held():
		opening.Kind, opening.Quiet = task.Draft, w.Mode == ModeSuggest && w.Turn.Rework == nil
		if d.Draft == nil && o.State != JobFailed {
			opening.Draft, opening.Decided.Evidence = d.Text, d.Evidence
		}
		o.Because = BecauseHeld
	case d.Draft != nil:
		opening.Kind, opening.Told = task.Draft, true
		o.Decision.Text = d.Draft.Notice
	default:
		return o
	}
	o.Task = &opening
	return o
}
