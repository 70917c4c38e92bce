package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
)

// WhatsApp is what the door asks of the WhatsApp engine.
type WhatsApp interface {
	Receive(ctx context.Context, provider string, channel flomastr.ChannelID, request whatsapp.WebhookRequest) error
	Challenge(ctx context.Context, provider string, channel flomastr.ChannelID, query url.Values) (string, error)
	Ingest(ctx context.Context, tenant flomastr.TenantID, message whatsapp.Neutral) (whatsapp.Stored, error)
	Send(ctx context.Context, tenant flomastr.TenantID, request whatsapp.Request) (whatsapp.Message, error)

	NextJob(ctx context.Context, tenant flomastr.TenantID, jobType string, wait time.Duration) (whatsapp.Claimed, error)
	Job(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID) (whatsapp.Job, error)
	CompleteJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string, done whatsapp.Completion) (whatsapp.Job, error)
	FailJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token, because string, retry bool) (whatsapp.Job, error)
	ExtendJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string, by time.Duration) (whatsapp.Job, error)
	QueueSizeOf(ctx context.Context, tenant flomastr.TenantID) (int, error)

	Conversations(ctx context.Context, tenant flomastr.TenantID, page whatsapp.Page) ([]whatsapp.Conversation, string, error)
	Reached(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, reach whatsapp.Reach) (whatsapp.Conversation, error)
	WithinReach(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.ConversationID, reach whatsapp.Reach) (map[flomastr.ConversationID]bool, error)
	Messages(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, page whatsapp.Page) ([]whatsapp.Message, string, error)
	Reply(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, author whatsapp.Author, message whatsapp.Content) (whatsapp.Message, error)
	Assign(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor, member, reason string) (whatsapp.Conversation, error)
	Resume(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor) (whatsapp.Conversation, error)
	Close(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, by flomastr.Actor) (whatsapp.Conversation, error)
	MarkRead(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) error
	ResolveTask(ctx context.Context, tenant flomastr.TenantID, r whatsapp.TaskResolution) (task.Task, error)
	Attached(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (whatsapp.Attached, error)
	TakeUpload(ctx context.Context, tenant flomastr.TenantID, as whatsapp.MediaKind, filename string, body io.Reader) (*whatsapp.Upload, error)
	KeepUpload(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, u *whatsapp.Upload) (whatsapp.Attached, error)
	OpenLinked(ctx context.Context, token string) (whatsapp.Attached, io.ReadSeekCloser, error)
	OpenMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (whatsapp.Attached, io.ReadSeekCloser, error)
	RetryMedia(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.MediaID) (whatsapp.Attached, error)

	CreateChannel(ctx context.Context, tenant flomastr.TenantID, draft whatsapp.ChannelDraft) (whatsapp.Channel, whatsapp.WebhookSecret, error)
	UpdateChannel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID, draft whatsapp.ChannelDraft) (whatsapp.Channel, error)
	DeleteChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) error
	Channel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) (whatsapp.Channel, error)
	Channels(ctx context.Context, tenant flomastr.TenantID) ([]whatsapp.Channel, error)
	RenewSecret(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) (whatsapp.Channel, whatsapp.WebhookSecret, error)
	ForgetPreviousSecret(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) (whatsapp.Channel, error)
	Trouble(ch whatsapp.Channel) whatsapp.Trouble
	Providers() []whatsapp.ProviderSetup
	TestChannel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) error
	InboundErrors(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID, limit int) ([]whatsapp.InboundError, error)
	Person(ctx context.Context, tenant flomastr.TenantID, id flomastr.ContactID, reach whatsapp.Reach) (whatsapp.Person, error)
	ContactNamed(ctx context.Context, tenant flomastr.TenantID, name string) (flomastr.ContactID, error)
	MergeContacts(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id, other flomastr.ContactID) (whatsapp.Contact, error)
	UnmergeContact(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ContactID) (whatsapp.Contact, error)
	Ledger(ctx context.Context, tenant flomastr.TenantID, page whatsapp.LedgerPage) ([]whatsapp.LedgerLine, string, error)
	Templates
	DeadLetters
	Alerts(ctx context.Context, tenant flomastr.TenantID, page whatsapp.AlertPage) ([]whatsapp.Alert, string, error)
	ResolveAlert(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.AlertID) (whatsapp.Alert, error)
}

