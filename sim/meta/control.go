package meta

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr/sim/loopback"
	"github.com/flomastr/flomastr/sim/phone"
)

func (s *StandIn) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/control/", s.control())
	mux.Handle("GET /ledger", s.config.Ledger)
	mux.Handle("/", s.api())
	return mux
}

// api is what Meta has.
func (s *StandIn) api() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{version}/{object}/messages", s.graph(s.messages))
	mux.HandleFunc("POST /{version}/{object}/media", s.graph(s.uploadMedia))
	mux.HandleFunc("GET /{version}/{object}", s.graph(s.getNumber))
	mux.HandleFunc("DELETE /{version}/{object}", s.graph(s.deleteMedia))
	mux.HandleFunc("GET /{version}/{object}/message_templates", s.graph(s.listTemplates))
	mux.HandleFunc("POST /{version}/{object}/message_templates", s.graph(s.createTemplate))
	mux.HandleFunc("DELETE /{version}/{object}/message_templates", s.graph(s.deleteTemplate))
	mux.HandleFunc("GET /lookaside/{id}", s.lookaside)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeRefusal(w, &refusal{http.StatusBadRequest, 2500, "Unknown path components: " + r.URL.Path, ""})
	})
	return mux
}

// control is how the stand-in is driven.
func (s *StandIn) control() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/health", s.health)
	mux.HandleFunc("GET /control/settings", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.set()) })
	mux.HandleFunc("PATCH /control/settings", s.patchSettings)
	mux.HandleFunc("PUT /control/numbers/{id}", s.putNumber)
	mux.HandleFunc("GET /control/numbers/{id}", s.showNumber)
	mux.HandleFunc("PUT /control/phones/{number}", s.putPhone)
	mux.HandleFunc("GET /control/phones/{number}/messages", s.thread)
	mux.HandleFunc("POST /control/phones/{number}/messages", s.say)
	mux.HandleFunc("POST /control/phones/{number}/read", s.readAll)
	mux.HandleFunc("POST /control/media", s.controlMedia)
	mux.HandleFunc("POST /control/webhooks", s.anything)
	mux.HandleFunc("POST /control/webhooks/retry", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]int{"due_now": s.postman.Hurry(time.Now())})
	})
	mux.HandleFunc("POST /control/numbers/{id}/templates/{name}", s.controlTemplate)
	mux.HandleFunc("POST /control/faults", s.addFault)
	mux.HandleFunc("DELETE /control/faults", s.clearFaults)
	mux.HandleFunc("GET /control/traffic", s.listTraffic)
	return mux
}

func controlError(w http.ResponseWriter, code int, sentence string) {
	writeJSON(w, code, map[string]string{"error": sentence})
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		controlError(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		controlError(w, http.StatusBadRequest, "the body is not what this call takes: "+err.Error())
		return false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		controlError(w, http.StatusBadRequest, "something follows the body")
		return false
	}
	return true
}

func (s *StandIn) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"status": "ok", "provider": "meta", "accepted": s.config.Ledger.Len(), "webhooks_waiting": s.postman.Queued(),
	})
}

func (s *StandIn) patchSettings(w http.ResponseWriter, r *http.Request) {
	settings := s.set() // what the body leaves out stays
	if !decode(w, r, &settings) {
		return
	}
	if settings.RetryUnitMS < 1 || settings.DeliveryDelayMS < 0 || settings.ReadDelayMS < 0 || settings.ApprovalDelayMS < 0 {
		controlError(w, http.StatusBadRequest, "delays must not be negative and retry_unit_ms must be at least 1")
		return
	}
	s.mu.Lock()
	s.settings = settings
	s.mu.Unlock()
	s.postman.SetRetryUnit(milliseconds(settings.RetryUnitMS))
	writeJSON(w, http.StatusOK, settings)
}

// numberView is a number without its secrets.
type numberView struct {
	PhoneNumberID string `json:"phone_number_id"`
	Number        string `json:"number"`
	AccountID     string `json:"account_id"`
	WebhookURL    string `json:"webhook_url"`
	Verified      bool   `json:"verified"`
}

