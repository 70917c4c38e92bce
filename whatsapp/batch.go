package whatsapp

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// slots is how many commits of one tenant are under way at once: while one waits for the disk, the other works. What one
// sender sends always goes through the same slot, so that the two do not wait for each other's rows.
const slots = 2

// batcher lets requests of one tenant share a commit. Whoever arrives while a commit is under way waits for the next
// one, which takes all that came meanwhile; nothing ever waits for a timer.
type batcher struct {
	engine *Engine
	seed   maphash.Seed

	mu     sync.Mutex
	queues map[slot]*queue
	items  int
	bytes  int64
}

type slot struct {
	tenant flomastr.TenantID
	number uint64
}

type queue struct {
	waiting []*parcel
	running bool
}

// parcel is the part of a request that goes through one slot.
type parcel struct {
	intake []Intake
	bytes  int64
	since  time.Time
	stored []Stored
	err    error
	done   chan struct{}
}

func newBatcher(e *Engine) *batcher {
	return &batcher{engine: e, seed: maphash.MakeSeed(), queues: map[slot]*queue{}}
}

// store returns once the intake is committed, or cannot be. The results are in the intake's order.
func (b *batcher) store(ctx context.Context, tenant flomastr.TenantID, intake []Intake, size int) ([]Stored, error) {
	if len(intake) == 0 {
		return nil, nil
	}
	parcels, places := b.split(intake, int64(size))
	if !b.admit(tenant, parcels) {
		return nil, ErrBusy
	}
	stored := make([]Stored, len(intake))
	var failed error
	for number, p := range parcels {
		if p == nil {
			continue
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			// It may still be committed. The provider brings it again, and it is recognised.
			return nil, ErrBusy.Because(ctx.Err())
		}
		if p.err != nil {
			failed = p.err
			continue
		}
		for i, place := range places[number] {
			stored[place] = p.stored[i]
		}
	}
	return stored, failed
}

func (b *batcher) split(intake []Intake, size int64) (parcels [slots]*parcel, places [slots][]int) {
	for i := range intake {
		number := maphash.String(b.seed, senderOf(intake[i])) % slots
		if parcels[number] == nil {
			parcels[number] = &parcel{done: make(chan struct{})}
		}
		parcels[number].intake = append(parcels[number].intake, intake[i])
		parcels[number].bytes += size / int64(len(intake))
		places[number] = append(places[number], i)
	}
	return parcels, places
}

func senderOf(in Intake) string {
	switch {
	case in.Report != nil:
		return in.Report.Key
	case in.Event != nil:
		return cmp.Or(in.Event.Contact.Phone, in.Event.Contact.UserID, in.Event.Mark)
	case in.Inbound.From.Phone != "":
		return in.Inbound.From.Phone
	default:
		return in.Inbound.From.UserID
	}
}

// patience is the part of StoreTimeout that somebody may have waited already when another is let in behind them. Beyond
// it the newcomer would wait for nothing: every request in a queue longer than the timeout would be stored after it was
// told 503, and a server that is asked for more than it can do would acknowledge nothing at all.
const patience = 3

// admit queues the parcels, or refuses them all when too much is waiting, or for too long: a provider that hears 503
// tries again for days, a server without memory does not.
func (b *batcher) admit(tenant flomastr.TenantID, parcels [slots]*parcel) bool {
	now := b.engine.clock()
	b.mu.Lock()
	defer b.mu.Unlock()
	items, bytes := b.items, b.bytes
	for number, p := range parcels {
		if p == nil {
			continue
		}
		items, bytes = items+len(p.intake), bytes+p.bytes
		q := b.queues[slot{tenant, uint64(number)}]
		if q != nil && len(q.waiting) > 0 && now.Sub(q.waiting[0].since) > b.engine.set.StoreTimeout/patience {
			return false
		}
	}
	if b.items > 0 && (items > b.engine.set.PendingItems || bytes > b.engine.set.PendingBytes) {
		return false
	}
	b.items, b.bytes = items, bytes
	for number, p := range parcels {
		if p == nil {
			continue
		}
		key := slot{tenant, uint64(number)}
		q := b.queues[key]
		if q == nil {
			q = &queue{}
			b.queues[key] = q
		}
		p.since = now
		q.waiting = append(q.waiting, p)
		if !q.running {
			q.running = true
			go b.run(key, q)
		}
	}
	return true
}

