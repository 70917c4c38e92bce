package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// asOwnerPool opens a pool as the administrator in the owner's role, for River's own migrations.
type asOwnerPool struct{ cfg *pgx.ConnConfig }

func (o asOwnerPool) open(ctx context.Context) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(o.cfg.ConnString())
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig = o.cfg.Copy()
	cfg.ConnConfig.RuntimeParams["role"] = ownerRole
	cfg.MaxConns = 2
	return pgxpool.NewWithConfig(ctx, cfg)
}
