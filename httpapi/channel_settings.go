package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr/whatsapp"
)

// whatsAppSettings are a tenant's first number: most have no other. Where none is connected the rest is missing.
type whatsAppSettings struct {
	Configured    bool           `json:"configured" doc:"Whether a number is connected"`
	ChannelID     string         `json:"channel_id,omitempty" format:"uuid" doc:"As /channels has it"`
	Provider      string         `json:"provider,omitempty" enum:"infobip,meta,twilio"`
	Name          string         `json:"name,omitempty"`
	Number        string         `json:"number,omitempty" doc:"E.164" example:"+447860099299"`
	BaseURL       string         `json:"base_url,omitempty"`
	AccountID     string         `json:"account_id,omitempty"`
	SenderID      string         `json:"sender_id,omitempty"`
	Worker        string         `json:"worker,omitempty" enum:"assistant,n8n,both" doc:"Who answers; the rules are with the channel"`
	Status        string         `json:"status,omitempty" enum:"active,paused"`
	Credentials   secretState    `json:"credentials"`
	WebhookSecret webhookState   `json:"webhook_secret"`
	WebhookURL    string         `json:"webhook_url,omitempty" doc:"To be pasted at the provider, for inbound messages and for reports"`
	Health        string         `json:"health,omitempty" enum:"ok,waiting,attention,paused,incomplete"`
	HealthMessage string         `json:"health_message,omitempty" doc:"The same as a sentence, with what to do about it"`
	LastInboundAt *time.Time     `json:"last_inbound_at,omitempty"`
	LastError     string         `json:"last_error,omitempty" doc:"A sentence"`
	LastErrorAt   *time.Time     `json:"last_error_at,omitempty"`
	Providers     []providerView `json:"providers" doc:"What this server speaks, and what each needs"`
	Webhook       *webhookSecret `json:"webhook,omitempty" doc:"What the provider must show with each webhook; shown once, when the number is connected"`
}

type settingsOutput struct{ Body whatsAppSettings }

func (a *API) settingsOf(c whatsapp.Channel) *settingsOutput {
	if c.ID.IsZero() {
		return &settingsOutput{whatsAppSettings{Credentials: secretState{State: "unset"}, WebhookSecret: webhookState{State: "unset"}, Providers: a.providers()}}
	}
	v := a.channelOf(c)
	return &settingsOutput{whatsAppSettings{
		Configured: true, ChannelID: v.ID.String(), Provider: v.Provider, Name: v.Name, Number: v.Number, BaseURL: v.BaseURL, AccountID: v.AccountID, SenderID: v.SenderID,
		Worker: v.Worker, Status: v.Status, Credentials: v.Credentials, WebhookSecret: v.WebhookSecret, WebhookURL: v.WebhookURL,
		Health: v.Health, HealthMessage: v.HealthMessage, LastInboundAt: v.LastInboundAt, LastError: v.LastError, LastErrorAt: v.LastErrorAt,
		Providers: a.providers(),
	}}
}

// firstChannel is the zero channel where there is none.
func (a *API) firstChannel(ctx context.Context, call Call) (whatsapp.Channel, error) {
	list, err := a.deps.WhatsApp.Channels(ctx, call.Tenant.ID)
	if err != nil || len(list) == 0 {
		return whatsapp.Channel{}, err
	}
	return list[0], nil
}

func (a *API) whatsappSettings(ctx context.Context, call Call, _ *TenantIDPath) (*settingsOutput, error) {
	c, err := a.firstChannel(ctx, call)
	if err != nil {
		return nil, err
	}
	return a.settingsOf(c), nil
}

type settingsInput struct {
	TenantIDPath
	Body struct {
		Provider string `json:"provider,omitempty" enum:"infobip,meta,twilio" doc:"One that the server speaks; needed to connect the first number"`
		ChannelChange
	}
}

// whatsappSettingsPut changes the tenant's first number, or connects it.
func (a *API) whatsappSettingsPut(ctx context.Context, call Call, in *settingsInput) (*settingsOutput, error) {
	c, err := a.firstChannel(ctx, call)
	if err != nil {
		return nil, err
	}
	draft := in.Body.draft()
	draft.By, draft.Provider = call.Caller.Actor(), in.Body.Provider
	if !c.ID.IsZero() {
		if c, err = a.deps.WhatsApp.UpdateChannel(ctx, call.Tenant.ID, c.ID, draft); err != nil {
			return nil, err
		}
		return a.settingsOf(c), nil
	}
	c, secret, err := a.deps.WhatsApp.CreateChannel(ctx, call.Tenant.ID, draft)
	if err != nil {
		return nil, err
	}
	out := a.settingsOf(c)
	out.Body.Webhook = &a.channelWithSecret(c, secret).Body.Webhook
	return out, nil
}
