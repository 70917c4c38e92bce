package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// TestAnExpectedItemSaysWhyItDidNotCome asks one question of one collection and follows one item after the other.
func TestAnExpectedItemSaysWhyItDidNotCome(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	best := b.add(t, tenant, "Garage", "# Garage\n\nThe garage closes at 22:00.")
	second := b.add(t, tenant, "Courtyard", "Before winter somebody closes the shutters of the courtyard, and sweeps leaves.")
	alien := b.add(t, tenant, "Soup", "Lentil, tomato, pumpkin.")
	unread, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: "Garage at night", Content: []byte("The garage closes at 23:00."), Source: contextengine.FromPaste})
	require.NoError(t, err)
	broken, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: "Garage by day", Content: []byte("The garage closes."), Source: contextengine.FromPaste})
	require.NoError(t, err)
	gone := contextengine.IndexArgs{Tenant: tenant, Item: broken.ID, Version: broken.Version}
	require.NoError(t, b.GiveUp(t.Context(), tenant, gone, contextengine.ErrEmptyContent))

	for name, c := range map[string]struct {
		item    flomastr.ItemID
		filters contextengine.Filters
		verdict contextengine.Verdict
		filter  string
		rank    int
	}{
		"the best":                           {best.ID, contextengine.Filters{}, contextengine.Shown, "", 1},
		"the second, where one is shown":     {second.ID, contextengine.Filters{}, contextengine.Outranked, "", 2},
		"one without a word of the question": {alien.ID, contextengine.Filters{}, contextengine.Unlike, "", 3},
		"one that is not read yet":           {unread.ID, contextengine.Filters{}, contextengine.NotReady, "", 0},
		"one that could not be read":         {broken.ID, contextengine.Filters{}, contextengine.NotReadable, "", 0},
		"one that was left out":              {best.ID, contextengine.Filters{ExcludeItems: []flomastr.ItemID{best.ID}}, contextengine.FilteredOut, "exclude_items", 0},
		"one among others":                   {best.ID, contextengine.Filters{Items: []flomastr.ItemID{second.ID}}, contextengine.FilteredOut, "items", 0},
		"one from another source":            {best.ID, contextengine.Filters{Sources: []contextengine.Origin{contextengine.FromURL}}, contextengine.FilteredOut, "sources", 0},
		"one of another type":                {best.ID, contextengine.Filters{Types: []string{"pdf"}}, contextengine.FilteredOut, "types", 0},
		"one without the tag":                {best.ID, contextengine.Filters{Tags: []string{"prices"}}, contextengine.FilteredOut, "tags", 0},
		"one that the filters let through":   {second.ID, contextengine.Filters{Items: []flomastr.ItemID{second.ID}}, contextengine.Shown, "", 1},
	} {
		query := contextengine.Query{Text: "when does the garage close?", Limit: 1, Filters: c.filters}
		plain, err := b.Retrieve(t.Context(), tenant, query)
		require.NoError(t, err, name)
		require.Nil(t, plain.Expected, name)
		query.Expect = c.item
		result, err := b.Retrieve(t.Context(), tenant, query)
		require.NoError(t, err, name)
		alike(t, plain.Passages, result.Passages, name+": what is expected changes nothing of what is found")
		got := result.Expected
		require.Equal(t, c.item, got.Item.ID, name)
		require.Equal(t, c.verdict, got.Verdict, name)
		require.Equal(t, c.filter, got.Filter, name)
		require.Equal(t, c.rank, got.Rank, name)
		if c.rank == 0 {
			require.Nil(t, got.Passage, name)
			continue
		}
		// A wider look shows the same passage in that place, with the same scores.
		wide, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: query.Text, Limit: 50, Filters: c.filters})
		require.NoError(t, err, name)
		require.Len(t, wide.Passages, got.Scored, name)
		alike(t, wide.Passages[c.rank-1:c.rank], []contextengine.Passage{*got.Passage}, name)
	}
}

// alike compares passages but for how little the database and the index in memory, which may come between two questions, differ
// in a vector's similarity.
func alike(t *testing.T, want, got []contextengine.Passage, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	got = slices.Clone(got)
	for i := range got {
		require.InDelta(t, want[i].Score, got[i].Score, 1e-3, what)
		require.InDeltaMapValues(t, want[i].Scores, got[i].Scores, 1e-3, what)
		got[i].Score, got[i].Scores = want[i].Score, want[i].Scores
	}
	require.Equal(t, want, got, what)
}

func TestAnItemBeyondTheCandidatesIsSaidToBePassed(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Hours", manyGarages(310))
	weak := b.add(t, tenant, "Town", "In our town, among streets, squares, fountains, parks, schools, markets, towers, bridges and a harbour, there is one garage, which few people know.")
	deps := b.Deps
	deps.Embedder = brokenEmbedder{offline.New()} // a vector would make candidates of the nearest fifty
	result, err := contextengine.New(deps).Retrieve(t.Context(), tenant, contextengine.Query{Text: "garage closes", Expect: weak.ID})
	require.NoError(t, err)
	require.Equal(t, contextengine.Passed, result.Expected.Verdict)
	require.Equal(t, 300, result.Expected.Scored)
	require.Zero(t, result.Expected.Rank)
}

func TestAnExpectedItemOfAnotherTenantIsNotThere(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Garage", "The garage closes at 22:00.")
	other := postgrestest.Tenant(t, b.db)
	theirs := b.add(t, other, "Garage", "The garage closes at 21:00.")
	for _, id := range []flomastr.ItemID{theirs.ID, flomastr.NewID[flomastr.ItemID]()} {
		_, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?", Expect: id})
		require.ErrorIs(t, err, contextengine.ErrItemNotFound)
	}
}

// manyGarages is a text of so many passages, each about the same.
func manyGarages(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf("# Garage %d\n\nGarage number %d closes at ten; the garage closes.\n\n", i, i)
	}
	return text
}
