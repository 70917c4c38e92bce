package meta

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/later"
	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
	"github.com/flomastr/flomastr/sim/traffic"
)

// Config is what the stand-in needs.
type Config struct {
	Ledger      *ledger.Ledger // where accepted messages are written down
	BaseURL     string         // how the product reaches this handler, for the URLs of media
	Settings    Settings
	Log         *slog.Logger // discarded when nil
	TrafficKept int          // exchanges remembered; none when zero
}

// Settings may be changed while the stand-in runs.
type Settings struct {
	Statuses        bool `json:"statuses"` // sent, delivered and read follow an accepted message
	DeliveryDelayMS int  `json:"delivery_delay_ms"`
	ReadDelayMS     int  `json:"read_delay_ms"`
	ApprovalDelayMS int  `json:"approval_delay_ms"` // of a template
	RetryUnitMS     int  `json:"retry_unit_ms"`     // the first wait before a webhook comes again
	EnforceWindow   bool `json:"enforce_window"`    // fail free-form messages outside 24 hours after the customer's last one
	PairLimit       bool `json:"pair_limit"`        // at most 45 messages to one customer in 6 s
	OmitCallback    bool `json:"omit_callback"`     // leave biz_opaque_callback_data out of statuses
}

// StandIn is the stand-in. It is an http.Handler.
type StandIn struct {
	config  Config
	phones  *phone.Book
	postman *postman.Postman
	traffic *traffic.Ring
	later   *later.Queue
	client  *http.Client
	mux     http.Handler
	stop    context.CancelFunc
	ctx     context.Context

	mu        sync.Mutex
	settings  Settings
	numbers   map[string]*Number // by phone number id
	templates map[string][]*template
	media     map[string]file
	faults    []Fault
	recent    map[string][]time.Time // accepted messages to a customer, by number and customer
}

const (
	maxWaiting = 200_000
	inFlight   = 64
	maxPhones  = 20_000
)

// New starts a stand-in; Close ends it.
func New(config Config) *StandIn {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &StandIn{
		config: config, settings: config.Settings, phones: phone.NewBook(maxPhones), later: later.New(), traffic: traffic.NewRing(config.TrafficKept),
		client: loopback.Client(10*time.Second, inFlight), ctx: ctx, stop: stop,
		numbers: map[string]*Number{}, templates: map[string][]*template{}, media: map[string]file{}, recent: map[string][]time.Time{},
	}
	s.postman = postman.Start(postman.Config{
		Client: s.client, Window: inFlight, MaxQueued: maxWaiting, RetryUnit: milliseconds(max(config.Settings.RetryUnitMS, 1)),
		Address: s.address, Envelope: envelope, Delivered: s.delivered, Traffic: s.traffic, Log: config.Log,
	})
	s.mux = loopback.Guard(s.routes())
	return s
}

// ServeHTTP implements http.Handler.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close stops the webhooks. What waits is lost, unlike what is in the ledger.
func (s *StandIn) Close() {
	s.stop()
	s.later.Flush()
	s.postman.Close()
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func (s *StandIn) set() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Number is a business's number with its account and its app.
type Number struct {
	PhoneNumberID string `json:"phone_number_id"`
	Number        string `json:"number"` // digits
	AccountID     string `json:"account_id"`
	Token         string `json:"token"`
	AppSecret     string `json:"app_secret"`
	VerifyToken   string `json:"verify_token"`
	WebhookURL    string `json:"webhook_url"`

	verified bool
}

func (s *StandIn) number(id string) (Number, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.numbers[id]
	if !known {
		return Number{}, false
	}
	return *n, true
}

// put registers a number and tries its webhook's address, soon and, while nobody answers, again.
func (s *StandIn) put(n Number) {
	s.mu.Lock()
	s.numbers[n.PhoneNumberID] = &n
	s.mu.Unlock()
	s.later.Do(time.Millisecond, func() { s.verify(&n, 0) })
}

func (s *StandIn) verify(n *Number, tried int) {
	if n.WebhookURL == "" || s.ctx.Err() != nil {
		return
	}
	if s.challenge(*n) {
		s.mu.Lock()
		n.verified = true
		s.mu.Unlock()
		s.postman.Hurry(time.Now())
		return
	}
	if tried < 240 {
		s.later.Do(500*time.Millisecond, func() { s.verify(n, tried+1) })
	}
}

// challenge tells whether the address answers as it must: 200 and exactly the challenge.
func (s *StandIn) challenge(n Number) bool {
	word := strconv.FormatUint(uint64(time.Now().UnixNano()), 10)
	query := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {n.VerifyToken}, "hub.challenge": {word}}
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, n.WebhookURL+"?"+query.Encode(), nil)
	if err != nil {
		return false
	}
	response, err := s.client.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	return err == nil && response.StatusCode == http.StatusOK && string(answer) == word
}

// address is where a number's webhooks go; nowhere until the address was verified.
func (s *StandIn) address(parcel postman.Parcel) postman.Address {
	n, _ := s.number(parcel.Lane)
	if !n.verified {
		return postman.Address{}
	}
	return postman.Address{URL: n.WebhookURL, HeaderName: "X-Hub-Signature-256", PerRequest: 10, Sign: func(body []byte) string {
		mac := hmac.New(sha256.New, []byte(n.AppSecret))
		_, _ = mac.Write(body)
		return "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}}
}

// envelope puts entries into one body.
func envelope(_ string, entries []json.RawMessage, _ int) []byte {
	body, err := json.Marshal(map[string]any{"object": "whatsapp_business_account", "entry": entries})
	if err != nil {
		return []byte(`{"object":"whatsapp_business_account","entry":[]}`)
	}
	return body
}

// tell queues a webhook of a number.
func (s *StandIn) tell(n Number, kind, field, id string, value map[string]any) error {
	if kind != "account" {
		value["messaging_product"] = "whatsapp"
		value["metadata"] = map[string]string{"display_phone_number": n.Number, "phone_number_id": n.PhoneNumberID}
	}
	entry, err := json.Marshal(map[string]any{
		"id": n.AccountID, "time": time.Now().Unix(), "changes": []any{map[string]any{"field": field, "value": value}},
	})
	if err != nil {
		return err
	}
	return s.postman.Send(postman.Parcel{Lane: n.PhoneNumberID, Kind: kind, MessageID: id, Result: entry, Due: time.Now()})
}

// delivered puts the second tick on a customer's message once the webhook took it.
func (s *StandIn) delivered(parcel postman.Parcel) {
	if parcel.Kind == "messages" {
		s.phones.Move(0, parcel.MessageID, phone.Delivered, time.Now().UTC(), "")
	}
}

// newWamid makes an id like WhatsApp's own, with the characters that must be escaped in a path.
func newWamid() string {
	var b [31]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return "wamid." + base64.StdEncoding.EncodeToString(b[:])
}

// newID makes an id in digits, as Graph objects have them.
func newID() string {
	var b [7]byte
	_, _ = rand.Read(b[:])
	n := uint64(1)
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return strconv.FormatUint(n, 10)
}
