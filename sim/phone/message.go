// Package phone is the customers' side of a stand-in: who they are, what their phones show, and what happens on them live.
// A phone is known by its number, or by its business-scoped user id when its owner hides the number.
package phone

import (
	"encoding/json"
	"time"
)

// Author says which side wrote a message.
type Author string

// The two sides of a thread.
const (
	Business Author = "business"
	Customer Author = "customer"
)

// State is what the ticks beside a message say. It only moves forward, except that a failure is final.
type State string

// The states of a message. A business's message is sent when the provider took it, delivered when it reached the phone,
// read when the customer saw it. A customer's message is sent when it left the phone, delivered when the business's
// webhook took it, read when the business marked it so.
const (
	Sent      State = "sent"
	Delivered State = "delivered"
	Read      State = "read"
	Failed    State = "failed"
)

func (s State) rank() int {
	switch s {
	case Delivered:
		return 1
	case Read, Failed:
		return 2
	default:
		return 0
	}
}

// Message is one bubble of a thread. Seq is unique and grows; ID is the provider's id, which a business may use twice.
type Message struct {
	Seq         uint64          `json:"seq"`
	ID          string          `json:"id"`
	Business    string          `json:"business"`
	Customer    string          `json:"customer"`
	Author      Author          `json:"author"`
	Type        string          `json:"type"`
	Text        string          `json:"text"`
	Content     json.RawMessage `json:"content,omitempty"`
	ReplyTo     string          `json:"reply_to,omitempty"`
	State       State           `json:"state"`
	Failure     string          `json:"failure,omitempty"`
	At          time.Time       `json:"at"`
	DeliveredAt *time.Time      `json:"delivered_at,omitempty"`
	ReadAt      *time.Time      `json:"read_at,omitempty"`

	// What the provider needs for its reports and nobody should see on a phone.
	NotifyURL    string `json:"-"`
	CallbackData string `json:"-"`
}

// Profile is who a customer is and how the phone behaves. Online false holds messages back until it is true again;
// AutoRead reads every message at once; Blocked refuses the business's messages.
type Profile struct {
	Number     string `json:"number,omitempty"`
	UserID     string `json:"user_id,omitempty"`
	Username   string `json:"username,omitempty"`
	Name       string `json:"name"`
	HideNumber bool   `json:"hide_number"`
	Online     bool   `json:"online"`
	AutoRead   bool   `json:"auto_read"`
	Blocked    bool   `json:"blocked"`
}

// Address is what the provider calls this customer: the number, or the user id of somebody who hides it.
func (p Profile) Address() string {
	if p.Number == "" || (p.HideNumber && p.UserID != "") {
		return p.UserID
	}
	return p.Number
}

// Event is something that happened on a phone: "message" (a new bubble), "state" (ticks changed), "typing" (the business
// is writing) or "profile".
type Event struct {
	Kind     string   `json:"kind"`
	Business string   `json:"business,omitempty"`
	Message  *Message `json:"message,omitempty"`
	Profile  *Profile `json:"profile,omitempty"`
}
