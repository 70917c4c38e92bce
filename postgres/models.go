package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/models"
)

// ModelStore keeps which language models tenants have chosen, and what was asked of them.
type ModelStore struct{ db *DB }

// NewModelStore makes one.
func NewModelStore(db *DB) *ModelStore { return &ModelStore{db} }

var _ models.Store = (*ModelStore)(nil)

// Settings implements [models.Store].
func (s *ModelStore) Settings(ctx context.Context, tenant flomastr.TenantID) (out models.Settings, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, purpose, provider, url, model, key_header, sealed_key, input_price, output_price
			FROM models
			WHERE tenant_id = $1
			ORDER BY purpose DESC`, tenant)
		if err != nil {
			return err
		}
		out.Choices, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c models.Choice, err error) {
			err = row.Scan(&c.ID, &c.Purpose, &c.Service.Provider, &c.Service.URL, &c.Service.Model, &c.Service.KeyHeader, &c.SealedKey, &c.InputPrice, &c.OutputPrice)
			return c, err
		})
		if err != nil {
			return fmt.Errorf("read the models: %w", err)
		}
		err = tx.QueryRow(ctx, `SELECT monthly_tokens, monthly_cost, seconds FROM model_limits WHERE tenant_id = $1`, tenant).
			Scan(&out.Limits.Month.Tokens, &out.Limits.Month.Cost, &out.Limits.Seconds)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return out, err
}

// Save implements [models.Store].
func (s *ModelStore) Save(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, next models.Settings) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		for _, table := range []string{"models", "model_limits"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE tenant_id = $1`, tenant); err != nil {
				return fmt.Errorf("forget what was chosen before: %w", err)
			}
		}
		record := audit.Record{Tenant: tenant, Actor: by, Action: "assistant.model_reset", Object: "tenant:" + tenant.String(), Detail: map[string]string{}}
		for _, c := range next.Choices {
			_, err := tx.Exec(ctx, `
				INSERT INTO models (tenant_id, id, purpose, provider, url, model, key_header, sealed_key, input_price, output_price)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				tenant, c.ID, string(c.Purpose), string(c.Service.Provider), c.Service.URL, c.Service.Model, c.Service.KeyHeader, c.SealedKey, c.InputPrice, c.OutputPrice)
			if err != nil {
				return fmt.Errorf("keep a model: %w", err)
			}
			record.Action = "assistant.model_changed"
			record.Detail[string(c.Purpose)] = c.Service.Name()
			record.Detail[string(c.Purpose)+"_address"] = c.Service.URL
		}
		if len(next.Choices) > 0 {
			_, err := tx.Exec(ctx, `INSERT INTO model_limits (tenant_id, monthly_tokens, monthly_cost, seconds) VALUES ($1, $2, $3, $4)`,
				tenant, next.Limits.Month.Tokens, next.Limits.Month.Cost, next.Limits.Seconds)
			if err != nil {
				return fmt.Errorf("keep the models' limits: %w", err)
			}
			record.Detail["monthly_tokens"] = strconv.Itoa(next.Limits.Month.Tokens)
			record.Detail["monthly_cost"] = strconv.FormatInt(int64(next.Limits.Month.Cost), 10)
		}
		return appendAudit(ctx, tx, record)
	})
}

// Reserve implements [models.Store].
func (s *ModelStore) Reserve(ctx context.Context, tenant flomastr.TenantID, own bool, amount, bound models.Spent) error {
	if bound.Tokens > 0 && amount.Tokens > bound.Tokens || bound.Cost > 0 && amount.Cost > bound.Cost {
		return models.ErrBudget
	}
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO model_usage AS u (tenant_id, month, own, tokens, cost)
			VALUES ($1, `+thisMonth+`, $2, $3, $4)
			ON CONFLICT (tenant_id, month, own) DO UPDATE
			SET tokens = u.tokens + $3, cost = u.cost + $4
			WHERE ($5 = 0 OR u.tokens + $3 <= $5) AND ($6 = 0 OR u.cost + $4 <= $6)`,
			tenant, own, int64(amount.Tokens), int64(amount.Cost), int64(bound.Tokens), int64(bound.Cost))
		if err != nil {
			return fmt.Errorf("reserve for a model: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return models.ErrBudget
		}
		return nil
	})
}

// Settle implements [models.Store].
func (s *ModelStore) Settle(ctx context.Context, tenant flomastr.TenantID, own bool, reserved, used models.Spent) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		// What was reserved in the month before stays there.
		_, err := tx.Exec(ctx, `
			UPDATE model_usage
			SET tokens = greatest(0, tokens + $3), cost = greatest(0, cost + $4)
			WHERE tenant_id = $1 AND own = $2 AND month = `+thisMonth,
			tenant, own, int64(used.Tokens-reserved.Tokens), int64(used.Cost-reserved.Cost))
		return err
	})
}

// Used implements [models.Store].
func (s *ModelStore) Used(ctx context.Context, tenant flomastr.TenantID, own bool) (used models.Spent, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT tokens, cost FROM model_usage WHERE tenant_id = $1 AND own = $2 AND month = `+thisMonth, tenant, own).
			Scan(&used.Tokens, &used.Cost)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return used, err
}

// Record implements [models.Store].
func (s *ModelStore) Record(ctx context.Context, tenant flomastr.TenantID, c models.Call) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO model_calls (tenant_id, id, purpose, own, model, prompt_version, prompt_tokens, completion_tokens, cost, milliseconds, tools, outcome,
			                         conversation_id, job_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			tenant, c.ID, string(c.Purpose), c.Own, c.Model, c.PromptVersion, c.Usage.Prompt, c.Usage.Completion, int64(c.Cost), c.Took.Milliseconds(), c.Tools, c.Outcome,
			c.Conversation, c.Job)
		return err
	})
}

// Calls implements [models.Store].
func (s *ModelStore) Calls(ctx context.Context, tenant flomastr.TenantID, before models.CallID, limit int) (list []models.Call, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, purpose, own, model, prompt_version, prompt_tokens, completion_tokens, cost, milliseconds, tools, outcome, conversation_id, job_id, at
			FROM model_calls
			WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2)
			ORDER BY id DESC
			LIMIT $3`, tenant, before, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c models.Call, err error) {
			var took int64
			err = row.Scan(&c.ID, &c.Purpose, &c.Own, &c.Model, &c.PromptVersion, &c.Usage.Prompt, &c.Usage.Completion, &c.Cost, &took, &c.Tools, &c.Outcome,
				&c.Conversation, &c.Job, &c.At)
			c.Took = time.Duration(took) * time.Millisecond
			return c, err
		})
		return err
	})
	return list, err
}

// ForgetCalls implements [models.Store].
func (s *ModelStore) ForgetCalls(ctx context.Context, before time.Time) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM model_calls WHERE at < $1`, before)
		return err
	})
}
