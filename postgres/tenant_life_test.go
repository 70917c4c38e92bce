package postgres_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/tenant"
)

// lives is the engine of tenants on real storage, with the administrator's eye on it.
type lives struct {
	t      *testing.T
	db     *postgres.DB
	store  *postgres.TenantStore
	blobs  *blob.Bucket
	admin  *pgx.Conn
	key    ed25519.PrivateKey
	engine *tenant.Engine
	tables []fenced
}

func newLives(t *testing.T) *lives {
	t.Helper()
	cfg := postgrestest.Config(t)
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	admin, err := pgx.Connect(t.Context(), cfg.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	_, err = admin.Exec(t.Context(), `SET session_replication_role = replica`) // for rows that need not make sense
	require.NoError(t, err)
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	l := &lives{t: t, db: db, store: postgres.NewTenantStore(db), blobs: blobs, admin: admin, tables: fencedTables(t, admin)}
	_, l.key, err = ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l.engine = l.with(db, blobs)
	return l
}

func (l *lives) with(cold tenant.ColdStore, files tenant.Files) *tenant.Engine {
	return tenant.New(tenant.Deps{Store: l.store, Cold: cold, Files: files, Key: l.key})
}

// provision makes a tenant with rows in every table, a file, something in its own database and a queued job. Every text
// that may be anything holds the mark.
func (l *lives) provision(slug, mark string) flomastr.TenantID {
	l.t.Helper()
	ctx := l.t.Context()
	made, err := l.engine.Provision(ctx, flomastr.ActorSystem, setupOf(slug, "owner@"+slug+".test"))
	require.NoError(l.t, err)
	id := made.Tenant.ID
	l.t.Cleanup(func() { _ = l.db.DropCold(context.Background(), id) })
	for _, table := range l.tables {
		if table.Part {
			continue
		}
		var holds bool
		require.NoError(l.t, l.admin.QueryRow(ctx, fmt.Sprintf(`SELECT EXISTS (SELECT FROM %s WHERE %s = $1)`, table.Name, table.Tenant), id).Scan(&holds))
		if !holds {
			populate(l.t, l.admin, table, id)
		}
		if table.Name != "tenants" && table.Name != "provisioning_steps" && table.Name != "tenant_memberships" {
			l.mark(table, id, mark)
		}
	}
	require.NoError(l.t, l.blobs.Put(ctx, id, "knowledge/one", []byte(mark)))
	require.NoError(l.t, l.db.InCold(ctx, id, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO knowledge_items (id, title, source, version, hash) VALUES (gen_random_uuid(), $1, 'paste', 1, '')`, mark)
		return err
	}))
	require.NoError(l.t, l.db.InTenant(ctx, id, func(tx pgx.Tx) error {
		return l.db.Enqueue(ctx, tx, contextengine.IndexArgs{Tenant: id, Item: flomastr.NewID[flomastr.ItemID]()}, nil)
	}))
	return id
}

// mark writes the mark into every column of a tenant's row that takes free text.
func (l *lives) mark(table fenced, id flomastr.TenantID, mark string) {
	rows, err := l.admin.Query(l.t.Context(), `
		SELECT quote_ident(a.attname)
		FROM pg_attribute a
		WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
		  AND NOT EXISTS (SELECT FROM pg_constraint k
		                  WHERE k.conrelid = a.attrelid AND k.contype IN ('c', 'f') AND a.attnum = ANY (k.conkey)
		                    AND pg_get_constraintdef(k.oid) NOT LIKE 'CHECK (((length(%')`, table.Name)
	require.NoError(l.t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(l.t, err)
	for _, column := range columns {
		_, err := l.admin.Exec(l.t.Context(), fmt.Sprintf(`UPDATE %s SET %s = $2 WHERE %s = $1`, table.Name, column, table.Tenant), id, mark)
		require.NoError(l.t, err, "%s.%s", table.Name, column)
	}
}

// holding lists the tables in which a text stands anywhere.
func (l *lives) holding(text string) (tables []string) {
	rows, err := l.admin.Query(l.t.Context(), `
		SELECT oid::regclass::text
		FROM pg_class
		WHERE relnamespace IN ('public'::regnamespace, 'river'::regnamespace) AND relkind = 'r'
		ORDER BY 1`)
	require.NoError(l.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(l.t, err)
	for _, table := range all {
		var found bool
		require.NoError(l.t, l.admin.QueryRow(l.t.Context(), fmt.Sprintf(`SELECT EXISTS (SELECT FROM %s r WHERE strpos(r::text, $1) > 0)`, table), text).Scan(&found))
		if found {
			tables = append(tables, table)
		}
	}
	return tables
}

// cold is everything that the tenant's own database holds.
func (l *lives) cold(id flomastr.TenantID) map[string]string {
	out := map[string]string{}
	require.NoError(l.t, l.db.InCold(l.t.Context(), id, func(tx pgx.Tx) error {
		rows, err := tx.Query(l.t.Context(), `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range tables {
			var print string
			if err := tx.QueryRow(l.t.Context(), `SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, '' ORDER BY r::text)), '') FROM `+table+` r`).Scan(&print); err != nil {
				return err
			}
			out[table] = print
		}
		return nil
	}))
	return out
}

