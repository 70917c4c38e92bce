// Package traffic remembers the last exchanges between a stand-in and the product, in both directions, for people who
// want to see the wire. It never remembers a credential: header values are kept only for headers known to be harmless.
package traffic

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// bodyKept is how much of a body is remembered.
const bodyKept = 16 << 10

// Direction says who called whom.
type Direction string

// The two directions of an exchange.
const (
	APICall Direction = "api_call" // the product called the provider's API
	Webhook Direction = "webhook"  // the provider called the product's webhook
)

// Exchange is one request and its answer. Status 0 means that there was none; Error then says why.
type Exchange struct {
	ID              uint64            `json:"id"`
	At              time.Time         `json:"at"`
	Direction       Direction         `json:"direction"`
	Method          string            `json:"method"`
	URL             string            `json:"url"`
	RequestHeaders  map[string]string `json:"request_headers"`
	RequestBody     string            `json:"request_body"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	ResponseBody    string            `json:"response_body"`
	DurationMS      float64           `json:"duration_ms"`
	Error           string            `json:"error,omitempty"`
}

// Ring holds the last exchanges. A nil Ring remembers nothing, for benchmarks.
type Ring struct {
	mu   sync.Mutex
	kept []Exchange
	next uint64
}

// NewRing makes a ring of a size; nil when the size is not positive.
func NewRing(size int) *Ring {
	if size <= 0 {
		return nil
	}
	return &Ring{kept: make([]Exchange, 0, size)}
}

// Add remembers an exchange, forgetting the oldest when full.
func (r *Ring) Add(exchange Exchange) {
	if r == nil {
		return
	}
	exchange.RequestBody = cut(exchange.RequestBody)
	exchange.ResponseBody = cut(exchange.ResponseBody)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	exchange.ID = r.next
	if len(r.kept) < cap(r.kept) {
		r.kept = append(r.kept, exchange)
		return
	}
	r.kept[(r.next-1)%uint64(cap(r.kept))] = exchange
}

// Last returns up to n exchanges with an id above after, oldest first.
func (r *Ring) Last(n int, after uint64) []Exchange {
	found := []Exchange{}
	if r == nil {
		return found
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	count := uint64(len(r.kept))
	first := max(after+1, r.next-count+1)
	if n > 0 && r.next >= uint64(n) && first < r.next-uint64(n)+1 {
		first = r.next - uint64(n) + 1
	}
	for id := first; id <= r.next && count > 0; id++ {
		found = append(found, r.kept[(id-1)%uint64(cap(r.kept))])
	}
	return found
}

// Headers keeps the values of harmless headers and hides all others, so that a secret under any name stays hidden.
func Headers(header http.Header) map[string]string {
	shown := make(map[string]string, len(header))
	for name, values := range header {
		switch name {
		case "Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Date", "Location", "Retry-After", "User-Agent":
			shown[name] = values[0]
		default:
			shown[name] = "[redacted]"
		}
	}
	return shown
}

// URL shows an address without user, password and query, where integrators like to put secrets.
func URL(u *url.URL) string {
	shown := *u
	shown.User = nil
	if shown.RawQuery != "" {
		shown.RawQuery = "[redacted]"
	}
	return shown.String()
}

func cut(body string) string {
	if len(body) <= bodyKept {
		return body
	}
	return body[:bodyKept] + "…"
}
