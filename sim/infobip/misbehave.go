package infobip

import (
	"net/http"
	"time"
)

// misbehaveBefore plays the faults that happen before a message is accepted. It has answered, or broken off, when it
// returns true.
func (s *StandIn) misbehaveBefore(c call, f Fault) bool {
	switch f.Kind {
	case slow:
		pause(c.request, milliseconds(f.DelayMS))
		return false
	case resetAfterRead:
		reset(c)
		return true
	case refuse:
		pause(c.request, milliseconds(f.DelayMS))
		f.answer(c)
		return true
	default:
		return false
	}
}

// misbehaveAfter plays the faults of a message that is in the ledger already. What follows an acceptance, the reports, is
// started in all of them: the message is on its way, only the answer is broken.
func (s *StandIn) misbehaveAfter(c call, f Fault, all []sent, follow func()) bool {
	switch f.Kind {
	case acceptStatus:
		f.answer(c)
	case acceptHang:
		follow()
		hang := milliseconds(f.DelayMS)
		if hang == 0 {
			hang = time.Hour
		}
		pause(c.request, hang)
		reset(c)
		return true
	case acceptReset:
		reset(c)
	case acceptEmpty:
		c.WriteHeader(http.StatusOK)
	case acceptHTML:
		c.Header().Set("Content-Type", "text/html")
		_, _ = c.Write([]byte("<html><body><h1>It works!</h1></body></html>"))
	case acceptOther:
		writeJSON(c, http.StatusOK, map[string]string{"result": "ok"})
	case acceptNoID:
		for i := range all {
			all[i].MessageID = ""
		}
		writeWithoutID(c, all)
	case acceptOtherID:
		all[0].MessageID = newID()
		writeJSON(c, http.StatusOK, all[0])
	case acceptDrip:
		follow()
		drip(c, f)
		return true
	case acceptEndless:
		follow()
		endless(c)
		return true
	default:
		return false
	}
	follow()
	return true
}

// answer gives the scripted status with the scripted body, or the documented body for that status.
func (f Fault) answer(c call) {
	if f.RetryAfter != "" {
		c.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Body != "" {
		contentType := f.ContentType
		if contentType == "" {
			contentType = "application/json"
		}
		c.Header().Set("Content-Type", contentType)
		c.WriteHeader(f.Status)
		_, _ = c.Write([]byte(f.Body))
		return
	}
	ids := map[int]string{400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "TOO_MANY_REQUESTS"}
	id, ok := ids[f.Status]
	if !ok {
		id = "GENERAL_ERROR"
	}
	writeException(c, f.Status, id, http.StatusText(f.Status), nil)
}

func writeWithoutID(c call, all []sent) {
	writeJSON(c, http.StatusOK, struct {
		To           string `json:"to"`
		MessageCount int    `json:"messageCount"`
		Status       status `json:"status"`
	}{all[0].To, 1, all[0].Status})
}

// drip sends an answer a byte at a time, one each delay (a second when left out), until the caller has had enough.
func drip(c call, f Fault) {
	each := milliseconds(f.DelayMS)
	if each == 0 {
		each = time.Second
	}
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(http.StatusOK)
	out := http.NewResponseController(c.ResponseWriter)
	for _, b := range []byte(`{"messageCount":1,"status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE","description":"…"}}`) {
		if _, err := c.Write([]byte{b}); err != nil || out.Flush() != nil || c.request.Context().Err() != nil {
			return
		}
		pause(c.request, each)
	}
}

// endless sends a body without end, until the caller has had enough.
func endless(c call) {
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(http.StatusOK)
	chunk := make([]byte, 32<<10)
	for i := range chunk {
		chunk[i] = ' '
	}
	for range 1 << 15 {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}