func (l *lives) act(id flomastr.TenantID, action tenant.Action) error {
	_, err := l.engine.Act(l.t.Context(), flomastr.ActorSystem, id, action, "a test")
	return err
}

func TestRestoringGivesBackExactlyWhatWasDeleted(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id := l.provision("bar", "CNRY-restore")
	hot, cold := fingerprints(t, l.admin, l.tables, id), l.cold(id)
	require.NoError(t, l.act(id, tenant.SoftDelete))
	standing, err := l.engine.Standing(t.Context(), "bar")
	require.NoError(t, err)
	require.Equal(t, standing.Since.Add(tenant.RestorableFor), *standing.RestorableUntil)
	require.Equal(t, []tenant.Action{tenant.Restore, tenant.HardDelete}, standing.Allowed)
	require.NoError(t, l.act(id, tenant.Restore))

	again := fingerprints(t, l.admin, l.tables, id)
	for _, table := range []string{"tenants", "audit_log", "audit_heads"} { // the status, and that it was changed
		require.NotEqual(t, hot[table], again[table], table)
		delete(hot, table)
		delete(again, table)
	}
	require.Equal(t, hot, again)
	require.Equal(t, cold, l.cold(id))
	body, err := l.blobs.Get(t.Context(), id, "knowledge/one")
	require.NoError(t, err)
	require.Equal(t, "CNRY-restore", string(body))
}

