package infobip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
)

// routes is everything this stand-in answers, on one page.
func (s *StandIn) routes() *http.ServeMux {
	mux := http.NewServeMux()

	// Infobip's API.
	for _, k := range kinds() {
		mux.HandleFunc("POST /whatsapp/1/message/"+k.path, s.sendSingle(k))
	}
	mux.HandleFunc("POST /whatsapp/1/message/template", s.sendBulk())
	mux.HandleFunc("POST /whatsapp/1/senders/{sender}/message/{messageId}/read", s.api(readGate, s.markRead))
	mux.HandleFunc("POST /whatsapp/1/events", s.api(eventGate, s.typing))
	mux.HandleFunc("GET /whatsapp/1/senders/{sender}/media/{mediaId}", s.api(mediaGate, s.getMedia))
	mux.HandleFunc("DELETE /whatsapp/1/senders/{sender}/media", s.api(mediaGate, s.deleteMedia))
	mux.HandleFunc("GET /whatsapp/1/senders/quality", s.api(qualityGate, s.quality))
	mux.HandleFunc("GET /whatsapp/2/senders/{sender}/templates", s.api(templateGate, s.listTemplates))
	mux.HandleFunc("POST /whatsapp/2/senders/{sender}/templates", s.api(templateGate, s.createTemplate))
	mux.HandleFunc("DELETE /whatsapp/2/senders/{sender}/templates/{name}", s.api(templateGate, s.deleteTemplate))
	mux.HandleFunc("/", s.api(sendGate, func(c call) { notFound(c, "This stand-in does not serve "+c.request.URL.Path) }))

	// What was accepted.
	mux.Handle("GET /ledger", s.ledger)

	// How it is driven.
	mux.HandleFunc("GET /control/health", s.health)
	mux.HandleFunc("GET /control/settings", s.getSettings)
	mux.HandleFunc("PATCH /control/settings", s.patchSettings)
	mux.HandleFunc("GET /control/senders", s.listSenders)
	mux.HandleFunc("GET /control/senders/{number}", s.getSender)
	mux.HandleFunc("PUT /control/senders/{number}", s.putSender)
	mux.HandleFunc("DELETE /control/senders/{number}", s.deleteSender)
	mux.HandleFunc("GET /control/phones", s.listPhones)
	mux.HandleFunc("GET /control/phones/{number}", s.getPhone)
	mux.HandleFunc("PUT /control/phones/{number}", s.putPhone)
	mux.HandleFunc("GET /control/phones/{number}/messages", s.thread)
	mux.HandleFunc("POST /control/phones/{number}/messages", s.say)
	mux.HandleFunc("POST /control/phones/{number}/read", s.read)
	mux.HandleFunc("GET /control/phones/{number}/events", s.watchPhone)
	mux.HandleFunc("POST /control/inbound", s.sayAll)
	mux.HandleFunc("POST /control/media", s.uploadMedia)
	mux.HandleFunc("POST /control/webhooks/retry", s.retryWebhooks)
	mux.HandleFunc("GET /control/faults", s.listFaults)
	mux.HandleFunc("POST /control/faults", s.addFault)
	mux.HandleFunc("DELETE /control/faults", s.clearFaults)
	mux.HandleFunc("DELETE /control/faults/{id}", s.removeFault)
	mux.HandleFunc("GET /control/traffic", s.listTraffic)
	mux.HandleFunc("/control/", func(w http.ResponseWriter, _ *http.Request) {
		controlError(w, http.StatusNotFound, "there is no such control call")
	})
	return mux
}

// controlError is the control API's one error shape.
func controlError(w http.ResponseWriter, code int, sentence string) {
	writeJSON(w, code, map[string]string{"error": sentence})
}

// maxControlBody bounds a control call.
const maxControlBody = 8 << 20

// decode reads a control call's body: JSON only, so that a page from elsewhere cannot post it as a form, and no unknown
// members, so that a typing error is heard. It has answered when it returns false.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		controlError(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		controlError(w, http.StatusBadRequest, fmt.Sprintf("the body is not what this call takes: %v", err))
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
		"status": "ok", "provider": "infobip", "accepted": s.ledger.Len(), "webhooks_waiting": s.postman.Queued(),
	})
}

func (s *StandIn) getSettings(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Settings())
}

func (s *StandIn) patchSettings(w http.ResponseWriter, r *http.Request) {
	settings := s.Settings() // what the body leaves out stays
	if !decode(w, r, &settings) {
		return
	}
	if err := s.Configure(settings); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, settings)
}

func (s *StandIn) retryWebhooks(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]int{"due_now": s.postman.Hurry(time.Now())})
}

func (s *StandIn) sayAll(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []Saying `json:"messages"`
		Reverse  bool     `json:"reverse"` // the webhook hears the last one first
	}
	if !decode(w, r, &body) {
		return
	}
	messages, err := s.SayAll(body.Messages, body.Reverse)
	if err != nil {
		sayingRefused(w, err)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string][]phone.Message{"messages": messages})
}

func sayingRefused(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errNoSender):
		controlError(w, http.StatusNotFound, err.Error())
	case errors.Is(err, errNoWebhook):
		controlError(w, http.StatusConflict, err.Error())
	case errors.Is(err, postman.ErrFull):
		controlError(w, http.StatusServiceUnavailable, err.Error())
	default:
		controlError(w, http.StatusBadRequest, err.Error())
	}
}

func (s *StandIn) listFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string][]Fault{"faults": s.faults.all()})
}

func (s *StandIn) addFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !decode(w, r, &f) {
		return
	}
	added, err := s.faults.add(f)
	if err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusCreated, added)
}

func (s *StandIn) clearFaults(w http.ResponseWriter, _ *http.Request) {
	s.faults.remove(0)
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) removeFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || !s.faults.remove(id) {
		controlError(w, http.StatusNotFound, "there is no such fault left")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// listTraffic answers the last exchanges on the wire, oldest first: ?limit= of them (50), only those ?after= an id.
func (s *StandIn) listTraffic(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = 50
	}
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	writeJSON(w, http.StatusOK, map[string]any{"exchanges": s.traffic.Last(limit, after)})
}
