package whatsapp

import (
	"context"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Neutral is an inbound message in our own form, for systems that receive for us.
type Neutral struct {
	Channel     flomastr.ChannelID // zero: the tenant's first one
	From        string
	To          string // our number; empty: the channel's
	Text        string
	MessageID   string    // empty: one is made
	ContactName string    // empty: unknown
	At          time.Time // zero: now
	Direction   Direction // Out: it was sent elsewhere and is only told to us; nothing answers it
	NoAnswer    bool
}

// Ingest takes one neutral message in, by the same way as a provider's: stored before it returns, once however often it
// comes.
func (e *Engine) Ingest(ctx context.Context, tenant flomastr.TenantID, n Neutral) (Stored, error) {
	from, err := ParseAddress(n.From)
	if err != nil {
		return Stored{}, err
	}
	if strings.TrimSpace(n.Text) == "" {
		return Stored{}, flomastr.Errorf(flomastr.Invalid, "invalid_text", "The message is empty.").Field("body.message", "must not be empty")
	}
	ch, err := e.channelFor(ctx, tenant, n)
	if err != nil {
		return Stored{}, err
	}
	in := provider.Inbound{
		ProviderID: n.MessageID, From: from, To: ch.Number, Type: "text", Text: n.Text, Readable: true, Silent: n.NoAnswer,
		ProfileName: n.ContactName, SentAt: n.At,
	}
	if in.ProviderID == "" {
		in.ProviderID = flomastr.NewID[flomastr.MessageID]().String()
	}
	if len(in.ProviderID) > 512 || provider.Clean(in.ProviderID, 512) != in.ProviderID {
		return Stored{}, flomastr.Errorf(flomastr.Invalid, "invalid_message_id", "The message id is not valid.").
			Field("body.message_id", "must hold at most 512 printable characters")
	}
	arrival := e.arrival(inboundNow(in, e.clock()))
	if n.Direction == Out {
		arrival.Direction = Out
	}
	stored, err := e.intake.store(ctx, tenant, []Intake{{Channel: ch.ID, Hand: ch.HandOf(arrival.Text), Inbound: arrival}}, len(n.Text))
	if err != nil {
		return Stored{}, err
	}
	return stored[0], nil
}

// channelFor finds the channel by id, by the number that was written to, or takes the default one.
func (e *Engine) channelFor(ctx context.Context, tenant flomastr.TenantID, n Neutral) (Channel, error) {
	if n.To == "" || !n.Channel.IsZero() {
		return e.channelOr(ctx, tenant, n.Channel)
	}
	channels, err := e.store.Channels(ctx, tenant)
	if err != nil {
		return Channel{}, err
	}
	for _, ch := range channels {
		if ch.Number == strings.TrimPrefix(n.To, "+") {
			return ch, nil
		}
	}
	return Channel{}, ErrChannelNotFound
}

// Conversations lists the tenant's conversations, the most recent first.
func (e *Engine) Conversations(ctx context.Context, tenant flomastr.TenantID, page Page) ([]Conversation, string, error) {
	return e.store.Conversations(ctx, tenant, page)
}

// Messages lists a conversation's messages, the newest first.
func (e *Engine) Messages(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, page Page) ([]Message, string, error) {
	return e.store.Messages(ctx, tenant, id, page)
}

// Message reads one message.
func (e *Engine) Message(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (Message, error) {
	return e.store.Message(ctx, tenant, id)
}

// Assign makes a member the owner of a conversation; the assistant is silent in it.
func (e *Engine) Assign(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor, member, reason string) (Conversation, error) {
	return e.store.SetOwner(ctx, tenant, id, OwnerChange{Kind: OwnerMember, ID: member, Reason: reason, By: by})
}

// Resume gives a conversation back to the assistant.
func (e *Engine) Resume(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor) (Conversation, error) {
	return e.store.SetOwner(ctx, tenant, id, OwnerChange{Kind: OwnerAssistant, Status: "open", By: by})
}

// Close ends a conversation until the contact writes again.
func (e *Engine) Close(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor) (Conversation, error) {
	return e.store.SetOwner(ctx, tenant, id, OwnerChange{Status: "closed", By: by})
}

// MarkRead says that a member has seen a conversation.
func (e *Engine) MarkRead(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) error {
	return e.store.MarkRead(ctx, tenant, id)
}
