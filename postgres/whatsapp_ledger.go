package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ledgerSQL is one line for each of the customers' messages that is still here, with its end.
const ledgerSQL = `
	SELECT m.id, m.provider_message_id, m.conversation_id, c.channel_id, m.type, m.created_at, j.id AS job_id, j.completed_at,
	       coalesce(nullif(a.problem, ''), nullif(j.error, ''), j.result->>'reason', '') AS reason,
	       CASE
	         WHEN j.id IS NULL THEN 'silent'
	         WHEN j.state IN ('queued', 'processing') THEN 'waiting'
	         WHEN j.state IN ('failed', 'expired') THEN 'failed'
	         WHEN j.result->>'because' = 'opted_out' THEN 'suppressed'
	         WHEN j.result->>'because' = 'person' OR j.result->>'action' = 'hand_over' THEN 'handed_over'
	         WHEN j.result->>'action' = 'silent' THEN 'silent'
	         WHEN a.state IN ('queued', 'intent') THEN 'waiting'
	         WHEN a.state IN ('failed', 'unknown') THEN a.state
	         ELSE 'answered'
	       END AS fate
	FROM messages m
	JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
	LEFT JOIN jobs j ON j.tenant_id = m.tenant_id AND j.id = m.job_id
	LEFT JOIN messages a ON a.tenant_id = m.tenant_id AND a.id = (j.result->>'message_id')::uuid
	WHERE m.tenant_id = $1 AND m.direction = 'in'`

// Ledger implements whatsapp.LedgerStore.
func (s *WhatsAppStore) Ledger(ctx context.Context, tenant flomastr.TenantID, page whatsapp.LedgerPage) (lines []whatsapp.LedgerLine, next string, err error) {
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
			SELECT id, provider_message_id, conversation_id, channel_id, type, created_at, job_id, completed_at, reason, fate
			FROM (`+ledgerSQL+` AND ($2::uuid IS NULL OR m.id < $2)) line
			WHERE $3 = '' OR fate = $3
			ORDER BY id DESC
			LIMIT $4 + 1`, tenant, before, string(page.End), page.Limit)
		if err != nil {
			return err
		}
		lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l whatsapp.LedgerLine, err error) {
			var job *flomastr.JobID
			var ended *time.Time
			err = row.Scan(&l.Message, &l.ProviderID, &l.Conversation, &l.Channel, &l.Type, &l.ReceivedAt, &job, &ended, &l.Reason, &l.End)
			if job != nil {
				l.Job = *job
			}
			l.ReceivedAt, l.EndedAt = l.ReceivedAt.UTC(), orZero(ended)
			return l, err
		})
		return err
	})
	if len(lines) > page.Limit {
		lines = lines[:page.Limit]
		next = lines[len(lines)-1].Message.String()
	}
	return lines, next, err
}

// StuckTurns implements whatsapp.LedgerStore.
func (s *WhatsAppStore) StuckTurns(ctx context.Context, after time.Duration) (list []whatsapp.Stuck, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT j.tenant_id, j.channel_id, count(*)::int, min(j.created_at)
			FROM jobs j
			JOIN tenants n ON n.id = j.tenant_id AND n.status = 'active'
			WHERE j.state IN ('queued', 'processing') AND j.created_at < now() - make_interval(secs => $1)
			GROUP BY j.tenant_id, j.channel_id`, after.Seconds())
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.Stuck])
		return err
	})
	return list, err
}

// OpenAlerts implements whatsapp.LedgerStore.
func (s *WhatsAppStore) OpenAlerts(ctx context.Context, kind whatsapp.AlertKind) (map[flomastr.TenantID][]string, error) {
	open := map[flomastr.TenantID][]string{}
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT tenant_id, object
			FROM alerts
			WHERE kind = $1 AND resolved_at IS NULL`, kind)
		if err != nil {
			return err
		}
		var tenant flomastr.TenantID
		var object string
		_, err = pgx.ForEachRow(rows, []any{&tenant, &object}, func() error {
			open[tenant] = append(open[tenant], object)
			return nil
		})
		return err
	})
	return open, err
}
