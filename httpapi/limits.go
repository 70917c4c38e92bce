package httpapi

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// QuotaStore keeps the buckets of all tenants for all servers.
type QuotaStore interface {
	// Lease takes up to want requests out of a bucket of perMinute; when it grants none, it tells when there will be one.
	Lease(ctx context.Context, tenant flomastr.TenantID, perMinute, want int) (granted int, again time.Duration, err error)
}

const (
	defaultNetworkPerMinute = 1200
	maxLimiters             = 50_000 // a limiter takes some 200 bytes
	maxTenantsLimited       = 10_000
	maxLease                = 200
)

var errRateLimited = flomastr.Errorf(flomastr.Limited, "rate_limited", "Too many requests; wait for as long as Retry-After says.")

// limited is errRateLimited with a wait of at least a second, the smallest that the header can say.
func limited(wait time.Duration) error {
	e := *errRateLimited
	e.RetryAfter = max(wait, time.Second)
	return &e
}

// quotas hold the tenants to their rate over all servers. Each server leases a few seconds' requests at a time, so that a
// busy tenant costs the database one small write for dozens of requests, and an idle server takes next to nothing away
// from the others. While the database does not answer, neither does a route that would be limited.
type quotas struct {
	store   QuotaStore
	clock   flomastr.Clock
	tenants *recent[flomastr.TenantID, *allowance]
}

// allowance is what a server has leased for a tenant.
type allowance struct {
	mu    sync.Mutex // held while leasing: the tenant's other requests need the lease's outcome anyway
	rate  int        // by which it was leased; another one starts anew
	left  int
	until time.Time // nothing can be leased before
}

func newQuotas(store QuotaStore, clock flomastr.Clock) *quotas {
	return &quotas{store, clock, newRecent[flomastr.TenantID](maxTenantsLimited, func() *allowance { return &allowance{} })}
}

func (q *quotas) take(ctx context.Context, tenant flomastr.TenantID, perMinute int) error {
	a := q.tenants.of(tenant)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rate != perMinute {
		a.rate, a.left, a.until = perMinute, 0, time.Time{}
	}
	if a.left > 0 {
		a.left--
		return nil
	}
	if wait := a.until.Sub(q.clock()); wait > 0 {
		return limited(wait)
	}
	granted, again, err := q.store.Lease(ctx, tenant, perMinute, min(max(perMinute/20, 1), maxLease))
	if err != nil {
		return err
	}
	if granted == 0 {
		a.until = q.clock().Add(again)
		return limited(again)
	}
	a.left = granted - 1
	return nil
}

// networks hold what comes before a tenant is known to a rate for each network, or each account. Each server counts for
// itself: N servers let through N times as much.
type networks struct {
	clock    flomastr.Clock
	limiters *recent[string, *rate.Limiter]
}

func newNetworks(perMinute int, clock flomastr.Clock) *networks {
	return &networks{clock, newRecent[string](maxLimiters, func() *rate.Limiter {
		return rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
	})}
}

func (n *networks) take(key string) error {
	now := n.clock()
	r := n.limiters.of(key).ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return limited(wait)
	}
	return nil
}

// spent tells how long a key's bucket is empty, and takes nothing out of it.
func (n *networks) spent(key string) error {
	l := n.limiters.of(key)
	if missing := 1 - l.TokensAt(n.clock()); missing > 0 {
		return limited(time.Duration(missing / float64(l.Limit()) * float64(time.Second)))
	}
	return nil
}

// patience is the bucket of what a caller asks for and is refused, or "" for those who are not counted: super admins, and the
// platform's token, which works for all tenants. What is refused is counted against no tenant, since it need not be the
// caller's, and yet it asks the database.
func patience(caller identity.Caller) string {
	if !caller.Known() || caller.SuperAdmin || caller.Kind == identity.Platform {
		return ""
	}
	return "refused " + string(caller.Actor())
}

// networkOf groups an IPv6 address with its /64, which one party holds whole.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// maxTogether is how many expensive calls one tenant may have running at a server.
const maxTogether = 4

// maxStreams is how many streams of events one person may have open at a server: some tabs on some devices.
const maxStreams = 20

// together bounds what runs at once for each key, such as the expensive calls of a tenant, so that none takes every place
// there is.
type together[K comparable] struct {
	most    int
	mu      sync.Mutex
	running map[K]int
}

func newTogether[K comparable](most int) *together[K] {
	return &together[K]{most: most, running: map[K]int{}}
}

var errTooManyAtOnce = flomastr.Errorf(flomastr.Limited, "too_many_at_once", "Several such calls are still running; wait for one to end.")

func (t *together[K]) enter(key K) (leave func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[key] >= t.most {
		e := *errTooManyAtOnce
		e.RetryAfter = time.Second
		return nil, &e
	}
	t.running[key]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.running[key]--; t.running[key] == 0 {
			delete(t.running, key)
		}
	}, nil
}

// charge counts a request that may go on: against its tenant's rate, else against its caller's own. What is public has
// been counted against its network; super admins are not counted.
func (a *API) charge(ctx context.Context, call Call) error {
	switch {
	case call.Caller.SuperAdmin || !call.Caller.Known():
		return nil
	case call.Tenant.ID.IsZero():
		return a.networks.take("caller " + string(call.Caller.Actor()))
	case a.quotas == nil:
		return nil
	}
	policies, err := a.deps.TenantAdmin.Effective(ctx, call.Tenant.ID)
	if err != nil {
		return err
	}
	return a.quotas.take(ctx, call.Tenant.ID, policies.RateLimitPerMinute)
}
