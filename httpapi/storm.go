package httpapi

import (
	"net/http"
	"sync"
	"time"
)

// stormCalm is how long a refusal counts as the same as the one that was logged.
const stormCalm = time.Second

// storm holds back what would be logged for each of thousands of requests a second: a server that is asked for more than it can
// do would spend what it has on telling so.
type storm struct {
	mu   sync.Mutex
	held map[string]int // by reason, since one was logged
}

// storms tells whether an answer only says "later" and others that said it for the same reason were logged a moment ago: it is held
// back from the log. The number of those held back is told at the end of the moment.
func (a *API) storms(status int, reason string, tell func(held int)) bool {
	if status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
		return false
	}
	return a.storm.holds(reason, tell)
}

func (s *storm) holds(reason string, tell func(held int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, going := s.held[reason]; going {
		s.held[reason] = held + 1
		return true
	}
	if s.held == nil {
		s.held = map[string]int{}
	}
	s.held[reason] = 0
	time.AfterFunc(stormCalm, func() {
		s.mu.Lock()
		held := s.held[reason]
		delete(s.held, reason)
		s.mu.Unlock()
		if held > 0 && tell != nil {
			tell(held)
		}
	})
	return false
}
