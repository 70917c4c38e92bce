package infobip

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Fault is a scripted misbehaviour. On says where: "send" (any call of the send API), "report" (the reports of a message) or
// "webhook" (a customer's message on its way in). It fires Times times (1 when left out, for ever when -1) on the calls that
// From and To match, after letting Skip of them pass.
type Fault struct {
	ID   int    `json:"id"`
	On   string `json:"on"`
	Kind string `json:"kind"`

	From  string `json:"from,omitempty"` // the business number
	To    string `json:"to,omitempty"`   // the customer
	Times int    `json:"times"`
	Skip  int    `json:"skip,omitempty"`

	Status      int    `json:"status,omitempty"`       // the HTTP status of refuse and accept_then_status; the status id of fail and reject
	RetryAfter  string `json:"retry_after,omitempty"`  // sent as it is, so that odd forms can be tried
	Body        string `json:"body,omitempty"`         // instead of the documented error body
	ContentType string `json:"content_type,omitempty"` // of Body
	DelayMS     int    `json:"delay_ms,omitempty"`
	Copies      int    `json:"copies,omitempty"`   // for duplicate; 2 when left out
	ErrorID     int    `json:"error_id,omitempty"` // for fail; 7050 when left out

	Fired int `json:"fired"`
}

// The kinds of faults, by place.
const (
	onSend    = "send"
	onReport  = "report"
	onWebhook = "webhook"

	resetBeforeRead  = "reset_before_read"
	resetAfterRead   = "reset_after_read"
	refuse           = "refuse"
	reject           = "reject"
	slow             = "delay"
	acceptStatus     = "accept_then_status"
	acceptHang       = "accept_then_hang"
	acceptReset      = "accept_then_reset"
	acceptEmpty      = "accept_then_empty"
	acceptHTML       = "accept_then_html"
	acceptOther      = "accept_then_other_json"
	acceptNoID       = "accept_then_no_id"
	acceptOtherID    = "accept_then_other_id"
	acceptDrip       = "accept_then_drip"
	acceptEndless    = "accept_then_endless"
	duplicate        = "duplicate"
	never            = "never"
	early            = "early"
	fail             = "fail"
	seenFirst        = "seen_first"
	unknownID        = "unknown_id"
	maxFaults        = 1000
	maxCopies        = 100
	defaultFailure   = 7050
	defaultHTTPError = 500
)

func faultKinds() map[string][]string {
	return map[string][]string{
		onSend: {
			resetBeforeRead, resetAfterRead, refuse, reject, slow, acceptStatus, acceptHang, acceptReset, acceptEmpty, acceptHTML, acceptOther,
			acceptNoID, acceptOtherID, acceptDrip, acceptEndless,
		},
		onReport:  {duplicate, never, early, fail, seenFirst, unknownID, slow},
		onWebhook: {duplicate, slow},
	}
}

func (f *Fault) complete() error {
	kinds, ok := faultKinds()[f.On]
	if !ok {
		return fmt.Errorf("on must be %s, %s or %s", onSend, onReport, onWebhook)
	}
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("kind on %s must be one of %v", f.On, kinds)
	}
	if f.Kind == resetBeforeRead && (f.From != "" || f.To != "") {
		return errors.New("reset_before_read happens before the body tells from and to: leave both out")
	}
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Copies == 0 {
		f.Copies = 2
	}
	if f.ErrorID == 0 {
		f.ErrorID = defaultFailure
	}
	if f.Status == 0 && (f.Kind == refuse || f.Kind == acceptStatus) {
		f.Status = defaultHTTPError
	}
	if f.Times < -1 || f.Skip < 0 || f.Copies < 1 || f.Copies > maxCopies || f.DelayMS < 0 {
		return errors.New("times, skip, copies or delay_ms is out of range")
	}
	if f.On == onSend && f.Status != 0 && f.Kind != reject && (f.Status < 200 || f.Status > 599) {
		return errors.New("status must be an HTTP status")
	}
	return nil
}

// script is the list of faults still to happen, in the order in which they were given.
type script struct {
	mu   sync.Mutex
	next int
	list []*Fault
}

func (s *script) add(f Fault) (Fault, error) {
	if err := f.complete(); err != nil {
		return Fault{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= maxFaults {
		return Fault{}, errors.New("too many faults are scripted")
	}
	s.next++
	f.ID, f.Fired = s.next, 0
	s.list = append(s.list, &f)
	return f, nil
}

// take returns the fault that happens now, if any. Heads are the faults that fire before the body is known.
func (s *script) take(on, from, to string, head bool) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.list {
		if f.On != on || (f.Kind == resetBeforeRead) != head || (f.From != "" && f.From != from) || (f.To != "" && f.To != to) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		f.Fired++
		if f.Times > 0 && f.Fired >= f.Times {
			s.list = slices.Delete(s.list, i, i+1)
		}
		return *f, true
	}
	return Fault{}, false
}

func (s *script) all() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, 0, len(s.list))
	for _, f := range s.list {
		list = append(list, *f)
	}
	return list
}

func (s *script) remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(f *Fault) bool { return id == 0 || f.ID == id })
	return len(s.list) < before
}
