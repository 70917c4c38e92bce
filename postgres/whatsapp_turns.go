package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// recallTimeout bounds how long a turn waits for its archived history.
const recallTimeout = time.Second

// LoadTurn implements whatsapp.TurnStore.
func (s *WhatsAppStore) LoadTurn(ctx context.Context, lane whatsapp.Lane, history int) (work whatsapp.Work, err error) {
	var archivedTo int64
	var answeredTo *time.Time
	err = s.db.InTenant(ctx, lane.Tenant, func(tx pgx.Tx) error {
		work = whatsapp.Work{}
		if err := lockLane(ctx, tx, lane); err != nil {
			return err
		}
		if lane.Job.IsZero() { // the job was not due yet, or is gone
			if err := releaseTurns(ctx, tx, lane); err != nil {
				return err
			}
			work.Job.State = ""
			return nil
		}
		if lane.Missed {
			if _, err := tx.Exec(ctx, `
				UPDATE channels
				SET worker_missed_at = now()
				WHERE tenant_id = $1 AND id = $2 AND worker_missed_at IS NULL`, lane.Tenant, lane.Channel); err != nil {
				return fmt.Errorf("note that no worker came: %w", err)
			}
		}
		work.Turn = flomastr.Turn{Tenant: lane.Tenant, Channel: lane.Channel, Conversation: lane.Conversation, Job: lane.Job}
		var reworkOf *flomastr.TaskID
		var held bool
		err := tx.QueryRow(ctx, `
			SELECT j.id, j.conversation_id, j.channel_id, j.state, j.job_type, j.attempts, j.created_at,
			       c.contact_id, t.name, c.owner_kind, `+optOutSQL+`, n.time_zone, ch.number,
			       c.answered_to, c.archived_seq,
			       c.archived_seq = 0 AND NOT EXISTS (SELECT FROM messages m
			                   WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.direction = 'out'
			                     AND m.speaker = 'assistant' AND m.decision IS NOT NULL AND m.state <> 'failed'),
			       ch.mode, j.rework_of, `+heldSQL+`
			FROM jobs j
			JOIN conversations c ON c.tenant_id = $1 AND c.id = j.conversation_id
			JOIN contacts t ON t.tenant_id = $1 AND t.id = c.contact_id
			JOIN channels ch ON ch.tenant_id = $1 AND ch.id = c.channel_id
			JOIN tenants n ON n.id = $1
			WHERE j.tenant_id = $1 AND j.id = $2 AND j.state = 'processing' AND j.term = $3`, lane.Tenant, lane.Job, lane.Term).Scan(
			&work.Job.ID, &work.Job.Conversation, &work.Job.Channel, &work.Job.State, &work.Job.Type, &work.Job.Attempts, &work.Job.CreatedAt,
			&work.Turn.Contact, &work.Turn.ContactName, &work.Owner, &work.OptOut, &work.Turn.TimeZone, &work.Number, &answeredTo, &archivedTo, &work.Turn.First, &work.Mode, &reworkOf, &held)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrLeaseLost
		}
		if err != nil {
			return fmt.Errorf("read job: %w", err)
		}
		work.AnsweredTo = orZero(answeredTo)
		if held && work.Mode != whatsapp.ModeOff && work.Owner != whatsapp.OwnerMember {
			if err := takeUpHeld(ctx, tx, lane); err != nil {
				return err
			}
		}
		if reworkOf != nil {
			if work.Turn.Rework, err = readRework(ctx, tx, lane.Tenant, *reworkOf); err != nil {
				return err
			}
		}
		return loadWords(ctx, tx, lane, history, &work)
	})
	if missing := history - len(work.Turn.History); err == nil && archivedTo > 0 && missing > 0 {
		s.recallWords(ctx, lane, archivedTo, missing, &work)
	}
	return work, err
}

// recallWords puts what was said before a long silence in front of the turn's history. A turn is answered without it
// rather than late.
func (s *WhatsAppStore) recallWords(ctx context.Context, lane whatsapp.Lane, archivedTo int64, missing int, work *whatsapp.Work) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	older, err := s.archivedMessages(ctx, lane.Tenant, lane.Conversation, archivedTo+1, missing)
	if err != nil {
		s.db.log.WarnContext(ctx, "a turn goes without its archived history", "tenant_id", lane.Tenant, "error", err)
		return
	}
	var said []flomastr.TurnMessage
	for _, m := range slices.Backward(older) {
		if m.Details.RevokedAt != nil || m.State == provider.StateFailed || m.State == provider.StateQueued {
			continue // it never reached the customer
		}
		line := flomastr.TurnMessage{ID: m.ID, Speaker: m.Speaker, Type: m.Type, Text: m.Text, At: m.At}
		if m.Decision != nil {
			line.Evidence = m.Decision.Evidence
		}
		said = append(said, line)
	}
	work.Turn.History = append(said, work.Turn.History...)
}

