package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/whatsapp"
)

// Heard implements memory.Store.
func (s *MemoryStore) Heard(ctx context.Context, tenant flomastr.TenantID, message flomastr.MessageID) (h memory.Heard, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		h = memory.Heard{Message: message}
		var optOut whatsapp.Scope
		err := tx.QueryRow(ctx, `
			SELECT m.conversation_id, c.contact_id, m.text, m.provider_at, `+optOutSQL+`
			FROM messages m
			JOIN conversations c ON c.tenant_id = $1 AND c.id = m.conversation_id
			WHERE m.tenant_id = $1 AND m.id = $2 AND m.created_at = $3
			  AND m.direction = 'in' AND m.speaker = 'contact' AND m.type = 'text' AND m.target = ''
			  AND NOT coalesce(m.details ? 'revoked_at', false)`, tenant, message, timeOf(message)).Scan(
			&h.Conversation, &h.Contact, &h.Text, &h.At, &optOut)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && optOut == whatsapp.ScopeAll {
			return memory.ErrNothingHeard
		}
		if err != nil {
			return fmt.Errorf("read message: %w", err)
		}
		person, err := readRemembered(ctx, tx, tenant, h.Contact)
		if err != nil {
			return err
		}
		h.Consent = person.sensitive != nil
		h.Ours, err = listedValues[string](ctx, tx, `
			SELECT text
			FROM messages
			WHERE tenant_id = $1 AND conversation_id = $2 AND direction = 'out'
			ORDER BY seq DESC
			LIMIT 50`, tenant, h.Conversation)
		return err
	})
	return h, err
}

func listedValues[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// Remember implements memory.Store. The contact's row is locked, so that two messages are remembered one after the other.
func (s *MemoryStore) Remember(ctx context.Context, tenant flomastr.TenantID, h memory.Heard, drafts []memory.Draft) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		person, err := personOf(ctx, tx, tenant, h.Contact)
		if errors.Is(err, whatsapp.ErrContactNotFound) {
			return nil // erased meanwhile
		}
		if err != nil {
			return err
		}
		var due bool
		if err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM messages
			               WHERE tenant_id = $1 AND id = $2 AND created_at = $3 AND text = $4 AND NOT coalesce(details ? 'revoked_at', false))
			   AND NOT EXISTS (SELECT FROM memories WHERE tenant_id = $1 AND message_id = $2)
			   AND NOT EXISTS (SELECT FROM suppressions WHERE tenant_id = $1 AND contact_id = $5 AND scope = 'all')`,
			tenant, h.Message, timeOf(h.Message), h.Text, person).Scan(&due); err != nil {
			return fmt.Errorf("look at the message again: %w", err)
		}
		if !due {
			return nil
		}
		for _, d := range drafts {
			row := memory.Fact{
				Contact: h.Contact, Kind: d.Kind, Subject: d.Subject, Text: d.Text, Sensitive: d.Sensitive, Confidence: d.Confidence,
				Source: memory.FromCustomer, Conversation: h.Conversation, Message: h.Message, From: h.At,
			}
			if _, err := keepFact(ctx, tx, tenant, row, d.Ends); err != nil {
				return err
			}
		}
		if err := forgetBeyond(ctx, tx, tenant, h.Contact); err != nil {
			return err
		}
		return tellMemory(ctx, tx, tenant, h.Contact)
	})
}

// keepFact confirms what is remembered of the subject already, or puts f in its place. What was said before the newest word of it
// is kept as past. With ends, what is remembered ends and nothing takes its place.
func keepFact(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, f memory.Fact, ends bool) (memory.Fact, error) {
	f.ID, f.Confirmed = flomastr.NewID[flomastr.MemoryID](), f.From
	rows, err := tx.Query(ctx, `
		SELECT id, contact_id, kind, subject, text, sensitive, confidence, source, conversation_id, message_id, valid_from, valid_until,
		       confirmed_at, superseded_by
		FROM memories
		WHERE tenant_id = $1 AND contact_id = $2 AND subject = $3 AND valid_until IS NULL
		FOR UPDATE`, tenant, f.Contact, f.Subject)
	if err != nil {
		return f, fmt.Errorf("read what is remembered: %w", err)
	}
	known, err := pgx.CollectOneRow(rows, scanFact)
	missing := errors.Is(err, pgx.ErrNoRows)
	if err == nil && f.Source == memory.FromMember && known.Confirmed.After(f.From) {
		f.From, f.Confirmed = known.Confirmed, known.Confirmed // the provider's clock is before ours; a member sees what they correct
	}
	switch {
	case err != nil && !missing:
		return f, fmt.Errorf("read what is remembered: %w", err)
	case ends:
		_, err = tx.Exec(ctx, `
			UPDATE memories
			SET valid_until = $4
			WHERE tenant_id = $1 AND contact_id = $2 AND subject = $3 AND valid_until IS NULL AND confirmed_at <= $4`,
			tenant, f.Contact, f.Subject, f.From)
		return f, err
	case missing:
	case memory.SameWords(known.Text, f.Text) && f.Source == memory.FromCustomer:
		_, err = tx.Exec(ctx, `
			UPDATE memories
			SET confidence = least(1, confidence + (1 - confidence) / 2), confirmed_at = greatest(confirmed_at, $3)
			WHERE tenant_id = $1 AND id = $2`, tenant, known.ID, f.From)
		return known, err
	case known.Confirmed.After(f.From): // it came late
		f.Until = known.From
		if f.Until.Before(f.From) {
			f.Until = f.From
		}
	default:
		if _, err := tx.Exec(ctx, `
			UPDATE memories
			SET valid_until = $3
			WHERE tenant_id = $1 AND id = $2`, tenant, known.ID, f.From); err != nil {
			return f, fmt.Errorf("end what is remembered: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO memories (tenant_id, id, contact_id, kind, subject, text, sensitive, confidence, source, conversation_id, message_id,
		  valid_from, valid_until, confirmed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		tenant, f.ID, f.Contact, f.Kind, f.Subject, f.Text, f.Sensitive, f.Confidence, f.Source, idOrNil(f.Conversation), idOrNil(f.Message),
		f.From, orNil(f.Until), f.Confirmed); err != nil {
		return f, fmt.Errorf("remember: %w", err)
	}
	if missing || !f.Until.IsZero() {
		return f, nil
	}
	_, err = tx.Exec(ctx, `
		UPDATE memories
		SET superseded_by = $3
		WHERE tenant_id = $1 AND id = $2`, tenant, known.ID, f.ID)
	return f, err
}

// idOrNil stores an id that names nothing as NULL.
func idOrNil[Of any](id flomastr.ID[Of]) *flomastr.ID[Of] {
	if id.IsZero() {
		return nil
	}
	return &id
}

// forgetBeyond bounds what is remembered of a contact; what was said longest ago goes.
func forgetBeyond(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM memories
		WHERE tenant_id = $1 AND contact_id = $2 AND confirmed_at < (
		  SELECT confirmed_at
		  FROM memories
		  WHERE tenant_id = $1 AND contact_id = $2
		  ORDER BY confirmed_at DESC
		  OFFSET $3 - 1
		  LIMIT 1)`, tenant, contact, memory.MaxFacts)
	if err != nil {
		return fmt.Errorf("forget the oldest: %w", err)
	}
	return nil
}

