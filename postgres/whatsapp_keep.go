package postgres

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
)

var _ whatsapp.KeepStore = (*WhatsAppStore)(nil)

// Keepings implements whatsapp.KeepStore. A suspended tenant's messages age like any other's.
func (s *WhatsAppStore) Keepings(ctx context.Context) (list []whatsapp.Keeping, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT t.id, p.message_retention_days, p.hot_ttl_days, t.cold_ready
			FROM tenants t
			JOIN tenant_policies p ON p.tenant_id = t.id
			WHERE t.status NOT IN ('provisioning', 'erasing', 'erased')
			ORDER BY t.id`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k whatsapp.Keeping, err error) {
			var retention, hot int
			err = row.Scan(&k.Tenant, &retention, &hot, &k.Archive)
			k.Retention, k.HotFor = time.Duration(retention)*24*time.Hour, time.Duration(hot)*24*time.Hour
			return k, err
		})
		return err
	})
	return list, err
}

// NoteKeeping implements whatsapp.KeepStore.
func (s *WhatsAppStore) NoteKeeping(ctx context.Context, tenant flomastr.TenantID, action string, detail map[string]string) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: flomastr.ActorSystem, Action: action, Object: "tenant:" + tenant.String(), Detail: detail,
		})
	})
}

// firstAt is the smallest id of version 7 that was made at a time: ids that are smaller are older.
func firstAt[I ~[16]byte](t time.Time) (id I) {
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	return id
}

// expirable are the messages from before an id that nobody waits for.
const expirableSQL = `
	FROM messages m
	WHERE m.tenant_id = $1 AND m.id < $2 AND m.created_at < $3
	  AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.message_id = m.id AND o.phase <> 'settled')`

// CountExpired implements whatsapp.ExpiryStore.
func (s *WhatsAppStore) CountExpired(ctx context.Context, tenant flomastr.TenantID, place whatsapp.Place, before time.Time) (n int, err error) {
	first := firstAt[flomastr.MessageID](before)
	if place == whatsapp.PlaceArchive {
		err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT count(*) FROM archived_messages WHERE id < $1`, first).Scan(&n)
		})
		return n, err
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*)`+expirableSQL, tenant, first, before).Scan(&n)
	})
	return n, err
}

// Expire implements whatsapp.ExpiryStore.
func (s *WhatsAppStore) Expire(ctx context.Context, tenant flomastr.TenantID, place whatsapp.Place, before time.Time, limit int) (n int, err error) {
	first := firstAt[flomastr.MessageID](before)
	if place == whatsapp.PlaceArchive {
		err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `
				DELETE FROM archived_messages
				WHERE id IN (SELECT id FROM archived_messages WHERE id < $1 ORDER BY id LIMIT $2)`, first, limit)
			n = int(tag.RowsAffected())
			return err
		})
		return n, err
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT m.id`+expirableSQL+` ORDER BY m.id LIMIT $4`, tenant, first, before, limit)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.MessageID])
		if err != nil {
			return err
		}
		n = len(ids)
		return dropMessages(ctx, tx, tenant, ids)
	})
	return n, err
}

// dropMessages deletes messages with all that hangs on them. Their receipts stay.
func dropMessages(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, ids []flomastr.MessageID) error {
	times := make([]time.Time, len(ids)) // they name the partitions
	for i, id := range ids {
		times[i] = timeOf(id)
	}
	var batch pgx.Batch
	batch.Queue(`DELETE FROM message_events WHERE tenant_id = $1 AND message_id = ANY ($2)`, tenant, ids)
	batch.Queue(`DELETE FROM outbox WHERE tenant_id = $1 AND message_id = ANY ($2)`, tenant, ids)
	batch.Queue(`DELETE FROM messages WHERE tenant_id = $1 AND id = ANY ($2) AND created_at = ANY ($3)`, tenant, ids, times)
	return tx.SendBatch(ctx, &batch).Close()
}

// ExpireTraces implements whatsapp.ExpiryStore.
func (s *WhatsAppStore) ExpireTraces(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (n int, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		n = 0
		jobs, err := tx.Exec(ctx, `
			DELETE FROM jobs
			WHERE tenant_id = $1 AND id IN (
			  SELECT id
			  FROM jobs
			  WHERE tenant_id = $1 AND id < $2 AND state IN ('completed', 'failed', 'expired')
			  ORDER BY id
			  LIMIT $3)`, tenant, firstAt[flomastr.JobID](before), limit)
		if err != nil {
			return err
		}
		bodies, err := tx.Exec(ctx, `
			DELETE FROM inbound_errors
			WHERE tenant_id = $1 AND id IN (SELECT id FROM inbound_errors WHERE tenant_id = $1 AND at < $2 LIMIT $3)`, tenant, before, limit)
		if err != nil {
			return err
		}
		shown, err := tx.Exec(ctx, `
			UPDATE conversations
			SET last_text = ''
			WHERE tenant_id = $1 AND id IN (
			  SELECT id
			  FROM conversations
			  WHERE tenant_id = $1 AND last_message_at < $2 AND last_text <> ''
			  LIMIT $3)`, tenant, before, limit)
		if err != nil {
			return err
		}
		tasks, err := tx.Exec(ctx, `
			DELETE FROM tasks
			WHERE tenant_id = $1 AND id IN (SELECT id FROM tasks WHERE tenant_id = $1 AND id < $2 ORDER BY id LIMIT $3)`,
			tenant, firstAt[flomastr.TaskID](before), limit)
		n = int(jobs.RowsAffected() + bodies.RowsAffected() + shown.RowsAffected() + tasks.RowsAffected())
		return err
	})
	return n, err
}
