package memory

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// Store is the persistence that memory asks for. Each method is one commit, or none. A contact that the tenant does not have is
// ErrContactNotFound; what is read of one is the whole person's (docs/adr/0013), and what is written stays at the contact.
type Store interface {
	// Past reads the newest messages, at most limit, of the person whom a contact stands for, in all their conversations, the
	// archived ones too, oldest first within each, and what is remembered of them. What was taken back, what never reached the
	// customer and what has no words is left out. An archive that cannot be read in time is left out as well. A limit of 0 reads no
	// messages.
	Past(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID, limit int) (Past, error)
	// Facts lists everything that is and was remembered of the person, the last said first.
	Facts(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) ([]Fact, error)
	// Heard reads a customer's message. ErrNothingHeard when it is gone, taken back, or not a customer's text, and when the
	// person does not want to hear of us.
	Heard(ctx context.Context, tenant flomastr.TenantID, message flomastr.MessageID) (Heard, error)
	// Remember keeps drafts of a message: what is remembered already is confirmed, what contradicts it takes its place since the
	// message's time, or counts as past where something newer is known. It does nothing when the message has left memories
	// before, or is not what was heard any more.
	Remember(ctx context.Context, tenant flomastr.TenantID, h Heard, drafts []Draft) error
	// Note keeps what a member writes down, in the place of what is remembered of the same subject.
	Note(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, d Draft) (Fact, error)
	// Correct gives a memory that holds another text, as a member's; ErrFactNotFound.
	Correct(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID, text string) (Fact, error)
	// Erase deletes a memory without a trace but the act; what it took the place of does not come back. ErrFactNotFound.
	Erase(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID) error
	// EraseAll deletes everything that is remembered of the person.
	EraseAll(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID) error
	// Consent says whether what is sensitive may be kept of the person. Without, what is kept of it is deleted.
	Consent(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, given bool, proof string) (since time.Time, err error)
	// ForgetOld deletes, over all tenants, what was said last before a time, and what ended before another.
	ForgetOld(ctx context.Context, saidBefore, endedBefore time.Time) error
}

// Past is what was said with a person, and what is remembered of them.
type Past struct {
	Name  string // as the customer calls themselves; untrusted, may be empty
	Agent string // the member who has taken the latest conversation, by subject; empty where no messages are read
	Said  []Said
	Facts []Fact // that hold, the last said first
	// Sensitive tells since when what is sensitive may be kept; zero: it may not.
	Sensitive time.Time
}

// Heard is a customer's message as it says now.
type Heard struct {
	Message      flomastr.MessageID
	Conversation flomastr.ConversationID
	Contact      flomastr.ContactID
	Text         string
	At           time.Time
	Consent      bool     // to keep what is sensitive
	Ours         []string // what we wrote lately in the conversation
}

// The failures of memory.
var (
	ErrContactNotFound = flomastr.Errorf(flomastr.NotFound, "contact_not_found", "There is no such contact.")
	ErrFactNotFound    = flomastr.Errorf(flomastr.NotFound, "memory_not_found", "Nothing of this kind is remembered; it may have been forgotten or replaced meanwhile.")
	ErrNothingHeard    = flomastr.Errorf(flomastr.NotFound, "nothing_heard", "The message is gone, or not a customer's own words.")
	ErrNoConsent       = flomastr.Errorf(flomastr.Conflict, "consent_missing", "This is about health or belief, which is kept with the customer's consent alone. Record it first.")
)
