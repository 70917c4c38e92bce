package postgres_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/anthropic"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/models"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
	standin "github.com/flomastr/flomastr/sim/models"
)

type adapters struct{}

func (adapters) OpenModel(s llm.ModelService) (llm.Model, error) {
	if s.Provider == llm.ProviderAnthropic {
		return anthropic.NewModel(s, http.DefaultClient), nil
	}
	return openai.NewModel(s, http.DefaultClient), nil
}

// modelBench is an engine whose tenants may choose models, and two services to choose.
type modelBench struct {
	*models.Engine
	store         *postgres.ModelStore
	db            *postgres.DB
	first, second *standin.StandIn
	firstURL      string
	secondURL     string
	now           *time.Time
}

func modelling(t *testing.T, install func(*modelBench) models.Installation) (*modelBench, flomastr.TenantID) {
	t.Helper()
	db := postgrestest.Open(t)
	b := &modelBench{db: db, store: postgres.NewModelStore(db), first: standin.New(1), second: standin.New(2), now: new(time.Now())}
	b.firstURL, b.secondURL = serve(t, b.first)+"/v1", serve(t, b.second)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	deps := models.Deps{
		Store: b.store, Services: adapters{}, Sealer: keys, Rest: time.Hour, Clock: func() time.Time { return *b.now },
	}
	if install != nil {
		deps.Installation = install(b)
	}
	b.Engine = models.New(deps)
	return b, postgrestest.Tenant(t, db)
}

func serve(t *testing.T, service *standin.StandIn) string {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	t.Cleanup(service.Close)
	return server.URL
}

func (b *modelBench) draft() models.Draft {
	key := standin.Key
	return models.Draft{
		Reply:    models.ChoiceDraft{Provider: llm.ProviderOpenAI, URL: b.firstURL, Model: "gpt-stand-in", Key: &key, InputPrice: 1_000_000, OutputPrice: 2_000_000},
		Fallback: &models.ChoiceDraft{Provider: llm.ProviderAnthropic, URL: b.secondURL, Model: "claude-stand-in", Key: &key},
		By:       flomastr.ActorSystem,
	}
}

var hello = llm.Prompt{Messages: []llm.Message{{Role: llm.RoleUser, Text: "Hello"}}, MaxTokens: 100, For: llm.Reason{Version: "1"}}

func (b *modelBench) ask(t *testing.T, tenant flomastr.TenantID) (llm.Completion, error) {
	t.Helper()
	model, ok, err := b.Model(t.Context(), tenant)
	require.NoError(t, err)
	require.True(t, ok)
	return model.Complete(t.Context(), hello)
}

func (b *modelBench) outcomes(t *testing.T, tenant flomastr.TenantID) (out []string) {
	t.Helper()
	calls, err := b.store.Calls(t.Context(), tenant, models.CallID{}, 100)
	require.NoError(t, err)
	for _, c := range calls {
		out = append(out, c.Model+" "+c.Outcome)
	}
	return out
}

