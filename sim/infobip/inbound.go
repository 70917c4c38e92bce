package infobip

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
)

// Utterance is what a customer sends, as the control API takes it. Type says which of the other members matter; when left
// out it is text. Raw stands for a whole message object that the contract knows and this list does not, or that nobody knows.
type Utterance struct {
	To      string `json:"to"`                 // the business number
	Type    string `json:"type,omitempty"`     // text, image, video, document, audio, voice, sticker, location, contact, button, button_reply, list_reply, reaction, order, unsupported, infected, raw
	ReplyTo string `json:"reply_to,omitempty"` // the id of a message that is quoted

	Text        string          `json:"text,omitempty"` // text; button's label; order's note
	MediaID     string          `json:"media_id,omitempty"`
	URL         string          `json:"url,omitempty"` // instead of media_id
	Caption     string          `json:"caption,omitempty"`
	Latitude    float64         `json:"latitude,omitempty"`
	Longitude   float64         `json:"longitude,omitempty"`
	Name        string          `json:"name,omitempty"` // of a location
	Address     string          `json:"address,omitempty"`
	Payload     string          `json:"payload,omitempty"`     // button
	ID          string          `json:"id,omitempty"`          // button_reply, list_reply
	Title       string          `json:"title,omitempty"`       // button_reply, list_reply
	Description string          `json:"description,omitempty"` // list_reply
	Emoji       string          `json:"emoji,omitempty"`       // reaction; removed when empty
	Contacts    json.RawMessage `json:"contacts,omitempty"`    // contact
	CatalogID   string          `json:"catalog_id,omitempty"`
	Products    json.RawMessage `json:"products,omitempty"` // order's productItems
	Malware     string          `json:"malware,omitempty"`  // infected
	Raw         json.RawMessage `json:"raw,omitempty"`

	// For tests of what a provider may do: an id chosen by the test, a time of the past or the future.
	MessageID  string     `json:"message_id,omitempty"`
	ReceivedAt *time.Time `json:"received_at,omitempty"`
}

// inboundResult is one element of an inbound webhook's results.
type inboundResult struct {
	From            string          `json:"from"`
	To              string          `json:"to"`
	IntegrationType string          `json:"integrationType"`
	ReceivedAt      string          `json:"receivedAt"`
	MessageID       string          `json:"messageId"`
	PairedMessageID *string         `json:"pairedMessageId"`
	CallbackData    *string         `json:"callbackData"`
	Message         json.RawMessage `json:"message"`
	Contact         inboundContact  `json:"contact"`
	Price           price           `json:"price"`
}

