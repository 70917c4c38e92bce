package infobip

import (
	"net/http"
	"slices"

	"github.com/flomastr/flomastr/sim/phone"
)

// markRead serves POST /whatsapp/1/senders/{sender}/message/{messageId}/read: the customer's ticks turn blue.
func (s *StandIn) markRead(c call) {
	if !s.ownsSender(c) {
		return
	}
	if len(c.body) > 0 {
		badRequestText(c, "Request body must be empty")
		return
	}
	id, sender := c.request.PathValue("messageId"), c.request.PathValue("sender")
	known := false
	for _, m := range s.phones.Find(id) {
		if m.Author == phone.Customer && m.Business == sender {
			known = true
			s.phones.Move(m.Seq, id, phone.Read, s.config.Now(), "")
		}
	}
	if !known {
		notFound(c, "Message not found")
		return
	}
	c.WriteHeader(http.StatusNoContent)
}

// sentEvent is the answer for one event.
type sentEvent struct {
	MessageID   string `json:"messageId"`
	Status      status `json:"status"`
	Destination string `json:"destination"`
}

// typing serves POST /whatsapp/1/events: the customer sees that the business is writing, and the customer's last message
// counts as read.
func (s *StandIn) typing(c call) {
	document, err := readDocument(c.body)
	if err != nil {
		badEvent(c, findings{"body": {err.Error()}})
		return
	}
	found := findings{}
	sender, to := readTyping(newObject(found, "", document))
	if len(found) > 0 {
		badEvent(c, found)
		return
	}
	if registered, known := s.senders.get(sender); !known || registered.APIKey != c.account {
		badEvent(c, findings{"events[0].sender": {"is not a sender of this account"}})
		return
	}
	s.phones.Typing(to, sender)
	s.readLast(to, sender)
	writeJSON(c, http.StatusOK, struct {
		BulkID   string      `json:"bulkId"`
		Messages []sentEvent `json:"messages"`
	}{newID(), []sentEvent{{newID(), statusOf(statusAccepted), to}}})
}

func readTyping(o *object) (sender, to string) {
	for _, event := range o.objects("events", required, 1, 1) {
		sender = event.text("sender", required, size(1, 24), matches(digitsOnly, "must contain only digits"))
		for _, destination := range event.objects("destinations", required, 1, 1) {
			to = destination.text("to", required, size(1, 150), matches(recipient, "must be a phone number in digits or a business-scoped user id"))
			destination.done()
		}
		if content := event.object("content", required); content != nil {
			content.text("type", required, oneOf("TYPING_INDICATOR"))
			content.text("messageId", optional) // deprecated and ignored
			content.done()
		}
		event.done()
	}
	o.done()
	return sender, to
}

func (s *StandIn) readLast(customer, business string) {
	thread := s.phones.Thread(customer, business, 0)
	for _, t := range slices.Backward(thread) {
		if t.Author == phone.Customer {
			s.phones.Move(t.Seq, t.ID, phone.Read, s.config.Now(), "")
			return
		}
	}
}

// listTemplates serves the templates that were registered with the sender.
func (s *StandIn) listTemplates(c call) {
	if !s.ownsSender(c) {
		return
	}
	sender, _ := s.senders.get(c.request.PathValue("sender"))
	list := make([]any, 0, len(sender.Templates))
	for _, t := range sender.Templates {
		list = append(list, templateView(t))
	}
	writeJSON(c, http.StatusOK, map[string]any{"templates": list})
}

// templateView is a template as Infobip shows it.
func templateView(t Template) any {
	return map[string]any{
		"id": t.Name + "-" + t.Language, "name": t.Name, "language": t.Language, "status": t.status(), "category": t.Category,
		"structure": map[string]any{"body": map[string]string{"text": t.Body}, "type": "TEXT"},
	}
}
