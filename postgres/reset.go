package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// resetAttempts is how often the mail of a reset is tried: for six minutes, since its link is good for half an hour.
const resetAttempts = 5

// RequestReset enqueues the mail of a reset, whoever the address belongs to.
func (s *IdentityStore) RequestReset(ctx context.Context, args identity.ResetMailArgs) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{MaxAttempts: resetAttempts}); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{Actor: flomastr.ActorAnonymous, Action: "account.reset_requested"})
	})
}

// AddReset keeps a link by its hash.
func (s *IdentityStore) AddReset(ctx context.Context, id flomastr.AccountID, token [sha256.Size]byte, expires time.Time) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO password_resets (token_hash, account_id, expires_at) VALUES ($1, $2, $3)`, token[:], id, expires)
		if err != nil {
			return fmt.Errorf("insert reset: %w", err)
		}
		return nil
	})
}

const goodReset = `
	SELECT a.id, a.email, a.email_verified, a.password_hash, a.disabled
	FROM password_resets r
	JOIN accounts a ON a.id = r.account_id
	WHERE r.token_hash = $1 AND r.expires_at > now() AND NOT a.disabled`

func resetAccount(ctx context.Context, tx pgx.Tx, sql string, token [sha256.Size]byte) (identity.Account, error) {
	account, err := oneAccount(ctx, tx, sql, token[:])
	if errors.Is(err, identity.ErrNoAccount) {
		return identity.Account{}, identity.ErrReset
	}
	return account, err
}

// ResetAccount finds whose link it is.
func (s *IdentityStore) ResetAccount(ctx context.Context, token [sha256.Size]byte) (identity.Account, error) {
	var found identity.Account
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		found, err = resetAccount(ctx, tx, goodReset, token)
		return err
	})
	return found, err
}

// UseReset sets the password, once.
func (s *IdentityStore) UseReset(ctx context.Context, token [sha256.Size]byte, hash string) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		account, err := resetAccount(ctx, tx, goodReset+` FOR UPDATE OF r, a`, token)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM password_resets WHERE account_id = $1`, account.ID); err != nil {
			return fmt.Errorf("use reset: %w", err)
		}
		actor := identity.PersonActor(identity.LocalIssuer, account.ID.String())
		if !account.EmailVerified { // whoever used it until now need not be who reads the mail
			if _, err := vouch(ctx, tx, actor, account); err != nil {
				return err
			}
		}
		return setPassword(ctx, tx, actor, account.ID, hash)
	})
}

// Sessions lists the sign-ins of an account that go on, newest first.
func (s *IdentityStore) Sessions(ctx context.Context, id flomastr.AccountID) ([]identity.Session, error) {
	var sessions []identity.Session
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, network, device, authenticated_at, rotated_at, expires_at
			FROM sessions
			WHERE account_id = $1 AND ended_at IS NULL AND expires_at > now() AND rotated_at > now() - interval '7 days'
			ORDER BY authenticated_at DESC, id
			LIMIT 200`, id)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		sessions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one identity.Session, err error) {
			err = row.Scan(&one.ID, &one.Network, &one.Device, &one.AuthenticatedAt, &one.SeenAt, &one.ExpiresAt)
			return one, err
		})
		return err
	})
	return sessions, err
}

// EndSessionOf ends one sign-in of an account.
func (s *IdentityStore) EndSessionOf(ctx context.Context, id flomastr.AccountID, session flomastr.SessionID) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var found bool
		err := tx.QueryRow(ctx, `
			SELECT true
			FROM sessions
			WHERE id = $1 AND account_id = $2 AND ended_at IS NULL
			FOR UPDATE`, session, id).Scan(&found)
		if errors.Is(err, pgx.ErrNoRows) {
			return identity.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		return endSession(ctx, tx, session, id, "ended by its owner", audit.Done)
	})
}

// EndOtherSessions ends every sign-in of an account but one.
func (s *IdentityStore) EndOtherSessions(ctx context.Context, id flomastr.AccountID, keep string) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if err := endSessionsBut(ctx, tx, id.String(), keep, "ended by its owner"); err != nil {
			return err
		}
		return auditAccount(ctx, tx, id, "account.other_sessions_ended")
	})
}
