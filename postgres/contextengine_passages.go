package postgres

import (
	"cmp"
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

// tally is what passages count for: how many there are, how long, and how many of them hold each term, 4-gram and word.
type tally struct {
	passages int
	length   contextengine.Length
	terms    map[analysis.Term]int
	grams    map[analysis.Gram]int
	words    map[contextengine.WordTerm]int
}

func newTally() tally {
	return tally{terms: map[analysis.Term]int{}, grams: map[analysis.Gram]int{}, words: map[contextengine.WordTerm]int{}}
}

func (t *tally) lengthen(by contextengine.Length) {
	t.passages++
	t.length = contextengine.Length{Words: t.length.Words + by.Words, Titles: t.length.Titles + by.Titles, Grams: t.length.Grams + by.Grams}
}

// tallyOf counts passages that are about to be written.
func tallyOf(list []numbered) tally {
	t := newTally()
	for _, p := range list {
		t.lengthen(p.Length)
		for _, posting := range p.Postings {
			t.terms[posting.Term]++
		}
		for _, g := range p.Grams {
			t.grams[g]++
		}
		for _, w := range p.Words {
			t.words[w]++
		}
	}
	return t
}

// addPassages writes passages that the index has not, and counts what they hold.
func addPassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, list []numbered, model string) error {
	if len(list) == 0 {
		return nil
	}
	if err := writePassages(ctx, tx, item, list, model, serving); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	queueCounts(batch, tallyOf(list), 1)
	return tx.SendBatch(ctx, batch).Close()
}

// The signs of the numbers of passages that questions are answered from, and of those that are held beside them.
const (
	serving = 1
	staged  = -1
)

// writePassages writes passages with their bags, postings and vectors. It counts nothing.
func writePassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, list []numbered, model string, sign int) error {
	if err := insertPassages(ctx, tx, item, list, sign); err != nil {
		return err
	}
	var postings [][]any
	var vectorNos []int
	var vectors []string
	for _, p := range list {
		for _, posting := range p.Postings {
			postings = append(postings, []any{int64(posting.Term), p.no, int16(min(posting.Quarters, 32000)), int16(min(p.Length.Words, 32000))})
		}
		if p.Vector != nil {
			vectorNos, vectors = append(vectorNos, p.no), append(vectors, vectorText(p.Vector))
		}
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"postings"}, []string{"term", "no", "quarters", "length"}, pgx.CopyFromRows(postings)); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	queueVectors(batch, vectorNos, vectors, model)
	return tx.SendBatch(ctx, batch).Close()
}

// insertPassages gives each passage its number.
func insertPassages(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, list []numbered, sign int) error {
	batch := &pgx.Batch{}
	for i := range list {
		p := &list[i]
		terms := make([]int64, len(p.Postings))
		for j, posting := range p.Postings {
			terms[j] = int64(posting.Term)
		}
		batch.Queue(`
			WITH p AS (
			  INSERT INTO passages (no, id, item_id, key, ordinal, text, headings, place_kind, page, place_name, terms, words, titles, grams)
			  VALUES ($15 * nextval(pg_get_serial_sequence('passages', 'no')), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			  RETURNING no
			)
			INSERT INTO passage_bags (no, bag)
			SELECT no, $14 FROM p
			RETURNING no`,
			p.ID, item, p.Key[:], p.ordinal, p.Text, notNil(p.Headings), placeKind(p.Place), p.Place.Number, p.Place.Name, terms, p.Length.Words, p.Length.Titles, p.Length.Grams, p.Bag, sign,
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
	gone, err := readPassagesOf(ctx, tx, item, keys)
	if err != nil || len(gone) == 0 {
		return kept, err
	}
	return kept, uncount(ctx, tx, gone)
}

// readPassagesOf reads an item's passages but those with the keys.
func readPassagesOf(ctx context.Context, tx pgx.Tx, item flomastr.ItemID, but [][]byte) ([]removed, error) {
	rows, err := tx.Query(ctx, `
		SELECT p.no, p.key, p.words, p.titles, p.grams, p.terms, b.bag
		FROM passages p
		JOIN passage_bags b USING (no)
		WHERE p.item_id = $1 AND NOT p.key = ANY($2)`, item, but)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[removed])
}

// tallyOfStored counts passages that are stored, and tells their numbers.
func tallyOfStored(ctx context.Context, tx pgx.Tx, list []removed) (t tally, nos []int, err error) {
	t = newTally()
	var words []string
	var wordNos []int
	for _, p := range list {
		nos = append(nos, p.No)
		t.lengthen(contextengine.Length{Words: p.Words, Titles: p.Titles, Grams: p.Grams})
		for _, term := range p.Terms {
			t.terms[analysis.Term(term)]++
		}
		bag, err := ranking.Unpack(p.Bag)
		if err != nil {
			return t, nil, err
		}
		held := map[analysis.Gram]bool{}
		analysis.EachGram(bag.Text, func(g analysis.Gram) { held[g] = true })
		for g := range held {
			t.grams[g]++
		}
		for _, w := range bag.Words() {
			words, wordNos = append(words, w), append(wordNos, p.No)
		}
	}
	// A passage is written in one language, so each of its words counts for one of its terms.
	rows, err := tx.Query(ctx, `
		SELECT v.word, v.term, count(*)::integer
		FROM unnest($1::text[], $2::integer[]) AS held(word, no)
		JOIN words v ON v.word = held.word
		JOIN postings p ON p.term = v.term AND p.no = held.no
		GROUP BY v.word, v.term`, words, wordNos)
	if err != nil {
		return t, nil, err
	}
	var word string
	var term int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&word, &term, &n}, func() error {
		t.words[contextengine.WordTerm{Word: word, Term: analysis.Term(term)}] = n
		return nil
	})
	return t, nos, err
}

