package whatsapp

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// DeadLetter is something that failed for good and that no person has dealt with: a message of ours, or a turn.
type DeadLetter struct {
	ID           string // of the message or of the job
	Kind         DeadKind
	Conversation flomastr.ConversationID
	Channel      flomastr.ChannelID
	Contact      Contact
	Text         string
	Unknown      bool // whether it arrived is not known: sending it again may make it arrive twice
	Reason       string
	Attempts     int
	CreatedAt    time.Time
	FailedAt     time.Time
}

// DeadKind says what a dead letter is.
type DeadKind string

// The kinds.
const (
	DeadMessage DeadKind = "message"
	DeadTurn    DeadKind = "turn"
)

// DeadPage is a piece of the list, the newest first.
type DeadPage struct {
	Limit  int
	Cursor string
	Kind   DeadKind // empty: both
}

// Resend is a person's wish to send a dead letter again.
type Resend struct {
	By    Author
	Twice bool // they know that it may arrive twice
}

// DeadLetterStore keeps dead letters. A message whose outcome is unknown is one after UnknownFor.
type DeadLetterStore interface {
	DeadLetters(ctx context.Context, tenant flomastr.TenantID, page DeadPage) (list []DeadLetter, next string, err error)
	// DeadContent reads what a dead message says, and where it goes.
	DeadContent(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (Outgoing, flomastr.ChannelID, error)
	// ResendMessage queues it again as a new message, under everything that forbids a message (see Outgoing), and marks it as
	// dealt with.
	ResendMessage(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID, twice bool, out Outgoing) (Message, error)
	// RetryDeadTurn puts a turn back into the queue, unless something newer was answered since.
	RetryDeadTurn(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.JobID) error
	Discard(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, kind DeadKind, id string) error
}

// UnknownFor is how long a report may still tell what became of a message before people are asked.
const UnknownFor = 10 * time.Minute

// The failures of dead letters.
var (
	ErrDeadLetterNotFound = flomastr.Errorf(flomastr.NotFound, "dead_letter_not_found", "There is no such dead letter, or somebody has dealt with it.")
	ErrMayArriveTwice     = flomastr.Errorf(flomastr.Conflict, "may_arrive_twice",
		"Whether this message arrived is not known. Say that it may arrive twice to send it again.")
	ErrAnsweredSince = flomastr.Errorf(flomastr.Conflict, "answered_since", "The customer wrote again meanwhile and has been answered.")
)

// DeadLetters lists what failed for good and nobody has dealt with.
func (e *Engine) DeadLetters(ctx context.Context, tenant flomastr.TenantID, page DeadPage) ([]DeadLetter, string, error) {
	return e.store.DeadLetters(ctx, tenant, page)
}

// ResendDeadMessage sends a dead message again, as a new message of the person's.
func (e *Engine) ResendDeadMessage(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID, r Resend) (Message, error) {
	out, channel, err := e.store.DeadContent(ctx, tenant, id)
	if err != nil {
		return Message{}, err
	}
	if out.Message.Template != nil {
		marketing, err := e.useTemplate(ctx, tenant, channel, out.Message.Template)
		if err != nil {
			return Message{}, err
		}
		out.Marketing = out.Marketing || marketing
	}
	out.Message.Key = flomastr.NewID[flomastr.MessageID]().String()
	out.Speaker, out.Author, out.By, out.Useful = flomastr.SpeakerMember, r.By.ID, r.By.Actor, e.set.MessageUseful
	m, err := e.store.ResendMessage(ctx, tenant, id, r.Twice, out)
	if err == nil {
		e.wake(LaneSend)
	}
	return m, err
}

// RetryDeadTurn has a turn answered again.
func (e *Engine) RetryDeadTurn(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.JobID) error {
	err := e.store.RetryDeadTurn(ctx, tenant, by, id)
	if err == nil {
		e.wake(LaneTurn)
	}
	return err
}

// Discard puts a dead letter aside.
func (e *Engine) Discard(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, kind DeadKind, id string) error {
	return e.store.Discard(ctx, tenant, by, kind, id)
}
