package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// warm asks until the tenant's index is in memory.
func (b knowledgeBench) warm(t testing.TB, tenant flomastr.TenantID, question string) {
	t.Helper()
	for range 10 {
		b.best(t, tenant, question)
	}
	require.True(t, postgres.IndexInMemory(b.db, tenant))
}

// bothWays is a store that asks memory and database, and keeps what they said.
type bothWays struct {
	*postgres.KnowledgeStore
	compare func(ask contextengine.CandidateQuery, memory, database []contextengine.Candidate)
}

func (s bothWays) Candidates(ctx context.Context, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	ask.Limit = 20 // so that there is something to leave out
	memory, err := s.KnowledgeStore.Candidates(ctx, tenant, ask)
	if err != nil {
		return nil, err
	}
	database, err := postgres.FindCandidates(ctx, s.KnowledgeStore, tenant, ask)
	s.compare(ask, memory, database)
	return memory, err
}

func TestTheIndexInMemoryFindsWhatTheDatabaseFinds(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	random := rand.New(rand.NewPCG(1, 1))
	var words []string
	for range 400 {
		var word strings.Builder
		for range 3 + random.IntN(5) {
			word.WriteByte(byte('a' + random.IntN(26)))
		}
		words = append(words, word.String())
	}
	phrase := func(n int) string {
		out := make([]string, n)
		for i := range out {
			out[i] = words[int(float64(len(words))*random.Float64()*random.Float64())]
		}
		return strings.Join(out, " ")
	}
	var items []flomastr.ItemID
	for i := range 12 {
		var text strings.Builder
		for s := range 20 {
			fmt.Fprintf(&text, "## Section %d %s\n\n%s.\n\n", s, phrase(2), phrase(80))
		}
		item, err := b.Add(t.Context(), tenant, contextengine.Draft{
			Title: fmt.Sprintf("Book %d", i), Content: []byte(text.String()), Source: contextengine.FromPaste, Tags: []string{[]string{"even", "odd"}[i%2]},
		})
		require.NoError(t, err)
		require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
		items = append(items, item.ID)
	}
	b.warm(t, tenant, words[0])

	compared := 0
	store := bothWays{KnowledgeStore: postgres.NewKnowledgeStore(b.db), compare: func(ask contextengine.CandidateQuery, memory, database []contextengine.Candidate) {
		compared++
		requireAlike(t, memory, database)
	}}
	engine := contextengine.New(contextengine.Deps{Status: store, Content: store, Blobs: b.blobs, Reader: plainReader{}, Embedder: offline.New()})
	for i := range 60 {
		filters := []contextengine.Filters{
			{},
			{Tags: []string{"odd"}},
			{Items: items[3:5]},
			{ExcludeItems: items[:6]},
			{Sources: []contextengine.Origin{contextengine.FromURL}},
			{Types: []string{"markdown"}, Sources: []contextengine.Origin{contextengine.FromPaste}, Tags: []string{"even", "none"}},
		}[i%6]
		result, err := engine.Retrieve(t.Context(), tenant, contextengine.Query{Text: phrase(1 + random.IntN(8)), Filters: filters})
		require.NoError(t, err)
		require.Equal(t, len(filters.Sources) == 1 && filters.Sources[0] == contextengine.FromURL, len(result.Passages) == 0)
	}
	require.Equal(t, 60, compared)
	require.True(t, postgres.IndexInMemory(b.db, tenant), "all along")
}

// requireAlike allows for the rounding of vectors: two passages whose likeness differs by less may change places at the end
// of the list.
func requireAlike(t *testing.T, memory, database []contextengine.Candidate) {
	t.Helper()
	const rounding = 1e-3
	require.Len(t, memory, len(database))
	byNumber := map[int]contextengine.Candidate{}
	for _, c := range database {
		byNumber[c.Number] = c
	}
	missed := 0
	for _, c := range memory {
		same, ok := byNumber[c.Number]
		if !ok {
			missed++
			continue
		}
		require.Equal(t, same.Bag, c.Bag)
		require.InDelta(t, same.Similarity, c.Similarity, rounding)
	}
	require.LessOrEqual(t, missed, 1)
}

func TestWhatIsInMemoryNeverOutlivesAChange(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	item := b.add(t, tenant, "Safe", "The code of the safe is alpha.")
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")
	b.warm(t, tenant, "code of the safe")

	b.add(t, tenant, "Safe", "The code of the safe is bravo.")
	require.Contains(t, b.best(t, tenant, "code of the safe").Text, "bravo", "published")

	b.warm(t, tenant, "code of the safe")
	require.NoError(t, b.Delete(t.Context(), tenant, flomastr.ActorSystem, item.ID))
	require.NoError(t, b.Erase(t.Context(), tenant, contextengine.EraseArgs{Tenant: tenant, Item: item.ID}))
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "code of the safe"})
	require.NoError(t, err)
	for _, p := range result.Passages {
		require.NotContains(t, p.Text, "safe", "erased")
	}
}

func TestMemoryIsApartByTenant(t *testing.T) {
	t.Parallel()
	b, first := knowledge(t)
	second := postgrestest.Tenant(t, b.db)
	b.add(t, first, "Safe", "The code of the safe is alpha.")
	b.add(t, second, "Safe", "The code of the safe is bravo.")
	b.warm(t, first, "code of the safe")
	b.warm(t, second, "code of the safe")
	require.Contains(t, b.best(t, first, "code of the safe").Text, "alpha")
	require.Contains(t, b.best(t, second, "code of the safe").Text, "bravo")
}

// TestQuestionsDuringPublicationsSeeNothingOld asks all the time while an item is published again and again. An answer may
// be newer than the version that was out when the question was asked, never older.
func TestQuestionsDuringPublicationsSeeNothingOld(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")
	const versions = 25
	var mu sync.Mutex
	out := 0
	publish := func(n int) {
		b.add(t, tenant, "Safe", fmt.Sprintf("The code of the safe is %d.", n))
		mu.Lock()
		out = n
		mu.Unlock()
	}
	publish(1)
	done := make(chan struct{})
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				least := out
				mu.Unlock()
				result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "code of the safe", Limit: 1})
				if err != nil {
					t.Errorf("ask: %v", err)
					return
				}
				if len(result.Passages) == 0 {
					continue // the version before was found, and is gone by the time its text is read
				}
				var n int
				if _, err := fmt.Sscanf(result.Passages[0].Text, "The code of the safe is %d.", &n); err == nil && n < least {
					t.Errorf("version %d was out, and the answer is of version %d", least, n)
					return
				}
			}
		})
	}
	for n := 2; n <= versions; n++ {
		publish(n)
		for range 12 {
			if _, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "code of the safe"}); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	asking.Wait()
}
