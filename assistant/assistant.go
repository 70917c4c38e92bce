package assistant

import (
	"context"

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

// Deps is what the assistant stands on.
type Deps struct {
	Retriever  Retriever
	Businesses Businesses
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

// Offline is the name that decisions carry which no model wrote.
const Offline = "offline"
