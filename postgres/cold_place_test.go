package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/testdb"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/tenant"
)

// twoServers opens a database whose cold databases may lie on a second server, "eu1".
func twoServers(t *testing.T) (*postgres.DB, postgres.Config) {
	t.Helper()
	cfg := postgrestest.Config(t)
	cfg.ColdServers = map[string]string{"eu1": testdb.Second(t)}
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db, cfg
}

// bareTenant makes a tenant's row, without a database of its own.
func bareTenant(t *testing.T, db *postgres.DB, server, status string) (id flomastr.TenantID, slug string) {
	t.Helper()
	id = flomastr.NewID[flomastr.TenantID]()
	slug = "t" + id.String()
	require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO tenants (id, slug, name, status, cold_db_ref) VALUES ($1, $2, 'Moved', $3, $4)`, id, slug, status, server)
		return err
	}))
	t.Cleanup(func() { _ = db.DropCold(context.Background(), id) })
	return id, slug
}

func TestAColdDatabaseIsMadeAndErasedWhereItsPlacementSays(t *testing.T) {
	t.Parallel()
	db, _ := twoServers(t)
	require.NoError(t, postgres.PrepareColdServer(t.Context(), db, "eu1"))
	far, _ := bareTenant(t, db, "eu1", "active")
	near, _ := bareTenant(t, db, "", "active")
	servers := map[flomastr.TenantID]time.Time{}
	for _, id := range []flomastr.TenantID{far, near} {
		require.NoError(t, db.CreateCold(t.Context(), id))
		require.NoError(t, db.InCold(t.Context(), id, func(tx pgx.Tx) error {
			var started time.Time
			var own, vectors bool
			err := tx.QueryRow(t.Context(), `
				SELECT pg_postmaster_start_time(), current_user = current_database(), EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')`).
				Scan(&started, &own, &vectors)
			require.NoError(t, err)
			require.True(t, own && vectors)
			servers[id] = started
			return nil
		}))
	}
	require.NotEqual(t, servers[far], servers[near])
	require.NoError(t, db.DropCold(t.Context(), far))
	for id, want := range map[flomastr.TenantID]bool{far: false, near: true} {
		exists, err := db.ColdExists(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, exists)
	}
}

func TestAServerThatIsNotNamedIsSaidSo(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	id, slug := bareTenant(t, db, "mars", "soft_deleted")
	err := db.InCold(t.Context(), id, func(pgx.Tx) error { t.Error("it ran"); return nil })
	require.ErrorIs(t, err, postgres.ErrColdServerUnknown)
	_, err = postgres.NewTenantStore(db).BeginErasure(t.Context(), flomastr.ActorSystem, id, "asked", slug)
	require.ErrorIs(t, err, postgres.ErrColdServerUnknown, "what lies there would stay for ever")
	found, err := postgres.NewTenantStore(db).ByID(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, tenant.SoftDeleted, found.Status)
}
