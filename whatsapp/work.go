package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/chaos"
)

// How often forgotten lanes are looked for, and in how many of those looks turns that nobody deals with.
const (
	sweepEvery = 3 * time.Second
	stuckEvery = 5
)

// Work answers turns and sends messages until ctx ends. Then it claims nothing more, lets what is under way finish within
// Settings.DrainTimeout, and returns; whatever does not finish comes up again when its lease ends.
func (e *Engine) Work(ctx context.Context) error {
	if !e.working.CompareAndSwap(false, true) {
		return errors.New("whatsapp: Work is already running")
	}
	defer e.working.Store(false)
	// What was claimed is finished although the stop has been called.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var loops sync.WaitGroup
	loops.Go(func() { e.claimLoop(ctx, inner, LaneTurn, e.set.Workers, e.set.Lease, e.workTurn) })
	loops.Go(func() { e.claimLoop(ctx, inner, LaneSend, e.set.Senders, e.set.SendLease, e.workSends) })
	loops.Go(func() { e.listen(ctx) })
	loops.Go(func() { e.sweep(ctx) })
	loops.Go(func() { e.keepTemplates(ctx) })
	loops.Go(func() { e.catchUp(ctx) })
	<-ctx.Done()
	chaos.Point("drain-start")
	drained := make(chan struct{})
	go func() { loops.Wait(); close(drained) }()
	select {
	case <-drained:
		return nil
	case <-time.After(e.set.DrainTimeout):
		cancel()
		<-drained
		return nil
	}
}

// claimLoop claims lanes of one kind as long as there are hands for them. It looks when it is woken and every Poll; a
// hand that becomes free looks at once while there is more.
func (e *Engine) claimLoop(ctx, inner context.Context, kind LaneKind, hands int, lease time.Duration, work func(context.Context, Lane)) {
	crew := newCrew(hands)
	defer crew.wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wakers[kind]:
		case <-crew.freed:
		case <-timer.C:
		}
		wait := e.set.Poll
		for free := crew.free(); free > 0 && ctx.Err() == nil; free = crew.free() {
			lanes, err := e.store.ClaimLanes(ctx, kind, free, lease, crew.busy())
			if err != nil {
				if ctx.Err() != nil {
					return
				}
				failures++
				wait = backoff(e.set.Poll, failures, 5*time.Second)
				e.log.WarnContext(ctx, "claim lanes", "kind", kind, "err", err)
				break
			}
			failures = 0
			for _, lane := range lanes {
				crew.run(lane.Tenant, func() {
					defer e.survive(inner, lane)
					work(inner, lane)
				})
			}
			if len(lanes) == 0 {
				break
			}
		}
		timer.Reset(wait)
	}
}

// survive keeps one lane's panic from ending the others. The lane comes up again when its lease ends, and its attempts
// are counted, so that a message that always does this is given up.
func (e *Engine) survive(ctx context.Context, lane Lane) {
	if r := recover(); r != nil {
		e.log.ErrorContext(ctx, "work on a lane panicked", "tenant", lane.Tenant, "conversation", lane.Conversation, "kind", lane.Kind,
			"err", fmt.Sprint(r), "stack", string(debug.Stack()))
	}
}

func (e *Engine) listen(ctx context.Context) {
	for failures := 1; ctx.Err() == nil; failures++ {
		started := time.Now()
		err := e.store.AwaitWake(ctx, func() {
			e.wake(LaneTurn)
			e.wake(LaneSend)
			e.arrivals.fire()
		})
		if ctx.Err() != nil {
			return
		}
		e.log.WarnContext(ctx, "listen for work; looking every now and then instead", "err", err)
		if time.Since(started) > time.Minute {
			failures = 1
		}
		sleep(ctx, backoff(time.Second, failures, 30*time.Second))
	}
}

func (e *Engine) sweep(ctx context.Context) {
	for n := 1; sleep(ctx, sweepEvery); n++ {
		if err := e.store.SweepLanes(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "sweep lanes", "err", err)
		}
		if n%stuckEvery != 0 {
			continue
		}
		if err := e.CheckStuck(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "look for turns that nobody deals with", "err", err)
		}
		if err := e.CheckOverdue(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "look for tasks that nobody deals with", "err", err)
		}
	}
}

// sleep waits, and tells whether ctx still goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// crew is a number of hands, with a share for each tenant: while another tenant may come, none gets them all.
type crew struct {
	hands int
	freed chan struct{}
	group sync.WaitGroup

	mu      sync.Mutex
	used    int
	tenants map[flomastr.TenantID]int
}

func newCrew(hands int) *crew {
	return &crew{hands: hands, freed: make(chan struct{}, 1), tenants: map[flomastr.TenantID]int{}}
}

func (c *crew) free() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hands - c.used
}

// busy names the tenants that hold all hands but a fourth.
func (c *crew) busy() []flomastr.TenantID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var busy []flomastr.TenantID
	for tenant, n := range c.tenants {
		if n >= max(1, c.hands-c.hands/4) && c.hands > 1 {
			busy = append(busy, tenant)
		}
	}
	return busy
}

func (c *crew) run(tenant flomastr.TenantID, fn func()) {
	c.mu.Lock()
	c.used++
	c.tenants[tenant]++
	c.mu.Unlock()
	c.group.Go(func() {
		defer func() {
			c.mu.Lock()
			c.used--
			if c.tenants[tenant]--; c.tenants[tenant] == 0 {
				delete(c.tenants, tenant)
			}
			c.mu.Unlock()
			select {
			case c.freed <- struct{}{}:
			default:
			}
		}()
		fn()
	})
}

func (c *crew) wait() { c.group.Wait() }
