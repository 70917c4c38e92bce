package whatsapp

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Channel is one WhatsApp number at one provider. Its secrets are sealed; they are opened only to be used.
type Channel struct {
	Tenant            flomastr.TenantID
	ID                flomastr.ChannelID
	Provider          string
	Name              string
	Number            string // digits
	BaseURL           string
	AccountID         string // the account at the provider, where its calls name one: see provider.Channel
	SenderID          string // the number at the provider, where its calls name it otherwise
	Worker            string // who answers: WorkerAssistant or WorkerN8N
	Status            string // active or paused
	PauseReason       string
	SealedCredentials []byte
	CredentialsMark   string
	SealedWebhook     []byte
	WebhookMark       string
	WebhookScheme     string
	Limits            Limits
	HeldUntil         time.Time
	LastInboundAt     time.Time
	LastError         string
	LastErrorAt       time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Who answers a channel's conversations.
const (
	WorkerAssistant = "assistant"
	WorkerN8N       = "n8n"
)

// A channel's status.
const (
	ChannelActive = "active"
	ChannelPaused = "paused"
)

// Limits is how fast a number may send.
type Limits struct {
	PerSecond    float64       // over the whole number
	PairInterval time.Duration // sustained pace to one contact; 0 lifts it
	PairBurst    int           // how many may go at once after a rest
}

// DefaultLimits are WhatsApp's own: 80 messages a second for a number, and to one contact one in six seconds after a
// short burst.
var DefaultLimits = Limits{PerSecond: 80, PairInterval: 6 * time.Second, PairBurst: 10}

// ErrChannelNotFound is a channel that does not exist, or is another tenant's.
var ErrChannelNotFound = flomastr.Errorf(flomastr.NotFound, "channel_not_found", "There is no such channel.")

// ErrNumberTaken is a second channel of a tenant for the same number.
var ErrNumberTaken = flomastr.Errorf(flomastr.Conflict, "number_taken", "Another channel already has this number.")
