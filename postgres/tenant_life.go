package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/tenant"
)

// acts are the actions as the audit log names them.
var acts = map[tenant.Action]string{ //nolint:gochecknoglobals // a table
	tenant.Suspend: "tenant.suspended", tenant.Reactivate: "tenant.reactivated",
	tenant.SoftDelete: "tenant.soft_deleted", tenant.Restore: "tenant.restored",
}

// Move judges an action by the tenant's present status and carries it out. It touches the tenant's status alone, so that
// restoring gives back exactly what was deleted.
func (s *TenantStore) Move(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, action tenant.Action, reason string) (tenant.Tenant, error) {
	var moved tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		before, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		next, err := before.After(action)
		if err != nil {
			return err
		}
		moved, err = oneTenant(ctx, tx, `
			UPDATE tenants
			SET status_before = CASE WHEN $2 = 'soft_deleted' THEN status END,
			    status = $2,
			    status_since = now(),
			    status_reason = $3,
			    changed_by = $4
			WHERE id = $1
			RETURNING `+tenantColumns, id, string(next), reason, string(actor))
		if err != nil {
			return err
		}
		if action == tenant.Reactivate {
			if err := wakeTenant(ctx, tx, id); err != nil {
				return err
			}
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: id, Actor: actor, Action: acts[action], Object: "tenant:" + id.String(),
			Detail: map[string]string{"reason": reason, "before": string(before.Status), "after": string(next)},
		})
	})
	return moved, err
}

// wakeTenant makes what waited for the tenant due at once.
func wakeTenant(ctx context.Context, tx pgx.Tx, id flomastr.TenantID) error {
	var batch pgx.Batch
	batch.Queue(`UPDATE tenant_turns SET next_at = now(), idle = 0 WHERE tenant_id = $1`, id)
	batch.Queue(`
		UPDATE lanes
		SET ready_at = now()
		WHERE tenant_id = $1 AND kind = 'send' AND ready_at > now() AND lease_until IS NULL`, id)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("wake tenant: %w", err)
	}
	return nil
}

// planSteps writes down what is to be done. The first step is the commit that plans.
func planSteps(ctx context.Context, tx pgx.Tx, id flomastr.TenantID, names []string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO provisioning_steps (tenant_id, name, position, state, started_at, finished_at)
		SELECT $1, name, position, CASE WHEN position = 1 THEN 'done' ELSE 'pending' END,
		       CASE WHEN position = 1 THEN now() END, CASE WHEN position = 1 THEN now() END
		FROM unnest($2::text[]) WITH ORDINALITY AS planned (name, position)`, id, names)
	if err != nil {
		return fmt.Errorf("plan steps: %w", err)
	}
	return nil
}

// planInvitation adds the step of the owner's invitation behind the others, once.
func planInvitation(ctx context.Context, tx pgx.Tx, id flomastr.TenantID) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO provisioning_steps (tenant_id, name, position)
		SELECT $1, $2, count(*) + 1
		FROM provisioning_steps
		WHERE tenant_id = $1
		ON CONFLICT DO NOTHING`, id, tenant.StepOwnerInvitation)
	if err != nil {
		return fmt.Errorf("plan the invitation: %w", err)
	}
	return nil
}

// Steps lists how far a tenant's making or erasure is.
func (s *TenantStore) Steps(ctx context.Context, id flomastr.TenantID) ([]tenant.Step, error) {
	var steps []tenant.Step
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT name, state, error, affected, started_at, finished_at
			FROM provisioning_steps
			WHERE tenant_id = $1
			ORDER BY position`, id)
		if err != nil {
			return fmt.Errorf("list steps: %w", err)
		}
		steps, err = pgx.CollectRows(rows, pgx.RowToStructByName[tenant.Step])
		return err
	})
	return steps, err
}

// StartStep notes that a step is being taken.
func (s *TenantStore) StartStep(ctx context.Context, id flomastr.TenantID, name string) error {
	return s.changeStep(ctx, `
		UPDATE provisioning_steps
		SET state = 'running', error = '', started_at = now(), finished_at = NULL
		WHERE tenant_id = $1 AND name = $2 AND state <> 'done'`, id, name)
}

// EndStep notes how a step went. One that another server has done meanwhile stays done.
func (s *TenantStore) EndStep(ctx context.Context, id flomastr.TenantID, name string, affected int64, failure string) error {
	return s.changeStep(ctx, `
		UPDATE provisioning_steps
		SET state = CASE WHEN $4 = '' THEN 'done' ELSE 'failed' END, error = $4, affected = affected + $3, finished_at = now()
		WHERE tenant_id = $1 AND name = $2 AND state <> 'done'`, id, name, affected, failure)
}

func (s *TenantStore) changeStep(ctx context.Context, sql string, args ...any) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("note a step: %w", err)
		}
		return nil
	})
}
