package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
}

type coldPool struct {
	ready chan struct{} // closed once pool or err is set
	pool  *pgxpool.Pool
	err   error
	users int
	used  time.Time
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

// acquire gives the tenant's pool and a place under the process's cap; release gives the place back.
func (c *coldPools) acquire(ctx context.Context, tenant flomastr.TenantID) (*pgxpool.Pool, func(), error) {
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
		return nil, nil, p.err
	}
	return p.pool, release, nil
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
			pool, err := c.db.openCold(ctx, tenant)
			c.mu.Lock()
			p.pool, p.err = pool, err
			if err != nil {
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
}

// openCold connects to a tenant's cold database under the tenant's own login, and migrates it when it is behind.
func (db *DB) openCold(ctx context.Context, tenant flomastr.TenantID) (*pgxpool.Pool, error) {
	name := coldName(tenant)
	cfg, err := pgxpool.ParseConfig(db.admin.ConnString())
	if err != nil {
		return nil, fmt.Errorf("parse database address: %w", err)
	}
	cfg.ConnConfig.Database, cfg.ConnConfig.User, cfg.ConnConfig.Password = name, name, rolePassword(db.key, name)
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	cfg.ConnConfig.RuntimeParams["application_name"] = "flomastr_cold"
	cfg.MaxConns, cfg.MinConns, cfg.MaxConnIdleTime = coldConnsPerTenant, 0, coldIdle
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open cold database: %w", err)
	}
	var version int64
	const latest = `SELECT max(version_id) FROM goose_db_version`
	err = pool.QueryRow(ctx, latest).Scan(&version)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "28P01" {
		// The password is an earlier master key's.
		if err = db.renewColdLogin(ctx, name); err == nil {
			err = pool.QueryRow(ctx, latest).Scan(&version)
		}
	}
	if err != nil {
		pool.Close()
		return nil, Unavailable("open cold database", err)
	}
	if version < latestVersion(coldMigrations) {
		if err := db.migrateCold(ctx, tenant); err != nil {
			pool.Close()
			return nil, err
		}
	}
	return pool, nil
}

// renewColdLogin gives a login the password that follows from this server's master key.
func (db *DB) renewColdLogin(ctx context.Context, name string) error {
	admin, err := pgx.ConnectConfig(ctx, db.admin)
	if err != nil {
		return Unavailable("connect as administrator", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	return ensureLogin(ctx, admin, db.key, name, nil)
}

// CreateCold makes a tenant's cold database and its login, or finishes what an interrupted call began. It is safe to
// call again and from several servers at once.
func (db *DB) CreateCold(ctx context.Context, tenant flomastr.TenantID) error {
	admin, err := pgx.ConnectConfig(ctx, db.admin)
	if err != nil {
		return Unavailable("connect as administrator", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()

	// One creation at a time: cloning fails while another session uses the template.
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, db.coldTemplate); err != nil {
		return Unavailable("lock the cold template", err)
	}
	name := coldName(tenant)
	ident := pgx.Identifier{name}.Sanitize()
	var exists bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return Unavailable("look for the cold database", err)
	}
	if !exists {
		if _, err := admin.Exec(ctx, "CREATE DATABASE "+ident+" OWNER "+ownerRole+" TEMPLATE "+pgx.Identifier{db.coldTemplate}.Sanitize()); err != nil {
			return fmt.Errorf("create cold database: %w", err)
		}
	}
	if err := ensureLogin(ctx, admin, db.key, name, nil); err != nil {
		return err
	}
	for _, sql := range []string{
		"REVOKE CONNECT, TEMPORARY ON DATABASE " + ident + " FROM PUBLIC",
		"GRANT CONNECT ON DATABASE " + ident + " TO " + ident,
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("guard cold database: %w", err)
		}
	}
	return db.migrateCold(ctx, tenant)
}

// DropCold erases a tenant's cold database and its login. Dropping what is gone is success, also what another server
// drops at the same moment.
func (db *DB) DropCold(ctx context.Context, tenant flomastr.TenantID) error {
	db.cold.forget(tenant)
	admin, err := pgx.ConnectConfig(ctx, db.admin)
	if err != nil {
		return Unavailable("connect as administrator", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	// Two drops of one database at once fail; the lock ends with the connection.
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, coldName(tenant)); err != nil {
		return Unavailable("lock the cold database", err)
	}
	ident := pgx.Identifier{coldName(tenant)}.Sanitize()
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + ident + " WITH (FORCE)", "DROP ROLE IF EXISTS " + ident} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop cold database: %w", err)
		}
	}
	return nil
}

// ColdExists tells whether a tenant's cold database or its login is there.
func (db *DB) ColdExists(ctx context.Context, tenant flomastr.TenantID) (exists bool, err error) {
	err = db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) OR EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`,
			coldName(tenant)).Scan(&exists)
	})
	return exists, err
}
