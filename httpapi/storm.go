package httpapi

import (
	"sync"
	"time"
)

// stormCalm is how long a refusal counts as the same as the one that was logged.
const stormCalm = time.Second

// storm holds back what would be logged for each of thousands of requests a second: a server that is asked for more than it can
// do would spend what it has on telling so.
type storm struct {
	mu   sync.Mutex
	held map[string]int // by code, since one of it was logged
}

// breaks tells whether a refusal is the first of its code for a while. What follows it is held back, and its number told at the
// end of the while.
func (s *storm) breaks(code string, tell func(held int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, going := s.held[code]; going {
		s.held[code] = held + 1
		return false
	}
	if s.held == nil {
		s.held = map[string]int{}
	}
	s.held[code] = 0
	time.AfterFunc(stormCalm, func() {
		s.mu.Lock()
		held := s.held[code]
		delete(s.held, code)
		s.mu.Unlock()
		if held > 0 {
			tell(held)
		}
	})
	return true
}