func (s *StandIn) putNumber(w http.ResponseWriter, r *http.Request) {
	var n Number
	if !decode(w, r, &n) {
		return
	}
	n.PhoneNumberID = r.PathValue("id")
	if !phoneNumber.MatchString(n.Number) || n.AccountID == "" || n.Token == "" || n.AppSecret == "" || n.VerifyToken == "" {
		controlError(w, http.StatusBadRequest, "number (digits), account_id, token, app_secret and verify_token are needed")
		return
	}
	if n.WebhookURL != "" {
		if err := loopback.CheckURL(n.WebhookURL); err != nil {
			controlError(w, http.StatusBadRequest, "webhook_url: "+err.Error())
			return
		}
	}
	s.put(n)
	s.showNumber(w, r)
}

func (s *StandIn) showNumber(w http.ResponseWriter, r *http.Request) {
	n, known := s.number(r.PathValue("id"))
	if !known {
		controlError(w, http.StatusNotFound, "there is no such number")
		return
	}
	writeJSON(w, http.StatusOK, numberView{n.PhoneNumberID, n.Number, n.AccountID, n.WebhookURL, n.verified})
}

func (s *StandIn) putPhone(w http.ResponseWriter, r *http.Request) {
	profile := s.phones.Profile(r.PathValue("number"))
	wasOnline := profile.Online
	if !decode(w, r, &profile) {
		return
	}
	saved, err := s.phones.Configure(r.PathValue("number"), func(p *phone.Profile) { *p = profile })
	if err != nil {
		controlError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if saved.Online && !wasOnline {
		for _, m := range s.phones.Thread(r.PathValue("number"), "", 0) {
			if n, known := s.byNumber(m.Business); known && m.Author == phone.Business && m.State == phone.Sent {
				s.arrive(n, m)
			}
		}
	}
	writeJSON(w, http.StatusOK, saved)
}

func (s *StandIn) thread(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	writeJSON(w, http.StatusOK, map[string][]phone.Message{"messages": s.phones.Thread(r.PathValue("number"), r.URL.Query().Get("with"), after)})
}

// readAll is the customer looking at what the business wrote.
func (s *StandIn) readAll(w http.ResponseWriter, r *http.Request) {
	seen := 0
	for _, m := range s.phones.Thread(r.PathValue("number"), "", 0) {
		if n, known := s.byNumber(m.Business); known && m.Author == phone.Business && m.State == phone.Delivered {
			s.see(n, m)
			seen++
		}
	}
	writeJSON(w, http.StatusOK, map[string]int{"read": seen})
}

func (s *StandIn) byNumber(number string) (Number, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.numbers {
		if n.Number == number {
			return *n, true
		}
	}
	return Number{}, false
}

// utterance is what a customer sends. Message holds the type's member as Meta's webhook has it, such as {"id": "…"} of an
// image; text needs none.
type utterance struct {
	To        string          `json:"to"` // the business number
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Message   json.RawMessage `json:"message"`
	ReplyTo   string          `json:"reply_to"`
	MessageID string          `json:"message_id"`
	Copies    int             `json:"copies"` // the webhook comes more than once
}

func (s *StandIn) say(w http.ResponseWriter, r *http.Request) {
	var u utterance
	if !decode(w, r, &u) {
		return
	}
	customer := r.PathValue("number")
	n, known := s.byNumber(u.To)
	switch {
	case !known:
		controlError(w, http.StatusNotFound, "the business number is not registered")
		return
	case !phoneNumber.MatchString(customer) && !userID.MatchString(customer):
		controlError(w, http.StatusBadRequest, "a customer is a phone number in digits or a business-scoped user id")
		return
	case u.Copies > 1000:
		controlError(w, http.StatusBadRequest, "at most 1000 copies")
		return
	}
	if u.Type == "" {
		u.Type = "text"
	}
	if u.Type == "text" {
		u.Message, _ = json.Marshal(map[string]string{"body": u.Text})
	}
	if u.MessageID == "" {
		u.MessageID = newWamid()
	}
	now := time.Now().UTC()
	m := s.phones.Add(phone.Message{
		ID: u.MessageID, Business: n.Number, Customer: s.phones.Profile(customer).Address(), Author: phone.Customer, Type: u.Type, Text: u.Text,
		Content: u.Message, ReplyTo: u.ReplyTo, State: phone.Sent, At: now,
	})
	for range max(u.Copies, 1) {
		if err := s.tell(n, "messages", "messages", m.ID, s.heard(m)); err != nil {
			controlError(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	writeJSON(w, http.StatusAccepted, m)
}

// heard is the webhook's value for a customer's message.
func (s *StandIn) heard(m phone.Message) map[string]any {
	profile := s.phones.Profile(m.Customer)
	who := map[string]any{"profile": map[string]string{"name": profile.Name}}
	message := map[string]any{"id": m.ID, "timestamp": unix(m.At), "type": m.Type}
	if profile.UserID != "" {
		who["user_id"], message["from_user_id"] = profile.UserID, profile.UserID
	}
	if !profile.HideNumber && profile.Number != "" {
		who["wa_id"], message["from"] = profile.Number, profile.Number
	}
	if len(m.Content) > 0 {
		message[m.Type] = m.Content
	}
	if m.ReplyTo != "" {
		message["context"] = map[string]string{"from": m.Business, "id": m.ReplyTo}
	}
	return map[string]any{"contacts": []any{who}, "messages": []any{message}}
}

// anything delivers a change as it was given, signed: for what this stand-in has no call of its own for.
func (s *StandIn) anything(w http.ResponseWriter, r *http.Request) {
	var body struct {
		PhoneNumberID string         `json:"phone_number_id"`
		Field         string         `json:"field"`
		Value         map[string]any `json:"value"`
		Account       bool           `json:"account"` // of the account: it names no number
	}
	if !decode(w, r, &body) {
		return
	}
	n, known := s.number(body.PhoneNumberID)
	if !known || body.Field == "" || body.Value == nil {
		controlError(w, http.StatusBadRequest, "phone_number_id of a registered number, field and value are needed")
		return
	}
	kind := "other"
	if body.Account {
		kind = "account"
	}
	if err := s.tell(n, kind, body.Field, newID(), body.Value); err != nil {
		controlError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (s *StandIn) controlTemplate(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
	}
	if !decode(w, r, &body) {
		return
	}
	n, known := s.number(r.PathValue("id"))
	if !known || body.Status == "" {
		controlError(w, http.StatusBadRequest, "a registered number and status are needed")
		return
	}
	s.judge(n, r.PathValue("name"), body.Status, body.Reason)
	w.WriteHeader(http.StatusAccepted)
}

// Fault is what happens to the next sends, to one customer or to any.
type Fault struct {
	Kind       string `json:"kind"`         // refuse, lost (not taken, connection cut), silent (taken, never answered), garbage (taken, answered in HTML), fail (taken, fails later)
	To         string `json:"to,omitempty"` // empty: anybody
	Code       int    `json:"code,omitempty"`
	Status     int    `json:"status,omitempty"` // of refuse; 400 when left out
	RetryAfter string `json:"retry_after,omitempty"`
	Times      int    `json:"times"` // 1 when left out
}

func (s *StandIn) addFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !decode(w, r, &f) {
		return
	}
	if !slices.Contains([]string{"refuse", "lost", "silent", "garbage", "fail"}, f.Kind) {
		controlError(w, http.StatusBadRequest, "kind must be refuse, lost, silent, garbage or fail")
		return
	}
	f.Times = max(f.Times, 1)
	if f.Status < 300 {
		f.Status = http.StatusBadRequest
	}
	s.mu.Lock()
	s.faults = append(s.faults, f)
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, f)
}

func (s *StandIn) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.faults = nil
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// take takes the next fault for a send to somebody.
func (s *StandIn) take(to string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		if f := &s.faults[i]; f.To == "" || f.To == to {
			taken := *f
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
			return taken, true
		}
	}
	return Fault{}, false
}

func (s *StandIn) listTraffic(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = 50
	}
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	writeJSON(w, http.StatusOK, map[string]any{"exchanges": s.traffic.Last(limit, after)})
}
