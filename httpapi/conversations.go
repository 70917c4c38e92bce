package httpapi

import (
	"context"
	"reflect"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

type contact struct {
	ID         flomastr.ContactID  `json:"id" format:"uuid"`
	Name       string              `json:"name" doc:"As the customer calls themselves; may be empty"`
	Phone      string              `json:"phone" doc:"E.164; empty for a contact who hides the number"`
	MergedInto *flomastr.ContactID `json:"merged_into,omitempty" format:"uuid" doc:"The contact that stands for the same person, once an administrator or the provider has said so"`
}

func contactOf(c whatsapp.Contact) contact {
	out := contact{ID: c.ID, Name: c.Name, Phone: c.Phone}
	if !c.MergedInto.IsZero() {
		out.MergedInto = &c.MergedInto
	}
	return out
}

type conversation struct {
	ID                flomastr.ConversationID `json:"id" format:"uuid"`
	ChannelID         flomastr.ChannelID      `json:"channel_id" format:"uuid"`
	Contact           contact                 `json:"contact"`
	Owner             string                  `json:"owner" enum:"assistant,member,external" doc:"Who writes to the customer"`
	OwnerID           string                  `json:"owner_id,omitempty" doc:"The member, by the issuer's subject"`
	HandoverReason    string                  `json:"handover_reason,omitempty"`
	OptOut            string                  `json:"opt_out,omitempty" enum:"marketing,all" doc:"What the customer does not want to get: advertising, or anything"`
	Status            string                  `json:"status" enum:"open,closed"`
	Unread            int                     `json:"unread"`
	LastMessage       *lastMessage            `json:"last_message,omitempty"`
	WindowExpiresAt   *time.Time              `json:"window_expires_at,omitempty" doc:"Until then a reply may be free text"`
	CreatedAt         time.Time               `json:"created_at"`
	UpdatedAt         time.Time               `json:"updated_at"`
	ArchivedAt        *time.Time              `json:"archived_at,omitempty" doc:"When its older messages moved to the archive, where they are read from"`
	IdentityChangedAt *time.Time              `json:"identity_changed_at,omitempty" doc:"The customer has another device, or the number another owner; messages may fail. Until a member answers"`
}

type lastMessage struct {
	Text      string    `json:"text"`
	Direction string    `json:"direction" enum:"in,out"`
	At        time.Time `json:"at"`
}

func conversationOf(c whatsapp.Conversation) conversation {
	out := conversation{
		ID: c.ID, ChannelID: c.Channel, Contact: contactOf(c.Contact), Owner: string(c.OwnerKind), OwnerID: c.OwnerID,
		HandoverReason: c.HandoverReason, OptOut: string(c.OptOut), Status: c.Status, Unread: c.Unread, CreatedAt: c.CreatedAt, UpdatedAt: c.LastMessageAt,
	}
	if c.LastText != "" {
		out.LastMessage = &lastMessage{Text: c.LastText, Direction: c.LastDirection, At: c.LastMessageAt}
	}
	if !c.WindowUntil.IsZero() {
		out.WindowExpiresAt = &c.WindowUntil
	}
	if !c.ArchivedAt.IsZero() {
		out.ArchivedAt = &c.ArchivedAt
	}
	if !c.IdentityChangedAt.IsZero() {
		out.IdentityChangedAt = &c.IdentityChangedAt
	}
	return out
}

type message struct {
	ID                flomastr.MessageID      `json:"id" format:"uuid"`
	ConversationID    flomastr.ConversationID `json:"conversation_id" format:"uuid"`
	Direction         string                  `json:"direction" enum:"in,out"`
	Speaker           string                  `json:"speaker" enum:"contact,assistant,member,external"`
	Author            string                  `json:"author,omitempty" doc:"The member who wrote it, by the issuer's subject"`
	Type              string                  `json:"type" example:"text"`
	Text              string                  `json:"text" doc:"The text, or the text form of what was sent"`
	MediaURL          string                  `json:"media_url,omitempty" doc:"At the provider; fetched with the channel's credentials only"`
	Media             *media                  `json:"media,omitempty" doc:"The file that goes with it"`
	Interactive       *interactive            `json:"interactive,omitempty" doc:"Of a message of ours: what it offers to tap"`
	Location          *location               `json:"location,omitempty" doc:"Of a message of ours"`
	Contacts          []contactCard           `json:"contacts,omitempty" doc:"Of a message of ours"`
	Status            string                  `json:"status" enum:"received,queued,dispatched,delivered,read,failed,unknown"`
	Error             string                  `json:"error,omitempty" doc:"Why it failed or is unknown, in a sentence"`
	ErrorCode         string                  `json:"error_code,omitempty" enum:"expired,window_closed" doc:"Why we kept it back, for scripts"`
	ProviderMessageID string                  `json:"provider_message_id,omitempty"`
	Decision          *decision               `json:"decision,omitempty" doc:"Of an answer: what it came from"`
	Reaction          string                  `json:"reaction,omitempty" doc:"The emoji that lies on it"`
	EditedAt          *time.Time              `json:"edited_at,omitempty"`
	Earlier           []messageVersion        `json:"earlier,omitempty" doc:"What it said before, oldest first"`
	RevokedAt         *time.Time              `json:"revoked_at,omitempty" doc:"When it was taken back; its words are then nobody's"`
	ReplyTo           string                  `json:"reply_to,omitempty" doc:"The provider's id of the message that it quotes"`
	At                time.Time               `json:"at" doc:"When it was written, by the provider's clock"`
	CreatedAt         time.Time               `json:"created_at"`
}

type messageVersion struct {
	Text  string    `json:"text"`
	Until time.Time `json:"until"`
}

type decision struct {
	Action     string              `json:"action" enum:"answer,ask,refuse,hand_over,silent"`
	Confidence float64             `json:"confidence"`
	Reason     string              `json:"reason,omitempty"`
	Model      string              `json:"model,omitempty"`
	Evidence   []flomastr.Evidence `json:"evidence"`
}

func problemCode(m whatsapp.Message) string {
	if whatsapp.PublicState(m.State) != "failed" {
		return ""
	}
	return whatsapp.ProblemCode(m.Problem)
}

func messageOf(m whatsapp.Message) message {
	out := message{
		ID: m.ID, ConversationID: m.Conversation, Direction: string(m.Direction), Speaker: string(m.Speaker), Author: m.Author,
		Type: m.Type, Text: m.Text, MediaURL: m.MediaURL, Media: mediaOf(m.Media), Status: whatsapp.PublicState(m.State), Error: m.Problem, ErrorCode: problemCode(m),
		ProviderMessageID: m.ProviderID, At: m.At, CreatedAt: m.CreatedAt,
	}
	if d := m.Details; !d.EditedAt.IsZero() && d.RevokedAt == nil {
		out.EditedAt = &d.EditedAt
		for _, v := range d.Earlier {
			out.Earlier = append(out.Earlier, messageVersion(v))
		}
	}
	out.Reaction, out.RevokedAt, out.ReplyTo = m.Details.Reaction, m.Details.RevokedAt, m.Details.ReplyTo
	if s := m.Details.Sent; s != nil {
		out.Interactive = interactiveOf(s.Interactive)
		if s.Location != nil {
			out.Location = new(location(*s.Location))
		}
		for _, c := range s.Contacts {
			out.Contacts = append(out.Contacts, contactCard(c))
		}
	}
	if d := m.Decision; d != nil {
		out.Decision = &decision{Action: string(d.Action), Confidence: d.Confidence, Reason: d.Reason, Model: d.Model, Evidence: d.Evidence}
		if out.Decision.Evidence == nil {
			out.Decision.Evidence = []flomastr.Evidence{}
		}
	}
	return out
}

type conversationListInput struct {
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
	Search   string `query:"search" maxLength:"200" doc:"In name, number and last message"`
	Status   string `query:"status" enum:"open,closed"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	PageCursor
}

type conversationListOutput struct {
	Body struct {
		Conversations []conversation `json:"conversations"`
		NextCursor    string         `json:"next_cursor,omitempty"`
	}
}

func (o *conversationListOutput) next() *string { return &o.Body.NextCursor }

// conversationList lists the most recent first.
func (a *API) conversationList(ctx context.Context, call Call, in *conversationListInput) (*conversationListOutput, error) {
	reach, err := a.reach(ctx, call)
	if err != nil {
		return nil, err
	}
	list, next, err := a.deps.WhatsApp.Conversations(ctx, call.Tenant.ID, whatsapp.Page{
		Limit: in.Limit, Cursor: in.Cursor, Search: in.Search, Status: in.Status, Reach: reach,
	})
	if err != nil {
		return nil, err
	}
	out := &conversationListOutput{}
	out.Body.NextCursor, out.Body.Conversations = next, make([]conversation, len(list))
	for i, c := range list {
		out.Body.Conversations[i] = conversationOf(c)
	}
	return out, nil
}

// ConversationPath names a conversation. It is exported because the frame reads the fields of exported embedded structs alone.
type ConversationPath struct {
	ID       string `path:"id" format:"uuid"`
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
}

func (in ConversationPath) id() (flomastr.ConversationID, error) {
	id, err := flomastr.ParseID[flomastr.ConversationID](in.ID)
	if err != nil {
		return id, whatsapp.ErrConversationNotFound
	}
	return id, nil
}

type conversationOutput struct{ Body conversation }

func (a *API) conversationGet(ctx context.Context, call Call, in *ConversationPath) (*conversationOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	reach, err := a.reach(ctx, call)
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.Reached(ctx, call.Tenant.ID, id, reach)
	return &conversationOutput{conversationOf(c)}, err
}

type messageListInput struct {
	ConversationPath
	PageCursor
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type messageListOutput struct {
	Body struct {
		Messages   []message `json:"messages"`
		NextCursor string    `json:"next_cursor,omitempty"`
	}
}

func (o *messageListOutput) next() *string { return &o.Body.NextCursor }

// conversationMessages lists the newest first. Looking at the newest page counts as having read the conversation.
func (a *API) conversationMessages(ctx context.Context, call Call, in *messageListInput) (*messageListOutput, error) {
	id, err := a.reached(ctx, call, in.ConversationPath)
	if err != nil {
		return nil, err
	}
	list, next, err := a.deps.WhatsApp.Messages(ctx, call.Tenant.ID, id, whatsapp.Page{Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	if in.Cursor == "" && call.Caller.Person() {
		if err := a.deps.WhatsApp.MarkRead(ctx, call.Tenant.ID, id); err != nil {
			return nil, err
		}
	}
	out := &messageListOutput{}
	out.Body.NextCursor, out.Body.Messages = next, make([]message, len(list))
	for i, m := range list {
		out.Body.Messages[i] = messageOf(m)
	}
	return out, nil
}

type replyInput struct {
	ConversationPath
	Body struct {
		Outgoing
		ReplyToMessageID string `json:"reply_to_message_id,omitempty" maxLength:"512" doc:"Quotes a message of the customer, by our id or the provider's; Twilio shows no quotes"`
	}
}

type messageOutput struct{ Body message }

// conversationReply queues the member's message. The member becomes the conversation's owner: the assistant is silent
// until it is resumed.
func (a *API) conversationReply(ctx context.Context, call Call, in *replyInput) (*messageOutput, error) {
	id, err := a.reached(ctx, call, in.ConversationPath)
	if err != nil {
		return nil, err
	}
	content, err := in.Body.message()
	if err != nil {
		return nil, err
	}
	if err := a.reachedFiles(ctx, call, content); err != nil {
		return nil, err
	}
	content.ReplyTo = in.Body.ReplyToMessageID
	m, err := a.deps.WhatsApp.Reply(ctx, call.Tenant.ID, id, call.author(), content)
	return &messageOutput{messageOf(m)}, err
}

type assignInput struct {
	ConversationPath
	Body struct {
		UserID string `json:"user_id,omitempty" maxLength:"255" doc:"The member, by the issuer's subject; the caller when empty"`
	}
}

func (a *API) conversationAssign(ctx context.Context, call Call, in *assignInput) (*conversationOutput, error) {
	id, err := a.reached(ctx, call, in.ConversationPath)
	if err != nil {
		return nil, err
	}
	member := in.Body.UserID
	if member == "" {
		member = call.Caller.Subject
	}
	c, err := a.deps.WhatsApp.Assign(ctx, call.Tenant.ID, id, call.Caller.Actor(), member, "")
	return &conversationOutput{conversationOf(c)}, err
}

type handoverInput struct {
	ConversationPath
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

// conversationHandover leaves the conversation to whichever member takes it.
func (a *API) conversationHandover(ctx context.Context, call Call, in *handoverInput) (*conversationOutput, error) {
	id, err := a.reached(ctx, call, in.ConversationPath)
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.Assign(ctx, call.Tenant.ID, id, call.Caller.Actor(), "", in.Body.Reason)
	return &conversationOutput{conversationOf(c)}, err
}

func (a *API) conversationResume(ctx context.Context, call Call, in *ConversationPath) (*conversationOutput, error) {
	id, err := a.reached(ctx, call, *in)
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.Resume(ctx, call.Tenant.ID, id, call.Caller.Actor())
	return &conversationOutput{conversationOf(c)}, err
}

func (a *API) conversationClose(ctx context.Context, call Call, in *ConversationPath) (*conversationOutput, error) {
	id, err := a.reached(ctx, call, *in)
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.Close(ctx, call.Tenant.ID, id, call.Caller.Actor())
	return &conversationOutput{conversationOf(c)}, err
}

type ingestInput struct {
	Body struct {
		TenantID       string     `json:"tenant_id,omitempty" doc:"The tenant, by id or slug; a tenant's own token needs none"`
		ContactNumber  string     `json:"contact_number" maxLength:"150" example:"+385911111111"`
		ContactName    string     `json:"contact_name,omitempty" maxLength:"400"`
		MessageContent string     `json:"message_content" minLength:"1" maxLength:"65536"`
		Direction      string     `json:"direction,omitempty" enum:"in,out,inbound,outbound" default:"in"`
		SentAt         *time.Time `json:"sent_at,omitempty"`
		MessageID      string     `json:"message_id,omitempty" maxLength:"512" doc:"The same id again changes nothing"`
	}
}

func (in *ingestInput) namesTenant() string { return in.Body.TenantID }

type ingestOutput struct {
	Body struct {
		Success        bool                    `json:"success"`
		Message        string                  `json:"message"`
		ContactID      flomastr.ContactID      `json:"contact_id" format:"uuid"`
		MessageID      flomastr.MessageID      `json:"message_id" format:"uuid"`
		ThreadID       flomastr.ConversationID `json:"thread_id" format:"uuid"`
		CreatedContact bool                    `json:"created_contact"`
		CreatedThread  bool                    `json:"created_thread"`
	}
}

// conversationIngest records a message that another system has received or sent. Nothing answers it: that system does.
func (a *API) conversationIngest(ctx context.Context, call Call, in *ingestInput) (*ingestOutput, error) {
	n := whatsapp.Neutral{
		From: in.Body.ContactNumber, Text: in.Body.MessageContent, MessageID: in.Body.MessageID, ContactName: in.Body.ContactName,
		Direction: whatsapp.In, NoAnswer: true,
	}
	if in.Body.Direction == "out" || in.Body.Direction == "outbound" {
		n.Direction = whatsapp.Out
	}
	if in.Body.SentAt != nil {
		n.At = *in.Body.SentAt
	}
	stored, err := a.deps.WhatsApp.Ingest(ctx, call.Tenant.ID, n)
	if err != nil {
		return nil, err
	}
	out := &ingestOutput{}
	out.Body.Success, out.Body.Message = true, "The message is recorded."
	if stored.Duplicate {
		out.Body.Message = "The message was recorded before."
	}
	out.Body.ContactID, out.Body.MessageID, out.Body.ThreadID = stored.Contact, stored.Message, stored.Conversation
	out.Body.CreatedContact, out.Body.CreatedThread = stored.NewContact, stored.NewThread
	return out, nil
}

// conversationHealth tells whether conversations can be read and stored.
func (a *API) conversationHealth(ctx context.Context, _ Call, _ *struct{}) (*statusOutput, error) {
	if _, err := a.deps.WaitingTurns(ctx); err != nil {
		return nil, err
	}
	out := &statusOutput{}
	out.Body.Status = "ok"
	return out, nil
}
