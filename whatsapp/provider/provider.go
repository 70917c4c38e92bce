package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/flomastr/flomastr"
)

// Provider speaks one provider's wire. It is safe for concurrent use; everything about the number comes with the
// channel.
type Provider interface {
	// Name is the word in the webhook's path and in the channel's row, such as "infobip".
	Name() string

	// Authenticate checks the request's raw bytes against the channel's webhook secret, in constant time, before
	// anything is parsed. A channel without a secret refuses every request. The error is ErrUnauthenticated or wraps it.
	Authenticate(ch Channel, r Request) error

	// Parse turns an authenticated body into a batch. Each element stands alone: one that cannot be used becomes an
	// Unusable beside the others. Only a body that is not the provider's format at all is an error: ErrNotJSON.
	Parse(ch Channel, r Request) (Batch, error)

	// Send makes one call that may deliver the message, with msg.Key as the client's own id of it. It never tries
	// again by itself. An error is always a *SendError, whose Outcome tells whether the message may have been taken.
	Send(ctx context.Context, ch Channel, msg Message) (Accepted, error)

	// Test really calls the provider with the channel's credentials and sends nobody anything.
	Test(ctx context.Context, ch Channel) error

	// CheckAddress says whether credentials may be sent to this base URL.
	CheckAddress(baseURL string) error
}

// Channel is one number at one provider, with its secrets opened. It is never logged and never leaves the process.
type Channel struct {
	Tenant      flomastr.TenantID
	ID          flomastr.ChannelID
	Number      string // digits
	BaseURL     string
	Credentials Credentials
	Webhook     WebhookSecret
}

// Credentials are what we show the provider.
type Credentials struct {
	APIKey string `json:"api_key,omitempty"`
}

// WebhookSecret is what the provider must show us: a header of a secret value, or Basic credentials.
type WebhookSecret struct {
	HeaderName  string `json:"header_name,omitempty"`
	HeaderValue string `json:"header_value,omitempty"`
	Username    string `json:"username,omitempty"`
	Password    string `json:"password,omitempty"`
}

// IsZero tells whether no secret is set.
func (s WebhookSecret) IsZero() bool { return s == WebhookSecret{} }

// String keeps the secret out of logs.
func (Credentials) String() string { return "provider.Credentials(…)" }

// GoString keeps the secret out of %#v.
func (c Credentials) GoString() string { return c.String() }

// String keeps the secret out of logs.
func (WebhookSecret) String() string { return "provider.WebhookSecret(…)" }

// GoString keeps the secret out of %#v.
func (s WebhookSecret) GoString() string { return s.String() }

// Request is a webhook as it arrived.
type Request struct {
	Header     http.Header
	Body       []byte // raw, at most MaxBody
	ReceivedAt time.Time
}

// MaxBody caps a webhook's body.
const MaxBody = 4 << 20

// The failures of a webhook as a whole.
var (
	ErrUnauthenticated = flomastr.Errorf(flomastr.Unauthenticated, "webhook_unauthenticated", "The webhook's credentials are missing or wrong.")
	ErrNotJSON         = flomastr.Errorf(flomastr.Malformed, "webhook_malformed", "The body is not JSON.")
)

// Batch is what one webhook body held.
type Batch struct {
	Messages []Inbound
	Reports  []Report
	Unusable []Unusable // kept on the error list
}

// Inbound is a message from a customer.
type Inbound struct {
	ProviderID  string // opaque; with the channel it finds duplicates
	From        Address
	To          string // digits of our number
	Type        string // lower case: text, image, button, interactive_list_reply, …
	Text        string // the words, or a text form such as "[location 44.9, 13.8 Office]"
	Readable    bool   // Text says what the customer said: it can be answered like a text message
	Silent      bool   // nothing to answer: a reaction, a message to a group
	MediaURL    string
	ProfileName string
	ReplyTo     string // the provider's id of a quoted message
	SentAt      time.Time
	Raw         string // the element's own JSON, cleaned
}

// Address is how a provider names a customer: by a user id of its own, by phone, or both.
type Address struct {
	UserID string // stable for this business, e.g. "AE.1509…"; may be empty
	Phone  string // digits; may be empty for somebody who hides it
}

// Report is what became of a message of ours.
type Report struct {
	Key    string // the message's id as the report has it: our own, or the provider's
	Mark   string // makes a repeated report the same one: "delivery:5", "seen"
	State  State
	At     time.Time
	Detail string // a sentence for people; empty when all is well
	Effect Effect
	Raw    string
}

// State is a step in the life of a message of ours.
type State string

// The states, in the order in which they may follow each other; a message never goes back.
const (
	StateQueued    State = "queued"
	StateIntent    State = "intent"  // the call has begun
	StateUnknown   State = "unknown" // the call's outcome is not known; it is never made again by itself
	StateAccepted  State = "accepted"
	StateSent      State = "sent"
	StateDelivered State = "delivered"
	StateRead      State = "read"
	StateFailed    State = "failed"
)

// Effect is what a failure means beyond its message.
type Effect uint8

// The effects.
const (
	NoEffect     Effect = iota
	PauseChannel        // credentials, money or set-up: nothing can be sent until a person mends it
	CloseWindow         // the provider says that the 24 hours are over
	Unreachable         // this contact cannot or will not be reached
)

// Unusable is an element of a webhook that we keep without acting on it.
type Unusable struct {
	Reason string // a short word: foreign_number, bad_sender, unknown_event, …
	Body   string // cleaned
}

// Message is what is to be sent.
type Message struct {
	Key      string // our own id, sent along so that a report can be matched even if the answer is lost
	To       string // the provider's name for the contact: digits, or a user id
	Text     string
	ReplyTo  string // quotes a message of the customer's
	Media    *Media
	Template *Template
}

// Media is a file to be fetched by the provider.
type Media struct {
	Kind     string `json:"kind"` // image, video, document, audio
	URL      string `json:"url"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
}

// Template is an approved message that may be sent at any time.
type Template struct {
	Name         string   `json:"name"`
	Language     string   `json:"language"`
	Placeholders []string `json:"placeholders,omitempty"`
}

// Accepted says that the provider has taken the message.
type Accepted struct {
	ProviderID string
	State      State // StateAccepted, or further
}