// loadWords reads the turn's messages and what was said before them, both oldest first. What never reached the customer
// was not said.
func loadWords(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, history int, work *whatsapp.Work) error {
	rows, err := tx.Query(ctx, `
		SELECT messages.id, speaker, type, messages.text, provider_at, decision->'evidence', coalesce(job_id = $3 AND direction = 'in', false) AS asked,
		       coalesce(heard.kind, ''), coalesce(heard.text, '')
		FROM messages
		LEFT JOIN LATERAL (
		  SELECT x.kind, x.text FROM media x WHERE x.tenant_id = $1 AND x.message_id = messages.id AND x.reading = 'done' LIMIT 1
		) heard ON messages.type <> 'text'
		WHERE tenant_id = $1 AND conversation_id = $2 AND state NOT IN ('failed', 'queued')
		  AND NOT coalesce(details ? 'revoked_at', false) -- for nobody's eyes
		  AND (target = '' OR job_id = $3) -- a reaction says nothing; an edit is in its target, unless it is to be answered
		ORDER BY seq DESC
		LIMIT $4 + (SELECT message_count FROM jobs WHERE tenant_id = $1 AND id = $3)`,
		lane.Tenant, lane.Conversation, lane.Job, history)
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	type line struct {
		flomastr.TurnMessage
		asked bool
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l line, err error) {
		var evidence []byte
		var kind whatsapp.MediaKind
		var heard string
		if err = row.Scan(&l.ID, &l.Speaker, &l.Type, &l.Text, &l.At, &evidence, &l.asked, &kind, &heard); err == nil && evidence != nil {
			err = json.Unmarshal(evidence, &l.Evidence)
		}
		l.TurnMessage = whatsapp.Hear(l.TurnMessage, kind, heard)
		return l, err
	})
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	for _, line := range slices.Backward(lines) {
		switch {
		case line.asked:
			work.Turn.Messages = append(work.Turn.Messages, line.TurnMessage)
		case len(work.Turn.Messages) == 0: // what came after the turn began belongs to the next one
			work.Turn.History = append(work.Turn.History, line.TurnMessage)
		}
	}
	return nil
}

