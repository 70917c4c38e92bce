package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// toldOf is a report that came over a channel.
type toldOf struct {
	channel flomastr.ChannelID
	report  provider.Report
}

// report applies the reports of a batch, as many statements for five hundred as for one. Each counts once; one whose message we
// do not know is parked, because it may be faster than our own commit.
func (b *intakeBatch) report(ctx context.Context) error {
	var told []toldOf
	for i := range b.intake {
		if r := b.intake[i].Report; r != nil {
			told = append(told, toldOf{b.intake[i].Channel, *r})
		}
	}
	if len(told) == 0 {
		return nil
	}
	known, early, err := b.recognise(ctx, told)
	if err != nil {
		return err
	}
	if len(early) > 0 {
		if err := lockReports(ctx, b.tx, early); err != nil {
			return err
		}
		late, unknown, err := b.recognise(ctx, early)
		if err != nil {
			return err
		}
		if err := park(ctx, b.tx, b.tenant, unknown); err != nil {
			return err
		}
		known = append(known, late...)
	}
	for _, h := range known {
		if h.nameless && h.report.ProviderID != "" {
			if err := h.learn(ctx, b.tx, h.report.ProviderID); err != nil {
				return err
			}
		}
	}
	return hear(ctx, b.tx, b.tenant, known)
}

// recognise finds the messages that reports are about, and says which reports are about none that we know.
func (b *intakeBatch) recognise(ctx context.Context, told []toldOf) (known []heard, unknown []toldOf, err error) {
	channels, keys := make([]flomastr.ChannelID, len(told)), make([]string, len(told))
	for i, t := range told {
		channels[i], keys[i] = t.channel, t.report.Key
	}
	found, err := b.reported(ctx, channels, keys)
	if err != nil {
		return nil, nil, err
	}
	for i, t := range told {
		if m, ok := found[i]; ok {
			known = append(known, heard{m, t.report})
		} else {
			unknown = append(unknown, t)
		}
	}
	return known, unknown, nil
}

// lockReports makes whoever parks reports under a provider's ids and whoever adopts them take turns, until the end of the
// transaction: neither sees what the other has not committed. The locks are taken in the order of their keys, so that two
// never wait for each other in a circle.
func lockReports(ctx context.Context, tx pgx.Tx, told []toldOf) error {
	keys := make([]string, len(told))
	for i, t := range told {
		keys[i] = "reports " + t.channel.String() + " " + t.report.Key
	}
	slices.Sort(keys)
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(k, 0)) FROM unnest($1::text[]) AS k`, slices.Compact(keys)); err != nil {
		return fmt.Errorf("lock reports: %w", err)
	}
	return nil
}

func park(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, told []toldOf) error {
	var batch pgx.Batch
	for _, t := range told {
		r := t.report
		batch.Queue(`
			INSERT INTO parked_reports (tenant_id, channel_id, provider_message_id, mark, state, at, detail, effect)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT DO NOTHING`, tenant, t.channel, r.Key, r.Mark, r.State, r.At, r.Detail, int16(r.Effect))
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("park reports: %w", err)
	}
	return nil
}

// reported finds the messages that reports are about, each among those of its own channel, by the place of its key.
func (b *intakeBatch) reported(ctx context.Context, channels []flomastr.ChannelID, keys []string) (map[int]reportedMessage, error) {
	ours := make([]*flomastr.MessageID, len(keys))
	for i, key := range keys {
		if id, err := flomastr.ParseID[flomastr.MessageID](key); err == nil {
			ours[i] = &id
		}
	}
	rows, err := b.tx.Query(ctx, `
		SELECT k.place - 1, o.message_id, o.conversation_id, o.channel_id, o.provider_message_id = ''
		FROM unnest($2::uuid[], $3::text[], $4::uuid[]) WITH ORDINALITY AS k (channel_id, key, ours, place)
		CROSS JOIN LATERAL (
			SELECT message_id, conversation_id, channel_id, provider_message_id
			FROM outbox
			WHERE tenant_id = $1 AND message_id = k.ours AND channel_id = k.channel_id
			UNION ALL
			SELECT message_id, conversation_id, channel_id, provider_message_id
			FROM outbox
			WHERE tenant_id = $1 AND k.ours IS NULL AND channel_id = k.channel_id AND provider_message_id = k.key AND provider_message_id <> '') o`,
		b.tenant, channels, keys, ours)
	if err != nil {
		return nil, fmt.Errorf("find reported messages: %w", err)
	}
	found := make(map[int]reportedMessage, len(keys))
	var place int
	m := reportedMessage{tenant: b.tenant}
	_, err = pgx.ForEachRow(rows, []any{&place, &m.id, &m.conversation, &m.channel, &m.nameless}, func() error {
		found[place] = m
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find reported messages: %w", err)
	}
	return found, nil
}

// reportedMessage is a message of ours that is reported of.
type reportedMessage struct {
	tenant       flomastr.TenantID
	channel      flomastr.ChannelID
	conversation flomastr.ConversationID
	id           flomastr.MessageID
	nameless     bool // the provider's id of it is not known yet
}

// heard is a report whose message is known.
type heard struct {
	reportedMessage
	report provider.Report
}

// hear records each report once, moves its message's state if it may, and does what the report means beyond it. Being read
// implies having been delivered. Reports of one message count in the order in which they stand.
func hear(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, list []heard) error {
	if len(list) == 0 {
		return nil
	}
	// In the order of the messages' ids, so that two servers never wait for each other's rows in a circle.
	slices.SortStableFunc(list, func(a, b heard) int { return bytes.Compare(a.id[:], b.id[:]) })
	fresh, err := record(ctx, tx, tenant, list)
	if err != nil {
		return err
	}
	var moves pgx.Batch
	for _, h := range fresh {
		if h.report.State == "" {
			continue
		}
		if err := queueMove(&moves, tenant, h.id, h.conversation, h.report.State, h.report.Detail); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, &moves).Close(); err != nil {
		return fmt.Errorf("move messages: %w", err)
	}
	for _, h := range fresh {
		if err := h.effect(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// record writes reports down and returns those that had not been told before.
func record(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, list []heard) ([]heard, error) {
	type event struct {
		message flomastr.MessageID
		mark    string
	}
	ids, conversations, times := make([]flomastr.MessageID, len(list)), make([]flomastr.ConversationID, len(list)), make([]time.Time, len(list))
	marks, states, details := make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	for i, h := range list {
		ids[i], conversations[i], times[i] = h.id, h.conversation, h.report.At
		marks[i], states[i], details[i] = h.report.Mark, string(h.report.State), h.report.Detail
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO message_events (tenant_id, message_id, mark, conversation_id, state, at, detail)
		SELECT $1, e.*
		FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[]) AS e
		ON CONFLICT DO NOTHING
		RETURNING message_id, mark`, tenant, ids, marks, conversations, states, times, details)
	if err != nil {
		return nil, fmt.Errorf("record reports: %w", err)
	}
	isNew := map[event]bool{}
	var e event
	if _, err := pgx.ForEachRow(rows, []any{&e.message, &e.mark}, func() error { isNew[e] = true; return nil }); err != nil {
		return nil, fmt.Errorf("record reports: %w", err)
	}
	var fresh []heard
	for _, h := range list {
		if e := (event{h.id, h.report.Mark}); isNew[e] {
			fresh = append(fresh, h)
			delete(isNew, e) // told twice in one body
		}
	}
	return fresh, nil
}

