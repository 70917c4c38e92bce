package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Exchange implements [contextengine.StagedStore]. Promoting and rolling back are the same act, with the counts added or taken
// away: what serves and what is held beside it change places.
func (s *KnowledgeStore) Exchange(ctx context.Context, tenant flomastr.TenantID, list []contextengine.Exchange, promote bool) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		x := exchange{sign: staged}
		if promote {
			x.sign = serving
		}
		for _, e := range list {
			x.changes = append(x.changes, e.Change)
			x.items, x.versions = append(x.items, e.Item.String()), append(x.versions, e.Version)
		}
		if done, err := x.look(ctx, tx, promote); done || err != nil {
			return err
		}
		return x.run(ctx, tx)
	})
}

// exchange is one going on.
type exchange struct {
	sign     int
	changes  []flomastr.ReleaseChangeID
	items    []string // whose versions these become
	versions []int

	// The changes that bring an item which is not there yet, and those that take one away, of which nothing is held yet.
	arriving, leaving []flomastr.ReleaseChangeID
}

// look tells whether it is done already, and refuses when an item is no longer what the change was made for.
func (x *exchange) look(ctx context.Context, tx pgx.Tx, promote bool) (done bool, err error) {
	rows, err := tx.Query(ctx, `
		SELECT c.id, c.promoted, c.base <> coalesce(i.version, 0), i.id IS NOT NULL, h.id IS NOT NULL
		FROM staged_changes c
		LEFT JOIN knowledge_items i ON i.id = c.item_id
		LEFT JOIN knowledge_items h ON h.id = c.id
		WHERE c.id = ANY($1::text::uuid[])
		ORDER BY c.id`, changeList(x.changes))
	if err != nil {
		return false, err
	}
	var id flomastr.ReleaseChangeID
	var promoted, passed, serves, held bool
	found, settled, conflicts := 0, 0, 0
	_, err = pgx.ForEachRow(rows, []any{&id, &promoted, &passed, &serves, &held}, func() error {
		found++
		if promoted == promote {
			settled++
		}
		if passed {
			conflicts++
		}
		if !serves {
			x.arriving = append(x.arriving, id)
		}
		if !held {
			x.leaving = append(x.leaving, id)
		}
		return nil
	})
	switch {
	case err != nil:
		return false, err
	case found < len(x.changes) || settled > 0 && settled < found:
		return false, contextengine.ErrReleaseNotReady
	case settled == found:
		return true, nil
	case conflicts > 0:
		return false, contextengine.ErrReleaseChanged
	}
	return false, nil
}

func (x *exchange) run(ctx context.Context, tx pgx.Tx) error {
	for _, step := range []struct {
		name  string
		queue func(*pgx.Batch)
	}{
		{"counts", x.counts},
		{"passages", x.passages},
		{"texts", x.texts},
		{"items", x.settle},
	} {
		batch := &pgx.Batch{}
		step.queue(batch)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("exchange %s: %w", step.name, err)
		}
	}
	return nil
}

func (x *exchange) counts(batch *pgx.Batch) {
	ids := changeList(x.changes)
	batch.Queue(newStamp)
	for _, of := range []struct{ table, key string }{{"terms", "term"}, {"grams", "gram"}, {"words", "word, term"}} {
		batch.Queue(`
			INSERT INTO `+of.table+` (`+of.key+`, passages)
			SELECT `+of.key+`, $2 * sum(passages)
			FROM staged_`+of.table+`
			WHERE change_id = ANY($1::text::uuid[])
			GROUP BY `+of.key+`
			HAVING sum(passages) <> 0
			ON CONFLICT (`+of.key+`) DO UPDATE
			SET passages = `+of.table+`.passages + EXCLUDED.passages`, ids, x.sign)
		batch.Queue(`DELETE FROM ` + of.table + ` WHERE passages <= 0`)
	}
	batch.Queue(`
		UPDATE corpus
		SET passages = corpus.passages + $2 * d.passages, words = corpus.words + $2 * d.words, titles = corpus.titles + $2 * d.titles, grams = corpus.grams + $2 * d.grams
		FROM (
		  SELECT sum(added - removed) AS passages, sum(words) AS words, sum(titles) AS titles, sum(grams) AS grams
		  FROM staged_changes
		  WHERE id = ANY($1::text::uuid[])
		) AS d`, ids, x.sign)
	batch.Queue(`
		INSERT INTO languages (language, passages)
		SELECT language, $2 * sum(n)
		FROM (
		  SELECT language, added AS n FROM staged_changes WHERE id = ANY($1::text::uuid[])
		  UNION ALL
		  SELECT old_language, -removed FROM staged_changes WHERE id = ANY($1::text::uuid[])
		) AS d
		GROUP BY language
		HAVING sum(n) <> 0
		ON CONFLICT (language) DO UPDATE
		SET passages = languages.passages + EXCLUDED.passages`, ids, x.sign)
}

