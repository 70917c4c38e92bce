package whatsapp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Store is the persistence that the engine asks for. Each method is one commit, or none.
type Store interface {
	ChannelStore
	IntakeStore
	LaneStore
	TurnStore
	SendStore
	QueueStore
	InboxStore
	AlertStore
	ContactStore
	LedgerStore
	MediaStore
	TemplateStore
	DeadLetterStore
	TaskStore
}

// ChannelStore keeps the numbers.
type ChannelStore interface {
	// FindChannel looks over all tenants: a webhook's address names the channel alone.
	FindChannel(ctx context.Context, id flomastr.ChannelID) (Channel, error)
	// ChannelsAddressed looks over all tenants for those of a provider that have one of the sender or account ids.
	ChannelsAddressed(ctx context.Context, provider string, ids []string) ([]flomastr.ChannelID, error)
	Channel(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) (Channel, error)
	Channels(ctx context.Context, tenant flomastr.TenantID) ([]Channel, error)
	CreateChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, ch Channel) error
	// UpdateChannel replaces everything but id, provider and times. A channel that becomes active again has its waiting
	// messages sent; one whose worker changes has its waiting turns given to the new one.
	UpdateChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, ch Channel) error
	DeleteChannel(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ChannelID) error
	InboundErrors(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, limit int) ([]InboundError, error)
	// NoteWebhook keeps when the last webhook came, and tells the pages when that changes what they say.
	NoteWebhook(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, refused bool) error
}

// InboundError is something that a provider sent and we could not use.
type InboundError struct {
	Reason string
	Body   string
	At     time.Time
}

// IntakeStore takes in what providers send.
type IntakeStore interface {
	// SaveIntake stores all of it in one commit, or nothing. A message that was stored before is left alone. An error of
	// kind Unavailable says that the database could not take it; any other that it never will.
	SaveIntake(ctx context.Context, tenant flomastr.TenantID, intake []Intake) ([]Stored, error)
	// KeepUnusable puts bodies on the error list, the same one once.
	KeepUnusable(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, list []provider.Unusable) error
}

// Intake is one element to be stored: exactly one of its pointers is set.
type Intake struct {
	Channel flomastr.ChannelID
	Hand    Hand // of a message: who answers it
	Inbound *Arrival
	Report  *provider.Report
	Event   *provider.Event
}

// Arrival is a customer's message, normalised.
type Arrival struct {
	provider.Inbound
	Message   flomastr.MessageID // its id, if it turns out to be new
	Direction Direction          // Out for a message that was sent elsewhere and is told to us
	Burst     time.Duration      // how long more of the same turn may follow
	Wait      bool               // wait for it in any case: the text does not end a sentence
	Notice    bool               // it says something of its sender that is to be remembered
	Read      bool               // the words in its file are to be found before it is answered

	Wish            Wish // about being written to at all, and how we confirm it
	WishReply       string
	WishReplyID     flomastr.MessageID
	WishReplyUseful time.Duration
}

// Stored says where an arrival lies.
type Stored struct {
	Message      flomastr.MessageID
	Conversation flomastr.ConversationID
	Contact      flomastr.ContactID
	Job          flomastr.JobID // zero when there is nothing to answer
	Duplicate    bool
	NewContact   bool
	NewThread    bool
}

// LaneStore leases lanes.
type LaneStore interface {
	// ClaimLanes leases up to want lanes that are due for our own workers, going round the tenants. A turn that is an
	// outside worker's is due for ours when its head start is over, and ours from then on. With a turn's lane its job is claimed,
	// and its attempts are counted, in the same commit. Lanes of the tenants in busy are left alone.
	ClaimLanes(ctx context.Context, kind LaneKind, want int, lease time.Duration, busy []flomastr.TenantID) ([]Lane, error)
	// RenewLane prolongs a lease; ErrLeaseLost when it is no longer ours.
	RenewLane(ctx context.Context, lane Lane, lease time.Duration) error
	// SweepLanes brings up what a lost wake-up may have left lying.
	SweepLanes(ctx context.Context) error
	// Wake tells the workers of other processes that there is work.
	Wake(ctx context.Context) error
	// AwaitWake calls wake for each sign of work, until ctx ends or the connection fails.
	AwaitWake(ctx context.Context, wake func()) error
}

// TurnStore serves our own workers.
type TurnStore interface {
	// LoadTurn reads what a claimed job is about.
	LoadTurn(ctx context.Context, lane Lane, history int) (Work, error)
	// SaveDecision finishes a job: the answer becomes a queued message, or an intent under a send lane's lease when it
	// may be sent at once (Sending is then not nil). The turn's lane is released. A conversation that a person took over
	// meanwhile, or in which a person has answered, gets no answer. ErrTurnChanged puts the turn back into the queue.
	SaveDecision(ctx context.Context, lane Lane, out Outcome) (Sending, bool, error)
	// RetryTurn puts the job back, to be tried again after the delay, and releases the lane.
	RetryTurn(ctx context.Context, lane Lane, after time.Duration, because string) error
}

// Work is a claimed turn with everything that is needed to decide on it.
type Work struct {
	Turn       flomastr.Turn
	Job        Job
	Owner      Owner
	AnsweredTo time.Time // the newest of the contact's messages that was answered, by the provider's time
	OptOut     Scope     // what the contact does not want; empty: nothing
	Readable   bool      // at least one message can be answered like a text
	Mode       Mode      // of the channel; empty: automatic
	Number     string
}

