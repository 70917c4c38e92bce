package twilio

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/traffic"
)

// Config is what a stand-in needs. Ledger and BaseURL are required.
type Config struct {
	Ledger        *ledger.Ledger
	BaseURL       string        // how the product reaches this handler, for the URLs of media
	DeliveryDelay time.Duration // how long a message takes to the phone
	ReadDelay     time.Duration // how long a phone that reads at once takes to read
	TrafficKept   int           // exchanges remembered; none when zero
	Log           *slog.Logger  // discarded when nil
}

// Sender is a number of an account. What signs and what is asked for is the account's auth token; a key may stand in for
// the account in calls.
type Sender struct {
	Number     string `json:"number"`
	AccountSID string `json:"account_sid"`
	AuthToken  string `json:"auth_token"`
	KeyID      string `json:"key_id,omitempty"`
	KeySecret  string `json:"key_secret,omitempty"`
	WebhookURL string `json:"webhook_url"`
}

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	contentSID = regexp.MustCompile(`^HX[0-9a-fA-F]{32}$`)
	number     = regexp.MustCompile(`^[0-9]{5,15}$`)
)

func (s Sender) check() error {
	switch {
	case !number.MatchString(s.Number):
		return errors.New("number must be digits")
	case !accountSID.MatchString(s.AccountSID):
		return errors.New("account_sid must be AC and 32 hexadecimal digits")
	case s.AuthToken == "":
		return errors.New("auth_token is missing")
	}
	return loopback.CheckURL(s.WebhookURL)
}

// fault spoils the next sends: an answer of Status and Code instead of the usual one, or a callback of Outcome and Code
// after it.
type fault struct {
	Times   int    `json:"times"`
	Status  int    `json:"status,omitempty"`
	Code    int    `json:"code,omitempty"`
	Outcome string `json:"outcome,omitempty"` // failed, undelivered: reported later; silent: no answer, although it was taken
}

// StandIn is a running stand-in of Twilio. It is an http.Handler and safe for concurrent use.
type StandIn struct {
	config  Config
	phones  *phone.Book
	traffic *traffic.Ring
	client  *http.Client
	mux     http.Handler
	later   sync.WaitGroup
	closed  chan struct{}

	mu       sync.Mutex
	senders  map[string]Sender // by number
	media    map[string]file   // by SID
	contents map[string]*entry // by SID
	faults   []fault
}

type file struct {
	kind string
	body []byte
}

// Open starts a stand-in. The caller closes it.
func Open(config Config) *StandIn {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &StandIn{
		config: config, phones: phone.NewBook(20_000), traffic: traffic.NewRing(config.TrafficKept), client: loopback.Client(15*time.Second, 64),
		closed: make(chan struct{}), senders: map[string]Sender{}, media: map[string]file{}, contents: map[string]*entry{},
	}
	s.mux = loopback.Guard(s.routes())
	return s
}

// ServeHTTP answers Twilio's API, the control API and the ledger.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends what is planned and waits for what is under way.
func (s *StandIn) Close() {
	close(s.closed)
	s.later.Wait()
}

// after does something a moment later, unless the stand-in is closed first.
func (s *StandIn) after(delay time.Duration, do func()) {
	s.later.Go(func() {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-s.closed:
		case <-timer.C:
			do()
		}
	})
}

// PutSender registers a sender, or replaces it.
func (s *StandIn) PutSender(sender Sender) error {
	if err := sender.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.senders[sender.Number] = sender
	return nil
}

func (s *StandIn) sender(number string) (Sender, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.senders[number]
	return found, ok
}

// account finds the account that a request's credentials open.
func (s *StandIn) account(r *http.Request) (sid string, ok bool) {
	user, password, _ := r.BasicAuth()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sender := range s.senders {
		if user == sender.AccountSID && password == sender.AuthToken || sender.KeyID != "" && user == sender.KeyID && password == sender.KeySecret {
			return sender.AccountSID, true
		}
	}
	return "", false
}

// takeFault gives the fault of this send and counts it.
func (s *StandIn) takeFault() (fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return fault{}, false
	}
	f := s.faults[0]
	if s.faults[0].Times--; s.faults[0].Times <= 0 {
		s.faults = s.faults[1:]
	}
	return f, true
}

// newSID makes an id in Twilio's form.
func newSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return prefix + hex.EncodeToString(b[:])
}
