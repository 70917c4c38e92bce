package models

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// Draft is what a tenant's admin says about its models.
type Draft struct {
	Reply    ChoiceDraft
	Fallback *ChoiceDraft
	Limits   Limits
	By       flomastr.Actor
}

// ChoiceDraft is one of them.
type ChoiceDraft struct {
	Provider    llm.Provider
	URL         string  // empty: the provider's own
	Model       string  // as the provider names it
	Key         *string // nil keeps the one that is there, as long as the address leads to the same place
	KeyHeader   string  // "" or api-key
	InputPrice  Micros
	OutputPrice Micros
}

// View is what a tenant's admin sees of the models.
type View struct {
	Own bool // false: Choices and Limits are the installation's, without its addresses
	Settings
	Used Spent // this month, by UTC
}

const (
	probeTime    = 45 * time.Second
	maxKeyLength = 1000
	maxPrice     = Micros(1_000_000) * 1_000_000
)

var addresses = map[llm.Provider]string{llm.ProviderOpenAI: "https://api.openai.com/v1", llm.ProviderAnthropic: "https://api.anthropic.com"}

// View tells which models write a tenant's answers.
func (e *Engine) View(ctx context.Context, tenant flomastr.TenantID) (View, error) {
	settings, err := e.Store.Settings(ctx, tenant)
	if err != nil {
		return View{}, err
	}
	v := View{Own: len(settings.Choices) > 0, Settings: settings}
	if !v.Own {
		v.Settings = Settings{Limits: e.Installation.Limits}
		for _, c := range e.Installation.Choices {
			v.Choices = append(v.Choices, Choice{Purpose: c.Purpose, Service: llm.ModelService{Provider: c.Service.Provider, Model: c.Service.Model}})
		}
	}
	v.Limits.Seconds = cmp.Or(v.Limits.Seconds, defaultSeconds)
	v.Used, err = e.Store.Used(ctx, tenant, v.Own)
	return v, err
}

// Set has a tenant's answers written by these models from now on. Each is tried once before anything is kept: whether it answers, and
// whether it calls a tool.
func (e *Engine) Set(ctx context.Context, tenant flomastr.TenantID, d Draft) (View, error) {
	before, err := e.Store.Settings(ctx, tenant)
	if err != nil {
		return View{}, err
	}
	d.Limits.Seconds = cmp.Or(d.Limits.Seconds, defaultSeconds)
	next := Settings{Limits: d.Limits}
	if d.Limits.Month.Tokens < 0 || d.Limits.Month.Cost < 0 || d.Limits.Seconds < 1 || d.Limits.Seconds > 300 {
		return View{}, errModels.Field("body.limits", "must not be negative, and 300 seconds at most")
	}
	drafts := []ChoiceDraft{d.Reply}
	if d.Fallback != nil {
		drafts = append(drafts, *d.Fallback)
	}
	for i, draft := range drafts {
		purpose := []Purpose{Reply, Fallback}[i]
		choice, err := e.choice(tenant, purpose, draft, before)
		if err != nil {
			return View{}, err
		}
		next.Choices = append(next.Choices, choice)
	}
	for i, choice := range next.Choices {
		if err := e.try(ctx, choice); err != nil {
			return View{}, err
		}
		if choice.Service.Key == "" {
			continue
		}
		sealed, err := e.Sealer.Seal(tenant.String(), "models", "sealed_key/"+choice.ID.String(), []byte(choice.Service.Key))
		if err != nil {
			return View{}, err
		}
		next.Choices[i].SealedKey = sealed
	}
	if err := e.Store.Save(ctx, tenant, d.By, next); err != nil {
		return View{}, err
	}
	return e.View(ctx, tenant)
}

func (e *Engine) try(ctx context.Context, c Choice) error {
	asking, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	model, err := e.Services.OpenModel(c.Service)
	if err != nil {
		return err
	}
	_, err = llm.Probe(asking, model)
	if known, ok := errors.AsType[*flomastr.Error](err); ok {
		return known.Field("body."+string(c.Purpose), "did not pass its trial")
	}
	return err
}

// Reset goes back to the installation's models.
func (e *Engine) Reset(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor) (View, error) {
	before, err := e.Store.Settings(ctx, tenant)
	if err != nil {
		return View{}, err
	}
	if len(before.Choices) > 0 {
		if err := e.Store.Save(ctx, tenant, by, Settings{}); err != nil {
			return View{}, err
		}
	}
	return e.View(ctx, tenant)
}

// choice checks a draft.
func (e *Engine) choice(tenant flomastr.TenantID, purpose Purpose, d ChoiceDraft, before Settings) (Choice, error) {
	place := "body." + string(purpose)
	s := llm.ModelService{Provider: d.Provider, Model: strings.TrimSpace(d.Model), KeyHeader: d.KeyHeader}
	own, known := addresses[d.Provider]
	s.URL = cmp.Or(strings.TrimRight(strings.TrimSpace(d.URL), "/"), own)
	c := Choice{ID: flomastr.NewID[ChoiceID](), Purpose: purpose, InputPrice: d.InputPrice, OutputPrice: d.OutputPrice}
	origin, ok := llm.Origin(s.URL)
	switch {
	case !known:
		return c, errModels.Field(place+".provider", "must be openai or anthropic")
	case !ok:
		return c, errModels.Field(place+".base_url", "must be an https address, such as "+own)
	case s.Model == "" || len(s.Model) > 200 || strings.ContainsFunc(s.Model, func(r rune) bool { return r < ' ' }):
		return c, errModels.Field(place+".model", "must be the model's name")
	case d.KeyHeader != "" && d.KeyHeader != "api-key":
		return c, errModels.Field(place+".key_header", "must be authorization or api-key")
	case d.InputPrice < 0 || d.OutputPrice < 0 || d.InputPrice > maxPrice || d.OutputPrice > maxPrice:
		return c, errModels.Field(place+".input_price", "must be a price for a million tokens")
	}
	if d.Key != nil {
		s.Key = strings.TrimSpace(*d.Key)
		if len(s.Key) > maxKeyLength || strings.ContainsFunc(s.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return c, errModels.Field(place+".key", "must be the key as the provider shows it")
		}
	} else if earlier := before.of(purpose); earlier != nil && earlier.SealedKey != nil {
		// Whoever may change the address must not be able to have the key sent to a place of their own.
		if there, _ := llm.Origin(earlier.Service.URL); there != origin {
			return c, errModels.Field(place+".key", "must be entered again, because the address leads elsewhere")
		}
		opened, err := e.withKey(tenant, *earlier)
		if err != nil {
			return c, err
		}
		s.Key = opened.Service.Key
	}
	c.Service = s
	return c, nil
}
