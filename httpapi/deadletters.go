package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// DeadLetters is what the door asks of the engine about what failed for good.
type DeadLetters interface {
	DeadLetters(ctx context.Context, tenant flomastr.TenantID, page whatsapp.DeadPage) ([]whatsapp.DeadLetter, string, error)
	ResendDeadMessage(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID, r whatsapp.Resend) (whatsapp.Message, error)
	RetryDeadTurn(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.JobID) error
	Discard(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, kind whatsapp.DeadKind, id string) error
}

type deadLetter struct {
	ID             string                  `json:"id" format:"uuid" doc:"Of the message, or of the turn's job"`
	Kind           string                  `json:"kind" enum:"message,turn" doc:"A message of ours that was not sent, or a customer's turn that was not answered"`
	ConversationID flomastr.ConversationID `json:"conversation_id" format:"uuid"`
	ChannelID      flomastr.ChannelID      `json:"channel_id" format:"uuid"`
	Contact        contact                 `json:"contact"`
	Text           string                  `json:"text"`
	Unknown        bool                    `json:"unknown" doc:"Whether it arrived is not known: sent again it may arrive twice"`
	Reason         string                  `json:"reason" doc:"A sentence, or a code"`
	Attempts       int                     `json:"attempts"`
	CreatedAt      time.Time               `json:"created_at"`
	FailedAt       time.Time               `json:"failed_at"`
}

type deadListInput struct {
	TenantIDPath
	PageCursor
	Kind  string `query:"kind" enum:"message,turn" required:"false"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type deadListOutput struct {
	Body struct {
		DeadLetters []deadLetter `json:"dead_letters"`
		NextCursor  string       `json:"next_cursor,omitempty"`
	}
}

func (o *deadListOutput) next() *string { return &o.Body.NextCursor }

// deadList lists what failed for good and nobody has dealt with, the newest first.
func (a *API) deadList(ctx context.Context, call Call, in *deadListInput) (*deadListOutput, error) {
	list, next, err := a.deps.WhatsApp.DeadLetters(ctx, call.Tenant.ID, whatsapp.DeadPage{Limit: in.Limit, Cursor: in.Cursor, Kind: whatsapp.DeadKind(in.Kind)})
	if err != nil {
		return nil, err
	}
	out := &deadListOutput{}
	out.Body.NextCursor, out.Body.DeadLetters = next, make([]deadLetter, len(list))
	for i, d := range list {
		out.Body.DeadLetters[i] = deadLetter{
			ID: d.ID, Kind: string(d.Kind), ConversationID: d.Conversation, ChannelID: d.Channel, Contact: contactOf(d.Contact), Text: d.Text,
			Unknown: d.Unknown, Reason: d.Reason, Attempts: d.Attempts, CreatedAt: d.CreatedAt, FailedAt: d.FailedAt,
		}
	}
	return out, nil
}

// DeadLetterPath names a dead letter.
type DeadLetterPath struct {
	TenantIDPath
	ID string `path:"id" format:"uuid"`
}

type deadResendInput struct {
	DeadLetterPath
	Body struct {
		Kind           string `json:"kind" enum:"message,turn"`
		MayArriveTwice bool   `json:"may_arrive_twice,omitempty" doc:"Needed for a message of which it is not known whether it arrived"`
	}
}

type deadResendOutput struct {
	Body struct {
		MessageID *flomastr.MessageID `json:"message_id,omitempty" format:"uuid" doc:"Of the new message; a turn is answered in its own time"`
	}
}

// deadResend sends a message again, as a new one of the caller's, or has a turn answered again. It is under everything that
// forbids a message: a closed window, an opt-out, a template that is not approved.
func (a *API) deadResend(ctx context.Context, call Call, in *deadResendInput) (*deadResendOutput, error) {
	out := &deadResendOutput{}
	if in.Body.Kind == string(whatsapp.DeadTurn) {
		id, err := flomastr.ParseID[flomastr.JobID](in.ID)
		if err != nil {
			return nil, whatsapp.ErrDeadLetterNotFound
		}
		return out, a.deps.WhatsApp.RetryDeadTurn(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	}
	id, err := flomastr.ParseID[flomastr.MessageID](in.ID)
	if err != nil {
		return nil, whatsapp.ErrDeadLetterNotFound
	}
	m, err := a.deps.WhatsApp.ResendDeadMessage(ctx, call.Tenant.ID, id, whatsapp.Resend{By: call.author(), Twice: in.Body.MayArriveTwice})
	out.Body.MessageID = &m.ID
	return out, err
}

type deadDiscardInput struct {
	DeadLetterPath
	Body struct {
		Kind string `json:"kind" enum:"message,turn"`
	}
}

// deadDiscard puts a dead letter aside; the conversation keeps it.
func (a *API) deadDiscard(ctx context.Context, call Call, in *deadDiscardInput) (*struct{}, error) {
	return nil, a.deps.WhatsApp.Discard(ctx, call.Tenant.ID, call.Caller.Actor(), whatsapp.DeadKind(in.Body.Kind), in.ID)
}
