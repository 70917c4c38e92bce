package provider

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
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

	// CheckSecret says whether a webhook secret is of a kind that this provider can show us, and names that kind in one
	// word for people: header, basic, signature. The error is a sentence about what it needs.
	CheckSecret(secret WebhookSecret) (scheme string, err error)

	// CompleteSecret fills in what of a webhook's secret is ours to choose and was left open: as it was before, or made up.
	CompleteSecret(secret, before WebhookSecret) WebhookSecret

	// Setup says what an admin must tell to connect a number here.
	Setup() Setup

	// Limits says what fits into one message.
	Limits() Limits

	// Check says before a message is queued whether it can go at all: an error is a *SendError of outcome Refused, with a
	// sentence about the first thing that cannot. A file may have no address yet.
	Check(msg Message) error
}

// Limits is what fits into one message, in characters.
type Limits struct {
	Text    int
	Caption int
}

// A provider may be able to do more than the engine must have. Each ability is an interface of its own, found by a type
// assertion.
type (
	// Challenger answers the provider's own test of a webhook's address, a GET. It returns what must stand in the answer.
	Challenger interface {
		Challenge(ch Channel, query url.Values) (answer string, err error)
	}

	// MediaSource opens a file that a customer sent. The caller closes it and counts its bytes; whatever the provider says
	// of type and size is a claim. ErrMediaGone when the provider no longer has it.
	MediaSource interface {
		OpenMedia(ctx context.Context, ch Channel, a Attachment) (MediaFile, error)
	}

	// MediaTaker is a provider that is handed a file before a message sends it by the id that the provider gives it. Where there
	// is no such call, the provider fetches the file by its address. An error is always a *SendError; nothing was delivered.
	MediaTaker interface {
		TakeMedia(ctx context.Context, ch Channel, f MediaUpload) (id string, err error)
	}

	// Presence shows the customer that somebody is at work. Failures never matter.
	Presence interface {
		MarkRead(ctx context.Context, ch Channel, providerID string) error
		// Typing shows the sign of writing to the customer who sent the message; it ends by itself.
		Typing(ctx context.Context, ch Channel, to, providerID string) error
	}

	// Reconciler is a provider that can be asked what became of a send without a clear answer. It reports a message only where
	// what it keeps can be nothing else. ErrNotFound proves nothing: the message stays unknown.
	Reconciler interface {
		FindSent(ctx context.Context, ch Channel, s Sought) (Report, error)
	}

	// StandingSource is a provider that tells how WhatsApp judges a number when it is asked: the news that others bring by a
	// webhook, with marks that stay the same while nothing changes.
	StandingSource interface {
		Standing(ctx context.Context, ch Channel) ([]Event, error)
	}

	// TemplateManager keeps a number's templates at the provider.
	TemplateManager interface {
		Templates(ctx context.Context, ch Channel) ([]TemplateState, error)
		// CreateTemplate submits a template for approval and returns it as the provider keeps it.
		CreateTemplate(ctx context.Context, ch Channel, t TemplateState) (TemplateState, error)
		// DeleteTemplate removes a name in all its languages. A provider that may keep several of one name removes those of
		// these ids alone, which are the ones that people see.
		DeleteTemplate(ctx context.Context, ch Channel, name string, ids []string) error
	}
)

// Sought is a message of ours that a provider may have taken.
type Sought struct {
	Message  Message
	From, To time.Time // when it may have been taken, by our clock
	Known    []string  // the provider's ids of other messages of ours
}

// ErrNotFound is a message of which a provider does not surely know.
var ErrNotFound = flomastr.Errorf(flomastr.NotFound, "message_not_found", "The provider does not know surely of this message.")

// ErrMediaGone is a file that the provider no longer has, or never had.
var ErrMediaGone = flomastr.Errorf(flomastr.NotFound, "media_gone", "The provider no longer has this file.")

// MediaFile is an open file at a provider.
type MediaFile struct {
	Body io.ReadCloser
	Type string // as claimed; may be empty
	Size int64  // as claimed; -1 when the provider does not say
}

// MediaUpload is a file on its way to a provider.
type MediaUpload struct {
	Body     io.Reader
	Type     string // such as "image/jpeg", without parameters
	Size     int64
	Filename string
}

// Channel is one number at one provider, with its secrets opened. It is never logged and never leaves the process.
type Channel struct {
	Tenant      flomastr.TenantID
	ID          flomastr.ChannelID
	Number      string // digits
	BaseURL     string
	AccountID   string // Meta: the WhatsApp business account; Twilio: the account's SID; Infobip: none
	SenderID    string // Meta: the phone number id; Twilio: a messaging service's SID, or none; Infobip: none
	Credentials Credentials
	Webhook     WebhookSecret
}

