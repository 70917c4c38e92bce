package postgres

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// Lookup implements [contextengine.ContentStore], in one round trip, and one more for a release.
func (s *KnowledgeStore) Lookup(ctx context.Context, tenant flomastr.TenantID, ask contextengine.Lookup) (known contextengine.Known, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		read, err := readAs(ctx, tx, ask.Changes)
		if err != nil {
			return err
		}
		known, err = lookup(ctx, tx, read, ask)
		return err
	})
	return known, err
}

func lookup(ctx context.Context, tx pgx.Tx, read reading, ask contextengine.Lookup) (contextengine.Known, error) {
	known := contextengine.Known{Terms: map[analysis.Term]int{}, Grams: map[analysis.Gram]int{}}
	terms, grams := make([]int64, len(ask.Terms)), make([]int32, len(ask.Grams))
	for i, t := range ask.Terms {
		terms[i] = int64(t)
	}
	for i, g := range ask.Grams {
		grams[i] = int32(uint32(g))
		known.Grams[g] = 0
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT stamp::text, model, passages, words::float8 / greatest(passages, 1), titles::float8 / greatest(passages, 1), grams::float8 / greatest(passages, 1),
		       coalesce((SELECT language FROM ` + read.languages + ` AS languages WHERE passages > 0 AND language <> '' ORDER BY passages DESC, language LIMIT 1), '')
		FROM ` + read.corpus + ` AS corpus`).QueryRow(func(row pgx.Row) error {
		c := &known.Corpus
		return row.Scan(&known.Stamp, &known.Serving, &c.Passages, &c.Words, &c.Titles, &c.Grams, &known.Language)
	})
	var word string
	var term int64
	var n int
	batch.Queue(`
		SELECT w.word, w.term, t.passages
		FROM `+read.words+` AS w
		CROSS JOIN LATERAL (SELECT passages FROM `+read.terms+` AS terms WHERE terms.term = w.term) AS t
		WHERE w.word = ANY($1)
		ORDER BY w.word, w.passages DESC, w.term`, ask.Words).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&word, &term, &n}, func() error {
			known.Words = append(known.Words, contextengine.KnownWord{Word: word, Term: analysis.Term(term), Passages: n})
			known.Terms[analysis.Term(term)] = n
			return nil
		})
		return err
	})
	batch.Queue(`SELECT term, passages FROM `+read.terms+` AS terms WHERE term = ANY($1)`, terms).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&term, &n}, func() error { known.Terms[analysis.Term(term)] = n; return nil })
		return err
	})
	var gram int32
	batch.Queue(`SELECT gram, passages FROM `+read.grams+` AS grams WHERE gram = ANY($1)`, grams).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&gram, &n}, func() error { known.Grams[analysis.Gram(uint32(gram))] = n; return nil })
		return err
	})
	return known, tx.SendBatch(ctx, batch).Close()
}

// similarMost bounds what a misspelt word is compared with.
const similarMost = 2000

// Similar implements [contextengine.ContentStore]: two ranges of an index, one over words as they are read and one over
// words read backwards.
func (s *KnowledgeStore) Similar(ctx context.Context, tenant flomastr.TenantID, word string, changes []flomastr.ReleaseChangeID) ([]contextengine.KnownWord, error) {
	prefix, suffix := contextengine.SpellingKeys(word)
	n := utf8.RuneCountInString(word)
	var out []contextengine.KnownWord
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		read, err := readAs(ctx, tx, changes)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT word, term, passages
			FROM (
			  SELECT word, term, passages FROM `+read.words+` AS words WHERE word >= $1 AND word < $2
			  UNION
			  SELECT word, term, passages FROM `+read.words+` AS words WHERE reverse(word) COLLATE "C" >= $3 AND reverse(word) COLLATE "C" < $4
			) AS alike
			WHERE char_length(word) BETWEEN $5 AND $6
			ORDER BY passages DESC, word, term
			LIMIT $7`, prefix, after(prefix), reversed(suffix), after(reversed(suffix)), n-2, n+8, similarMost)
		if err != nil {
			return err
		}
		var w contextengine.KnownWord
		var term int64
		out = nil
		_, err = pgx.ForEachRow(rows, []any{&w.Word, &term, &w.Passages}, func() error {
			w.Term = analysis.Term(term)
			out = append(out, w)
			return nil
		})
		return err
	})
	return out, err
}

// after is the first text beyond all that begin with s, in the order of code points.
func after(s string) string { return s + string(utf8.MaxRune) }

