package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Why a message that never left is no dead letter: something else goes in its place.
const (
	howAskedAgain = "asked_again"
	howReplaced   = "replaced"
)

// meet does with the lane's next message what its fate is, unless it simply goes; done says that it did.
func (h head) meet(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, fate whatsapp.Fate, problem string) error {
	switch fate {
	case whatsapp.AskedAgain:
		return h.askAgain(ctx, tx, lane)
	case whatsapp.Replaced:
		return h.replace(ctx, tx, lane)
	case whatsapp.HandedOver:
		if err := settleOutbox(ctx, tx, lane, h.id, provider.StateFailed, problem); err != nil {
			return err
		}
		if err := setOwner(ctx, tx, lane.Tenant, lane.Conversation, whatsapp.OwnerChange{Kind: whatsapp.OwnerMember, Reason: becauseWindowClosed}); err != nil {
			return err
		}
		return openTask(ctx, tx, lane, whatsapp.Opening{Kind: task.HandOver, Reason: becauseWindowClosed})
	default:
		return settleOutbox(ctx, tx, lane, h.id, provider.StateFailed, problem)
	}
}

const becauseWindowClosed = "The answer could not be sent before the 24-hour window closed; only a template can go now."

// callOffAnswers ends the answers of a conversation of which no part has left, the lane's next message among them or not, and
// tells of which turns they are.
func (h head) callOffAnswers(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, itself bool, how, problem string) ([]flomastr.JobID, error) {
	rows, err := tx.Query(ctx, `
		UPDATE outbox o
		SET phase = 'settled', settled_at = now(), dealt_at = now(), dealt_how = $3
		WHERE o.tenant_id = $1 AND o.conversation_id = $2 AND o.phase = 'queued' AND o.kind = 'answer' AND o.job_id IS NOT NULL
		  AND CASE WHEN o.message_id = $4 THEN $5::boolean
		           ELSE NOT EXISTS (SELECT FROM outbox begun
		                            WHERE begun.tenant_id = $1 AND begun.job_id = o.job_id AND begun.phase <> 'queued') END
		RETURNING o.message_id, o.job_id`, lane.Tenant, lane.Conversation, how, h.id, itself)
	if err != nil {
		return nil, fmt.Errorf("call answers off: %w", err)
	}
	type answer struct {
		Message flomastr.MessageID
		Job     flomastr.JobID
	}
	answers, err := pgx.CollectRows(rows, pgx.RowToStructByPos[answer])
	if err != nil {
		return nil, fmt.Errorf("call answers off: %w", err)
	}
	var jobs []flomastr.JobID
	for _, a := range answers {
		jobs = append(jobs, a.Job)
		if err := moveMessage(ctx, tx, lane.Tenant, a.Message, lane.Conversation, provider.StateFailed, problem); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// askAgain calls the conversation's waiting answers off and has their questions answered anew, together with whatever the
// customer wrote since: as a part of the turn that is open, or as a turn of its own.
func (h head) askAgain(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	jobs, err := h.callOffAnswers(ctx, tx, lane, true, howAskedAgain, "Not sent: it waited for too long; the question is being answered anew.")
	if err != nil {
		return err
	}
	open, err := openTurn(ctx, tx, lane, jobs)
	if err != nil {
		return err
	}
	if err := moveTurn(ctx, tx, lane, jobs, open); err != nil {
		return err
	}
	return wakeTurn(ctx, tx, lane.Tenant, lane.Conversation, lane.Channel)
}

// moveTurn makes the messages of turns a part of an open one, to be answered anew.
func moveTurn(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, jobs []flomastr.JobID, open flomastr.JobID) error {
	var moved int
	var first *time.Time
	if err := tx.QueryRow(ctx, `
		WITH moved AS (
		  UPDATE messages
		  SET job_id = $4
		  WHERE tenant_id = $1 AND conversation_id = $2 AND job_id = ANY ($3) AND direction = 'in'
		  RETURNING provider_at
		)
		SELECT count(*), min(provider_at) FROM moved`, lane.Tenant, lane.Conversation, jobs, open).Scan(&moved, &first); err != nil {
		return fmt.Errorf("ask again: %w", err)
	}
	var batch pgx.Batch
	batch.Queue(`
		UPDATE jobs
		SET message_count = message_count + $3, stale = stale OR state = 'processing'
		WHERE tenant_id = $1 AND id = $2`, lane.Tenant, open, moved)
	batch.Queue(`
		UPDATE jobs
		SET dealt_at = now()
		WHERE tenant_id = $1 AND id = ANY ($2) AND state = 'failed' AND dealt_at IS NULL`, lane.Tenant, jobs)
	batch.Queue(`
		UPDATE conversations
		SET answered_to = least(answered_to, $3::timestamptz - interval '1 microsecond')
		WHERE tenant_id = $1 AND id = $2`, lane.Tenant, lane.Conversation, first)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("ask again: %w", err)
	}
	return nil
}

// openTurn finds the turn of a conversation that is answered next, or opens one without a message, in the hands that the turns
// before it were in.
func openTurn(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, before []flomastr.JobID) (id flomastr.JobID, err error) {
	err = tx.QueryRow(ctx, `
		WITH open AS (
		  SELECT id
		  FROM jobs
		  WHERE tenant_id = $1 AND conversation_id = $2 AND state IN ('queued', 'processing')
		  ORDER BY state = 'processing' DESC, id
		  LIMIT 1
		  FOR NO KEY UPDATE
		), opened AS (
		  INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, ready_at, message_count, hand, head_start, ruled)
		  SELECT $1, $3, $2, c.id, now(), 0, coalesce(j.hand, c.worker), coalesce(j.head_start, `+headStartSQL+`), coalesce(j.ruled, false)
		  FROM channels c
		  LEFT JOIN LATERAL (
		    SELECT hand, head_start, ruled
		    FROM jobs
		    WHERE tenant_id = $1 AND id = ANY ($5)
		    ORDER BY ruled DESC, id DESC
		    LIMIT 1
		  ) j ON true
		  WHERE c.tenant_id = $1 AND c.id = $4 AND NOT EXISTS (SELECT FROM open)
		  ON CONFLICT (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0 DO UPDATE
		  SET ready_at = jobs.ready_at
		  RETURNING id
		)
		SELECT id FROM open UNION ALL SELECT id FROM opened`,
		lane.Tenant, lane.Conversation, flomastr.NewID[flomastr.JobID](), lane.Channel, before).Scan(&id)
	if err != nil {
		return id, fmt.Errorf("open a turn: %w", err)
	}
	return id, nil
}

// replace lets the fallback template go in the place of a message that the 24-hour window keeps back; in an answer's place it
// stands for the answers that wait behind it as well.
func (h head) replace(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	if h.kind == whatsapp.KindAnswer {
		if _, err := h.callOffAnswers(ctx, tx, lane, false, howReplaced, "Not sent: the 24-hour window closed; a template went instead."); err != nil {
			return err
		}
	}
	message := provider.Message{Template: h.fallback}
	content, err := json.Marshal(contentOf(message))
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	details, err := detailsOf(message)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	batch.Queue(`
		UPDATE outbox
		SET content = $3, stale_at = NULL, expires_at = greatest(expires_at, now() + interval '1 hour')
		WHERE tenant_id = $1 AND message_id = $2`, lane.Tenant, h.id, content)
	batch.Queue(`
		UPDATE messages
		SET type = $4, text = $5, details = $6
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3`, lane.Tenant, h.id, timeOf(h.id), message.Type(), message.Said(), details)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("replace a message: %w", err)
	}
	return appendEvent(ctx, tx, lane.Tenant, "message.changed", map[string]string{
		"conversation_id": lane.Conversation.String(), "message_id": h.id.String(), "type": "template",
	})
}

// wakeTurn makes a conversation's turns due.
func wakeTurn(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, channel flomastr.ChannelID) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, worker, head_start, ready_at)
		SELECT $1, $2, 'turn', $3, hand, head_start, now()
		FROM (
		  SELECT hand, head_start
		  FROM jobs
		  WHERE tenant_id = $1 AND conversation_id = $2 AND state IN ('queued', 'processing')
		  ORDER BY state = 'processing' DESC, id
		  LIMIT 1
		) head
		ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE
		SET worker = excluded.worker, head_start = excluded.head_start,
		    ready_at = CASE WHEN lanes.lease_until > now() THEN lanes.ready_at ELSE least(coalesce(lanes.ready_at, 'infinity'), now()) END`,
		tenant, conversation, channel)
	if err != nil {
		return fmt.Errorf("wake a turn: %w", err)
	}
	return bringForward(ctx, tx, tenant, whatsapp.LaneTurn, 0)
}
