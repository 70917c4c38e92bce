package meta

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/phone"
)

// messages takes a send, or a mark of having read.
func (s *StandIn) messages(w http.ResponseWriter, r *http.Request, n Number) {
	if r.PathValue("object") != n.PhoneNumberID {
		writeRefusal(w, invalid("The object is not a phone number"))
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeRefusal(w, invalid("The body is too large"))
		return
	}
	var m request
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if refused := readJSON(w, r, &m); refused != nil {
		writeRefusal(w, refused)
		return
	}
	m.raw = raw
	if m.Status != "" {
		s.markRead(w, m, n)
		return
	}
	if refused := m.check(); refused != nil {
		writeRefusal(w, refused)
		return
	}
	if m.Template != nil {
		if refused := s.checkTemplate(*m.Template, n); refused != nil {
			writeRefusal(w, refused)
			return
		}
	}
	s.accept(w, r, m, n)
}

func (s *StandIn) markRead(w http.ResponseWriter, m request, n Number) {
	known := slices.ContainsFunc(s.phones.Find(m.MessageID), func(p phone.Message) bool { return p.Author == phone.Customer && p.Business == n.Number })
	switch {
	case m.Product != "whatsapp" || m.Status != "read" || m.Typing != nil && m.Typing.Type != "text":
		writeRefusal(w, invalid("Param status must be read"))
		return
	case !known:
		writeRefusal(w, invalid("Message ID is invalid"))
		return
	}
	if p, moved := s.phones.Move(0, m.MessageID, phone.Read, time.Now().UTC(), ""); m.Typing != nil {
		if !moved {
			p = s.phones.Find(m.MessageID)[0]
		}
		s.phones.Typing(p.Customer, n.Number)
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

// accept writes a message down and answers; what follows is told by webhooks.
func (s *StandIn) accept(w http.ResponseWriter, r *http.Request, m request, n Number) {
	to := strings.TrimPrefix(m.To, "+") + m.Recipient
	if s.set().PairLimit && !s.pair(n.PhoneNumberID+" "+to) {
		writeRefusal(w, &refusal{http.StatusBadRequest, 131056, "(#131056) (Business Account, Consumer Account) pair rate limit hit", ""})
		return
	}
	fault, bent := s.take(to)
	switch {
	case bent && fault.Kind == "refuse":
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		writeRefusal(w, &refusal{fault.Status, fault.Code, "(#" + strconv.Itoa(fault.Code) + ") A scripted fault", "scripted"})
		return
	case bent && fault.Kind == "lost":
		panic(http.ErrAbortHandler)
	}
	id := newWamid()
	now := time.Now().UTC()
	if _, err := s.config.Ledger.Append(ledger.Entry{Provider: "meta", From: n.Number, To: to, MessageID: id, Type: m.Type, Text: m.words(), Body: m.raw}); err != nil {
		writeRefusal(w, &refusal{http.StatusInternalServerError, 131000, "(#131000) Something went wrong", ""})
		return
	}
	content, _ := json.Marshal(map[string]json.RawMessage{"sent": m.raw})
	reply := ""
	if m.Context != nil {
		reply = m.Context.MessageID
	}
	bubble := s.phones.Add(phone.Message{
		ID: id, Business: n.Number, Customer: to, Author: phone.Business, Type: m.Type, Text: m.words(), Content: content, ReplyTo: reply,
		State: phone.Sent, At: now, CallbackData: m.Callback,
	})
	failure := s.failure(m, bubble)
	if bent && fault.Kind == "fail" {
		failure = fault.Code
	}
	s.follow(n, bubble, failure)
	switch {
	case bent && fault.Kind == "silent":
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case bent && fault.Kind == "garbage":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>OK</html>")
		return
	}
	contact := map[string]string{"input": m.To + m.Recipient, "wa_id": strings.TrimPrefix(m.To, "+")}
	if m.Recipient != "" {
		delete(contact, "wa_id")
		contact["user_id"] = m.Recipient
	}
	answer := map[string]string{"id": id}
	if m.Template != nil {
		answer["message_status"] = "accepted"
	}
	writeJSON(w, http.StatusOK, map[string]any{"messaging_product": "whatsapp", "contacts": []any{contact}, "messages": []any{answer}})
}

const (
	pairWindow = 6 * time.Second
	pairBurst  = 45
)

// pair counts a message to a customer, unless there were too many.
func (s *StandIn) pair(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.recent[key] = slices.DeleteFunc(s.recent[key], func(at time.Time) bool { return now.Sub(at) > pairWindow })
	if len(s.recent[key]) >= pairBurst {
		return false
	}
	s.recent[key] = append(s.recent[key], now)
	return true
}

const window = 24 * time.Hour

// failure is the code with which an accepted message fails later; 0 for one that arrives.
func (s *StandIn) failure(m request, bubble phone.Message) int {
	switch {
	case s.phones.Profile(bubble.Customer).Blocked:
		return 131026
	case m.Template == nil && s.set().EnforceWindow && !s.open(bubble):
		return 131047
	default:
		return 0
	}
}

func (s *StandIn) open(m phone.Message) bool {
	for _, t := range slices.Backward(s.phones.Thread(m.Customer, m.Business, 0)) {
		if t.Author == phone.Customer && t.Type != "reaction" {
			return m.At.Sub(t.At) < window
		}
	}
	return false
}

// follow tells what becomes of a message.
func (s *StandIn) follow(n Number, m phone.Message, failure int) {
	set := s.set()
	s.later.Do(milliseconds(set.DeliveryDelayMS/2), func() {
		if failure == 0 {
			s.status(n, m, "sent", 0)
		}
	})
	s.later.Do(milliseconds(set.DeliveryDelayMS), func() {
		if failure != 0 {
			s.phones.Move(m.Seq, m.ID, phone.Failed, time.Now().UTC(), "failed")
			s.status(n, m, "failed", failure)
			return
		}
		if s.phones.Profile(m.Customer).Online {
			s.arrive(n, m)
		}
	})
}

func (s *StandIn) arrive(n Number, m phone.Message) {
	if _, moved := s.phones.Move(m.Seq, m.ID, phone.Delivered, time.Now().UTC(), ""); !moved {
		return
	}
	s.status(n, m, "delivered", 0)
	if s.phones.Profile(m.Customer).AutoRead {
		s.later.Do(milliseconds(s.set().ReadDelayMS), func() { s.see(n, m) })
	}
}

// see is the moment a customer reads a message.
func (s *StandIn) see(n Number, m phone.Message) {
	if _, moved := s.phones.Move(m.Seq, m.ID, phone.Read, time.Now().UTC(), ""); moved {
		s.status(n, m, "read", 0)
	}
}

func (s *StandIn) status(n Number, m phone.Message, status string, code int) {
	set := s.set()
	if !set.Statuses {
		return
	}
	one := map[string]any{"id": m.ID, "status": status, "timestamp": unix(time.Now())}
	if userID.MatchString(m.Customer) {
		one["recipient_user_id"] = m.Customer
	} else {
		one["recipient_id"] = m.Customer
	}
	if m.CallbackData != "" && !set.OmitCallback {
		one["biz_opaque_callback_data"] = m.CallbackData
	}
	if status == "sent" || status == "delivered" {
		one["pricing"] = map[string]any{"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
	}
	if code != 0 {
		one["errors"] = []any{map[string]any{"code": code, "title": "Message failed", "message": "Message failed", "error_data": map[string]string{"details": "A scripted failure."}}}
	}
	if err := s.tell(n, "statuses", "messages", m.ID, map[string]any{"statuses": []any{one}}); err != nil {
		s.config.Log.Error("status not queued", "message_id", m.ID, "error", err)
	}
}
