package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

func countEvents(t *testing.T, db *postgres.DB, tenant flomastr.TenantID) (n int) {
	t.Helper()
	require.NoError(t, db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM events`).Scan(&n)
	}))
	return n
}

func addEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID) error {
	_, err := tx.Exec(ctx, `INSERT INTO events (tenant_id, id, type, data) VALUES ($1, $2, 'test', '{}')`,
		tenant, flomastr.NewID[postgres.EventID]())
	return err
}

func TestATenantSeesOnlyItsOwnRows(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	for _, tenant := range []flomastr.TenantID{a, b, b} {
		require.NoError(t, db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, tenant) }))
	}
	require.Equal(t, 1, countEvents(t, db, a))
	require.Equal(t, 2, countEvents(t, db, b))
}

func TestATenantCannotWriteAnothersRow(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	err := db.InTenant(t.Context(), a, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, b) })
	require.ErrorContains(t, err, "row-level security")
	require.Zero(t, countEvents(t, db, b))
}

func TestNothingIsLeftOfTheTenantAfterATransaction(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	cfg.MaxConns = 1 // the next transaction gets the same connection
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	require.NoError(t, db.InTenant(t.Context(), a, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, a) }))

	failed := errors.New("failed on purpose")
	for _, end := range []func(){
		func() {
			require.NoError(t, db.InTenant(t.Context(), a, func(pgx.Tx) error { return nil }))
		},
		func() {
			require.ErrorIs(t, db.InTenant(t.Context(), a, func(pgx.Tx) error { return failed }), failed)
		},
		func() {
			require.Panics(t, func() { _ = db.InTenant(t.Context(), a, func(pgx.Tx) error { panic("on purpose") }) })
		},
		func() {
			ctx, cancel := context.WithCancel(t.Context())
			require.Error(t, db.InTenant(ctx, a, func(pgx.Tx) error { cancel(); return ctx.Err() }))
		},
	} {
		end()
		left, err := postgres.TenantOfSession(t.Context(), db)
		require.NoError(t, err)
		require.Empty(t, left)
		require.Zero(t, countEvents(t, db, b))
		require.Equal(t, 1, countEvents(t, db, a))
	}
}

func TestALoginThatBypassesIsolationIsRefused(t *testing.T) {
	t.Parallel()
	err := postgres.ServeAs(t.Context(), postgrestest.Config(t).URL) // a superuser's
	require.Equal(t, "database_role_too_strong", flomastr.CodeOf(err), "%v", err)
}

func TestNoTransactionBeginsForNoTenant(t *testing.T) {
	t.Parallel()
	err := postgrestest.Open(t).InTenant(t.Context(), flomastr.TenantID{}, func(pgx.Tx) error {
		t.Error("it ran")
		return nil
	})
	require.ErrorContains(t, err, "no tenant given")
}

func TestAColdDatabaseOpensToItsOwnLoginOnly(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	var nameA, nameB string
	for tenant, name := range map[flomastr.TenantID]*string{a: &nameA, b: &nameB} {
		require.NoError(t, db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT current_database()`).Scan(name)
		}))
	}
	require.NotEqual(t, nameA, nameB)
	require.NoError(t, db.InCold(t.Context(), a, func(tx pgx.Tx) error {
		var mine, others bool
		err := tx.QueryRow(t.Context(), `
			SELECT has_database_privilege(current_user, $1, 'CONNECT'),
			       has_database_privilege(current_user, $2, 'CONNECT')`, nameA, nameB).Scan(&mine, &others)
		require.True(t, mine)
		require.False(t, others)
		return err
	}))
}

func TestMigratingAgainAndByManyAtOnceChangesNothing(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	cfg.ColdTemplate += "_again"
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- postgres.Migrate(context.Background(), cfg) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
}
