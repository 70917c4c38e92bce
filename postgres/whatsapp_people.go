package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// personOf is the contact that stands for the person whom a contact is.
func personOf(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ContactID) (person flomastr.ContactID, err error) {
	err = tx.QueryRow(ctx, `
		SELECT coalesce(merged_into, id)
		FROM contacts
		WHERE tenant_id = $1 AND id = $2
		FOR UPDATE`, tenant, id).Scan(&person)
	if errors.Is(err, pgx.ErrNoRows) {
		return person, whatsapp.ErrContactNotFound
	}
	if err != nil {
		return person, fmt.Errorf("find contact: %w", err)
	}
	return person, nil
}

func readContact(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ContactID) (c whatsapp.Contact, err error) {
	var into *flomastr.ContactID
	err = tx.QueryRow(ctx, `
		SELECT id, name, phone, merged_into
		FROM contacts
		WHERE tenant_id = $1 AND id = $2`, tenant, id).Scan(&c.ID, &c.Name, &c.Phone, &into)
	if into != nil {
		c.MergedInto = *into
	}
	return c, err
}

// contactsNamedSQL finds the contacts whom a contact's id, a provider's id or a phone number names. See namedBy. The channels are
// named, so that the key of identities serves.
const contactsNamedSQL = `
	SELECT id FROM contacts WHERE tenant_id = $1 AND id = $2::uuid
	UNION
	SELECT contact_id
	FROM contact_identities
	WHERE tenant_id = $1 AND channel_id = ANY (ARRAY(SELECT id FROM channels WHERE tenant_id = $1))
	  AND (kind = 'user_id' AND value = $3 OR kind = 'phone' AND value = $4)`

// namedBy gives the arguments of contactsNamedSQL.
func namedBy(tenant flomastr.TenantID, name string) []any {
	var id any // null for what is none
	if parsed, err := flomastr.ParseID[flomastr.ContactID](name); err == nil {
		id = parsed
	}
	return []any{tenant, id, name, strings.TrimPrefix(name, "+")}
}

