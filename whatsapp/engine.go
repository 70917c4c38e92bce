package whatsapp

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Answerer makes a decision of a turn. It may take its time, up to Settings.AnswerTimeout; it has no effect on anything.
type Answerer interface {
	Answer(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error)
}

// Sealer keeps a channel's secrets; tenant, table and column are bound to what is sealed.
type Sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// Noticer tells whether a customer's message says something of its sender that is to be remembered. It is asked of every message
// that comes in, while its provider waits.
type Noticer interface {
	Notices(text string) bool
}

// Deps is what the engine works with.
type Deps struct {
	Store       Store
	Providers   []provider.Provider
	Answerer    Answerer
	Sealer      Sealer
	Blobs       Blobs
	Scanner     Scanner         // nil where nothing checks files for malware
	Documents   DocumentReader  // nil where documents are not read
	Transcriber llm.Transcriber // nil where voice messages are not written down
	Noticer     Noticer         // nil where nothing is remembered of customers
	Spool       Spool           // nil where a webhook that cannot be stored is refused
	Clock       flomastr.Clock
	Log         *slog.Logger
	Settings    Settings
	// LinkKeys authenticate the addresses under which providers fetch files, the one in use first. Without one they end with the
	// process.
	LinkKeys [][]byte
}

// Settings are the engine's measures; a zero field means its default.
type Settings struct {
	Workers        int           // turns answered at once; 8
	Senders        int           // calls to providers at once; 16
	BurstWait      time.Duration // the longest wait for more of the same turn; 1.5 s
	MediaWait      time.Duration // how long a turn waits for the words in its files; 20 s
	AnswerTimeout  time.Duration // 60 s
	AbandonAfter   time.Duration // how long an answer may go on after it was cancelled; 5 s
	History        int           // messages of the past that an answer may know; 20
	Lease          time.Duration // of a turn's lane, prolonged while it works; 15 s
	SendLease      time.Duration // longer than any call may take; 45 s
	OutsideLease   time.Duration // of a job given to an outside worker; 60 s
	Poll           time.Duration // how often to look for work without being woken; 250 ms
	TurnAttempts   int           // before the fallback is sent; 4
	SendAttempts   int           // 30: a provider may be away for a quarter of an hour
	AnswerFresh    time.Duration // after which an answer that could not leave is made anew; 10 min
	AnswerUseful   time.Duration // after which an answer is not sent any more; 2 h
	MessageUseful  time.Duration // the same for messages of people and of the API; 24 h
	StoreTimeout   time.Duration // for storing a webhook before 503; 900 ms
	StuckAfter     time.Duration // how long a turn may wait before people are told; 60 s
	PendingItems   int           // elements of webhooks waiting to be stored before 503; 4096
	PendingBytes   int64         // their bytes; 64 MiB
	BatchSize      int           // elements in one commit; 256
	ChannelRefresh time.Duration // how long a channel's row is believed; 3 s
	DrainTimeout   time.Duration // how long work under way may take after the stop; 20 s
	LiftLimits     bool          // no pacing: for stand-ins and measurements only
	BackoffUnit    time.Duration // the first wait between tries; 1 s
	PublicURL      string        // by which providers reach us, for reports of a single message; none are asked for without
	FilesURL       string        // by which they fetch files from us; empty: they cannot
	Texts          Texts
}

// Texts are the engine's own words to customers.
type Texts struct {
	Disclosure string // the first line of the first answer
	Unreadable string // the answer to a voice note, a sticker, …
	Fallback   string // when no answer could be made
}

func (s Settings) withDefaults() Settings {
	fill(&s.Workers, 8)
	fill(&s.Senders, 16)
	fill(&s.BurstWait, 1500*time.Millisecond)
	fill(&s.MediaWait, 20*time.Second)
	fill(&s.AnswerTimeout, time.Minute)
	fill(&s.AbandonAfter, 5*time.Second)
	fill(&s.History, 20)
	fill(&s.Lease, 15*time.Second)
	fill(&s.SendLease, 45*time.Second)
	fill(&s.OutsideLease, time.Minute)
	fill(&s.Poll, 250*time.Millisecond)
	fill(&s.TurnAttempts, 4)
	fill(&s.SendAttempts, 30)
	fill(&s.AnswerFresh, 10*time.Minute)
	fill(&s.AnswerUseful, 2*time.Hour)
	fill(&s.MessageUseful, 24*time.Hour)
	fill(&s.StoreTimeout, 900*time.Millisecond)
	fill(&s.StuckAfter, time.Minute)
	fill(&s.PendingItems, 4096)
	fill(&s.PendingBytes, 64<<20)
	fill(&s.BatchSize, 256)
	fill(&s.ChannelRefresh, 3*time.Second)
	fill(&s.DrainTimeout, 20*time.Second)
	fill(&s.BackoffUnit, time.Second)
	fill(&s.Texts.Disclosure, "You are chatting with our automatic assistant.")
	fill(&s.Texts.Unreadable, "I can only read text messages at the moment. Could you write to me what it is about?")
	fill(&s.Texts.Fallback, "I am sorry, I cannot answer right now because of a technical problem on our side. Please try again later.")
	return s
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Engine is the WhatsApp engine. It is safe for concurrent use; any number of processes may run one on one database.
type Engine struct {
	store       Store
	providers   map[string]provider.Provider
	answerer    Answerer
	sealer      Sealer
	blobs       Blobs
	scanner     Scanner
	noticer     Noticer
	documents   DocumentReader
	transcriber llm.Transcriber
	clock       flomastr.Clock
	log         *slog.Logger
	set         Settings
	linkKeys    [][]byte

	channels *channelCache
	spool    Spool
	intake   *batcher
	planner  *planner
	stepBack *stepBack
	wakers   map[LaneKind]chan struct{}
	working  atomic.Bool
	arrivals broadcast
	size     struct { // of the queue, a moment ago
		sync.Mutex
		n  int
		at time.Time
	}
}

// New makes an engine. It panics when two providers have one name, which is a mistake in wiring.
func New(d Deps) *Engine {
	e := &Engine{
		store: d.Store, answerer: d.Answerer, sealer: d.Sealer, blobs: d.Blobs, scanner: d.Scanner, noticer: d.Noticer, documents: d.Documents, transcriber: d.Transcriber, spool: d.Spool, clock: d.Clock, log: d.Log,
		set: d.Settings.withDefaults(), providers: map[string]provider.Provider{},
		wakers: map[LaneKind]chan struct{}{LaneTurn: make(chan struct{}, 1), LaneSend: make(chan struct{}, 1)},
	}
	if e.linkKeys = d.LinkKeys; len(e.linkKeys) == 0 {
		e.linkKeys = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	if e.clock == nil {
		e.clock = flomastr.SystemClock
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	for _, p := range d.Providers {
		if _, taken := e.providers[p.Name()]; taken {
			panic(fmt.Sprintf("whatsapp: two providers are called %q", p.Name()))
		}
		e.providers[p.Name()] = p
	}
	e.channels = &channelCache{engine: e, entries: map[flomastr.ChannelID]cachedChannel{}}
	e.planner = newPlanner(e.store, e.set.LiftLimits)
	e.stepBack = newStepBack(e.set.BackoffUnit)
	e.intake = newBatcher(e)
	return e
}

// wake tells the workers of this process that there is work of a kind.
func (e *Engine) wake(kind LaneKind) {
	select {
	case e.wakers[kind] <- struct{}{}:
	default: // they know already
	}
}

// broadcast lets any number of goroutines wait for the next event.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) fire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
