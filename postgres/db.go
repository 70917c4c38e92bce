package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/secret"
)

// Config says how to reach the hot database.
type Config struct {
	// URL is the administrator's connection (a role that may create roles and databases). Migrations and provisioning
	// use it; everything else logs in as flomastr_app or flomastr_platform.
	URL string
	// Key is the installation's master key; the logins' passwords are derived from it.
	Key []byte
	// PoolerURL is a PgBouncer in transaction mode before the same database; empty means none. Its host, port and TLS count.
	// Only the short transactions of InTenant and InPlatform go through it: migrations, the background queue, listening and
	// the cold databases need sessions of their own and go to URL.
	PoolerURL string
	// Master wraps the keys that are kept in the database.
	Master *secret.Keyring
	// MaxConns caps the application's pool. Zero means 24.
	MaxConns int32
	// ColdTemplate is the database that cold databases are cloned from. Empty means flomastr_cold_template.
	ColdTemplate string
	// ColdServers are the administrators' connections, by name, of further PostgreSQL servers that tenants' cold databases may
	// lie on. Every process names them alike.
	ColdServers map[string]string
	Log         *slog.Logger
}

// DB is the hot database and the way to the cold ones. It is safe for concurrent use.
type DB struct {
	admin        *pgx.ConnConfig
	servers      map[string]*pgx.ConnConfig // where cold databases may lie: the hot server (admin) and the further ones
	app          *pgxpool.Pool
	platform     *pgxpool.Pool
	cold         *coldPools
	residents    *residents
	key          []byte
	coldTemplate string
	master       *secret.Keyring
	auditKey     audit.Key
	jobs         *river.Client[pgx.Tx]
	log          *slog.Logger
}

// Open connects to a migrated hot database (see [Migrate]). It refuses to serve when the application's login could step
// around row-level security.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	admin, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, flomastr.Errorf(flomastr.Invalid, "database_url", "DATABASE_URL is not a PostgreSQL address.").Because(err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	db := &DB{admin: admin, key: cfg.Key, coldTemplate: cfg.ColdTemplate, master: cfg.Master, log: cfg.Log}
	if db.servers, err = parseColdServers(admin, cfg.ColdServers); err != nil {
		return nil, err
	}
	if db.coldTemplate == "" {
		db.coldTemplate = defaultColdTemplate
	}
	maxConns := cfg.MaxConns
	if maxConns == 0 {
		maxConns = 24
	}
	if db.app, err = openHot(ctx, cfg, appRole, maxConns); err != nil {
		return nil, err
	}
	if db.platform, err = openHot(ctx, cfg, platformRole, 8); err != nil {
		db.app.Close()
		return nil, err
	}
	db.cold, db.residents = newColdPools(db), newResidents(db)
	if db.jobs, err = river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: riverSchema}); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	if err := db.refuseStrongLogins(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if db.auditKey, err = db.openAuditKey(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Close ends every connection.
func (db *DB) Close() {
	db.residents.close()
	db.cold.close()
	db.platform.Close()
	db.app.Close()
}

// openHot opens a pool for one of the hot database's logins, through the pooler where there is one.
func openHot(ctx context.Context, cfg Config, role string, maxConns int32) (*pgxpool.Pool, error) {
	pool, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("parse database address: %w", err)
	}
	if cfg.PoolerURL != "" {
		if err := throughPooler(pool.ConnConfig, cfg.PoolerURL); err != nil {
			return nil, err
		}
	}
	return openPool(ctx, pool, role, cfg.Key, maxConns)
}

// throughPooler turns a connection to a pooler before its server. In transaction mode the next statement may meet another
// session, which knows no statement that was prepared in an earlier one.
func throughPooler(to *pgx.ConnConfig, pooler string) error {
	via, err := pgx.ParseConfig(pooler)
	if err != nil {
		return flomastr.Errorf(flomastr.Invalid, "pooler_url", "FLOMASTR_POOLER_URL is not a PostgreSQL address.").Because(err)
	}
	to.Host, to.Port, to.TLSConfig, to.Fallbacks = via.Host, via.Port, via.TLSConfig, via.Fallbacks
	to.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	return nil
}

func openPool(ctx context.Context, cfg *pgxpool.Config, role string, key []byte, maxConns int32) (*pgxpool.Pool, error) {
	cfg.ConnConfig.User, cfg.ConnConfig.Password = role, rolePassword(key, role)
	cfg.MaxConns, cfg.MinConns = maxConns, 1
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.RuntimeParams["application_name"] = role
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open pool for %s: %w", role, err)
	}
	return pool, nil
}

