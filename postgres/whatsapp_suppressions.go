package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// The sources of a suppression: who does not want it.
const (
	byContact     = "contact"
	byProvider    = "provider"
	byUnreachable = "unreachable" // nobody said so, but nothing arrives; their next message ends it
)

// optOutSQL is the widest scope in which the person whom conversation c is with does not want to be written to, or ”.
const optOutSQL = `coalesce((
	SELECT min(x.scope)
	FROM suppressions x
	WHERE x.tenant_id = c.tenant_id
	  AND x.contact_id = ` + personSQL + `), '')`

// personSQL is the contact that stands for the person whom conversation c is with. It is a value of its own rather than a
// join, because row-level security keeps a join on coalesce() from every index: all the tenant's rows would be read.
const personSQL = `(SELECT coalesce(p.merged_into, p.id) FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)`

// suppress records that a contact must not be written to; new tells whether that was not known from this source.
func suppress(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID, scope whatsapp.Scope, source, detail string) (isNew bool, err error) {
	contact, err = personOf(ctx, tx, tenant, contact)
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO suppressions (tenant_id, contact_id, scope, source, detail)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, tenant, contact, scope, source, provider.Truncate(detail, 300))
	if err != nil {
		return false, fmt.Errorf("record an opt-out: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return false, nil
	}
	if scope == whatsapp.ScopeAll {
		if err := forgetUnansweredOf(ctx, tx, tenant, contact); err != nil {
			return false, err
		}
		if err := forgetPerson(ctx, tx, tenant, contact); err != nil {
			return false, err
		}
		if err := endTasks(ctx, tx, tenant, task.Closed, ofPerson(contact)); err != nil {
			return false, err
		}
	}
	return true, noteContact(ctx, tx, tenant, flomastr.ActorSystem, "contact.opted_out", contact, map[string]string{"scope": string(scope), "source": source})
}

// allow ends suppressions of a contact, those of a scope or all; ended tells whether there were any. What the contact had asked for
// before it was merged ends as well, so that it does not come back when the merge is undone.
func allow(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID, scope whatsapp.Scope, source string) (ended bool, err error) {
	person, err := personOf(ctx, tx, tenant, contact)
	if err != nil {
		return false, err
	}
	rows, err := tx.Query(ctx, `
		DELETE FROM suppressions
		WHERE tenant_id = $1 AND contact_id IN ($2, $3) AND ($4 = '' OR scope = $4)
		RETURNING contact_id`, tenant, person, contact, string(scope))
	if err != nil {
		return false, fmt.Errorf("end an opt-out: %w", err)
	}
	gone, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.ContactID])
	if err != nil {
		return false, fmt.Errorf("end an opt-out: %w", err)
	}
	if !slices.Contains(gone, person) {
		return false, nil
	}
	return true, noteContact(ctx, tx, tenant, flomastr.ActorSystem, "contact.opted_in", person, map[string]string{"source": source})
}

// suppressConversation does what a provider's refusal or report means for the contact of a conversation.
func suppressConversation(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID, effect provider.Effect, detail string) error {
	scope, source := whatsapp.ScopeMarketing, byProvider
	switch effect {
	case provider.StopAll:
		scope = whatsapp.ScopeAll
	case provider.StopMarketing:
	case provider.Unreachable:
		source = byUnreachable
	case provider.HoldMarketing:
		return holdMarketing(ctx, tx, tenant, conversation)
	case provider.CheckTemplates:
		return readTemplatesSoon(ctx, tx, tenant, conversation)
	default:
		return nil
	}
	var contact flomastr.ContactID
	if err := tx.QueryRow(ctx, `
		SELECT contact_id
		FROM conversations
		WHERE tenant_id = $1 AND id = $2`, tenant, conversation).Scan(&contact); err != nil {
		return fmt.Errorf("find contact: %w", err)
	}
	_, err := suppress(ctx, tx, tenant, contact, scope, source, detail)
	return err
}

// heed does what customers ask about being written to at all, before anything else is made of their messages. A message
// that was heeded is answered by its confirmation alone.
func (b *intakeBatch) heed(ctx context.Context, fresh []int, threads []*thread) error {
	for _, i := range fresh {
		in := b.intake[i].Inbound
		var changed bool
		var err error
		switch in.Wish {
		case whatsapp.WishStop:
			var before whatsapp.Scope
			if err := b.tx.QueryRow(ctx, `
				SELECT `+optOutSQL+`
				FROM conversations c
				WHERE c.tenant_id = $1 AND c.id = $2`, b.tenant, threads[i].conversation).Scan(&before); err != nil {
				return fmt.Errorf("look for an opt-out: %w", err)
			}
			changed, err = suppress(ctx, b.tx, b.tenant, threads[i].contact, whatsapp.ScopeAll, byContact, in.Text)
			changed = changed && before != whatsapp.ScopeAll
			b.heeded[i] = true
		case whatsapp.WishStart:
			changed, err = allow(ctx, b.tx, b.tenant, threads[i].contact, "", byContact)
			b.heeded[i] = changed
		default:
			continue
		}
		if err != nil {
			return err
		}
		if changed {
			b.confirm = append(b.confirm, i)
		}
	}
	return nil
}

// confirmWishes sends each contact one word about what was heeded.
func (b *intakeBatch) confirmWishes(ctx context.Context, threads []*thread) error {
	for _, i := range b.confirm {
		in, channel := b.intake[i].Inbound, b.intake[i].Channel
		message := provider.Message{Text: in.WishReply}
		if _, err := insertQueued(ctx, b.tx, b.tenant, queued{
			id: in.WishReplyID, conversation: threads[i].conversation, channel: channel, kind: whatsapp.KindNotice,
			speaker: flomastr.SpeakerAssistant, typ: message.Type(), text: message.Said(), message: message,
			phase: "queued", state: provider.StateQueued, useful: in.WishReplyUseful,
		}); err != nil {
			return err
		}
		if err := wakeSends(ctx, b.tx, b.tenant, threads[i].conversation, channel); err != nil {
			return err
		}
	}
	return nil
}

// marketing takes in that a contact stopped or resumed advertising at the provider.
func (b *intakeBatch) marketing(ctx context.Context, channel flomastr.ChannelID, event *provider.Event) error {
	t, err := b.meet(ctx, channel, &whatsapp.Arrival{Inbound: provider.Inbound{From: event.Contact}})
	if err != nil {
		return err
	}
	if event.Kind == provider.MarketingStopped {
		_, err = suppress(ctx, b.tx, b.tenant, t.contact, whatsapp.ScopeMarketing, byProvider, event.Detail)
	} else {
		_, err = allow(ctx, b.tx, b.tenant, t.contact, whatsapp.ScopeMarketing, byProvider)
	}
	return err
}
