package whatsapp

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flomastr/flomastr"
)

// PaceStore keeps how much of each number's throughput is given out, for all servers.
type PaceStore interface {
	// TakePace gives out a piece of a number's throughput: for about as many messages as are wanted, at least for a sixteenth of
	// a second's and at most for a quarter's. In an outage there is little, for what tries, and after it little at first.
	TakePace(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, want int) (Pace, error)
}

// Pace is a piece of a number's throughput: so many messages, from a while on. None is an advice to ask again then.
type Pace struct {
	Messages int
	Wait     time.Duration
}

// planner keeps each number's throughput. What every server shares of it lies in the database; a server takes a piece at a time,
// so that a busy number costs a row's lock a few times a second and not once for each message. The pace to one contact is kept
// in the database as well, with the lane.
type planner struct {
	store  PaceStore
	lifted bool
	mu     sync.Mutex
	pieces map[flomastr.ChannelID]*piece
}

// pieceFor is how long a piece may be kept: whoever sends little must not save up for a burst.
const pieceFor = time.Second

// piece is what this server has of a number's throughput. One asks for more, the others wait for what it brings.
type piece struct {
	waiting atomic.Int32
	mu      sync.Mutex
	left    int
	from    time.Time
	until   time.Time
}

func newPlanner(store PaceStore, lifted bool) *planner {
	return &planner{store: store, lifted: lifted, pieces: map[flomastr.ChannelID]*piece{}}
}

// take tells whether a message of the channel may go right now, and counts it if so.
func (p *planner) take(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) bool {
	if p.lifted {
		return true
	}
	wait, err := p.spend(ctx, tenant, channel)
	return err == nil && wait <= 0
}

// await waits until a message of the channel may go, and counts it.
func (p *planner) await(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) error {
	if p.lifted {
		return nil
	}
	for {
		wait, err := p.spend(ctx, tenant, channel)
		if err != nil || wait <= 0 {
			return err
		}
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// spend counts a message when one may go, and says how long it has to wait otherwise.
func (p *planner) spend(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (wait time.Duration, err error) {
	own := p.piece(channel)
	own.waiting.Add(1)
	defer own.waiting.Add(-1)
	own.mu.Lock()
	defer own.mu.Unlock()
	now := time.Now()
	if now.After(own.until) {
		got, err := p.store.TakePace(ctx, tenant, channel, int(own.waiting.Load()))
		if err != nil {
			return 0, err
		}
		own.left, own.from = got.Messages, time.Now().Add(got.Wait)
		if own.until = own.from.Add(pieceFor); own.left == 0 {
			own.until = own.from
		}
	}
	if wait = time.Until(own.from); wait > 0 || own.left == 0 {
		return max(wait, time.Millisecond), nil
	}
	if own.left--; own.left == 0 {
		own.until = time.Time{}
	}
	return 0, nil
}

func (p *planner) piece(channel flomastr.ChannelID) *piece {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pieces[channel] == nil {
		p.pieces[channel] = &piece{}
	}
	return p.pieces[channel]
}
