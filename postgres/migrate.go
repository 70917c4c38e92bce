package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/flomastr/flomastr"
)

//go:embed migrations
var migrations embed.FS

const (
	hotMigrations  = "migrations/hot"
	coldMigrations = "migrations/cold"
	riverSchema    = "river"
	// migrationLock is the advisory lock under which one server migrates while the others wait. The number is ours.
	migrationLock = 7_716_201_113
)

// Migrate brings the roles, the hot database, the job queue's schema and the template of cold databases to this
// binary's version. Several servers may call it at once: one works, the others wait. Killed half-way, it goes on where
// it stopped when called again, because every migration is one transaction and every step before it can be repeated.
// Tenants' cold databases follow when they are next opened.
func Migrate(ctx context.Context, cfg Config) error {
	adminCfg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return flomastr.Errorf(flomastr.Invalid, "database_url", "DATABASE_URL is not a PostgreSQL address.").Because(err)
	}
	admin, err := pgx.ConnectConfig(ctx, adminCfg)
	if err != nil {
		return Unavailable("connect as administrator", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }() // which also gives up the lock
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return Unavailable("wait for another server's migration", err)
	}
	if err := prepareHot(ctx, admin, adminCfg, cfg.Key); err != nil {
		return err
	}
	if err := migrateTo(ctx, adminCfg, hotMigrations); err != nil {
		return fmt.Errorf("migrate the hot database: %w", err)
	}
	if err := migrateRiver(ctx, adminCfg); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	template := cfg.ColdTemplate
	if template == "" {
		template = defaultColdTemplate
	}
	if err := prepareColdTemplate(ctx, admin, adminCfg, template); err != nil {
		return fmt.Errorf("prepare the template of cold databases: %w", err)
	}
	return nil
}

// prepareHot makes the roles and closes the database to everybody else.
func prepareHot(ctx context.Context, admin *pgx.Conn, adminCfg *pgx.ConnConfig, key []byte) error {
	if err := ensureOwnerRole(ctx, admin); err != nil {
		return err
	}
	database := pgx.Identifier{adminCfg.Database}.Sanitize()
	for _, role := range []string{appRole, platformRole} {
		check := adminCfg.Copy()
		check.User, check.Password = role, rolePassword(key, role)
		if err := ensureLogin(ctx, admin, key, role, check); err != nil {
			return err
		}
	}
	for _, sql := range []string{
		// A transaction that a dead peer left open must not hold locks or the horizon for long. It is the role's own setting,
		// because a pooler passes on none that a client sends; in this database, because one row for all would be fought over.
		"ALTER ROLE " + appRole + " IN DATABASE " + database + " SET idle_in_transaction_session_timeout = '30s'",
		"ALTER ROLE " + platformRole + " IN DATABASE " + database + " SET idle_in_transaction_session_timeout = '30s'",
		"REVOKE CONNECT, TEMPORARY ON DATABASE " + database + " FROM PUBLIC",
		"GRANT CONNECT ON DATABASE " + database + " TO " + appRole + ", " + platformRole + ", " + ownerRole,
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		"GRANT USAGE, CREATE ON SCHEMA public TO " + ownerRole,
		"GRANT USAGE ON SCHEMA public TO " + appRole + ", " + platformRole,
		"CREATE SCHEMA IF NOT EXISTS " + riverSchema + " AUTHORIZATION " + ownerRole,
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("prepare the hot database: %w", err)
		}
	}
	return nil
}

// asOwner opens database/sql as the administrator in the owner's role, for goose.
func asOwner(cfg *pgx.ConnConfig) *sql.DB {
	cfg = cfg.Copy()
	cfg.RuntimeParams["role"] = ownerRole
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(1)
	return db
}

func migrateTo(ctx context.Context, cfg *pgx.ConnConfig, dir string) error {
	db := asOwner(cfg)
	defer func() { _ = db.Close() }()
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func migrateRiver(ctx context.Context, cfg *pgx.ConnConfig) error {
	db := asOwnerPool{cfg}
	pool, err := db.open(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	// The application enqueues in its own transactions; the platform's login works the queue.
	_, err = pool.Exec(ctx, `
		GRANT USAGE ON SCHEMA river TO flomastr_app, flomastr_platform;
		GRANT SELECT, INSERT, UPDATE ON river.river_job TO flomastr_app;
		GRANT SELECT ON river.river_queue TO flomastr_app;
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA river TO flomastr_app, flomastr_platform;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA river TO flomastr_platform`)
	return err
}

// prepareColdTemplate makes the database that cold databases are cloned from, with pgvector and all cold migrations.
func prepareColdTemplate(ctx context.Context, admin *pgx.Conn, adminCfg *pgx.ConnConfig, template string) error {
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, template); err != nil {
		return err
	}
	defer func() {
		_, _ = admin.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, template)
	}()
	ident := pgx.Identifier{template}.Sanitize()
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+ident+" TEMPLATE template0 ENCODING 'UTF8' OWNER "+ownerRole); err != nil {
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || (pgErr.Code != "42P04" && pgErr.Code != "23505") { // already there
			return err
		}
	}
	cfg := adminCfg.Copy()
	cfg.Database = template
	return migrateColdDatabase(ctx, cfg)
}

func migrateColdDatabase(ctx context.Context, cfg *pgx.ConnConfig) error {
	admin, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return Unavailable("connect to cold database", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return Unavailable("lock cold database", err)
	}
	for _, sql := range []string{
		"CREATE EXTENSION IF NOT EXISTS vector",
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		"GRANT USAGE, CREATE ON SCHEMA public TO " + ownerRole,
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("prepare cold database: %w", err)
		}
	}
	return migrateTo(ctx, cfg, coldMigrations)
}

// SchemaDigest names the state of all migrations in this binary, for whoever keeps a template of them.
func SchemaDigest() string {
	sum := sha256.New()
	_ = fs.WalkDir(migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			body, _ := migrations.ReadFile(path) // cannot fail: the file is part of the binary
			fmt.Fprintf(sum, "%s %d\n%s", path, len(body), body)
		}
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// latestVersion is the number of the newest migration of a folder.
func latestVersion(dir string) int64 {
	entries, err := fs.ReadDir(migrations, dir)
	if err != nil || len(entries) == 0 {
		return 0
	}
	number, _, _ := strings.Cut(entries[len(entries)-1].Name(), "_")
	version, _ := strconv.ParseInt(number, 10, 64)
	return version
}
