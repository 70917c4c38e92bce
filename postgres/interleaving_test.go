package postgres_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// endings are the ways in which a tenant's transaction can end. Each leaves the session to whoever comes next.
var endings = map[string]func(ctx context.Context, db *postgres.DB, mine, other flomastr.TenantID){
	"committed": func(ctx context.Context, db *postgres.DB, mine, _ flomastr.TenantID) {
		_ = db.InTenant(ctx, mine, func(tx pgx.Tx) error { return addEvent(ctx, tx, mine) })
	},
	"rolled back": func(ctx context.Context, db *postgres.DB, mine, _ flomastr.TenantID) {
		_ = db.InTenant(ctx, mine, func(pgx.Tx) error { return errors.New("on purpose") })
	},
	"panicked": func(ctx context.Context, db *postgres.DB, mine, _ flomastr.TenantID) {
		defer func() { _ = recover() }()
		_ = db.InTenant(ctx, mine, func(pgx.Tx) error { panic("on purpose") })
	},
	"given up in a statement": func(ctx context.Context, db *postgres.DB, mine, _ flomastr.TenantID) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_ = db.InTenant(ctx, mine, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT pg_sleep(0.05)`)
			return err
		})
	},
	"timed out by the server": func(ctx context.Context, db *postgres.DB, mine, _ flomastr.TenantID) {
		_ = db.InTenant(ctx, mine, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 5`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `SELECT pg_sleep(0.05)`)
			return err
		})
	},
	"named another tenant in a savepoint": func(ctx context.Context, db *postgres.DB, mine, other flomastr.TenantID) {
		_ = db.InTenant(ctx, mine, func(tx pgx.Tx) error {
			inner, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := inner.Exec(ctx, `SELECT set_config('app.tenant_id', $1, true)`, other.String()); err != nil {
				return err
			}
			if err := inner.Rollback(ctx); err != nil {
				return err
			}
			return addEvent(ctx, tx, mine) // refused if the savepoint's tenant were still in force
		})
	},
}

// TestNoTransactionInheritsATenant lets many tenants share few sessions and end their transactions in every way, and asks
// after each whose rows are in sight.
func TestNoTransactionInheritsATenant(t *testing.T) {
	t.Parallel()
	onEveryWay(t, noTransactionInheritsATenant)
}

func noTransactionInheritsATenant(t *testing.T, db *postgres.DB, admin *pgx.Conn) {
	tenants := []flomastr.TenantID{postgrestest.Tenant(t, db), postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)}
	names := []string{}
	for name := range endings {
		names = append(names, name)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var group sync.WaitGroup
	problems := make(chan string, 8)
	for worker := range cap(problems) {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range 120 {
				mine, other := tenants[random.IntN(3)], tenants[random.IntN(3)]
				name := names[random.IntN(len(names))]
				endings[name](t.Context(), db, mine, other)
				asked := tenants[random.IntN(3)]
				var setting string
				var foreign int
				err := db.InTenant(t.Context(), asked, func(tx pgx.Tx) error {
					return tx.QueryRow(t.Context(), `
						SELECT current_setting('app.tenant_id'), (SELECT count(*) FROM events WHERE tenant_id <> $1)`, asked).Scan(&setting, &foreign)
				})
				if err != nil || setting != asked.String() || foreign > 0 {
					problems <- name + ": " + errors.Join(err, errors.New("setting "+setting)).Error()
					return
				}
			}
		})
	}
	group.Wait()
	close(problems)
	for problem := range problems {
		t.Errorf("%s (seed %d)", problem, seed)
	}
	// Every event stands under the tenant whose transaction wrote it: the endings commit only their own.
	var written int
	require.NoError(t, admin.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE tenant_id = ANY ($1)`, tenants).Scan(&written))
	require.Positive(t, written)
}

// TestFewSessionsServeManyThroughThePooler makes sure that the proofs above really share sessions.
func TestFewSessionsServeManyThroughThePooler(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	ways["through a transaction pooler"](t, &cfg)
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	a := postgrestest.Tenant(t, db)
	sessions := make(chan int32, 64)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 8 {
				var pid int32
				if db.InTenant(t.Context(), a, func(tx pgx.Tx) error {
					return tx.QueryRow(t.Context(), `SELECT pg_backend_pid() FROM pg_sleep(0.001)`).Scan(&pid)
				}) == nil {
					sessions <- pid
				}
			}
		})
	}
	group.Wait()
	close(sessions)
	distinct, all := map[int32]bool{}, 0
	for pid := range sessions {
		distinct[pid] = true
		all++
	}
	require.Equal(t, 64, all)
	require.LessOrEqual(t, len(distinct), 2)
}

func TestAHandleIsDeadAfterItsTransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a := postgrestest.Tenant(t, db)
	var kept pgx.Tx
	require.NoError(t, db.InTenant(t.Context(), a, func(tx pgx.Tx) error { kept = tx; return nil }))
	_, err := kept.Exec(t.Context(), `SELECT 1`)
	require.ErrorIs(t, err, pgx.ErrTxClosed)
}

func TestParallelWorkersSeeTheTenantToo(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	for _, tenant := range []flomastr.TenantID{a, b} {
		require.NoError(t, db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, tenant) }))
	}
	require.NoError(t, db.InTenant(t.Context(), a, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SET LOCAL force_parallel_mode = on; SET LOCAL parallel_setup_cost = 0; SET LOCAL min_parallel_table_scan_size = 0`)
		require.NoError(t, err)
		var seen int
		err = tx.QueryRow(t.Context(), `SELECT count(*) FROM events`).Scan(&seen)
		require.Equal(t, 1, seen)
		return err
	}))
}

