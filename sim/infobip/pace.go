package infobip

import (
	"sync"

	"golang.org/x/time/rate"
)

// gate is a family of calls that Infobip limits together, in calls a second and account.
type gate struct {
	name  string
	limit int
}

// The documented gates of the calls that this stand-in serves.
var (
	sendGate     = gate{"send", 4000}
	eventGate    = gate{"events", 2500}
	readGate     = gate{"read", 10}
	mediaGate    = gate{"media", 15}
	templateGate = gate{"templates", 2500}
	qualityGate  = gate{"quality", 10}
)

// pace counts calls by account and gate.
type pace struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newPace() *pace { return &pace{limiters: map[string]*rate.Limiter{}} }

// allow takes one call of an account through a gate, or says that there were too many. Only keys of registered senders
// come here, so the map is as bounded as the register.
func (p *pace) allow(account string, g gate) bool {
	key := account + " " + g.name
	p.mu.Lock()
	limiter, ok := p.limiters[key]
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(g.limit), g.limit)
		p.limiters[key] = limiter
	}
	p.mu.Unlock()
	return limiter.Allow()
}
