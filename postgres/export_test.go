package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// IndexInMemory waits for the indexes that are being read and tells whether the tenant's is there.
func IndexInMemory(db *DB, tenant flomastr.TenantID) bool {
	db.residents.loads.Wait()
	db.residents.mu.Lock()
	defer db.residents.mu.Unlock()
	h := db.residents.held[tenant]
	return h != nil && h.index != nil
}

// TenantOfSession tells which tenant the next session of the application's pool is set to before anybody names one.
func TenantOfSession(ctx context.Context, db *DB) (tenant string, err error) {
	err = db.app.QueryRow(ctx, `SELECT coalesce(current_setting('app.tenant_id', true), '')`).Scan(&tenant)
	return tenant, err
}

// ServeAs tells whether a server would serve with a login.
func ServeAs(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return (&DB{app: pool, platform: pool}).refuseStrongLogins(ctx)
}

// FindCandidates asks the database, whatever is in memory.
func FindCandidates(ctx context.Context, s *KnowledgeStore, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	return s.findCandidates(ctx, tenant, ask)
}

// PrepareColdServer makes what cold databases on a server stand on.
func PrepareColdServer(ctx context.Context, db *DB, server string) error {
	return db.prepareServer(ctx, server)
}

// ColdExistsOn tells whether a tenant's cold database or its login is on a server.
func ColdExistsOn(ctx context.Context, db *DB, tenant flomastr.TenantID, server string) (bool, error) {
	return db.coldExistsOn(ctx, tenant, server)
}

// ColdLogin is the name of a tenant's login and of its database, and the login's password.
func ColdLogin(key []byte, tenant flomastr.TenantID) (name, password string) {
	return coldName(tenant), rolePassword(key, coldName(tenant))
}

// ColdCatalogue describes the objects of the cold database that serves.
func ColdCatalogue(ctx context.Context, db *DB, tenant flomastr.TenantID) ([]string, error) {
	server, err := db.placement(ctx, tenant)
	if err != nil {
		return nil, err
	}
	conn, err := db.connectCold(ctx, server, coldName(tenant))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return CatalogueOf(ctx, conn)
}

// CatalogueOf describes the objects of the database of a connection.
func CatalogueOf(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	lines, err := readCatalogue(ctx, conn)
	return slices.Sorted(maps.Keys(lines)), err
}
