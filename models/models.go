package models

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// Purpose says what a model is asked for.
type Purpose string

// The purposes.
const (
	Reply    Purpose = "reply"
	Fallback Purpose = "fallback" // a reply, when the first model failed
)

// ChoiceID names a model that was chosen; another one, or the same with another key, has another.
type ChoiceID = flomastr.ID[Choice]

// Micros are millionths of the currency that a tenant's prices are in.
type Micros int64

// Choice is a model that a tenant, or the operator, has chosen.
type Choice struct {
	ID          ChoiceID
	Purpose     Purpose
	Service     llm.ModelService
	SealedKey   []byte
	InputPrice  Micros // for a million tokens
	OutputPrice Micros
}

// Cost is what a use of the model costs, rounded up.
func (c Choice) Cost(u llm.Usage) Micros {
	const million = 1_000_000
	return (Micros(u.Prompt)*c.InputPrice + Micros(u.Completion)*c.OutputPrice + million - 1) / million
}

// Spent is an amount, used or allowed.
type Spent struct {
	Tokens int
	Cost   Micros
}

// Limits bound what a tenant's answers may take.
type Limits struct {
	Month   Spent // 0: no bound
	Seconds int   // for one completion, with both models
}

// Settings are a tenant's choices. No choice is the installation's.
type Settings struct {
	Choices []Choice
	Limits  Limits
}

// of finds the choice for a purpose.
func (s Settings) of(p Purpose) *Choice {
	for i := range s.Choices {
		if s.Choices[i].Purpose == p {
			return &s.Choices[i]
		}
	}
	return nil
}

// Call is one question, on record.
type Call struct {
	ID            CallID
	Purpose       Purpose
	Own           bool // the tenant's own model
	Model         string
	PromptVersion string
	Usage         llm.Usage
	Cost          Micros
	Took          time.Duration
	Tools         []string // that it asked for, of those that it was offered
	Outcome       string   // Answered, or the code of what went wrong
	Conversation  flomastr.ConversationID
	Job           flomastr.JobID
	At            time.Time
}

// CallID names a question.
type CallID = flomastr.ID[Call]

// Answered is the outcome of a question that was answered.
const Answered = "answered"

// KeepCalls is how long a question stays on record.
const KeepCalls = 90 * 24 * time.Hour

// Store is what the engine asks of the hot database. Each method is one commit.
type Store interface {
	Settings(ctx context.Context, tenant flomastr.TenantID) (Settings, error)
	// Save puts choices and limits in the place of those that are there; without choices the tenant is back at the installation's.
	Save(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, settings Settings) error
	// Reserve counts an amount before it is used; ErrBudget when the month's bound does not hold it. Settle puts what was used in its place.
	Reserve(ctx context.Context, tenant flomastr.TenantID, own bool, amount, bound Spent) error
	Settle(ctx context.Context, tenant flomastr.TenantID, own bool, reserved, used Spent) error
	// Used is this month's, by UTC.
	Used(ctx context.Context, tenant flomastr.TenantID, own bool) (Spent, error)
	Record(ctx context.Context, tenant flomastr.TenantID, call Call) error
	// Calls lists questions, the latest first, those before an id where it is given.
	Calls(ctx context.Context, tenant flomastr.TenantID, before CallID, limit int) ([]Call, error)
	// ForgetCalls removes what is older than the time, of all tenants.
	ForgetCalls(ctx context.Context, before time.Time) error
}

// Sealer keeps the services' keys; tenant, table and column are bound to what is sealed.
type Sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// Installation is what the operator offers to tenants that have chosen nothing.
type Installation struct {
	Choices  []Choice // with their keys in the open
	Limits   Limits   // for each tenant
	Services llm.ModelServices
}

// Deps are what an engine works with.
type Deps struct {
	Store        Store
	Services     llm.ModelServices // for what tenants choose
	Sealer       Sealer
	Installation Installation
	Clock        flomastr.Clock
	Log          *slog.Logger
	Rest         time.Duration // of a model that keeps failing; 0: 30 s
}

// Engine is safe for concurrent use.
type Engine struct {
	Deps
	mu       sync.Mutex
	breakers map[flomastr.TenantID]map[ChoiceID]circuitbreaker.CircuitBreaker[any]
}

// New makes an engine.
func New(deps Deps) *Engine {
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	if deps.Rest == 0 {
		deps.Rest = 30 * time.Second
	}
	return &Engine{Deps: deps, breakers: map[flomastr.TenantID]map[ChoiceID]circuitbreaker.CircuitBreaker[any]{}}
}

// What can stand in the way.
var (
	ErrBudget  = flomastr.Errorf(flomastr.Limited, "model_budget", "What the language model may cost this month is used up; raise the limit or wait for the next month.")
	errResting = flomastr.Errorf(flomastr.Unavailable, "model_resting", "The language model keeps failing and is not asked for a moment.")
	errModels  = flomastr.Errorf(flomastr.Invalid, "invalid_model", "The model's settings are not valid.")
)

const (
	defaultSeconds = 60
	breaksAfter    = 5 // failures in a row
)

// Model gives what writes a tenant's replies: its first model, and the second when that fails. It is for one turn: its name is that of
// the model that answered last. False: the tenant's answers are written offline.
func (e *Engine) Model(ctx context.Context, tenant flomastr.TenantID) (llm.Model, bool, error) {
	settings, err := e.Store.Settings(ctx, tenant)
	if err != nil {
		return nil, false, err
	}
	c := &chain{engine: e, tenant: tenant, own: len(settings.Choices) > 0, limits: settings.Limits}
	services := e.Services
	if !c.own {
		settings.Choices, c.limits, services = e.Installation.Choices, e.Installation.Limits, e.Installation.Services
	}
	for _, purpose := range []Purpose{Reply, Fallback} {
		choice := settings.of(purpose)
		if choice == nil {
			continue
		}
		known := *choice
		if c.own {
			if known, err = e.withKey(tenant, known); err != nil {
				return nil, false, err
			}
		}
		model, err := services.OpenModel(known.Service)
		if err != nil {
			return nil, false, err
		}
		c.links = append(c.links, link{choice: known, model: model})
	}
	if len(c.links) == 0 {
		return nil, false, nil
	}
	e.arm(c)
	c.name = c.links[0].model.Name()
	return c, true, nil
}

// arm gives each model of a chain the breaker that the tenant has for it, and drops those of models that were chosen before.
func (e *Engine) arm(c *chain) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, now := e.breakers[c.tenant], map[ChoiceID]circuitbreaker.CircuitBreaker[any]{}
	for i := range c.links {
		id := c.links[i].choice.ID
		breaker := before[id]
		if breaker == nil {
			breaker = circuitbreaker.NewBuilder[any]().WithFailureThreshold(breaksAfter).WithDelay(e.Rest).Build()
		}
		now[id], c.links[i].breaker = breaker, breaker
	}
	e.breakers[c.tenant] = now
}

func (e *Engine) withKey(tenant flomastr.TenantID, c Choice) (Choice, error) {
	if c.SealedKey == nil {
		return c, nil
	}
	key, err := e.Sealer.Open(tenant.String(), "models", "sealed_key/"+c.ID.String(), c.SealedKey)
	if err != nil {
		return c, err
	}
	c.Service.Key = string(key)
	return c, nil
}

// ForgetCalls removes what is past its time.
func (e *Engine) ForgetCalls(ctx context.Context) error {
	return e.Store.ForgetCalls(ctx, e.Clock().Add(-KeepCalls))
}
