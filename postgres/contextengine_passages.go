package postgres

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// addPassages writes passages that the index has not, and counts what they hold.
func addPassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, list []numbered, model string) error {
	if len(list) == 0 {
		return nil
	}
	if err := insertPassages(ctx, tx, item, list); err != nil {
		return err
	}
	var postings [][]any
	var vectorNos []int
	var vectors []string
	terms, grams, words := map[analysis.Term]int{}, map[analysis.Gram]int{}, map[contextengine.WordTerm]int{}
	var length contextengine.Length
	for _, p := range list {
		for _, posting := range p.Postings {
			postings = append(postings, []any{int64(posting.Term), p.no, int16(min(posting.Quarters, 32000)), int16(min(p.Length.Words, 32000))})
			terms[posting.Term]++
		}
		for _, g := range p.Grams {
			grams[g]++
		}
		for _, w := range p.Words {
			words[w]++
		}
		length.Words, length.Titles, length.Grams = length.Words+p.Length.Words, length.Titles+p.Length.Titles, length.Grams+p.Length.Grams
		if p.Vector != nil {
			vectorNos, vectors = append(vectorNos, p.no), append(vectors, vectorText(p.Vector))
		}
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"postings"}, []string{"term", "no", "quarters", "length"}, pgx.CopyFromRows(postings)); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	queueVectors(batch, vectorNos, vectors, model)
	queueCounts(batch, terms, grams, 1)
	queueWords(batch, words)
	queueCorpus(batch, len(list), length)
	return tx.SendBatch(ctx, batch).Close()
}

// insertPassages gives each passage its number.
func insertPassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, list []numbered) error {
	batch := &pgx.Batch{}
	for i := range list {
		p := &list[i]
		terms := make([]int64, len(p.Postings))
		for j, posting := range p.Postings {
			terms[j] = int64(posting.Term)
		}
		batch.Queue(`
			WITH p AS (
			  INSERT INTO passages (id, item_id, key, ordinal, text, headings, place_kind, page, place_name, terms, words, titles, grams)
			  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			  RETURNING no
			)
			INSERT INTO passage_bags (no, bag)
			SELECT no, $14 FROM p
			RETURNING no`,
			p.ID, item, p.Key[:], p.ordinal, p.Text, notNil(p.Headings), placeKind(p.Place), p.Place.Number, p.Place.Name, terms, p.Length.Words, p.Length.Titles, p.Length.Grams, p.Bag,
		).QueryRow(func(row pgx.Row) error { return row.Scan(&p.no) })
	}
	return tx.SendBatch(ctx, batch).Close()
}

// removed is what is needed of a passage to take its counts back.
type removed struct {
	No     int
	Key    []byte
	Words  int
	Titles int
	Grams  int
	Terms  []int64
	Bag    []byte
}

// removePassages takes away the item's passages that are not among those to keep, with their counts, and answers the
// numbers of the kept ones.
func removePassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, keep []contextengine.IndexedPassage) (map[contextengine.PassageKey]int, error) {
	keys := make([][]byte, len(keep))
	for i := range keep {
		keys[i] = keep[i].Key[:]
	}
	rows, err := tx.Query(ctx, `SELECT no, key FROM passages WHERE item_id = $1 AND key = ANY($2)`, item, keys)
	if err != nil {
		return nil, err
	}
	kept := map[contextengine.PassageKey]int{}
	var no int
	var key []byte
	if _, err := pgx.ForEachRow(rows, []any{&no, &key}, func() error { kept[contextengine.PassageKey(key)] = no; return nil }); err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `
		SELECT p.no, p.key, p.words, p.titles, p.grams, p.terms, b.bag
		FROM passages p
		JOIN passage_bags b USING (no)
		WHERE p.item_id = $1 AND NOT p.key = ANY($2)`, item, keys)
	if err != nil {
		return nil, err
	}
	gone, err := pgx.CollectRows(rows, pgx.RowToStructByName[removed])
	if err != nil || len(gone) == 0 {
		return kept, err
	}
	return kept, uncount(ctx, tx, gone)
}

