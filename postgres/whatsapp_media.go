package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// MediaQueue is the job queue of customers' files, apart from the others: a large film must not hold up anything else.
const MediaQueue = "media"

// fetchAttempts is how often a file is asked for; the last try is about an hour after the first.
const fetchAttempts = 8

// attach notes the files that came with new messages and queues their fetching.
func (b *intakeBatch) attach(ctx context.Context, fresh []int, threads []*thread) error {
	var batch pgx.Batch
	var jobs []whatsapp.MediaFetchArgs
	for _, i := range fresh {
		a, ok := whatsapp.AttachedOf(b.intake[i].Inbound)
		if !ok {
			continue
		}
		source, err := json.Marshal(a.Source)
		if err != nil {
			return fmt.Errorf("encode where a file lies: %w", err)
		}
		batch.Queue(`
			INSERT INTO media (tenant_id, id, channel_id, conversation_id, message_id, kind, source, declared_type, filename, state, reason, reading)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			b.tenant, a.ID, b.intake[i].Channel, threads[i].conversation, a.Message, a.Kind, source, a.DeclaredType, a.Filename, a.State, a.Reason, a.Reading)
		if a.State == whatsapp.MediaPending {
			jobs = append(jobs, whatsapp.MediaFetchArgs{Tenant: b.tenant, Media: a.ID})
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := b.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("note files: %w", err)
	}
	for _, args := range jobs {
		if err := b.db.enqueueFetch(ctx, b.tx, args); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) enqueueFetch(ctx context.Context, tx pgx.Tx, args whatsapp.MediaFetchArgs) error {
	return db.Enqueue(ctx, tx, args, &river.InsertOpts{Queue: MediaQueue, MaxAttempts: fetchAttempts})
}

const attachedSQL = `
	SELECT m.id, m.uploaded_by, m.channel_id, m.conversation_id, m.message_id, m.kind, m.source, m.declared_type, m.filename, m.state, m.reason, m.reading, m.text, m.created_at,
	       f.id, f.sha256, coalesce(f.size, 0), coalesce(f.type, ''), coalesce(f.scan, '')
	FROM media m
	LEFT JOIN media_files f ON f.tenant_id = m.tenant_id AND f.id = m.file_id
	WHERE m.tenant_id = $1 AND `

func scanAttached(row pgx.CollectableRow) (a whatsapp.Attached, err error) {
	var source, sum []byte
	var file *flomastr.FileID
	var channel *flomastr.ChannelID
	var conversation *flomastr.ConversationID
	var message *flomastr.MessageID
	err = row.Scan(&a.ID, &a.UploadedBy, &channel, &conversation, &message, &a.Kind, &source, &a.DeclaredType, &a.Filename, &a.State, &a.Reason, &a.Reading, &a.Text, &a.CreatedAt,
		&file, &sum, &a.File.Size, &a.File.Type, &a.File.Scan)
	if err != nil {
		return a, err
	}
	if a.CreatedAt = a.CreatedAt.UTC(); file != nil {
		a.File.ID, a.File.SHA256 = *file, [32]byte(sum)
	}
	if message != nil {
		a.Channel, a.Conversation, a.Message = *channel, *conversation, *message
	}
	return a, json.Unmarshal(source, &a.Source)
}

func readAttached(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MediaID) (a whatsapp.Attached, err error) {
	rows, err := tx.Query(ctx, attachedSQL+`m.id = $2`, tenant, id)
	if err != nil {
		return a, err
	}
	a, err = pgx.CollectExactlyOneRow(rows, scanAttached)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, whatsapp.ErrMediaNotFound
	}
	return a, err
}

// Attached implements whatsapp.MediaStore.
func (s *WhatsAppStore) Attached(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (a whatsapp.Attached, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		a, err = readAttached(ctx, tx, tenant, id)
		return err
	})
	return a, err
}

// revokeMediaSQL takes the file of a message that was taken back from everybody; its bytes go once nothing points to them.
const revokeMediaSQL = `
	UPDATE media
	SET state = 'refused', reason = $3, file_id = NULL, reading = 'none', text = '', updated_at = now()
	WHERE tenant_id = $1 AND message_id = $2`

// withMedia gives messages, hot or archived, the files that came with them. What was taken back shows none.
func (s *WhatsAppStore) withMedia(ctx context.Context, tenant flomastr.TenantID, list []whatsapp.Message) error {
	at := map[flomastr.MessageID]int{}
	var ids []flomastr.MessageID
	for i, m := range list {
		if m.Type != "text" && m.Details.RevokedAt == nil {
			at[m.ID], ids = i, append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, attachedSQL+`m.message_id = ANY ($2)`, tenant, ids)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, scanAttached)
		for _, a := range found {
			list[at[a.Message]].Media = &a
		}
		return err
	})
}

// AddUpload implements whatsapp.MediaStore.
func (s *WhatsAppStore) AddUpload(ctx context.Context, tenant flomastr.TenantID, a whatsapp.Attached) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO media (tenant_id, id, uploaded_by, kind, source, declared_type, filename, state)
			VALUES ($1, $2, $3, $4, '{}', $5, $6, $7)`, tenant, a.ID, a.UploadedBy, a.Kind, a.DeclaredType, a.Filename, a.State); err != nil {
			return fmt.Errorf("note an upload: %w", err)
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: a.UploadedBy, Action: "media.uploaded", Object: "media " + a.ID.String()})
	})
}