type inboundContact struct {
	Name        string `json:"name"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
	UserID      string `json:"userId,omitempty"`
	Username    string `json:"username,omitempty"`
}

// quoted is the context of an inbound message. From is the business's number, as captured traffic has it, although the
// contract's words say it is the customer's.
type quoted struct {
	ID   string `json:"id"`
	From string `json:"from"`
}

var (
	errNoSender  = errors.New("the business number is not registered as a sender")
	errNoWebhook = errors.New("the sender has no webhook_url")
)

// Say sends a customer's message to a business: it appears on the phone at once and reaches the business's webhook as soon
// as that takes it.
func (s *StandIn) Say(customer string, u Utterance) (phone.Message, error) {
	all, err := s.SayAll([]Saying{{Customer: customer, Utterance: u}}, false)
	if err != nil {
		return phone.Message{}, err
	}
	return all[0], nil
}

// inboundKind is the kind of parcel that holds customers' messages.
const inboundKind = "inbound"

// apart is the moment between two webhooks whose order matters to a test.
const apart = 25 * time.Millisecond

// Saying is one customer's message among several.
type Saying struct {
	Customer string `json:"from"`
	Utterance
}

// SayAll sends messages of several customers. They become due together, so that they share requests as far as their
// senders' results_per_request allows. All are sent or, when one is wrong, none. Reversed, the webhook hears the last one
// first, a moment apart.
func (s *StandIn) SayAll(sayings []Saying, reversed bool) ([]phone.Message, error) {
	if !s.postman.Room(len(sayings)) {
		return nil, postman.ErrFull
	}
	messages := make([]phone.Message, 0, len(sayings))
	for i, saying := range sayings {
		m, err := s.compose(saying)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		messages = append(messages, m)
	}
	var parcels []postman.Parcel
	now := time.Now()
	for i := range messages {
		result, err := s.result(messages[i])
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		messages[i] = s.phones.Add(messages[i])
		parcel := postman.Parcel{Lane: messages[i].Business, Kind: inboundKind, MessageID: messages[i].ID, Result: result, Due: now}
		if reversed {
			parcel.Due = now.Add(time.Duration(len(messages)-i) * apart)
		}
		copies := 1
		if fault, now := s.faults.take(onWebhook, messages[i].Business, messages[i].Customer, false); now {
			parcel.Due = parcel.Due.Add(milliseconds(fault.DelayMS))
			if fault.Kind == duplicate {
				copies = fault.Copies
			}
		}
		for range copies {
			parcels = append(parcels, parcel)
		}
	}
	return messages, s.postman.Send(parcels...)
}

// compose makes the phone's side of a message, its content being what the webhook will carry.
func (s *StandIn) compose(saying Saying) (phone.Message, error) {
	sender, known := s.senders.get(saying.To)
	switch {
	case !known:
		return phone.Message{}, errNoSender
	case sender.WebhookURL == "":
		return phone.Message{}, errNoWebhook
	case recipient.FindString(saying.Customer) == "":
		return phone.Message{}, errors.New("a customer is a phone number in digits or a business-scoped user id")
	}
	content, text, err := s.inboundMessage(saying.Utterance)
	if err != nil {
		return phone.Message{}, err
	}
	at := s.config.Now()
	if saying.ReceivedAt != nil {
		at = saying.ReceivedAt.UTC()
	}
	id := saying.MessageID
	if id == "" {
		id = newWamid()
	}
	kind := saying.Type
	if kind == "" {
		kind = "text"
	}
	return phone.Message{
		ID: id, Business: saying.To, Customer: s.phones.Profile(saying.Customer).Address(), Author: phone.Customer, Type: kind, Text: text,
		Content: content, ReplyTo: saying.ReplyTo, State: phone.Sent, At: at,
	}, nil
}

// result is the webhook's element for a composed message. An answer to a message of the business is paired with it.
func (s *StandIn) result(m phone.Message) (json.RawMessage, error) {
	profile := s.phones.Profile(m.Customer)
	result := inboundResult{
		From: m.Customer, To: m.Business, IntegrationType: "WHATSAPP", ReceivedAt: timestamp(m.At), MessageID: m.ID, Message: m.Content,
		Contact: inboundContact{Name: profile.Name, UserID: profile.UserID, Username: profile.Username}, Price: price{0, "EUR"},
	}
	if !profile.HideNumber {
		result.Contact.PhoneNumber = profile.Number
	}
	for _, original := range s.phones.Find(m.ReplyTo) {
		if original.Author == phone.Business && original.Business == m.Business {
			result.PairedMessageID = &original.ID
			if original.CallbackData != "" {
				result.CallbackData = &original.CallbackData
			}
		}
	}
	return json.Marshal(result)
}

// delivered puts the second tick on a customer's message once the webhook took it.
func (s *StandIn) delivered(parcel postman.Parcel) {
	if parcel.Kind == inboundKind {
		s.phones.Move(0, parcel.MessageID, phone.Delivered, s.config.Now(), "")
	}
}

// newWamid makes an id like WhatsApp's own, with the characters that must be escaped in a path.
func newWamid() string {
	var b [31]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return "wamid." + base64.StdEncoding.EncodeToString(b[:])
}
