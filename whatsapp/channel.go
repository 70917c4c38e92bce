package whatsapp

import (
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
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
	Worker            string // who answers what no rule speaks of
	Rules             []WorkerRule
	Mode              Mode          // what the assistant may do; empty: automatic
	BothWait          time.Duration // how long an outside worker goes first where either may answer
	OutsideWait       time.Duration // how long an outside worker is waited for before our own steps in
	WorkerMissedAt    time.Time     // when ours last had to, since an outside worker last came
	Status            string        // active or paused
	PauseReason       string
	SealedCredentials []byte
	CredentialsMark   string
	SealedWebhook     []byte
	WebhookMark       string
	WebhookScheme     string
	WebhookPrevious   string // the mark of the secret before, while it is still believed
	Limits            Limits
	DailyRecipients   int // how many people it may begin talks with in 24 hours, as an administrator says; 0: as WhatsApp does
	ToldRecipients    int // as WhatsApp says; 0: not yet
	HeldUntil         time.Time
	Outage            Outage
	Fallback          *provider.Template // what goes in the place of an answer that the 24-hour window keeps back; nil: a person goes on
	LastInboundAt     time.Time
	LastWebhookAt     time.Time // of one that was believed, to the minute
	LastRefusedAt     time.Time // of one that was not, to the minute
	LastError         string
	LastErrorAt       time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// A channel's status.
const (
	ChannelActive = "active"
	ChannelPaused = "paused"
)

// Trouble is what keeps a channel from working, in one word; none is "".
type Trouble string

// The troubles, the gravest first.
const (
	TroublePaused      Trouble = "paused"
	TroubleProvider    Trouble = "provider_missing"    // this server does not speak the provider
	TroubleCredentials Trouble = "credentials_missing" // what the provider needs to know us by
	TroubleSecret      Trouble = "secret_missing"      // every webhook is refused
	TroubleAway        Trouble = "provider_away"       // it does not answer
	TroubleWorker      Trouble = "worker_away"         // the outside worker does not fetch its turns
	TroubleRefused     Trouble = "webhook_refused"     // the last webhook did not show the secret
	TroubleSilent      Trouble = "webhook_never"       // no webhook has come yet
)

// Trouble finds the gravest one of a channel.
func (e *Engine) Trouble(ch Channel) Trouble {
	p, spoken := e.providers[ch.Provider]
	switch {
	case ch.Status == ChannelPaused:
		return TroublePaused
	case !spoken:
		return TroubleProvider
	case ch.SealedCredentials == nil && p.Setup().Needs(provider.FieldAPIKey):
		return TroubleCredentials
	case ch.SealedWebhook == nil:
		return TroubleSecret
	case ch.Outage.Open():
		return TroubleAway
	case !ch.WorkerMissedAt.IsZero():
		return TroubleWorker
	case ch.LastRefusedAt.After(ch.LastWebhookAt):
		return TroubleRefused
	case ch.LastWebhookAt.IsZero() && ch.LastInboundAt.IsZero(): // a number may be older than the note of its webhooks
		return TroubleSilent
	}
	return ""
}

// Limits is how fast a number may send.
type Limits struct {
	PerSecond    float64       // over the whole number
	PairInterval time.Duration // sustained pace to one contact; 0 lifts it
	PairBurst    int           // how many may go at once after a rest
}

// DefaultLimits are WhatsApp's own: 80 messages a second for a number, and to one contact one in six seconds after a
// short burst.
var DefaultLimits = Limits{PerSecond: 80, PairInterval: 6 * time.Second, PairBurst: 45}

// ErrChannelNotFound is a channel that does not exist, or is another tenant's.
var ErrChannelNotFound = flomastr.Errorf(flomastr.NotFound, "channel_not_found", "There is no such channel.")

// ErrProviderFixed is a number that shall change its provider.
var ErrProviderFixed = flomastr.Errorf(flomastr.Conflict, "provider_fixed",
	"A number stays with its provider. Connect it at the other provider as a number of its own, then delete this one.")

// ErrSecretIsTheirs is a webhook secret that only the provider can replace.
var ErrSecretIsTheirs = flomastr.Errorf(flomastr.Conflict, "secret_is_theirs",
	"This provider signs with a key of its own: replace it there, then enter the new one here.")

// ErrNumberTaken is a second channel of a tenant for the same number.
var ErrNumberTaken = flomastr.Errorf(flomastr.Conflict, "number_taken", "Another channel already has this number.")
