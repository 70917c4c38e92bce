package httpapi

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ChannelView is a channel as its admins see it. (Exported because huma leaves embedded fields of other types out.)
type ChannelView struct {
	WorkerView
	ID            flomastr.ChannelID `json:"id" format:"uuid"`
	Provider      string             `json:"provider" enum:"infobip,meta,twilio"`
	Name          string             `json:"name"`
	Number        string             `json:"number" doc:"E.164" example:"+447860099299"`
	BaseURL       string             `json:"base_url" doc:"The account's address at the provider"`
	AccountID     string             `json:"account_id,omitempty" doc:"The account at the provider: Meta's WhatsApp business account, Twilio's account SID"`
	SenderID      string             `json:"sender_id,omitempty" doc:"The number at the provider: Meta's phone number id, Twilio's messaging service"`
	Status        string             `json:"status" enum:"active,paused"`
	PauseReason   string             `json:"pause_reason,omitempty"`
	Credentials   secretState        `json:"credentials"`
	WebhookSecret webhookState       `json:"webhook_secret"`
	WebhookScheme string             `json:"webhook_scheme,omitempty" enum:"header,basic,signature"`
	WebhookURL    string             `json:"webhook_url" doc:"To be pasted at the provider, for inbound messages and for reports"`
	Limits        channelLimits      `json:"limits"`
	Recipients    int                `json:"daily_recipients" doc:"How many people it may begin talks with in 24 hours, over all numbers of its account; 0 leaves it to WhatsApp"`
	Told          int                `json:"told_recipients" doc:"What WhatsApp says of that; 0 is not yet, and then 250 are assumed"`
	Fallback      *fallbackTemplate  `json:"fallback_template,omitempty" doc:"What goes in the place of an answer that the 24-hour window keeps back; without one a person goes on"`
	AwaySince     *time.Time         `json:"away_since,omitempty" doc:"Since when the provider does not answer"`
	Health        string             `json:"health" enum:"ok,waiting,attention,paused,incomplete"`
	Trouble       string             `json:"trouble,omitempty" enum:"paused,provider_missing,credentials_missing,secret_missing,provider_away,worker_away,webhook_refused,webhook_never" doc:"What keeps it from working; nothing when all is well"`
	HealthMessage string             `json:"health_message" doc:"The same as a sentence, with what to do about it"`
	LastInboundAt *time.Time         `json:"last_inbound_at,omitempty" doc:"When a customer last wrote, to the minute"`
	LastWebhookAt *time.Time         `json:"last_webhook_at,omitempty" doc:"When the provider last called, to the minute"`
	LastRefusedAt *time.Time         `json:"last_refused_at,omitempty" doc:"When somebody last called without the secret, to the minute"`
	LastError     string             `json:"last_error,omitempty" doc:"A sentence"`
	LastErrorAt   *time.Time         `json:"last_error_at,omitempty"`
	CreatedAt     time.Time          `json:"created_at"`
	UpdatedAt     time.Time          `json:"updated_at"`
}

// secretState is all that is ever said of a secret.
type secretState struct {
	State       string `json:"state" enum:"set,unset"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"To recognise it by"`
}

type webhookState struct {
	State       string `json:"state" enum:"set,unset"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"To recognise it by"`
	Previous    string `json:"previous_fingerprint,omitempty" doc:"Of the secret before, while it is still believed"`
}

// fallbackTemplate is a template of the channel with its values; no name means none.
type fallbackTemplate struct {
	Name     string `json:"name" maxLength:"512" pattern:"^[a-z0-9_]*$"`
	Language string `json:"language,omitempty" maxLength:"20"`
	TemplateValues
}

func fallbackOf(t *whatsapp.Template) *fallbackTemplate {
	if t == nil {
		return nil
	}
	out := &fallbackTemplate{Name: t.Name, Language: t.Language, TemplateValues: TemplateValues{Placeholders: t.Placeholders, HeaderText: t.HeaderText}}
	if m := t.HeaderMedia; m != nil {
		out.HeaderMedia = &outgoingMedia{URL: m.URL, Type: m.Kind, Caption: m.Caption, Filename: m.Filename}
	}
	for _, b := range t.Buttons {
		out.Buttons = append(out.Buttons, templateButtonValue(b))
	}
	return out
}

type channelLimits struct {
	MessagesPerSecond   float64 `json:"messages_per_second" minimum:"0.01" maximum:"10000" doc:"Over the whole number"`
	PairIntervalSeconds float64 `json:"pair_interval_seconds" minimum:"0" maximum:"3600" doc:"Sustained pace to one contact; 0 lifts it"`
	PairBurst           int     `json:"pair_burst" minimum:"1" maximum:"10000" doc:"How many may go at once after a rest"`
}

