package postgres

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// StartSession keeps a new sign-in.
func (s *IdentityStore) StartSession(ctx context.Context, session identity.Session) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error { return insertSession(ctx, tx, session) })
}

func insertSession(ctx context.Context, tx pgx.Tx, session identity.Session) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sessions (id, account_id, family_hash, token_hash, network, device, authenticated_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		session.ID, session.Account.ID, session.Family[:], session.Token[:], session.Network, session.Device, session.AuthenticatedAt, session.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return auditSession(ctx, tx, "session.started", session.ID, session.Account.ID, audit.Done)
}

func auditSession(ctx context.Context, tx pgx.Tx, action string, id flomastr.SessionID, account flomastr.AccountID, outcome audit.Outcome) error {
	return appendAudit(ctx, tx, audit.Record{
		Actor: identity.PersonActor(identity.LocalIssuer, account.String()), Action: action, Object: "session:" + id.String(), Outcome: outcome,
	})
}

// RotateSession replaces the good token of a session by the next one, or ends the session whose used token was shown.
func (s *IdentityStore) RotateSession(ctx context.Context, family, token, next [sha256.Size]byte) (identity.Session, error) {
	var session identity.Session
	var refused error
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var current []byte
		var good bool
		account := &session.Account
		err := tx.QueryRow(ctx, `
			SELECT s.id, s.token_hash, s.network, s.authenticated_at, s.expires_at,
			       a.id, a.email, a.email_verified,
			       NOT a.disabled AND s.ended_at IS NULL AND s.expires_at > now() AND s.rotated_at > now() - interval '7 days'
			FROM sessions s
			JOIN accounts a ON a.id = s.account_id
			WHERE s.family_hash = $1
			FOR UPDATE OF s`, family[:]).
			Scan(&session.ID, &current, &session.Network, &session.AuthenticatedAt, &session.ExpiresAt,
				&account.ID, &account.Email, &account.EmailVerified, &good)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return identity.ErrBadRefresh
		case err != nil:
			return fmt.Errorf("read session: %w", err)
		case !good:
			return identity.ErrBadRefresh
		case !bytes.Equal(current, token[:]):
			// Two parties hold this session, and one of them is a thief. This ending must be committed.
			refused = identity.ErrBadRefresh.Because(errors.New("a refresh token was used twice"))
			return endSession(ctx, tx, session.ID, account.ID, "a refresh token was used twice", audit.Denied)
		}
		_, err = tx.Exec(ctx, `UPDATE sessions SET token_hash = $2, rotated_at = now() WHERE id = $1`, session.ID, next[:])
		if err != nil {
			return fmt.Errorf("rotate session: %w", err)
		}
		session.Family, session.Token = family, next
		return nil
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return identity.Session{}, err
	}
	return session, nil
}

// EndSession ends the session of a family, if there is one.
func (s *IdentityStore) EndSession(ctx context.Context, family [sha256.Size]byte) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var id flomastr.SessionID
		var account flomastr.AccountID
		err := tx.QueryRow(ctx, `
			SELECT id, account_id
			FROM sessions
			WHERE family_hash = $1 AND ended_at IS NULL
			FOR UPDATE`, family[:]).Scan(&id, &account)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		return endSession(ctx, tx, id, account, "signed out", audit.Done)
	})
}

func endSession(ctx context.Context, tx pgx.Tx, id flomastr.SessionID, account flomastr.AccountID, because string, outcome audit.Outcome) error {
	_, err := tx.Exec(ctx, `UPDATE sessions SET ended_at = now(), ended_because = $2 WHERE id = $1`, id, because)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if err := endSessionVisits(ctx, tx, identity.LocalIssuer, id.String()); err != nil {
		return err
	}
	return auditSession(ctx, tx, "session.ended", id, account, outcome)
}

