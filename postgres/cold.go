package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"github.com/flomastr/flomastr"
)

const (
	defaultColdTemplate = "flomastr_cold_template"
	coldConnsPerTenant  = 2
	coldConnsPerProcess = 40
	coldIdle            = 60 * time.Second
)

// coldPools holds a small pool for each tenant whose cold database was used in the last minute. The cap over all of
// them is a fair queue: whoever waits longest is served first.
type coldPools struct {
	db    *DB
	slots *semaphore.Weighted
	stop  chan struct{}

	mu    sync.Mutex
	pools map[flomastr.TenantID]*coldPool

	closing sync.WaitGroup // pools that nobody gets any more, until their last user is done
}

type coldPool struct {
	ready  chan struct{} // closed once server and pool or err are set
	server string        // where it leads
	pool   *pgxpool.Pool
	err    error
	users  int
	used   time.Time
}

func newColdPools(db *DB) *coldPools {
	c := &coldPools{
		db:    db,
		slots: semaphore.NewWeighted(coldConnsPerProcess),
		stop:  make(chan struct{}),
		pools: map[flomastr.TenantID]*coldPool{},
	}
	go c.closeIdle()
	return c
}

// acquire gives the tenant's pool and a place under the process's cap; release gives the place back. A pool that could not be
// opened comes with the error, for it tells which server was tried.
func (c *coldPools) acquire(ctx context.Context, tenant flomastr.TenantID) (*coldPool, func(), error) {
	if tenant.IsZero() {
		return nil, nil, fmt.Errorf("in cold: no tenant given")
	}
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, nil, Unavailable("wait for a cold connection", err)
	}
	p := c.entry(tenant)
	release := func() {
		c.mu.Lock()
		p.users--
		p.used = time.Now()
		c.mu.Unlock()
		c.slots.Release(1)
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		release()
		return nil, nil, Unavailable("open cold database", ctx.Err())
	}
	if p.err != nil {
		release()
		return p, nil, p.err
	}
	return p, release, nil
}

func (c *coldPools) entry(tenant flomastr.TenantID) *coldPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.pools[tenant]
	if !ok {
		p = &coldPool{ready: make(chan struct{})}
		c.pools[tenant] = p
		// The opening outlives the request that asked first: others wait for it too.
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			server, pool, err := c.db.openCold(ctx, tenant)
			c.mu.Lock()
			p.server, p.pool, p.err = server, pool, err
			if err != nil && c.pools[tenant] == p {
				delete(c.pools, tenant) // the next caller tries again
			}
			c.mu.Unlock()
			close(p.ready)
		}()
	}
	p.users++
	return p
}

func (c *coldPools) closeIdle() {
	tick := time.NewTicker(coldIdle / 4)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case now := <-tick.C:
			c.leaveMoved()
			var idle []*pgxpool.Pool
			c.mu.Lock()
			for tenant, p := range c.pools {
				if p.users == 0 && p.pool != nil && now.Sub(p.used) > coldIdle {
					delete(c.pools, tenant)
					idle = append(idle, p.pool)
					c.db.residents.forget(tenant)
				}
			}
			c.mu.Unlock()
			for _, pool := range idle {
				pool.Close()
			}
		}
	}
}

// leaveMoved has no pool serve for long where a database lies no longer. Whoever moves one ends its sessions; this is for the
// case that they were killed before they could.
func (c *coldPools) leaveMoved() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	open, ids := map[flomastr.TenantID]*coldPool{}, []flomastr.TenantID{}
	c.mu.Lock()
	for tenant, p := range c.pools {
		if p.pool != nil {
			open[tenant], ids = p, append(ids, tenant)
		}
	}
	c.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	var tenant flomastr.TenantID
	var server string
	_ = c.db.InPlatform(ctx, func(tx pgx.Tx) error { // the next round tries again
		rows, err := tx.Query(ctx, `SELECT id, cold_db_ref FROM tenants WHERE id = ANY($1)`, ids)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, []any{&tenant, &server}, func() error {
			if p := open[tenant]; p.server != server {
				c.leave(tenant, p)
			}
			return nil
		})
		return err
	})
}

// forget closes the tenant's pool and lets go of its index in memory.
func (c *coldPools) forget(tenant flomastr.TenantID) {
	c.db.residents.forget(tenant)
	c.mu.Lock()
	p := c.pools[tenant]
	delete(c.pools, tenant)
	c.mu.Unlock()
	if p != nil {
		<-p.ready
		if p.pool != nil {
			p.pool.Close()
		}
	}
}

// leave has everybody else open a new pool, while those who use this one go on. The index in memory stays: it serves by its
// stamp, wherever the database lies.
func (c *coldPools) leave(tenant flomastr.TenantID, p *coldPool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools[tenant] != p {
		return // somebody was quicker
	}
	delete(c.pools, tenant)
	if p.pool != nil {
		c.closing.Go(p.pool.Close)
	}
}

func (c *coldPools) close() {
	close(c.stop)
	c.mu.Lock()
	tenants := make([]flomastr.TenantID, 0, len(c.pools))
	for tenant := range c.pools {
		tenants = append(tenants, tenant)
	}
	c.mu.Unlock()
	for _, tenant := range tenants {
		c.forget(tenant)
	}
	c.closing.Wait()
}
