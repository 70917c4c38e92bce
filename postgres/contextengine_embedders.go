package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
)

var _ contextengine.EmbedderStore = (*KnowledgeStore)(nil)

// thisMonth is how tokens are counted: by the month in UTC.
const (
	thisMonth     = `date_trunc('month', now() AT TIME ZONE 'UTC')::date`
	usedThisMonth = `CASE WHEN used_month = ` + thisMonth + ` THEN used_tokens ELSE 0 END`
)

const embedderColumns = `id, name, url, model, key_header, sealed_key, dimensions, shorten, monthly_tokens, ` + usedThisMonth + `,
	wanted, run, state, problem, done, total, failure, failed_at`

func scanEmbedder(row pgx.CollectableRow) (e contextengine.Embedder, err error) {
	var failed *time.Time
	err = row.Scan(&e.ID, &e.Name, &e.Service.URL, &e.Service.Model, &e.Service.KeyHeader, &e.SealedKey, &e.Service.Dimensions, &e.Service.Shorten,
		&e.MonthlyTokens, &e.UsedTokens, &e.Wanted, &e.Run, &e.State, &e.Problem, &e.Done, &e.Total, &e.Failure, &failed)
	e.FailedAt = orZero(failed)
	return e, err
}

// Embedders implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) Embedders(ctx context.Context, tenant flomastr.TenantID) (list []contextengine.Embedder, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+embedderColumns+` FROM embedders WHERE tenant_id = $1`, tenant)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanEmbedder)
		return err
	})
	return list, err
}

// WantEmbedder implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) WantEmbedder(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, e contextengine.Embedder) (saved contextengine.Embedder, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE embedders SET wanted = false WHERE tenant_id = $1 AND wanted AND id <> $2`, tenant, e.ID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO embedders (tenant_id, id, name, url, model, key_header, sealed_key, dimensions, shorten, monthly_tokens, wanted, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, 'embedding')
			ON CONFLICT ON CONSTRAINT embedders_pkey DO UPDATE
			SET sealed_key = EXCLUDED.sealed_key, key_header = EXCLUDED.key_header, shorten = EXCLUDED.shorten, monthly_tokens = EXCLUDED.monthly_tokens,
			    wanted = true, run = embedders.run + 1, state = 'embedding', problem = '', failure = '', failed_at = NULL, saved_at = now()
			RETURNING `+embedderColumns,
			tenant, e.ID, e.Name, e.Service.URL, e.Service.Model, e.Service.KeyHeader, e.SealedKey, e.Service.Dimensions, e.Service.Shorten, e.MonthlyTokens)
		if err != nil {
			return err
		}
		if saved, err = pgx.CollectExactlyOneRow(rows, scanEmbedder); err != nil {
			return err
		}
		args := contextengine.ReembedArgs{Tenant: tenant, Embedder: saved.ID, Run: saved.Run}
		if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{Queue: KnowledgeQueue, MaxAttempts: 8}); err != nil {
			return err
		}
		action, detail := "knowledge.embedder_reset", map[string]string{}
		if saved.Own() {
			action, detail = "knowledge.embedder_changed", map[string]string{
				"address": saved.Service.URL, "model": saved.Service.Model, "dimensions": strconv.Itoa(saved.Service.Dimensions),
				"monthly_tokens": strconv.Itoa(saved.MonthlyTokens),
			}
		}
		if err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "embedder:" + saved.ID.String(), Detail: detail}); err != nil {
			return err
		}
		return embedderEvent(ctx, tx, tenant, saved)
	})
	if violates(err, "embedders_name_key") || violates(err, "embedders_wanted_key") {
		return saved, contextengine.ErrEmbedderBusy
	}
	return saved, err
}

// embedderEvent tells the tenant's live pages how far the vectors are.
func embedderEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, e contextengine.Embedder) error {
	return appendEvent(ctx, tx, tenant, "knowledge.embedder", map[string]any{"state": e.State, "done": e.Done, "total": e.Total})
}

// NoteRun implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) NoteRun(ctx context.Context, tenant flomastr.TenantID, e contextengine.Embedder) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error { return noteEmbedderRun(ctx, tx, tenant, e) })
}

func noteEmbedderRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, e contextengine.Embedder) error {
	tag, err := tx.Exec(ctx, `
		UPDATE embedders
		SET state = $4, problem = $5, done = $6, total = $7
		WHERE tenant_id = $1 AND id = $2 AND run = $3 AND wanted`, tenant, e.ID, e.Run, string(e.State), e.Problem, e.Done, e.Total)
	if err != nil {
		return fmt.Errorf("note the run: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return contextengine.ErrRunPassed
	}
	return embedderEvent(ctx, tx, tenant, e)
}

// SettleRun implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) SettleRun(ctx context.Context, tenant flomastr.TenantID, e contextengine.Embedder) error {
	e.State, e.Problem, e.Done = contextengine.EmbedderServing, "", e.Total
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := noteEmbedderRun(ctx, tx, tenant, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM embedders WHERE tenant_id = $1 AND (id <> $2 OR url = '')`, tenant, e.ID)
		return err
	})
}

// NoteFailure implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) NoteFailure(ctx context.Context, tenant flomastr.TenantID, id contextengine.EmbedderID, sentence string) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE embedders SET failure = $3, failed_at = now() WHERE tenant_id = $1 AND id = $2`, tenant, id, sentence)
		return err
	})
}

// ReserveTokens implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) ReserveTokens(ctx context.Context, tenant flomastr.TenantID, id contextengine.EmbedderID, tokens int) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE embedders
			SET used_tokens = `+usedThisMonth+` + $3, used_month = `+thisMonth+`
			WHERE tenant_id = $1 AND id = $2 AND (monthly_tokens = 0 OR `+usedThisMonth+` + $3 <= monthly_tokens)`, tenant, id, tokens)
		if err != nil {
			return fmt.Errorf("reserve tokens: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return contextengine.ErrBudget
		}
		return nil
	})
}

// SettleTokens implements [contextengine.EmbedderStore].
func (s *KnowledgeStore) SettleTokens(ctx context.Context, tenant flomastr.TenantID, id contextengine.EmbedderID, reserved, used int) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		// What was reserved in the month before is gone with it.
		_, err := tx.Exec(ctx, `
			UPDATE embedders
			SET used_tokens = greatest(0, used_tokens + $4 - $3)
			WHERE tenant_id = $1 AND id = $2 AND used_month = `+thisMonth, tenant, id, reserved, used)
		return err
	})
}
