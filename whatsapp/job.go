package whatsapp

import (
	"encoding/json"
	"time"

	"github.com/flomastr/flomastr"
)

// Job is one turn to be answered.
type Job struct {
	ID           flomastr.JobID
	Conversation flomastr.ConversationID
	Channel      flomastr.ChannelID
	State        string
	Type         string
	Attempts     int
	Token        string // the lease's secret; whoever holds it may finish the job
	Term         int64
	LeaseUntil   time.Time
	CreatedAt    time.Time
	StartedAt    time.Time
	CompletedAt  time.Time
	Result       json.RawMessage
	Error        string
	Hand         string // whose it is
	Missed       bool   // it was an outside worker's, and none came for it in time
}

// The states of a job.
const (
	JobQueued     = "queued"
	JobProcessing = "processing"
	JobCompleted  = "completed"
	JobFailed     = "failed"
	JobExpired    = "expired"
)

// LaneKind says what a lane holds.
type LaneKind string

// The kinds: the turns of a conversation, and its sends. They are leased apart, so that a person's reply does not wait
// for a slow answer.
const (
	LaneTurn LaneKind = "turn"
	LaneSend LaneKind = "send"
)

// Lane is a leased lane. The lease is safe by its term, not by time alone: whatever is written under an older term
// changes nothing.
type Lane struct {
	Tenant       flomastr.TenantID
	Conversation flomastr.ConversationID
	Channel      flomastr.ChannelID
	Kind         LaneKind
	Term         int64
	Job          flomastr.JobID // the turn that was claimed with a turn's lane
	Token        string
	Attempts     int           // of the job, with this one
	Missed       bool          // the turn was an outside worker's, and none came for it in time
	StepBack     time.Duration // of sends: for so long this server leaves them to others
}

// The failures of the queue.
var (
	ErrLeaseLost   = flomastr.Errorf(flomastr.Conflict, "lease_lost", "The lease has ended, or another worker holds it now.")
	ErrJobNotFound = flomastr.Errorf(flomastr.NotFound, "job_not_found", "There is no such job.")
	ErrNoJob       = flomastr.Errorf(flomastr.NotFound, "no_jobs", "There is no job to be had right now.")
	// ErrTurnChanged is a turn whose words the customer has changed meanwhile: it is in the queue again.
	ErrTurnChanged = flomastr.Errorf(flomastr.Conflict, "turn_changed", "The customer has changed the message meanwhile; claim the job again.")
	// ErrNothingDue is a lane without anything to do right now; it has been released.
	ErrNothingDue = flomastr.Errorf(flomastr.NotFound, "nothing_due", "There is nothing to do in this lane right now.")
)