// sides are the changes' two items, and where the passages of each go.
const sides = `(
	SELECT id AS item, item_id AS other FROM staged_changes WHERE id = ANY($1::text::uuid[])
	UNION ALL
	SELECT item_id, id FROM staged_changes WHERE id = ANY($1::text::uuid[])
) AS side`

// passages gives each side's passages to the other. An item that was not there gets its row first.
func (x *exchange) passages(batch *pgx.Batch) {
	ids := changeList(x.changes)
	batch.Queue(`
		UPDATE postings p
		SET no = -p.no
		FROM (SELECT no, unnest(terms) AS term FROM passages JOIN `+sides+` ON passages.item_id = side.item) AS of
		WHERE p.term = of.term AND p.no = of.no`, ids)
	batch.Queue(`
		INSERT INTO knowledge_items (id, title, source, type, url, intent, tags, language, version, hash, updated_at)
		SELECT c.item_id, i.title, i.source, i.type, i.url, i.intent, i.tags, i.language, i.version, i.hash, i.updated_at
		FROM staged_changes c
		JOIN knowledge_items i ON i.id = c.id
		WHERE c.id = ANY($1::text::uuid[])`, changeList(x.arriving))
	batch.Queue(`
		INSERT INTO knowledge_items (id, title, source, type, url, intent, tags, language, version, hash, updated_at)
		SELECT c.id, i.title, i.source, i.type, i.url, i.intent, i.tags, i.language, i.version, i.hash, i.updated_at
		FROM staged_changes c
		JOIN knowledge_items i ON i.id = c.item_id
		WHERE c.id = ANY($1::text::uuid[])`, changeList(x.leaving))
	batch.Queue(`
		UPDATE passages p
		SET no = -p.no, item_id = side.other
		FROM `+sides+`
		WHERE p.item_id = side.item`, ids)
}

// texts makes what is held the item's new version, and holds the text of the version before.
func (x *exchange) texts(batch *pgx.Batch) {
	ids := changeList(x.changes)
	batch.Queue(`
		INSERT INTO knowledge_versions (item_id, version, markdown, chunks)
		SELECT c.item_id, n.version, v.markdown, v.chunks
		FROM unnest($2::text[]::uuid[], $3::integer[]) AS n(item, version)
		JOIN staged_changes c ON c.item_id = n.item AND c.id = ANY($1::text::uuid[])
		JOIN knowledge_versions v ON v.item_id = c.id`, ids, x.items, x.versions)
	batch.Queue(`
		INSERT INTO knowledge_versions (item_id, version, markdown, chunks)
		SELECT c.id, 1, v.markdown, v.chunks
		FROM staged_changes c
		JOIN knowledge_items i ON i.id = c.item_id
		JOIN knowledge_versions v ON v.item_id = i.id AND v.version = i.version
		WHERE c.id = ANY($1::text::uuid[]) AND NOT c.id = ANY($2::text::uuid[])
		ON CONFLICT (item_id, version) DO UPDATE
		SET markdown = EXCLUDED.markdown, chunks = EXCLUDED.chunks`, ids, changeList(x.arriving))
	batch.Queue(`
		DELETE FROM knowledge_versions v
		USING unnest($1::text[]::uuid[], $2::integer[]) AS n(item, version)
		WHERE v.item_id = n.item AND v.version <= n.version - $3`, x.items, x.versions, keptVersions)
}

// settle exchanges what is said of the items themselves, and removes those that hold nothing now.
func (x *exchange) settle(batch *pgx.Batch) {
	ids := changeList(x.changes)
	batch.Queue(`
		UPDATE knowledge_items a
		SET title = b.title, source = b.source, type = b.type, url = b.url, intent = b.intent, tags = b.tags, language = b.language, hash = b.hash, updated_at = b.updated_at
		FROM `+sides+`
		JOIN knowledge_items b ON b.id = side.other
		WHERE a.id = side.item`, ids)
	batch.Queue(`
		UPDATE knowledge_items i
		SET version = n.version
		FROM unnest($1::text[]::uuid[], $2::integer[]) AS n(item, version)
		WHERE i.id = n.item`, x.items, x.versions)
	batch.Queue(`DELETE FROM knowledge_items WHERE id = ANY($1::text::uuid[])`, changeList(x.arriving))
	batch.Queue(`
		DELETE FROM knowledge_items i
		USING staged_changes c
		WHERE c.id = ANY($1::text::uuid[]) AND i.id = c.item_id`, changeList(x.leaving))
	batch.Queue(`
		UPDATE staged_changes c
		SET promoted = NOT promoted, base = coalesce((SELECT version FROM knowledge_items i WHERE i.id = c.item_id), 0)
		WHERE id = ANY($1::text::uuid[])`, ids)
}
