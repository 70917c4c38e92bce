// Package postman carries webhooks from a stand-in to the product the way a provider does: at least once, in no promised
// order, several results to a request, retried after a growing wait until somebody answers 2xx, and never dropped.
//
// The wait before retry n (0, 1, 2 …) is unit + unit·n², which with a unit of one minute is Infobip's documented formula.
package postman

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/traffic"
)

// ErrFull says that too many parcels wait already. Refusing new work is what keeps memory bounded without losing any.
var ErrFull = errors.New("too many webhooks are waiting to be delivered")

// Parcel is one result on its way to a webhook.
type Parcel struct {
	Lane      string          // results of one lane may share a request; the business number
	Kind      string          // results of one kind may share a request; "inbound", "delivery" or "seen"
	URL       string          // where to, when the message itself named it; else the lane's own address
	MessageID string          // what it is about
	Result    json.RawMessage // the element of the results array
	Due       time.Time       // not before
	Attempt   int             // how often it was refused so far

	turn uint64 // decides between parcels that are due at the same moment
}

// Address is where a lane's parcels go now. Asked again at each attempt, so that a mended address or secret takes effect.
type Address struct {
	URL         string
	HeaderName  string
	HeaderValue string
	Sign        func(body []byte) string // gives the header's value instead
	PerRequest  int                      // results to a request at most; 0 means 1
}

// Config is what a postman needs to know.
type Config struct {
	Client    *http.Client
	Window    int           // requests in flight at once
	MaxQueued int           // parcels waiting at most
	RetryUnit time.Duration // one "minute" of the retry formula
	Address   func(Parcel) Address
	Envelope  func(kind string, results []json.RawMessage, pending int) []byte
	Delivered func(Parcel) // told once a parcel was answered 2xx
	Traffic   *traffic.Ring
	Log       *slog.Logger
}

// Postman delivers parcels in the background until closed.
type Postman struct {
	config Config
	ctx    context.Context
	stop   context.CancelFunc
	wake   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	unit     time.Duration
	turns    uint64
	waiting  queue
	inFlight map[*trip]struct{}
	queued   int // waiting and in flight
}

// trip is one request under way.
type trip struct{ parcels []Parcel }

// Start starts a postman. The caller closes it.
func Start(config Config) *Postman {
	ctx, stop := context.WithCancel(context.Background())
	p := &Postman{config: config, ctx: ctx, stop: stop, wake: make(chan struct{}, 1), unit: config.RetryUnit, inFlight: map[*trip]struct{}{}}
	p.done.Add(1)
	go p.dispatch()
	return p
}

// Send queues parcels, all or none.
func (p *Postman) Send(parcels ...Parcel) error {
	p.mu.Lock()
	if p.queued+len(parcels) > p.config.MaxQueued {
		p.mu.Unlock()
		return ErrFull
	}
	for _, parcel := range parcels {
		p.turns++
		parcel.turn = p.turns
		heap.Push(&p.waiting, parcel)
	}
	p.queued += len(parcels)
	p.mu.Unlock()
	p.poke()
	return nil
}

// Room tells whether n more parcels would be taken.
func (p *Postman) Room(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued+n <= p.config.MaxQueued
}

// Queued is how many parcels wait or are under way.
func (p *Postman) Queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued
}

// SetRetryUnit changes the unit of the retry formula for waits that begin from now on.
func (p *Postman) SetRetryUnit(unit time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unit = unit
}

// Hurry makes everything that waits due now: the product is back and nobody wants to sit out the formula.
func (p *Postman) Hurry(now time.Time) int {
	p.mu.Lock()
	for i := range p.waiting {
		if p.waiting[i].Due.After(now) {
			p.waiting[i].Due = now
		}
	}
	heap.Init(&p.waiting)
	n := len(p.waiting)
	p.mu.Unlock()
	p.poke()
	return n
}

// Close stops delivering and returns what was not delivered, requests cut in the middle included: they are sent again.
func (p *Postman) Close() []Parcel {
	p.stop()
	p.done.Wait()
	waiting, _ := p.Waiting()
	return waiting
}

// Waiting copies what is not delivered yet, requests under way included, and tells how many parcels there ever were.
func (p *Postman) Waiting() (waiting []Parcel, ever uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting = append(waiting, p.waiting...)
	for under := range p.inFlight {
		waiting = append(waiting, under.parcels...)
	}
	return waiting, p.turns
}

func (p *Postman) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// dispatch sends off what is due, as far as the window allows, and sleeps until the next parcel is due.
func (p *Postman) dispatch() {
	defer p.done.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(p.sendDue())
		select {
		case <-p.ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// sendDue starts every trip that may start now and tells how long until the next one could.
func (p *Postman) sendDue() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) > 0 && len(p.inFlight) < p.config.Window {
		if wait := time.Until(p.waiting[0].Due); wait > 0 {
			return wait
		}
		first, _ := heap.Pop(&p.waiting).(Parcel)
		address := p.config.Address(first)
		under := &trip{parcels: []Parcel{first}}
		for len(under.parcels) < address.PerRequest && len(p.waiting) > 0 && together(first, p.waiting[0]) && time.Until(p.waiting[0].Due) <= 0 {
			next, _ := heap.Pop(&p.waiting).(Parcel)
			under.parcels = append(under.parcels, next)
		}
		p.inFlight[under] = struct{}{}
		pending := p.queued - len(under.parcels)
		p.done.Add(1)
		go p.carry(under, address, pending)
	}
	return time.Hour
}

func together(a, b Parcel) bool { return a.Lane == b.Lane && a.Kind == b.Kind && a.URL == b.URL }

// carry makes one attempt and, when it fails, puts the parcels back with the wait of the formula.
func (p *Postman) carry(under *trip, address Address, pending int) {
	defer p.done.Done()
	results := make([]json.RawMessage, len(under.parcels))
	for i, parcel := range under.parcels {
		results[i] = parcel.Result
	}
	err := p.post(address, p.config.Envelope(under.parcels[0].Kind, results, pending))

	p.mu.Lock()
	delete(p.inFlight, under)
	if err == nil {
		p.queued -= len(under.parcels)
	} else {
		now := time.Now()
		for _, parcel := range under.parcels {
			if p.ctx.Err() == nil {
				parcel.Due = now.Add(Wait(p.unit, parcel.Attempt))
				parcel.Attempt++
			}
			heap.Push(&p.waiting, parcel)
		}
	}
	p.mu.Unlock()
	p.poke()

	if err != nil {
		if p.ctx.Err() == nil {
			p.config.Log.Warn("webhook not accepted, will retry", "lane", under.parcels[0].Lane, "kind", under.parcels[0].Kind,
				"attempt", under.parcels[0].Attempt+1, "results", len(results), "error", err)
		}
		return
	}
	for _, parcel := range under.parcels {
		p.config.Delivered(parcel)
	}
}

// maxStep is the last step of the formula; its usual statement (20 tries, 41 h 30 min) ends there. Later waits stay as long.
const maxStep = 19

// Wait is how long to wait before retry n, counted from 0.
func Wait(unit time.Duration, n int) time.Duration {
	n = min(n, maxStep)
	return unit + unit*time.Duration(n*n)
}

// queue is a heap of parcels by due time.
type queue []Parcel

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if q[i].Due.Equal(q[j].Due) {
		return q[i].turn < q[j].turn
	}
	return q[i].Due.Before(q[j].Due)
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	parcel, _ := x.(Parcel)
	*q = append(*q, parcel)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