func (a *API) channelOf(c whatsapp.Channel) ChannelView {
	secret := secretOf(c.SealedWebhook, c.WebhookMark)
	trouble := a.deps.WhatsApp.Trouble(c)
	health := healths[trouble]
	if trouble == whatsapp.TroublePaused && c.PauseReason != "" {
		health.sentence = c.PauseReason
	}
	return ChannelView{
		ID: c.ID, Provider: c.Provider, Name: c.Name, Number: "+" + c.Number, BaseURL: c.BaseURL, AccountID: c.AccountID, SenderID: c.SenderID, WorkerView: workerOf(c), Status: c.Status,
		PauseReason: c.PauseReason, Credentials: secretOf(c.SealedCredentials, c.CredentialsMark),
		WebhookSecret: webhookState{secret.State, secret.Fingerprint, c.WebhookPrevious}, WebhookScheme: c.WebhookScheme,
		WebhookURL: a.webhookURL(c), Health: health.state, Trouble: string(trouble), HealthMessage: health.sentence,
		LastInboundAt: given(c.LastInboundAt), LastWebhookAt: given(c.LastWebhookAt), LastRefusedAt: given(c.LastRefusedAt),
		LastError: c.LastError, LastErrorAt: given(c.LastErrorAt), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		Recipients: c.DailyRecipients, Told: c.ToldRecipients, Fallback: fallbackOf(c.Fallback), AwaySince: given(c.Outage.Since),
		Limits: channelLimits{c.Limits.PerSecond, c.Limits.PairInterval.Seconds(), c.Limits.PairBurst},
	}
}

type health struct{ state, sentence string }

// healths is what a trouble means, in a word for the list and in a sentence for a person.
var healths = map[whatsapp.Trouble]health{ //nolint:gochecknoglobals // a table
	"":                          {"ok", "Messages arrive and can be sent."},
	whatsapp.TroublePaused:      {"paused", "It is paused: messages are received, and nothing is sent."},
	whatsapp.TroubleProvider:    {"incomplete", "This server does not speak the number's provider."},
	whatsapp.TroubleCredentials: {"incomplete", "The provider's credentials are missing: nothing can be sent until they are entered."},
	whatsapp.TroubleSecret:      {"incomplete", "The webhook secret is missing: every message of the provider's is refused until it is set."},
	whatsapp.TroubleAway:        {"attention", "The provider does not answer: messages wait and go out, slowly at first, once it is back."},
	whatsapp.TroubleWorker:      {"attention", "The outside worker did not fetch its messages in time: the assistant answers in its place until it comes again."},
	whatsapp.TroubleRefused:     {"attention", "The last webhook did not show the secret and was refused: enter the secret at the provider again."},
	whatsapp.TroubleSilent:      {"waiting", "No webhook has come yet: enter the address and the secret at the provider, then send the number a message."},
}

// given is a time that may be unknown.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func secretOf(sealed []byte, mark string) secretState {
	if sealed == nil {
		return secretState{State: "unset"}
	}
	return secretState{State: "set", Fingerprint: mark}
}

// webhookURL is where the provider delivers: the address that the operator has set, else the engine's host under the base
// domain. The host that a request came with plays no part, since anybody may write one.
func (a *API) webhookURL(c whatsapp.Channel) string { return whatsapp.WebhookURL(a.webhookBase(), c) }

func (a *API) webhookBase() string {
	return cmp.Or(strings.TrimSuffix(a.deps.PublicURL, "/"), "https://engine."+a.deps.BaseDomain)
}

// TenantIDPath names a tenant by id or slug. It is exported because the frame reads the fields of exported embedded structs alone.
type TenantIDPath struct {
	TenantID string `path:"tenant_id" maxLength:"63" doc:"The id or the slug"`
}

// ChannelPath names a channel of a tenant.
type ChannelPath struct {
	TenantIDPath
	ID string `path:"id" format:"uuid"`
}

func (in ChannelPath) id() (flomastr.ChannelID, error) {
	id, err := flomastr.ParseID[flomastr.ChannelID](in.ID)
	if err != nil {
		return id, whatsapp.ErrChannelNotFound
	}
	return id, nil
}

// providerView is what it takes to connect a number at a provider.
type providerView struct {
	Name           string      `json:"name" enum:"infobip,meta,twilio"`
	Fields         []fieldView `json:"fields" doc:"In the order in which a person is asked; the number goes without saying"`
	DefaultBaseURL string      `json:"default_base_url,omitempty" doc:"Of a number that names none"`
	Invents        string      `json:"invents,omitempty" enum:"header,verify_token" doc:"The part of the webhook secret that is made up here and entered at the provider; nothing where the provider signs with a key of its own"`
}

