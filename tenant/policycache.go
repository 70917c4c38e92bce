package tenant

import (
	"context"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

const (
	policyAge   = 15 * time.Second
	maxPolicies = 10_000 // tenants that one server remembers the policies of
)

// policyCache remembers policies for policyAge. Another server's change is seen after that long, one's own at once.
type policyCache struct {
	clock flomastr.Clock

	mu   sync.Mutex
	kept map[flomastr.TenantID]keptPolicies
	// age counts the calls of forget, so that a look-up that began before a change does not fill the cache after it.
	age int
}

type keptPolicies struct {
	policies Policies
	until    time.Time
}

func newPolicyCache(clock flomastr.Clock) *policyCache {
	return &policyCache{clock: clock, kept: map[flomastr.TenantID]keptPolicies{}}
}

func (c *policyCache) get(ctx context.Context, id flomastr.TenantID, look func(context.Context, flomastr.TenantID) (Policies, error)) (Policies, error) {
	now := c.clock()
	c.mu.Lock()
	found, ok := c.kept[id]
	age := c.age
	c.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.policies, nil
	}
	policies, err := look(ctx, id)
	if err != nil {
		return Policies{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return policies, nil
	}
	if len(c.kept) >= maxPolicies {
		clear(c.kept) // the next requests look again
	}
	c.kept[id] = keptPolicies{policies, now.Add(policyAge)}
	return policies, nil
}

func (c *policyCache) forget(id flomastr.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	delete(c.kept, id)
}
