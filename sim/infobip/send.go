package infobip

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/phone"
)

// sendSingle serves the endpoint of one kind of message.
func (s *StandIn) sendSingle(k kind) http.HandlerFunc {
	return s.api(sendGate, func(c call) {
		d, found, err := readSingle(k, c.body)
		if refused(c, found, err) {
			return
		}
		s.send(c, []draft{d}, func(all []sent) any { return all[0] })
	})
}

// sendBulk serves the template endpoint.
func (s *StandIn) sendBulk() http.HandlerFunc {
	return s.api(sendGate, func(c call) {
		drafts, bulkID, found, err := readBulk(c.body)
		if refused(c, found, err) {
			return
		}
		s.send(c, drafts, func(all []sent) any {
			answer := sentBulk{Messages: all}
			if len(all) > 1 {
				answer.BulkID = bulkID
				if bulkID == "" {
					answer.BulkID = newID()
				}
			}
			return answer
		})
	})
}

func refused(c call, found findings, err error) bool {
	if err != nil {
		badRequestText(c, "Request body is not valid: "+err.Error())
		return true
	}
	if len(found) > 0 {
		badRequest(c, found)
		return true
	}
	return false
}

// send is the way of every correct request: are its senders this account's, does a scripted fault want it, write it down,
// answer, report. Messages are written down before anything is answered, and never compared with earlier ones.
func (s *StandIn) send(c call, drafts []draft, answer func([]sent) any) {
	for _, d := range drafts {
		if text := s.unknown(c.account, d); text != "" {
			notFound(c, text)
			return
		}
	}
	if !s.postman.Room(2 * len(drafts)) {
		// The product takes no reports: taking more sends would mean losing some, or memory without bound.
		tooMany(c, "5")
		return
	}
	fault, faulty := s.faults.take(onSend, drafts[0].from, drafts[0].to, false)
	if faulty && s.misbehaveBefore(c, fault) {
		return
	}
	all := make([]sent, 0, len(drafts))
	accepted := make([]phone.Message, 0, len(drafts))
	for _, d := range drafts {
		if faulty && fault.Kind == reject {
			if fault.Status == 0 {
				fault.Status = 100
			}
			all = append(all, sent{To: d.to, MessageCount: 1, MessageID: orNew(d.id), Status: statusOf(fault.Status)})
			continue
		}
		message, err := s.accept(d)
		if err != nil {
			s.config.Log.Error("message not written down", "from", d.from, "error", err)
			writeException(c, http.StatusInternalServerError, "GENERAL_ERROR", "Something went wrong. Please contact support.", nil)
			return
		}
		accepted = append(accepted, message)
		all = append(all, sent{To: d.to, MessageCount: 1, MessageID: message.ID, Status: statusOf(statusEnroute)})
	}
	follow := s.plan(drafts, accepted)
	if faulty && s.misbehaveAfter(c, fault, all, follow) {
		return
	}
	writeJSON(c, http.StatusOK, answer(all))
	follow()
}

// unknown says what the request names that this account does not have.
func (s *StandIn) unknown(account string, d draft) string {
	sender, known := s.senders.get(d.from)
	if !known || sender.APIKey != account {
		return "Sender not found"
	}
	if d.template == "" || len(sender.Templates) == 0 {
		return ""
	}
	for _, t := range sender.Templates {
		if t.Name == d.template && t.Language == d.language && t.approved() {
			return ""
		}
	}
	return "Template not found"
}

// accept writes a message down for ever and puts it on its way to the phone.
func (s *StandIn) accept(d draft) (phone.Message, error) {
	id := orNew(d.id)
	entry, err := s.ledger.Append(ledger.Entry{
		Provider: "infobip", From: d.from, To: d.to, MessageID: id, Type: d.kind, Text: d.text, Body: d.body,
	})
	if err != nil {
		return phone.Message{}, err
	}
	return s.phones.Add(phone.Message{
		ID: id, Business: d.from, Customer: d.to, Author: phone.Business, Type: d.kind, Text: d.text, Content: d.content, ReplyTo: d.replyTo,
		State: phone.Sent, At: entry.At, NotifyURL: d.notify, CallbackData: d.callback,
	}), nil
}

// plan decides what will be reported of the accepted messages and returns the function that starts it.
func (s *StandIn) plan(drafts []draft, accepted []phone.Message) func() {
	starts := make([]func(), 0, len(accepted))
	settings := s.Settings()
	for i, message := range accepted {
		fault, faulty := s.faults.take(onReport, message.Business, message.Customer, false)
		outcome := s.outcome(drafts[i], message, settings)
		if faulty {
			outcome = outcome.with(fault)
		}
		if outcome.early {
			s.arrive(message, outcome)
			continue
		}
		delay := milliseconds(settings.DeliveryDelayMS) + outcome.delay
		starts = append(starts, func() { s.later.Do(delay, func() { s.arrive(message, outcome) }) })
	}
	return func() {
		for _, start := range starts {
			start()
		}
	}
}

func orNew(id string) string {
	if id == "" {
		return newID()
	}
	return id
}

// newID makes an id in the form that Infobip gives to messages without one.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// window is how long a business may write freely after the customer's last message.
const window = 24 * time.Hour
