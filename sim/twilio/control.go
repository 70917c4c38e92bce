package twilio

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/traffic"
)

const (
	maxBody  = 1 << 20
	maxMedia = 16 << 20
	maxFiles = 200 // the oldest world of a test is small
)

func (s *StandIn) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2010-04-01/Accounts/{account}/Messages.json", s.api(s.sendMessage))
	mux.HandleFunc("GET /2010-04-01/Accounts/{account}/Messages.json", s.api(s.listMessages))
	mux.HandleFunc("GET /2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}", s.api(s.getMedia))
	mux.HandleFunc("GET /cdn/{media}", s.cdn)
	mux.HandleFunc("POST /v3/Indicators/Typing.json", s.api(s.typing))
	mux.HandleFunc("GET /v1/ContentAndApprovals", s.api(s.listContents))
	mux.HandleFunc("POST /v1/Content", s.api(s.createContent))
	mux.HandleFunc("POST /v1/Content/{sid}/ApprovalRequests/whatsapp", s.api(s.approve))
	mux.HandleFunc("DELETE /v1/Content/{sid}", s.api(s.deleteContent))
	mux.HandleFunc("/", s.api(func(c call) { c.refuse(http.StatusNotFound, 20404, "This stand-in does not serve "+c.request.URL.Path) }))

	mux.Handle("GET /ledger", s.config.Ledger)

	mux.HandleFunc("GET /control/health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"status": "ok", "provider": "twilio", "accepted": s.config.Ledger.Len()})
	})
	mux.HandleFunc("PUT /control/senders/{number}", s.putSender)
	mux.HandleFunc("GET /control/senders/{number}", s.getSender)
	mux.HandleFunc("PUT /control/phones/{number}", s.putPhone)
	mux.HandleFunc("GET /control/phones/{number}/messages", s.thread)
	mux.HandleFunc("POST /control/phones/{number}/messages", s.say)
	mux.HandleFunc("POST /control/phones/{number}/read", s.read)
	mux.HandleFunc("POST /control/media", s.uploadMedia)
	mux.HandleFunc("POST /control/faults", s.addFault)
	mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.faults = nil
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /control/traffic", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"exchanges": s.traffic.Last(50, 0)})
	})
	mux.HandleFunc("/control/", func(w http.ResponseWriter, _ *http.Request) {
		controlError(w, http.StatusNotFound, "there is no such control call")
	})
	return mux
}

// call is one request of the API after the checks that all of them share.
type call struct {
	http.ResponseWriter
	request *http.Request
	account string
	body    []byte
	answer  *bytes.Buffer
	status  *int
}

