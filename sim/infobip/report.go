package infobip

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
)

// price is what a message costs here.
type price struct {
	PricePerMessage float64 `json:"pricePerMessage"`
	Currency        string  `json:"currency"`
}

// reportContact names a customer who has a business-scoped user id.
type reportContact struct {
	UserID string `json:"userId,omitempty"`
}

// deliveryReport tells what became of a message. To is the customer; nothing names the business's number.
type deliveryReport struct {
	BulkID       string         `json:"bulkId"`
	Price        price          `json:"price"`
	Status       status         `json:"status"`
	Error        failure        `json:"error"`
	MessageID    string         `json:"messageId"`
	DoneAt       string         `json:"doneAt"`
	MessageCount int            `json:"messageCount"`
	SentAt       string         `json:"sentAt"`
	To           string         `json:"to"`
	Contact      *reportContact `json:"contact,omitempty"`
	CallbackData string         `json:"callbackData,omitempty"`
}

// seenReport tells that a customer read a message. From is the customer and To the business: the other way round from the
// delivery report.
type seenReport struct {
	MessageID string         `json:"messageId"`
	From      string         `json:"from"`
	To        string         `json:"to"`
	SentAt    string         `json:"sentAt"`
	SeenAt    string         `json:"seenAt"`
	Contact   *reportContact `json:"contact,omitempty"`
}

// outcome is what will become of an accepted message and how it will be told.
type outcome struct {
	status    int // of the delivery report
	errorID   int // 0 is none
	copies    int // of each report
	delay     time.Duration
	early     bool // before the send is answered
	seenFirst bool
	unknown   bool // a report for a message that never was comes along
}

// outcome is what the contract makes of a message: 7003 from a customer who blocked the business, 7010 outside the window
// where that is enforced, 7008 for a template with the wrong number of values.
func (s *StandIn) outcome(d draft, m phone.Message, settings Settings) outcome {
	good := outcome{status: statusDelivered, copies: 1}
	bad := outcome{status: statusUndone, copies: 1}
	switch {
	case s.phones.Profile(m.Customer).Blocked:
		bad.errorID = 7003
	case d.template != "" && !s.fits(d):
		bad.errorID = 7008
	case d.template == "" && settings.EnforceWindow && !s.windowOpen(m):
		bad.errorID = 7010
	default:
		return good
	}
	return bad
}

func (s *StandIn) fits(d draft) bool {
	sender, _ := s.senders.get(d.from)
	for _, t := range sender.Templates {
		if t.Name == d.template && t.Language == d.language {
			return t.Placeholders == d.placeholders
		}
	}
	return true
}

func (s *StandIn) windowOpen(m phone.Message) bool {
	thread := s.phones.Thread(m.Customer, m.Business, 0)
	for _, t := range slices.Backward(thread) {
		if t.Author == phone.Customer && t.Type != "reaction" {
			return m.At.Sub(t.At) < window
		}
	}
	return false
}

// with bends an outcome by a scripted fault.
func (o outcome) with(f Fault) outcome {
	switch f.Kind {
	case duplicate:
		o.copies = f.Copies
	case never:
		o.copies = 0
	case early:
		o.early = true
	case seenFirst:
		o.seenFirst = true
	case unknownID:
		o.unknown = true
	case fail:
		o.errorID, o.status = f.ErrorID, statusUndone
		if f.Status != 0 {
			o.status = f.Status
		}
	case slow:
		o.delay = milliseconds(f.DelayMS)
	}
	return o
}

// arrive is the moment a message reaches its phone, or is found not to.
func (s *StandIn) arrive(m phone.Message, o outcome) {
	profile := s.phones.Profile(m.Customer)
	if !profile.Online && o.errorID == 0 {
		return // comes in when the phone is switched on again: see wake
	}
	now := s.config.Now()
	if o.errorID != 0 {
		s.phones.Move(m.Seq, m.ID, phone.Failed, now, failureOf(o.errorID).Name)
		s.reportDelivery(m, o, now)
		return
	}
	if o.seenFirst {
		s.see(m, o, now)
		s.reportDelivery(m, o, now)
		return
	}
	if _, moved := s.phones.Move(m.Seq, m.ID, phone.Delivered, now, ""); !moved && len(s.phones.Find(m.ID)) > 0 {
		return // it came in already, when the phone was switched on
	}
	s.reportDelivery(m, o, now)
	if profile.AutoRead {
		s.later.Do(milliseconds(s.Settings().ReadDelayMS), func() { s.see(m, o, s.config.Now()) })
	}
}

// see is the moment a customer reads a message.
func (s *StandIn) see(m phone.Message, o outcome, now time.Time) {
	if _, moved := s.phones.Move(m.Seq, m.ID, phone.Read, now, ""); !moved || s.Settings().Reports != AllReports {
		return
	}
	s.report("seen", m, o.copies, seenReport{
		MessageID: m.ID, From: m.Customer, To: m.Business, SentAt: timestamp(m.At), SeenAt: timestamp(now), Contact: s.reportContact(m.Customer),
	})
}

func (s *StandIn) reportDelivery(m phone.Message, o outcome, now time.Time) {
	settings := s.Settings()
	if settings.Reports == NoReports {
		return
	}
	report := deliveryReport{
		Price: price{0, "EUR"}, Status: statusOf(o.status), Error: noFailure(), MessageID: m.ID, DoneAt: timestamp(now), MessageCount: 1,
		SentAt: timestamp(m.At), To: m.Customer, Contact: s.reportContact(m.Customer),
	}
	if o.errorID != 0 {
		report.Error = failureOf(o.errorID)
	}
	if settings.EchoCallback {
		report.CallbackData = m.CallbackData
	}
	s.report("delivery", m, o.copies, report)
	if o.unknown {
		report.MessageID = newID()
		s.report("delivery", m, 1, report)
	}
}

func (s *StandIn) reportContact(customer string) *reportContact {
	if id := s.phones.Profile(customer).UserID; id != "" {
		return &reportContact{UserID: id}
	}
	return nil
}

// report queues a report. The room for it was made sure of when the message was accepted, so a full queue is worth an
// error in the log; a sender without any webhook gets no reports.
func (s *StandIn) report(kind string, m phone.Message, copies int, body any) {
	sender, _ := s.senders.get(m.Business)
	if m.NotifyURL == "" && sender.WebhookURL == "" {
		return
	}
	result, err := json.Marshal(body)
	if err != nil {
		s.config.Log.Error("report not made", "error", err)
		return
	}
	for range copies {
		err := s.postman.Send(postman.Parcel{Lane: m.Business, Kind: kind, URL: m.NotifyURL, MessageID: m.ID, Result: result, Due: time.Now()})
		if err != nil {
			s.config.Log.Error("report not queued", "kind", kind, "message_id", m.ID, "error", err)
		}
	}
}

// wake brings in what waited for a phone that was off.
func (s *StandIn) wake(address string) {
	for _, m := range s.phones.Thread(address, "", 0) {
		if m.Author == phone.Business && m.State == phone.Sent {
			s.arrive(m, outcome{status: statusDelivered, copies: 1})
		}
	}
}
