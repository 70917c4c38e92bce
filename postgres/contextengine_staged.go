package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Stage implements [contextengine.StagedStore].
func (s *KnowledgeStore) Stage(ctx context.Context, tenant flomastr.TenantID, c contextengine.Staging) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		var there bool
		var base int
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM staged_changes WHERE id = $1), coalesce((SELECT version FROM knowledge_items WHERE id = $2), 0)`,
			c.Change, c.Item).Scan(&there, &base)
		switch {
		case err != nil || there:
			return err
		case base != c.Base:
			return contextengine.ErrReleaseChanged
		}
		return stage(ctx, tx, c)
	})
}

// stage writes what the change brings beside what serves, and by how much a promotion will change the counts.
func stage(ctx context.Context, tx pgx.Tx, c contextengine.Staging) error {
	away, err := readPassagesOf(ctx, tx, c.Item, [][]byte{})
	if err != nil {
		return fmt.Errorf("read what it takes away: %w", err)
	}
	by, _, err := tallyOfStored(ctx, tx, away)
	if err != nil {
		return fmt.Errorf("count what it takes away: %w", err)
	}
	by.negate()
	var added []numbered
	language, oldLanguage := "", ""
	if p := c.Publication; p != nil {
		language = string(p.Language)
		for i, passage := range p.Passages {
			added = append(added, numbered{IndexedPassage: passage, ordinal: i})
		}
		by.add(tallyOf(added))
	}
	err = tx.QueryRow(ctx, `SELECT language FROM knowledge_items WHERE id = $1`, c.Item).Scan(&oldLanguage)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO staged_changes (id, item_id, base, language, added, old_language, removed, words, titles, grams)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.Change, c.Item, c.Base, language, len(added), oldLanguage, len(away), by.length.Words, by.length.Titles, by.length.Grams); err != nil {
		return fmt.Errorf("write change: %w", err)
	}
	if err := stageCounts(ctx, tx, c.Change, by); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	if c.Publication == nil {
		return nil
	}
	p := *c.Publication
	tag, err := tx.Exec(ctx, `UPDATE corpus SET model = coalesce(nullif(model, ''), $1) WHERE model = $2`, p.Model, p.Serving)
	if err != nil {
		return fmt.Errorf("look which model serves: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return contextengine.ErrModelPassed
	}
	p.Item, p.Version = flomastr.ItemID(c.Change), 1
	if err := writeItem(ctx, tx, p); err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	if err := writePassages(ctx, tx, p.Item, added, p.Model, staged); err != nil {
		return fmt.Errorf("write passages: %w", err)
	}
	// What is embedded already was not embedded again.
	_, err = tx.Exec(ctx, `
		INSERT INTO passage_vectors (no, model, embedding)
		SELECT n.no, v.model, v.embedding
		FROM passages n
		JOIN passages o ON o.item_id = $2 AND o.key = n.key
		JOIN passage_vectors v ON v.no = o.no AND v.model = $3
		WHERE n.item_id = $1
		ON CONFLICT DO NOTHING`, p.Item, c.Item, p.Model)
	return err
}

func (t *tally) negate() {
	negateAll(t.terms)
	negateAll(t.grams)
	negateAll(t.words)
	t.passages = -t.passages
	t.length = contextengine.Length{Words: -t.length.Words, Titles: -t.length.Titles, Grams: -t.length.Grams}
}

func (t *tally) add(o tally) {
	addAll(t.terms, o.terms)
	addAll(t.grams, o.grams)
	addAll(t.words, o.words)
	t.passages += o.passages
	t.length = contextengine.Length{Words: t.length.Words + o.length.Words, Titles: t.length.Titles + o.length.Titles, Grams: t.length.Grams + o.length.Grams}
}

func negateAll[K comparable](counts map[K]int) {
	for k := range counts {
		counts[k] = -counts[k]
	}
}

// addAll adds counts to others; what comes to nothing goes.
func addAll[K comparable](to, by map[K]int) {
	for k, n := range by {
		if to[k] += n; to[k] == 0 {
			delete(to, k)
		}
	}
}

func stageCounts(ctx context.Context, tx pgx.Tx, change flomastr.ReleaseChangeID, by tally) error {
	terms, tn := sortedCounts(by.terms, 1)
	grams, gn := sortedGrams(by.grams, 1)
	words, wordTerms, wn := sortedWords(by.words, 1)
	batch := &pgx.Batch{}
	batch.Queue(`INSERT INTO staged_terms (term, change_id, passages) SELECT term, $1, n FROM unnest($2::bigint[], $3::integer[]) AS by(term, n)`, change, terms, tn)
	batch.Queue(`INSERT INTO staged_grams (gram, change_id, passages) SELECT gram, $1, n FROM unnest($2::integer[], $3::integer[]) AS by(gram, n)`, change, grams, gn)
	batch.Queue(`INSERT INTO staged_words (word, term, change_id, passages) SELECT word, term, $1, n FROM unnest($2::text[], $3::bigint[], $4::integer[]) AS by(word, term, n)`,
		change, words, wordTerms, wn)
	return tx.SendBatch(ctx, batch).Close()
}

// Unstage implements [contextengine.StagedStore].
func (s *KnowledgeStore) Unstage(ctx context.Context, tenant flomastr.TenantID, changes []flomastr.ReleaseChangeID) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		ids := changeList(changes)
		rows, err := tx.Query(ctx, `SELECT no FROM passages WHERE item_id = ANY($1::text::uuid[])`, ids)
		if err != nil {
			return err
		}
		nos, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		queueUnindex(batch, nos)
		batch.Queue(`DELETE FROM knowledge_items WHERE id = ANY($1::text::uuid[])`, ids)
		batch.Queue(`DELETE FROM staged_changes WHERE id = ANY($1::text::uuid[])`, ids)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// StagedText implements [contextengine.StagedStore].
func (s *KnowledgeStore) StagedText(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID) (markdown string, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT markdown FROM knowledge_versions WHERE item_id = $1`, flomastr.ItemID(id)).Scan(&markdown)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it removes an item, or is not ready
		}
		return err
	})
	return markdown, err
}
