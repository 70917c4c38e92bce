// Package later lets a stand-in do things after a while.
package later

import (
	"sync"
	"time"
)

// Queue does things after a while, and all of them at once when the stand-in closes.
type Queue struct {
	mu     sync.Mutex
	timers map[*time.Timer]func()
	closed bool
	busy   sync.WaitGroup
}

// New makes an empty queue.
func New() *Queue { return &Queue{timers: map[*time.Timer]func(){}} }

// Do runs f after a delay; at once, in the caller's goroutine, when there is none.
func (l *Queue) Do(delay time.Duration, f func()) {
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

// Flush runs everything that waits, and from now on nothing waits.
func (l *Queue) Flush() {
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
