package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Task implements whatsapp.TaskStore.
func (s *WhatsAppStore) Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach task.Reach) (task.Task, error) {
	return NewTaskStore(s.db).Task(ctx, tenant, id, reach)
}

// ResolveTask implements whatsapp.TaskStore. The order of the locks is that of SaveDecision: the turns' lane, the conversation, the
// task.
func (s *WhatsAppStore) ResolveTask(ctx context.Context, tenant flomastr.TenantID, r whatsapp.TaskResolution) (t task.Task, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		if t, err = readTask(ctx, tx, tenant, r.ID, r.Reach); err != nil {
			return err
		}
		channel, owner, err := lockTask(ctx, tx, tenant, t)
		if err != nil {
			return err
		}
		if t, err = readTask(ctx, tx, tenant, r.ID, r.Reach); err != nil {
			return err
		}
		if err := t.Check(r.Resolution); err != nil {
			return err
		}
		if err := endTaskBy(ctx, tx, tenant, t, r); err != nil {
			return err
		}
		if r.Publish {
			if err := s.db.Enqueue(ctx, tx, task.PublishArgs{Tenant: tenant, Task: t.ID}, nil); err != nil {
				return err
			}
		}
		switch {
		case t.Conversation.IsZero():
		case len(r.Messages) > 0:
			err = sayForTask(ctx, tx, tenant, t, r)
		case r.Action == task.ReworkRequested && !t.Job.IsZero():
			if owner == whatsapp.OwnerMember {
				return whatsapp.ErrConversationOwned
			}
			err = reworkTask(ctx, tx, whatsapp.Lane{Tenant: tenant, Conversation: t.Conversation, Channel: channel}, t)
		}
		if err != nil {
			return err
		}
		t.Status = r.Action
		if err := taskEnded(ctx, tx, tenant, t); err != nil {
			return err
		}
		if err := auditTask(ctx, tx, tenant, r.By.Actor, "task.resolved", t, map[string]string{"action": string(r.Action)}); err != nil {
			return err
		}
		t, err = readTask(ctx, tx, tenant, r.ID, task.Reach{})
		return err
	})
	return t, err
}

// lockTask takes the locks under which a task is resolved.
func lockTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, t task.Task) (channel flomastr.ChannelID, owner whatsapp.Owner, err error) {
	if !t.Conversation.IsZero() {
		if _, err := tx.Exec(ctx, `
			SELECT FROM lanes
			WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'turn'
			FOR UPDATE`, tenant, t.Conversation); err != nil {
			return channel, owner, fmt.Errorf("lock lane: %w", err)
		}
		err := tx.QueryRow(ctx, `
			SELECT channel_id, owner_kind
			FROM conversations
			WHERE tenant_id = $1 AND id = $2
			FOR UPDATE`, tenant, t.Conversation).Scan(&channel, &owner)
		if errors.Is(err, pgx.ErrNoRows) {
			return channel, owner, task.ErrNotFound
		}
		if err != nil {
			return channel, owner, fmt.Errorf("lock conversation: %w", err)
		}
	}
	_, err = tx.Exec(ctx, `
		SELECT FROM tasks
		WHERE tenant_id = $1 AND id = $2
		FOR UPDATE`, tenant, t.ID)
	if err != nil {
		return channel, owner, fmt.Errorf("lock task: %w", err)
	}
	return channel, owner, nil
}

// endTaskBy ends a task as somebody wants it, unless the customer has written something that a draft does not know of. Nothing keeps
// a person from writing themselves, or from rejecting.
func endTaskBy(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, t task.Task, r whatsapp.TaskResolution) error {
	var first flomastr.MessageID
	if len(r.Messages) > 0 {
		var err error
		if first, err = flomastr.ParseID[flomastr.MessageID](r.Messages[0].Key); err != nil {
			return fmt.Errorf("message key: %w", err)
		}
	}
	var outdated bool
	if err := tx.QueryRow(ctx, `
		UPDATE tasks k
		SET status = $3, resolved_at = now(), resolved_by = $4, feedback = $5, reply = $6, message_id = $7, card = CASE WHEN $8 THEN $9 ELSE '' END
		WHERE k.tenant_id = $1 AND k.id = $2
		RETURNING EXISTS (SELECT FROM messages m
		                  WHERE m.tenant_id = $1 AND m.conversation_id = k.conversation_id AND m.seq > k.known_seq AND m.direction = 'in'
		                    AND m.job_id IS NOT NULL AND NOT coalesce(m.details ? 'revoked_at', false))`,
		tenant, t.ID, r.Action, r.By.Actor, r.Feedback, r.Says(t), first, r.Publish, r.Question).Scan(&outdated); err != nil {
		return fmt.Errorf("end task: %w", err)
	}
	if outdated && r.Action != task.Rejected && t.Kind != task.HandOver {
		return task.ErrOutdated
	}
	return nil
}

