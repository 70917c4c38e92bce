package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// askAfter is when a provider is first asked: its own list may not have the message at once.
const askAfter = time.Minute

// leaveUnknown ends a message's stay in the outbox without knowing what became of it, and has its provider asked.
func (s *WhatsAppStore) leaveUnknown(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, id flomastr.MessageID, problem string) error {
	if err := settleOutbox(ctx, tx, lane, id, provider.StateUnknown, problem); err != nil {
		return err
	}
	args := whatsapp.ReconcileArgs{Tenant: lane.Tenant, Message: id}
	return s.db.Enqueue(ctx, tx, args, &river.InsertOpts{ScheduledAt: time.Now().Add(askAfter)})
}

// Unresolved implements whatsapp.SendStore.
func (s *WhatsAppStore) Unresolved(ctx context.Context, tenant flomastr.TenantID, id flomastr.MessageID) (u whatsapp.Unresolved, err error) {
	var raw []byte
	var to string
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT o.channel_id, o.content, c.address, o.settled_at,
			       ARRAY(SELECT x.provider_message_id
			             FROM outbox x
			             WHERE x.tenant_id = $1 AND x.conversation_id = o.conversation_id AND x.provider_message_id <> ''),
			       EXISTS (SELECT
			               FROM outbox x
			               JOIN messages y ON y.tenant_id = $1 AND y.id = x.message_id AND y.state IN ('queued', 'intent', 'unknown')
			               WHERE x.tenant_id = $1 AND x.conversation_id = o.conversation_id AND x.message_id <> $2
			                 AND x.provider_message_id = ''
			                 AND x.content ->> 'text' IS NOT DISTINCT FROM o.content ->> 'text')
			FROM outbox o
			JOIN messages m ON m.tenant_id = $1 AND m.id = $2 AND m.created_at = $3 AND m.state = 'unknown'
			JOIN conversations c ON c.tenant_id = $1 AND c.id = o.conversation_id
			WHERE o.tenant_id = $1 AND o.message_id = $2 AND o.phase = 'settled' AND o.provider_message_id = ''`,
			tenant, id, timeOf(id)).Scan(&u.Channel, &raw, &to, &u.To, &u.Known, &u.Twin)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return u, whatsapp.ErrResolved
	}
	if err != nil {
		return u, err
	}
	var content outboxContent
	if err := json.Unmarshal(raw, &content); err != nil {
		return u, fmt.Errorf("decode outbox: %w", err)
	}
	u.Message, u.From, u.To = content.message(id, to), timeOf(id), u.To.UTC()
	return u, nil
}