// RetryTurn implements whatsapp.TurnStore.
func (s *WhatsAppStore) RetryTurn(ctx context.Context, lane whatsapp.Lane, after time.Duration, because string) error {
	return s.retried(ctx, lane.Tenant, func(tx pgx.Tx) error {
		if err := lockLane(ctx, tx, lane); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE jobs
			SET state = 'queued', ready_at = now() + make_interval(secs => $4), lease_token = NULL, error = $5
			WHERE tenant_id = $1 AND id = $2 AND state = 'processing' AND term = $3`,
			lane.Tenant, lane.Job, lane.Term, after.Seconds(), because)
		if err != nil {
			return fmt.Errorf("put job back: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return whatsapp.ErrLeaseLost
		}
		return releaseTurns(ctx, tx, lane)
	})
}

// SaveDecision implements whatsapp.TurnStore.
func (s *WhatsAppStore) SaveDecision(ctx context.Context, lane whatsapp.Lane, out whatsapp.Outcome) (sending whatsapp.Sending, now bool, err error) {
	again := false
	err = s.retried(ctx, lane.Tenant, func(tx pgx.Tx) error {
		sending, now, again = whatsapp.Sending{}, false, false
		if err := lockLane(ctx, tx, lane); err != nil {
			return err
		}
		changed, err := askedAgain(ctx, tx, lane)
		if changed || err != nil {
			again = changed
			return err
		}
		var owner whatsapp.Owner
		var answered, asked bool
		// The conversation's row is locked: a person who takes over at this moment does so before or after, not between.
		if err := tx.QueryRow(ctx, `
			SELECT owner_kind,
			       EXISTS (SELECT FROM messages m
			               WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.direction = 'out' AND m.speaker = 'member'
			                 AND m.seq > (SELECT max(q.seq) FROM messages q
			                              WHERE q.tenant_id = $1 AND q.conversation_id = $2 AND q.direction = 'in' AND q.job_id = $3)),
			       EXISTS (SELECT FROM tasks k WHERE k.tenant_id = $1 AND k.conversation_id = $2 AND k.status = 'open')
			FROM conversations
			WHERE tenant_id = $1 AND id = $2
			FOR UPDATE`, lane.Tenant, lane.Conversation, lane.Job).Scan(&owner, &answered, &asked); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		var optOut whatsapp.Scope // as of now that the row is ours, which the statement above does not see
		if err := tx.QueryRow(ctx, `
			SELECT `+optOutSQL+`
			FROM conversations c
			WHERE c.tenant_id = $1 AND c.id = $2`, lane.Tenant, lane.Conversation).Scan(&optOut); err != nil {
			return fmt.Errorf("look for an opt-out: %w", err)
		}
		out = out.Heeding(owner, answered, optOut)
		result := whatsapp.JobResult{
			Because: out.Because, Action: out.Decision.Action, Reason: out.Decision.Reason, Confidence: out.Decision.Confidence, Model: out.Decision.Model,
		}
		if len(out.Messages) > 0 && out.Decision.Action != flomastr.ActionSilent {
			id, err := flomastr.ParseID[flomastr.MessageID](out.Messages[0].Key)
			if err != nil {
				return fmt.Errorf("message key: %w", err)
			}
			result.Message = &id
			if sending, now, err = queueAnswer(ctx, tx, lane, out); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `
				UPDATE conversations
				SET answered_to = greatest(answered_to, (
				  SELECT max(q.provider_at)
				  FROM (SELECT provider_at, job_id, direction, details FROM messages WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT 200) q
				  WHERE q.job_id = $3 AND q.direction = 'in' AND NOT coalesce(q.details ? 'revoked_at', false))) -- nobody answered what was taken back
				WHERE tenant_id = $1 AND id = $2`, lane.Tenant, lane.Conversation, lane.Job); err != nil {
				return fmt.Errorf("note what is answered: %w", err)
			}
		}
		if len(out.Decision.Unanswered) > 0 {
			if err := noteUnanswered(ctx, tx, lane, out.Decision.Unanswered); err != nil {
				return err
			}
		}
		if out.Decision.Action == flomastr.ActionHandOver {
			change := whatsapp.OwnerChange{Kind: whatsapp.OwnerMember, Reason: out.Decision.Reason}
			if err := setOwner(ctx, tx, lane.Tenant, lane.Conversation, change); err != nil {
				return err
			}
		} else if result.Message == nil { // a message and a new owner are told by themselves
			if err := appendEvent(ctx, tx, lane.Tenant, "conversation.updated", map[string]string{"conversation_id": lane.Conversation.String()}); err != nil {
				return err
			}
		}
		if asked || out.Task != nil {
			if err := noteTask(ctx, tx, lane, out.Task); err != nil {
				return err
			}
		}
		return finishJob(ctx, tx, lane, out, result)
	})
	if err == nil && again {
		return whatsapp.Sending{}, false, whatsapp.ErrTurnChanged
	}
	return sending, now, err
}

// askedAgain puts a turn back whose words have changed since it was read. That costs it no try: it did not fail, and each
// change is one act of the customer's, as a message of its own would be.
func askedAgain(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) (bool, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE jobs
		SET state = 'queued', ready_at = now(), stale = false, lease_token = NULL, attempts = greatest(attempts - 1, 1)
		WHERE tenant_id = $1 AND id = $2 AND state = 'processing' AND term = $3 AND stale`, lane.Tenant, lane.Job, lane.Term)
	if err != nil {
		return false, fmt.Errorf("put a changed turn back: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return false, nil
	}
	return true, releaseTurns(ctx, tx, lane)
}

// finishJob ends the job and lets its lane go.
func finishJob(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, out whatsapp.Outcome, result whatsapp.JobResult) error {
	body, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	tag, err := tx.Exec(ctx, `
		UPDATE jobs
		SET state = $4, completed_at = now(), lease_token = NULL, result = $5, error = $6
		WHERE tenant_id = $1 AND id = $2 AND state = 'processing' AND term = $3`,
		lane.Tenant, lane.Job, lane.Term, out.State, body, out.Problem)
	if err != nil {
		return fmt.Errorf("finish job: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return whatsapp.ErrLeaseLost
	}
	return releaseTurns(ctx, tx, lane)
}