func TestATenantThatChoseNoModelIsAnsweredOffline(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	_, ok, err := b.Model(t.Context(), tenant)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAModelThatIsChosenIsTriedThenAskedAndPaidFor(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	other := postgrestest.Tenant(t, b.db)
	view, err := b.Set(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	require.True(t, view.Own)
	require.Equal(t, []string{"note_answer"}, b.first.Asked()[0].Tools, "it was tried")
	require.Len(t, b.second.Asked(), 1)
	for _, c := range view.Choices {
		require.NotContains(t, string(c.SealedKey), standin.Key)
		_, err := b.Sealer.Open(other.String(), "models", "sealed_key/"+c.ID.String(), c.SealedKey)
		require.Error(t, err, "a key is its tenant's alone")
	}

	said, err := b.ask(t, tenant)
	require.NoError(t, err)
	require.NotEmpty(t, said.Text)
	calls, err := b.store.Calls(t.Context(), tenant, models.CallID{}, 10)
	require.NoError(t, err)
	require.Len(t, calls, 1)
	require.Equal(t, said.Usage, calls[0].Usage)
	require.Equal(t, models.Micros(said.Usage.Prompt+2*said.Usage.Completion), calls[0].Cost)
	require.Equal(t, []any{models.Reply, "openai/gpt-stand-in", "1", models.Answered, true},
		[]any{calls[0].Purpose, calls[0].Model, calls[0].PromptVersion, calls[0].Outcome, calls[0].Own})
	used, err := b.store.Used(t.Context(), tenant, true)
	require.NoError(t, err)
	require.Equal(t, models.Spent{Tokens: said.Usage.Prompt + said.Usage.Completion, Cost: calls[0].Cost}, used)

	_, ok, err := b.Model(t.Context(), other)
	require.NoError(t, err)
	require.False(t, ok, "another tenant has none by it")
	require.Empty(t, b.outcomes(t, other))

	view, err = b.Reset(t.Context(), tenant, flomastr.ActorSystem)
	require.NoError(t, err)
	require.False(t, view.Own)
	_, ok, err = b.Model(t.Context(), tenant)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAModelThatFailsItsTrialIsNotKept(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	wrong := "sk-wrong"
	for name, c := range map[string]struct {
		change func(*models.Draft)
		want   error
	}{
		"a wrong key":        {func(d *models.Draft) { d.Reply.Key = &wrong }, llm.ErrModelKey},
		"an unknown model":   {func(d *models.Draft) { d.Fallback.Model = "claude-unheard-of" }, llm.ErrModelUnknown},
		"a service far away": {func(d *models.Draft) { d.Reply.URL = "http://127.0.0.1:9/v1" }, llm.ErrModelAway},
	} {
		draft := b.draft()
		c.change(&draft)
		_, err := b.Set(t.Context(), tenant, draft)
		require.ErrorIs(t, err, c.want, name)
		require.NotContains(t, err.Error(), wrong, name)
	}
	for name, change := range map[string]func(*models.Draft){
		"no name":          func(d *models.Draft) { d.Reply.Model = " " },
		"in the open":      func(d *models.Draft) { d.Reply.URL = "http://models.example/v1" },
		"another's":        func(d *models.Draft) { d.Reply.Provider = "palm" },
		"a negative price": func(d *models.Draft) { d.Reply.InputPrice = -1 },
		"no bound":         func(d *models.Draft) { d.Limits.Month.Tokens = -1 },
	} {
		draft := b.draft()
		change(&draft)
		_, err := b.Set(t.Context(), tenant, draft)
		require.Equal(t, flomastr.Invalid, flomastr.KindOf(err), name)
	}
	_, ok, err := b.Model(t.Context(), tenant)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAKeyThatIsKeptGoesToNoOtherPlace(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	_, err := b.Set(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	draft := b.draft()
	draft.Reply.Key, draft.Fallback.Key = nil, nil
	draft.Reply.Model = "small-stand-in"
	_, err = b.Set(t.Context(), tenant, draft)
	require.NoError(t, err, "it need not be entered again")
	draft.Reply.URL = "https://elsewhere.example/v1"
	_, err = b.Set(t.Context(), tenant, draft)
	require.Equal(t, flomastr.Invalid, flomastr.KindOf(err))
}

func TestTheSecondModelAnswersForOneThatFails(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	_, err := b.Set(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	b.first.Fail("away", -1)
	for range 7 {
		_, err := b.ask(t, tenant)
		require.NoError(t, err)
	}
	require.Len(t, b.first.Asked(), 1+5, "its trial, and then as often as it may fail in a row")
	require.Len(t, b.second.Asked(), 1+7)
	require.Contains(t, b.outcomes(t, tenant), "openai/gpt-stand-in model_unreachable")

	b.second.Fail("limited", -1)
	_, err = b.ask(t, tenant)
	require.Error(t, err)
	require.Contains(t, []flomastr.Kind{flomastr.Unavailable, flomastr.Limited}, flomastr.KindOf(err))
}

func TestNothingIsAskedBeyondTheMonthsBound(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	draft := b.draft()
	draft.Limits.Month.Tokens = 200
	_, err := b.Set(t.Context(), tenant, draft)
	require.NoError(t, err)
	asked := 0
	for ; asked < 50; asked++ {
		if _, err = b.ask(t, tenant); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, models.ErrBudget)
	require.Positive(t, asked)
	require.Len(t, b.first.Asked(), 1+asked, "the one beyond was not asked")
	require.Len(t, b.second.Asked(), 1, "nor was the second")
	used, err := b.store.Used(t.Context(), tenant, true)
	require.NoError(t, err)
	require.LessOrEqual(t, used.Tokens, 200)
}

func TestTheInstallationsModelsServeWhoChoseNone(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, func(b *modelBench) models.Installation {
		return models.Installation{
			Services: adapters{}, Limits: models.Limits{Month: models.Spent{Tokens: 10_000}},
			Choices: []models.Choice{{ID: flomastr.NewID[models.ChoiceID](), Purpose: models.Reply, Service: llm.ModelService{
				Provider: llm.ProviderOpenAI, URL: b.firstURL, Key: standin.Key, Model: "gpt-stand-in",
			}}},
		}
	})
	_, err := b.ask(t, tenant)
	require.NoError(t, err)
	view, err := b.View(t.Context(), tenant)
	require.NoError(t, err)
	require.False(t, view.Own)
	require.Positive(t, view.Used.Tokens)
	require.Empty(t, view.Choices[0].Service.URL, "where the operator's lie is nobody's business")
	require.Empty(t, view.Choices[0].Service.Key)

	_, err = b.Set(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	_, err = b.ask(t, tenant)
	require.NoError(t, err)
	calls, err := b.store.Calls(t.Context(), tenant, models.CallID{}, 10)
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, []bool{calls[0].Own, calls[1].Own}, "what a tenant pays for itself is counted apart")
}

func TestQuestionsToModelsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	b, tenant := modelling(t, nil)
	_, err := b.Set(t.Context(), tenant, b.draft())
	require.NoError(t, err)
	_, err = b.ask(t, tenant)
	require.NoError(t, err)
	require.NoError(t, b.ForgetCalls(t.Context()))
	require.Len(t, b.outcomes(t, tenant), 1)
	*b.now = b.now.Add(models.KeepCalls + time.Hour)
	require.NoError(t, b.ForgetCalls(t.Context()))
	require.Empty(t, b.outcomes(t, tenant))
}
