package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/flomastr/flomastr"
)

// openCold connects to a tenant's cold database, wherever it lies, under the tenant's own login, and migrates it when it is
// behind. The server is told with an error, too.
func (db *DB) openCold(ctx context.Context, tenant flomastr.TenantID) (server string, pool *pgxpool.Pool, err error) {
	if server, err = db.placement(ctx, tenant); err != nil {
		return server, nil, err
	}
	admin, err := db.coldServer(server, "")
	if err != nil {
		return server, nil, err
	}
	cfg, err := pgxpool.ParseConfig(admin.ConnString())
	if err != nil {
		return server, nil, errors.New("parse the address of " + serverTitle(server))
	}
	name := coldName(tenant)
	cfg.ConnConfig.Database, cfg.ConnConfig.User, cfg.ConnConfig.Password = name, name, rolePassword(db.key, name)
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	cfg.ConnConfig.RuntimeParams["application_name"] = "flomastr_cold"
	cfg.MaxConns, cfg.MinConns, cfg.MaxConnIdleTime = coldConnsPerTenant, 0, coldIdle
	pool, err = pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return server, nil, fmt.Errorf("open cold database: %w", err)
	}
	var version int64
	const latest = `SELECT max(version_id) FROM goose_db_version`
	err = pool.QueryRow(ctx, latest).Scan(&version)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "28P01" {
		// The password is an earlier master key's.
		if err = db.renewColdLogin(ctx, tenant, server); err == nil {
			err = pool.QueryRow(ctx, latest).Scan(&version)
		}
	}
	if err == nil && version < latestVersion(coldMigrations) {
		err = db.migrateCold(ctx, tenant, server)
	}
	if err != nil {
		pool.Close()
		return server, nil, Unavailable("open cold database", err)
	}
	return server, pool, nil
}

// renewColdLogin gives a login the password that follows from this server's master key, as long as the database lies there:
// a login that went with its database must not come back.
func (db *DB) renewColdLogin(ctx context.Context, tenant flomastr.TenantID, server string) error {
	held, err := db.holdPlacementOn(ctx, tenant, server)
	if err != nil {
		return err
	}
	defer held.giveUp(ctx)
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	return ensureLogin(ctx, admin, db.key, coldName(tenant), nil)
}

// migrateCold brings one tenant's cold database to this version and gives its login the rights on what is new.
func (db *DB) migrateCold(ctx context.Context, tenant flomastr.TenantID, server string) error {
	held, err := db.holdPlacementOn(ctx, tenant, server)
	if err != nil {
		return err
	}
	defer held.giveUp(ctx)
	return db.settleCold(ctx, tenant, server)
}

// CreateCold makes a tenant's cold database and its login, or finishes what an interrupted call began. It is safe to
// call again and from several servers at once.
func (db *DB) CreateCold(ctx context.Context, tenant flomastr.TenantID) error {
	held, err := db.holdPlacement(ctx, tenant, placementPatience)
	if err != nil {
		return err
	}
	defer held.giveUp(ctx)
	return db.makeCold(ctx, tenant, held.server)
}

// makeCold makes the database and its login on a server, or finishes that. Whoever calls holds the placement.
func (db *DB) makeCold(ctx context.Context, tenant flomastr.TenantID, server string) error {
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return err
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
	return db.settleCold(ctx, tenant, server)
}

// prepareServer makes what cold databases on a server stand on: the owner and the template.
func (db *DB) prepareServer(ctx context.Context, server string) error {
	cfg, err := db.coldServer(server, "")
	if err != nil {
		return err
	}
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	if err := ensureOwnerRole(ctx, admin); err != nil {
		return err
	}
	if err := prepareColdTemplate(ctx, admin, cfg, db.coldTemplate); err != nil {
		return fmt.Errorf("prepare the template of cold databases on %s: %w", serverTitle(server), err)
	}
	return nil
}

// settleCold migrates a tenant's cold database on a server and gives its login its rights. Whoever calls holds the placement.
func (db *DB) settleCold(ctx context.Context, tenant flomastr.TenantID, server string) error {
	name := coldName(tenant)
	cfg, err := db.coldServer(server, name)
	if err != nil {
		return err
	}
	if err := migrateColdDatabase(ctx, cfg); err != nil {
		return fmt.Errorf("migrate cold database: %w", err)
	}
	admin, err := db.connectCold(ctx, server, name)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	return grantCold(ctx, admin, name)
}

// grantCold gives a login its rights in its database.
func grantCold(ctx context.Context, admin *pgx.Conn, name string) error {
	role := pgx.Identifier{name}.Sanitize()
	for _, sql := range []string{
		"GRANT USAGE ON SCHEMA public TO " + role,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role,
		"REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM " + role,
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO " + role,
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("grant rights on cold database: %w", err)
		}
	}
	return nil
}

// DropCold erases a tenant's cold database and its login, on whatever server there is one of them. Dropping what is gone is
// success. It fails while the database is being moved.
func (db *DB) DropCold(ctx context.Context, tenant flomastr.TenantID) error {
	db.cold.forget(tenant)
	held, err := db.holdPlacement(ctx, tenant, placementPatience)
	if err != nil {
		return err
	}
	defer held.giveUp(ctx)
	var all error
	for _, server := range db.serverNames() {
		all = errors.Join(all, db.dropCold(ctx, tenant, server))
	}
	return all
}

// dropCold erases what there is on one server. Whoever calls holds the placement.
func (db *DB) dropCold(ctx context.Context, tenant flomastr.TenantID, server string) error {
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	ident := pgx.Identifier{coldName(tenant)}.Sanitize()
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + ident + " WITH (FORCE)", "DROP ROLE IF EXISTS " + ident} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop cold database: %w", err)
		}
	}
	return nil
}

// ColdExists tells whether a tenant's cold database or its login is left on any server.
func (db *DB) ColdExists(ctx context.Context, tenant flomastr.TenantID) (bool, error) {
	for _, server := range db.serverNames() {
		if exists, err := db.coldExistsOn(ctx, tenant, server); exists || err != nil {
			return exists, err
		}
	}
	return false, nil
}

func (db *DB) coldExistsOn(ctx context.Context, tenant flomastr.TenantID, server string) (exists bool, err error) {
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return false, err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	err = admin.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) OR EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`,
		coldName(tenant)).Scan(&exists)
	return exists, err
}