// ownFiles gives what a message of ours says files of its own, which are kept as long as the message is, whatever becomes of
// where they are from.
func (q queued) ownFiles(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message provider.Message) (provider.Message, error) {
	return message.WithFiles(func(m provider.Media) (provider.Media, error) {
		if m.File.IsZero() {
			return m, nil
		}
		own := flomastr.NewID[flomastr.MediaID]()
		tag, err := tx.Exec(ctx, `
			INSERT INTO media (tenant_id, id, channel_id, conversation_id, message_id, kind, source, declared_type, filename, state, file_id)
			SELECT tenant_id, $3, $4, $5, $6, $7, '{}', declared_type, $8, 'stored', file_id
			FROM media
			WHERE tenant_id = $1 AND id = $2 AND state = 'stored'
			FOR SHARE`, tenant, m.File, own, q.channel, q.conversation, q.id, m.Kind, m.Filename)
		if err != nil {
			return m, fmt.Errorf("note a message's file: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return m, whatsapp.ErrMediaNotStored
		}
		m.File = own
		return m, nil
	})
}

// MediaLimit implements whatsapp.MediaStore.
func (s *WhatsAppStore) MediaLimit(ctx context.Context, tenant flomastr.TenantID) (limit int64, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT coalesce(min(max_file_size_mb), 1024)::bigint << 20 FROM tenant_policies WHERE tenant_id = $1`, tenant).Scan(&limit)
	})
	return limit, err
}

// ReserveFile implements whatsapp.MediaStore.
func (s *WhatsAppStore) ReserveFile(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, f whatsapp.KeptFile) (kept whatsapp.KeptFile, whole bool, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		kept = f
		// A content that is known already keeps its row; a check for malware that it has had since counts for all.
		err := tx.QueryRow(ctx, `
			INSERT INTO media_files (tenant_id, id, sha256, size, type, scan)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT ON CONSTRAINT media_files_content_key DO UPDATE
			SET scan = CASE WHEN excluded.scan = 'clean' THEN 'clean' ELSE media_files.scan END
			RETURNING id, kept`, tenant, f.ID, f.SHA256[:], f.Size, f.Type, f.Scan).Scan(&kept.ID, &whole)
		if err != nil {
			return fmt.Errorf("reserve a file: %w", err)
		}
		tag, err := tx.Exec(ctx, `
			UPDATE media
			SET file_id = $3
			WHERE tenant_id = $1 AND id = $2 AND state = 'pending'`, tenant, id, kept.ID)
		if err == nil && tag.RowsAffected() == 0 {
			err = whatsapp.ErrMediaSettled
		}
		return err
	})
	return kept, whole, err
}

// SettleMedia implements whatsapp.MediaStore.
func (s *WhatsAppStore) SettleMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, state whatsapp.MediaState, reason whatsapp.MediaReason) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error { return settleMedia(ctx, tx, tenant, id, state, reason) })
}

func settleMedia(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MediaID, state whatsapp.MediaState, reason whatsapp.MediaReason) error {
	var conversation *flomastr.ConversationID
	var message *flomastr.MessageID
	var unread bool
	err := tx.QueryRow(ctx, `
		UPDATE media
		SET state = $3, reason = $4, file_id = CASE WHEN $3 = 'stored' THEN file_id END,
		    reading = CASE WHEN $3 <> 'stored' AND reading = 'pending' THEN 'failed' ELSE reading END, updated_at = now()
		WHERE tenant_id = $1 AND id = $2 AND state = 'pending'
		RETURNING conversation_id, message_id, reading = 'failed'`, tenant, id, state, reason).Scan(&conversation, &message, &unread)
	if errors.Is(err, pgx.ErrNoRows) {
		return whatsapp.ErrMediaSettled
	}
	if err != nil {
		return fmt.Errorf("settle a file: %w", err)
	}
	if state == whatsapp.MediaStored {
		_, err = tx.Exec(ctx, `
			UPDATE media_files
			SET kept = true
			WHERE tenant_id = $1 AND id = (SELECT file_id FROM media WHERE tenant_id = $1 AND id = $2)`, tenant, id)
		if err != nil {
			return fmt.Errorf("note that a file is kept: %w", err)
		}
	}
	if message == nil { // an upload: nobody waits for it but its caller
		return nil
	}
	if unread {
		if err := letTurnGo(ctx, tx, tenant, *conversation, *message); err != nil {
			return err
		}
	}
	return mediaChanged(ctx, tx, tenant, *conversation, *message)
}

func mediaChanged(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, message flomastr.MessageID) error {
	return appendEvent(ctx, tx, tenant, "message.changed", map[string]string{
		"conversation_id": conversation.String(), "message_id": message.String(), "type": "media",
	})
}

// SaveReading implements whatsapp.MediaStore.
func (s *WhatsAppStore) SaveReading(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, reading whatsapp.Reading, text string) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error { return saveReading(ctx, tx, tenant, id, reading, text) })
}

func saveReading(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MediaID, reading whatsapp.Reading, text string) error {
	var conversation flomastr.ConversationID
	var message flomastr.MessageID
	err := tx.QueryRow(ctx, `
		UPDATE media
		SET reading = $3, text = $4, updated_at = now()
		WHERE tenant_id = $1 AND id = $2 AND reading = 'pending'
		RETURNING conversation_id, message_id`, tenant, id, reading, text).Scan(&conversation, &message)
	if errors.Is(err, pgx.ErrNoRows) {
		return whatsapp.ErrMediaSettled
	}
	if err != nil {
		return fmt.Errorf("keep the words in a file: %w", err)
	}
	if err := letTurnGo(ctx, tx, tenant, conversation, message); err != nil {
		return err
	}
	return mediaChanged(ctx, tx, tenant, conversation, message)
}

// SettleForsaken implements whatsapp.MediaKeepStore.
func (s *WhatsAppStore) SettleForsaken(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (n int, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, state
			FROM media
			WHERE tenant_id = $1 AND updated_at < $2 AND (state = 'pending' OR state = 'stored' AND reading = 'pending')
			LIMIT $3
			FOR UPDATE SKIP LOCKED`, tenant, before, limit)
		if err != nil {
			return err
		}
		var id flomastr.MediaID
		var state whatsapp.MediaState
		found := map[flomastr.MediaID]whatsapp.MediaState{}
		if _, err := pgx.ForEachRow(rows, []any{&id, &state}, func() error { found[id] = state; return nil }); err != nil {
			return err
		}
		for id, state := range found {
			if state == whatsapp.MediaPending {
				err = settleMedia(ctx, tx, tenant, id, whatsapp.MediaFailed, whatsapp.MediaUnreachable)
			} else {
				err = saveReading(ctx, tx, tenant, id, whatsapp.ReadingFailed, "")
			}
			if err != nil {
				return err
			}
		}
		n = len(found)
		return nil
	})
	return n, err
}

