package convert

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/flomastr/flomastr"
)

// places are given to tenants in turn, however many one of them asks for: a tenant that waits for its first place gets the
// next that is free, whatever a flood of another's has been waiting longer.
//
// Each request takes a number, one above the last of its tenant's, but never below the number that was served last, so
// that a tenant gains nothing by coming seldom. The lowest number is served first; of equal ones, who came first.
type places struct {
	mu      sync.Mutex
	free    int
	served  uint64
	last    map[flomastr.TenantID]uint64 // of tenants with a number above the one served last
	waiting []*waiting
}

type waiting struct {
	tenant flomastr.TenantID
	number uint64
	given  chan struct{}
}

func newPlaces(n int) *places { return &places{free: n, last: map[flomastr.TenantID]uint64{}} }

// take waits for a place. Whoever got one gives it back.
func (p *places) take(ctx context.Context, tenant flomastr.TenantID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	w := &waiting{tenant: tenant, number: max(p.served, p.last[tenant]+1), given: make(chan struct{})}
	p.last[tenant] = w.number
	p.waiting = append(p.waiting, w)
	p.serve()
	p.mu.Unlock()
	select {
	case <-w.given:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i < 0 { // it was given just now
		p.free++
		p.serve()
		return ctx.Err()
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	// As if they had never come: who comes after from the same tenant moves up.
	for _, other := range p.waiting {
		if other.tenant == tenant && other.number > w.number {
			other.number = max(p.served, other.number-1)
		}
	}
	if p.last[tenant] > 0 {
		p.last[tenant]--
	}
	return ctx.Err()
}

func (p *places) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	p.serve()
}

// serve gives what is free. It needs the lock.
func (p *places) serve() {
	for p.free > 0 && len(p.waiting) > 0 {
		next := 0
		for i, w := range p.waiting {
			if w.number < p.waiting[next].number {
				next = i
			}
		}
		w := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.free--
		p.served = max(p.served, w.number)
		close(w.given)
	}
	maps.DeleteFunc(p.last, func(_ flomastr.TenantID, number uint64) bool { return number < p.served })
}
