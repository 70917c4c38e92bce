package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/anthropic"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/models"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
)

const (
	modelTimeout = 5 * time.Minute // the turn's own deadline is nearer
	modelStall   = 45 * time.Second
	openAIsOwn   = "https://api.openai.com/v1"
	modelBytes   = 4 << 20 // a stream wraps each word of an answer in a few hundred bytes
)

// newModels knows the operator's models and those that tenants choose, of which none may lie inside.
func newModels(c Config, db *postgres.DB, vault *secret.Vault, clock flomastr.Clock, log *slog.Logger) *models.Engine {
	theirs := safehttp.Config{Allow: c.FetchAllow, DenyHosts: ownHosts(c), Timeout: modelTimeout, Stall: modelStall, MaxBytes: modelBytes}
	return models.New(models.Deps{
		Store: postgres.NewModelStore(db), Services: modelServices{safehttp.New(theirs)}, Sealer: vault, Clock: clock, Log: log,
		Installation: operatorsModels(c),
	})
}

// operatorsModels are those whose keys the operator has set: the one that speaks OpenAI's protocol first, the other when it fails.
func operatorsModels(c Config) models.Installation {
	var all []models.Choice
	var allow []string
	add := func(service llm.ModelService) {
		choice := models.Choice{ID: flomastr.NewID[models.ChoiceID](), Purpose: models.Reply, Service: service}
		if len(all) > 0 {
			choice.Purpose = models.Fallback
		}
		all, allow = append(all, choice), append(allow, originOf(service.URL))
	}
	if openAI := cmp.Or(c.OpenAIBaseURL, openAIsOwn); c.OpenAIAPIKey != "" || openAI != openAIsOwn {
		add(llm.ModelService{Provider: llm.ProviderOpenAI, URL: openAI, Key: c.OpenAIAPIKey.Reveal(), Model: c.OpenAIModel})
	}
	if c.AnthropicAPIKey != "" {
		add(llm.ModelService{Provider: llm.ProviderAnthropic, URL: c.AnthropicURL, Key: c.AnthropicAPIKey.Reveal(), Model: c.AnthropicModel})
	}
	return models.Installation{
		Choices: all, Limits: models.Limits{Month: models.Spent{Tokens: c.ModelTokens}},
		Services: modelServices{safehttp.New(safehttp.Config{Allow: allow, Timeout: modelTimeout, Stall: modelStall, MaxBytes: modelBytes})},
	}
}

// modelServices opens a model by its protocol.
type modelServices struct{ client *safehttp.Client }

// OpenModel implements [llm.ModelServices].
func (s modelServices) OpenModel(service llm.ModelService) (llm.Model, error) {
	switch service.Provider {
	case llm.ProviderOpenAI:
		return openai.NewModel(service, s.client.HTTP()), nil
	case llm.ProviderAnthropic:
		return anthropic.NewModel(service, s.client.HTTP()), nil
	}
	return nil, fmt.Errorf("no adapter speaks %q", service.Provider)
}
