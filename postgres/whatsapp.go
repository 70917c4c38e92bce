package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// WhatsAppStore keeps channels, conversations, turns and sends. Its files follow the engine's verbs.
type WhatsAppStore struct{ db *DB }

var _ whatsapp.Store = (*WhatsAppStore)(nil)

// NewWhatsAppStore makes the store.
func NewWhatsAppStore(db *DB) *WhatsAppStore { return &WhatsAppStore{db: db} }

// wakeChannel is what LISTEN and NOTIFY call a sign of work.
const wakeChannel = "flomastr_lanes"

// retried runs a tenant's transaction again when it lost against another one (deadlock, serialisation, a lock that was
// not to be had): nothing of it happened.
func (s *WhatsAppStore) retried(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.db.InTenant(ctx, tenant, fn)
		if err == nil || attempt == 5 || !lostRace(err) {
			return err
		}
	}
}

func lostRace(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "40001" || pgErr.Code == "40P01" || pgErr.Code == "55P03")
}

// timeOf is the time that an id of version 7 tells, to the millisecond. A message's partition follows from its id.
func timeOf[I ~[16]byte](id I) time.Time {
	b := [16]byte(id)
	var ms [8]byte
	copy(ms[2:], b[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC()
}

// uuids is a list of ids as pgx sends it.
func uuids[I ~[16]byte](ids []I) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = [16]byte(id)
	}
	return out
}

// orNil stores the zero time as NULL.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// orZero reads NULL as the zero time.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Wake implements whatsapp.LaneStore. It stands alone in its transaction: notifying serialises commits, and this one
// writes nothing that would have to reach the disk.
func (s *WhatsAppStore) Wake(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_notify('"+wakeChannel+"', '')")
		return err
	})
}

// AwaitWake implements whatsapp.LaneStore, on a connection of its own.
func (s *WhatsAppStore) AwaitWake(ctx context.Context, wake func()) error {
	own := s.db.admin.Copy() // a pooler would hand the session to others between two notifications
	own.User, own.Password = platformRole, rolePassword(s.db.key, platformRole)
	conn, err := pgx.ConnectConfig(ctx, own)
	if err != nil {
		return Unavailable("connect to listen", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err != nil {
		return Unavailable("listen", err)
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return Unavailable("wait for a notification", err)
		}
		wake()
	}
}

// EnsureMessagePartitions makes the partitions of messages for the months ahead.
func (s *WhatsAppStore) EnsureMessagePartitions(ctx context.Context, monthsAhead int) (made int, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT ensure_message_partitions($1)`, monthsAhead).Scan(&made)
	})
	return made, err
}

// ForgetParkedReports deletes reports that waited longer than age for a message of ours.
func (s *WhatsAppStore) ForgetParkedReports(ctx context.Context, age time.Duration) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			DELETE FROM parked_reports
			WHERE parked_at < now() - make_interval(secs => $1)`, age.Seconds())
		return err
	})
}