func reversed(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// nearestMost is how many passages the vectors alone may add to the candidates.
const nearestMost = 50

// Candidates implements [contextengine.ContentStore]: the passages with most of the question's rare words, those with the
// nearest vectors, and of both the bag and the vector's similarity. The index of a tenant that is asked often is in memory.
func (s *KnowledgeStore) Candidates(ctx context.Context, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	if index := s.db.residents.index(tenant, ask); index != nil {
		return index.Candidates(ask, nearestMost), nil
	}
	return s.findCandidates(ctx, tenant, ask)
}

// findCandidates asks the database, in one round trip.
func (s *KnowledgeStore) findCandidates(ctx context.Context, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	terms, idf := make([]int64, len(ask.Terms)), make([]float64, len(ask.Terms))
	for i, t := range ask.Terms {
		terms[i], idf[i] = int64(t.Term), t.IDF
	}
	var vector *string
	if ask.Vector != nil {
		text := vectorText(ask.Vector)
		vector = &text
	}
	args := []any{terms, idf, max(ask.Average, 1), ask.Limit, vector, ask.Model, nearestMost}
	seen := seenPassages(ask.Changes)
	allowed, args := allowedPassages(ask.Filters, args)
	var out []contextengine.Candidate
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := readAs(ctx, tx, ask.Changes); err != nil {
			return err
		}
		nearest, err := nearestSQL(ctx, tx, ask, seen+allowed)
		if err != nil {
			return err
		}
		batch := candidatesBatch(nearest, seen, allowed, args, ask, &out)
		return tx.SendBatch(ctx, batch).Close()
	})
	return out, err
}

func candidatesBatch(nearest, seen, allowed string, args []any, ask contextengine.CandidateQuery, out *[]contextengine.Candidate) *pgx.Batch {
	batch := &pgx.Batch{}
	batch.Queue(`
		WITH lexical AS (
		  SELECT p.no
		  FROM unnest($1::bigint[], $2::float8[]) AS q(term, idf)
		  -- OFFSET 0 keeps the planner from reading the whole table where it has no statistics yet: always one index range a term.
		  CROSS JOIN LATERAL (SELECT no, quarters, length FROM postings p WHERE term = q.term`+seen+` OFFSET 0) AS p`+strings.Replace(allowed, " AND ", " WHERE ", 1)+`
		  GROUP BY p.no
		  -- BM25 with k1 = 1.2, b = 0.75, in quarters of an occurrence.
		  ORDER BY sum(q.idf * p.quarters * 2.2 / (p.quarters + 4.8 * (0.25 + 0.75 * p.length / $3))) DESC, abs(p.no) -- a staged one stands where it will when it serves
		  LIMIT $4
		), nearest AS (`+nearest+`
		), chosen AS (
		  SELECT no FROM lexical
		  UNION
		  SELECT no FROM nearest
		)
		SELECT c.no, i.id, i.updated_at, b.bag,
		       -- Vectors have length 1, so the inner product (which pgvector negates) is the cosine. The question's is read from
		       -- its text once, as a query of its own: in a prepared plan it would be read again for every passage.
		       coalesce(-(v.embedding <#> (SELECT $5::text::halfvec)), 0)
		FROM chosen c
		JOIN passage_bags b USING (no)
		JOIN passages p USING (no)
		JOIN knowledge_items i ON i.id = p.item_id
		LEFT JOIN passage_vectors v ON v.no = c.no AND v.model = $6
		ORDER BY abs(c.no)`, args...).Query(func(rows pgx.Rows) error {
		var c contextengine.Candidate
		var packed []byte
		*out = nil
		_, err := pgx.ForEachRow(rows, []any{&c.Number, &c.Item, &c.Changed, &packed, &c.Similarity}, func() (err error) {
			c.Bag, err = ranking.Unpack(packed)
			*out = append(*out, c)
			return err
		})
		return err
	})
	if ask.Vector != nil {
		// Vectors go only after another model serves: where theirs still does, all of them were there a moment ago.
		batch.Queue(`SELECT model FROM corpus`).QueryRow(func(row pgx.Row) error {
			var serving string
			if err := row.Scan(&serving); err != nil {
				return err
			}
			if serving != ask.Model {
				return contextengine.ErrModelPassed
			}
			return nil
		})
	}
	return batch
}

// allowedPassages is the condition by which filters hold candidates, "" for none.
func allowedPassages(f contextengine.Filters, args []any) (string, []any) {
	if f.Empty() {
		return "", args
	}
	var where []string
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", "$"+itoa(len(args))))
	}
	if len(f.Items) > 0 {
		add("coalesce(c.item_id, i.id) = ANY(?::text[]::uuid[])", idTexts(f.Items))
	}
	if len(f.ExcludeItems) > 0 {
		add("NOT coalesce(c.item_id, i.id) = ANY(?::text[]::uuid[])", idTexts(f.ExcludeItems))
	}
	if len(f.Sources) > 0 {
		add("i.source = ANY(?::text[])", originTexts(f.Sources))
	}
	if len(f.Tags) > 0 {
		add("i.tags && ?", f.Tags)
	}
	if len(f.Types) > 0 {
		add("i.type = ANY(?)", f.Types)
	}
	if len(f.Kinds) > 0 {
		add("(i.type = ANY(?) OR i.tags && ?)", f.Kinds)
	}
	return " AND p.no IN (SELECT a.no FROM passages a JOIN knowledge_items i ON i.id = a.item_id LEFT JOIN staged_changes c ON c.id = i.id WHERE " + strings.Join(where, " AND ") + ")", args
}

func idTexts(ids []flomastr.ItemID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

func originTexts(origins []contextengine.Origin) []string {
	out := make([]string, len(origins))
	for i, o := range origins {
		out[i] = string(o)
	}
	return out
}
