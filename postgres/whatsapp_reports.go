package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// moves is the SQL condition under which a message in state cur may go to state to. A message never goes back: lower
// states that arrive late are recorded and move nothing, a failure after the delivery is ignored, and a delivery after
// a failure wins, because the customer has the message.
func moves(cur, to string) string {
	const ranks = `ARRAY['queued', 'intent', 'unknown', 'accepted', 'sent', 'delivered', 'read']`
	return `CASE
	  WHEN ` + to + ` = 'failed' THEN ` + cur + ` IN ('queued', 'intent', 'unknown', 'accepted', 'sent')
	  WHEN ` + to + ` = 'unknown' THEN ` + cur + ` = 'intent'
	  WHEN ` + cur + ` = 'failed' THEN ` + to + ` IN ('delivered', 'read')
	  ELSE array_position(` + ranks + `, ` + to + `) > array_position(` + ranks + `, ` + cur + `)
	END`
}

// report applies the reports of a batch. Each counts once; one whose message we do not know is parked, because it may
// be faster than our own commit.
func (b *intakeBatch) report(ctx context.Context) error {
	for i := range b.intake {
		r := b.intake[i].Report
		if r == nil {
			continue
		}
		message, conversation, found, err := b.reported(ctx, b.intake[i].Channel, r.Key)
		if err != nil {
			return err
		}
		if !found {
			if _, err := b.tx.Exec(ctx, `
				INSERT INTO parked_reports (tenant_id, channel_id, provider_message_id, mark, state, at, detail)
				VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT DO NOTHING`, b.tenant, b.intake[i].Channel, r.Key, r.Mark, r.State, r.At, r.Detail); err != nil {
				return fmt.Errorf("park report: %w", err)
			}
			continue
		}
		if err := applyReport(ctx, b.tx, b.tenant, message, conversation, *r); err != nil {
			return err
		}
		if err := b.effect(ctx, b.intake[i].Channel, conversation, *r); err != nil {
			return err
		}
	}
	return nil
}

// reported finds the message that a report is about, among those of the report's own channel.
func (b *intakeBatch) reported(ctx context.Context, channel flomastr.ChannelID, key string) (id flomastr.MessageID, conversation flomastr.ConversationID, found bool, err error) {
	var rows pgx.Rows
	if ours, parseErr := flomastr.ParseID[flomastr.MessageID](key); parseErr == nil {
		rows, err = b.tx.Query(ctx, `
			SELECT message_id, conversation_id
			FROM outbox
			WHERE tenant_id = $1 AND message_id = $2 AND channel_id = $3`, b.tenant, ours, channel)
	} else {
		rows, err = b.tx.Query(ctx, `
			SELECT message_id, conversation_id
			FROM outbox
			WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3`, b.tenant, channel, key)
	}
	if err != nil {
		return id, conversation, false, fmt.Errorf("find reported message: %w", err)
	}
	_, err = pgx.ForEachRow(rows, []any{&id, &conversation}, func() error {
		found = true
		return nil
	})
	return id, conversation, found, err
}

// applyReport records a report once and moves the message's state if it may. Being read implies having been delivered.
func applyReport(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message flomastr.MessageID, conversation flomastr.ConversationID, r provider.Report) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO message_events (tenant_id, message_id, mark, conversation_id, state, at, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, tenant, message, r.Mark, conversation, r.State, r.At, r.Detail)
	if err != nil {
		return fmt.Errorf("record report: %w", err)
	}
	if tag.RowsAffected() == 0 || r.State == "" {
		return nil
	}
	return moveMessage(ctx, tx, tenant, message, conversation, r.State, r.Detail)
}

// moveMessage moves a message's public state forward, never back, and tells the live pages.
func moveMessage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message flomastr.MessageID, conversation flomastr.ConversationID, to provider.State, problem string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE messages
		SET state = $4::text, problem = $5
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND `+moves("state", "$4::text"),
		tenant, message, timeOf(message), string(to), problem)
	if err != nil {
		return fmt.Errorf("move message: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return appendEvent(ctx, tx, tenant, "message.state", map[string]string{
		"conversation_id": conversation.String(), "message_id": message.String(), "state": string(to), "problem": problem,
	})
}

// effect does what a failure means beyond its message.
func (b *intakeBatch) effect(ctx context.Context, channel flomastr.ChannelID, conversation flomastr.ConversationID, r provider.Report) error {
	switch r.Effect {
	case provider.PauseChannel:
		return pauseChannel(ctx, b.tx, b.tenant, channel, r.Detail)
	case provider.CloseWindow:
		return closeWindow(ctx, b.tx, b.tenant, conversation, r.At)
	default:
		return suppressConversation(ctx, b.tx, b.tenant, conversation, r.Effect, r.Detail)
	}
}

// closeWindow believes the provider when it says that the 24 hours are over, unless the customer wrote since.
func closeWindow(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, at time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE conversations
		SET window_until = least(window_until, now())
		WHERE tenant_id = $1 AND id = $2 AND coalesce(received_at, '-infinity') < $3`, tenant, conversation, at)
	if err != nil {
		return fmt.Errorf("close window: %w", err)
	}
	return nil
}

// applyParked applies what was reported about a message before we had committed the provider's id of it.
func applyParked(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, s whatsapp.Sending, providerID string) error {
	if providerID == "" {
		return nil
	}
	rows, err := tx.Query(ctx, `
		DELETE FROM parked_reports
		WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3
		RETURNING mark, state, at, detail`, tenant, s.Lane.Channel, providerID)
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	parked, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r provider.Report, err error) {
		err = row.Scan(&r.Mark, &r.State, &r.At, &r.Detail)
		return r, err
	})
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	message, err := flomastr.ParseID[flomastr.MessageID](s.Message.Key)
	if err != nil {
		return fmt.Errorf("message key: %w", err)
	}
	for _, r := range parked {
		if err := applyReport(ctx, tx, tenant, message, s.Lane.Conversation, r); err != nil {
			return err
		}
	}
	return nil
}
