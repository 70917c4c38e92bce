package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/tenant"
)

// BeginErasure removes every row of a soft-deleted tenant in one commit, and queues the rest.
func (s *TenantStore) BeginErasure(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, reason, confirmSlug string) (tenant.Erasure, error) {
	begun := tenant.Erasure{ID: flomastr.NewID[tenant.ErasureID](), Tenant: id, Reason: reason, RequestedBy: string(actor)}
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		found, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		next, err := found.After(tenant.HardDelete)
		if err != nil {
			return err
		}
		if begun.Slug = found.Slug; confirmSlug != found.Slug {
			return tenant.ErrConfirmSlug
		}
		if err := s.db.knowColdServers(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE tenants SET status = $2 WHERE id = $1`, id, string(next)); err != nil {
			return fmt.Errorf("mark the tenant: %w", err)
		}
		if begun.Rows, err = eraseRows(ctx, tx, id); err != nil {
			return err
		}
		if err := replaceSteps(ctx, tx, id, begun.Rows); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `
			INSERT INTO erasures (id, tenant_id, tenant_slug, reason, requested_by, rows_erased)
			VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING started_at`, begun.ID, id, begun.Slug, reason, string(actor), begun.Rows).Scan(&begun.StartedAt)
		if err != nil {
			return fmt.Errorf("record the erasure: %w", err)
		}
		if err := s.enqueueErasure(ctx, tx, begun.ID); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{
			Actor: actor, Action: "tenant.erasure_begun", Object: "tenant:" + id.String(),
			Detail: map[string]string{"slug": begun.Slug, "reason": reason, "erasure": begun.ID.String()},
		})
	})
	return begun, err
}

// eraseRows counts what it removes by table, without the tables that held nothing.
func eraseRows(ctx context.Context, tx pgx.Tx, id flomastr.TenantID) (map[string]int64, error) {
	rows, err := tx.Query(ctx, `SELECT table_name, row_count FROM erase_tenant_rows($1) WHERE row_count > 0`, id)
	if err != nil {
		return nil, fmt.Errorf("erase rows: %w", err)
	}
	erased, table, n := map[string]int64{}, "", int64(0)
	if _, err := pgx.ForEachRow(rows, []any{&table, &n}, func() error { erased[table] = n; return nil }); err != nil {
		return nil, fmt.Errorf("erase rows: %w", err)
	}
	// What a call that made the tenant answered is kept for its caller, and tells of the tenant.
	tag, err := tx.Exec(ctx, `DELETE FROM platform_idempotency_keys WHERE position(convert_to($1, 'UTF8') IN response) > 0`, id.String())
	if err != nil {
		return nil, fmt.Errorf("erase kept answers: %w", err)
	}
	if tag.RowsAffected() > 0 {
		erased["platform_idempotency_keys"] = tag.RowsAffected()
	}
	return erased, nil
}

// replaceSteps puts the steps of the erasure in the place of those of the tenant's making.
func replaceSteps(ctx context.Context, tx pgx.Tx, id flomastr.TenantID, erased map[string]int64) error {
	tag, err := tx.Exec(ctx, `DELETE FROM provisioning_steps WHERE tenant_id = $1`, id)
	if err != nil {
		return fmt.Errorf("erase steps: %w", err)
	}
	if tag.RowsAffected() > 0 {
		erased["provisioning_steps"] = tag.RowsAffected()
	}
	return planSteps(ctx, tx, id, tenant.ErasureSteps())
}

func (s *TenantStore) enqueueErasure(ctx context.Context, tx pgx.Tx, id tenant.ErasureID) error {
	return s.db.Enqueue(ctx, tx, tenant.FinishErasureArgs{Erasure: id}, nil)
}

// ResumeErasures queues every unfinished erasure that does not wait in the queue. One that runs is queued too: its server
// may have died, which the queue itself finds out late, and to take its steps twice does no harm.
func (s *TenantStore) ResumeErasures(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT e.id
			FROM erasures e
			WHERE e.finished_at IS NULL
			  AND NOT EXISTS (SELECT FROM river.river_job j
			                  WHERE j.kind = $1 AND j.args->>'erasure_id' = e.id::text
			                    AND j.state IN ('available', 'pending', 'retryable', 'scheduled'))`, tenant.FinishErasureArgs{}.Kind())
		if err != nil {
			return fmt.Errorf("find unfinished erasures: %w", err)
		}
		open, err := pgx.CollectRows(rows, pgx.RowTo[tenant.ErasureID])
		if err != nil {
			return fmt.Errorf("find unfinished erasures: %w", err)
		}
		for _, id := range open {
			if err := s.enqueueErasure(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Erasure finds an erasure by its own id.
func (s *TenantStore) Erasure(ctx context.Context, id tenant.ErasureID) (tenant.Erasure, error) {
	return s.erasure(ctx, `id = $1`, id)
}

// ErasureOf finds the erasure of a tenant.
func (s *TenantStore) ErasureOf(ctx context.Context, id flomastr.TenantID) (tenant.Erasure, error) {
	return s.erasure(ctx, `tenant_id = $1`, id)
}

func (s *TenantStore) erasure(ctx context.Context, where string, id any) (tenant.Erasure, error) {
	var found tenant.Erasure
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, tenant_id, tenant_slug, reason, requested_by, started_at, finished_at, rows_erased, report::bytea
			FROM erasures
			WHERE `+where, id)
		if err != nil {
			return fmt.Errorf("read erasure: %w", err)
		}
		found, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[tenant.Erasure])
		if errors.Is(err, pgx.ErrNoRows) {
			return tenant.ErrNotFound
		}
		return err
	})
	return found, err
}

// RemoveJobs removes the tenant's jobs from the background queue, also those that are running: their rows are of no use
// to a tenant that is gone.
func (s *TenantStore) RemoveJobs(ctx context.Context, id flomastr.TenantID) (removed int64, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM river.river_job WHERE args->>'tenant_id' = $1`, id.String())
		if err != nil {
			return fmt.Errorf("remove background jobs: %w", err)
		}
		removed = tag.RowsAffected()
		return nil
	})
	return removed, err
}

