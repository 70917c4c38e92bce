package whatsapp

import (
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Conversation is one contact on one channel.
type Conversation struct {
	ID                flomastr.ConversationID
	Channel           flomastr.ChannelID
	Contact           Contact
	Status            string // open or closed
	OwnerKind         Owner
	OwnerID           string
	HandoverReason    string
	OptOut            Scope     // what the contact does not want to get; empty: nothing
	WindowUntil       time.Time // zero: never heard from
	LastMessageAt     time.Time
	LastText          string
	LastDirection     string
	Unread            int
	CreatedAt         time.Time
	ArchivedSeq       int64     // messages up to this number are in the archive
	ArchivedAt        time.Time // when its last message moved there; zero: never
	IdentityChangedAt time.Time // when the contact's device or owner changed, until a member answers; zero: not known to have
}

// Contact is a customer of a tenant.
type Contact struct {
	ID         flomastr.ContactID
	Name       string
	Phone      string             // E.164, or empty
	MergedInto flomastr.ContactID // the contact that stands for the same person; zero: itself
}

// Owner says who writes in a conversation.
type Owner string

// The owners; one writes at a time.
const (
	OwnerAssistant Owner = "assistant"
	OwnerMember    Owner = "member"
	OwnerExternal  Owner = "external"
)

// Direction says which way a message went.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Message is one message of a conversation.
type Message struct {
	ID           flomastr.MessageID
	Conversation flomastr.ConversationID
	Seq          int64
	Direction    Direction
	Speaker      flomastr.Speaker
	Type         string
	Text         string
	MediaURL     string
	ProviderID   string
	Author       string
	State        provider.State // of an inbound one: StateReceived
	Problem      string
	Decision     *Decided  // of an answer of ours
	At           time.Time // the provider's time
	CreatedAt    time.Time
	Details      Details
	Media        *Attached // the file that came with it; nil for most
	Provider     string    // of a message that was just queued
}

// Decided is what an answer came from, kept with its message.
type Decided struct {
	Action     flomastr.Action     `json:"action"`
	Confidence float64             `json:"confidence"`
	Reason     string              `json:"reason,omitempty"`
	Model      string              `json:"model,omitempty"`
	Evidence   []flomastr.Evidence `json:"evidence,omitempty"`
}

// StateReceived is the state of every inbound message.
const StateReceived provider.State = "received"

// ErrConversationNotFound is a conversation that does not exist, or is another tenant's.
var ErrConversationNotFound = flomastr.Errorf(flomastr.NotFound, "conversation_not_found", "There is no such conversation.")

// ErrNoMember is an owner who is not an active member of the tenant.
var ErrNoMember = flomastr.Errorf(flomastr.Invalid, "not_a_member", "A conversation can be given to an active member of the team only.").
	Field("body.user_id", "an active member")

// The reasons for which nothing is sent; each is without side effect.
var (
	ErrOptedOut          = flomastr.Errorf(flomastr.Conflict, "opted_out", "The customer has asked not to be written to.")
	ErrMarketingHeld     = flomastr.Errorf(flomastr.Conflict, "marketing_held", "WhatsApp has held back advertising to this customer and takes none for 24 hours.")
	ErrWindowClosed      = flomastr.Errorf(flomastr.Conflict, "window_closed", "The customer last wrote more than 24 hours ago: only an approved template may be sent.")
	ErrConversationOwned = flomastr.Errorf(flomastr.Conflict, "conversation_owned", "Somebody else is writing in this conversation.")
	ErrChannelPaused     = flomastr.Errorf(flomastr.Conflict, "channel_paused", "The channel is paused; nothing can be sent until it is resumed.")
)

// Page is a piece of a list, newest or oldest first as the list says.
type Page struct {
	Limit  int
	Cursor string
	Search string
	Status string
	Reach  Reach
}
