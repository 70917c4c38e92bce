package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

const accountColumns = `id, email, email_verified, password_hash, disabled`

// AccountByEmail finds an account by its address in any case.
func (s *IdentityStore) AccountByEmail(ctx context.Context, email string) (identity.Account, error) {
	return s.account(ctx, `SELECT `+accountColumns+` FROM accounts WHERE lower(email) = lower($1)`, email)
}

// AccountByID finds an account by its id.
func (s *IdentityStore) AccountByID(ctx context.Context, id flomastr.AccountID) (identity.Account, error) {
	return s.account(ctx, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, id)
}

func (s *IdentityStore) account(ctx context.Context, sql string, args ...any) (identity.Account, error) {
	var found identity.Account
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		found, err = oneAccount(ctx, tx, sql, args...)
		return err
	})
	return found, err
}

func oneAccount(ctx context.Context, tx pgx.Tx, sql string, args ...any) (identity.Account, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return identity.Account{}, fmt.Errorf("read account: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.Account])
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.Account{}, identity.ErrNoAccount
	}
	if err != nil {
		return identity.Account{}, fmt.Errorf("read account: %w", err)
	}
	return found, nil
}

// ensureAccount finds the account of an address, or makes one that cannot sign in yet. Whoever provisions vouches for
// the address, not for whoever opened an account under it with a link that was handed out: such an account is closed
// until its password is chosen anew.
func ensureAccount(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, email string) (identity.Account, error) {
	made, err := oneAccount(ctx, tx, `
		INSERT INTO accounts (id, email, email_verified)
		VALUES ($1, $2, true)
		ON CONFLICT (lower(email)) DO NOTHING
		RETURNING `+accountColumns, flomastr.NewID[flomastr.AccountID](), email)
	if err == nil {
		return made, appendAudit(ctx, tx, audit.Record{
			Actor: actor, Action: "account.created", Object: "account:" + made.ID.String(),
		})
	}
	if !errors.Is(err, identity.ErrNoAccount) {
		return identity.Account{}, err
	}
	found, err := oneAccount(ctx, tx, `SELECT `+accountColumns+` FROM accounts WHERE lower(email) = lower($1) FOR UPDATE`, email)
	if err != nil || found.EmailVerified {
		return found, err
	}
	return vouch(ctx, tx, actor, found)
}

// vouch makes an address count as verified, and takes every way into its account from whoever had one.
func vouch(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, account identity.Account) (identity.Account, error) {
	var batch pgx.Batch
	batch.Queue(`UPDATE accounts SET email_verified = true, password_hash = '', updated_at = now() WHERE id = $1`, account.ID)
	batch.Queue(`UPDATE sessions SET ended_at = now(), ended_because = 'address vouched for' WHERE account_id = $1 AND ended_at IS NULL`, account.ID)
	batch.Queue(`DELETE FROM second_factors WHERE account_id = $1`, account.ID)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return identity.Account{}, fmt.Errorf("vouch for an address: %w", err)
	}
	account.EmailVerified, account.PasswordHash = true, ""
	return account, appendAudit(ctx, tx, audit.Record{Actor: actor, Action: "account.vouched", Object: "account:" + account.ID.String()})
}

// Enrol makes an account, or finds it, and sets its password unless hash is "". A replaced password ends the sessions
// that stood on the old one.
func (s *IdentityStore) Enrol(ctx context.Context, actor flomastr.Actor, email, hash string) (identity.Account, error) {
	var account identity.Account
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var err error
		if account, err = ensureAccount(ctx, tx, actor, email); err != nil || hash == "" {
			return err
		}
		account.PasswordHash = hash
		return setPassword(ctx, tx, actor, account.ID, hash)
	})
	return account, err
}

// SetFirstPassword sets the password of an account that has none.
func (s *IdentityStore) SetFirstPassword(ctx context.Context, actor flomastr.Actor, id flomastr.AccountID, hash string) (bool, error) {
	set := false
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		account, err := oneAccount(ctx, tx, `SELECT `+accountColumns+` FROM accounts WHERE id = $1 FOR UPDATE`, id)
		if err != nil || account.PasswordHash != "" {
			return err
		}
		set = true
		return setPassword(ctx, tx, actor, id, hash)
	})
	return set && err == nil, err
}

// ChangePassword replaces the password, ends every session and starts the given one.
func (s *IdentityStore) ChangePassword(ctx context.Context, id flomastr.AccountID, hash string, session identity.Session) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		actor := identity.PersonActor(identity.LocalIssuer, id.String())
		if err := setPassword(ctx, tx, actor, id, hash); err != nil {
			return err
		}
		return insertSession(ctx, tx, session)
	})
}

func setPassword(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, id flomastr.AccountID, hash string) error {
	_, err := tx.Exec(ctx, `
		UPDATE accounts
		SET password_hash = $2, password_set_at = now(), updated_at = now()
		WHERE id = $1`, id, hash)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE sessions
		SET ended_at = now(), ended_because = 'password changed'
		WHERE account_id = $1 AND ended_at IS NULL`, id)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	// An invitation to a team that the account is in, by provisioning, has done its work once there is a way in.
	_, err = tx.Exec(ctx, `
		UPDATE invitations i
		SET accepted_at = now(), accepted_by = $2, sealed_token = NULL
		FROM accounts a
		JOIN tenant_memberships m ON m.issuer = $3 AND m.subject = a.id::text AND m.status = 'active'
		WHERE a.id = $1 AND lower(i.email) = lower(a.email) AND i.tenant_id = m.tenant_id AND i.accepted_at IS NULL AND i.revoked_at IS NULL`,
		id, string(actor), identity.LocalIssuer)
	if err != nil {
		return fmt.Errorf("close invitations: %w", err)
	}
	if _, err := endVisits(ctx, tx, "the session ended", `v.issuer = $2 AND v.subject = $3`, identity.LocalIssuer, id.String()); err != nil {
		return err
	}
	return appendAudit(ctx, tx, audit.Record{Actor: actor, Action: "account.password_set", Object: "account:" + id.String()})
}

// SigningKeys lists the built-in issuer's keys to publish, newest first: those in use, and those retired so lately that
// a token they signed may still be good.
func (s *IdentityStore) SigningKeys(ctx context.Context) ([]identity.SigningKey, error) {
	var keys []identity.SigningKey
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		keys, err = signingKeys(ctx, tx)
		return err
	})
	return keys, err
}

// AddSigningKey keeps a first key unless another server was quicker.
func (s *IdentityStore) AddSigningKey(ctx context.Context, key identity.SigningKey) ([]identity.SigningKey, error) {
	var keys []identity.SigningKey
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))`); err != nil {
			return fmt.Errorf("lock signing keys: %w", err)
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private)
			SELECT $1, $2, $3, $4
			WHERE NOT EXISTS (SELECT FROM signing_keys WHERE retired_at IS NULL)`,
			key.KID, key.Algorithm, key.PublicJWK, key.Private)
		if err != nil {
			return fmt.Errorf("insert signing key: %w", err)
		}
		keys, err = signingKeys(ctx, tx)
		return err
	})
	return keys, err
}

func signingKeys(ctx context.Context, tx pgx.Tx) ([]identity.SigningKey, error) {
	rows, err := tx.Query(ctx, `
		SELECT kid, algorithm, public_jwk, sealed_private AS private, created_at, retired_at IS NOT NULL AS retired
		FROM signing_keys
		WHERE retired_at IS NULL OR retired_at > now() - interval '1 hour'
		ORDER BY created_at DESC, kid`)
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[identity.SigningKey])
}