// ContactNamed implements whatsapp.ContactStore.
func (s *WhatsAppStore) ContactNamed(ctx context.Context, tenant flomastr.TenantID, name string) (id flomastr.ContactID, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT named.id
			FROM (`+contactsNamedSQL+`) named
			ORDER BY (SELECT max(c.last_message_at) FROM conversations c WHERE c.tenant_id = $1 AND c.contact_id = named.id) DESC NULLS LAST, named.id
			LIMIT 1`, namedBy(tenant, name)...).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrContactNotFound
		}
		return err
	})
	return id, err
}

// Person implements whatsapp.ContactStore.
func (s *WhatsAppStore) Person(ctx context.Context, tenant flomastr.TenantID, id flomastr.ContactID, reach whatsapp.Reach) (p whatsapp.Person, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var seen bool
		if err := tx.QueryRow(ctx, `
			SELECT $3 = '' OR EXISTS (SELECT FROM conversations c WHERE c.tenant_id = $1 AND c.contact_id = $2 AND `+withinReachSQL("$3", "$4")+`)`,
			tenant, id, reach.Member, reach.Free).Scan(&seen); err != nil {
			return fmt.Errorf("look for a contact's conversations: %w", err)
		}
		p.Contact, err = readContact(ctx, tx, tenant, id)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !seen {
			return whatsapp.ErrContactNotFound
		}
		if err != nil {
			return fmt.Errorf("read contact: %w", err)
		}
		person := p.ID
		if !p.MergedInto.IsZero() {
			person = p.MergedInto
		}
		if p.Same, err = listed[whatsapp.Contact](ctx, tx, `
			SELECT id, name, phone, coalesce(merged_into, '00000000-0000-0000-0000-000000000000')
			FROM contacts
			WHERE tenant_id = $1 AND (id = $2 OR merged_into = $2) AND id <> $3
			ORDER BY id`, tenant, person, id); err != nil {
			return fmt.Errorf("read the contacts of a person: %w", err)
		}
		if p.Identities, err = listed[whatsapp.Identity](ctx, tx, `
			SELECT i.contact_id, i.channel_id, h.number, i.kind, i.value
			FROM contact_identities i
			JOIN contacts t ON t.tenant_id = $1 AND t.id = i.contact_id AND (t.id = $2 OR t.merged_into = $2)
			JOIN channels h ON h.tenant_id = $1 AND h.id = i.channel_id
			WHERE i.tenant_id = $1
			ORDER BY h.number, i.kind, i.value`, tenant, person); err != nil {
			return fmt.Errorf("read identities: %w", err)
		}
		p.OptOuts, err = listed[whatsapp.OptOut](ctx, tx, `
			SELECT scope, source, since
			FROM suppressions
			WHERE tenant_id = $1 AND contact_id = $2
			ORDER BY scope, since`, tenant, person)
		if err != nil {
			return fmt.Errorf("read opt-outs: %w", err)
		}
		return nil
	})
	return p, err
}

// listed reads rows whose columns are the fields of T, in their order.
func listed[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// MergeContacts implements whatsapp.ContactStore.
func (s *WhatsAppStore) MergeContacts(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id, other flomastr.ContactID) (c whatsapp.Contact, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		into, err := personOf(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		from, err := personOf(ctx, tx, tenant, other)
		if err != nil {
			return err
		}
		if into == from {
			return whatsapp.ErrSameContact
		}
		if err := mergePeople(ctx, tx, tenant, by, into, from); err != nil {
			return err
		}
		c, err = readContact(ctx, tx, tenant, other)
		return err
	})
	return c, err
}

// mergePeople makes everybody who is from a part of into.
func mergePeople(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, into, from flomastr.ContactID) error {
	if _, err := tx.Exec(ctx, `
		UPDATE contacts
		SET merged_into = $3, updated_at = now()
		WHERE tenant_id = $1 AND (id = $2 OR merged_into = $2)`, tenant, from, into); err != nil {
		return fmt.Errorf("merge contacts: %w", err)
	}
	if err := copyOptOuts(ctx, tx, tenant, from, into); err != nil {
		return err
	}
	return noteContact(ctx, tx, tenant, by, "contact.merged", from, map[string]string{"into": into.String()})
}

// UnmergeContact implements whatsapp.ContactStore.
func (s *WhatsAppStore) UnmergeContact(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ContactID) (c whatsapp.Contact, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		person, err := personOf(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if person == id {
			return whatsapp.ErrNotMerged
		}
		if _, err := tx.Exec(ctx, `
			UPDATE contacts
			SET merged_into = NULL, updated_at = now()
			WHERE tenant_id = $1 AND id = $2`, tenant, id); err != nil {
			return fmt.Errorf("unmerge contact: %w", err)
		}
		if err := copyOptOuts(ctx, tx, tenant, person, id); err != nil {
			return err
		}
		if err := noteContact(ctx, tx, tenant, by, "contact.unmerged", id, map[string]string{"from": person.String()}); err != nil {
			return err
		}
		c, err = readContact(ctx, tx, tenant, id)
		return err
	})
	return c, err
}

// copyOptOuts keeps one contact as silent as another, also while WhatsApp holds advertising back.
func copyOptOuts(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, from, to flomastr.ContactID) error {
	var batch pgx.Batch
	batch.Queue(`
		INSERT INTO suppressions (tenant_id, contact_id, scope, source, detail, since)
		SELECT tenant_id, $3, scope, source, detail, since
		FROM suppressions
		WHERE tenant_id = $1 AND contact_id = $2
		ON CONFLICT DO NOTHING`, tenant, from, to)
	batch.Queue(`
		UPDATE contacts
		SET marketing_after = greatest(marketing_after, (SELECT f.marketing_after FROM contacts f WHERE f.tenant_id = $1 AND f.id = $2))
		WHERE tenant_id = $1 AND id = $3`, tenant, from, to)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("keep opt-outs: %w", err)
	}
	var silent bool
	if err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM suppressions WHERE tenant_id = $1 AND contact_id = $2 AND scope = 'all')`, tenant, to).Scan(&silent); err != nil {
		return fmt.Errorf("look for an opt-out: %w", err)
	}
	if !silent {
		return nil
	}
	return endTasks(ctx, tx, tenant, task.Closed, ofPerson(to))
}

// noteContact leaves a line in the audit log and tells the live pages.
func noteContact(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, contact flomastr.ContactID, detail map[string]string) error {
	if err := appendEvent(ctx, tx, tenant, "contact.updated", map[string]string{"contact_id": contact.String()}); err != nil {
		return err
	}
	return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "contact " + contact.String(), Detail: detail})
}

