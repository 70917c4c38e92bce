package postgres

import (
	"context"

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