// sayForTask queues what a task's resolution says. It is a person's word: it does not yield to one. Whoever goes on with a
// conversation that was handed over has it from then on.
func sayForTask(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, t task.Task, r whatsapp.TaskResolution) error {
	out := whatsapp.Outgoing{
		Conversation: t.Conversation, Speaker: flomastr.SpeakerAssistant, Author: r.By.ID, By: r.By.Actor, Useful: r.Useful,
		Decision: &whatsapp.Decided{
			Action: flomastr.ActionAnswer, Confidence: t.Decided.Confidence, Reason: t.Decided.Reason, Model: t.Decided.Model, Evidence: t.Decided.Evidence,
		},
	}
	if r.Reply != "" && r.Reply != t.Draft {
		out.Speaker, out.Decision = r.Speaker, nil
		out.TakeOver = t.Kind == task.HandOver && r.Speaker == flomastr.SpeakerMember
	}
	for i, message := range r.Messages {
		out.Message = message
		if i > 0 {
			out.Decision = nil
		}
		if _, err := saveOutgoing(ctx, tx, tenant, out); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `
		UPDATE conversations
		SET answered_to = greatest(answered_to, (
		  SELECT max(q.provider_at)
		  FROM (SELECT provider_at, job_id, direction, details FROM messages WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT 200) q
		  WHERE q.job_id = $3 AND q.direction = 'in' AND NOT coalesce(q.details ? 'revoked_at', false)))
		WHERE tenant_id = $1 AND id = $2`, tenant, t.Conversation, t.Job); err != nil {
		return fmt.Errorf("note what is answered: %w", err)
	}
	return nil
}

// reworkTask has a turn answered anew: as a part of the one that is open, or as one of its own. What comes of it is put to a
// person again.
func reworkTask(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, t task.Task) error {
	open, err := openTurn(ctx, tx, lane, []flomastr.JobID{t.Job})
	if err != nil {
		return err
	}
	if err := moveTurn(ctx, tx, lane, []flomastr.JobID{t.Job}, open); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		UPDATE jobs
		SET rework_of = $3
		WHERE tenant_id = $1 AND id = $2`, lane.Tenant, open, t.ID); err != nil {
		return fmt.Errorf("note a rework: %w", err)
	}
	return wakeTurn(ctx, tx, lane.Tenant, lane.Conversation, lane.Channel)
}

// NoteOverdue implements whatsapp.TaskStore. Each task is a commit of its own in its tenant.
func (s *WhatsAppStore) NoteOverdue(ctx context.Context, limit int) (n int, err error) {
	type due struct {
		Tenant flomastr.TenantID
		ID     flomastr.TaskID
	}
	var list []due
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT k.tenant_id, k.id
			FROM tasks k
			JOIN tenants n ON n.id = k.tenant_id AND n.status = 'active'
			WHERE k.status = 'open' AND k.overdue_at IS NULL AND k.due_at <= now()
			ORDER BY k.due_at
			LIMIT $1`, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[due])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find overdue tasks: %w", err)
	}
	for _, d := range list {
		if err := s.retried(ctx, d.Tenant, func(tx pgx.Tx) error { return noteOverdue(ctx, tx, d.Tenant, d.ID) }); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func noteOverdue(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.TaskID) error {
	tag, err := tx.Exec(ctx, `
		UPDATE tasks
		SET overdue_at = now()
		WHERE tenant_id = $1 AND id = $2 AND status = 'open' AND overdue_at IS NULL`, tenant, id)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	t, err := readTask(ctx, tx, tenant, id, task.Reach{})
	if err != nil {
		return err
	}
	if err := raiseAlert(ctx, tx, tenant, whatsapp.Alert{
		Kind: whatsapp.AlertTask, Severity: provider.Warning, Object: taskObject(id),
		Detail: "A task was not dealt with in time; a customer may be waiting for it.",
	}); err != nil {
		return err
	}
	return tellTask(ctx, tx, tenant, "task.updated", t)
}
