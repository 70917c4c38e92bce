package memory

import (
	"sync"

	"github.com/flomastr/flomastr"
)

// Deps is what memory stands on.
type Deps struct {
	Store Store
	Clock flomastr.Clock // nil: the system's
}

// Engine is the memory of all tenants. It keeps nothing itself and is safe for concurrent use.
type Engine struct {
	deps    Deps
	rules   rules
	readers sync.Pool
}

// New makes an engine.
func New(deps Deps) *Engine {
	if deps.Clock == nil {
		deps.Clock = flomastr.SystemClock
	}
	return &Engine{deps: deps, rules: newRules(), readers: sync.Pool{New: func() any { return newReader() }}}
}
