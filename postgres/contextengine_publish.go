package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// publishLock serialises the writers of one cold database: they all add to the same counts, in different orders.
// Readers are not held up.
const publishLock = 7_716_201_114

// mainLanguage finds the language that most passages are written in, "" where none is known.
const mainLanguage = `
	SELECT coalesce((SELECT language FROM languages WHERE passages > 0 AND language <> '' ORDER BY passages DESC, language LIMIT 1), '')`

// Indexed implements [contextengine.ContentStore].
func (s *KnowledgeStore) Indexed(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (contextengine.Indexed, error) {
	var out contextengine.Indexed
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		out = contextengine.Indexed{Models: map[contextengine.PassageKey][]string{}}
		// Before the vectors: what served is dropped only after another model serves, and Publish asks whether one does.
		err := tx.QueryRow(ctx, `SELECT model, (`+mainLanguage+`) FROM corpus`).Scan(&out.Serving, &out.Language)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT version, hash FROM knowledge_items WHERE id = $1`, id).Scan(&out.Version, &out.Hash)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT key, array(SELECT v.model FROM passage_vectors v WHERE v.no = p.no)
			FROM passages p
			WHERE item_id = $1`, id)
		if err != nil {
			return err
		}
		var key []byte
		var models []string
		_, err = pgx.ForEachRow(rows, []any{&key, &models}, func() error {
			out.Models[contextengine.PassageKey(key)] = models
			return nil
		})
		return err
	})
	return out, err
}

// Publish implements [contextengine.ContentStore]. Passages whose key is already there keep their number, id, postings
// and vector; the others are added, and those that the version lacks removed. Until the commit readers see the version
// before.
func (s *KnowledgeStore) Publish(ctx context.Context, tenant flomastr.TenantID, p contextengine.Publication) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		var published int
		err := tx.QueryRow(ctx, `SELECT version FROM knowledge_items WHERE id = $1`, p.Item).Scan(&published)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if published > p.Version {
			return contextengine.ErrVersionPassed
		}
		if published == p.Version {
			return nil
		}
		return publish(ctx, tx, p)
	})
}

// newStamp tells every server that the index which it may hold in memory is no longer the one that serves.
const newStamp = `UPDATE corpus SET stamp = gen_random_uuid()`

func publish(ctx context.Context, tx pgx.Tx, p contextengine.Publication) error {
	tag, err := tx.Exec(ctx, `
		UPDATE corpus
		SET stamp = gen_random_uuid(), model = coalesce(nullif(model, ''), $1)
		WHERE model = $2`, p.Model, p.Serving)
	if err != nil {
		return fmt.Errorf("stamp the index: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return contextengine.ErrModelPassed
	}
	if err := languageChange(ctx, tx, p.Item, string(p.Language), len(p.Passages)); err != nil {
		return fmt.Errorf("count languages: %w", err)
	}
	if err := writeItem(ctx, tx, p); err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	kept, err := removePassages(ctx, tx, p.Item, p.Passages)
	if err != nil {
		return fmt.Errorf("remove passages: %w", err)
	}
	var fresh, again []numbered
	for i, passage := range p.Passages {
		if no, ok := kept[passage.Key]; ok {
			again = append(again, numbered{passage, i, no})
		} else {
			fresh = append(fresh, numbered{passage, i, 0})
		}
	}
	if err := movePassages(ctx, tx, again, p.Model); err != nil {
		return fmt.Errorf("move passages: %w", err)
	}
	if err := addPassages(ctx, tx, p.Item, fresh, p.Model); err != nil {
		return fmt.Errorf("add passages: %w", err)
	}
	return nil
}

// numbered is a passage with its place in the item and, once it has one, its number in the index.
type numbered struct {
	contextengine.IndexedPassage
	ordinal, no int
}

func writeItem(ctx context.Context, tx pgx.Tx, p contextengine.Publication) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO knowledge_items (id, title, source, type, url, intent, tags, language, version, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE
		SET title = $2, source = $3, type = $4, url = $5, intent = $6, tags = $7, language = $8, version = $9, hash = $10,
		    updated_at = CASE WHEN knowledge_items.hash = $10 THEN knowledge_items.updated_at ELSE now() END -- when what it says last changed`,
		p.Item, p.Title, string(p.Source), p.Type, p.URL, p.Intent, notNil(p.Tags), string(p.Language), p.Version, p.Hash)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO knowledge_versions (item_id, version, markdown, chunks)
		VALUES ($1, $2, $3, $4)`, p.Item, p.Version, p.Markdown, len(p.Passages)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM knowledge_versions WHERE item_id = $1 AND version <= $2`, p.Item, p.Version-keptVersions)
	return err
}

// languageChange moves an item's passages from its old language's count to the new one's. It runs before the item's row
// and its passages change.
func languageChange(ctx context.Context, tx pgx.Tx, id flomastr.ItemID, language string, passages int) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO languages (language, passages)
		SELECT language, sum(n)
		FROM (
		  SELECT $2::text AS language, $3::integer AS n
		  UNION ALL
		  SELECT i.language, -(SELECT count(*) FROM passages p WHERE p.item_id = i.id)::integer FROM knowledge_items i WHERE i.id = $1
		) AS change
		GROUP BY language
		ON CONFLICT (language) DO UPDATE
		SET passages = languages.passages + EXCLUDED.passages`, id, language, passages)
	return err
}

