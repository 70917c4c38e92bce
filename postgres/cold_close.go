package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

const (
	// sessionsMayFinish is how long a session that answers a question is let go on where its database lies no longer.
	sessionsMayFinish = 5 * time.Second
	sessionsEndWithin = 15 * time.Second
)

// coldCopy is a database of a tenant that does not serve.
type coldCopy struct {
	Tenant flomastr.TenantID
	Server string
	Due    bool // to be dropped
}

// closeCold shuts a tenant's login out of a server where its database does not serve (any more), and ends its sessions: those
// that are idle first, so that whoever reads gets their answer. Whoever calls holds the placement.
func (db *DB) closeCold(ctx context.Context, tenant flomastr.TenantID, server string) error {
	ctx, cancel := context.WithTimeout(ctx, sessionsEndWithin)
	defer cancel()
	admin, err := db.connectCold(ctx, server, "")
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	name := coldName(tenant)
	var exists bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, name).Scan(&exists); err != nil || !exists {
		return err
	}
	if err := actFor(ctx, admin, name); err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, "ALTER ROLE "+pgx.Identifier{name}.Sanitize()+" NOLOGIN"); err != nil {
		return fmt.Errorf("shut a login out: %w", err)
	}
	for began := time.Now(); ; {
		var left, ended int
		err := admin.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE CASE WHEN $2 OR state = 'idle' THEN pg_terminate_backend(pid) END)
			FROM pg_stat_activity
			WHERE usename = $1`, name, time.Since(began) > sessionsMayFinish).Scan(&left, &ended)
		if err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("end sessions: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// DropColdCopies removes the databases that do not serve and whose time is over, and shuts every other one. What is being moved
// at the moment is left to the next round.
func (db *DB) DropColdCopies(ctx context.Context) error {
	list, err := db.coldCopies(ctx, flomastr.TenantID{})
	if err != nil {
		return err
	}
	var all error
	for _, c := range list {
		held, err := db.holdPlacement(ctx, c.Tenant, time.Millisecond)
		if errors.Is(err, ErrColdMoving) {
			continue
		}
		if err == nil {
			err = db.settleCopies(ctx, held, nil)
			held.giveUp(ctx)
		}
		all = errors.Join(all, err)
	}
	return all
}

// settleCopies does with a tenant's copies what is due, and tells of each.
func (db *DB) settleCopies(ctx context.Context, held *heldPlacement, told func(c coldCopy)) error {
	list, err := db.coldCopies(ctx, held.tenant) // as they are under the lock
	if err != nil {
		return err
	}
	var all error
	for _, c := range list {
		err := db.settleCopy(ctx, held, c)
		if err == nil && told != nil {
			told(c)
		}
		all = errors.Join(all, err)
	}
	return all
}

func (db *DB) settleCopy(ctx context.Context, held *heldPlacement, c coldCopy) error {
	if c.Server != held.server { // what serves is no copy, whatever stands there
		if err := db.closeCold(ctx, c.Tenant, c.Server); err != nil {
			return err
		}
		if !c.Due {
			return nil
		}
		if err := db.dropCold(ctx, c.Tenant, c.Server); err != nil {
			return err
		}
	}
	_, err := held.conn.Exec(ctx, `DELETE FROM cold_copies WHERE tenant_id = $1 AND server = $2`, c.Tenant, c.Server)
	if err != nil {
		return Unavailable("forget a copy", err)
	}
	return nil
}

// coldCopies lists the copies of a tenant, or of all.
func (db *DB) coldCopies(ctx context.Context, tenant flomastr.TenantID) (list []coldCopy, err error) {
	err = db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT tenant_id, server, drop_after <= now()
			FROM cold_copies
			WHERE tenant_id = $1 OR $2
			ORDER BY tenant_id, server`, tenant, tenant.IsZero())
		if err != nil {
			return fmt.Errorf("list copies: %w", err)
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[coldCopy])
		return err
	})
	return list, err
}
