package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// reading is the counts that a question is read against, each as it stands after FROM: those that serve, or what the changes of
// a release make of them.
type reading struct{ terms, words, grams, corpus, languages string }

var asServing = reading{terms: "terms", words: "words", grams: "grams", corpus: "corpus", languages: "languages"}

// theChanges are the ids that readAs has put down for its transaction, so that they need no place among a query's parameters.
const theChanges = `ANY(current_setting('flomastr.changes')::uuid[])`

// What is only grouped by its key lets a condition on the key through: each side is read by its own index.
var asReleased = reading{
	terms: `(
		SELECT term, sum(passages)::integer AS passages
		FROM (SELECT term, passages FROM terms UNION ALL SELECT term, passages FROM staged_terms WHERE change_id = ` + theChanges + `) AS sides
		GROUP BY term
		HAVING sum(passages) > 0)`,
	words: `(
		SELECT word, term, sum(passages)::integer AS passages
		FROM (SELECT word, term, passages FROM words UNION ALL SELECT word, term, passages FROM staged_words WHERE change_id = ` + theChanges + `) AS sides
		GROUP BY word, term
		HAVING sum(passages) > 0)`,
	grams: `(
		SELECT gram, sum(passages)::integer AS passages
		FROM (SELECT gram, passages FROM grams UNION ALL SELECT gram, passages FROM staged_grams WHERE change_id = ` + theChanges + `) AS sides
		GROUP BY gram
		HAVING sum(passages) > 0)`,
	corpus: `(
		SELECT c.stamp, c.model, (c.passages + d.passages)::bigint AS passages, (c.words + d.words)::bigint AS words,
		       (c.titles + d.titles)::bigint AS titles, (c.grams + d.grams)::bigint AS grams
		FROM corpus c
		CROSS JOIN (
		  SELECT coalesce(sum(added - removed), 0) AS passages, coalesce(sum(words), 0) AS words, coalesce(sum(titles), 0) AS titles, coalesce(sum(grams), 0) AS grams
		  FROM staged_changes
		  WHERE id = ` + theChanges + `
		) AS d)`,
	languages: `(
		SELECT language, sum(passages)::integer AS passages
		FROM (
		  SELECT language, passages FROM languages
		  UNION ALL
		  SELECT language, added FROM staged_changes WHERE id = ` + theChanges + `
		  UNION ALL
		  SELECT old_language, -removed FROM staged_changes WHERE id = ` + theChanges + `
		) AS sides
		GROUP BY language)`,
}

// readAs prepares a transaction to read the brain with changes of a release. Those that were promoted serve already.
func readAs(ctx context.Context, tx pgx.Tx, changes []flomastr.ReleaseChangeID) (reading, error) {
	if len(changes) == 0 {
		return asServing, nil
	}
	var found, promoted, passed int
	err := tx.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE c.promoted), count(*) FILTER (WHERE c.base <> coalesce(i.version, 0)), set_config('flomastr.changes', $1::text, true)
		FROM staged_changes c
		LEFT JOIN knowledge_items i ON i.id = c.item_id
		WHERE c.id = ANY($1::text::uuid[])`, changeList(changes)).Scan(&found, &promoted, &passed, nil)
	switch {
	case err != nil:
		return reading{}, err
	case promoted == len(changes):
		return asServing, nil
	case promoted > 0 || found < len(changes):
		return reading{}, contextengine.ErrReleaseNotReady
	case passed > 0:
		return reading{}, contextengine.ErrReleaseChanged
	}
	return asReleased, nil
}

// changeList is how PostgreSQL reads a list of ids.
func changeList(changes []flomastr.ReleaseChangeID) string {
	b := []byte{'{'}
	for i, id := range changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, id.String()...)
	}
	return string(append(b, '}'))
}

// seenPassages is the condition on the numbers of passages that a question is answered from: those that serve, in the range of
// the index. With changes of a release that are not promoted, what they bring (below zero) takes the place of what they take
// away (above it).
func seenPassages(changes []flomastr.ReleaseChangeID) string {
	if len(changes) == 0 {
		return ` AND p.no > 0`
	}
	return ` AND (p.no > 0) <> (p.no IN (
		SELECT s.no
		FROM (SELECT id, item_id FROM staged_changes WHERE id = ` + theChanges + ` AND NOT promoted) AS c
		CROSS JOIN LATERAL (VALUES (c.id), (c.item_id)) AS side(item)
		JOIN passages s ON s.item_id = side.item))`
}
