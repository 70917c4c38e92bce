package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// underWaySQL tells whether something is yet to be answered or sent in conversation c of tenant $1, or lies among the dead
// letters, of which those of archived messages would not be told.
const underWaySQL = `(
	EXISTS (SELECT FROM jobs j
	        WHERE j.tenant_id = $1 AND j.conversation_id = c.id
	          AND (j.state IN ('queued', 'processing') OR j.state IN ('failed', 'expired') AND j.dealt_at IS NULL))
	OR EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.conversation_id = c.id AND o.phase <> 'settled')
	OR EXISTS (SELECT FROM messages m
	           JOIN outbox o ON o.tenant_id = $1 AND o.message_id = m.id AND o.dealt_at IS NULL
	           WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.direction = 'out' AND m.state IN ('failed', 'unknown')))`

// IdleConversations implements whatsapp.ArchiveStore.
func (s *WhatsAppStore) IdleConversations(ctx context.Context, tenant flomastr.TenantID, before time.Time, after whatsapp.Idle, limit int) (list []whatsapp.Idle, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.id, c.last_message_at
			FROM conversations c
			WHERE c.tenant_id = $1 AND c.last_message_at < $2 AND (c.last_message_at, c.id) > ($3, $4)
			  AND (c.archived_at IS NULL OR c.archived_at < c.last_message_at)
			  AND NOT `+underWaySQL+`
			ORDER BY c.last_message_at, c.id
			LIMIT $5`, tenant, before, after.Since, after.ID, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.Idle])
		return err
	})
	return list, err
}

// hotColumnsSQL reads messages m in the forms of whatsapp.Archived.
const hotColumnsSQL = `
	m.id, m.seq, m.conversation_id, m.direction, m.speaker, m.type, m.text, m.media_url, m.provider_message_id,
	(extract(epoch FROM m.provider_at) * 1000000)::bigint, coalesce(m.job_id::text, ''), m.author, m.state, m.problem,
	coalesce(m.decision::text, ''), m.raw, m.target, coalesce(m.details::text, ''),
	(SELECT coalesce(jsonb_agg(jsonb_build_object('mark', e.mark, 'state', e.state, 'at', e.at, 'detail', e.detail) ORDER BY e.at, e.mark), '[]')::text
	 FROM message_events e
	 WHERE e.tenant_id = m.tenant_id AND e.message_id = m.id)`

// ReadHot implements whatsapp.ArchiveStore.
func (s *WhatsAppStore) ReadHot(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, limit int) (list []whatsapp.Archived, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+hotColumnsSQL+`
			FROM messages m
			WHERE m.tenant_id = $1 AND m.conversation_id = $2
			ORDER BY m.seq
			LIMIT $3`, tenant, id, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.Archived])
		return err
	})
	return list, err
}

// SaveArchived implements whatsapp.ArchiveStore.
func (s *WhatsAppStore) SaveArchived(ctx context.Context, tenant flomastr.TenantID, messages []whatsapp.Archived) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, m := range messages {
			batch.Queue(`
				INSERT INTO archived_messages (id, seq, conversation_id, direction, speaker, type, text, media_url, provider_message_id,
				  provider_at, job_id, author, state, problem, decision, raw, events, target, details)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'epoch'::timestamptz + $10::bigint * interval '1 microsecond', nullif($11, '')::uuid,
				  $12, $13, $14, nullif($15, '')::jsonb, $16, $17::jsonb, $18, nullif($19, '')::jsonb)
				ON CONFLICT (id) DO UPDATE
				SET seq = excluded.seq, conversation_id = excluded.conversation_id, direction = excluded.direction, speaker = excluded.speaker,
				    type = excluded.type, text = excluded.text, media_url = excluded.media_url,
				    provider_message_id = excluded.provider_message_id, provider_at = excluded.provider_at, job_id = excluded.job_id,
				    author = excluded.author, state = excluded.state, problem = excluded.problem, decision = excluded.decision,
				    raw = excluded.raw, events = excluded.events, target = excluded.target, details = excluded.details`,
				m.ID, m.Seq, m.Conversation, m.Direction, m.Speaker, m.Type, m.Text, m.MediaURL, m.ProviderID, m.ProviderMicros, m.Job,
				m.Author, m.State, m.Problem, m.Decision, m.Raw, m.Events, m.Target, m.Details)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}

// ReadArchived implements whatsapp.ArchiveStore.
func (s *WhatsAppStore) ReadArchived(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.MessageID) (map[flomastr.MessageID]whatsapp.Archived, error) {
	var kept map[flomastr.MessageID]whatsapp.Archived
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		kept = map[flomastr.MessageID]whatsapp.Archived{}
		rows, err := tx.Query(ctx, `
			SELECT id, seq, conversation_id, direction, speaker, type, text, media_url, provider_message_id,
			       (extract(epoch FROM provider_at) * 1000000)::bigint, coalesce(job_id::text, ''), author, state, problem,
			       coalesce(decision::text, ''), raw, target, coalesce(details::text, ''), events::text
			FROM archived_messages
			WHERE id = ANY ($1)`, ids)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.Archived])
		for _, m := range list {
			kept[m.ID] = m
		}
		return err
	})
	return kept, err
}

// DropHot implements whatsapp.ArchiveStore. The conversation's row is locked, so that no message arrives between.
func (s *WhatsAppStore) DropHot(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time, messages []whatsapp.Archived) error {
	ids := make([]flomastr.MessageID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		var idle bool
		err := tx.QueryRow(ctx, `
			SELECT c.last_message_at < $3 AND NOT `+underWaySQL+`
			FROM conversations c
			WHERE c.tenant_id = $1 AND c.id = $2
			FOR NO KEY UPDATE`, tenant, id, before).Scan(&idle)
		if err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if !idle {
			return whatsapp.ErrNotIdle
		}
		// A report may have come since the copy was made.
		rows, err := tx.Query(ctx, `
			SELECT `+hotColumnsSQL+`
			FROM messages m
			WHERE m.tenant_id = $1 AND m.id = ANY ($2)
			ORDER BY m.seq
			FOR UPDATE OF m`, tenant, ids)
		if err != nil {
			return fmt.Errorf("lock messages: %w", err)
		}
		now, err := pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.Archived])
		if err != nil {
			return fmt.Errorf("lock messages: %w", err)
		}
		for i, m := range now {
			if len(now) != len(messages) || m != messages[i] {
				return whatsapp.ErrNotIdle
			}
		}
		if err := dropMessages(ctx, tx, tenant, ids); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE conversations
			SET archived_seq = greatest(archived_seq, $3)
			WHERE tenant_id = $1 AND id = $2`, tenant, id, messages[len(messages)-1].Seq)
		return err
	})
}

