package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
)

// TestOfTwoItemsThatSayTheSameTheNewerIsFoundFirst asks the database and the index in memory alike.
func TestOfTwoItemsThatSayTheSameTheNewerIsFoundFirst(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	fare := func(dirhams int) string {
		return fmt.Sprintf("A day ticket of the tram costs %d dirhams at every stop, and at the desk.", dirhams)
	}
	first := b.add(t, tenant, "Fares of the tram", fare(12))
	second := b.add(t, tenant, "Tram, fares", fare(15))
	only := b.add(t, tenant, "Bicycles", "Bicycles travel on the tram outside rush hours, for free.")
	b.add(t, tenant, "Dogs", "Dogs travel on the bus with a lead.")

	const question = "what does a day ticket of the tram cost?"
	newest := func(want, older contextengine.Item, why string) {
		t.Helper()
		for range 12 { // until the index is in memory, and then from there
			result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: question})
			require.NoError(t, err)
			require.Equal(t, want.ID, result.Passages[0].Item, why)
			require.Equal(t, older.ID, result.Passages[1].Item, why)
			require.True(t, result.Passages[0].Changed.After(result.Passages[1].Changed))
			require.NotContains(t, result.Passages[1].Scores, "fresh")
		}
		require.True(t, postgres.IndexInMemory(b.db, tenant))
	}
	newest(second, first, "it was put in later")
	require.Equal(t, only.ID, b.best(t, tenant, "do bicycles travel on the tram?").Item, "an old answer that is the only one")

	again, err := b.Reindex(t.Context(), tenant, flomastr.ActorSystem, first.ID)
	require.NoError(t, err)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: again.ID, Version: again.Version}))
	newest(second, first, "read again, the other one says nothing new")

	b.add(t, tenant, "Fares of the tram", fare(16))
	newest(first, second, "what it says changed since")
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: question})
	require.NoError(t, err)
	if gained, ok := result.Passages[0].Scores["fresh"]; ok { // else it stood first by its words
		require.GreaterOrEqual(t, gained, 0.0)
	}
}

func TestCopiesDoNotFillTheTen(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	const copied = "The garage of the museum closes at ten in the evening, and opens at six; whoever comes later rings at the gate of the garage."
	for i := range 14 {
		b.add(t, tenant, fmt.Sprintf("Visitors, copy %c", 'a'+i), copied)
	}
	other := b.add(t, tenant, "Bicycles", "Bicycles are parked in the garage for free, in the evening too.")
	b.add(t, tenant, "Dogs", "Dogs travel on a lead.")
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close in the evening?", Limit: 10})
	require.NoError(t, err)
	require.Len(t, result.Passages, 10)
	at := slices.IndexFunc(result.Passages, func(p contextengine.Passage) bool { return p.Item == other.ID })
	require.GreaterOrEqual(t, at, 1, "the best stands first, and what says something else among the ten")
	require.NotContains(t, result.Passages[0].Scores, "repeats")
	require.Greater(t, result.Passages[9].Scores["repeats"], 0.5)
	for i, p := range result.Passages[1:] {
		require.LessOrEqual(t, p.Score, result.Passages[i].Score, "best first")
	}
}
