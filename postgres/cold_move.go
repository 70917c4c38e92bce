package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

// The ways in which a cold database cannot be moved.
var (
	ErrSameServer = flomastr.Errorf(flomastr.Invalid, "same_server", "The two names lead to one and the same PostgreSQL server; nothing was moved.")
	ErrColdMove   = flomastr.Errorf(flomastr.Unavailable, "cold_move_failed", "The database was not moved; it serves where it was. Run the command again.")
	ErrColdSwitch = flomastr.Errorf(flomastr.Unavailable, "cold_switch_unknown", "The hot database did not say whether the move was noted. Run the command again: it finds out and goes on from there.")
	ErrColdClose  = flomastr.Errorf(flomastr.Unavailable, "cold_close_failed", "The database is moved and serves on the new server; what is left on the old one could not be removed. Run the command again.")
)

const (
	// changesWaitMost bounds for how long a move holds a tenant's changes back.
	changesWaitMost = 5 * time.Minute
	settleRounds    = 4
)

// ColdMove asks for a tenant's cold database to be moved.
type ColdMove struct {
	Tenant flomastr.TenantID
	To     string        // a name of [Config.ColdServers], or "" for the hot server
	Keep   time.Duration // how long the database it leaves is kept, shut; 0 removes it at once
	// Told hears of each step when it is done. May be nil.
	Told func(step string, took time.Duration, detail string)
}

// coldMove is a move under way.
type coldMove struct {
	ColdMove
	db     *DB
	held   *heldPlacement
	source *pgx.Conn // both as the owner, in the tenant's database
	target *pgx.Conn
	tables []coldTable
}

// MoveCold moves a tenant's cold database to another server while it serves. Questions are answered all the time, by the old
// server until the placement says otherwise and by the new one from then on. Changes are held back from when the copy is made
// exact until the placement is switched. Killed at any point it is to be called again: before the switch it begins anew, after
// it what is left is done.
func (db *DB) MoveCold(ctx context.Context, ask ColdMove) error {
	if ask.Told == nil {
		ask.Told = func(string, time.Duration, string) {}
	}
	if _, err := db.coldServer(ask.To, ""); err != nil {
		return err
	}
	held, err := db.holdPlacement(ctx, ask.Tenant, placementPatience)
	if err != nil {
		return err
	}
	defer held.giveUp(ctx)
	m := &coldMove{ColdMove: ask, db: db, held: held}
	defer m.close(ctx)
	if held.server != ask.To {
		if err := m.move(ctx); err != nil {
			return err
		}
	}
	return m.finish(ctx)
}

func (m *coldMove) close(ctx context.Context) {
	for _, conn := range []*pgx.Conn{m.source, m.target} {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}
}

