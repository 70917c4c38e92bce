package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

// AuditStore appends to the audit log what no other store's commit does, and reads and verifies it.
type AuditStore struct{ db *DB }

// NewAuditStore makes the store.
func NewAuditStore(db *DB) *AuditStore { return &AuditStore{db: db} }

var _ audit.Recorder = (*AuditStore)(nil)

// Record appends one line in a commit of its own.
func (s *AuditStore) Record(ctx context.Context, record audit.Record) error {
	write := func(tx pgx.Tx) error { return appendAudit(ctx, tx, record) }
	if record.Tenant.IsZero() {
		return s.db.InPlatform(ctx, write)
	}
	return s.db.InTenant(ctx, record.Tenant, write)
}

// journal is a transaction that holds its audit lines back until its work is done: a chain's head is locked from then
// to the commit, and not while the work goes on.
type journal struct {
	pgx.Tx
	lines []audit.Line
}

// appendAudit writes a line in the transaction that makes the change. Acts that belong to no tenant have a log of their
// own, which only the platform's login sees.
func appendAudit(ctx context.Context, tx pgx.Tx, r audit.Record) error {
	j, ok := tx.(*journal)
	if !ok {
		return fmt.Errorf("append %s to the audit log: not in a transaction of InTenant or InPlatform", r.Action)
	}
	r.Outcome = cmp.Or(r.Outcome, audit.Done)
	r.Detail = audit.Clean(r.Detail)
	j.lines = append(j.lines, audit.Line{ID: flomastr.NewID[audit.LineID](), Record: r, RequestID: flomastr.RequestID(ctx)})
	return nil
}

// audited runs fn and then puts the lines that it appended into their chains.
func (db *DB) audited(ctx context.Context, fn func(tx pgx.Tx) error) func(tx pgx.Tx) error {
	return func(tx pgx.Tx) error {
		j := &journal{Tx: tx}
		if err := fn(j); err != nil {
			return err
		}
		chains := map[flomastr.TenantID][]audit.Line{}
		for _, l := range j.lines {
			chains[l.Tenant] = append(chains[l.Tenant], l)
		}
		// Heads are locked in one order, after everything else, so that no two transactions can wait for each other.
		order := slices.SortedFunc(maps.Keys(chains), func(a, b flomastr.TenantID) int { return bytes.Compare(b[:], a[:]) })
		for _, tenant := range order {
			if err := chainLines(ctx, tx, db.auditKey, tenant, chains[tenant]); err != nil {
				return fmt.Errorf("append %s to the audit log: %w", chains[tenant][0].Action, err)
			}
		}
		return nil
	}
}

// chainLines locks the head of a chain and puts lines behind it. Their time is read under the lock, so that it grows
// with their number.
func chainLines(ctx context.Context, tx pgx.Tx, key audit.Key, tenant flomastr.TenantID, lines []audit.Line) error {
	lock, insert, update := `
		INSERT INTO audit_heads AS h (tenant_id, seq, hash, mac)
		VALUES ($1, 0, '', '')
		ON CONFLICT (tenant_id) DO UPDATE SET seq = h.seq
		RETURNING seq, hash, clock_timestamp()`, `
		INSERT INTO audit_log (tenant_id, id, at, actor, impersonator, action, object, outcome, request_id, detail, seq, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, `
		UPDATE audit_heads SET seq = $2, hash = $3, mac = $4 WHERE tenant_id = $1`
	args := []any{tenant}
	if tenant.IsZero() {
		lock, insert, update = `
		INSERT INTO platform_audit_head AS h (seq, hash, mac)
		VALUES (0, '', '')
		ON CONFLICT (only_row) DO UPDATE SET seq = h.seq
		RETURNING seq, hash, clock_timestamp()`, `
		INSERT INTO platform_audit_log (id, at, actor, impersonator, action, object, outcome, request_id, detail, seq, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, `
		UPDATE platform_audit_head SET seq = $1, hash = $2, mac = $3`
		args = nil
	}
	var head audit.Head
	at := lines[0].At
	if err := tx.QueryRow(ctx, lock, args...).Scan(&head.Seq, &head.Hash, &at); err != nil {
		return fmt.Errorf("lock the chain: %w", err)
	}
	for i := range lines {
		lines[i].At = at
	}
	head = key.Chain(tenant, head, lines)
	var batch pgx.Batch
	for _, l := range lines {
		batch.Queue(insert, append(slices.Clone(args), l.ID, l.At, string(l.Actor), string(l.Impersonator), l.Action, l.Object, string(l.Outcome),
			l.RequestID, l.Detail, l.Seq, l.Prev, l.Hash)...)
	}
	batch.Queue(update, append(slices.Clone(args), head.Seq, head.Hash, head.MAC)...)
	return tx.SendBatch(ctx, &batch).Close()
}
