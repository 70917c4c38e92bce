package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
)

// The dead letters of tenant $1: messages that failed, or whose outcome a report has not told for $2 seconds, and turns that
// were given up.
const (
	deadMessagesSQL = `
		SELECT m.id, 'message' AS kind, m.conversation_id, m.text, m.state = 'unknown' AS unknown, m.problem AS reason, o.attempts, m.created_at,
		       coalesce(o.settled_at, m.created_at) AS failed_at
		FROM messages m
		JOIN outbox o ON o.tenant_id = m.tenant_id AND o.message_id = m.id AND o.dealt_at IS NULL
		WHERE m.tenant_id = $1 AND m.direction = 'out' AND m.state IN ('failed', 'unknown')
		  AND (m.state = 'failed' OR o.settled_at < now() - make_interval(secs => $2))`
	deadTurnsSQL = `
		SELECT j.id, 'turn', j.conversation_id,
		       coalesce((SELECT string_agg(m.text, E'\n' ORDER BY m.seq) FROM messages m
		                 WHERE m.tenant_id = j.tenant_id AND m.conversation_id = j.conversation_id AND m.job_id = j.id AND m.direction = 'in'), ''),
		       false, j.error, j.attempts, j.created_at, coalesce(j.completed_at, j.created_at)
		FROM jobs j
		WHERE j.tenant_id = $1 AND j.state IN ('failed', 'expired') AND j.dealt_at IS NULL`
)