// Credentials are what we show the provider.
type Credentials struct {
	APIKey string `json:"api_key,omitempty"` // Infobip: the key; Meta: the system user's token; Twilio: the auth token, or a key's secret
	KeyID  string `json:"key_id,omitempty"`  // Twilio: the key's SID, where a key is used instead of the auth token
}

// WebhookSecret is what the provider must show us: a header of a secret value, Basic credentials, or a signature by a key
// that we share.
type WebhookSecret struct {
	HeaderName  string `json:"header_name,omitempty"`
	HeaderValue string `json:"header_value,omitempty"`
	Username    string `json:"username,omitempty"`
	Password    string `json:"password,omitempty"`
	SigningKey  string `json:"signing_key,omitempty"`  // Meta: the app's secret; Twilio: the auth token
	PreviousKey string `json:"previous_key,omitempty"` // a key, a header's value or a password: still believed while it is being replaced
	VerifyToken string `json:"verify_token,omitempty"` // Meta: ours, shown back in the test of the address
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
	URL        string // as the provider called it, by our own public address, with the query
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
	Events   []Event
	Unusable []Unusable // kept on the error list
}

// Inbound is a message from a customer, or one that a person wrote to a customer elsewhere (Echo).
type Inbound struct {
	ProviderID  string // opaque; with the channel it finds duplicates
	From        Address
	To          string // digits of our number
	Type        string // lower case: text, image, button, interactive_list_reply, …; reaction, edit and revoke are about Target
	Text        string // the words, or a text form such as "[location 44.9, 13.8 Office]"
	Readable    bool   // Text says what the customer said: it can be answered like a text message
	Silent      bool   // nothing to answer: a reaction, a message to a group
	Media       Attachment
	Choice      string // the id of the button or row that was chosen: it carries the meaning, not the title; a reaction's emoji, none when it is taken back
	ProfileName string
	ReplyTo     string // the provider's id of a quoted message
	Target      string // the provider's id of the message that a reaction, edit or revoke is about
	Echo        bool   // written by a person in the business's own app: From is the customer it went to
	History     bool   // of the past: stored, never answered, nobody is told
	Referral    string // the advertisement it came by, as the provider's JSON; empty for most
	SentAt      time.Time
	Raw         string // the element's own JSON, cleaned
}

// Attachment is a file that came with a message. It lies at the provider until it is fetched, and not for long.
type Attachment struct {
	ID       string `json:"id,omitempty"`  // Meta
	URL      string `json:"url,omitempty"` // Infobip, Twilio
	Type     string `json:"type,omitempty"`
	Filename string `json:"filename,omitempty"`
	SHA256   string `json:"sha256,omitempty"` // hex, as claimed
	Voice    bool   `json:"voice,omitempty"`
}

// IsZero tells whether there is none.
func (a Attachment) IsZero() bool { return a == Attachment{} }

// Address is how a provider names a customer: by a user id of its own, by phone, or both.
type Address struct {
	UserID string // stable for this business, e.g. "AE.1509…"; may be empty
	Phone  string // digits; may be empty for somebody who hides it
}

