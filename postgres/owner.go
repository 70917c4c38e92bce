package postgres

import (
	"context"
	"fmt"

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

// ensureOwnerRole makes the role that owns everything, on one server, and lets the administrator act for it.
func ensureOwnerRole(ctx context.Context, admin *pgx.Conn) error {
	if err := ensureRole(ctx, admin, ownerRole, "NOLOGIN"); err != nil {
		return err
	}
	return actFor(ctx, admin, ownerRole)
}

// actFor makes an administrator who is no superuser a member of a role.
func actFor(ctx context.Context, admin *pgx.Conn, role string) error {
	var super, member bool
	err := admin.QueryRow(ctx, `
		SELECT rolsuper, pg_has_role(current_user, $1, 'MEMBER')
		FROM pg_roles
		WHERE rolname = current_user`, role).Scan(&super, &member)
	if err != nil {
		return Unavailable("read the administrator's rights", err)
	}
	if !super && !member {
		if _, err := admin.Exec(ctx, "GRANT "+pgx.Identifier{role}.Sanitize()+" TO CURRENT_USER"); err != nil {
			return fmt.Errorf("become a member of %s: %w", role, err)
		}
	}
	return nil
}