// burstRest is how long a turn rests after its first message in any case: who sends a file often says something about it.
const burstRest = "1500 milliseconds"

// letTurnGo makes the turn of a message due that waits for nothing but its files, once the last of them is read. The turn is
// locked first: of two files that are read at once the second sees the first.
func letTurnGo(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, message flomastr.MessageID) error {
	if _, err := tx.Exec(ctx, `
		SELECT FROM jobs
		WHERE tenant_id = $1 AND id = (SELECT job_id FROM messages WHERE tenant_id = $1 AND id = $2 AND created_at = $3)
		FOR NO KEY UPDATE`, tenant, message, timeOf(message)); err != nil {
		return fmt.Errorf("lock a turn: %w", err)
	}
	var ready time.Time
	err := tx.QueryRow(ctx, `
		UPDATE jobs j
		SET ready_at = least(j.ready_at, greatest(now(), j.created_at + interval '`+burstRest+`'))
		WHERE j.tenant_id = $1 AND j.state = 'queued' AND j.attempts = 0 AND j.ready_at > now()
		  AND j.id = (SELECT job_id FROM messages WHERE tenant_id = $1 AND id = $2 AND created_at = $3)
		  AND NOT EXISTS (
		    SELECT FROM media x
		    JOIN messages m ON m.tenant_id = $1 AND m.id = x.message_id AND m.job_id = j.id
		    WHERE x.tenant_id = $1 AND x.conversation_id = $4 AND x.reading = 'pending')
		RETURNING j.ready_at`, tenant, message, timeOf(message), conversation).Scan(&ready)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("let a turn go on: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE lanes
		SET ready_at = CASE WHEN lease_until > now() THEN ready_at ELSE least(coalesce(ready_at, 'infinity'), $3) END
		WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'turn'`, tenant, conversation, ready)
	if err != nil {
		return fmt.Errorf("let a turn go on: %w", err)
	}
	return bringForward(ctx, tx, tenant, whatsapp.LaneTurn, 0)
}

// RetryMedia implements whatsapp.MediaStore.
func (s *WhatsAppStore) RetryMedia(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.MediaID) (a whatsapp.Attached, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE media
			SET state = 'pending', reason = '', reading = CASE WHEN reading = 'failed' THEN 'pending' ELSE reading END, updated_at = now()
			WHERE tenant_id = $1 AND id = $2 AND state = 'failed'`, tenant, id)
		if err != nil {
			return fmt.Errorf("ask for a file again: %w", err)
		}
		if a, err = readAttached(ctx, tx, tenant, id); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return whatsapp.ErrMediaNotFailed
		}
		if err := appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: by, Action: "media.fetch_again", Object: "media " + id.String(),
			Detail: map[string]string{"conversation": a.Conversation.String()},
		}); err != nil {
			return err
		}
		if err := mediaChanged(ctx, tx, tenant, a.Conversation, a.Message); err != nil {
			return err
		}
		return s.db.enqueueFetch(ctx, tx, whatsapp.MediaFetchArgs{Tenant: tenant, Media: id})
	})
	return a, err
}

