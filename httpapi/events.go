package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	streamTick      = 250 * time.Millisecond // how long an event may wait to be seen
	streamHeartbeat = 15 * time.Second
	streamRecheck   = 30 * time.Second // a removed member's stream ends within 60 s, what the gate remembers included
	streamWrite     = 10 * time.Second // a reader slower than this is dropped and resumes
	streamBatch     = 200
	eventRetention  = 24 * time.Hour
)

// StreamEvent is one event of a tenant. ID is opaque to the door, which seals it: it may hold what concerns no tenant.
type StreamEvent struct {
	ID   string
	Type string
	At   time.Time
	Data json.RawMessage
}

// EventSource keeps the tenants' events for 24 hours.
type EventSource interface {
	// Head is the id behind everything that there is now.
	Head(ctx context.Context, tenant flomastr.TenantID) (string, error)
	// Since gives at most limit events after an id, oldest first. An id that cannot be resumed is ErrEventGone.
	Since(ctx context.Context, tenant flomastr.TenantID, after string, limit int) ([]StreamEvent, error)
	// Touched tells which tenants have events since a mark, and the next mark.
	Touched(ctx context.Context, tenants []flomastr.TenantID, mark uint64) ([]flomastr.TenantID, uint64, error)
}

// ErrEventGone says that a stream cannot be resumed where it ended: the events are no longer kept.
var ErrEventGone = flomastr.Errorf(flomastr.NotFound, "event_gone", "The stream cannot be resumed there; load the page's data again.")

// streams wakes the open streams of a server. However many there are, one small query a tick looks for news.
type streams struct {
	source EventSource
	log    func(error)

	mu      sync.Mutex
	waiting map[flomastr.TenantID]map[chan struct{}]bool
}

func newStreams(source EventSource, log func(error)) *streams {
	return &streams{source: source, log: log, waiting: map[flomastr.TenantID]map[chan struct{}]bool{}}
}

// Run looks for news until the context ends.
func (s *streams) Run(ctx context.Context) {
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	var mark uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		tenants := make([]flomastr.TenantID, 0, len(s.waiting))
		for t := range s.waiting {
			tenants = append(tenants, t)
		}
		s.mu.Unlock()
		if len(tenants) == 0 {
			continue
		}
		touched, next, err := s.source.Touched(ctx, tenants, mark)
		if err != nil {
			if ctx.Err() == nil {
				s.log(err)
			}
			continue
		}
		mark = next
		s.mu.Lock()
		for _, t := range touched {
			for wake := range s.waiting[t] {
				select {
				case wake <- struct{}{}:
				default: // already awake
				}
			}
		}
		s.mu.Unlock()
	}
}

func (s *streams) join(tenant flomastr.TenantID) (wake chan struct{}, leave func()) {
	wake = make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[tenant] == nil {
		s.waiting[tenant] = map[chan struct{}]bool{}
	}
	s.waiting[tenant][wake] = true
	return wake, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting[tenant], wake)
		if len(s.waiting[tenant]) == 0 {
			delete(s.waiting, tenant)
		}
	}
}

type eventsInput struct {
	TenantID    string `query:"tenant_id" doc:"The tenant, by id or slug"`
	LastEventID string `header:"Last-Event-ID" doc:"Resume behind this event" maxLength:"500"`
}

// events streams what happens in the tenant. It ends when the caller is no longer a member, when the reader is too
// slow, and when the server stops; the client resumes with Last-Event-ID.
func (a *API) events(ctx context.Context, call Call, in *eventsInput) (*huma.StreamResponse, error) {
	source, tenant := a.deps.Events, call.Tenant.ID
	after, reset := "", false
	if in.LastEventID != "" {
		var err error
		if after, err = a.places.open(in.LastEventID, eventsOf(tenant)...); err != nil {
			reset = true // it is nobody's, or another tenant's, or from before the master key changed
		} else if _, err := source.Since(ctx, tenant, after, 1); errors.Is(err, ErrEventGone) {
			reset = true
		} else if err != nil {
			return nil, err
		}
	}
	if after == "" || reset {
		head, err := source.Head(ctx, tenant)
		if err != nil {
			return nil, err
		}
		after = head
	}
	leave, err := a.hearing.enter(call.Caller.Actor())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer leave()
		r, w := humago.Unwrap(hctx)
		a.stream(r, w, call, after, reset)
	}}, nil
}

func (a *API) stream(r *http.Request, w http.ResponseWriter, call Call, after string, reset bool) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	wake, leave := a.streams.join(call.Tenant.ID)
	defer leave()
	out := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = out.SetWriteDeadline(a.deps.Clock().Add(streamWrite)) // a test's recorder has none
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	sealed := func(place string) string { return a.places.seal(place, eventsOf(call.Tenant.ID)...) }
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if reset && !send("event: reset\nid: %s\ndata: {}\n\n", sealed(after)) {
		return
	}
	if !send("event: ready\nid: %s\nretry: 2000\ndata: {}\n\n", sealed(after)) {
		return
	}
	heartbeat, recheck := time.NewTicker(streamHeartbeat), time.NewTicker(streamRecheck)
	defer heartbeat.Stop()
	defer recheck.Stop()
	for {
		events, err := a.deps.Events.Since(ctx, call.Tenant.ID, after, streamBatch)
		if err != nil {
			return // the client resumes where it was
		}
		seen, err := a.visible(ctx, call, events)
		if err != nil {
			return
		}
		for _, e := range seen {
			if !send("event: %s\nid: %s\ndata: %s\n\n", e.Type, sealed(e.ID), e.Data) {
				return
			}
		}
		if len(events) > 0 {
			after = events[len(events)-1].ID
		}
		if len(events) == streamBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-a.stopping:
			return
		case <-wake:
		case <-heartbeat.C:
			if !send(": still here\n\n") {
				return
			}
		case <-recheck.C:
			if call.Membership, err = a.mayStillListen(ctx, r, call); err != nil {
				return
			}
		}
	}
}

// eventsOf bounds the ids of a tenant's events.
func eventsOf(tenant flomastr.TenantID) []string { return []string{"event", tenant.String()} }

// mayStillListen judges the stream's caller again, as if the request had come in now, and gives their place as it is now:
// who was an administrator may have become a member who sees less.
func (a *API) mayStillListen(ctx context.Context, r *http.Request, call Call) (identity.Membership, error) {
	caller, err := a.deps.Gate.Authenticate(ctx, r.Header.Values("Authorization"))
	if err != nil {
		return identity.Membership{}, err
	}
	membership, err := a.deps.Gate.Membership(ctx, call.Tenant.ID, caller)
	if err == nil {
		err = identity.May(caller, membership, identity.Member)
	}
	if err != nil {
		return identity.Membership{}, err
	}
	t, err := a.deps.Tenants.ByID(ctx, call.Tenant.ID)
	if err != nil {
		return identity.Membership{}, err
	}
	return membership, closed(t, membership, true)
}
