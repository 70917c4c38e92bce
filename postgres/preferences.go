package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr/identity"
)

// Preferences reads all of a person's preferences in a tenant.
func (s *IdentityStore) Preferences(ctx context.Context, owner identity.PreferencesOf) (identity.Preferences, error) {
	var found identity.Preferences
	err := s.db.InTenant(ctx, owner.Tenant, func(tx pgx.Tx) (err error) {
		found, err = preferences(ctx, tx, owner)
		return err
	})
	return found, err
}

// ChangePreferences lets change alter all of them, in one commit. What exceeds the limits afterwards is not kept.
func (s *IdentityStore) ChangePreferences(ctx context.Context, owner identity.PreferencesOf, change func(identity.Preferences) error) (identity.Preferences, error) {
	var changed identity.Preferences
	err := s.db.InTenant(ctx, owner.Tenant, func(tx pgx.Tx) error {
		// Two pages of one person may change them at the same moment; the second must count what the first has kept.
		_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "preferences|"+owner.Tenant.String()+"|"+owner.Issuer+"|"+owner.Subject)
		if err != nil {
			return fmt.Errorf("hold preferences: %w", err)
		}
		if changed, err = preferences(ctx, tx, owner); err != nil {
			return err
		}
		if err := change(changed); err != nil {
			return err
		}
		if err := changed.Check(); err != nil {
			return err
		}
		all, err := json.Marshal(changed)
		if err != nil {
			return fmt.Errorf("write preferences: %w", err)
		}
		_, err = tx.Exec(ctx, `
			DELETE FROM user_preferences
			WHERE issuer = $1 AND subject = $2 AND NOT $3::jsonb ? key`, owner.Issuer, owner.Subject, string(all))
		if err == nil {
			_, err = tx.Exec(ctx, `
				INSERT INTO user_preferences AS p (tenant_id, issuer, subject, key, value)
				SELECT $1, $2, $3, e.key, e.value
				FROM jsonb_each($4::jsonb) AS e
				ON CONFLICT (tenant_id, issuer, subject, key) DO UPDATE
				SET value = excluded.value, updated_at = now()
				WHERE p.value <> excluded.value`, owner.Tenant, owner.Issuer, owner.Subject, string(all))
		}
		if err != nil {
			return fmt.Errorf("keep preferences: %w", err)
		}
		return nil
	})
	return changed, err
}

func preferences(ctx context.Context, tx pgx.Tx, owner identity.PreferencesOf) (identity.Preferences, error) {
	rows, err := tx.Query(ctx, `SELECT key, value::text FROM user_preferences WHERE issuer = $1 AND subject = $2`, owner.Issuer, owner.Subject)
	if err != nil {
		return nil, fmt.Errorf("read preferences: %w", err)
	}
	found := identity.Preferences{}
	var key, value string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[key] = json.RawMessage(value)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read preferences: %w", err)
	}
	return found, nil
}