type webhookInput struct {
	ChannelID string `path:"channel_id" format:"uuid"`
	RawBody   []byte `contentType:"application/json"`
}

type webhookOutput struct {
	Body struct {
		Status string `json:"status" example:"stored"`
	}
}

// webhookOf takes a provider's webhooks in: inbound messages and reports alike. The body's bytes are judged by the channel's
// secret before anything of them is read.
func (a *API) webhookOf(provider string) func(context.Context, Call, *webhookInput) (*webhookOutput, error) {
	return func(ctx context.Context, _ Call, in *webhookInput) (*webhookOutput, error) {
		channel, err := flomastr.ParseID[flomastr.ChannelID](in.ChannelID)
		if err != nil {
			return nil, whatsapp.ErrChannelNotFound
		}
		arrival, _ := ctx.Value(arrivalKey{}).(arrival)
		if err := a.deps.WhatsApp.Receive(ctx, provider, channel, whatsapp.WebhookRequest{Header: arrival.request.Header, Body: in.RawBody}); err != nil {
			return nil, err
		}
		out := &webhookOutput{}
		out.Body.Status = "stored"
		return out, nil
	}
}

type challengeInput struct {
	ChannelID string `path:"channel_id" format:"uuid"`
}

type challengeOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// webhookMetaChallenge answers Meta's test of a channel's address with the challenge and nothing else, as plain text.
func (a *API) webhookMetaChallenge(ctx context.Context, _ Call, in *challengeInput) (*challengeOutput, error) {
	channel, err := flomastr.ParseID[flomastr.ChannelID](in.ChannelID)
	if err != nil {
		return nil, whatsapp.ErrChannelNotFound
	}
	arrival, _ := ctx.Value(arrivalKey{}).(arrival)
	answer, err := a.deps.WhatsApp.Challenge(ctx, "meta", channel, arrival.request.URL.Query())
	if err != nil {
		return nil, err
	}
	return &challengeOutput{ContentType: "text/plain; charset=utf-8", Body: []byte(answer)}, nil
}

type formWebhookInput struct {
	ChannelID string `path:"channel_id" format:"uuid"`
	RawBody   []byte `contentType:"application/x-www-form-urlencoded"`
}

type twimlOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// noReply answers Twilio. Anything else, a plain word too, would be sent to the customer.
const noReply = `<?xml version="1.0" encoding="UTF-8"?><Response/>`

// webhookTwilio takes Twilio's webhooks in: inbound messages and reports alike. The signature covers the address that
// Twilio called, which is the configured one: what a request says of its own host is anybody's word.
func (a *API) webhookTwilio(ctx context.Context, _ Call, in *formWebhookInput) (*twimlOutput, error) {
	channel, err := flomastr.ParseID[flomastr.ChannelID](in.ChannelID)
	if err != nil {
		return nil, whatsapp.ErrChannelNotFound
	}
	arrival, _ := ctx.Value(arrivalKey{}).(arrival)
	r := whatsapp.WebhookRequest{Header: arrival.request.Header, URL: a.webhookBase() + arrival.request.URL.RequestURI(), Body: in.RawBody}
	if written := arrival.request.RequestURI; strings.HasPrefix(written, "/") {
		r.URL = a.webhookBase() + written // byte for byte, before anything was decoded
	}
	if err := a.deps.WhatsApp.Receive(ctx, "twilio", channel, r); err != nil {
		return nil, err
	}
	return &twimlOutput{ContentType: "text/xml; charset=utf-8", Body: []byte(noReply)}, nil
}

// textOrObject is a message that may be written as a bare string.
type textOrObject struct {
	Text string
}

