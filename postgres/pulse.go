package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/pulse"
)

// pastMost bounds how many of a person's messages, and of our answers, are looked at.
const pastMost = 200

// PulseStore implements [pulse.Store].
type PulseStore struct{ db *DB }

// NewPulseStore makes a store.
func NewPulseStore(db *DB) *PulseStore { return &PulseStore{db} }

// Past implements pulse.Store.
func (s *PulseStore) Past(ctx context.Context, tenant flomastr.TenantID, reader string, since time.Time) (past pulse.Past, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		talks, err := talksOf(ctx, tx, tenant, reader)
		if err != nil || len(talks) == 0 {
			return err
		}
		// What was taken back is for nobody's eyes, and a reaction says nothing.
		if past.Said, err = listed[pulse.Said](ctx, tx, `
			SELECT provider_at, coalesce(array_length(regexp_split_to_array(nullif(btrim(text), ''), '\s+'), 1), 0)
			FROM messages
			WHERE tenant_id = $1 AND conversation_id = ANY($2) AND provider_at >= $3 AND direction = 'in'
			  AND target = '' AND NOT coalesce(details ? 'revoked_at', false)
			ORDER BY provider_at DESC
			LIMIT $4`, tenant, talks, since, pastMost); err != nil {
			return fmt.Errorf("read what a person wrote: %w", err)
		}
		rows, err := tx.Query(ctx, `
			SELECT evidence ->> 'title'
			FROM (
			  SELECT provider_at, decision
			  FROM messages
			  WHERE tenant_id = $1 AND conversation_id = ANY($2) AND provider_at >= $3 AND direction = 'out'
			    AND speaker = 'assistant' AND state NOT IN ('failed', 'queued') AND jsonb_typeof(decision -> 'evidence') = 'array'
			  ORDER BY provider_at DESC
			  LIMIT $4) AS answers, jsonb_array_elements(decision -> 'evidence') WITH ORDINALITY AS e(evidence, place)
			WHERE evidence ->> 'title' <> ''
			ORDER BY provider_at DESC, place`, tenant, talks, since, pastMost)
		if err != nil {
			return fmt.Errorf("read what a person was told: %w", err)
		}
		past.Topics, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return past, err
}

// talksOf lists the conversations of a person.
func talksOf(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, reader string) ([]flomastr.ConversationID, error) {
	rows, err := tx.Query(ctx, `
		WITH persons AS (SELECT coalesce(merged_into, id) AS id FROM contacts WHERE tenant_id = $1 AND id IN (`+contactsNamedSQL+`))
		SELECT v.id
		FROM contacts c
		JOIN conversations v ON v.tenant_id = $1 AND v.contact_id = c.id
		WHERE c.tenant_id = $1 AND (c.id IN (SELECT id FROM persons) OR c.merged_into IN (SELECT id FROM persons))`, namedBy(tenant, reader)...)
	if err != nil {
		return nil, fmt.Errorf("find a person's conversations: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[flomastr.ConversationID])
}