// tellMemory tells the live pages.
func tellMemory(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID) error {
	return appendEvent(ctx, tx, tenant, "contact.updated", map[string]string{"contact_id": contact.String()})
}

// forgetMessage drops what came from a message that says something else now, or is for nobody's eyes. What that had taken the
// place of holds again.
func forgetMessage(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, message flomastr.MessageID) error {
	_, err := tx.Exec(ctx, `
		WITH gone AS (
		  DELETE FROM memories
		  WHERE tenant_id = $1 AND message_id = $2
		  RETURNING id, valid_until, superseded_by
		)
		UPDATE memories m
		SET valid_until = CASE WHEN gone.valid_until IS NOT NULL THEN m.valid_until END, superseded_by = gone.superseded_by
		FROM gone
		WHERE m.tenant_id = $1 AND m.superseded_by = gone.id AND m.message_id IS DISTINCT FROM $2`, tenant, message)
	if err != nil {
		return fmt.Errorf("forget what came from a message: %w", err)
	}
	return nil
}

// forgetPerson drops everything that is remembered of a person.
func forgetPerson(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, person flomastr.ContactID) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM memories
		WHERE tenant_id = $1 AND contact_id = ANY (ARRAY(SELECT id FROM contacts WHERE tenant_id = $1 AND (id = $2 OR merged_into = $2)))`,
		tenant, person)
	if err != nil {
		return fmt.Errorf("forget a person: %w", err)
	}
	return nil
}

// Note implements memory.Store.
func (s *MemoryStore) Note(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, d memory.Draft) (f memory.Fact, err error) {
	err = s.change(ctx, tenant, by, contact, "memory.noted", func(tx pgx.Tx, now time.Time) (flomastr.MemoryID, error) {
		f, err = keepFact(ctx, tx, tenant, memory.Fact{
			Contact: contact, Kind: d.Kind, Subject: d.Subject, Text: d.Text, Sensitive: d.Sensitive, Confidence: d.Confidence, Source: memory.FromMember, From: now,
		}, false)
		if err == nil {
			err = forgetBeyond(ctx, tx, tenant, contact)
		}
		return f.ID, err
	})
	return f, err
}

// Correct implements memory.Store.
func (s *MemoryStore) Correct(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID, text string) (f memory.Fact, err error) {
	err = s.change(ctx, tenant, by, contact, "memory.corrected", func(tx pgx.Tx, now time.Time) (flomastr.MemoryID, error) {
		known, err := factOf(ctx, tx, tenant, contact, id)
		if err != nil {
			return id, err
		}
		if !known.Until.IsZero() {
			return id, memory.ErrFactNotFound
		}
		f, err = keepFact(ctx, tx, tenant, memory.Fact{
			Contact: known.Contact, Kind: known.Kind, Subject: known.Subject, Text: text, Sensitive: known.Sensitive, Confidence: 1,
			Source: memory.FromMember, From: now,
		}, false)
		return f.ID, err
	})
	return f, err
}

// factOf finds a memory among those of the person whom a contact stands for.
func factOf(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, contact flomastr.ContactID, id flomastr.MemoryID) (f memory.Fact, err error) {
	person, err := readRemembered(ctx, tx, tenant, contact)
	if err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, `
		SELECT id, contact_id, kind, subject, text, sensitive, confidence, source, conversation_id, message_id, valid_from, valid_until,
		       confirmed_at, superseded_by
		FROM memories
		WHERE tenant_id = $1 AND id = $2 AND contact_id = ANY ($3)
		FOR UPDATE`, tenant, id, uuids(person.contacts))
	if err != nil {
		return f, fmt.Errorf("read a memory: %w", err)
	}
	f, err = pgx.CollectOneRow(rows, scanFact)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, memory.ErrFactNotFound
	}
	return f, err
}

// Erase implements memory.Store.
func (s *MemoryStore) Erase(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID) error {
	return s.change(ctx, tenant, by, contact, "memory.erased", func(tx pgx.Tx, _ time.Time) (flomastr.MemoryID, error) {
		if _, err := factOf(ctx, tx, tenant, contact, id); err != nil {
			return id, err
		}
		_, err := tx.Exec(ctx, `
			DELETE FROM memories
			WHERE tenant_id = $1 AND id = $2`, tenant, id)
		return id, err
	})
}

// EraseAll implements memory.Store.
func (s *MemoryStore) EraseAll(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID) error {
	return s.change(ctx, tenant, by, contact, "memory.all_erased", func(tx pgx.Tx, _ time.Time) (none flomastr.MemoryID, err error) {
		person, err := personOf(ctx, tx, tenant, contact)
		if err != nil {
			return none, err
		}
		return none, forgetPerson(ctx, tx, tenant, person)
	})
}

// Consent implements memory.Store. It stands at the contact; withdrawn, it is withdrawn for the whole person.
func (s *MemoryStore) Consent(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, given bool, proof string) (since time.Time, err error) {
	action, detail := "memory.consent_given", map[string]string{"proof": proof}
	if !given {
		action, detail = "memory.consent_withdrawn", nil
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		person, err := readRemembered(ctx, tx, tenant, contact)
		if err != nil {
			return err
		}
		if given {
			if err := tx.QueryRow(ctx, `
				UPDATE contacts
				SET sensitive_memory_since = coalesce(sensitive_memory_since, now()), updated_at = now()
				WHERE tenant_id = $1 AND id = $2
				RETURNING sensitive_memory_since`, tenant, contact).Scan(&since); err != nil {
				return fmt.Errorf("record a consent: %w", err)
			}
		} else {
			since = time.Time{}
			var batch pgx.Batch
			batch.Queue(`
				UPDATE contacts
				SET sensitive_memory_since = NULL, updated_at = now()
				WHERE tenant_id = $1 AND id = ANY ($2)`, tenant, uuids(person.contacts))
			batch.Queue(`
				DELETE FROM memories
				WHERE tenant_id = $1 AND contact_id = ANY ($2) AND sensitive`, tenant, uuids(person.contacts))
			if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
				return fmt.Errorf("withdraw a consent: %w", err)
			}
		}
		return noteContact(ctx, tx, tenant, by, action, contact, detail)
	})
	return since.UTC(), err
}

// change does what a person decided about a memory, in one commit with its line in the audit log, which names the memory and never
// what it says.
func (s *MemoryStore) change(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, action string, do func(tx pgx.Tx, now time.Time) (flomastr.MemoryID, error)) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var now time.Time
		err := tx.QueryRow(ctx, `
			SELECT now()
			FROM contacts
			WHERE tenant_id = $1 AND id = $2
			FOR UPDATE`, tenant, contact).Scan(&now)
		if errors.Is(err, pgx.ErrNoRows) {
			return memory.ErrContactNotFound
		}
		if err != nil {
			return fmt.Errorf("lock contact: %w", err)
		}
		id, err := do(tx, now)
		if err != nil {
			return err
		}
		detail := map[string]string{}
		if !id.IsZero() {
			detail["memory_id"] = id.String()
		}
		if err := tellMemory(ctx, tx, tenant, contact); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "contact " + contact.String(), Detail: detail})
	})
}

// ForgetOld implements memory.Store, a tenant at a time.
func (s *MemoryStore) ForgetOld(ctx context.Context, saidBefore, endedBefore time.Time) error {
	var tenants []flomastr.TenantID
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		tenants, err = listedValues[flomastr.TenantID](ctx, tx, `SELECT id FROM tenants WHERE status <> 'erased'`)
		return err
	})
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	for _, tenant := range tenants {
		err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `
				DELETE FROM memories
				WHERE tenant_id = $1 AND (confirmed_at < $2 OR valid_until < $3)`, tenant, saidBefore, endedBefore)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget what is old: %w", err)
		}
	}
	return nil
}
