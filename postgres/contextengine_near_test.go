package postgres_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
)

// manyVectors puts passages of two items into an index, each with a random vector of 16 numbers.
func manyVectors(t *testing.T, b knowledgeBench, tenant flomastr.TenantID, model string, n int) (items []flomastr.ItemID) {
	t.Helper()
	items = []flomastr.ItemID{flomastr.NewID[flomastr.ItemID](), flomastr.NewID[flomastr.ItemID]()}
	b.add(t, tenant, "Opening hours", opening) // for a bag that can be read
	require.NoError(t, b.db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`INSERT INTO knowledge_items (id, title, source, version, hash) VALUES ($1, 'many', 'paste', 1, ''), ($2, 'few', 'paste', 1, '')`,
			`WITH made AS (
			   INSERT INTO passages (id, item_id, key, ordinal, text, terms, words, titles, grams)
			   SELECT gen_random_uuid(), CASE WHEN n % 50 = 0 THEN $2::uuid ELSE $1::uuid END, int4send(n), n, 'x', '{}', 1, 0, 0
			   FROM generate_series(1, ` + strconv.Itoa(n) + `) AS n
			   RETURNING no
			 ), bagged AS (
			   INSERT INTO passage_bags (no, bag) SELECT no, (SELECT bag FROM passage_bags LIMIT 1) FROM made
			 )
			 INSERT INTO passage_vectors (no, model, embedding)
			 SELECT no, '` + model + `', l2_normalize((SELECT array_agg(random() - 0.5 + 0 * (no + g)) FROM generate_series(1, 16) AS g)::real[]::vector::halfvec)
			 FROM made
			 WHERE $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL`,
			`UPDATE corpus SET passages = passages + ` + strconv.Itoa(n) + `, model = '` + model + `' WHERE $1::uuid <> $2::uuid`,
		} {
			if _, err := tx.Exec(t.Context(), sql, items[0], items[1]); err != nil {
				return err
			}
		}
		return nil
	}))
	return items
}

func TestTheNearestOfManyVectorsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	store := postgres.NewKnowledgeStore(b.db)
	const model = "it's own:a\\model"
	items := manyVectors(t, b, tenant, "it''s own:a\\model", 4000)
	ask := contextengine.CandidateQuery{Average: 1, Limit: 300, Model: model, Vector: make([]float32, 16)}
	ask.Vector[3] = 1
	find := func(ask contextengine.CandidateQuery) (numbers []int) {
		found, err := postgres.FindCandidates(t.Context(), store, tenant, ask)
		require.NoError(t, err)
		for _, c := range found {
			require.NotZero(t, c.Similarity)
			numbers = append(numbers, c.Number)
		}
		return numbers
	}
	require.Empty(t, find(ask), "without an index, only what holds the words is compared")
	require.NoError(t, store.IndexVectors(t.Context(), tenant, model, 16, 5000))
	require.Empty(t, find(ask), "there are too few for one")
	require.NoError(t, store.IndexVectors(t.Context(), tenant, model, 16, 3000))
	require.NoError(t, store.IndexVectors(t.Context(), tenant, model, 16, 3000), "again")

	shared := func(a, b []int) (n int) {
		for _, no := range a {
			if slices.Contains(b, no) {
				n++
			}
		}
		return n
	}
	exact := ask
	exact.Exact = true
	require.GreaterOrEqual(t, shared(find(ask), find(exact)), 45, "of 50")
	open := ask
	ask.Filters.Items, exact.Filters.Items = items[1:], items[1:]
	require.Len(t, find(ask), 50, "the index gives more until the filter has let enough through")
	require.GreaterOrEqual(t, shared(find(ask), find(exact)), 45)

	uses := func() (n int) {
		require.NoError(t, b.db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'passage_vectors_near_%'`).Scan(&n)
		}))
		return n
	}
	require.Eventually(t, func() bool { find(open); return uses() > 0 }, 20*time.Second, 100*time.Millisecond, "PostgreSQL counts a little late")

	require.NoError(t, store.DropVectors(t.Context(), tenant))
	require.Len(t, find(ask), 50, "the index of the model that serves stays")
	require.NoError(t, b.db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE corpus SET model = 'another'`)
		return err
	}))
	require.NoError(t, store.DropVectors(t.Context(), tenant))
	require.Zero(t, nearIndexes(t, b, tenant))
}

func nearIndexes(t *testing.T, b knowledgeBench, tenant flomastr.TenantID) (n int) {
	t.Helper()
	require.NoError(t, b.db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relname LIKE 'passage_vectors_near_%'`).Scan(&n)
	}))
	return n
}

func TestPublishingGoesOnWhileAnIndexIsBuiltAndAnInterruptedOneIsBuiltAgain(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	store := postgres.NewKnowledgeStore(b.db)
	const model = "m"
	manyVectors(t, b, tenant, model, 4000)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	interrupted := store.IndexVectors(short, tenant, model, 16, 1000)
	built := make(chan error, 1)
	go func() { built <- store.IndexVectors(t.Context(), tenant, model, 16, 1000) }()
	for done := false; !done; {
		require.NoError(t, store.SaveVectors(t.Context(), tenant, model, nil))
		select {
		case err := <-built:
			require.NoError(t, err, "after %v", interrupted)
			done = true
		default:
		}
	}
	ask := contextengine.CandidateQuery{Average: 1, Limit: 300, Model: model, Vector: make([]float32, 16)}
	ask.Vector[3] = 1
	require.Eventually(t, func() bool { // the session that was interrupted may hold its lock for a moment
		require.NoError(t, store.IndexVectors(t.Context(), tenant, model, 16, 1000))
		found, err := postgres.FindCandidates(t.Context(), store, tenant, ask)
		require.NoError(t, err)
		return len(found) == 50
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, 1, nearIndexes(t, b, tenant))
}
