package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

// IdempotencyStore keeps what calls with an Idempotency-Key answered: those about a tenant with the tenant's rows, those
// that name none, such as one that makes a tenant, with the platform's.
type IdempotencyStore struct{ db *DB }

// NewIdempotencyStore makes the store.
func NewIdempotencyStore(db *DB) *IdempotencyStore { return &IdempotencyStore{db} }

// shelf is where the keys of a tenant are kept, or of nobody, and the way to them. The zero id is written out in the
// statements, since as a value it is null.
func (s *IdempotencyStore) shelf(tenant flomastr.TenantID) (table string, open func(context.Context, func(pgx.Tx) error) error) {
	if tenant.IsZero() {
		return "platform_idempotency_keys", s.db.InPlatform
	}
	return "idempotency_keys", func(ctx context.Context, fn func(pgx.Tx) error) error { return s.db.InTenant(ctx, tenant, fn) }
}

// Claim takes a key for a request, or tells what the request that has it answered (nil: it is still running). A claim
// without an answer that is older than staleAfter belonged to a server that died, and is taken over.
func (s *IdempotencyStore) Claim(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string,
	bodyHash []byte, staleAfter time.Duration,
) (mine bool, firstHash, answer []byte, err error) {
	table, open := s.shelf(tenant)
	err = open(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO `+table+` AS k (tenant_id, caller, route, key, body_hash)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant_id, caller, route, key) DO UPDATE
			SET body_hash = EXCLUDED.body_hash, response = NULL, created_at = now()
			WHERE k.created_at < now() - interval '24 hours'
			   OR (k.response IS NULL AND k.created_at < now() - make_interval(secs => $6))
			RETURNING true`,
			tenant.String(), string(caller), route, key, bodyHash, staleAfter.Seconds()).Scan(&mine)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT body_hash, response
			FROM `+table+`
			WHERE tenant_id = $1 AND caller = $2 AND route = $3 AND key = $4`,
			tenant.String(), string(caller), route, key).Scan(&firstHash, &answer)
	})
	return mine, firstHash, answer, err
}

// Finish keeps the answer of a claimed key.
func (s *IdempotencyStore) Finish(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string, answer []byte) error {
	table, open := s.shelf(tenant)
	return open(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE `+table+`
			SET response = $5
			WHERE tenant_id = $1 AND caller = $2 AND route = $3 AND key = $4`,
			tenant.String(), string(caller), route, key, answer)
		return err
	})
}

// Release gives a claimed key back after a failure, so that the call may be tried again.
func (s *IdempotencyStore) Release(ctx context.Context, tenant flomastr.TenantID, caller flomastr.Actor, route, key string) error {
	table, open := s.shelf(tenant)
	return open(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			DELETE FROM `+table+`
			WHERE tenant_id = $1 AND caller = $2 AND route = $3 AND key = $4 AND response IS NULL`,
			tenant.String(), string(caller), route, key)
		return err
	})
}

// Sweep removes answers older than 24 hours, and tells how many.
func (s *IdempotencyStore) Sweep(ctx context.Context) (n int64, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		for _, table := range []string{"idempotency_keys", "platform_idempotency_keys"} {
			tag, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE created_at < now() - interval '24 hours'`)
			if err != nil {
				return err
			}
			n += tag.RowsAffected()
		}
		return nil
	})
	return n, err
}
