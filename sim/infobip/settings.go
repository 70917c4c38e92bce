package infobip

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/loopback"
)

// Reports says which reports are sent after a message was accepted.
type Reports string

// The three amounts of reporting.
const (
	AllReports      Reports = "all"
	DeliveryReports Reports = "delivered"
	NoReports       Reports = "none"
)

// Settings are what may be changed while the stand-in runs. The zero value of a delay is instant.
type Settings struct {
	Reports         Reports `json:"reports"`
	DeliveryDelayMS int     `json:"delivery_delay_ms"`
	ReadDelayMS     int     `json:"read_delay_ms"`
	RetryUnitMS     int     `json:"retry_unit_ms"`      // one minute of the retry formula
	Limits          bool    `json:"limits"`             // Infobip's rate limits
	EchoCallback    bool    `json:"echo_callback_data"` // put callbackData into delivery reports, which the contract promises and no example shows
	EnforceWindow   bool    `json:"enforce_window"`     // fail free-form messages outside 24 hours after the customer's last one
}

// DefaultSettings are Infobip's documented behaviour, with a human pace of delivery.
func DefaultSettings() Settings {
	return Settings{Reports: AllReports, DeliveryDelayMS: 300, ReadDelayMS: 1200, RetryUnitMS: 60_000, Limits: true}
}

func (s Settings) check() error {
	if !slices.Contains([]Reports{AllReports, DeliveryReports, NoReports}, s.Reports) {
		return errors.New("reports must be all, delivered or none")
	}
	if s.DeliveryDelayMS < 0 || s.ReadDelayMS < 0 || s.RetryUnitMS < 1 {
		return errors.New("delays must not be negative and retry_unit_ms must be at least 1")
	}
	return nil
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// Header is a header that webhooks carry to prove where they come from: Authorization with Basic credentials, or any
// other name with a secret value.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Template is one registered template of a sender.
type Template struct {
	Name         string `json:"name"`
	Language     string `json:"language"`
	Placeholders int    `json:"placeholders"`
	Category     string `json:"category"`
	Body         string `json:"body"`
	Status       string `json:"status,omitempty"` // as Infobip names it; none is APPROVED
}

// Sender is a business's WhatsApp number. Senders with the same key belong to one account.
type Sender struct {
	Number            string     `json:"number"`
	APIKey            string     `json:"api_key"`
	WebhookURL        string     `json:"webhook_url"`
	AuthHeader        *Header    `json:"auth_header,omitempty"`
	ResultsPerRequest int        `json:"results_per_request,omitempty"` // 1 to 2000; 0 is 1
	Templates         []Template `json:"templates,omitempty"`           // when empty, every template exists
}

func (s Sender) check() error {
	if finding := size(1, 24)(s.Number) + matches(digitsOnly, "x")(s.Number); finding != "" {
		return errors.New("number must be 1 to 24 digits")
	}
	if s.APIKey == "" || strings.ContainsAny(s.APIKey, " \r\n") {
		return errors.New("api_key must be a word")
	}
	if s.WebhookURL != "" {
		if err := loopback.CheckURL(s.WebhookURL); err != nil {
			return fmt.Errorf("webhook_url: %w", err)
		}
	}
	if s.AuthHeader != nil && (textproto.TrimString(s.AuthHeader.Name) == "" || strings.ContainsAny(s.AuthHeader.Name+s.AuthHeader.Value, "\r\n")) {
		return errors.New("auth_header needs a name and a value on one line")
	}
	if s.ResultsPerRequest < 0 || s.ResultsPerRequest > 2000 {
		return errors.New("results_per_request must be between 1 and 2000")
	}
	return nil
}

// SenderView is a sender as the control API shows it: without its secrets.
type SenderView struct {
	Number            string     `json:"number"`
	WebhookURL        string     `json:"webhook_url"`
	AuthHeaderName    string     `json:"auth_header_name,omitempty"`
	ResultsPerRequest int        `json:"results_per_request"`
	Templates         []Template `json:"templates"`
}

func (s Sender) view() SenderView {
	view := SenderView{Number: s.Number, WebhookURL: s.WebhookURL, ResultsPerRequest: max(1, s.ResultsPerRequest), Templates: s.Templates}
	if view.Templates == nil {
		view.Templates = []Template{}
	}
	if s.AuthHeader != nil {
		view.AuthHeaderName = http.CanonicalHeaderKey(s.AuthHeader.Name)
	}
	return view
}

// maxSenders bounds the register.
const maxSenders = 20_000

// register is who may send, and with which key.
type register struct {
	mu      sync.RWMutex
	senders map[string]Sender
	keys    map[string]int // how many senders an account has
}

func newRegister() *register {
	return &register{senders: map[string]Sender{}, keys: map[string]int{}}
}

func (r *register) put(s Sender) error {
	if err := s.check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, known := r.senders[s.Number]; known {
		r.release(old.APIKey)
	} else if len(r.senders) >= maxSenders {
		return errors.New("too many senders")
	}
	r.senders[s.Number] = s
	r.keys[s.APIKey]++
	return nil
}

func (r *register) remove(number string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, known := r.senders[number]
	if known {
		delete(r.senders, number)
		r.release(s.APIKey)
	}
	return known
}

func (r *register) release(key string) {
	if r.keys[key]--; r.keys[key] <= 0 {
		delete(r.keys, key)
	}
}

func (r *register) get(number string) (Sender, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, known := r.senders[number]
	return s, known
}

func (r *register) knowsKey(key string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[key] > 0
}

func (r *register) all() []Sender {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]Sender, 0, len(r.senders))
	for _, number := range sortedKeys(r.senders) {
		list = append(list, r.senders[number])
	}
	return list
}