// justMet: somebody who turned up under a new name within this time of the provider's word about it is the person of whom
// the word speaks. Whoever had the name for longer is somebody else, who gave it up.
const justMet = "24 hours"

// rename takes in that a contact has another number or user id. It counts only for a contact whom we know on this channel
// by the old name. The old name is given up: whoever comes with it next is somebody new, and sees nothing of the old
// history (docs/adr/0013).
func (b *intakeBatch) rename(ctx context.Context, channel flomastr.ChannelID, event *provider.Event) error {
	var contact flomastr.ContactID
	for _, old := range identities(event.Previous) {
		found, err := b.contactNamed(ctx, channel, old[0], old[1])
		if err != nil {
			return err
		}
		if !found.IsZero() {
			contact = found
			break
		}
	}
	if contact.IsZero() || event.Contact == (provider.Address{}) {
		return nil
	}
	for _, name := range identities(event.Contact) {
		if err := b.takeName(ctx, channel, contact, name, event.Previous); err != nil {
			return err
		}
	}
	if event.Contact.Phone != "" {
		if _, err := b.tx.Exec(ctx, `
			UPDATE contacts
			SET phone = $3, updated_at = now()
			WHERE tenant_id = $1 AND id = $2`, b.tenant, contact, e164(event.Contact.Phone)); err != nil {
			return fmt.Errorf("learn phone: %w", err)
		}
	}
	return noteContact(ctx, b.tx, b.tenant, flomastr.ActorSystem, "contact.renamed", contact, map[string]string{"channel": channel.String()})
}

// takeName gives a contact a new name on a channel in the place of its old one of the same kind.
func (b *intakeBatch) takeName(ctx context.Context, channel flomastr.ChannelID, contact flomastr.ContactID, name [2]string, previous provider.Address) error {
	holder, err := b.contactNamed(ctx, channel, name[0], name[1])
	if err != nil || holder == contact {
		return err
	}
	if !holder.IsZero() {
		if err := b.takeFrom(ctx, channel, contact, holder); err != nil {
			return err
		}
	}
	old := previous.Phone
	if name[0] == "user_id" {
		old = previous.UserID
	}
	var batch pgx.Batch
	batch.Queue(`
		DELETE FROM contact_identities
		WHERE tenant_id = $1 AND channel_id = $2 AND kind = $3 AND value = $4 AND contact_id = $5`, b.tenant, channel, name[0], old, contact)
	batch.Queue(`
		INSERT INTO contact_identities (tenant_id, channel_id, kind, value, contact_id)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant_id, channel_id, kind, value) DO UPDATE SET contact_id = excluded.contact_id`, b.tenant, channel, name[0], name[1], contact)
	batch.Queue(`
		UPDATE conversations
		SET address = $5
		WHERE tenant_id = $1 AND channel_id = $2 AND contact_id = $3 AND address = $4`, b.tenant, channel, contact, old, name[1])
	if err := b.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("rename contact: %w", err)
	}
	return nil
}

// takeFrom looks at who holds a name that now belongs to a contact: the same person who wrote before the provider's word
// came, or somebody who had it before.
func (b *intakeBatch) takeFrom(ctx context.Context, channel flomastr.ChannelID, contact, holder flomastr.ContactID) error {
	var same bool
	if err := b.tx.QueryRow(ctx, `
		SELECT created_at > now() - interval '`+justMet+`'
		   AND NOT EXISTS (SELECT FROM contact_identities
		                   WHERE tenant_id = $1 AND contact_id = $2 AND channel_id = $3 AND kind = 'user_id')
		FROM contacts
		WHERE tenant_id = $1 AND id = $2`, b.tenant, holder, channel).Scan(&same); err != nil {
		return fmt.Errorf("look at who has the name: %w", err)
	}
	into, err := personOf(ctx, b.tx, b.tenant, contact)
	if err != nil {
		return err
	}
	from, err := personOf(ctx, b.tx, b.tenant, holder)
	if err != nil || into == from {
		return err
	}
	if same {
		return mergePeople(ctx, b.tx, b.tenant, flomastr.ActorSystem, into, from)
	}
	return copyOptOuts(ctx, b.tx, b.tenant, from, into) // it may be them after all, and silence is the safe mistake
}
