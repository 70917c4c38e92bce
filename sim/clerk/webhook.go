package clerk

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// NewWebhookSecret makes a secret as Clerk's dashboard shows one.
func NewWebhookSecret() string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw)
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}

// UserEvent is a webhook about a person as it stands.
func (c *Clerk) UserEvent(kind string, user User, at time.Time) ([]byte, http.Header) {
	return c.Event(kind, user.object(), at)
}

// Event is a webhook: the body and its headers. It was signed at the given time.
func (c *Clerk) Event(kind string, data any, at time.Time) ([]byte, http.Header) {
	body, err := json.Marshal(map[string]any{
		"object": "event", "type": kind, "data": data, "timestamp": at.UnixMilli(), "instance_id": "ins_1",
		"event_attributes": map[string]any{"http_request": map[string]any{"client_ip": "", "user_agent": ""}},
	})
	if err != nil {
		panic(err) // the data cannot be written as JSON
	}
	return body, Sign(c.cfg.WebhookSecret, "msg_"+rand.Text(), at, body)
}

// Sign makes the headers of the Svix scheme: HMAC-SHA256 over "id.timestamp.body" with the secret's bytes.
func Sign(secret, id string, at time.Time, body []byte) http.Header {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err) // not a secret
	}
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, seconds, body)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Svix-Id", id)
	header.Set("Svix-Timestamp", seconds)
	header.Set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return header
}
