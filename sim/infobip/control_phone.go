package infobip

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
)

func (s *StandIn) listSenders(w http.ResponseWriter, _ *http.Request) {
	views := []SenderView{}
	for _, sender := range s.senders.all() {
		views = append(views, sender.view())
	}
	writeJSON(w, http.StatusOK, map[string][]SenderView{"senders": views})
}

func (s *StandIn) getSender(w http.ResponseWriter, r *http.Request) {
	sender, known := s.senders.get(r.PathValue("number"))
	if !known {
		controlError(w, http.StatusNotFound, "there is no such sender")
		return
	}
	writeJSON(w, http.StatusOK, sender.view())
}

func (s *StandIn) putSender(w http.ResponseWriter, r *http.Request) {
	var sender Sender
	if !decode(w, r, &sender) {
		return
	}
	number := r.PathValue("number")
	if sender.Number != "" && sender.Number != number {
		controlError(w, http.StatusBadRequest, "number differs from the path")
		return
	}
	sender.Number = number
	if err := s.PutSender(sender); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, sender.view())
}

func (s *StandIn) deleteSender(w http.ResponseWriter, r *http.Request) {
	if !s.senders.remove(r.PathValue("number")) {
		controlError(w, http.StatusNotFound, "there is no such sender")
		return
	}
	if err := s.saveSenders(); err != nil {
		controlError(w, http.StatusInsufficientStorage, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// customer reads the phone of the path. It has answered when it returns false.
func customer(w http.ResponseWriter, r *http.Request) (string, bool) {
	number := r.PathValue("number")
	if finding := matches(recipient, "x")(number) + size(1, 150)(number); finding != "" {
		controlError(w, http.StatusBadRequest, "a phone is named by its number in digits or by a business-scoped user id")
		return "", false
	}
	return number, true
}

func (s *StandIn) listPhones(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string][]phone.Profile{"phones": s.phones.Phones(r.URL.Query().Get("with"))})
}

func (s *StandIn) getPhone(w http.ResponseWriter, r *http.Request) {
	if number, ok := customer(w, r); ok {
		writeJSON(w, http.StatusOK, s.phones.Profile(number))
	}
}

// putPhone changes what the body names of a phone's profile and leaves the rest.
func (s *StandIn) putPhone(w http.ResponseWriter, r *http.Request) {
	number, ok := customer(w, r)
	if !ok {
		return
	}
	profile := s.phones.Profile(number)
	wasOnline := profile.Online
	if !decode(w, r, &profile) {
		return
	}
	if profile.UserID != "" && (!isUserID(profile.UserID) || matches(recipient, "x")(profile.UserID) != "") {
		controlError(w, http.StatusBadRequest, "user_id must look like BR.1a2b3c")
		return
	}
	if isUserID(number) {
		profile.UserID = number
	} else {
		profile.Number = number
	}
	saved, err := s.phones.Configure(number, func(p *phone.Profile) { *p = profile })
	if err != nil {
		controlError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if saved.Online && !wasOnline {
		s.wake(number)
	}
	writeJSON(w, http.StatusOK, saved)
}

func (s *StandIn) thread(w http.ResponseWriter, r *http.Request) {
	number, ok := customer(w, r)
	if !ok {
		return
	}
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	writeJSON(w, http.StatusOK, map[string][]phone.Message{"messages": s.phones.Thread(number, r.URL.Query().Get("with"), after)})
}

func (s *StandIn) say(w http.ResponseWriter, r *http.Request) {
	number, ok := customer(w, r)
	if !ok {
		return
	}
	var u Utterance
	if !decode(w, r, &u) {
		return
	}
	message, err := s.Say(number, u)
	if err != nil {
		sayingRefused(w, err)
		return
	}
	writeJSON(w, http.StatusAccepted, message)
}

// read is the customer looking at a thread: everything delivered in it becomes read.
func (s *StandIn) read(w http.ResponseWriter, r *http.Request) {
	number, ok := customer(w, r)
	if !ok {
		return
	}
	var body struct {
		With string `json:"with"` // one business; all when left out
	}
	if !decode(w, r, &body) {
		return
	}
	seen := 0
	for _, m := range s.phones.Thread(number, body.With, 0) {
		if m.Author == phone.Business && m.State == phone.Delivered {
			s.see(m, outcome{copies: 1}, s.config.Now())
			seen++
		}
	}
	writeJSON(w, http.StatusOK, map[string]int{"read": seen})
}

// heartbeat keeps proxies from closing a quiet stream.
const heartbeat = 15 * time.Second

// watchPhone streams what happens on a phone as server-sent events. It begins with "ready", after which nothing is missed;
// a page listens first, reads the thread on ready, and applies what follows by seq.
func (s *StandIn) watchPhone(w http.ResponseWriter, r *http.Request) {
	number, ok := customer(w, r)
	if !ok {
		return
	}
	events, end := s.phones.Watch(number)
	defer end()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	_, err := io.WriteString(w, "retry: 1000\nevent: ready\ndata: {}\n\n")
	for err == nil && out.Flush() == nil {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			_, err = io.WriteString(w, ": still here\n\n")
		case event, open := <-events:
			if !open {
				return // too slow: the page connects again and reads the thread anew
			}
			err = writeEvent(w, event, r.URL.Query().Get("with"))
		}
	}
}

// writeEvent writes an event that concerns one business, or any when none is asked for.
func writeEvent(w http.ResponseWriter, event phone.Event, with string) error {
	if with != "" && !slices.Contains([]string{with, ""}, event.Business) {
		return nil
	}
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event.Kind, data)
	return err
}
