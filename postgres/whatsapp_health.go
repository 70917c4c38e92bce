package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// WaitingTurns counts the turns of all tenants that wait to be answered, for the platform's health.
func (s *WhatsAppStore) WaitingTurns(ctx context.Context) (n int, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM jobs WHERE state = 'queued'`).Scan(&n)
	})
	return n, err
}
