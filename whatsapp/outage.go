package whatsapp

import "time"

// Outage is how a number's provider does not answer. It is kept with the number, where every server sees it: after a few calls
// in a row that the provider did not answer nothing is sent but, ever more rarely, one message that tries, and what waits goes
// out slowly at first once it has answered.
type Outage struct {
	Failures int       // calls in a row that were not answered
	Since    time.Time // zero: messages go as usual
	ProbeAt  time.Time // when the next message may try
	OverAt   time.Time // when the last one ended
}

// AlertOutage is a provider that does not answer.
const AlertOutage AlertKind = "outage"

const (
	outageAfter = 5
	probeMost   = time.Minute
)

const (
	// ProbeFor is how long a message that tries may take before another does.
	ProbeFor = time.Minute
	// RampUp is how long a number takes to come back to its pace after an outage.
	RampUp = 2 * time.Minute
)

// Open tells whether nothing is sent but what tries.
func (o Outage) Open() bool { return !o.Since.IsZero() }

// Failed counts a call that the provider did not answer; unit is the first wait between tries. Calls that were under way when an
// outage began say nothing new: only a message that tries makes the wait longer.
func (o Outage) Failed(now time.Time, unit time.Duration, probe bool) Outage {
	if o.Open() && !probe {
		return o
	}
	if o.Failures++; o.Failures < outageAfter {
		return o
	}
	if !o.Open() {
		o.Since = now
	}
	o.ProbeAt = now.Add(backoff(5*unit, o.Failures-outageAfter+1, probeMost))
	return o
}

// Answered is the outage after the provider has answered a call, whatever it said.
func (o Outage) Answered(now time.Time) Outage {
	after := Outage{OverAt: o.OverAt}
	if o.Open() {
		after.OverAt = now
	}
	return after
}

// Probing is the outage while a message tries.
func (o Outage) Probing(now time.Time) Outage {
	o.ProbeAt = now.Add(ProbeFor)
	return o
}

// Wait is how long a message has to wait before it may go, or try.
func (o Outage) Wait(now time.Time) time.Duration {
	if !o.Open() {
		return 0
	}
	return max(0, o.ProbeAt.Sub(now))
}
