package twilio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/phone"
)

// refusal is an error in Twilio's one shape.
type refusal struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

var recipient = regexp.MustCompile(`^whatsapp:(\+[1-9][0-9]{6,14}|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})$`)

// known are the parameters of a send that this stand-in understands; Twilio has more, and ignores what it does not know.
var known = []string{"To", "From", "Body", "MediaUrl", "ContentSid", "ContentVariables", "MessagingServiceSid", "StatusCallback", "PersistentAction"}

// checkSend finds what is wrong with a send.
func (s *StandIn) checkSend(account string, form url.Values) *refusal {
	bad := func(code int, message string) *refusal { return &refusal{Code: code, Message: message} }
	for name, values := range form {
		if !slices.Contains(known, name) {
			return bad(20001, "Unknown parameter: "+name)
		}
		if len(values) > 1 {
			return bad(20001, "Parameter given more than once: "+name)
		}
	}
	from, to := form.Get("From"), form.Get("To")
	switch {
	case to == "":
		return bad(21604, "A 'To' phone number is required.")
	case !recipient.MatchString(to):
		return bad(21211, "Invalid 'To' Phone Number")
	case from == "" && form.Get("MessagingServiceSid") == "":
		return bad(21603, "A 'From' phone number is required.")
	case form.Has("MessagingServiceSid") && !serviceSID.MatchString(form.Get("MessagingServiceSid")):
		return bad(21701, "The Messaging Service does not exist.")
	}
	if sender, ok := s.sender(strings.TrimPrefix(from, "whatsapp:+")); !ok || sender.AccountSID != account || !strings.HasPrefix(from, "whatsapp:+") {
		return bad(63007, "Twilio could not find a Channel with the specified From address")
	}
	if from == to {
		return bad(21266, "'To' and 'From' number cannot be the same")
	}
	if callback := form.Get("StatusCallback"); form.Has("StatusCallback") && loopback.CheckURL(callback) != nil {
		return bad(21609, "The 'StatusCallback' URL is not a valid URL.")
	}
	return s.checkContent(form)
}

func (s *StandIn) checkContent(form url.Values) *refusal {
	bad := func(code int, message string) *refusal { return &refusal{Code: code, Message: message} }
	if form.Has("ContentSid") {
		s.mu.Lock()
		_, found := s.contents[form.Get("ContentSid")]
		some := len(s.contents) > 0
		s.mu.Unlock()
		if !contentSID.MatchString(form.Get("ContentSid")) || some && !found {
			return bad(21655, "The ContentSid is Invalid")
		}
		var variables map[string]string
		if text := form.Get("ContentVariables"); form.Has("ContentVariables") && json.Unmarshal([]byte(text), &variables) != nil {
			return bad(21656, "The ContentVariables Parameter is invalid")
		}
		if form.Has("Body") || form.Has("MediaUrl") {
			return bad(21654, "ContentSid Required")
		}
		return nil
	}
	body, media := form.Get("Body"), form.Get("MediaUrl")
	switch {
	case form.Has("ContentVariables"):
		return bad(21654, "ContentSid Required")
	case strings.TrimSpace(body) == "" && media == "":
		return bad(21619, "A text message body or media urls must be specified.")
	case utf8.RuneCountInString(body) > 1600:
		return bad(21617, "The concatenated message body exceeds the 1600 character limit.")
	}
	if u, err := url.Parse(media); form.Has("MediaUrl") && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return bad(21620, "Invalid media URL(s)")
	}
	if action := form.Get("PersistentAction"); form.Has("PersistentAction") && !strings.HasPrefix(action, "geo:") {
		return bad(63005, "Channel did not accept given content.")
	}
	return nil
}

// sendMessage serves POST Messages.json.
func (s *StandIn) sendMessage(c call) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || !strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form = url.Values{} // what is no form has no parameters
	}
	if r := s.checkSend(c.account, form); r != nil {
		c.refuse(http.StatusBadRequest, r.Code, r.Message)
		return
	}
	f, faulty := s.takeFault()
	if faulty && f.Status != 0 {
		if f.Code == 0 {
			http.Error(c, "<html>"+http.StatusText(f.Status)+"</html>", f.Status)
			return
		}
		c.refuse(f.Status, f.Code, "A scripted fault")
		return
	}
	m, err := s.accept(form)
	if err != nil {
		c.refuse(http.StatusInternalServerError, 20500, "An internal server error has occurred")
		return
	}
	s.plan(form, m, f)
	if f.Outcome == "silent" {
		panic(http.ErrAbortHandler) // taken, and the caller never hears of it
	}
	c.write(http.StatusCreated, s.resource(c.account, form, m))
}