func uncount(ctx context.Context, tx pgx.Tx, gone []removed) error {
	counted, nos, err := tallyOfStored(ctx, tx, gone)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	queueCounts(batch, counted, -1)
	queueUnindex(batch, nos)
	return tx.SendBatch(ctx, batch).Close()
}

// queueUnindex takes passages out of the index. It counts nothing.
func queueUnindex(batch *pgx.Batch, nos []int) {
	batch.Queue(`
		DELETE FROM postings p
		USING (SELECT no, unnest(terms) AS term FROM passages WHERE no = ANY($1)) AS gone
		WHERE p.term = gone.term AND p.no = gone.no`, nos)
	batch.Queue(`DELETE FROM passages WHERE no = ANY($1)`, nos) // and, by their keys, bags and vectors
}

// queueCounts adds a tally to the counts, or takes it away.
func queueCounts(batch *pgx.Batch, by tally, sign int) {
	t, tn := sortedCounts(by.terms, sign)
	batch.Queue(`
		INSERT INTO terms (term, passages)
		SELECT * FROM unnest($1::bigint[], $2::integer[])
		ON CONFLICT (term) DO UPDATE
		SET passages = terms.passages + EXCLUDED.passages`, t, tn)
	g, gn := sortedGrams(by.grams, sign)
	batch.Queue(`
		INSERT INTO grams (gram, passages)
		SELECT * FROM unnest($1::integer[], $2::integer[])
		ON CONFLICT (gram) DO UPDATE
		SET passages = grams.passages + EXCLUDED.passages`, g, gn)
	words, wordTerms, wn := sortedWords(by.words, sign)
	batch.Queue(`
		INSERT INTO words (word, term, passages)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[])
		ON CONFLICT (word, term) DO UPDATE
		SET passages = words.passages + EXCLUDED.passages`, words, wordTerms, wn)
	if sign < 0 {
		batch.Queue(`DELETE FROM terms WHERE term = ANY($1) AND passages <= 0`, t)
		batch.Queue(`DELETE FROM grams WHERE gram = ANY($1) AND passages <= 0`, g)
		batch.Queue(`DELETE FROM words WHERE word = ANY($1) AND passages <= 0`, words)
	}
	batch.Queue(`
		UPDATE corpus
		SET passages = passages + $1, words = words + $2, titles = titles + $3, grams = grams + $4`,
		sign*by.passages, sign*by.length.Words, sign*by.length.Titles, sign*by.length.Grams)
}

func sortedCounts[K ~uint64 | ~uint32](counts map[K]int, sign int) ([]int64, []int) {
	keys := make([]int64, 0, len(counts))
	n := make([]int, 0, len(counts))
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		keys, n = append(keys, int64(k)), append(n, sign*counts[k])
	}
	return keys, n
}

func sortedGrams(counts map[analysis.Gram]int, sign int) ([]int32, []int) {
	wide, n := sortedCounts(counts, sign)
	grams := make([]int32, len(wide))
	for i := range wide {
		grams[i] = int32(uint32(wide[i]))
	}
	return grams, n
}

func sortedWords(counts map[contextengine.WordTerm]int, sign int) (words []string, terms []int64, n []int) {
	list := slices.SortedFunc(maps.Keys(counts), func(a, b contextengine.WordTerm) int {
		return cmp.Or(strings.Compare(a.Word, b.Word), cmp.Compare(a.Term, b.Term))
	})
	words, terms, n = make([]string, len(list)), make([]int64, len(list)), make([]int, len(list))
	for i, w := range list {
		words[i], terms[i], n[i] = w.Word, int64(w.Term), sign*counts[w]
	}
	return words, terms, n
}
