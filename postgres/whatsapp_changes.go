package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// about tells whether a message is about another one, and so no part of the talk by itself.
func about(in *whatsapp.Arrival) bool { return in.Target != "" }

// changeOf is what an arrival does to its target.
func changeOf(in *whatsapp.Arrival) whatsapp.Change {
	c := whatsapp.Change{Type: in.Type, Text: in.Text, At: in.SentAt}
	if in.Type == whatsapp.TypeReaction {
		c.Text = in.Choice
	}
	return c
}

// change applies reactions, edits and revocations to the messages that they are about. One whose target has not come yet
// stays as it is and makes its conversation loose: the target finds it when it comes. One whose target has moved to the
// archive is applied by a job.
func (b *intakeBatch) change(ctx context.Context, fresh []int, threads []*thread) error {
	for _, i := range fresh {
		in, t := b.intake[i].Inbound, threads[i]
		if !about(in) {
			if t.loose {
				if err := b.gather(ctx, i, t); err != nil {
					return err
				}
			}
			continue
		}
		target, found, err := b.targetOf(ctx, b.intake[i].Channel, t.conversation, in)
		if err != nil {
			return err
		}
		if !found && !target.id.IsZero() {
			args := whatsapp.ChangeArchivedArgs{Tenant: b.tenant, Target: target.id, By: in.Message}
			if err := b.db.Enqueue(ctx, b.tx, args, nil); err != nil {
				return err
			}
			continue
		}
		if !found {
			t.loose = true
			if _, err := b.tx.Exec(ctx, `
				UPDATE conversations
				SET loose = true
				WHERE tenant_id = $1 AND id = $2`, b.tenant, t.conversation); err != nil {
				return fmt.Errorf("mark conversation: %w", err)
			}
			continue
		}
		if err := b.apply(ctx, b.intake[i], target, in.Message, changeOf(in)); err != nil {
			return err
		}
	}
	return nil
}

// gather applies what came before the message that it is about.
func (b *intakeBatch) gather(ctx context.Context, i int, t *thread) error {
	in := b.intake[i].Inbound
	rows, err := b.tx.Query(ctx, `
		SELECT id, type, text, coalesce(details->>'choice', ''), provider_at
		FROM messages
		WHERE tenant_id = $1 AND conversation_id = $2 AND target = $3 AND target <> '' AND coalesce(details->>'applied', '') = ''
		ORDER BY seq`, b.tenant, t.conversation, in.ProviderID)
	if err != nil {
		return fmt.Errorf("find what waits for its target: %w", err)
	}
	type waiting struct {
		id     flomastr.MessageID
		change whatsapp.Change
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w waiting, err error) {
		var choice string
		err = row.Scan(&w.id, &w.change.Type, &w.change.Text, &choice, &w.change.At)
		if w.change.Type == whatsapp.TypeReaction {
			w.change.Text = choice
		}
		return w, err
	})
	if err != nil {
		return fmt.Errorf("find what waits for its target: %w", err)
	}
	for _, w := range list {
		target, err := b.readTarget(ctx, in.Message)
		if err != nil {
			return err
		}
		if w.change.Type != whatsapp.TypeReaction && target.direction != in.Direction {
			continue
		}
		if err := b.apply(ctx, b.intake[i], target, w.id, w.change); err != nil {
			return err
		}
	}
	return nil
}

// target is a message that another one is about.
type target struct {
	id           flomastr.MessageID
	conversation flomastr.ConversationID
	direction    whatsapp.Direction
	about        string
	text         string
	details      whatsapp.Details
	job          *flomastr.JobID
	jobState     string
	jobAction    flomastr.Action
}

// targetOf finds what an arrival is about among the messages of its own conversation. People change what they wrote
// themselves, and react to anything. One that is known and not here is not found, and has an id.
func (b *intakeBatch) targetOf(ctx context.Context, channel flomastr.ChannelID, conversation flomastr.ConversationID, in *whatsapp.Arrival) (target, bool, error) {
	var id flomastr.MessageID
	err := b.tx.QueryRow(ctx, `
		SELECT message_id
		FROM inbound_receipts
		WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3`, b.tenant, channel, in.Target).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		var found map[int]reportedMessage
		if found, err = b.reported(ctx, []flomastr.ChannelID{channel}, []string{in.Target}); err == nil && len(found) == 0 {
			return target{}, false, nil
		}
		id = found[0].id
	}
	if err != nil {
		return target{}, false, fmt.Errorf("find the message that another is about: %w", err)
	}
	t, err := b.readTarget(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) { // archived, or deleted at the end of its retention
		return target{id: id}, false, nil
	}
	if err != nil || t.conversation != conversation || t.about != "" || !mayChange(in.Type, in.Direction, t.direction) {
		return target{}, false, err
	}
	return t, true, nil
}

// mayChange tells whether a change of a type, written on one side, is for a message written on another.
func mayChange(change string, by, of whatsapp.Direction) bool {
	return by == of || change == whatsapp.TypeReaction
}