func TestRestoringASuspendedTenantLeavesItSuspended(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	engine := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(db)})
	id := postgrestest.Tenant(t, db)
	for _, action := range []tenant.Action{tenant.Suspend, tenant.SoftDelete, tenant.Restore} {
		_, err := engine.Act(t.Context(), "user:a|b", id, action, "a  test\n")
		require.NoError(t, err, action)
	}
	standing, err := engine.Standing(t.Context(), id.String())
	require.NoError(t, err)
	require.Equal(t, tenant.Suspended, standing.Status)
	require.Equal(t, "a test", standing.Reason)
	require.Equal(t, "user:a|b", standing.ChangedBy)
	var lines int
	require.NoError(t, db.InTenant(t.Context(), id, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM audit_log WHERE action IN ('tenant.suspended', 'tenant.soft_deleted', 'tenant.restored')`).Scan(&lines)
	}))
	require.Equal(t, 3, lines)
}

func TestNothingOfAnErasedTenantIsLeft(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id, other := l.provision("bar", "CNRY-is-gone"), l.provision("other", "CNRY-other")
	require.Greater(t, len(l.holding("CNRY-is-gone")), 15)
	kept, keptCold := fingerprints(t, l.admin, l.tables, other), l.cold(other)
	_, err := l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
	require.ErrorIs(t, err, tenant.ErrWrongStatus, "an active tenant cannot be erased")
	require.NoError(t, l.act(id, tenant.SoftDelete))
	_, err = l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "Bar")
	require.ErrorIs(t, err, tenant.ErrConfirmSlug)
	begun, err := l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
	require.NoError(t, err)

	// The rows are gone already; the rest follows.
	require.Empty(t, l.holding("CNRY-is-gone"))
	_, err = l.engine.Find(t.Context(), "bar")
	require.ErrorIs(t, err, tenant.ErrNotFound)
	_, err = l.engine.ErasureReport(t.Context(), id)
	require.ErrorIs(t, err, tenant.ErrNoReport)
	standing, err := l.engine.Standing(t.Context(), id.String())
	require.NoError(t, err)
	require.Equal(t, tenant.Erasing, standing.Status)
	require.Len(t, standing.Steps, len(tenant.ErasureSteps()))
	require.NoError(t, l.engine.FinishErasure(t.Context(), begun.ID))
	require.NoError(t, l.engine.FinishErasure(t.Context(), begun.ID), "a second time there is nothing to do")

	require.Equal(t, []string{"erasures", "platform_audit_log"}, l.holding(id.String()), "only the record of the erasure")
	left, err := l.db.ColdExists(t.Context(), id)
	require.NoError(t, err)
	require.False(t, left)
	require.Equal(t, kept, fingerprints(t, l.admin, l.tables, other), "another tenant is untouched")
	require.Equal(t, keptCold, l.cold(other))

	standing, err = l.engine.Standing(t.Context(), id.String())
	require.NoError(t, err)
	require.Equal(t, tenant.Erased, standing.Status)
	require.Empty(t, standing.Allowed)
	signed, err := l.engine.ErasureReport(t.Context(), id)
	require.NoError(t, err)
	report, err := tenant.VerifyReport(signed, l.key.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	require.True(t, report.Clean())
	require.EqualValues(t, 1, report.Files)
	require.EqualValues(t, 1, report.BackgroundJobs)
	for _, table := range l.tables {
		if table.Part {
			continue
		}
		require.Positive(t, report.Rows[table.Name], table.Name)
		if table.Name != "provisioning_steps" { // they tell how far the erasure is, and went with its end
			require.Contains(t, report.Scan.Tables, table.Name)
		}
	}
	require.Contains(t, report.Scan.Tables, "river.river_job")

	again, err := l.engine.Provision(t.Context(), flomastr.ActorSystem, setupOf("bar", "somebody@else.test"))
	require.NoError(t, err, "the slug is free")
	t.Cleanup(func() { _ = l.db.DropCold(context.Background(), again.Tenant.ID) })
	require.NotEqual(t, id, again.Tenant.ID)
}

// failing does its work and then says that it failed, or fails before, as often as it is told.
type failing struct {
	*postgres.DB
	*blob.Bucket
	before, after map[string]int
}

var errKilled = errors.New("killed")

func (f *failing) take(step string, work func() error) error {
	if f.before[step] > 0 {
		f.before[step]--
		return errKilled
	}
	err := work()
	if err == nil && f.after[step] > 0 {
		f.after[step]--
		return errKilled
	}
	return err
}

func (f *failing) DropCold(ctx context.Context, id flomastr.TenantID) error {
	return f.take("drop", func() error { return f.DB.DropCold(ctx, id) })
}

func (f *failing) ColdExists(ctx context.Context, id flomastr.TenantID) (exists bool, err error) {
	err = f.take("exists", func() error { exists, err = f.DB.ColdExists(ctx, id); return err })
	return exists, err
}

func (f *failing) DeleteTenant(ctx context.Context, id flomastr.TenantID) (n int64, err error) {
	err = f.take("files", func() error { n, err = f.Bucket.DeleteTenant(ctx, id); return err })
	return n, err
}

func (f *failing) CountTenant(ctx context.Context, id flomastr.TenantID) (n int64, err error) {
	err = f.take("count", func() error { n, err = f.Bucket.CountTenant(ctx, id); return err })
	return n, err
}

func TestAnErasureKilledAtAnyStepIsFinishedByTheNextCall(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id := l.provision("bar", "CNRY-killed")
	f := &failing{
		DB: l.db, Bucket: l.blobs,
		before: map[string]int{"drop": 1, "files": 1, "exists": 1, "count": 1}, after: map[string]int{"drop": 1, "files": 1},
	}
	engine := l.with(f, f)
	require.NoError(t, l.act(id, tenant.SoftDelete))
	begun, err := engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
	require.NoError(t, err)
	failures := 0
	for ; ; failures++ {
		if err = engine.FinishErasure(t.Context(), begun.ID); err == nil {
			break
		}
		require.ErrorIs(t, err, errKilled)
		standing, err := engine.Standing(t.Context(), id.String())
		require.NoError(t, err)
		require.Equal(t, tenant.Erasing, standing.Status)
		failed := 0
		for _, s := range standing.Steps {
			if s.State == tenant.StepFailed {
				require.NotContains(t, s.Error, "killed", "the cause is for the log")
				require.NotEmpty(t, s.Error)
				failed++
			}
		}
		require.Equal(t, 1, failed)
	}
	require.Equal(t, 6, failures, "each failure cost one call")
	require.Equal(t, []string{"erasures", "platform_audit_log"}, l.holding(id.String()))
}

func TestATraceKeepsTheErasureUnfinished(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id := l.provision("bar", "CNRY-trace")
	require.NoError(t, l.act(id, tenant.SoftDelete))
	begun, err := l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
	require.NoError(t, err)
	for name, c := range map[string]struct{ plant, remove string }{
		"id":             {`INSERT INTO sign_in_failures (subject, failures, first_at, last_at) VALUES ('x ` + id.String() + `', 1, now(), now())`, `DELETE FROM sign_in_failures`},
		"slug":           {`INSERT INTO sign_in_failures (subject, failures, first_at, last_at) VALUES ('bar', 1, now(), now())`, `DELETE FROM sign_in_failures`},
		"bytes":          {`INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private) VALUES ('k', 'x', '{}', '` + id.String() + `')`, `DELETE FROM signing_keys`},
		"slug in a JSON": {`INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private) VALUES ('k', 'x', '{"of": ["bar"]}', '')`, `DELETE FROM signing_keys`},
	} {
		_, err = l.admin.Exec(t.Context(), c.plant)
		require.NoError(t, err, name)
		require.ErrorIs(t, l.engine.FinishErasure(t.Context(), begun.ID), tenant.ErrTraces, name)
		_, err = l.admin.Exec(t.Context(), c.remove)
		require.NoError(t, err, name)
	}
	// A line that a request wrote after the rows went is no trace: it is taken along.
	_, err = l.admin.Exec(t.Context(), `INSERT INTO audit_log (tenant_id, id, actor, action, seq) VALUES ($1, gen_random_uuid(), 'straggler', 'straggler', 1)`, id)
	require.NoError(t, err)
	require.NoError(t, l.engine.FinishErasure(t.Context(), begun.ID))
	require.Empty(t, l.holding("straggler"))
}

func TestAnErasureWhoseServerDiedIsQueuedAgainOnce(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id := l.provision("bar", "CNRY-has-died")
	require.NoError(t, l.act(id, tenant.SoftDelete))
	begun, err := l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
	require.NoError(t, err)
	waiting := func() (n int) {
		require.NoError(t, l.admin.QueryRow(t.Context(), `
			SELECT count(*) FROM river.river_job WHERE args->>'erasure_id' = $1 AND state = 'available'`, begun.ID).Scan(&n))
		return n
	}
	require.NoError(t, l.engine.ResumeErasures(t.Context()))
	require.Equal(t, 1, waiting(), "it waits already")
	for _, state := range []string{"running", "discarded"} {
		_, err = l.admin.Exec(t.Context(), `
			UPDATE river.river_job
			SET state = $1::river.river_job_state, attempted_at = now(), finalized_at = CASE WHEN $1 = 'discarded' THEN now() END`, state)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, l.engine.ResumeErasures(t.Context()))
			require.Equal(t, 1, waiting(), state)
		}
	}
	require.NoError(t, l.engine.FinishErasure(t.Context(), begun.ID))
	_, err = l.admin.Exec(t.Context(), `DELETE FROM river.river_job`)
	require.NoError(t, err)
	require.NoError(t, l.engine.ResumeErasures(t.Context()))
	require.Zero(t, waiting(), "a finished one is left alone")
}

func TestManyAtOnceEraseATenantOnce(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	id := l.provision("bar", "CNRY-in-a-race")
	require.NoError(t, l.act(id, tenant.SoftDelete))
	var begun atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			erasure, err := l.engine.HardDelete(t.Context(), flomastr.ActorSystem, id, "they left", "bar")
			if err != nil {
				if !errors.Is(err, tenant.ErrNotFound) {
					t.Errorf("erase: %v", err)
				}
				return
			}
			begun.Add(1)
			var finish sync.WaitGroup
			for range 3 { // three servers pick the job up
				finish.Go(func() {
					if err := l.engine.FinishErasure(t.Context(), erasure.ID); err != nil {
						t.Errorf("finish: %v", err)
					}
				})
			}
			finish.Wait()
		})
	}
	group.Wait()
	require.EqualValues(t, 1, begun.Load())
	require.Equal(t, []string{"erasures", "platform_audit_log"}, l.holding(id.String()))
}

func TestOfManyContradictoryActsEachIsJudgedByTheLast(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	engine := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(db)})
	id := postgrestest.Tenant(t, db)
	var suspended, reactivated atomic.Int32
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			action, count := tenant.Suspend, &suspended
			if i%2 == 1 {
				action, count = tenant.Reactivate, &reactivated
			}
			_, err := engine.Act(t.Context(), flomastr.ActorSystem, id, action, "a race")
			switch {
			case err == nil:
				count.Add(1)
			case !errors.Is(err, tenant.ErrWrongStatus):
				t.Errorf("%s: %v", action, err)
			}
		})
	}
	group.Wait()
	now, err := engine.ByID(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, now.Status == tenant.Suspended, suspended.Load() == reactivated.Load()+1)
	require.Equal(t, now.Status == tenant.Active, suspended.Load() == reactivated.Load())
}

func TestOnlyAnErasureMayDeleteTheAuditLog(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	id := postgrestest.Tenant(t, db)
	for name, in := range map[string]func(func(pgx.Tx) error) error{
		"the application": func(do func(pgx.Tx) error) error { return db.InTenant(t.Context(), id, do) },
		"the platform":    func(do func(pgx.Tx) error) error { return db.InPlatform(t.Context(), do) },
	} {
		err := in(func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `SELECT erase_tenant_rows($1)`, id)
			return err
		})
		require.Error(t, err, name)
		require.True(t, strings.Contains(err.Error(), "permission denied") || strings.Contains(err.Error(), "is not being erased"), "%s: %v", name, err)
	}
	_, err := postgres.NewTenantStore(db).ByID(t.Context(), id)
	require.NoError(t, err)
}
