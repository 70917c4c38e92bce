package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// report applies the reports of a batch. Each counts once; one whose message we do not know is parked, because it may
// be faster than our own commit.
func (b *intakeBatch) report(ctx context.Context) error {
	for i := range b.intake {
		r := b.intake[i].Report
		if r == nil {
			continue
		}
		channel := b.intake[i].Channel
		message, conversation, found, err := b.reported(ctx, channel, r.Key)
		if err == nil && !found {
			if err = lockReports(ctx, b.tx, channel, r.Key); err == nil {
				message, conversation, found, err = b.reported(ctx, channel, r.Key)
			}
		}
		if err != nil {
			return err
		}
		about := reportedMessage{b.tenant, channel, conversation, message}
		switch {
		case !found:
			err = park(ctx, b.tx, b.tenant, channel, *r)
		default:
			if err = about.learn(ctx, b.tx, r.ProviderID); err == nil {
				err = about.hear(ctx, b.tx, *r)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lockReports makes whoever parks reports under a provider's id and whoever adopts them take turns, until the end of the
// transaction: neither sees what the other has not committed.
func lockReports(ctx context.Context, tx pgx.Tx, channel flomastr.ChannelID, key string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "reports "+channel.String()+" "+key); err != nil {
		return fmt.Errorf("lock reports: %w", err)
	}
	return nil
}

func park(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, r provider.Report) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO parked_reports (tenant_id, channel_id, provider_message_id, mark, state, at, detail, effect)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO NOTHING`, tenant, channel, r.Key, r.Mark, r.State, r.At, r.Detail, int16(r.Effect))
	if err != nil {
		return fmt.Errorf("park report: %w", err)
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

// reportedMessage is a message of ours that is reported of.
type reportedMessage struct {
	tenant       flomastr.TenantID
	channel      flomastr.ChannelID
	conversation flomastr.ConversationID
	id           flomastr.MessageID
}

// hear records a report once, moves the message's state if it may, and does what the report means beyond it. Being read
// implies having been delivered.
func (m reportedMessage) hear(ctx context.Context, tx pgx.Tx, r provider.Report) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO message_events (tenant_id, message_id, mark, conversation_id, state, at, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, m.tenant, m.id, r.Mark, m.conversation, r.State, r.At, r.Detail)
	if err != nil {
		return fmt.Errorf("record report: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	if r.State != "" {
		if err := moveMessage(ctx, tx, m.tenant, m.id, m.conversation, r.State, r.Detail); err != nil {
			return err
		}
	}
	switch r.Effect {
	case provider.PauseChannel:
		return pauseChannel(ctx, tx, m.tenant, m.channel, r.Detail)
	case provider.CloseWindow:
		return closeWindow(ctx, tx, m.tenant, m.conversation, r.At)
	default:
		return suppressConversation(ctx, tx, m.tenant, m.conversation, r.Effect, r.Detail)
	}
}

// learn keeps the provider's id of a message whose own answer did not bring it, and adopts what was reported under it.
func (m reportedMessage) learn(ctx context.Context, tx pgx.Tx, providerID string) error {
	if providerID == "" {
		return nil
	}
	tag, err := tx.Exec(ctx, `
		UPDATE outbox
		SET provider_message_id = $3
		WHERE tenant_id = $1 AND message_id = $2 AND provider_message_id = ''`, m.tenant, m.id, providerID)
	if err != nil {
		return fmt.Errorf("keep the provider's id: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	if err := lockReports(ctx, tx, m.channel, providerID); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `
		DELETE FROM parked_reports
		WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3
		RETURNING mark, state, at, detail, effect`, m.tenant, m.channel, providerID)
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	parked, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r provider.Report, err error) {
		err = row.Scan(&r.Mark, &r.State, &r.At, &r.Detail, &r.Effect)
		return r, err
	})
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	slices.SortStableFunc(parked, func(a, b provider.Report) int { return a.At.Compare(b.At) })
	for _, r := range parked {
		if err := m.hear(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// moveMessage moves a message's public state forward, never back, and tells the live pages.
func moveMessage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message flomastr.MessageID, conversation flomastr.ConversationID, to provider.State, problem string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE messages
		SET state = $4, problem = $5
		WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND state = ANY ($6)`,
		tenant, message, timeOf(message), to, problem, whatsapp.StatesBefore(to))
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