// refuseStrongLogins checks what row-level security stands on.
func (db *DB) refuseStrongLogins(ctx context.Context) error {
	for _, pool := range []*pgxpool.Pool{db.app, db.platform} {
		var role string
		var strong bool
		err := pool.QueryRow(ctx, `
			SELECT r.rolname, r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
			       OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
			FROM pg_roles r
			WHERE r.rolname = current_user`).Scan(&role, &strong)
		if err != nil {
			return Unavailable("check the database login", err)
		}
		if strong {
			return flomastr.Errorf(flomastr.Internal, "database_role_too_strong",
				"The database role "+role+" has rights that bypass tenant isolation; remove them before starting.")
		}
	}
	return nil
}

// InTenant runs fn in a transaction of the hot database that sees the rows of one tenant. It commits when fn returns
// nil and rolls back otherwise, also when fn panics. Nothing slow may happen in fn.
func (db *DB) InTenant(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	if tenant.IsZero() {
		return errors.New("in tenant: no tenant given")
	}
	return transact(ctx, db.app, beginFor(tenant, "BEGIN"), db.audited(ctx, fn))
}

// InPlatform runs fn in a transaction of the hot database under the platform's login, which sees the tables that a
// migration opened to it by name, across tenants. It serves provisioning, sign-in, channel look-up and claiming.
func (db *DB) InPlatform(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return transact(ctx, db.platform, pgx.TxOptions{}, db.audited(ctx, fn))
}

// lookAt is InTenant for a long look at one moment's rows, or InPlatform without a tenant.
func (db *DB) lookAt(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	const begin = "BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ"
	if tenant.IsZero() {
		return transact(ctx, db.platform, pgx.TxOptions{BeginQuery: begin}, fn)
	}
	return transact(ctx, db.app, beginFor(tenant, begin), fn)
}

// beginFor begins a transaction and names its tenant in one round trip: the id is a typed UUID, so the text cannot hold
// anything else.
func beginFor(tenant flomastr.TenantID, begin string) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: begin + "; SELECT set_config('app.tenant_id', '" + tenant.String() + "', true)"}
}

// Enqueue adds a background job in the transaction that creates its reason.
func (db *DB) Enqueue(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := db.jobs.InsertTx(ctx, tx, args, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// Ping tells whether the hot database answers the application's login.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.app.Ping(ctx); err != nil {
		return Unavailable("reach the database", err)
	}
	return nil
}

func transact(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions, fn func(tx pgx.Tx) error) error {
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return Unavailable("begin", err)
	}
	// After a commit this does nothing. It must run although the caller's deadline has passed.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := fn(tx); err != nil {
		return unavailableIfAway(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return Unavailable("commit", err)
	}
	return nil
}

// ErrUnavailable is what a store answers when the database cannot be reached or cannot take more.
var ErrUnavailable = flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "The database is not reachable right now; try again in a moment.")

// Unavailable wraps an error of a connection, a begin or a commit: what was being attempted is not known to have
// happened.
func Unavailable(doing string, err error) error {
	if flomastr.KindOf(err) != flomastr.Internal {
		return err
	}
	return ErrUnavailable.Because(fmt.Errorf("%s: %w", doing, err))
}

// unavailableIfAway turns the errors of a database that is shutting down, full or gone into ErrUnavailable, and leaves
// every other one alone.
func unavailableIfAway(err error) error {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code[:2] {
		case "08", "53", "57", "25": // connection, resources, operator intervention, read-only
			if pgErr.Code != "57014" { // query_canceled is the caller's own deadline
				return Unavailable("query", err)
			}
		}
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) {
		return Unavailable("query", err)
	}
	return err
}

// violates tells whether an error is the breach of a named constraint.
func violates(err error, constraint string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.ConstraintName == constraint
}
