package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
)

// MemoryStore keeps what is remembered of people, and reads what was said with them, in the hot database and in the archives.
type MemoryStore struct{ db *DB }

// NewMemoryStore makes one.
func NewMemoryStore(db *DB) *MemoryStore { return &MemoryStore{db} }

var _ memory.Store = (*MemoryStore)(nil)

// saidSQL leaves out what is no part of a talk: what is about another message, what was taken back, and what has no words.
const saidSQL = `target = '' AND text <> '' AND (type = 'text' OR text NOT LIKE '[%')
	AND state NOT IN ('failed', 'queued') AND NOT coalesce(details ? 'revoked_at', false)`

// rememberedPerson is whom a contact stands for.
type rememberedPerson struct {
	contacts  []flomastr.ContactID // all that are this person
	name      string
	sensitive *time.Time // since when what is sensitive may be kept
}

// readRemembered finds a person. Ids are parameters of the next statement rather than joins, because row-level security keeps a join on
// coalesce() from every index.
func readRemembered(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID) (p rememberedPerson, err error) {
	var person flomastr.ContactID
	err = tx.QueryRow(ctx, `
		SELECT coalesce(merged_into, id), name
		FROM contacts
		WHERE tenant_id = $1 AND id = $2`, tenant, contact).Scan(&person, &p.name)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, memory.ErrContactNotFound
	}
	if err != nil {
		return p, fmt.Errorf("read contact: %w", err)
	}
	rows, err := tx.Query(ctx, `
		SELECT id, sensitive_memory_since
		FROM contacts
		WHERE tenant_id = $1 AND (id = $2 OR merged_into = $2)`, tenant, person)
	if err != nil {
		return p, fmt.Errorf("read the contacts of a person: %w", err)
	}
	var id flomastr.ContactID
	var since *time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &since}, func() error {
		p.contacts = append(p.contacts, id)
		if since != nil && (p.sensitive == nil || since.Before(*p.sensitive)) {
			p.sensitive = new(*since)
		}
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("read the contacts of a person: %w", err)
	}
	return p, nil
}

// Past implements memory.Store.
func (s *MemoryStore) Past(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID, limit int) (past memory.Past, err error) {
	var archived []flomastr.ConversationID
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		past, archived = memory.Past{}, nil
		person, err := readRemembered(ctx, tx, tenant, contact)
		if err != nil {
			return err
		}
		past.Name, past.Sensitive = person.name, orZero(person.sensitive)
		if past.Facts, err = readFacts(ctx, tx, tenant, person.contacts, true); err != nil || limit == 0 {
			return err
		}
		var conversations []flomastr.ConversationID
		if conversations, archived, past.Agent, err = writtenIn(ctx, tx, tenant, person.contacts); err != nil {
			return err
		}
		past.Said, err = listed[memory.Said](ctx, tx, `
			SELECT m.id, m.conversation_id, m.speaker, m.text, m.provider_at
			FROM unnest($2::uuid[]) AS c (id)
			CROSS JOIN LATERAL (
			  SELECT *
			  FROM messages
			  WHERE tenant_id = $1 AND conversation_id = c.id AND `+saidSQL+`
			  ORDER BY seq DESC
			  LIMIT $3
			) m
			ORDER BY m.seq DESC
			LIMIT $3`, tenant, uuids(conversations), limit)
		return err
	})
	if err != nil {
		return memory.Past{}, err
	}
	if missing := limit - len(past.Said); missing > 0 && len(archived) > 0 {
		past.Said = append(past.Said, s.archivedWords(ctx, tenant, archived, missing)...)
	}
	slices.Reverse(past.Said)
	return past, nil
}

