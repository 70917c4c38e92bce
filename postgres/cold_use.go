package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr"
)

const (
	coldAttempts = 3 // of one transaction, where the database moves between them
	// writersPatience is how long a change waits for a move before its caller is told. Background jobs come again.
	writersPatience = 20 * time.Second
	writersPause    = 50 * time.Millisecond
)

// InCold runs fn in a transaction of the tenant's own cold database, opening and migrating it first if need be. Where the
// database has moved to another server meanwhile, fn runs again there: it must begin anew each time.
func (db *DB) InCold(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		pool, err := db.tryInCold(ctx, tenant, fn)
		if err == nil || pool == nil || attempt == coldAttempts || ctx.Err() != nil || !mayHaveMoved(err) {
			return err
		}
		switch again, waited := db.awaitPlacement(ctx, tenant, pool, writeRefused(err)); {
		case waited != nil:
			return waited
		case !again:
			return err
		}
	}
}

func (db *DB) tryInCold(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) (*coldPool, error) {
	p, release, err := db.cold.acquire(ctx, tenant)
	if err != nil {
		return p, err
	}
	defer release()
	return p, transact(ctx, p.pool, pgx.TxOptions{}, fn)
}

// mayHaveMoved tells whether an error is what a session or a statement meets where a database is no longer.
func mayHaveMoved(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code[:2] {
		case "08", "28", "3D", "57": // connection, login, no such database, ended by an administrator
			return pgErr.Code != "57014"
		}
		return pgErr.Code == "42501"
	}
	kind := flomastr.KindOf(err)
	return kind == flomastr.Unavailable || kind == flomastr.Internal
}

// writeRefused tells whether a login lacks a right: while its database is being moved, that to write.
func writeRefused(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "42501"
}

// awaitPlacement tells whether trying again is of use: the database lies elsewhere now, or its login may write again. Where a
// write was refused it waits for that; ErrColdMoving when that takes too long.
func (db *DB) awaitPlacement(ctx context.Context, tenant flomastr.TenantID, was *coldPool, refused bool) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, writersPatience)
	defer cancel()
	for round := 0; ; round++ {
		now, err := db.placement(ctx, tenant)
		switch {
		case ctx.Err() != nil:
			return false, ErrColdMoving
		case err != nil:
			return false, err
		case now != was.server:
			db.cold.leave(tenant, was)
			return true, nil
		case !refused:
			return false, nil
		}
		if round%20 == 0 {
			if mended, err := db.mendRights(ctx, tenant, was.server); mended || err != nil {
				return mended, err
			}
		}
		select {
		case <-ctx.Done():
			return false, ErrColdMoving
		case <-time.After(writersPause):
		}
	}
}

// mendRights gives a login its rights back that a move took from it and, being killed, never settled. While a move goes on, or
// once it is done, nothing happens.
func (db *DB) mendRights(ctx context.Context, tenant flomastr.TenantID, server string) (mended bool, err error) {
	held, err := db.holdPlacement(ctx, tenant, time.Millisecond)
	if errors.Is(err, ErrColdMoving) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer held.giveUp(ctx)
	if held.server != server {
		return false, nil
	}
	admin, err := db.connectCold(ctx, server, coldName(tenant))
	if err != nil {
		return false, err
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	return true, grantCold(ctx, admin, coldName(tenant))
}
