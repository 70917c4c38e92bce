package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// outgoing is a message to be sent, one of text, template and media; a bare string is a text.
type outgoing struct {
	Text     string            `json:"text,omitempty" maxLength:"4096"`
	Template *outgoingTemplate `json:"template,omitempty"`
	Media    *outgoingMedia    `json:"media,omitempty"`
}

type outgoingTemplate struct {
	Name     string `json:"name" minLength:"1" maxLength:"512" pattern:"^[a-z0-9_]+$"`
	Language string `json:"language" minLength:"2" maxLength:"20"`
	TemplateValues
}

func (t outgoingTemplate) content() *whatsapp.Template { return new(t.template(t.Name, t.Language)) }

type outgoingMedia struct {
	URL      string `json:"url" format:"uri" maxLength:"2048" doc:"Where the provider fetches it"`
	Type     string `json:"type,omitempty" enum:"image,video,document,audio" default:"document"`
	Caption  string `json:"caption,omitempty" maxLength:"1024"`
	Filename string `json:"filename,omitempty" maxLength:"240"`
}

func (m outgoingMedia) media() *whatsapp.Media {
	return &whatsapp.Media{Kind: cmp.Or(m.Type, "document"), URL: m.URL, Caption: m.Caption, Filename: m.Filename}
}

// textOrOutgoing is an outgoing message that may be written as a bare string.
type textOrOutgoing struct{ outgoing }

// UnmarshalJSON implements json.Unmarshaler.
func (m *textOrOutgoing) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.Text)
	}
	return json.Unmarshal(b, &m.outgoing)
}

// MarshalJSON implements json.Marshaler, for the hash of an idempotent request.
func (m textOrOutgoing) MarshalJSON() ([]byte, error) { return json.Marshal(m.outgoing) }

// Schema implements huma.SchemaProvider.
func (textOrOutgoing) Schema(r huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(flomastr.MaxReplyChars)}
	text.PrecomputeMessages()
	both := &huma.Schema{OneOf: []*huma.Schema{text, huma.SchemaFromType(r, typeOf[outgoing]())}}
	both.PrecomputeMessages()
	return both
}

var errOneOf = flomastr.Errorf(flomastr.Invalid, "invalid_message", "A message is exactly one of text, template and media.").
	Field("body.message", "must be exactly one of text, template and media")

func (m outgoing) message() (whatsapp.Content, error) {
	var out whatsapp.Content
	n := 0
	if m.Text != "" {
		n++
		out.Text = m.Text
	}
	if m.Template != nil {
		n++
		out.Template = m.Template.content()
	}
	if m.Media != nil {
		n++
		out.Media = m.Media.media()
	}
	if n != 1 {
		return out, errOneOf
	}
	return out, nil
}

type sendInput struct {
	Body struct {
		To               string            `json:"to" maxLength:"150" doc:"The customer: E.164, or the provider's user id" example:"+385911111111"`
		Message          textOrOutgoing    `json:"message" doc:"A text, or an object with exactly one of text, template and media"`
		TenantID         string            `json:"tenant_id,omitempty" doc:"The tenant, by id or slug; a tenant's own token needs none"`
		ChannelID        string            `json:"channel_id,omitempty" format:"uuid" doc:"The tenant's first active channel otherwise"`
		ReplyToMessageID string            `json:"reply_to_message_id,omitempty" maxLength:"512" doc:"Quotes a message of the customer, by the provider's id"`
		MessageType      string            `json:"message_type,omitempty" maxLength:"60" doc:"For the sender's own records"`
		CampaignID       string            `json:"campaign_id,omitempty" maxLength:"200" doc:"For the sender's own records; what belongs to a campaign is advertising, and does not go to somebody who takes none"`
		FallbackTemplate *outgoingTemplate `json:"fallback_template,omitempty" doc:"Sent instead when the 24-hour window is closed"`
	}
}

func (in *sendInput) namesTenant() string { return in.Body.TenantID }

type sendOutput struct {
	Body struct {
		Status         string             `json:"status" enum:"queued,sent"`
		MessageID      flomastr.MessageID `json:"message_id" format:"uuid"`
		DeliveryStatus string             `json:"delivery_status" enum:"queued,dispatched,delivered,read,failed,unknown"`
		Provider       string             `json:"provider"`
		SentAt         time.Time          `json:"sent_at" doc:"When it was queued for sending"`
	}
}

func (a *API) messageSend(ctx context.Context, call Call, in *sendInput) (*sendOutput, error) {
	message, err := in.Body.Message.message()
	if err != nil {
		return nil, err
	}
	message.ReplyTo = in.Body.ReplyToMessageID
	request := whatsapp.Request{To: in.Body.To, Message: message, Speaker: flomastr.SpeakerExternal, Author: whatsapp.Author{Actor: call.Caller.Actor()}, Marketing: in.Body.CampaignID != ""}
	if request.Reach, err = a.reach(ctx, call); err != nil {
		return nil, err
	}
	if call.Caller.Person() {
		request.Speaker, request.Author = flomastr.SpeakerMember, call.author()
	}
	if in.Body.ChannelID != "" {
		if request.Channel, err = flomastr.ParseID[flomastr.ChannelID](in.Body.ChannelID); err != nil {
			return nil, whatsapp.ErrChannelNotFound
		}
	}
	m, err := a.deps.WhatsApp.Send(ctx, call.Tenant.ID, request)
	if t := in.Body.FallbackTemplate; t != nil && flomastr.CodeOf(err) == whatsapp.ErrWindowClosed.Code {
		request.Message = whatsapp.Content{Template: t.content()}
		m, err = a.deps.WhatsApp.Send(ctx, call.Tenant.ID, request)
	}
	if err != nil {
		return nil, err
	}
	out := &sendOutput{}
	out.Body.Status, out.Body.MessageID, out.Body.DeliveryStatus = "queued", m.ID, whatsapp.PublicState(m.State)
	out.Body.Provider, out.Body.SentAt = m.Provider, m.CreatedAt
	return out, nil
}

// author is the caller as the writer of a message.
func (c Call) author() whatsapp.Author {
	return whatsapp.Author{ID: c.Caller.Subject, Actor: c.Caller.Actor()}
}
