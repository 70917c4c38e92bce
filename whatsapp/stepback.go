package whatsapp

import (
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

// stepBack lets this server leave a number's messages to the others for a while when it finds the number's provider away twice
// in a row: the provider may be well, and only the way there from here broken. The outage that all servers share (Outage) is
// opened by whoever fails fastest; it ends early because a server that failed does not take its probes.
type stepBack struct {
	unit    time.Duration // the first wait between tries
	mu      sync.Mutex
	numbers map[flomastr.ChannelID]footing
}

// footing is how a number's provider could be reached from here.
type footing struct {
	failures int
	until    time.Time
}

const stepBackMost = 10

func newStepBack(unit time.Duration) *stepBack {
	return &stepBack{unit: unit, numbers: map[flomastr.ChannelID]footing{}}
}

// wait is how long a message of the channel is left to others; 0: it may be tried from here. When the time is over one is tried,
// and the rest wait for what it finds.
func (s *stepBack) wait(channel flomastr.ChannelID, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.numbers[channel]
	switch {
	case f.failures < 2:
		return 0
	case now.Before(f.until):
		return max(s.unit/4, time.Millisecond)
	}
	f.until = now.Add(2 * s.unit)
	s.numbers[channel] = f
	return 0
}

// note keeps how a call of the channel ended.
func (s *stepBack) note(channel flomastr.ChannelID, away bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !away {
		delete(s.numbers, channel)
		return
	}
	f := s.numbers[channel]
	f.failures++
	f.until = now.Add(time.Duration(min(f.failures, stepBackMost)) * s.unit)
	s.numbers[channel] = f
}