// Outcome is what becomes of a job.
type Outcome struct {
	State    string // JobCompleted, JobFailed
	Speaker  flomastr.Speaker
	Decision flomastr.Decision
	Messages []provider.Message // what to send, in order: the parts of one answer
	Problem  string             // why the job failed
	Because  Because            // why nothing is said
	Task     *Opening           // what is put to a person in the same commit; nil: nothing
	SendNow  bool               // the planner lets it go at once
	Lease    time.Duration      // of the send lane
	Fresh    time.Duration      // how long the answer may wait before it is made anew
	Useful   time.Duration      // how long the answer is worth sending
}

// SendStore serves the senders.
type SendStore interface {
	PaceStore
	// BeginSend commits the intent to send the lane's next message. Whatever an earlier term left in intent becomes
	// unknown, and what must not go meets its [Fate]. During an outage only one message of the channel tries, see [Outage].
	// ErrNothingDue releases the lane.
	BeginSend(ctx context.Context, lane Lane) (Sending, error)
	// MayCall is asked between the intent and the call. It says why the message must not go any more, and nothing when it
	// may. ErrLeaseLost when the lane is no longer ours, by the database's clock; ErrWindowClosed when the provider has
	// said meanwhile that the window is closed.
	MayCall(ctx context.Context, s Sending) (recalled string, err error)
	// SettleSend records a call's outcome and releases the lane; it tells whether more is due in it.
	SettleSend(ctx context.Context, s Sending, r Result) (more bool, err error)
	// Unresolved reads a message whose outcome is unknown; ErrResolved when it is not. Whatever becomes unknown is enqueued for
	// [Engine.Reconcile] in the same commit.
	Unresolved(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (Unresolved, error)
}

// Sending is a message whose call is about to be made.
type Sending struct {
	Lane     Lane
	Message  provider.Message
	Attempts int  // with this one; what was only slowed down or held is none
	Slowed   int  // how often the provider has slowed it down
	Failures int  // calls of the number in a row that were not answered
	Probe    bool // it tries whether an outage is over
	Expires  time.Time
}

// Result is how a call ended.
type Result struct {
	Accepted provider.Accepted
	Err      *provider.SendError // nil: accepted
	Answered bool                // the provider answered, whatever it said
	Away     bool                // it did not
	Unit     time.Duration       // the first wait between tries
	Retry    bool                // put it back in the queue
	Free     bool                // which costs it no try
	After    time.Duration
}

// QueueStore serves outside workers.
type QueueStore interface {
	// ClaimJob claims one job of the tenant that is not the assistant's alone; ErrNoJob.
	ClaimJob(ctx context.Context, tenant flomastr.TenantID, jobType string, lease time.Duration) (Lane, error)
	Job(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID) (Job, error)
	// LaneOfJob finds the lane that a token holds; ErrLeaseLost.
	LaneOfJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string) (Lane, error)
	FailJob(ctx context.Context, lane Lane, because string) error
	QueueSize(ctx context.Context, tenant flomastr.TenantID) (int, error)
	// TotalQueueSize counts over all tenants.
	TotalQueueSize(ctx context.Context) (int, error)
}

// InboxStore serves the people who read and write.
type InboxStore interface {
	Conversations(ctx context.Context, tenant flomastr.TenantID, page Page) ([]Conversation, string, error)
	Conversation(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) (Conversation, error)
	Messages(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, page Page) ([]Message, string, error)
	Message(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (Message, error)
	// FindConversation finds the open thread with an address on a channel.
	FindConversation(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address) (flomastr.ConversationID, error)
	// OpenThread finds or makes contact and conversation of somebody who may never have written.
	OpenThread(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address) (flomastr.ConversationID, error)
	// SaveOutgoing queues a message; see Outgoing for what forbids it.
	SaveOutgoing(ctx context.Context, tenant flomastr.TenantID, out Outgoing) (Message, error)
	// SetOwner hands a conversation over.
	SetOwner(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, change OwnerChange) (Conversation, error)
	// WithinReach tells which of the conversations are there and within reach.
	WithinReach(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.ConversationID, reach Reach) (map[flomastr.ConversationID]bool, error)
	MarkRead(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID) error
}

// Outgoing is a message that somebody asks us to send, outside of a turn.
type Outgoing struct {
	Conversation flomastr.ConversationID
	Message      provider.Message
	Type         string
	Text         string // its text form
	Speaker      flomastr.Speaker
	Author       string // a member's subject
	By           flomastr.Actor
	TakeOver     bool               // the author becomes the conversation's owner
	Marketing    bool               // not for somebody who takes no marketing
	Fallback     *provider.Template // goes instead when the window closes while the message waits
	Useful       time.Duration
	Decision     *Decided // of an answer of ours that a person let go
}

// OwnerChange says who writes from now on; Status, when set, opens or closes the conversation.
type OwnerChange struct {
	Kind   Owner // empty: unchanged
	ID     string
	Reason string
	Status string
	By     flomastr.Actor // zero: the engine itself, which is not audited as a person's act
}

// JobResult is what is kept of a finished job.
type JobResult struct {
	Action     flomastr.Action     `json:"action"`
	Reason     string              `json:"reason,omitempty"`
	Because    Because             `json:"because,omitempty"`
	Message    *flomastr.MessageID `json:"message_id,omitempty"`
	Confidence float64             `json:"confidence,omitempty"`
	Model      string              `json:"model,omitempty"`
	Extra      json.RawMessage     `json:"extra,omitempty"`
}