func uncount(ctx context.Context, tx pgx.Tx, gone []removed) error {
	terms, grams := map[analysis.Term]int{}, map[analysis.Gram]int{}
	var nos, wordNos []int
	var words []string
	var length contextengine.Length
	for _, p := range gone {
		nos = append(nos, p.No)
		for _, t := range p.Terms {
			terms[analysis.Term(t)]++
		}
		bag, err := ranking.Unpack(p.Bag)
		if err != nil {
			return err
		}
		held := map[analysis.Gram]bool{}
		analysis.EachGram(bag.Text, func(g analysis.Gram) { held[g] = true })
		for g := range held {
			grams[g]++
		}
		for _, w := range bag.Words() {
			words, wordNos = append(words, w), append(wordNos, p.No)
		}
		length.Words, length.Titles, length.Grams = length.Words-p.Words, length.Titles-p.Titles, length.Grams-p.Grams
	}
	batch := &pgx.Batch{}
	// A passage is written in one language, so each of its words counts for one of its terms.
	batch.Queue(`
		UPDATE words w
		SET passages = w.passages - d.n
		FROM (
		  SELECT v.word, v.term, count(*)::integer AS n
		  FROM unnest($1::text[], $2::integer[]) AS gone(word, no)
		  JOIN words v ON v.word = gone.word
		  JOIN postings p ON p.term = v.term AND p.no = gone.no
		  GROUP BY v.word, v.term
		) AS d
		WHERE w.word = d.word AND w.term = d.term`, words, wordNos)
	batch.Queue(`DELETE FROM words WHERE word = ANY($1) AND passages <= 0`, words)
	batch.Queue(`
		DELETE FROM postings p
		USING (SELECT no, unnest(terms) AS term FROM passages WHERE no = ANY($1)) AS gone
		WHERE p.term = gone.term AND p.no = gone.no`, nos)
	queueCounts(batch, terms, grams, -1)
	queueCorpus(batch, -len(gone), length)
	batch.Queue(`DELETE FROM passages WHERE no = ANY($1)`, nos) // and, by their keys, bags and vectors
	return tx.SendBatch(ctx, batch).Close()
}

func queueCounts(batch *pgx.Batch, terms map[analysis.Term]int, grams map[analysis.Gram]int, sign int) {
	t, tn := sortedCounts(terms, sign)
	batch.Queue(`
		INSERT INTO terms (term, passages)
		SELECT * FROM unnest($1::bigint[], $2::integer[])
		ON CONFLICT (term) DO UPDATE
		SET passages = terms.passages + EXCLUDED.passages`, t, tn)
	g, gn := sortedCounts(grams, sign)
	narrow := make([]int32, len(g))
	for i := range g {
		narrow[i] = int32(uint32(g[i]))
	}
	batch.Queue(`
		INSERT INTO grams (gram, passages)
		SELECT * FROM unnest($1::integer[], $2::integer[])
		ON CONFLICT (gram) DO UPDATE
		SET passages = grams.passages + EXCLUDED.passages`, narrow, gn)
	if sign < 0 {
		batch.Queue(`DELETE FROM terms WHERE term = ANY($1) AND passages <= 0`, t)
		batch.Queue(`DELETE FROM grams WHERE gram = ANY($1) AND passages <= 0`, narrow)
	}
}

func sortedCounts[K ~uint64 | ~uint32](counts map[K]int, sign int) ([]int64, []int) {
	keys := make([]int64, 0, len(counts))
	n := make([]int, 0, len(counts))
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		keys, n = append(keys, int64(k)), append(n, sign*counts[k])
	}
	return keys, n
}

func queueWords(batch *pgx.Batch, counts map[contextengine.WordTerm]int) {
	list := slices.SortedFunc(maps.Keys(counts), func(a, b contextengine.WordTerm) int { return strings.Compare(a.Word, b.Word) })
	words, terms, n := make([]string, len(list)), make([]int64, len(list)), make([]int, len(list))
	for i, w := range list {
		words[i], terms[i], n[i] = w.Word, int64(w.Term), counts[w]
	}
	batch.Queue(`
		INSERT INTO words (word, term, passages)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[])
		ON CONFLICT (word, term) DO UPDATE
		SET passages = words.passages + EXCLUDED.passages`, words, terms, n)
}

func queueCorpus(batch *pgx.Batch, passages int, by contextengine.Length) {
	batch.Queue(`
		UPDATE corpus
		SET passages = passages + $1, words = words + $2, titles = titles + $3, grams = grams + $4`,
		passages, by.Words, by.Titles, by.Grams)
}