// KnownNetwork tells whether an account signed in from a network within the last 30 days.
func (s *IdentityStore) KnownNetwork(ctx context.Context, id flomastr.AccountID, network string) (bool, error) {
	known := false
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT EXISTS (
			  SELECT
			  FROM sessions
			  WHERE account_id = $1 AND network = $2 AND authenticated_at > now() - interval '30 days')`, id, network).Scan(&known)
	})
	return known, err
}

// maxWait is the longest that one further try waits before the window's limit.
const maxWait = 15 * time.Minute

// BeginAttempt counts a try on every counter, unless one of them is blocked. The rows are locked in one order, so that
// tries at the same moment wait for each other instead of slipping through together.
func (s *IdentityStore) BeginAttempt(ctx context.Context, attempts []identity.Attempt) (time.Duration, error) {
	attempts = slices.SortedFunc(slices.Values(attempts), func(a, b identity.Attempt) int { return strings.Compare(a.Subject, b.Subject) })
	var wait time.Duration
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		counted := make([]int, len(attempts))
		for i, a := range attempts {
			var blocked float64
			err := tx.QueryRow(ctx, `
				INSERT INTO sign_in_failures AS f (subject, failures, first_at, last_at)
				VALUES ($1, 1, now(), now())
				ON CONFLICT (subject) DO UPDATE
				SET failures = CASE WHEN f.first_at < now() - make_interval(secs => $2) THEN 1 ELSE f.failures + 1 END,
				    first_at = CASE WHEN f.first_at < now() - make_interval(secs => $2) THEN now() ELSE f.first_at END,
				    last_at = now()
				RETURNING failures, coalesce(greatest(extract(epoch FROM blocked_until - now()), 0), 0)::double precision`,
				a.Subject, window(a).Seconds()).Scan(&counted[i], &blocked)
			if err != nil {
				return fmt.Errorf("count sign-in: %w", err)
			}
			wait = max(wait, seconds(blocked))
		}
		if wait > 0 {
			return errBlocked
		}
		for i, a := range attempts {
			pause := pauseAfter(counted[i], a)
			if pause == 0 {
				continue
			}
			_, err := tx.Exec(ctx, `
				UPDATE sign_in_failures
				SET blocked_until = CASE WHEN $3 THEN first_at + make_interval(secs => $4) ELSE now() + make_interval(secs => $2) END
				WHERE subject = $1`, a.Subject, pause.Seconds(), counted[i] >= a.Stop, window(a).Seconds())
			if err != nil {
				return fmt.Errorf("slow down sign-in: %w", err)
			}
		}
		return nil
	})
	if errors.Is(err, errBlocked) {
		return wait, nil
	}
	return 0, err
}

// window is how long a counter counts.
func window(a identity.Attempt) time.Duration { return cmp.Or(a.Window, 24*time.Hour) }

// errBlocked rolls a refused try back, so that trying again and again does not prolong the wait.
var errBlocked = errors.New("blocked")

// pauseAfter is how long the next try waits after so many: nothing while they are free, then twice as long each time.
func pauseAfter(count int, a identity.Attempt) time.Duration {
	over := count - a.Free
	if over < 0 {
		return 0
	}
	if over >= 10 {
		return maxWait
	}
	return min(time.Second<<over, maxWait)
}

// ForgiveAttempt forgets the cleared counters and takes one try back from the others.
func (s *IdentityStore) ForgiveAttempt(ctx context.Context, cleared, others []identity.Attempt) error {
	subjects := func(attempts []identity.Attempt) []string {
		out := make([]string, len(attempts))
		for i, a := range attempts {
			out[i] = a.Subject
		}
		slices.Sort(out)
		return out
	}
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		// One statement a row, in the order in which BeginAttempt locks them.
		gone := subjects(cleared)
		for _, subject := range subjects(append(slices.Clone(cleared), others...)) {
			sql := `UPDATE sign_in_failures SET failures = greatest(failures - 1, 0), blocked_until = NULL WHERE subject = $1`
			if slices.Contains(gone, subject) {
				sql = `DELETE FROM sign_in_failures WHERE subject = $1`
			}
			if _, err := tx.Exec(ctx, sql, subject); err != nil {
				return fmt.Errorf("forgive sign-in: %w", err)
			}
		}
		return nil
	})
}

// SweepSignIns forgets counters that have not been touched for two days, links that have expired and sessions that ended 90 days ago. It is
// background work.
func (s *IdentityStore) SweepSignIns(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_failures WHERE last_at < now() - interval '2 days'`); err != nil {
			return fmt.Errorf("sweep sign-in counters: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM password_resets WHERE expires_at < now()`); err != nil {
			return fmt.Errorf("sweep resets: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE coalesce(ended_at, expires_at) < now() - interval '90 days'`); err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		return nil
	})
}