// MarkArchived implements whatsapp.ArchiveStore.
func (s *WhatsAppStore) MarkArchived(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE conversations c
			SET archived_at = now()
			WHERE c.tenant_id = $1 AND c.id = $2 AND c.last_message_at < $3
			  AND NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = $1 AND m.conversation_id = c.id)`, tenant, id, before)
		return err
	})
}

// ChangeArchived implements whatsapp.ArchiveStore. The archive comes first, so that the hot row says "applied" only of what is.
func (s *WhatsAppStore) ChangeArchived(ctx context.Context, tenant flomastr.TenantID, target, by flomastr.MessageID) error {
	var m whatsapp.Message
	var archived bool
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		if m, err = readMessage(ctx, tx, tenant, by); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT archived_seq > 0
			FROM conversations
			WHERE tenant_id = $1 AND id = $2`, tenant, m.Conversation).Scan(&archived)
	})
	if flomastr.KindOf(err) == flomastr.NotFound || err == nil && !archived {
		return nil // deleted at the end of its retention
	}
	if err != nil {
		return err
	}
	change := whatsapp.Change{Type: m.Type, Text: m.Text, At: m.At}
	if m.Type == whatsapp.TypeReaction {
		change.Text = m.Details.Choice
	}
	done := shownChange{conversation: m.Conversation, target: target, by: by, kind: m.Type}
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error { return changeInArchive(ctx, tx, m.Direction, change, &done) })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		if m.Type == whatsapp.TypeRevoke { // a file stays in the hot database, wherever its message is
			if _, err := tx.Exec(ctx, revokeMediaSQL, tenant, target, whatsapp.MediaRevoked); err != nil {
				return fmt.Errorf("take a file back: %w", err)
			}
		}
		if m.Type != whatsapp.TypeReaction {
			if err := forgetMessage(ctx, tx, tenant, target); err != nil {
				return err
			}
		}
		return showChange(ctx, tx, tenant, done)
	})
}

// changeInArchive changes the message and fills in what it says before and after; pgx.ErrNoRows when there is none that may be
// changed so.
func changeInArchive(ctx context.Context, tx pgx.Tx, by whatsapp.Direction, change whatsapp.Change, done *shownChange) error {
	var direction whatsapp.Direction
	var old []byte
	if err := tx.QueryRow(ctx, `
		SELECT direction, text, details
		FROM archived_messages
		WHERE id = $1 AND conversation_id = $2 AND target = ''
		FOR UPDATE`, done.target, done.conversation).Scan(&direction, &done.was, &old); err != nil {
		return err
	}
	if !mayChange(change.Type, by, direction) {
		return pgx.ErrNoRows
	}
	var details whatsapp.Details
	if old != nil {
		if err := json.Unmarshal(old, &details); err != nil {
			return fmt.Errorf("decode details: %w", err)
		}
	}
	text := done.was
	if again := change.Type == whatsapp.TypeEdit && details.EditedAt.Equal(change.At); !again { // a job may run twice
		text, details = change.Apply(done.was, details)
	}
	if details.RevokedAt == nil {
		done.now = text
	}
	body, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("encode details: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE archived_messages
		SET text = $2, details = $3
		WHERE id = $1`, done.target, text, body)
	return err
}

// archivedMessages gives a conversation's messages in the archive with a number below before, the newest first. CreatedAt
// is the time that the id tells, as it was when the message was hot.
func (s *WhatsAppStore) archivedMessages(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before int64, limit int) (list []whatsapp.Message, err error) {
	if before <= 1 {
		return nil, nil // nothing of it was ever archived
	}
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, conversation_id, seq, direction, speaker, type, text, media_url, provider_message_id, author, state, problem,
			       decision, provider_at AS created_at, provider_at, details
			FROM archived_messages
			WHERE conversation_id = $1 AND seq < $2 AND `+notAppliedSQL+`
			ORDER BY seq DESC
			LIMIT $3`, id, before, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanMessage)
		return err
	})
	for i, m := range list {
		list[i].CreatedAt = timeOf(m.ID).UTC()
	}
	return list, err
}