func (b *intakeBatch) readTarget(ctx context.Context, id flomastr.MessageID) (t target, err error) {
	t.id = id
	var details []byte
	err = b.tx.QueryRow(ctx, `
		SELECT m.conversation_id, m.direction, m.target, m.text, m.details, m.job_id, coalesce(j.state, ''), coalesce(j.result->>'action', '')
		FROM messages m
		LEFT JOIN jobs j ON j.tenant_id = $1 AND j.id = m.job_id
		WHERE m.tenant_id = $1 AND m.id = $2 AND m.created_at = $3
		FOR UPDATE OF m`, b.tenant, id, timeOf(id)).Scan(
		&t.conversation, &t.direction, &t.about, &t.text, &details, &t.job, &t.jobState, &t.jobAction)
	if err == nil && details != nil {
		err = json.Unmarshal(details, &t.details)
	}
	return t, err
}

// apply changes a message, its conversation's summary, and the turn that it belongs to: one that nobody has begun reads the
// new words by itself, one that is being answered is answered again, and one that was answered is answered anew when the
// words say something else.
func (b *intakeBatch) apply(ctx context.Context, in whatsapp.Intake, t target, by flomastr.MessageID, change whatsapp.Change) error {
	text, details := change.Apply(t.text, t.details)
	body, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("encode details: %w", err)
	}
	shown := text
	var batch pgx.Batch
	if details.RevokedAt != nil {
		shown = ""
		batch.Queue(revokeMediaSQL, b.tenant, t.id, whatsapp.MediaRevoked)
	}
	batch.Queue(`
		UPDATE messages
		SET text = $4, details = $5
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3`, b.tenant, t.id, timeOf(t.id), text, body)
	if t.job != nil && change.Type != whatsapp.TypeReaction {
		batch.Queue(forgetUnansweredSQL, b.tenant, *t.job)
		batch.Queue(`
			UPDATE jobs
			SET stale = true
			WHERE tenant_id = $1 AND id = $2 AND state = 'processing'`, b.tenant, *t.job)
	}
	if err := b.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("change message: %w", err)
	}
	if change.Type != whatsapp.TypeReaction && t.direction == whatsapp.In {
		if err := b.noticeAnew(ctx, t.id, change.Type == whatsapp.TypeEdit); err != nil {
			return err
		}
	}
	if err := showChange(ctx, b.tx, b.tenant, shownChange{t.conversation, t.id, by, change.Type, t.text, shown}); err != nil {
		return err
	}
	if t.job != nil && details.RevokedAt != nil {
		if err := forgetAsked(ctx, b.tx, b.tenant, t.conversation, *t.job, t.text); err != nil {
			return err
		}
	}
	// Given up with an apology is answered as well.
	answered := slices.Contains([]string{whatsapp.JobCompleted, whatsapp.JobFailed, whatsapp.JobExpired}, t.jobState) && t.jobAction != flomastr.ActionSilent
	if change.Type == whatsapp.TypeEdit && answered && text == change.Text && whatsapp.Material(t.text, text) {
		return b.answerAnew(ctx, in, t.conversation, by)
	}
	return nil
}

// shownChange is a change that was done, as its conversation shows it: what the target said and what it says now.
type shownChange struct {
	conversation flomastr.ConversationID
	target, by   flomastr.MessageID
	kind         string
	was, now     string
}

// showChange notes that a change is done, brings the conversation's summary up to date and tells the live pages.
func showChange(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, c shownChange) error {
	var batch pgx.Batch
	batch.Queue(`
		UPDATE messages
		SET details = coalesce(details, '{}') || '{"applied": true}'
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3`, tenant, c.by, timeOf(c.by))
	batch.Queue(`
		UPDATE conversations
		SET last_text = $4
		WHERE tenant_id = $1 AND id = $2 AND last_text = $3 AND last_text <> ''`,
		tenant, c.conversation, provider.Truncate(c.was, 160), provider.Truncate(c.now, 160))
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("show a change: %w", err)
	}
	return appendEvent(ctx, tx, tenant, "message.changed", map[string]string{
		"conversation_id": c.conversation.String(), "message_id": c.target.String(), "type": c.kind,
	})
}

// answerAnew makes an edit a message to be answered.
func (b *intakeBatch) answerAnew(ctx context.Context, in whatsapp.Intake, conversation flomastr.ConversationID, edit flomastr.MessageID) error {
	if _, err := b.tx.Exec(ctx, `
		WITH turn AS (
		  INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, ready_at, hand, head_start, ruled)
		  VALUES ($1, $2, $3, $4, now(), $7, make_interval(secs => $8), $9)
		  ON CONFLICT (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0 DO UPDATE
		  SET message_count = jobs.message_count + 1,
		      `+joinedHandSQL+`
		  RETURNING id
		)
		UPDATE messages
		SET job_id = turn.id
		FROM turn
		WHERE tenant_id = $1 AND messages.id = $5 AND created_at = $6`,
		b.tenant, flomastr.NewID[flomastr.JobID](), conversation, in.Channel, edit, timeOf(edit),
		in.Hand.Worker, in.Hand.HeadStart.Seconds(), in.Hand.Ruled); err != nil {
		return fmt.Errorf("answer an edit: %w", err)
	}
	return wakeTurn(ctx, b.tx, b.tenant, conversation, in.Channel)
}
