package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

// QuotaStore keeps the buckets that the servers lease a tenant's requests from.
type QuotaStore struct{ db *DB }

// NewQuotaStore makes the store.
func NewQuotaStore(db *DB) *QuotaStore { return &QuotaStore{db} }

// filledSQL is what a bucket holds now: it fills evenly, up to a minute's worth.
const filledSQL = `least($2::float8, q.tokens + greatest(0, extract(epoch FROM clock_timestamp() - q.filled_at)) * $2 / 60)`

// Lease takes up to want requests out of a tenant's bucket, which holds perMinute of them and gains as many a minute. When
// it grants none, it tells when there will be one. A crash forgets at most the last leases, hence no waiting for the disk.
func (s *QuotaStore) Lease(ctx context.Context, tenant flomastr.TenantID, perMinute, want int) (granted int, again time.Duration, err error) {
	var left float64
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			INSERT INTO tenant_quotas AS q (tenant_id, tokens, granted)
			VALUES ($1, $2::float8 - least($2::int, $3), least($2::int, $3))
			ON CONFLICT (tenant_id) DO UPDATE
			SET tokens = `+filledSQL+` - least($3, floor(`+filledSQL+`)),
			    granted = least($3, floor(`+filledSQL+`)),
			    filled_at = greatest(q.filled_at, clock_timestamp())
			RETURNING granted, tokens`, tenant, float64(perMinute), want).Scan(&granted, &left)
	})
	if err != nil || granted > 0 {
		return granted, 0, err
	}
	return 0, time.Duration((1 - left) * 60 / float64(perMinute) * float64(time.Second)), nil
}