type fieldView struct {
	Name     string `json:"name" example:"credentials.api_key" doc:"As the channel has it"`
	Required bool   `json:"required"`
	Secret   bool   `json:"secret" doc:"Write-only"`
}

func (a *API) providers() []providerView {
	list := []providerView{}
	for _, p := range a.deps.WhatsApp.Providers() {
		view := providerView{Name: p.Name, Fields: []fieldView{}, DefaultBaseURL: p.Address, Invents: string(p.Invents)}
		for _, need := range p.Fields {
			view.Fields = append(view.Fields, fieldView{string(need.Field), need.Required, strings.Contains(string(need.Field), ".")})
		}
		list = append(list, view)
	}
	return list
}

type channelListOutput struct {
	Body struct {
		Channels  []ChannelView  `json:"channels"`
		Providers []providerView `json:"providers" doc:"What this server speaks, and what each needs"`
	}
}

func (a *API) channelList(ctx context.Context, call Call, _ *TenantIDPath) (*channelListOutput, error) {
	list, err := a.deps.WhatsApp.Channels(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &channelListOutput{}
	out.Body.Channels = make([]ChannelView, len(list))
	for i, c := range list {
		out.Body.Channels[i] = a.channelOf(c)
	}
	out.Body.Providers = a.providers()
	return out, nil
}

type channelOutput struct{ Body ChannelView }

func (a *API) channelGet(ctx context.Context, call Call, in *ChannelPath) (*channelOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.Channel(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	return &channelOutput{a.channelOf(c)}, nil
}

// ChannelChange is what an admin may set. Secrets are write-only: one that is left out is kept.
type ChannelChange struct {
	WorkerChange
	Name          *string           `json:"name,omitempty" maxLength:"100"`
	Number        *string           `json:"number,omitempty" maxLength:"25" example:"+447860099299"`
	BaseURL       *string           `json:"base_url,omitempty" maxLength:"300" example:"https://abc123.api.infobip.com"`
	AccountID     *string           `json:"account_id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9]*$"`
	SenderID      *string           `json:"sender_id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9]*$"`
	Status        *string           `json:"status,omitempty" enum:"active,paused"`
	Credentials   *credentials      `json:"credentials,omitempty" doc:"Write-only"`
	WebhookSecret *webhookSecret    `json:"webhook_secret,omitempty" doc:"Write-only: Infobip shows a header or Basic credentials, Meta and Twilio a signature"`
	Limits        *channelLimits    `json:"limits,omitempty"`
	Recipients    *int              `json:"daily_recipients,omitempty" minimum:"0" maximum:"100000000" doc:"How many people it may begin talks with in 24 hours; 0 leaves it to WhatsApp"`
	Fallback      *fallbackTemplate `json:"fallback_template,omitempty" doc:"An approved template of the number, sent in the place of an answer that the 24-hour window keeps back; an empty name takes it away"`
}

type credentials struct {
	APIKey string `json:"api_key" minLength:"1" maxLength:"1000" doc:"Infobip: the key; Meta: the system user's token; Twilio: the auth token, or a key's secret"`
	KeyID  string `json:"key_id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9]*$" doc:"Twilio: the key's SID, where a key is used"`
}

type webhookSecret struct {
	HeaderName  string `json:"header_name,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9-]*$"`
	HeaderValue string `json:"header_value,omitempty" maxLength:"500"`
	Username    string `json:"username,omitempty" maxLength:"200"`
	Password    string `json:"password,omitempty" maxLength:"500"`
	SigningKey  string `json:"signing_key,omitempty" maxLength:"500" doc:"Meta: the app's secret; Twilio: the auth token"`
	PreviousKey string `json:"previous_key,omitempty" maxLength:"500" doc:"Believed as well while a key is being replaced"`
	VerifyToken string `json:"verify_token,omitempty" maxLength:"200" pattern:"^[A-Za-z0-9_.~-]*$" doc:"Meta: to be pasted beside the webhook's address"`
}

func (c ChannelChange) draft() whatsapp.ChannelDraft {
	d := whatsapp.ChannelDraft{Name: c.Name, Number: c.Number, BaseURL: c.BaseURL, AccountID: c.AccountID, SenderID: c.SenderID, Status: c.Status, DailyRecipients: c.Recipients}
	c.WorkerChange.apply(&d)
	if c.Credentials != nil {
		d.Credentials = &whatsapp.Credentials{APIKey: strings.TrimSpace(c.Credentials.APIKey), KeyID: c.Credentials.KeyID}
	}
	if w := c.WebhookSecret; w != nil {
		d.Webhook = new(whatsapp.WebhookSecret(*w))
	}
	if t := c.Fallback; t != nil {
		d.Fallback = new(t.template(t.Name, t.Language))
	}
	if l := c.Limits; l != nil {
		d.Limits = &whatsapp.Limits{
			PerSecond: l.MessagesPerSecond, PairBurst: l.PairBurst,
			PairInterval: time.Duration(l.PairIntervalSeconds * float64(time.Second)),
		}
	}
	return d
}

type channelCreateInput struct {
	TenantIDPath
	Body struct {
		Provider string `json:"provider" enum:"infobip,meta,twilio" doc:"One that the server speaks"`
		ChannelChange
	}
}

type channelSecretOutput struct {
	Body struct {
		ChannelView
		Webhook webhookSecret `json:"webhook" doc:"What the provider must show with each webhook, as far as it was made up here; it is shown this once"`
	}
}

func (a *API) channelWithSecret(c whatsapp.Channel, secret whatsapp.WebhookSecret) *channelSecretOutput {
	// What the admin has brought along is not told back.
	secret.SigningKey, secret.PreviousKey = "", ""
	out := &channelSecretOutput{}
	out.Body.ChannelView, out.Body.Webhook = a.channelOf(c), webhookSecret(secret)
	return out
}

// channelCreate takes no Idempotency-Key: the answer holds the webhook's secret, and stored answers would keep it. A
// number that was connected before is refused anyway.
func (a *API) channelCreate(ctx context.Context, call Call, in *channelCreateInput) (*channelSecretOutput, error) {
	draft := in.Body.draft()
	draft.By = call.Caller.Actor()
	draft.Provider = in.Body.Provider
	c, secret, err := a.deps.WhatsApp.CreateChannel(ctx, call.Tenant.ID, draft)
	if err != nil {
		return nil, err
	}
	return a.channelWithSecret(c, secret), nil
}

type channelUpdateInput struct {
	ChannelPath
	Body ChannelChange
}

func (a *API) channelUpdate(ctx context.Context, call Call, in *channelUpdateInput) (*channelOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	draft := in.Body.draft()
	draft.By = call.Caller.Actor()
	c, err := a.deps.WhatsApp.UpdateChannel(ctx, call.Tenant.ID, id, draft)
	if err != nil {
		return nil, err
	}
	return &channelOutput{a.channelOf(c)}, nil
}

// channelRenewSecret takes no Idempotency-Key either: its answer is a secret.
func (a *API) channelRenewSecret(ctx context.Context, call Call, in *ChannelPath) (*channelSecretOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, secret, err := a.deps.WhatsApp.RenewSecret(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	if err != nil {
		return nil, err
	}
	return a.channelWithSecret(c, secret), nil
}

func (a *API) channelForgetSecret(ctx context.Context, call Call, in *ChannelPath) (*channelOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := a.deps.WhatsApp.ForgetPreviousSecret(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	if err != nil {
		return nil, err
	}
	return &channelOutput{a.channelOf(c)}, nil
}

func (a *API) channelDelete(ctx context.Context, call Call, in *ChannelPath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.deps.WhatsApp.DeleteChannel(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}

type channelTestOutput struct {
	Body struct {
		OK      bool   `json:"ok"`
		Code    string `json:"code,omitempty" example:"provider_refused" doc:"Why not, for scripts"`
		Message string `json:"message" doc:"The outcome in words"`
	}
}

// channelTest really calls the provider, and sends nobody anything. A refusal is an answer, not an error of ours.
func (a *API) channelTest(ctx context.Context, call Call, in *ChannelPath) (*channelTestOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	out := &channelTestOutput{}
	out.Body.OK, out.Body.Message = true, "The provider accepts the credentials."
	err = a.deps.WhatsApp.TestChannel(ctx, call.Tenant.ID, id)
	switch flomastr.KindOf(err) {
	case flomastr.Upstream, flomastr.Invalid:
		problem := problemOf(ctx, err)
		out.Body.OK, out.Body.Code, out.Body.Message = false, problem.Code, problem.Detail
		return out, nil
	}
	return out, err
}

type channelErrorsOutput struct {
	Body struct {
		Errors []channelError `json:"errors"`
	}
}

type channelError struct {
	Reason string    `json:"reason" example:"foreign_number"`
	Body   string    `json:"body" doc:"What the provider sent"`
	At     time.Time `json:"at"`
}

type channelErrorsInput struct {
	ChannelPath
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"100"`
}

// channelErrors lists what the provider sent and we could not use, newest first.
func (a *API) channelErrors(ctx context.Context, call Call, in *channelErrorsInput) (*channelErrorsOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	list, err := a.deps.WhatsApp.InboundErrors(ctx, call.Tenant.ID, id, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &channelErrorsOutput{}
	out.Body.Errors = make([]channelError, len(list))
	for i, e := range list {
		out.Body.Errors[i] = channelError(e)
	}
	return out, nil
}