// movePassages puts kept passages in their new place; a neighbour may have changed, and with it the bag.
func movePassages(ctx context.Context, tx pgx.Tx, list []numbered, model string) error {
	var nos, ordinals, places []int
	var kinds, names []string
	var bags [][]byte
	var vectorNos []int
	var vectors []string
	for _, p := range list {
		nos, ordinals, bags = append(nos, p.no), append(ordinals, p.ordinal), append(bags, p.Bag)
		kinds, places, names = append(kinds, placeKind(p.Place)), append(places, p.Place.Number), append(names, p.Place.Name)
		if p.Vector != nil {
			vectorNos, vectors = append(vectorNos, p.no), append(vectors, vectorText(p.Vector))
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE passages p
		SET ordinal = n.ordinal, place_kind = n.kind, page = n.number, place_name = n.name
		FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::text[]) AS n(no, ordinal, kind, number, name)
		WHERE p.no = n.no AND (p.ordinal, p.place_kind, p.page, p.place_name) <> (n.ordinal, n.kind, n.number, n.name)`, nos, ordinals, kinds, places, names)
	batch.Queue(`
		UPDATE passage_bags b
		SET bag = n.bag
		FROM unnest($1::integer[], $2::bytea[]) AS n(no, bag)
		WHERE b.no = n.no AND b.bag <> n.bag`, nos, bags)
	queueVectors(batch, vectorNos, vectors, model)
	return tx.SendBatch(ctx, batch).Close()
}

// placeKind is what the column holds: a passage without a place is on page 0.
func placeKind(place flomastr.Place) string {
	return string(cmp.Or(place.Kind, flomastr.PlacePage))
}

func queueVectors(batch *pgx.Batch, nos []int, vectors []string, model string) {
	if len(nos) == 0 {
		return
	}
	batch.Queue(`
		INSERT INTO passage_vectors (no, model, embedding)
		SELECT no, $3, v::halfvec
		FROM unnest($1::integer[], $2::text[]) AS n(no, v)
		ON CONFLICT (no, model) DO UPDATE
		SET embedding = EXCLUDED.embedding`, nos, vectors, model)
}

// vectorText is how pgvector reads a vector.
func vectorText(v []float32) string {
	b := make([]byte, 0, 10*len(v))
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if x == 0 {
			b = append(b, '0')
			continue
		}
		b = strconv.AppendFloat(b, float64(x), 'g', 5, 32)
	}
	return string(append(b, ']'))
}

// Erase implements [contextengine.ContentStore].
func (s *KnowledgeStore) Erase(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, newStamp); err != nil {
			return err
		}
		if err := languageChange(ctx, tx, id, "", 0); err != nil {
			return err
		}
		if _, err := removePassages(ctx, tx, id, nil); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM knowledge_items WHERE id = $1`, id)
		return err
	})
}
