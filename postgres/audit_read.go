package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

const (
	lineColumns   = `id, at, actor, impersonator, action, object, outcome, request_id, detail, coalesce(seq, 0) AS seq, prev, hash`
	tenantLines   = `SELECT tenant_id AS tenant, ` + lineColumns + ` FROM audit_log WHERE tenant_id = $1`
	platformLines = `SELECT $1::uuid AS tenant, ` + lineColumns + ` FROM platform_audit_log WHERE true`
)

// logOf is the query for a tenant's lines, or for the platform's; $1 is the tenant. Conditions may be added to it.
func logOf(tenant flomastr.TenantID) string {
	if tenant.IsZero() {
		return platformLines
	}
	return tenantLines
}

// Lines gives a page of a log, newest first. Without a tenant it is the platform's.
func (s *AuditStore) Lines(ctx context.Context, tenant flomastr.TenantID, want audit.Query) ([]audit.Line, error) {
	var page []audit.Line
	err := s.db.lookAt(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, logOf(tenant)+`
			AND ($2 = '' OR actor = $2 OR impersonator = $2)
			AND ($3 = '' OR action = $3 OR starts_with(action, $3 || '.'))
			AND ($4 = '' OR object = $4)
			AND ($5::timestamptz IS NULL OR at >= $5)
			AND ($6::timestamptz IS NULL OR at < $6)
			AND ($7::timestamptz IS NULL OR (at, id) < ($7, $8))
			ORDER BY at DESC, id DESC
			LIMIT $9`,
			tenant, string(want.Actor), want.Action, want.Object, orNull(want.From), orNull(want.Until), orNull(want.After.At), want.After.ID, want.Limit)
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		page, err = pgx.CollectRows(rows, pgx.RowToStructByName[audit.Line])
		return err
	})
	return page, err
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Verify walks over a whole log as it is at this moment. Without a tenant it is the platform's.
func (s *AuditStore) Verify(ctx context.Context, tenant flomastr.TenantID) (audit.Verdict, error) {
	walk := audit.NewWalk(s.db.auditKey, tenant)
	var head audit.Head
	err := s.db.lookAt(ctx, tenant, func(tx pgx.Tx) error {
		sql := `SELECT seq, hash, mac FROM audit_heads WHERE tenant_id = $1`
		if tenant.IsZero() {
			sql = `SELECT seq, hash, mac FROM platform_audit_head WHERE only_row OR $1::uuid IS NULL`
		}
		if err := tx.QueryRow(ctx, sql, tenant).Scan(&head.Seq, &head.Hash, &head.MAC); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read the end of the chain: %w", err)
		}
		return eachLine(ctx, tx, tenant, ``, walk.Step)
	})
	return walk.End(head), err
}

// eachLine reads a log in the order of its chain: first what is older than the chain.
func eachLine(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, condition string, take func(audit.Line)) error {
	rows, err := tx.Query(ctx, logOf(tenant)+condition+` ORDER BY seq NULLS FIRST, id`, tenant)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		line, err := pgx.RowToStructByName[audit.Line](rows)
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		take(line)
	}
	return rows.Err()
}