// ExpireMedia implements whatsapp.MediaKeepStore.
func (s *WhatsAppStore) ExpireMedia(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (n int, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			DELETE FROM media
			WHERE tenant_id = $1 AND id IN (
			  SELECT id
			  FROM media
			  WHERE tenant_id = $1 AND (message_id < $2 OR message_id IS NULL AND created_at < now() - make_interval(secs => $4))
			  ORDER BY id
			  LIMIT $3)`,
			tenant, firstAt[flomastr.MessageID](before), limit, whatsapp.UploadUseful.Seconds())
		n = int(tag.RowsAffected())
		return err
	})
	return n, err
}

// unusedAfter is how long a file may be on its way from a row to a medium that points to it.
const unusedAfter = "1 hour"

// DropUnusedFiles implements whatsapp.MediaKeepStore.
func (s *WhatsAppStore) DropUnusedFiles(ctx context.Context, tenant flomastr.TenantID, limit int) (n int, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			DELETE FROM media_files
			WHERE tenant_id = $1 AND id IN (
			  SELECT f.id
			  FROM media_files f
			  WHERE f.tenant_id = $1 AND f.created_at < now() - interval '`+unusedAfter+`'
			    AND NOT EXISTS (SELECT FROM media m WHERE m.tenant_id = $1 AND m.file_id = f.id)
			  LIMIT $2
			  FOR UPDATE SKIP LOCKED)
			RETURNING id`, tenant, limit)
		if err != nil {
			return err
		}
		gone, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.FileID])
		if n = len(gone); err != nil || n == 0 {
			return err
		}
		return s.db.Enqueue(ctx, tx, whatsapp.MediaEraseArgs{Tenant: tenant, Files: gone}, &river.InsertOpts{Queue: MediaQueue})
	})
	return n, err
}
