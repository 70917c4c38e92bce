package whatsapp

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/flomastr/flomastr"
)

// planner keeps each number's throughput. It is this process's share of the limit; when several processes together go
// past it, the provider says so and the channel is held for everybody. The pace to one contact is kept in the database,
// with the lane.
type planner struct {
	lifted bool
	mu     sync.Mutex
	pace   map[flomastr.ChannelID]*rate.Limiter
}

func newPlanner(lifted bool) *planner {
	return &planner{lifted: lifted, pace: map[flomastr.ChannelID]*rate.Limiter{}}
}

// take tells whether a message of the channel may go right now, and counts it if so.
func (p *planner) take(channel flomastr.ChannelID, perSecond float64) bool {
	return p.lifted || p.limiter(channel, perSecond).Allow()
}

// await waits until a message of the channel may go.
func (p *planner) await(ctx context.Context, channel flomastr.ChannelID) error {
	if p.lifted {
		return nil
	}
	return p.limiter(channel, 0).Wait(ctx)
}

// limiter finds or makes the channel's bucket; perSecond 0 means that only the bucket knows.
func (p *planner) limiter(channel flomastr.ChannelID, perSecond float64) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.pace[channel]
	if l == nil {
		if perSecond == 0 {
			perSecond = DefaultLimits.PerSecond
		}
		l = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/4)))
		p.pace[channel] = l
	}
	if perSecond > 0 && l.Limit() != rate.Limit(perSecond) {
		l.SetLimit(rate.Limit(perSecond))
		l.SetBurst(max(1, int(perSecond/4)))
	}
	return l
}