// effect does what a report means beyond its message.
func (h heard) effect(ctx context.Context, tx pgx.Tx) error {
	switch h.report.Effect {
	case provider.PauseChannel:
		return pauseChannel(ctx, tx, h.tenant, h.channel, h.report.Detail)
	case provider.CloseWindow:
		return closeWindow(ctx, tx, h.tenant, h.conversation, h.report.At)
	default:
		return suppressConversation(ctx, tx, h.tenant, h.conversation, h.report.Effect, h.report.Detail)
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
	if err := lockReports(ctx, tx, []toldOf{{m.channel, provider.Report{Key: providerID}}}); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `
		DELETE FROM parked_reports
		WHERE tenant_id = $1 AND channel_id = $2 AND provider_message_id = $3
		RETURNING mark, state, at, detail, effect`, m.tenant, m.channel, providerID)
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	parked, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (heard, error) {
		h := heard{reportedMessage: m}
		r := &h.report
		return h, row.Scan(&r.Mark, &r.State, &r.At, &r.Detail, &r.Effect)
	})
	if err != nil {
		return fmt.Errorf("take parked reports: %w", err)
	}
	slices.SortStableFunc(parked, func(a, b heard) int { return a.report.At.Compare(b.report.At) })
	return hear(ctx, tx, m.tenant, parked)
}

// moveMessage moves a message's public state forward, never back, and tells the live pages.
func moveMessage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message flomastr.MessageID, conversation flomastr.ConversationID, to provider.State, problem string) error {
	var move pgx.Batch
	if err := queueMove(&move, tenant, message, conversation, to, problem); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, &move).Close(); err != nil {
		return fmt.Errorf("move message: %w", err)
	}
	return nil
}

func queueMove(batch *pgx.Batch, tenant flomastr.TenantID, message flomastr.MessageID, conversation flomastr.ConversationID, to provider.State, problem string) error {
	event, err := json.Marshal(map[string]string{
		"conversation_id": conversation.String(), "message_id": message.String(), "state": string(to), "problem": problem,
	})
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	batch.Queue(`
		WITH moved AS (
			UPDATE messages
			SET state = $4, problem = $5
			WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND state = ANY ($6)
			RETURNING id)
		INSERT INTO events (tenant_id, id, type, data)
		SELECT $1, $7, 'message.state', $8
		FROM moved`, tenant, message, timeOf(message), to, problem, whatsapp.StatesBefore(to), flomastr.NewID[EventID](), event)
	return nil
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