// step does one thing and tells of it.
func (m *coldMove) step(ctx context.Context, name string, do func(ctx context.Context) (detail string, err error)) error {
	began := time.Now()
	detail, err := do(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.Told(name, time.Since(began), detail)
	return nil
}

func (m *coldMove) move(ctx context.Context) error {
	if err := m.step(ctx, "prepare", m.prepare); err != nil {
		return moveFailed(err)
	}
	if err := m.step(ctx, "copy", m.copy); err != nil {
		return moveFailed(err)
	}
	ctx, cancel := context.WithTimeout(ctx, changesWaitMost)
	defer cancel()
	err := m.step(ctx, "hold", m.hold)
	if err == nil {
		err = m.step(ctx, "settle", m.settle)
	}
	if err != nil {
		m.letGo(ctx)
		return moveFailed(err)
	}
	return m.step(ctx, "switch", m.switchOver)
}

// moveFailed makes one clear sentence of what went wrong before the switch.
func moveFailed(err error) error {
	if flomastr.KindOf(err) != flomastr.Internal && !errors.Is(err, ErrUnavailable) {
		return err
	}
	return ErrColdMove.Because(err)
}

// snapshot runs fn while the source shows one moment.
func (m *coldMove) snapshot(ctx context.Context, fn func() error) error {
	return pgx.BeginTxFunc(ctx, m.source, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(pgx.Tx) error { return fn() })
}

// copy takes over what the database holds at one moment, while everything goes on.
func (m *coldMove) copy(ctx context.Context) (string, error) {
	var err error
	if m.tables, err = readColdTables(ctx, m.source); err != nil {
		return "", err
	}
	var names []string
	for _, t := range m.tables {
		names = append(names, t.Name)
	}
	if _, err := m.target.Exec(ctx, "TRUNCATE "+strings.Join(names, ", ")); err != nil { // the template has rows of its own
		return "", fmt.Errorf("empty the new database: %w", err)
	}
	var total counted
	err = m.snapshot(ctx, func() error {
		for _, t := range m.tables {
			n, err := copyTable(ctx, m.source, m.target, t, t.Name)
			if err != nil {
				return err
			}
			total.rows, total.bytes = total.rows+n.rows, total.bytes+n.bytes
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	built, err := copyNearIndexes(ctx, m.source, m.target)
	if err != nil {
		return "", err
	}
	if err := compareCatalogues(ctx, m.source, m.target); err != nil {
		return "", err
	}
	// So that the first questions there find plans as good as here.
	if _, err := m.target.Exec(ctx, "VACUUM (ANALYZE) "+strings.Join(names, ", ")); err != nil {
		return "", fmt.Errorf("look at the new database: %w", err)
	}
	detail := fmt.Sprintf("%d tables, %d rows, %.1f MB", len(m.tables), total.rows, float64(total.bytes)/1e6)
	if built > 0 {
		detail += fmt.Sprintf(", %d indexes of vectors", built)
	}
	return detail, nil
}

// hold takes the right to write from the tenant's login and waits until whoever was writing has ended. From here on changes
// wait (DB.InCold); if nothing more comes of this, the next change finds the placement free and mends the rights.
func (m *coldMove) hold(ctx context.Context) (string, error) {
	role := pgx.Identifier{coldName(m.Tenant)}.Sanitize()
	if _, err := m.source.Exec(ctx, "REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM "+role); err != nil {
		return "", fmt.Errorf("hold changes back: %w", err)
	}
	// A statement takes its table's lock before its rights are looked at. One that has the lock by now may still write;
	// whichever takes it later is refused.
	const writing = `
		SELECT EXISTS (
		  SELECT
		  FROM pg_locks l
		  JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
		  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT LIKE 'pg\_%'
		  WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') AND l.pid <> pg_backend_pid())`
	for {
		var busy bool
		if err := m.source.QueryRow(ctx, writing).Scan(&busy); err != nil {
			return "", fmt.Errorf("wait for those who write: %w", err)
		}
		if !busy {
			return "changes wait from here on", nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for those who write: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// settle makes the copy exact: what changed since it was made is taken over, until both hold the same to the byte.
func (m *coldMove) settle(ctx context.Context) (detail string, err error) {
	err = m.snapshot(ctx, func() error {
		changed := 0
		for round := 1; ; round++ {
			list, rows, err := differing(ctx, m.source, m.target, m.tables)
			if err != nil {
				return err
			}
			if round == 1 {
				changed = len(list)
			}
			if len(list) == 0 {
				detail = fmt.Sprintf("%d rows are the same on both; %d tables had changed", rows, changed)
				return copySequences(ctx, m.source, m.target)
			}
			if round == settleRounds {
				return fmt.Errorf("%s does not become the same on both servers", list[0].Name)
			}
			if err := mergeTables(ctx, m.source, m.target, list); err != nil {
				return err
			}
		}
	})
	return detail, err
}

// letGo gives the tenant's login its rights back, as long as the placement is still held: else somebody else has seen to it.
func (m *coldMove) letGo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if m.held.conn.Ping(ctx) != nil {
		return
	}
	admin, err := m.db.connectCold(ctx, m.held.server, coldName(m.Tenant))
	if err != nil {
		return
	}
	defer func() { _ = admin.Close(ctx) }()
	_ = grantCold(ctx, admin, coldName(m.Tenant)) // the next change does it otherwise
}

// switchOver is the one commit from which on the new database serves. It runs in the session that holds the placement, so that
// it fails where that was lost and the old database may have been written to.
func (m *coldMove) switchOver(ctx context.Context) (string, error) {
	tx, err := m.held.conn.Begin(ctx)
	if err != nil {
		m.letGo(ctx)
		return "", moveFailed(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	err = m.db.audited(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE tenants
			SET cold_db_ref = $2
			WHERE id = $1 AND cold_db_ref = $3 AND status NOT IN ('erasing', 'erased')`, m.Tenant, m.To, m.held.server)
		if err != nil {
			return fmt.Errorf("note the new placement: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return flomastr.Errorf(flomastr.Conflict, "tenant_gone", "The workspace was erased meanwhile; nothing was moved.")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM cold_copies WHERE tenant_id = $1 AND server = $2`, m.Tenant, m.To); err != nil {
			return fmt.Errorf("note what serves: %w", err)
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO cold_copies (tenant_id, server, drop_after)
			VALUES ($1, $2, now() + $3)
			ON CONFLICT (tenant_id, server) DO UPDATE
			SET made_at = now(), drop_after = excluded.drop_after`, m.Tenant, m.held.server, m.Keep); err != nil {
			return fmt.Errorf("note what serves no longer: %w", err)
		}
		return appendAudit(ctx, tx, audit.Record{
			Actor: flomastr.ActorSystem, Action: "tenant.cold_moved", Object: "tenant:" + m.Tenant.String(),
			Detail: map[string]string{"from": serverTitle(m.held.server), "to": serverTitle(m.To)},
		})
	})(tx)
	if err != nil {
		_ = tx.Rollback(ctx)
		m.letGo(ctx)
		return "", moveFailed(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return "", ErrColdSwitch.Because(err)
	}
	m.held.server = m.To
	return serverTitle(m.To) + " serves", nil
}

// finish shuts the database that served before and removes it when its time has come.
func (m *coldMove) finish(ctx context.Context) error {
	// Nothing of ours holds the old database while it goes.
	m.close(ctx)
	m.source, m.target = nil, nil
	began := time.Now()
	err := m.db.settleCopies(ctx, m.held, func(c coldCopy) {
		detail := "the database on " + serverTitle(c.Server) + " is shut and kept for now"
		if c.Due {
			detail = "the database on " + serverTitle(c.Server) + " is removed"
		}
		m.Told("close", time.Since(began), detail)
	})
	if err != nil {
		return ErrColdClose.Because(err)
	}
	return nil
}