// EraseRows removes what was written since the erasure began.
func (s *TenantStore) EraseRows(ctx context.Context, id flomastr.TenantID) (erased map[string]int64, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		erased, err = eraseRows(ctx, tx, id)
		return err
	})
	return erased, err
}

// Scan searches every table of ours and of the job queue, one transaction each, so that none is long. Left out are the
// three that record the erasure itself.
func (s *TenantStore) Scan(ctx context.Context, id flomastr.TenantID, slug string) (tenant.Scan, error) {
	scan := tenant.Scan{Matches: map[string]int64{}}
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.oid::regclass::text
			FROM pg_class c
			WHERE c.relnamespace IN ('public'::regnamespace, 'river'::regnamespace) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			  AND c.relname NOT IN ('erasures', 'provisioning_steps', 'platform_audit_log')
			ORDER BY 1`)
		if err != nil {
			return fmt.Errorf("list tables: %w", err)
		}
		scan.Tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return scan, err
	}
	for _, table := range scan.Tables {
		var found int64
		err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT count_mentions($1::text::regclass, $2, $3)`, table, id, slug).Scan(&found)
		})
		if err != nil {
			return scan, fmt.Errorf("search %s: %w", table, err)
		}
		if found > 0 {
			scan.Matches[table] = found
		}
	}
	return scan, nil
}

// FinishErasure keeps the report, and forgets the steps.
func (s *TenantStore) FinishErasure(ctx context.Context, id tenant.ErasureID, report []byte) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var of flomastr.TenantID
		var slug, by string
		err := tx.QueryRow(ctx, `
			UPDATE erasures
			SET finished_at = now(), report = $2
			WHERE id = $1 AND finished_at IS NULL
			RETURNING tenant_id, tenant_slug, requested_by`, id, string(report)).Scan(&of, &slug, &by)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // another server was quicker
		}
		if err != nil {
			return fmt.Errorf("keep the erasure report: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM provisioning_steps WHERE tenant_id = $1`, of); err != nil {
			return fmt.Errorf("forget steps: %w", err)
		}
		return appendAudit(ctx, tx, audit.Record{
			Actor: flomastr.Actor(by), Action: "tenant.erased", Object: "tenant:" + of.String(),
			Detail: map[string]string{"slug": slug, "erasure": id.String()},
		})
	})
}