// accept writes a message down for ever and puts it on its way to the phone.
func (s *StandIn) accept(form url.Values) (phone.Message, error) {
	kind, prefix := "text", "SM"
	switch {
	case form.Has("ContentSid"):
		kind = "template"
	case form.Has("PersistentAction"):
		kind = "location"
	case form.Has("MediaUrl"):
		kind, prefix = "media", "MM"
	}
	plain := map[string]string{}
	for name := range form {
		plain[name] = form.Get(name)
	}
	body, err := json.Marshal(plain)
	if err != nil {
		return phone.Message{}, err
	}
	from, to := strings.TrimPrefix(form.Get("From"), "whatsapp:+"), strings.TrimPrefix(strings.TrimPrefix(form.Get("To"), "whatsapp:"), "+")
	id := newSID(prefix)
	written, err := s.config.Ledger.Append(ledger.Entry{Provider: "twilio", From: from, To: to, MessageID: id, Type: kind, Text: form.Get("Body"), Body: body})
	if err != nil {
		return phone.Message{}, err
	}
	return s.phones.Add(phone.Message{
		ID: id, Business: from, Customer: to, Author: phone.Business, Type: kind, Text: form.Get("Body"), Content: body,
		State: phone.Sent, At: written.At, NotifyURL: form.Get("StatusCallback"),
	}), nil
}

func (s *StandIn) resource(account string, form url.Values, m phone.Message) map[string]any {
	media := "0"
	if form.Has("MediaUrl") {
		media = "1"
	}
	at := m.At.Format(time.RFC1123Z)
	path := "/2010-04-01/Accounts/" + account + "/Messages/" + m.ID
	return map[string]any{
		"sid": m.ID, "account_sid": account, "api_version": "2010-04-01", "body": m.Text, "status": "queued", "direction": "outbound-api",
		"from": form.Get("From"), "to": form.Get("To"), "messaging_service_sid": orNull(form.Get("MessagingServiceSid")), "num_media": media, "num_segments": "1",
		"date_created": at, "date_updated": at, "date_sent": nil, "error_code": nil, "error_message": nil, "price": nil, "price_unit": nil,
		"uri": path + ".json", "subresource_uris": map[string]string{"media": path + "/Media.json"},
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// plan decides what will be reported of an accepted message.
func (s *StandIn) plan(form url.Values, m phone.Message, f fault) {
	s.after(s.config.DeliveryDelay, func() {
		profile := s.phones.Profile(m.Customer)
		switch {
		case f.Outcome == "failed" || f.Outcome == "undelivered":
			s.phones.Move(m.Seq, m.ID, phone.Failed, time.Now().UTC(), f.Outcome)
			s.callback(form, m, f.Outcome, f.Code)
			return
		case profile.Blocked:
			s.phones.Move(m.Seq, m.ID, phone.Failed, time.Now().UTC(), "blocked")
			s.callback(form, m, "undelivered", 63024)
			return
		}
		s.callback(form, m, "sent", 0)
		s.phones.Move(m.Seq, m.ID, phone.Delivered, time.Now().UTC(), "")
		s.callback(form, m, "delivered", 0)
		if profile.AutoRead {
			s.after(s.config.ReadDelay, func() { s.see(m) })
		}
	})
}

// see is the customer reading a message.
func (s *StandIn) see(m phone.Message) {
	if _, moved := s.phones.Move(m.Seq, m.ID, phone.Read, time.Now().UTC(), ""); moved {
		s.callback(url.Values{"From": {"whatsapp:+" + m.Business}, "To": {address(m.Customer)}, "StatusCallback": {m.NotifyURL}}, m, "read", 0)
	}
}

func address(customer string) string {
	if strings.Contains(customer, ".") {
		return "whatsapp:" + customer
	}
	return "whatsapp:+" + customer
}
