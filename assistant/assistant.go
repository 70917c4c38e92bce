package assistant

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Retriever finds passages of a tenant's knowledge, best first, with signals of how far they can be an answer.
type Retriever interface {
	Retrieve(ctx context.Context, tenant flomastr.TenantID, q contextengine.Query) (contextengine.Result, error)
}

// Businesses tells a tenant's name as its customers know it.
type Businesses interface {
	BusinessName(ctx context.Context, tenant flomastr.TenantID) (string, error)
}

// Policies tells what a tenant allows the assistant.
type Policies interface {
	Policy(ctx context.Context, tenant flomastr.TenantID) (Policy, error)
}

// Policy is what a tenant allows the assistant.
type Policy struct {
	Threshold  float64 // the confidence below which it does not answer
	MaxContext int     // tokens of knowledge that a question is answered from, and that a context may hold
}

// DefaultPolicy holds where nothing else was said. Its threshold is the one that the weights were fitted for.
func DefaultPolicy() Policy { return Policy{Threshold: threshold, MaxContext: 200_000} }

// Deps is what the assistant stands on.
type Deps struct {
	Retriever  Retriever
	Businesses Businesses
	Memory     Memory         // nil: nothing is remembered of anybody
	Models     Models         // nil: no turn is reasoned with a model
	Policies   Policies       // nil: DefaultPolicy for everybody
	Clock      flomastr.Clock // for "today" and "tomorrow"
}

// Assistant answers turns. It keeps nothing between them and is safe for many goroutines.
type Assistant struct {
	deps    Deps
	lexicon *lexicon
}

// New makes an assistant; it panics when the embedded texts are broken, which a build of ours never has.
func New(deps Deps) *Assistant {
	return &Assistant{deps: deps, lexicon: newLexicon()}
}

func (a *Assistant) policy(ctx context.Context, tenant flomastr.TenantID) (Policy, error) {
	if a.deps.Policies == nil {
		return DefaultPolicy(), nil
	}
	p, err := a.deps.Policies.Policy(ctx, tenant)
	if err != nil {
		return Policy{}, fmt.Errorf("read what the tenant allows: %w", err)
	}
	return p, nil
}

// Offline is the name that decisions carry which no model wrote.
const Offline = "offline"
