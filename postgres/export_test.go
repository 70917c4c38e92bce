package postgres

import (
	"context"

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

// FindCandidates asks the database, whatever is in memory.
func FindCandidates(ctx context.Context, s *KnowledgeStore, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	return s.findCandidates(ctx, tenant, ask)
}