// Report is what became of a message of ours.
type Report struct {
	Key        string // the message's id as the report has it: our own, or the provider's
	ProviderID string // the provider's id, where the report has it besides our own
	Mark       string // makes a repeated report the same one: "delivery:5", "seen"
	State      State
	At         time.Time
	Detail     string // a sentence for people; empty when all is well
	Effect     Effect
	Raw        string
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

// Effect is what a failure means beyond its message. Its numbers are stored with reports that wait: add at the end.
type Effect uint8

// The effects.
const (
	NoEffect       Effect = iota
	PauseChannel          // credentials, money or set-up: nothing can be sent until a person mends it
	CloseWindow           // the provider says that the 24 hours are over
	Unreachable           // this contact cannot or will not be reached
	StopMarketing         // the contact takes no marketing any more
	StopAll               // the contact has told the provider to stop us
	CheckTemplates        // the template is not what we took it for
	HoldMarketing         // the contact has had enough marketing for a day
)

// Event is something else that a provider tells: of a template, a number, an account, or a contact.
type Event struct {
	Kind     EventKind
	Mark     string // makes a repeated event the same one
	Contact  Address
	Previous Address // how the contact was named before
	Template TemplateState
	Account  bool   // it concerns the account: all of its numbers, or the one that Number names
	Number   string // digits
	// Recipients is how many people WhatsApp lets the account begin talks with in 24 hours; 0 says nothing of it. Unlimited is
	// [Unlimited].
	Recipients int
	Severity   Severity
	Detail     string // a sentence for people; of a number, empty where nobody needs to be told
	At         time.Time
	Raw        string
}

// Unlimited is a number of recipients without a limit.
const Unlimited = 1<<31 - 1

// EventKind says what an event is about.
type EventKind string

// The kinds of events.
const (
	TemplateChanged  EventKind = "template_changed"  // Template has what is new, the rest is empty
	NumberChanged    EventKind = "number_changed"    // quality, throughput or standing of our own number or account
	ContactRenamed   EventKind = "contact_renamed"   // Previous is Contact now
	IdentityChanged  EventKind = "identity_changed"  // another device or owner: sends may fail until it is confirmed
	MarketingStopped EventKind = "marketing_stopped" // the contact takes no marketing
	MarketingResumed EventKind = "marketing_resumed"
	Noted            EventKind = "noted" // kept and shown, nothing follows
)

// Severity says whom an event concerns.
type Severity string

// The severities: for the record, for a look today, for an alert now.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Urgent  Severity = "urgent"
)

// Unusable is an element of a webhook that we keep without acting on it.
type Unusable struct {
	Reason string // a short word: foreign_number, bad_sender, unknown_event, …
	Body   string // cleaned
	// Addressee is set for an element of another number that shares this webhook's address: that number's sender or account
	// id. Where it is a channel whose own secret authenticates the same request, the element is that channel's.
	Addressee string
}

// Message is what is to be sent. Besides Text, which may go with Media as its caption, one of the pointers is set.
type Message struct {
	Key         string // our own id, sent along so that a report can be matched even if the answer is lost
	To          string // the provider's name for the contact: digits, or a user id
	Text        string
	ReplyTo     string // quotes a message of the customer's
	Media       *Media
	Template    *Template
	Interactive *Interactive
	Location    *Location
	Contacts    []ContactCard
	Reaction    *Reaction
	// CallbackURL is the channel's webhook, at a provider that is told with each message where its reports go (Twilio), which
	// adds our key to it. It is set when the call is made.
	CallbackURL string
}

// Rich tells whether the message is more than a text.
func (m Message) Rich() bool {
	return m.Media != nil || m.Template != nil || m.Interactive != nil || m.Location != nil || len(m.Contacts) > 0 || m.Reaction != nil
}

// Media is a file: somebody's, at an address, or one that we keep, which gets an address or a provider's id when its call is
// made.
type Media struct {
	Kind     string           `json:"kind"` // image, video, document, audio, voice, sticker
	URL      string           `json:"url,omitempty"`
	File     flomastr.MediaID `json:"file,omitzero"`
	ID       string           `json:"id,omitempty"` // as the provider names it, once it has been handed over
	Caption  string           `json:"caption,omitempty"`
	Filename string           `json:"filename,omitempty"`
}

// there tells whether a provider gets the file from anywhere.
func (m Media) there() bool { return m.ID != "" || !m.File.IsZero() || isWebAddress(m.URL) }

// Source is how a provider finds the file: by its own id of it, or by an address.
func (m Media) Source() (id, link string) {
	if m.ID != "" {
		return m.ID, ""
	}
	return "", m.URL
}

// files are the places of a message where a file may be.
func (m *Message) files() []**Media {
	places := []**Media{&m.Media}
	if m.Template != nil {
		places = append(places, &m.Template.HeaderMedia)
	}
	if m.Interactive != nil {
		places = append(places, &m.Interactive.HeaderMedia)
	}
	return places
}

// WithFiles is the message with each of its files replaced. The message itself stays as it was.
func (m Message) WithFiles(replace func(Media) (Media, error)) (Message, error) {
	if m.Template != nil {
		m.Template = new(*m.Template)
	}
	if m.Interactive != nil {
		m.Interactive = new(*m.Interactive)
	}
	for _, at := range m.files() {
		if *at == nil {
			continue
		}
		file, err := replace(**at)
		if err != nil {
			return m, err
		}
		*at = &file
	}
	return m, nil
}

// HasFiles tells whether the message sends a file that we keep.
func (m Message) HasFiles() bool {
	return slices.ContainsFunc(m.files(), func(at **Media) bool { return *at != nil && !(*at).File.IsZero() })
}

