package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/sim/embeddings"
)

// embeddingBench is a brain whose tenants may choose embedders, and a service to choose.
type embeddingBench struct {
	knowledgeBench
	store   *postgres.KnowledgeStore
	service *embeddings.StandIn
	url     string
}

func embedding(t testing.TB) (embeddingBench, flomastr.TenantID) {
	t.Helper()
	b, tenant := knowledge(t)
	service := embeddings.New()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	store := postgres.NewKnowledgeStore(b.db)
	deps := b.Deps
	deps.Embedders, deps.Sealer = store, keys
	deps.Services = openai.Services{HTTP: http.DefaultClient, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	b.Engine = contextengine.New(deps)
	return embeddingBench{b, store, service, server.URL + "/v1"}, tenant
}

func (b embeddingBench) draft() contextengine.EmbedderDraft {
	key := embeddings.Key
	return contextengine.EmbedderDraft{URL: b.url, Model: "nomic-embed-text", Key: &key, By: flomastr.ActorSystem}
}

// slice does the wanted run's job once.
func (b embeddingBench) slice(t testing.TB, tenant flomastr.TenantID) time.Duration {
	t.Helper()
	list, err := b.store.Embedders(t.Context(), tenant)
	require.NoError(t, err)
	for _, e := range list {
		if e.Wanted {
			again, err := b.Reembed(t.Context(), tenant, contextengine.ReembedArgs{Tenant: tenant, Embedder: e.ID, Run: e.Run})
			require.NoError(t, err)
			return again
		}
	}
	t.Fatal("no embedder is wanted")
	return 0
}

func (b embeddingBench) models(t testing.TB, tenant flomastr.TenantID) (models []string) {
	t.Helper()
	require.NoError(t, b.db.InCold(t.Context(), tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT DISTINCT model FROM passage_vectors ORDER BY model`)
		if err != nil {
			return err
		}
		models, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	return models
}

func TestAChosenEmbedderServesOnceEveryPassageHasItsVector(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	b.add(t, tenant, "Opening hours", opening)
	set, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	require.Equal(t, contextengine.EmbedderEmbedding, set.State)
	require.Equal(t, 768, set.Service.Dimensions)
	require.False(t, set.ServingOwn)
	require.Equal(t, offline.Name, set.ServingModel)
	require.NotContains(t, string(set.SealedKey), embeddings.Key)

	_, before := b.service.Count()
	require.Contains(t, b.best(t, tenant, "when does the garage close?").Text, "22:00")
	b.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")
	_, after := b.service.Count()
	require.Equal(t, before, after, "the embedder before serves, for questions and for what is published")

	require.Zero(t, b.slice(t, tenant))
	now, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, contextengine.EmbedderServing, now.State)
	require.True(t, now.ServingOwn)
	require.Equal(t, 3, now.Done, "what was published meanwhile too")
	require.Equal(t, []string{now.Name}, b.models(t, tenant), "the others are gone")
	require.Positive(t, now.UsedTokens)

	_, before = b.service.Count()
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
	require.NoError(t, err)
	require.False(t, result.WordsOnly)
	_, after = b.service.Count()
	require.Equal(t, before+1, after, "the question's vector is of the service")

	_, err = b.ResetEmbedder(t.Context(), tenant, flomastr.ActorSystem)
	require.NoError(t, err)
	require.Zero(t, b.slice(t, tenant))
	require.Equal(t, []string{offline.Name}, b.models(t, tenant))
	list, err := b.store.Embedders(t.Context(), tenant)
	require.NoError(t, err)
	require.Empty(t, list, "the installation's own needs no row, and the key is gone")
}

func TestAServiceThatDoesNotEmbedIsNotKept(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	wrong := "sk-wrong"
	for name, c := range map[string]struct {
		change func(*contextengine.EmbedderDraft)
		fault  string
		want   string
	}{
		"a wrong key":           {func(d *contextengine.EmbedderDraft) { d.Key = &wrong }, "", "embedder_key"},
		"no such model":         {func(d *contextengine.EmbedderDraft) { d.Model = "none" }, "", "embedder_unknown"},
		"another path":          {func(d *contextengine.EmbedderDraft) { d.URL += "/x" }, "", "embedder_unknown"},
		"a model of one length": {func(d *contextengine.EmbedderDraft) { d.Dimensions = 256 }, "", "embedder_refused"},
		"a page":                {nil, "html", "embedder_broken"},
		"no numbers":            {nil, "nan", "embedder_broken"},
		"away":                  {nil, "away", "embedder_unreachable"},
		"nobody there":          {func(d *contextengine.EmbedderDraft) { d.URL = "http://127.0.0.1:1" }, "", "embedder_unreachable"},
		"not encrypted":         {func(d *contextengine.EmbedderDraft) { d.URL = "http://embeddings.example/v1" }, "", "invalid_embedder"},
		"a name in the address": {func(d *contextengine.EmbedderDraft) { d.URL = "https://me:pw@embeddings.example" }, "", "invalid_embedder"},
		"no address":            {func(d *contextengine.EmbedderDraft) { d.URL = "openai" }, "", "invalid_embedder"},
		"no model":              {func(d *contextengine.EmbedderDraft) { d.Model = " " }, "", "invalid_embedder"},
		"a key of two lines":    {func(d *contextengine.EmbedderDraft) { d.Key = new(string); *d.Key = "a\nb" }, "", "invalid_embedder"},
	} {
		draft := b.draft()
		if c.change != nil {
			c.change(&draft)
		}
		if c.fault != "" {
			b.service.Fail(c.fault, 1)
		}
		_, err := b.SetEmbedder(t.Context(), tenant, draft)
		require.Equal(t, c.want, flomastr.CodeOf(err), "%s: %v", name, err)
		require.NotContains(t, err.Error(), wrong, name)
	}
	list, err := b.store.Embedders(t.Context(), tenant)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestAnotherOriginDemandsTheKeyAgain(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	_, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the key was sent elsewhere: %s", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	draft := b.draft()
	draft.URL, draft.Key = elsewhere.URL, nil
	_, err = b.SetEmbedder(t.Context(), tenant, draft)
	require.Equal(t, "invalid_embedder", flomastr.CodeOf(err))
	known, ok := errors.AsType[*flomastr.Error](err)
	require.True(t, ok)
	require.Equal(t, "body.key", known.Fields[0].Location)

	draft = b.draft()
	draft.Key, draft.Model = nil, "text-embedding-3-small"
	set, err := b.SetEmbedder(t.Context(), tenant, draft)
	require.NoError(t, err, "another model of the same place has the same key")
	require.Equal(t, 1536, set.Service.Dimensions)
	require.Zero(t, b.slice(t, tenant))
}

func TestABudgetStopsTheEmbeddingAndARaiseGoesOn(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	for i := range 3 {
		var text strings.Builder
		for s := range 40 {
			fmt.Fprintf(&text, "## Section %d of %d\n\nThe garage number %d closes at %d o'clock.\n\n", s, i, s, s%24)
		}
		b.add(t, tenant, fmt.Sprintf("Garages %d", i), text.String())
	}
	draft := b.draft()
	draft.MonthlyTokens = 1500
	_, err := b.SetEmbedder(t.Context(), tenant, draft)
	require.NoError(t, err)
	for again := time.Second; again == time.Second; {
		again = b.slice(t, tenant)
	}
	stopped, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, contextengine.EmbedderBudget, stopped.State)
	require.Equal(t, contextengine.ErrBudget.Message, stopped.Problem)
	require.LessOrEqual(t, stopped.UsedTokens, 1500)
	require.Positive(t, stopped.Done)
	require.Less(t, stopped.Done, stopped.Total)
	require.False(t, stopped.ServingOwn)
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does garage number 7 close?"})
	require.NoError(t, err)
	require.False(t, result.WordsOnly, "the embedder before has no part in that budget")

	draft.MonthlyTokens, draft.Key = 0, nil
	_, before := b.service.Count()
	_, err = b.SetEmbedder(t.Context(), tenant, draft)
	require.NoError(t, err)
	require.Zero(t, b.slice(t, tenant))
	done, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	require.True(t, done.ServingOwn)
	_, after := b.service.Count()
	require.Equal(t, stopped.Total-stopped.Done+1, after-before, "what had a vector was not embedded again; one is the probe")
}

func TestARunThatIsRefusedSaysSoAndGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	b.add(t, tenant, "Opening hours", opening)
	_, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	for _, c := range []struct {
		fault string
		state contextengine.EmbedderState
		again time.Duration
	}{
		{"away", contextengine.EmbedderWaiting, time.Minute},
		{"limited", contextengine.EmbedderWaiting, time.Minute},
		{"dimension", contextengine.EmbedderFailed, 0},
	} {
		b.service.Fail(c.fault, -1)
		require.Equal(t, c.again, b.slice(t, tenant), c.fault)
		now, err := b.Embedding(t.Context(), tenant)
		require.NoError(t, err)
		require.Equal(t, c.state, now.State, c.fault)
		require.NotEmpty(t, now.Problem)
		require.False(t, now.ServingOwn)
	}
	b.service.Fail("", 0)
	require.Zero(t, b.slice(t, tenant))
	now, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	require.True(t, now.ServingOwn)
	require.Empty(t, now.Problem)
}

func TestAPassedRunChangesNothing(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	b.add(t, tenant, "Opening hours", opening)
	first, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	draft := b.draft()
	draft.Model = "text-embedding-3-small"
	_, err = b.SetEmbedder(t.Context(), tenant, draft)
	require.NoError(t, err)
	again, err := b.Reembed(t.Context(), tenant, contextengine.ReembedArgs{Tenant: tenant, Embedder: first.ID, Run: first.Run})
	require.NoError(t, err)
	require.Zero(t, again)
	require.Equal(t, []string{offline.Name}, b.models(t, tenant))
	require.ErrorIs(t, b.store.SettleRun(t.Context(), tenant, first.Embedder), contextengine.ErrRunPassed)
}

func TestAQuestionIsAnsweredByItsWordsWhileTheServiceIsAway(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	_, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	require.Zero(t, b.slice(t, tenant))
	b.add(t, tenant, "Opening hours", opening)
	b.service.Fail("away", -1)
	result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
	require.NoError(t, err)
	require.True(t, result.WordsOnly)
	require.Contains(t, result.Passages[0].Text, "22:00")
	now, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, openai.ErrAway.Message, now.Failure)
	require.False(t, now.FailedAt.IsZero())
}

func TestATenantsEmbedderIsNobodyElses(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	other := postgrestest.Tenant(t, b.db)
	set, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	theirs, err := b.Embedding(t.Context(), other)
	require.NoError(t, err)
	require.False(t, theirs.Own())
	_, before := b.service.Count()
	b.add(t, other, "Opening hours", opening)
	b.best(t, other, "when does the garage close?")
	_, after := b.service.Count()
	require.Equal(t, before, after)
	require.ErrorIs(t, b.store.NoteRun(t.Context(), other, set.Embedder), contextengine.ErrRunPassed)
	require.ErrorIs(t, b.store.ReserveTokens(t.Context(), other, set.ID, 1), contextengine.ErrBudget)
	_, err = b.Sealer.Open(other.String(), "embedders", "sealed_key/"+set.ID.String(), set.SealedKey)
	require.Error(t, err)
}

func TestWhatTheOperatorChangesIsEmbeddedAnewByItself(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	b.add(t, tenant, "Opening hours", opening)
	service := llm.Service{URL: b.url, Key: embeddings.Key, Model: "nomic-embed-text", Dimensions: 768}
	for name, former := range map[string][]llm.Embedder{"the one before still serves": {offline.New()}, "the one before is gone": nil} {
		deps := b.Deps
		deps.Former, deps.Embedder = former, b.Services.Open(service, service.Name(), nil)
		after := b
		after.Engine = contextengine.New(deps)
		result, err := after.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
		require.NoError(t, err)
		require.Equal(t, former == nil, result.WordsOnly, name)
		after.add(t, tenant, "Returns", "You may return a bicycle within 30 days of purchase.")
		require.Zero(t, after.slice(t, tenant))
		require.Equal(t, []string{service.Name()}, b.models(t, tenant), name)
		result, err = after.Retrieve(t.Context(), tenant, contextengine.Query{Text: "when does the garage close?"})
		require.NoError(t, err)
		require.False(t, result.WordsOnly, name)
		// And back.
		b.best(t, tenant, "when does the garage close?")
		require.Zero(t, b.slice(t, tenant))
		require.Equal(t, []string{offline.Name}, b.models(t, tenant), name)
	}
}

// wholeAnswers is a store that looks whether candidates have all the vectors that a question is compared with.
type wholeAnswers struct {
	*postgres.KnowledgeStore
	judge func(ask contextengine.CandidateQuery, found []contextengine.Candidate)
}

func (s wholeAnswers) Candidates(ctx context.Context, tenant flomastr.TenantID, ask contextengine.CandidateQuery) ([]contextengine.Candidate, error) {
	found, err := s.KnowledgeStore.Candidates(ctx, tenant, ask)
	if err == nil {
		s.judge(ask, found)
	}
	return found, err
}

func TestNoQuestionFailsOrMixesModelsWhileTheEmbedderChanges(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	var mu sync.Mutex
	compared, mixed := map[string]int{}, []string{}
	deps := b.Deps
	deps.Content = wholeAnswers{b.store, func(ask contextengine.CandidateQuery, found []contextengine.Candidate) {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range found {
			// Every passage shares words with the question, so that only a vector that is not there is compared to nothing.
			if ask.Vector != nil && c.Similarity == 0 {
				mixed = append(mixed, fmt.Sprintf("passage %d, asked for %s", c.Number, ask.Model))
			}
		}
		if ask.Vector != nil && len(found) > 0 {
			compared[ask.Model]++
		}
	}}
	b.Engine = contextengine.New(deps)
	text := func(n int) string { return fmt.Sprintf("The garage number %d closes in the evening at %d.", n, n%24) }
	for n := range 5 {
		b.add(t, tenant, fmt.Sprintf("Garage %d", n), text(n))
	}
	over := make(chan struct{})
	var busy sync.WaitGroup
	failed := make(chan error, 100)
	loop := func(do func(n int) error) {
		busy.Go(func() {
			for n := 5; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				if err := do(n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for range 2 {
		loop(func(n int) error {
			result, err := b.Retrieve(t.Context(), tenant, contextengine.Query{Text: fmt.Sprintf("when does the garage number %d close in the evening?", n%5)})
			if err == nil && len(result.Passages) == 0 {
				err = errors.New("a question found nothing")
			}
			return err
		})
	}
	loop(func(n int) error {
		item, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: fmt.Sprintf("Garage %d", n), Content: []byte(text(n)), Source: contextengine.FromPaste})
		if err != nil {
			return err
		}
		return b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version})
	})
	served := []string{offline.Name}
	for _, model := range []string{"nomic-embed-text", "text-embedding-3-small", ""} {
		draft := b.draft()
		draft.Model = model
		var err error
		if model == "" {
			_, err = b.ResetEmbedder(t.Context(), tenant, flomastr.ActorSystem)
		} else {
			_, err = b.SetEmbedder(t.Context(), tenant, draft)
		}
		require.NoError(t, err)
		for again := time.Second; again > 0; {
			again = b.slice(t, tenant)
		}
		now, err := b.store.Serving(t.Context(), tenant)
		require.NoError(t, err)
		served = append(served, now)
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return compared[now] > 0
		}, time.Minute, time.Millisecond)
	}
	close(over)
	busy.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	mu.Lock()
	defer mu.Unlock()
	require.Empty(t, mixed)
	require.Len(t, compared, 3, "each of %v has answered", served)
	counts, err := b.Health(t.Context(), tenant)
	require.NoError(t, err)
	require.Zero(t, counts.Failed)
	require.Equal(t, []string{offline.Name}, b.models(t, tenant))
}

func TestWhatAReleaseHasStagedIsEmbeddedAnewToo(t *testing.T) {
	t.Parallel()
	b, tenant := embedding(t)
	r := &releaseBench{
		knowledgeBench: b.knowledgeBench, tenant: tenant, hours: b.add(t, tenant, "Opening hours", opening),
		old: b.add(t, tenant, "Winter market", "The winter market sells roasted chestnuts until the sixth of January."),
	}
	r.stage(t)
	_, err := b.SetEmbedder(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	require.Zero(t, b.slice(t, tenant))
	now, err := b.Embedding(t.Context(), tenant)
	require.NoError(t, err)
	whole := func(when string) {
		vectors, passages, err := b.store.CountVectors(t.Context(), tenant, now.Name)
		require.NoError(t, err)
		require.Equal(t, passages, vectors, when)
		require.Equal(t, []string{now.Name}, b.models(t, tenant), when)
	}
	whole("staged")
	r.change(t, contextengine.ChangeDraft{Title: "Sledges", Content: []byte("Sledges are lent for 9 dirhams.")})
	whole("staged since")
	_, err = b.Promote(t.Context(), tenant, releaser, r.release)
	require.NoError(t, err)
	whole("promoted")
	require.Contains(t, b.best(t, tenant, "what do skates for the ice rink cost").Text, "7 dirhams")
	_, err = b.ResetEmbedder(t.Context(), tenant, flomastr.ActorSystem)
	require.NoError(t, err)
	require.Zero(t, b.slice(t, tenant))
	_, err = b.Rollback(t.Context(), tenant, releaser, r.release)
	require.NoError(t, err)
	require.Equal(t, []string{offline.Name}, b.models(t, tenant))
	require.Contains(t, b.best(t, tenant, "when does the garage close?").Text, "22:00")
}