// TestTheLoginsReachNothingBesideTheirRows tries what a statement could do to the server, the disk and the network.
func TestTheLoginsReachNothingBesideTheirRows(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	cfg.ColdTemplate += "_reach"                           // the shared one must not be in use while others clone it
	require.NoError(t, postgres.Migrate(t.Context(), cfg)) // a clone has no rights of its own on the database
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	a := postgrestest.Tenant(t, db)
	for _, statement := range []string{
		`SELECT pg_read_file('postgresql.conf')`, `SELECT pg_ls_dir('.')`, `COPY events TO '/tmp/x'`, `COPY events TO PROGRAM 'id'`,
		`SELECT lo_import('/etc/passwd')`, `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, `CREATE TEMP TABLE t (x int)`,
		`CREATE TABLE t (x int)`, `CREATE EXTENSION dblink`, `ALTER TABLE events NO FORCE ROW LEVEL SECURITY`, `DROP POLICY tenant_rows ON events`,
		`TRUNCATE events`, `SET ROLE flomastr_owner`, `SET ROLE flomastr_platform`, `SET SESSION AUTHORIZATION flomastr_owner`,
		`SELECT * FROM pg_authid`, `SELECT * FROM accounts`, `ALTER ROLE flomastr_app BYPASSRLS`, `CREATE ROLE somebody`, `SELECT pg_reload_conf()`,
	} {
		for name, in := range map[string]func(fn func(tx pgx.Tx) error) error{
			"app":      func(fn func(tx pgx.Tx) error) error { return db.InTenant(t.Context(), a, fn) },
			"platform": func(fn func(tx pgx.Tx) error) error { return db.InPlatform(t.Context(), fn) },
		} {
			if name == "platform" && (statement == `SELECT * FROM accounts` || statement == `SET ROLE flomastr_platform`) {
				continue // its own work, and itself
			}
			err := in(func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
			require.Error(t, err, "%s may %s", name, statement)
		}
	}
}

// TestOneTenantsLockHoldsNobodyElse takes the same object's lock in two tenants.
func TestOneTenantsLockHoldsNobodyElse(t *testing.T) {
	t.Parallel()
	lock := regexp.MustCompile(`pg_advisory_xact_lock\(hashtextextended\(\$1`)
	found := 0
	inSources(t, func(path, text string) {
		// A channel's id is its tenant's alone.
		for _, at := range lock.FindAllStringIndex(text, -1) {
			found++
			argument := text[at[1]:min(at[1]+200, len(text))]
			require.Regexp(t, `(?i)tenant|channel`, argument, "%s: the key of this lock lacks the tenant", path)
		}
	})
	require.Positive(t, found)
}

// TestOnlyInTenantNamesATenant keeps the one way in the only one: a session-level setting, or a second place that sets it,
// would outlive its transaction on a shared session.
func TestOnlyInTenantNamesATenant(t *testing.T) {
	t.Parallel()
	found := 0
	inSources(t, func(path, text string) {
		if strings.Contains(text, "app.tenant_id") {
			found++
			require.Equal(t, filepath.Join("..", "postgres", "db.go"), path, "only InTenant may set app.tenant_id")
			require.Equal(t, 1, strings.Count(text, "set_config('app.tenant_id'"))
		}
	})
	require.Equal(t, 1, found)
}

// inSources hands over every Go file of the product.
func inSources(t *testing.T, look func(path, text string)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == ".flomastr") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			look(path, string(text))
		}
		return err
	}))
}