// Template is an approved message that may be sent at any time.
type Template struct {
	ID           string           `json:"id,omitempty"` // as its provider keeps it; Twilio sends by it alone
	Name         string           `json:"name"`
	Language     string           `json:"language"`
	Placeholders []string         `json:"placeholders,omitempty"`
	HeaderText   string           `json:"header_text,omitempty"`
	HeaderMedia  *Media           `json:"header_media,omitempty"`
	Buttons      []TemplateButton `json:"buttons,omitempty"` // those that take a value, in their order
	Names        *ValueNames      `json:"names,omitempty"`
}

// ValueNames is what a provider calls the values of a template, where it does not count each part's from 1. A name is empty
// where a part takes no value.
type ValueNames struct {
	Body    []string `json:"body,omitempty"` // in the order of the placeholders
	Header  string   `json:"header,omitempty"`
	Buttons []string `json:"buttons,omitempty"` // of all the template's buttons
}

// TemplateButton is a value for a template's button.
type TemplateButton struct {
	Kind  string `json:"kind"`  // quick_reply, url, copy_code
	Index int    `json:"index"` // among all of the template's buttons
	Value string `json:"value"`
}

// Interactive is a message with something to tap: exactly one of Buttons, Sections, Link, Flow and AskLocation is set.
type Interactive struct {
	Header      string    `json:"header,omitempty"`
	HeaderMedia *Media    `json:"header_media,omitempty"` // with Buttons only
	Body        string    `json:"body"`
	Footer      string    `json:"footer,omitempty"`
	Buttons     []Choice  `json:"buttons,omitempty"`  // 1 to 3
	Label       string    `json:"label,omitempty"`    // what opens the list
	Sections    []Section `json:"sections,omitempty"` // at most 10 rows in all
	Link        *Link     `json:"link,omitempty"`
	Flow        *Flow     `json:"flow,omitempty"`
	AskLocation bool      `json:"ask_location,omitempty"`
}

// Choice is a button or a row of a list.
type Choice struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"` // of a row
}

// Section is a part of a list.
type Section struct {
	Title string   `json:"title,omitempty"`
	Rows  []Choice `json:"rows"`
}

// Link is a button that opens an address.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Flow opens a form of WhatsApp's.
type Flow struct {
	ID     string          `json:"id"`
	Token  string          `json:"token"`
	Label  string          `json:"label"`
	Screen string          `json:"screen,omitempty"` // empty: the flow's own end decides
	Data   json.RawMessage `json:"data,omitempty"`
	Draft  bool            `json:"draft,omitempty"`
}

// Location is a place on the map, in degrees.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
}

// ContactCard is somebody's card.
type ContactCard struct {
	FirstName string   `json:"first_name"`
	Name      string   `json:"name"` // whole, as shown
	Phones    []string `json:"phones,omitempty"`
	Emails    []string `json:"emails,omitempty"`
}

// Reaction is an emoji on a message of the customer's; none takes it back.
type Reaction struct {
	Target string `json:"target"` // the provider's id
	Emoji  string `json:"emoji"`
}

// TemplateState is a template as its provider keeps it.
type TemplateState struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Language string           `json:"language"`
	Category string           `json:"category"` // marketing, utility, authentication
	Status   string           `json:"status"`   // lower case: approved, pending, rejected, paused, disabled, …
	Quality  string           `json:"quality,omitempty"`
	Reason   string           `json:"reason,omitempty"` // why it was rejected or paused
	Header   *TemplateHeader  `json:"header,omitempty"`
	Body     string           `json:"body"` // with {{1}}, {{2}}, …
	Footer   string           `json:"footer,omitempty"`
	Buttons  []TemplateChoice `json:"buttons,omitempty"`
	Examples []string         `json:"examples,omitempty"` // one for each placeholder, in order
	Names    *ValueNames      `json:"names,omitempty"`
}

// TemplateHeader is a template's header: a text with at most one placeholder, or a kind of media.
type TemplateHeader struct {
	Kind    string `json:"kind"` // text, image, video, document, location
	Text    string `json:"text,omitempty"`
	Example string `json:"example,omitempty"` // a text, or a media's address
}

// TemplateChoice is a button of a template.
type TemplateChoice struct {
	Kind    string `json:"kind"` // quick_reply, url, phone_number, copy_code
	Text    string `json:"text"`
	Value   string `json:"value,omitempty"` // the URL or number
	Example string `json:"example,omitempty"`
}

// Accepted says that the provider has taken the message.
type Accepted struct {
	ProviderID string
	State      State // StateAccepted, or further
}
