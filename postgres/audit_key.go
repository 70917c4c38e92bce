package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/secret"
)

// auditKeyPlace is where the chains' key is kept.
const auditKeyPlace = "wrapped/audit"

// openAuditKey reads the key of all chains. The first server to open the database makes it, and chains the lines that
// are there already, in the same commit: without its key nobody can begin a chain over lines of their own making.
func (db *DB) openAuditKey(ctx context.Context) (audit.Key, error) {
	if db.master == nil {
		return nil, errors.New("open the audit log's key: no master key given")
	}
	var key audit.Key
	err := transact(ctx, db.platform, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('flomastr audit key', 0))`); err != nil {
			return fmt.Errorf("wait for another server's audit key: %w", err)
		}
		var wrapped []byte
		err := tx.QueryRow(ctx, `
			SELECT wrapped
			FROM platform_encryption_keys
			WHERE purpose = 'audit' AND retired_at IS NULL`).Scan(&wrapped)
		if errors.Is(err, pgx.ErrNoRows) {
			key, err = db.makeAuditKey(ctx, tx)
			return err
		}
		if err != nil {
			return fmt.Errorf("read the audit log's key: %w", err)
		}
		key, err = db.master.Open("", "platform_encryption_keys", auditKeyPlace, wrapped)
		return err
	})
	return key, err
}

// makeAuditKey makes the key of all chains and lets each chain begin with a line over those that are older than it.
func (db *DB) makeAuditKey(ctx context.Context, tx pgx.Tx) (audit.Key, error) {
	key := make(audit.Key, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	wrapped, err := db.master.Seal("", "platform_encryption_keys", auditKeyPlace, key)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO platform_encryption_keys (id, purpose, wrapped)
		VALUES ($1, 'audit', $2)`, flomastr.NewID[flomastr.ID[secret.Keyring]](), wrapped)
	if err != nil {
		return nil, fmt.Errorf("keep the audit log's key: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT tenant_id FROM audit_log WHERE seq IS NULL`)
	if err != nil {
		return nil, fmt.Errorf("find older audit logs: %w", err)
	}
	older, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.TenantID])
	if err != nil {
		return nil, fmt.Errorf("find older audit logs: %w", err)
	}
	for _, tenant := range append(older, flomastr.TenantID{}) {
		var past audit.Past
		if err := eachLine(ctx, tx, tenant, ` AND seq IS NULL`, past.Add); err != nil {
			return nil, err
		}
		if past.Lines() == 0 {
			continue
		}
		line := audit.Line{ID: flomastr.NewID[audit.LineID](), Record: past.Record(tenant)}
		if err := chainLines(ctx, tx, key, tenant, []audit.Line{line}); err != nil {
			return nil, fmt.Errorf("chain an older audit log: %w", err)
		}
	}
	return key, nil
}
