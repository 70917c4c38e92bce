package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

type sendInput struct {
	Body struct {
		To               string            `json:"to" maxLength:"150" doc:"The customer: E.164, or the provider's user id" example:"+385911111111"`
		Message          textOrOutgoing    `json:"message" doc:"A text, or an object with exactly one of text, template, media, interactive, location, contacts and reaction"`
		TenantID         string            `json:"tenant_id,omitempty" doc:"The tenant, by id or slug; a tenant's own token needs none"`
		ChannelID        string            `json:"channel_id,omitempty" format:"uuid" doc:"The tenant's first active channel otherwise"`
		ReplyToMessageID string            `json:"reply_to_message_id,omitempty" maxLength:"512" doc:"Quotes a message of the customer, by our id or the provider's; Twilio shows no quotes"`
		MessageType      string            `json:"message_type,omitempty" maxLength:"60" doc:"For the sender's own records"`
		CampaignID       string            `json:"campaign_id,omitempty" maxLength:"200" doc:"For the sender's own records; what belongs to a campaign is advertising, and does not go to somebody who takes none"`
		ValidForSeconds  int               `json:"valid_for_seconds,omitempty" minimum:"1" maximum:"86400" doc:"A message that could not leave by then fails as expired; a day otherwise"`
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
	request := whatsapp.Request{To: in.Body.To, Message: message, Speaker: flomastr.SpeakerExternal, Author: whatsapp.Author{Actor: call.Caller.Actor()}, Marketing: in.Body.CampaignID != "", Valid: time.Duration(in.Body.ValidForSeconds) * time.Second}
	if request.Reach, err = a.reach(ctx, call); err != nil {
		return nil, err
	}
	if err := a.reachedFiles(ctx, call, message); err != nil {
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
	if t := in.Body.FallbackTemplate; t != nil {
		request.Fallback = t.content()
		if err := a.reachedFiles(ctx, call, whatsapp.Content{Template: request.Fallback}); err != nil {
			return nil, err
		}
	}
	m, err := a.deps.WhatsApp.Send(ctx, call.Tenant.ID, request)
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
