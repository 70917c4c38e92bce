package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's choice
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/traffic"
)

// callback reports a message's state to the address that its send named.
func (s *StandIn) callback(form url.Values, m phone.Message, status string, code int) {
	to := form.Get("StatusCallback")
	sender, ok := s.sender(m.Business)
	if to == "" || !ok {
		return
	}
	report := url.Values{
		"MessageSid": {m.ID}, "SmsSid": {m.ID}, "MessageStatus": {status}, "SmsStatus": {status}, "AccountSid": {sender.AccountSID},
		"From": {form.Get("From")}, "To": {form.Get("To")}, "ApiVersion": {"2010-04-01"}, "ChannelPrefix": {"whatsapp"},
		"ChannelToAddress": {masked(m.Customer)}, "ChannelInstallSid": {"XE" + strings.Repeat("0", 32)},
	}
	if status == "read" || status == "delivered" || status == "undelivered" {
		report.Set("EventType", strings.ToUpper(status))
	}
	if code != 0 {
		report.Set("ErrorCode", strconv.Itoa(code))
		report.Set("ErrorMessage", "A scripted fault")
	}
	if _, err := s.post(sender, to, report); err != nil {
		s.config.Log.Warn("status callback not taken (11200)", "message", m.ID, "status", status, "error", err)
	}
}

func masked(customer string) string {
	if len(customer) < 6 {
		return customer
	}
	return "+" + customer[:len(customer)-4] + "XXXX"
}

// post makes one signed request, once. It gives what the product answered.
func (s *StandIn) post(sender Sender, to string, form url.Values) (answer string, err error) {
	body := form.Encode()
	request, err := http.NewRequest(http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	request.Header.Set("User-Agent", "TwilioProxy/1.1")
	request.Header.Set("X-Twilio-Signature", sign(sender.AuthToken, to, form))
	started := time.Now()
	response, err := s.client.Do(request)
	exchange := traffic.Exchange{
		At: started.UTC(), Direction: traffic.Webhook, Method: request.Method, URL: traffic.URL(request.URL),
		RequestHeaders: traffic.Headers(request.Header), RequestBody: body,
	}
	defer func() {
		exchange.DurationMS = float64(time.Since(started).Microseconds()) / 1000
		if err != nil {
			exchange.Error = err.Error()
		}
		s.traffic.Add(exchange)
	}()
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the wrapping repeats the address, which may hold a secret
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return "", err
	}
	exchange.Status, exchange.ResponseHeaders, exchange.ResponseBody = response.StatusCode, traffic.Headers(response.Header), string(raw)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return "", fmt.Errorf("the webhook answered %d", response.StatusCode)
	}
	// What is no TwiML would reach the customer as a message; the phone shows it, so that the mistake is seen.
	if kind := response.Header.Get("Content-Type"); len(raw) > 0 && !strings.HasPrefix(kind, "text/xml") && !strings.HasPrefix(kind, "application/xml") {
		return string(raw), nil
	}
	return "", nil
}

// sign is Twilio's signature of a form.
func sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Sorted(slices.Values(form[name]))
		for _, value := range slices.Compact(values) {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Saying is something that a customer sends: any of Twilio's inbound parameters, and files by their ids.
type Saying struct {
	To       string            `json:"to"`
	Params   map[string]string `json:"params"`
	MediaIDs []string          `json:"media_ids,omitempty"`
	Copies   int               `json:"copies,omitempty"` // how often the webhook hears of it; 1 when 0
}

var errNoSender = errors.New("there is no such sender")

// Say puts a customer's message on the phone and posts it.
func (s *StandIn) Say(customer string, saying Saying) (phone.Message, error) {
	sender, ok := s.sender(saying.To)
	if !ok {
		return phone.Message{}, errNoSender
	}
	id, profile := newSID("SM"), s.phones.Profile(customer)
	form := url.Values{
		"MessageSid": {id}, "SmsSid": {id}, "SmsMessageSid": {id}, "AccountSid": {sender.AccountSID}, "From": {address(customer)}, "To": {"whatsapp:+" + saying.To},
		"Body": {""}, "NumMedia": {strconv.Itoa(len(saying.MediaIDs))}, "NumSegments": {"1"}, "SmsStatus": {"received"}, "ApiVersion": {"2010-04-01"},
		"ProfileName": {profile.Name}, "MessageType": {"text"}, "ReferralNumMedia": {"0"},
	}
	if profile.Number != "" && !profile.HideNumber {
		form.Set("WaId", profile.Number)
	}
	if profile.UserID != "" {
		form.Set("ExternalUserId", "whatsapp:"+profile.UserID)
	}
	for i, mediaID := range saying.MediaIDs {
		s.mu.Lock()
		f, found := s.media[mediaID]
		s.mu.Unlock()
		if !found {
			return phone.Message{}, errors.New("there is no such file")
		}
		n := strconv.Itoa(i)
		form.Set("MediaUrl"+n, s.config.BaseURL+"/2010-04-01/Accounts/"+sender.AccountSID+"/Messages/"+id+"/Media/"+mediaID)
		form.Set("MediaContentType"+n, f.kind)
	}
	for name, value := range saying.Params {
		form.Set(name, value)
	}
	m := s.phones.Add(phone.Message{
		ID: id, Business: saying.To, Customer: customer, Author: phone.Customer, Type: form.Get("MessageType"), Text: form.Get("Body"), State: phone.Sent, At: time.Now().UTC(),
	})
	for range max(1, saying.Copies) {
		s.after(0, func() {
			spoken, err := s.post(sender, sender.WebhookURL, form)
			if err != nil {
				s.config.Log.Warn("inbound message not taken (11200)", "message", id, "error", err)
				return
			}
			s.phones.Move(m.Seq, m.ID, phone.Delivered, time.Now().UTC(), "")
			if spoken != "" {
				s.phones.Add(phone.Message{
					ID: newSID("SM"), Business: saying.To, Customer: customer, Author: phone.Business, Type: "text", Text: spoken, State: phone.Delivered, At: time.Now().UTC(),
				})
			}
		})
	}
	return m, nil
}
