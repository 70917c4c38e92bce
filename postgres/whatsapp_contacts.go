package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// identityMatch is a name of a sender that we know.
type identityMatch struct {
	kind         string
	contact      flomastr.ContactID
	conversation flomastr.ConversationID
	name         string
	recent       bool
	loose        bool
}

// settled gives the sender's thread when every name that came is known and all name the same contact. Anything else
// needs a closer look under a lock.
func settled(matches []identityMatch, from provider.Address) *thread {
	if len(matches) == 0 || len(matches) != len(identities(from)) {
		return nil
	}
	first := matches[0]
	for _, m := range matches {
		if m.contact != first.contact {
			return nil
		}
	}
	return &thread{contact: first.contact, conversation: first.conversation, name: first.name, recent: first.recent, loose: first.loose}
}

// meet finds or makes the contact and the conversation of a sender whose names are not all known.
//
// The user id decides where there is one. A phone alone leads to the contact it was last seen with; a known phone with a
// new user id is the same person only if that contact has no user id yet: a number that comes with another user id has
// changed hands, and its new owner must not see the old one's history.
func (b *intakeBatch) meet(ctx context.Context, channel flomastr.ChannelID, in *whatsapp.Arrival) (*thread, error) {
	names := identities(in.From)
	for _, name := range names {
		// Two servers that meet the same stranger: the second waits here and then finds what the first has made.
		if _, err := b.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`,
			"contact "+channel.String()+" "+name[0]+" "+name[1]); err != nil {
			return nil, fmt.Errorf("lock sender: %w", err)
		}
	}
	byUser, err := b.contactNamed(ctx, channel, "user_id", in.From.UserID)
	if err != nil {
		return nil, err
	}
	byPhone, err := b.contactNamed(ctx, channel, "phone", in.From.Phone)
	if err != nil {
		return nil, err
	}
	t := &thread{contact: byUser}
	if byUser.IsZero() && !byPhone.IsZero() {
		taken := false
		if in.From.UserID != "" {
			if err := b.tx.QueryRow(ctx, `
				SELECT EXISTS (SELECT FROM contact_identities
				               WHERE tenant_id = $1 AND contact_id = $2 AND channel_id = $3 AND kind = 'user_id')`,
				b.tenant, byPhone, channel).Scan(&taken); err != nil {
				return nil, fmt.Errorf("look for a user id: %w", err)
			}
		}
		if !taken {
			t.contact = byPhone
		}
	}
	if t.contact.IsZero() {
		t.contact, t.newContact = flomastr.NewID[flomastr.ContactID](), true
		if _, err := b.tx.Exec(ctx, `
			INSERT INTO contacts (tenant_id, id, name, phone)
			VALUES ($1, $2, $3, $4)`, b.tenant, t.contact, in.ProfileName, e164(in.From.Phone)); err != nil {
			return nil, fmt.Errorf("make contact: %w", err)
		}
	} else if in.From.Phone != "" {
		if _, err := b.tx.Exec(ctx, `
			UPDATE contacts
			SET phone = $3, updated_at = now()
			WHERE tenant_id = $1 AND id = $2 AND phone = ''`, b.tenant, t.contact, e164(in.From.Phone)); err != nil {
			return nil, fmt.Errorf("learn phone: %w", err)
		}
	}
	for _, name := range names {
		if _, err := b.tx.Exec(ctx, `
			INSERT INTO contact_identities (tenant_id, channel_id, kind, value, contact_id)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant_id, channel_id, kind, value) DO UPDATE SET contact_id = excluded.contact_id`,
			b.tenant, channel, name[0], name[1], t.contact); err != nil {
			return nil, fmt.Errorf("remember sender: %w", err)
		}
	}
	return t, b.openThread(ctx, channel, names, t)
}

func (b *intakeBatch) contactNamed(ctx context.Context, channel flomastr.ChannelID, kind, value string) (id flomastr.ContactID, err error) {
	if value == "" {
		return id, nil
	}
	err = b.tx.QueryRow(ctx, `
		SELECT contact_id
		FROM contact_identities
		WHERE tenant_id = $1 AND channel_id = $2 AND kind = $3 AND value = $4`, b.tenant, channel, kind, value).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, nil
	}
	if err != nil {
		return id, fmt.Errorf("look up sender: %w", err)
	}
	return id, nil
}

// openThread finds or makes the conversation. Answers go to the phone where it is known, else to the user id: the
// provider takes both.
func (b *intakeBatch) openThread(ctx context.Context, channel flomastr.ChannelID, names [][2]string, t *thread) error {
	address := names[len(names)-1][1] // the phone, if there is one
	err := b.tx.QueryRow(ctx, `
		INSERT INTO conversations (tenant_id, id, channel_id, contact_id, address)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT ON CONSTRAINT conversations_contact_key DO UPDATE SET address = excluded.address
		RETURNING id, xmax = 0, coalesce(received_at > now() - interval '`+burstGap+`', false), loose`,
		b.tenant, flomastr.NewID[flomastr.ConversationID](), channel, t.contact, address).Scan(&t.conversation, &t.newThread, &t.recent, &t.loose)
	if err != nil {
		return fmt.Errorf("open conversation: %w", err)
	}
	return nil
}