// run commits what waits in a slot until nothing does.
func (b *batcher) run(key slot, q *queue) {
	for {
		b.mu.Lock()
		if len(q.waiting) == 0 {
			delete(b.queues, key)
			b.mu.Unlock()
			return
		}
		n, items := 0, 0
		for n < len(q.waiting) && (n == 0 || items+len(q.waiting[n].intake) <= b.engine.set.BatchSize) {
			items += len(q.waiting[n].intake)
			n++
		}
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		b.mu.Unlock()

		b.commit(key.tenant, batch)

		b.mu.Lock()
		for _, p := range batch {
			b.items -= len(p.intake)
			b.bytes -= p.bytes
		}
		b.mu.Unlock()
		for _, p := range batch {
			close(p.done)
		}
	}
}

// commit stores parcels together. When the database finds something in them that it will never take, each is tried
// alone, and of that one each element alone: a poisoned body harms only itself, and what is poisoned ends on the error
// list, because a provider would bring it again for days.
func (b *batcher) commit(tenant flomastr.TenantID, batch []*parcel) {
	// The requests' own deadlines do not count here: others share this commit.
	ctx, cancel := context.WithTimeout(context.Background(), b.engine.set.StoreTimeout)
	defer cancel()
	defer b.engine.announce(tenant)
	var all []Intake
	for _, p := range batch {
		all = append(all, p.intake...)
	}
	stored, err := b.engine.store.SaveIntake(ctx, tenant, all)
	if err == nil {
		for _, p := range batch {
			p.stored, stored = stored[:len(p.intake)], stored[len(p.intake):]
		}
		return
	}
	err = unavailableAfter(ctx, err)
	for _, p := range batch {
		switch {
		case flomastr.KindOf(err) == flomastr.Unavailable:
			p.err = err
		case len(batch) > 1:
			b.commit(tenant, []*parcel{p})
		default:
			b.commitEach(ctx, tenant, p)
		}
	}
}

func (b *batcher) commitEach(ctx context.Context, tenant flomastr.TenantID, p *parcel) {
	p.stored = make([]Stored, len(p.intake))
	for i := range p.intake {
		stored, err := b.engine.store.SaveIntake(ctx, tenant, p.intake[i:i+1])
		switch err = unavailableAfter(ctx, err); {
		case err == nil:
			p.stored[i] = stored[0]
		case flomastr.KindOf(err) == flomastr.Unavailable:
			p.err = err
			return
		default:
			b.engine.log.ErrorContext(ctx, "an element of a webhook cannot be stored", "tenant", tenant, "channel", p.intake[i].Channel, "err", err)
			if err := b.engine.store.KeepUnusable(ctx, tenant, p.intake[i].Channel, []provider.Unusable{poisoned(p.intake[i])}); err != nil {
				p.err = fmt.Errorf("keep an element that cannot be stored: %w", err)
				return
			}
		}
	}
}

func poisoned(in Intake) provider.Unusable {
	var raw string
	switch {
	case in.Inbound != nil:
		raw = in.Inbound.Raw
	case in.Report != nil:
		raw = in.Report.Raw
	case in.Event != nil:
		raw = in.Event.Raw
	}
	return provider.Unusable{Reason: "cannot_store", Body: provider.CleanRaw([]byte(raw), maxKeptBody)}
}

// announce wakes whoever may work on what was stored: our own workers, waiting outside workers, and, when we do not
// work ourselves, those of other processes.
func (e *Engine) announce(flomastr.TenantID) {
	e.wake(LaneTurn)
	e.arrivals.fire()
	if e.working.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.set.StoreTimeout)
	defer cancel()
	if err := e.store.Wake(ctx); err != nil {
		e.log.DebugContext(ctx, "wake other workers", "err", err) // they look by themselves
	}
}