// writtenIn lists the conversations of contacts, those of them of which something is archived, and who has taken the latest.
func writtenIn(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contacts []flomastr.ContactID) (all, archived []flomastr.ConversationID, agent string, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id, archived_seq > 0, CASE owner_kind WHEN 'member' THEN owner_id ELSE '' END
		FROM conversations
		WHERE tenant_id = $1 AND contact_id = ANY ($2)
		ORDER BY last_message_at, id`, tenant, uuids(contacts))
	if err != nil {
		return nil, nil, "", fmt.Errorf("read conversations: %w", err)
	}
	var id flomastr.ConversationID
	var cold bool
	_, err = pgx.ForEachRow(rows, []any{&id, &cold, &agent}, func() error {
		if all = append(all, id); cold {
			archived = append(archived, id)
		}
		return nil
	})
	if err != nil {
		return nil, nil, "", fmt.Errorf("read conversations: %w", err)
	}
	return all, archived, agent, nil
}

// archivedWords reads what lies in the archive, the newest first. People are answered without it rather than late.
func (s *MemoryStore) archivedWords(ctx context.Context, tenant flomastr.TenantID, conversations []flomastr.ConversationID, limit int) (said []memory.Said) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) (err error) {
		said, err = listed[memory.Said](ctx, tx, `
			SELECT m.id, m.conversation_id, m.speaker, m.text, m.provider_at
			FROM unnest($1::uuid[]) AS c (id)
			CROSS JOIN LATERAL (
			  SELECT *
			  FROM archived_messages
			  WHERE conversation_id = c.id AND `+saidSQL+`
			  ORDER BY seq DESC
			  LIMIT $2
			) m
			ORDER BY m.seq DESC
			LIMIT $2`, uuids(conversations), limit)
		return err
	})
	if err != nil {
		s.db.log.WarnContext(ctx, "a recall goes without the archive", "tenant_id", tenant, "error", err)
		return nil
	}
	return said
}

// factsMost bounds what is read of a person; the last said come first.
const factsMost = 1000

// readFacts reads what is remembered of contacts, the last said first. Of two contacts that are one person the newer word holds.
func readFacts(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contacts []flomastr.ContactID, holding bool) ([]memory.Fact, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, contact_id, kind, subject, text, sensitive, confidence, source, conversation_id, message_id, valid_from, valid_until,
		       confirmed_at, superseded_by
		FROM memories
		WHERE tenant_id = $1 AND contact_id = ANY ($2) AND (NOT $3 OR valid_until IS NULL)
		ORDER BY confirmed_at DESC, id DESC
		LIMIT $4`, tenant, uuids(contacts), holding, factsMost)
	if err != nil {
		return nil, fmt.Errorf("read memories: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanFact)
	if err != nil {
		return nil, fmt.Errorf("read memories: %w", err)
	}
	newest := map[string]time.Time{}
	for i := range list {
		f := &list[i]
		if !f.Until.IsZero() {
			continue
		}
		if since, taken := newest[f.Subject]; taken {
			f.Until = since
			continue
		}
		newest[f.Subject] = f.From
	}
	if holding {
		list = slices.DeleteFunc(list, func(f memory.Fact) bool { return !f.Until.IsZero() })
	}
	return list, nil
}

func scanFact(row pgx.CollectableRow) (f memory.Fact, err error) {
	var conversation *flomastr.ConversationID
	var message *flomastr.MessageID
	var superseded *flomastr.MemoryID
	var until *time.Time
	err = row.Scan(&f.ID, &f.Contact, &f.Kind, &f.Subject, &f.Text, &f.Sensitive, &f.Confidence, &f.Source, &conversation, &message, &f.From,
		&until, &f.Confirmed, &superseded)
	if conversation != nil {
		f.Conversation = *conversation
	}
	if message != nil {
		f.Message = *message
	}
	if superseded != nil {
		f.Superseded = *superseded
	}
	f.From, f.Until, f.Confirmed = f.From.UTC(), orZero(until), f.Confirmed.UTC()
	return f, err
}

// Facts implements memory.Store.
func (s *MemoryStore) Facts(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) (list []memory.Fact, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		person, err := readRemembered(ctx, tx, tenant, contact)
		if err != nil {
			return err
		}
		list, err = readFacts(ctx, tx, tenant, person.contacts, false)
		return err
	})
	return list, err
}
