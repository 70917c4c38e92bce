package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

// AuditStore appends to the audit log what no other store's commit does.
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

// appendAudit writes a line in the transaction that makes the change. Acts that belong to no tenant have a log of their
// own, which only the platform's login sees.
func appendAudit(ctx context.Context, tx pgx.Tx, r audit.Record) error {
	if r.Outcome == "" {
		r.Outcome = audit.Done
	}
	if r.Detail == nil {
		r.Detail = map[string]string{}
	}
	id := flomastr.NewID[flomastr.ID[audit.Record]]()
	var err error
	if r.Tenant.IsZero() {
		_, err = tx.Exec(ctx, `
			INSERT INTO platform_audit_log (id, actor, action, object, outcome, request_id, detail)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, string(r.Actor), r.Action, r.Object, string(r.Outcome), flomastr.RequestID(ctx), r.Detail)
	} else {
		_, err = tx.Exec(ctx, `
			INSERT INTO audit_log (tenant_id, id, actor, action, object, outcome, request_id, detail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Tenant, id, string(r.Actor), r.Action, r.Object, string(r.Outcome), flomastr.RequestID(ctx), r.Detail)
	}
	if err != nil {
		return fmt.Errorf("append %s to the audit log: %w", r.Action, err)
	}
	return nil
}
