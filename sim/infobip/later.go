package infobip

import (
	"sync"
	"time"
)

// later does things after a while, and all of them at once when the stand-in closes.
type later struct {
	mu     sync.Mutex
	timers map[*time.Timer]func()
	closed bool
	busy   sync.WaitGroup
}

func newLater() *later { return &later{timers: map[*time.Timer]func(){}} }

// do runs f after a delay; at once, in the caller's goroutine, when there is none.
func (l *later) do(delay time.Duration, f func()) {
	l.mu.Lock()
	if delay <= 0 || l.closed {
		l.mu.Unlock()
		f()
		return
	}
	defer l.mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		l.mu.Lock()
		_, mine := l.timers[timer]
		delete(l.timers, timer)
		if mine {
			l.busy.Add(1)
		}
		l.mu.Unlock()
		if mine {
			defer l.busy.Done()
			f()
		}
	})
	l.timers[timer] = f
}

// flush runs everything that waits, and from now on nothing waits.
func (l *later) flush() {
	l.mu.Lock()
	l.closed = true
	waiting := make([]func(), 0, len(l.timers))
	for timer, f := range l.timers {
		timer.Stop()
		waiting = append(waiting, f)
		delete(l.timers, timer)
	}
	l.mu.Unlock()
	for _, f := range waiting {
		f()
	}
	l.busy.Wait()
}