// UnmarshalJSON implements json.Unmarshaler. What the schema lets through is a string or an object with a text.
func (m *textOrObject) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.Text)
	}
	var object struct {
		Text string `json:"text"`
	}
	err := json.Unmarshal(b, &object)
	m.Text = object.Text
	return err
}

// MarshalJSON implements json.Marshaler, for the hash of an idempotent request.
func (m textOrObject) MarshalJSON() ([]byte, error) { return json.Marshal(m.Text) }

// Schema implements huma.SchemaProvider.
func (textOrObject) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(65_536)}
	text.PrecomputeMessages()
	object := &huma.Schema{
		Type: huma.TypeObject, Properties: map[string]*huma.Schema{"text": text}, Required: []string{"text"}, AdditionalProperties: false,
	}
	object.PrecomputeMessages()
	both := &huma.Schema{OneOf: []*huma.Schema{text, object}}
	both.PrecomputeMessages()
	return both
}

type inboundInput struct {
	Body struct {
		From        string       `json:"from" maxLength:"150" doc:"The customer: E.164, or the provider's user id" example:"+385911111111"`
		Message     textOrObject `json:"message" doc:"The text, or an object with it"`
		TenantID    string       `json:"tenant_id,omitempty" doc:"The tenant, by id or slug; a tenant's own token needs none"`
		To          string       `json:"to,omitempty" maxLength:"30" doc:"Our number; the tenant's first channel otherwise"`
		Timestamp   *time.Time   `json:"timestamp,omitempty" doc:"When it was written; now otherwise"`
		MessageID   string       `json:"message_id,omitempty" maxLength:"512" doc:"The same id again gives the same job; made up otherwise"`
		ContactName string       `json:"contact_name,omitempty" maxLength:"400"`
	}
}

func (in *inboundInput) namesTenant() string { return in.Body.TenantID }

type inboundOutput struct {
	Body struct {
		Status                  string         `json:"status" enum:"accepted"`
		JobID                   flomastr.JobID `json:"job_id" format:"uuid" doc:"The turn that answers the message"`
		QueuePosition           int            `json:"queue_position" doc:"Turns of the tenant that wait, this one included"`
		EstimatedProcessingTime float64        `json:"estimated_processing_time" doc:"Seconds, roughly"`
	}
}

// secondsPerTurn is a rough guess for those who only want an order of magnitude.
const secondsPerTurn = 0.5

func (a *API) webhookInbound(ctx context.Context, call Call, in *inboundInput) (*inboundOutput, error) {
	n := whatsapp.Neutral{
		From: in.Body.From, To: in.Body.To, Text: in.Body.Message.Text, MessageID: in.Body.MessageID, ContactName: in.Body.ContactName,
	}
	if in.Body.Timestamp != nil {
		n.At = *in.Body.Timestamp
	}
	stored, err := a.deps.WhatsApp.Ingest(ctx, call.Tenant.ID, n)
	if err != nil {
		return nil, err
	}
	size, err := a.deps.WhatsApp.QueueSizeOf(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &inboundOutput{}
	out.Body.Status, out.Body.JobID, out.Body.QueuePosition = "accepted", stored.Job, size
	out.Body.EstimatedProcessingTime = float64(size) * secondsPerTurn
	return out, nil
}

type issuerWebhookInput struct {
	RawBody []byte `contentType:"application/json"`
}

// webhookClerk takes in what Clerk says of people and sessions. Without a secret to check it by, everything is refused.
func (a *API) webhookClerk(ctx context.Context, _ Call, in *issuerWebhookInput) (*webhookOutput, error) {
	if a.deps.IssuerNews == nil {
		return nil, identity.ErrBadSignature.Because(errors.New("no webhook secret is configured"))
	}
	arrival, _ := ctx.Value(arrivalKey{}).(arrival)
	if err := a.deps.IssuerNews.Receive(ctx, arrival.request.Header, in.RawBody); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	out := &webhookOutput{}
	out.Body.Status = "stored"
	return out, nil
}
