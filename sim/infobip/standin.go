package infobip

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/later"
	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
	"github.com/flomastr/flomastr/sim/traffic"
)

// Config is what a stand-in needs. Ledger, Dir and BaseURL are required.
type Config struct {
	Ledger   *ledger.Ledger   // where accepted messages are written down
	Dir      string           // where senders, phones, media and waiting webhooks are kept
	BaseURL  string           // how the product reaches this handler, for the URLs of media
	Settings Settings         // what may be changed later
	Now      func() time.Time // for the times on the wire; the machine's clock when nil
	Log      *slog.Logger     // discarded when nil

	WebhookTimeout time.Duration // how long a webhook may take; 10 s when zero
	Window         int           // webhooks in flight at once; 64 when zero
	MaxWaiting     int           // webhooks waiting at most; 200,000 when zero
	MessagesKept   int           // on all phones together; 20,000 when zero
	TrafficKept    int           // exchanges remembered; none when zero
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = func() time.Time { return time.Now().UTC() }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.WebhookTimeout == 0 {
		c.WebhookTimeout = 10 * time.Second
	}
	if c.Window == 0 {
		c.Window = 64
	}
	if c.MaxWaiting == 0 {
		c.MaxWaiting = 200_000
	}
	if c.MessagesKept == 0 {
		c.MessagesKept = 20_000
	}
	return c
}

// StandIn is a running stand-in of Infobip. It is an http.Handler and safe for concurrent use.
type StandIn struct {
	config  Config
	ledger  *ledger.Ledger
	senders *register
	faults  *script
	phones  *phone.Book
	postman *postman.Postman
	traffic *traffic.Ring
	pace    *pace
	later   *later.Queue
	mux     http.Handler

	mu        sync.RWMutex
	settings  Settings
	templates sync.Mutex // one change of a sender's templates at a time
	saving    sync.Mutex // one writer of the state's files at a time
	saved     [3]uint64  // what was counted when the state was last saved
}

// Open starts a stand-in with what an earlier one left in its folder. The caller closes it.
func Open(config Config) (*StandIn, error) {
	config = config.withDefaults()
	if err := config.Settings.check(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	for _, dir := range []string{config.Dir, filepath.Join(config.Dir, mediaFolder)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the stand-in's folder: %w", err)
		}
	}
	s := &StandIn{
		config: config, ledger: config.Ledger, senders: newRegister(), faults: &script{}, phones: phone.NewBook(config.MessagesKept),
		traffic: traffic.NewRing(config.TrafficKept), pace: newPace(), later: later.New(), settings: config.Settings,
	}
	s.postman = postman.Start(postman.Config{
		Client: loopback.Client(config.WebhookTimeout, config.Window), Window: config.Window, MaxQueued: config.MaxWaiting,
		RetryUnit: milliseconds(config.Settings.RetryUnitMS), Address: s.address, Envelope: envelope, Delivered: s.delivered,
		Traffic: s.traffic, Log: config.Log,
	})
	s.mux = loopback.Guard(s.routes())
	if err := s.load(); err != nil {
		s.postman.Close()
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers Infobip's API, the control API and the ledger.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close lets everything planned happen now, stops delivering and writes down what was not delivered, so that the next
// stand-in in the same folder delivers it.
func (s *StandIn) Close() error {
	s.later.Flush()
	return s.save(s.postman.Close())
}

// Settings returns the settings now in force.
func (s *StandIn) Settings() Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.settings
}

// Configure changes settings.
func (s *StandIn) Configure(settings Settings) error {
	if err := settings.check(); err != nil {
		return err
	}
	s.mu.Lock()
	s.settings = settings
	s.mu.Unlock()
	s.postman.SetRetryUnit(milliseconds(settings.RetryUnitMS))
	return nil
}

// PutSender registers a sender, or replaces it, and keeps it over restarts.
func (s *StandIn) PutSender(sender Sender) error {
	if err := s.senders.put(sender); err != nil {
		return err
	}
	if err := s.saveSenders(); err != nil {
		return err
	}
	// What waited for an address, or was refused for a wrong secret, need not wait any longer.
	s.postman.Hurry(time.Now())
	return nil
}

// address is where a parcel goes now: to the URL that its message named, else to its sender's webhook.
func (s *StandIn) address(parcel postman.Parcel) postman.Address {
	sender, _ := s.senders.get(parcel.Lane)
	address := postman.Address{URL: sender.WebhookURL, PerRequest: sender.ResultsPerRequest}
	if parcel.URL != "" {
		address.URL = parcel.URL
	}
	if sender.AuthHeader != nil {
		address.HeaderName, address.HeaderValue = sender.AuthHeader.Name, sender.AuthHeader.Value
	}
	return address
}

// envelope is the body of a webhook. Only inbound messages come with counts.
func envelope(kind string, results []json.RawMessage, pending int) []byte {
	type reports struct {
		Results []json.RawMessage `json:"results"`
	}
	type inbound struct {
		reports
		MessageCount        int `json:"messageCount"`
		PendingMessageCount int `json:"pendingMessageCount"`
	}
	var whole any = reports{results}
	if kind == inboundKind {
		whole = inbound{reports{results}, len(results), pending}
	}
	body, err := json.Marshal(whole)
	if err != nil {
		return []byte(`{"results":[]}`)
	}
	return body
}

// timestamp is Infobip's way to write a time: milliseconds and a zone without colon.
func timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000-0700") }
