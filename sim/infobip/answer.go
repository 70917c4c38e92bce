package infobip

import (
	"encoding/json"
	"net/http"
)

// status is Infobip's five-part word for where a message is.
type status struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// sent is the answer for one message.
type sent struct {
	To           string `json:"to"`
	MessageCount int    `json:"messageCount"`
	MessageID    string `json:"messageId"`
	Status       status `json:"status"`
}

// sentBulk is the answer to a bulk of templates; bulkId appears when there was more than one.
type sentBulk struct {
	Messages []sent `json:"messages"`
	BulkID   string `json:"bulkId,omitempty"`
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}

// exception is the error body of the WhatsApp endpoints.
type exception struct {
	RequestError struct {
		ServiceException serviceException `json:"serviceException"`
	} `json:"requestError"`
}

type serviceException struct {
	MessageID        string   `json:"messageId"`
	Text             string   `json:"text"`
	ValidationErrors findings `json:"validationErrors,omitempty"`
}

func writeException(w http.ResponseWriter, code int, id, text string, found findings) {
	var body exception
	body.RequestError.ServiceException = serviceException{MessageID: id, Text: text, ValidationErrors: found}
	writeJSON(w, code, body)
}

func badRequest(w http.ResponseWriter, found findings) {
	writeException(w, http.StatusBadRequest, "BAD_REQUEST", "Bad request", found)
}

func badRequestText(w http.ResponseWriter, text string) {
	writeException(w, http.StatusBadRequest, "BAD_REQUEST", text, nil)
}

func unauthorized(w http.ResponseWriter) {
	writeException(w, http.StatusUnauthorized, "UNAUTHORIZED", "Invalid login details", nil)
}

func notFound(w http.ResponseWriter, text string) {
	writeException(w, http.StatusNotFound, "NOT_FOUND", text, nil)
}

func tooMany(w http.ResponseWriter, retryAfter string) {
	w.Header().Set("Retry-After", retryAfter)
	writeException(w, http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests", nil)
}

// violations is the other error body, of the events endpoint.
type violations struct {
	ErrorCode   string      `json:"errorCode"`
	Description string      `json:"description"`
	Action      string      `json:"action"`
	Violations  []violation `json:"violations"`
	Resources   []string    `json:"resources"`
}

type violation struct {
	Property  string `json:"property"`
	Violation string `json:"violation"`
}

func badEvent(w http.ResponseWriter, found findings) {
	body := violations{
		ErrorCode: "E400", Description: "Request cannot be processed.", Action: "Check the syntax, violations and adjust the request.",
		Violations: []violation{}, Resources: []string{},
	}
	for _, path := range sortedKeys(found) {
		for _, finding := range found[path] {
			body.Violations = append(body.Violations, violation{Property: path, Violation: finding})
		}
	}
	writeJSON(w, http.StatusBadRequest, body)
}