func (c call) write(status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{}`)
	}
	*c.status = status
	c.answer.Write(raw)
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_, _ = c.Write(raw)
}

func (c call) refuse(status, code int, message string) {
	c.write(status, refusal{Code: code, Message: message, MoreInfo: "https://www.twilio.com/docs/errors/" + strconv.Itoa(code), Status: status})
}

// api wraps an endpoint: credentials, the account of the path, the body, and a note of the exchange.
func (s *StandIn) api(serve func(call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		started, status := time.Now(), 0
		c := call{ResponseWriter: w, request: r, answer: &bytes.Buffer{}, status: &status}
		defer func() {
			s.traffic.Add(traffic.Exchange{
				At: started.UTC(), Direction: traffic.APICall, Method: r.Method, URL: traffic.URL(r.URL), RequestHeaders: traffic.Headers(r.Header), RequestBody: string(c.body),
				Status: status, ResponseHeaders: traffic.Headers(w.Header()), ResponseBody: c.answer.String(), DurationMS: float64(time.Since(started).Microseconds()) / 1000,
			})
		}()
		account, ok := s.account(r)
		if !ok {
			c.refuse(http.StatusUnauthorized, 20003, "Authenticate")
			return
		}
		if path := r.PathValue("account"); path != "" && path != account {
			c.refuse(http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			c.refuse(http.StatusBadRequest, 20001, "The body is too large")
			return
		}
		c.account, c.body = account, body
		serve(c)
	}
}

var messageSID = regexp.MustCompile(`^(SM|MM)[0-9a-fA-F]{32}$`)

// typing shows the customer that the business is writing, and marks the message read.
func (s *StandIn) typing(c call) {
	var body struct{ Channel, MessageID string }
	if json.Unmarshal(c.body, &body) != nil || body.Channel != "WHATSAPP" || !messageSID.MatchString(body.MessageID) {
		c.refuse(http.StatusBadRequest, 20001, "channel must be WHATSAPP and messageId a message's SID")
		return
	}
	for _, m := range s.phones.Find(body.MessageID) {
		if m.Author == phone.Customer {
			s.phones.Move(m.Seq, m.ID, phone.Read, time.Now().UTC(), "")
			s.phones.Typing(m.Customer, m.Business)
			c.write(http.StatusOK, map[string]bool{"success": true})
			return
		}
	}
	c.refuse(http.StatusNotFound, 20404, "The message was not found")
}

func (s *StandIn) getMedia(c call) {
	s.mu.Lock()
	_, ok := s.media[c.request.PathValue("media")]
	s.mu.Unlock()
	if !ok {
		c.refuse(http.StatusNotFound, 20404, "The requested resource was not found")
		return
	}
	*c.status = http.StatusTemporaryRedirect
	http.Redirect(c, c.request, s.config.BaseURL+"/cdn/"+c.request.PathValue("media"), http.StatusTemporaryRedirect)
}

// cdn is where the files lie. Credentials have no business there.
func (s *StandIn) cdn(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f, ok := s.media[r.PathValue("media")]
	s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "":
		http.Error(w, "credentials were sent on", http.StatusBadRequest)
	case !ok:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(f.body)))
		_, _ = w.Write(f.body)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func controlError(w http.ResponseWriter, code int, sentence string) {
	writeJSON(w, code, map[string]string{"error": sentence})
}

// decode reads a control call's body: JSON only, and no unknown members. It has answered when it returns false.
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
	return true
}

func (s *StandIn) putSender(w http.ResponseWriter, r *http.Request) {
	var sender Sender
	if !decode(w, r, &sender) {
		return
	}
	sender.Number = r.PathValue("number")
	if err := s.PutSender(sender); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	s.getSender(w, r)
}

// getSender shows a sender without its secrets.
func (s *StandIn) getSender(w http.ResponseWriter, r *http.Request) {
	sender, ok := s.sender(r.PathValue("number"))
	if !ok {
		controlError(w, http.StatusNotFound, errNoSender.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"number": sender.Number, "account_sid": sender.AccountSID, "webhook_url": sender.WebhookURL})
}

// customer reads the phone of the path. It has answered when it returns false.
func customer(w http.ResponseWriter, r *http.Request) (string, bool) {
	who := r.PathValue("number")
	if !recipient.MatchString(address(who)) {
		controlError(w, http.StatusBadRequest, "a phone is named by its number in digits or by a business-scoped user id")
		return "", false
	}
	return who, true
}

func (s *StandIn) putPhone(w http.ResponseWriter, r *http.Request) {
	who, ok := customer(w, r)
	if !ok {
		return
	}
	profile := s.phones.Profile(who)
	if !decode(w, r, &profile) {
		return
	}
	if !strings.Contains(who, ".") {
		profile.Number = who
	}
	saved, err := s.phones.Configure(who, func(p *phone.Profile) { *p = profile })
	if err != nil {
		controlError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, saved)
}

func (s *StandIn) thread(w http.ResponseWriter, r *http.Request) {
	if who, ok := customer(w, r); ok {
		writeJSON(w, http.StatusOK, map[string]any{"messages": s.phones.Thread(who, r.URL.Query().Get("with"), 0)})
	}
}

func (s *StandIn) say(w http.ResponseWriter, r *http.Request) {
	who, ok := customer(w, r)
	if !ok {
		return
	}
	var saying Saying
	if !decode(w, r, &saying) {
		return
	}
	m, err := s.Say(who, saying)
	switch {
	case errors.Is(err, errNoSender):
		controlError(w, http.StatusNotFound, err.Error())
	case err != nil:
		controlError(w, http.StatusBadRequest, err.Error())
	default:
		writeJSON(w, http.StatusAccepted, m)
	}
}

// read is the customer looking at a thread: everything delivered in it becomes read.
func (s *StandIn) read(w http.ResponseWriter, r *http.Request) {
	who, ok := customer(w, r)
	if !ok {
		return
	}
	seen := 0
	for _, m := range s.phones.Thread(who, "", 0) {
		if m.Author == phone.Business && m.State == phone.Delivered {
			s.see(m)
			seen++
		}
	}
	writeJSON(w, http.StatusOK, map[string]int{"read": seen})
}

func (s *StandIn) uploadMedia(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMedia))
	if err != nil {
		controlError(w, http.StatusRequestEntityTooLarge, "the file is larger than 16 MB")
		return
	}
	id := newSID("ME")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.media) >= maxFiles {
		controlError(w, http.StatusInsufficientStorage, "too many files are kept")
		return
	}
	s.media[id] = file{kind: r.Header.Get("Content-Type"), body: body}
	writeJSON(w, http.StatusCreated, map[string]string{"media_id": id})
}

func (s *StandIn) addFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if !decode(w, r, &f) {
		return
	}
	if f.Times < 1 || f.Status == 0 && f.Outcome == "" || f.Status != 0 && (f.Status < 300 || f.Status > 599) {
		controlError(w, http.StatusBadRequest, "a fault has times, and a status from 300 to 599 or an outcome")
		return
	}
	s.mu.Lock()
	s.faults = append(s.faults, f)
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, f)
}
