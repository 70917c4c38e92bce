package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// SecondFactor reads an account's second factor, or the zero value.
func (s *IdentityStore) SecondFactor(ctx context.Context, id flomastr.AccountID) (identity.SecondFactor, error) {
	var found identity.SecondFactor
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT f.sealed_secret, f.confirmed_at IS NOT NULL, (SELECT count(*) FROM recovery_codes c WHERE c.account_id = f.account_id)
			FROM second_factors f
			WHERE f.account_id = $1`, id).Scan(&found.Sealed, &found.Confirmed, &found.CodesLeft)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read second factor: %w", err)
		}
		return nil
	})
	return found, err
}

// StartSecondFactor keeps a secret that is not confirmed yet.
func (s *IdentityStore) StartSecondFactor(ctx context.Context, id flomastr.AccountID, sealed []byte) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO second_factors AS f (account_id, sealed_secret)
			VALUES ($1, $2)
			ON CONFLICT (account_id) DO UPDATE
			SET sealed_secret = excluded.sealed_secret, created_at = now()
			WHERE f.confirmed_at IS NULL`, id, sealed)
		if err != nil {
			return fmt.Errorf("start second factor: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return identity.ErrFactorOn
		}
		return auditAccount(ctx, tx, id, "account.second_factor_started")
	})
}

// ConfirmSecondFactor turns it on.
func (s *IdentityStore) ConfirmSecondFactor(ctx context.Context, id flomastr.AccountID, step int64, codes [][sha256.Size]byte, keep string) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE second_factors
			SET confirmed_at = now(), last_step = $2
			WHERE account_id = $1 AND confirmed_at IS NULL`, id, step)
		if err != nil {
			return fmt.Errorf("confirm second factor: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return identity.ErrFactorOn
		}
		if err := keepRecoveryCodes(ctx, tx, id, codes); err != nil {
			return err
		}
		if err := endSessionsBut(ctx, tx, id.String(), keep, "second factor added"); err != nil {
			return err
		}
		return auditAccount(ctx, tx, id, "account.second_factor_added")
	})
}

func keepRecoveryCodes(ctx context.Context, tx pgx.Tx, id flomastr.AccountID, codes [][sha256.Size]byte) error {
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE account_id = $1`, id); err != nil {
		return fmt.Errorf("drop recovery codes: %w", err)
	}
	for _, code := range codes {
		if _, err := tx.Exec(ctx, `INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)`, id, code[:]); err != nil {
			return fmt.Errorf("keep recovery codes: %w", err)
		}
	}
	return nil
}

// UseStep uses the 30 seconds of a code up.
func (s *IdentityStore) UseStep(ctx context.Context, id flomastr.AccountID, step int64) (bool, error) {
	used := false
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE second_factors
			SET last_step = $2
			WHERE account_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL`, id, step)
		if err != nil {
			return fmt.Errorf("use a code: %w", err)
		}
		used = tag.RowsAffected() == 1
		return nil
	})
	return used && err == nil, err
}

// UseRecoveryCode uses a recovery code up.
func (s *IdentityStore) UseRecoveryCode(ctx context.Context, id flomastr.AccountID, code [sha256.Size]byte) (bool, error) {
	used := false
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = $2`, id, code[:])
		if err != nil {
			return fmt.Errorf("use a recovery code: %w", err)
		}
		if used = tag.RowsAffected() == 1; !used {
			return nil
		}
		return auditAccount(ctx, tx, id, "account.recovery_code_used")
	})
	return used && err == nil, err
}

// ReplaceRecoveryCodes replaces what is left of them.
func (s *IdentityStore) ReplaceRecoveryCodes(ctx context.Context, id flomastr.AccountID, codes [][sha256.Size]byte) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if err := keepRecoveryCodes(ctx, tx, id, codes); err != nil {
			return err
		}
		return auditAccount(ctx, tx, id, "account.recovery_codes_replaced")
	})
}

// RemoveSecondFactor turns it off.
func (s *IdentityStore) RemoveSecondFactor(ctx context.Context, id flomastr.AccountID, keep string) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM second_factors WHERE account_id = $1`, id); err != nil {
			return fmt.Errorf("remove second factor: %w", err)
		}
		if err := endSessionsBut(ctx, tx, id.String(), keep, "second factor removed"); err != nil {
			return err
		}
		return auditAccount(ctx, tx, id, "account.second_factor_removed")
	})
}

// auditAccount writes what a person did to their own account.
func auditAccount(ctx context.Context, tx pgx.Tx, id flomastr.AccountID, action string) error {
	return appendAudit(ctx, tx, audit.Record{
		Actor: identity.PersonActor(identity.LocalIssuer, id.String()), Action: action, Object: "account:" + id.String(),
	})
}
