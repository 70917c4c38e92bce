package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// happen takes in what else a provider tells: of templates, numbers and contacts. Each counts once.
func (b *intakeBatch) happen(ctx context.Context) error {
	told := map[string]bool{}
	for i := range b.intake {
		event := b.intake[i].Event
		if event == nil {
			continue
		}
		fresh, err := b.firstTold(ctx, b.intake[i].Channel, event.Mark)
		if err != nil {
			return err
		}
		if !fresh {
			b.stored[i].Duplicate = true
			continue
		}
		if event.Kind == provider.TemplateChanged && told[event.Mark] {
			continue // the account's templates are one, however many numbers it has
		}
		told[event.Mark] = true
		if err := b.event(ctx, b.intake[i].Channel, event); err != nil {
			return err
		}
	}
	return nil
}

// firstTold claims an event's receipt. One without a mark cannot be recognised and is always new.
func (b *intakeBatch) firstTold(ctx context.Context, channel flomastr.ChannelID, mark string) (bool, error) {
	if mark == "" {
		return true, nil
	}
	tag, err := b.tx.Exec(ctx, `
		INSERT INTO inbound_receipts (tenant_id, channel_id, provider_message_id, message_id)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, b.tenant, channel, "event "+provider.Truncate(mark, 500), flomastr.NewID[flomastr.MessageID]())
	if err != nil {
		return false, fmt.Errorf("claim an event's receipt: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

func (b *intakeBatch) event(ctx context.Context, channel flomastr.ChannelID, event *provider.Event) error {
	alert := whatsapp.Alert{Severity: cmp.Or(event.Severity, provider.Info), Object: "channel " + channel.String(), Detail: event.Detail}
	switch event.Kind {
	case provider.TemplateChanged:
		alert.Kind, alert.Object = whatsapp.AlertTemplate, templateObject(event.Template)
		if err := templateNews(ctx, b.tx, b.tenant, channel, event); err != nil {
			return err
		}
	case provider.NumberChanged:
		alert.Kind = whatsapp.AlertNumber
		if err := tellRecipients(ctx, b.tx, b.tenant, channel, event.Recipients); err != nil || event.Detail == "" {
			return err
		}
	case provider.MarketingStopped, provider.MarketingResumed:
		return b.marketing(ctx, channel, event)
	case provider.ContactRenamed:
		return b.rename(ctx, channel, event)
	case provider.IdentityChanged:
		return b.doubt(ctx, channel, event)
	default:
		alert.Kind = whatsapp.AlertNotice
	}
	return raiseAlert(ctx, b.tx, b.tenant, alert)
}

// doubt marks the conversation of a contact whose device or owner has changed, until a member answers in it.
func (b *intakeBatch) doubt(ctx context.Context, channel flomastr.ChannelID, event *provider.Event) error {
	conversation, err := findConversation(ctx, b.tx, b.tenant, channel, event.Contact)
	if errors.Is(err, whatsapp.ErrConversationNotFound) {
		return nil // nobody whom we know
	}
	if err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, `
		UPDATE conversations
		SET identity_changed_at = $3
		WHERE tenant_id = $1 AND id = $2`, b.tenant, conversation, event.At); err != nil {
		return fmt.Errorf("mark conversation: %w", err)
	}
	return appendEvent(ctx, b.tx, b.tenant, "conversation.updated", map[string]string{"conversation_id": conversation.String()})
}

// findConversation finds the thread with an address on a channel; whatsapp.ErrConversationNotFound.
func findConversation(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address) (id flomastr.ConversationID, err error) {
	for _, name := range identities(to) {
		err := tx.QueryRow(ctx, `
			SELECT c.id
			FROM contact_identities i
			JOIN conversations c ON c.tenant_id = $1 AND c.channel_id = i.channel_id AND c.contact_id = i.contact_id
			WHERE i.tenant_id = $1 AND i.channel_id = $2 AND i.kind = $3 AND i.value = $4`, tenant, channel, name[0], name[1]).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, err
		}
	}
	return id, whatsapp.ErrConversationNotFound
}
