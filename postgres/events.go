package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

type eventNoun struct{}

// EventID orders the events of one transaction.
type EventID = flomastr.ID[eventNoun]

// appendEvent tells the tenant's live pages that something happened, in the transaction in which it did. The data
// holds ids and what a list shows, never a secret.
func appendEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, eventType string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", eventType, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO events (tenant_id, id, type, data)
		VALUES ($1, $2, $3, $4)`,
		tenant, flomastr.NewID[EventID](), eventType, body)
	if err != nil {
		return fmt.Errorf("append event %s: %w", eventType, err)
	}
	return nil
}

// Event is something that happened in a tenant, for its live pages.
type Event struct {
	Cursor EventCursor
	At     time.Time
	Type   string
	Data   json.RawMessage
}

// EventCursor is a place in a tenant's events: the transaction that wrote it, and its order within.
type EventCursor struct {
	XID uint64
	ID  EventID
}

// String is the form that goes over the wire as the event's id.
func (c EventCursor) String() string { return fmt.Sprintf("%d-%s", c.XID, c.ID) }

// ParseEventCursor reads what String wrote.
func ParseEventCursor(s string) (EventCursor, error) {
	xid, id, ok := strings.Cut(s, "-")
	if !ok {
		return EventCursor{}, fmt.Errorf("not an event id")
	}
	n, err := strconv.ParseUint(xid, 10, 64)
	if err != nil {
		return EventCursor{}, fmt.Errorf("not an event id")
	}
	parsed, err := flomastr.ParseID[EventID](id)
	return EventCursor{n, parsed}, err
}

// EventStore reads events in an order in which a transaction that commits late is never skipped: only rows of
// transactions older than every running one are handed out.
type EventStore struct{ db *DB }

// NewEventStore makes the store.
func NewEventStore(db *DB) *EventStore { return &EventStore{db} }

// Head is the place behind everything that can be read now.
func (s *EventStore) Head(ctx context.Context, tenant flomastr.TenantID) (c EventCursor, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint`).Scan(&c.XID)
	})
	return c, err
}

// Since gives at most limit events of a tenant after a place, oldest first.
func (s *EventStore) Since(ctx context.Context, tenant flomastr.TenantID, after EventCursor, limit int) (events []Event, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT xid::text::bigint, id, at, type, data
			FROM events
			WHERE tenant_id = $1
			  AND (xid, id) > ($2::text::xid8, $3)
			  AND xid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY xid, id
			LIMIT $4`, tenant, strconv.FormatUint(after.XID, 10), after.ID.String(), limit)
		if err != nil {
			return err
		}
		events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
			err = row.Scan(&e.Cursor.XID, &e.Cursor.ID, &e.At, &e.Type, &e.Data)
			return e, err
		})
		return err
	})
	return events, err
}

// Touched tells which of the tenants have events from a transaction id on, and the id to ask from next time. It is one
// small query for all streams of a server.
func (s *EventStore) Touched(ctx context.Context, tenants []flomastr.TenantID, from uint64) (touched []flomastr.TenantID, next uint64, err error) {
	ids := make([]string, len(tenants))
	for i, t := range tenants {
		ids[i] = t.String()
	}
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
			       ARRAY(SELECT t FROM unnest($1::uuid[]) AS t
			             WHERE EXISTS (SELECT FROM events e
			                           WHERE e.tenant_id = t AND e.xid >= $2::text::xid8
			                             AND e.xid < pg_snapshot_xmin(pg_current_snapshot())))`,
			ids, strconv.FormatUint(from, 10)).Scan(&next, &touched)
	})
	return touched, next, err
}

// Sweep removes events older than 24 hours, and tells how many.
func (s *EventStore) Sweep(ctx context.Context) (n int64, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM events WHERE at < now() - interval '24 hours'`)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}