// DeadLetters implements whatsapp.DeadLetterStore. Ids of both kinds sort by time.
func (s *WhatsAppStore) DeadLetters(ctx context.Context, tenant flomastr.TenantID, page whatsapp.DeadPage) (list []whatsapp.DeadLetter, next string, err error) {
	var before *flomastr.MessageID
	if page.Cursor != "" {
		id, err := flomastr.ParseID[flomastr.MessageID](page.Cursor)
		if err != nil {
			return nil, "", ErrBadCursor.Because(err)
		}
		before = &id
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT d.id::text, d.kind, d.conversation_id, c.channel_id, c.contact_id, t.name, t.phone, d.text, d.unknown, d.reason, d.attempts, d.created_at, d.failed_at
			FROM (`+deadMessagesSQL+` UNION ALL `+deadTurnsSQL+`) d
			JOIN conversations c ON c.tenant_id = $1 AND c.id = d.conversation_id
			JOIN contacts t ON t.tenant_id = $1 AND t.id = c.contact_id
			WHERE ($3 = '' OR d.kind = $3) AND ($4::uuid IS NULL OR d.id < $4)
			ORDER BY d.id DESC
			LIMIT $5 + 1`, tenant, whatsapp.UnknownFor.Seconds(), string(page.Kind), before, page.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d whatsapp.DeadLetter, err error) {
			err = row.Scan(&d.ID, &d.Kind, &d.Conversation, &d.Channel, &d.Contact.ID, &d.Contact.Name, &d.Contact.Phone, &d.Text, &d.Unknown,
				&d.Reason, &d.Attempts, &d.CreatedAt, &d.FailedAt)
			d.CreatedAt, d.FailedAt = d.CreatedAt.UTC(), d.FailedAt.UTC()
			return d, err
		})
		return err
	})
	if err == nil && len(list) > page.Limit {
		list = list[:page.Limit]
		next = list[len(list)-1].ID
	}
	return list, next, err
}

// DeadContent implements whatsapp.DeadLetterStore.
func (s *WhatsAppStore) DeadContent(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (out whatsapp.Outgoing, channel flomastr.ChannelID, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var raw []byte
		err := tx.QueryRow(ctx, `
			SELECT o.conversation_id, o.channel_id, o.content, o.marketing
			FROM outbox o
			JOIN (`+deadMessagesSQL+`) d ON d.id = o.message_id
			WHERE o.tenant_id = $1 AND o.message_id = $3`, tenant, whatsapp.UnknownFor.Seconds(), id).Scan(&out.Conversation, &channel, &raw, &out.Marketing)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrDeadLetterNotFound
		}
		if err != nil {
			return fmt.Errorf("read a dead letter: %w", err)
		}
		var content outboxContent
		if err := json.Unmarshal(raw, &content); err != nil {
			return fmt.Errorf("decode outbox: %w", err)
		}
		out.Message = content.message(id, "")
		return nil
	})
	return out, channel, err
}

// ResendMessage implements whatsapp.DeadLetterStore. The row is taken first: of two people one sends.
func (s *WhatsAppStore) ResendMessage(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID, twice bool, out whatsapp.Outgoing) (m whatsapp.Message, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		unknown, err := dealWith(ctx, tx, tenant, id, "resent")
		if err != nil {
			return err
		}
		if unknown && !twice {
			return whatsapp.ErrMayArriveTwice
		}
		if m, err = saveOutgoing(ctx, tx, tenant, out); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: out.By, Action: "message.resent", Object: "message " + id.String(), Detail: map[string]string{"as": m.ID.String()},
		})
	})
	return m, err
}

// dealWith marks a dead message as dealt with; unknown tells whether it may have arrived. The message is locked first, so that
// a report of it counts before or after, not between.
func dealWith(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MessageID, how string) (unknown bool, err error) {
	if _, err := tx.Exec(ctx, `
		SELECT FROM messages
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3
		FOR UPDATE`, tenant, id, timeOf(id)); err != nil {
		return false, fmt.Errorf("lock a dead letter: %w", err)
	}
	err = tx.QueryRow(ctx, `
		UPDATE outbox o
		SET dealt_at = now(), dealt_how = $4
		FROM (`+deadMessagesSQL+`) d
		WHERE o.tenant_id = $1 AND o.message_id = $3 AND d.id = o.message_id AND o.dealt_at IS NULL
		RETURNING d.unknown`, tenant, whatsapp.UnknownFor.Seconds(), id, how).Scan(&unknown)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, whatsapp.ErrDeadLetterNotFound
	}
	if err != nil {
		return false, fmt.Errorf("deal with a dead letter: %w", err)
	}
	return unknown, nil
}

// RetryDeadTurn implements whatsapp.DeadLetterStore. What the customer was told instead of an answer stays said, and is no
// answer any more.
func (s *WhatsAppStore) RetryDeadTurn(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.JobID) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		var conversation flomastr.ConversationID
		var channel flomastr.ChannelID
		// One attempt is counted, so that nobody's next message joins what is old.
		err := tx.QueryRow(ctx, `
			UPDATE jobs
			SET state = 'queued', attempts = 1, ready_at = now(), stale = false, lease_token = NULL, completed_at = NULL, result = NULL, error = ''
			WHERE tenant_id = $1 AND id = $2 AND state IN ('failed', 'expired') AND dealt_at IS NULL
			RETURNING conversation_id, channel_id`, tenant, id).Scan(&conversation, &channel)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrDeadLetterNotFound
		}
		if err != nil {
			return fmt.Errorf("put a turn back: %w", err)
		}
		tag, err := tx.Exec(ctx, `
			UPDATE conversations c
			SET answered_to = turn.first - interval '1 microsecond'
			FROM (SELECT min(provider_at) AS first, max(provider_at) AS last FROM messages
			      WHERE tenant_id = $1 AND conversation_id = $2 AND job_id = $3 AND direction = 'in') turn
			WHERE c.tenant_id = $1 AND c.id = $2 AND turn.last IS NOT NULL AND coalesce(c.answered_to <= turn.last, true)`, tenant, conversation, id)
		if err != nil {
			return fmt.Errorf("forget an answer: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return whatsapp.ErrAnsweredSince
		}
		if _, err := tx.Exec(ctx, `UPDATE outbox SET job_id = NULL, part = NULL WHERE tenant_id = $1 AND job_id = $2`, tenant, id); err != nil {
			return fmt.Errorf("forget an answer: %w", err)
		}
		if err := wakeTurn(ctx, tx, tenant, conversation, channel); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: "turn.retried", Object: "turn " + id.String()})
	})
}

// Discard implements whatsapp.DeadLetterStore.
func (s *WhatsAppStore) Discard(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, kind whatsapp.DeadKind, id string) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		if kind == whatsapp.DeadMessage {
			message, err := flomastr.ParseID[flomastr.MessageID](id)
			if err != nil {
				return whatsapp.ErrDeadLetterNotFound
			}
			if _, err := dealWith(ctx, tx, tenant, message, "discarded"); err != nil {
				return err
			}
		} else {
			tag, err := tx.Exec(ctx, `
				UPDATE jobs
				SET dealt_at = now()
				WHERE tenant_id = $1 AND id = $2 AND state IN ('failed', 'expired') AND dealt_at IS NULL`, tenant, id)
			if err != nil {
				return fmt.Errorf("discard a turn: %w", err)
			}
			if tag.RowsAffected() == 0 {
				return whatsapp.ErrDeadLetterNotFound
			}
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: string(kind) + ".discarded", Object: string(kind) + " " + id})
	})
}
