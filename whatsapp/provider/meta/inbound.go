package meta

import (
	"encoding/json"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxText and maxRaw cap what is kept of one element; WhatsApp's own texts are far shorter.
const (
	maxText = 65_536
	maxRaw  = 128 << 10
)

type envelope struct {
	Object provider.Word     `json:"object"`
	Entry  provider.Elements `json:"entry"`
}

type entry struct {
	ID      provider.Word     `json:"id"` // the WhatsApp business account
	Time    provider.Word     `json:"time"`
	Changes provider.Elements `json:"changes"`
}

type change struct {
	Field provider.Word   `json:"field"`
	Value json.RawMessage `json:"value"`
}

// value is what a change holds, with the members of all fields side by side.
type value struct {
	Metadata provider.Part[struct {
		PhoneNumberID provider.Word `json:"phone_number_id"`
	}] `json:"metadata"`
	Contacts        provider.List[contact] `json:"contacts"`
	Messages        provider.Elements      `json:"messages"`
	Statuses        provider.Elements      `json:"statuses"`
	Errors          provider.Elements      `json:"errors"`
	Echoes          provider.Elements      `json:"message_echoes"`
	History         provider.List[chunk]   `json:"history"`
	UserPreferences provider.Elements      `json:"user_preferences"`
	UserIDUpdates   provider.Elements      `json:"user_id_update"`
}

type contact struct {
	Profile provider.Part[struct {
		Name provider.Word `json:"name"`
	}] `json:"profile"`
	WaID   provider.Word `json:"wa_id"`
	UserID provider.Word `json:"user_id"`
}

// chunk is a piece of what was written before the number came to the API.
type chunk struct {
	Threads provider.List[struct {
		ID       provider.Word     `json:"id"` // the customer
		Messages provider.Elements `json:"messages"`
	}] `json:"threads"`
}

// parser goes through one body.
type parser struct {
	ch    provider.Channel
	r     provider.Request
	batch provider.Batch
}

// Parse implements provider.Provider. Entries, changes and the elements in them stand each alone; all kinds can arrive
// together.
func (*Provider) Parse(ch provider.Channel, r provider.Request) (provider.Batch, error) {
	p := parser{ch: ch, r: r}
	var whole provider.Part[envelope]
	if err := json.Unmarshal(r.Body, &whole); err != nil && !json.Valid(r.Body) {
		return p.batch, provider.ErrNotJSON.Because(err)
	}
	if !whole.Given || whole.Value.Object != "whatsapp_business_account" || len(whole.Value.Entry) == 0 {
		p.unusable("unknown_envelope", r.Body)
		return p.batch, nil
	}
	for _, raw := range whole.Value.Entry {
		var e provider.Part[entry]
		if json.Unmarshal(raw, &e) != nil || !e.Given || len(e.Value.Changes) == 0 {
			p.unusable("not_understood", raw)
			continue
		}
		for _, raw := range e.Value.Changes {
			p.change(e.Value, raw)
		}
	}
	return p.batch, nil
}

func (p *parser) change(e entry, raw json.RawMessage) {
	var c provider.Part[change]
	var v provider.Part[value]
	if json.Unmarshal(raw, &c) != nil || !c.Given || json.Unmarshal(c.Value.Value, &v) != nil || !v.Given {
		p.unusable("not_understood", raw)
		return
	}
	number := string(v.Value.Metadata.Value.PhoneNumberID)
	switch {
	case number != "" && number != p.ch.SenderID:
		p.foreign(number, raw)
	case number != "" || ofANumber[string(c.Value.Field)]:
		if number == "" { // it cannot be said whom it is for
			p.unusable("no_number", raw)
			return
		}
		p.ofNumber(c.Value, v.Value, raw)
	case p.ch.AccountID != "" && string(e.ID) != p.ch.AccountID:
		p.foreign(string(e.ID), raw)
	default:
		p.ofAccount(e, c.Value, raw)
	}
}

// ofANumber are the fields that must name the number that they are for.
var ofANumber = map[string]bool{"messages": true, "smb_message_echoes": true, "history": true}

// ofNumber reads a change of one number.
func (p *parser) ofNumber(c change, v value, raw json.RawMessage) {
	before := p.found()
	for _, m := range v.Messages {
		p.message(m, v.Contacts, arrived)
	}
	for _, m := range v.Echoes {
		p.message(m, v.Contacts, echoed)
	}
	for _, h := range v.History {
		for _, thread := range h.Threads {
			for _, m := range thread.Messages {
				p.past(m, thread.ID, v.Contacts)
			}
		}
	}
	for _, s := range v.Statuses {
		p.status(s)
	}
	for _, e := range v.Errors {
		p.trouble(e)
	}
	for _, u := range v.UserPreferences {
		p.preference(u)
	}
	for _, u := range v.UserIDUpdates {
		p.userIDUpdate(u)
	}
	if p.found() == before {
		p.noted(string(c.Field), raw)
	}
}

func (p *parser) found() int {
	return len(p.batch.Messages) + len(p.batch.Reports) + len(p.batch.Events) + len(p.batch.Unusable)
}

func (p *parser) unusable(reason string, body []byte) {
	p.batch.Unusable = append(p.batch.Unusable, provider.Unusable{Reason: reason, Body: provider.CleanRaw(body, maxRaw)})
}

// foreign keeps what names another number or account; the engine knows whether it has a channel of its own.
func (p *parser) foreign(addressee string, raw json.RawMessage) {
	p.unusable("foreign_number", raw)
	p.batch.Unusable[len(p.batch.Unusable)-1].Addressee = provider.Clean(addressee, 64)
}

// how tells by which field a message came.
type how uint8

const (
	arrived how = iota
	echoed
	remembered
)

// message reads one message.
func (p *parser) message(raw json.RawMessage, contacts []contact, by how) {
	var m provider.Part[message]
	if json.Unmarshal(raw, &m) != nil || !m.Given {
		p.unusable("not_understood", raw)
		return
	}
	p.read(m.Value, raw, contacts, by)
}

// past reads a message of the history; the thread names the customer in any case.
func (p *parser) past(raw json.RawMessage, customer provider.Word, contacts []contact) {
	var m provider.Part[message]
	if json.Unmarshal(raw, &m) != nil || !m.Given {
		p.unusable("not_understood", raw)
		return
	}
	if p.ours(m.Value.From) {
		m.Value.To = customer
		m.Value.outgoing = true
	} else if m.Value.From == "" {
		m.Value.From = customer
	}
	p.read(m.Value, raw, contacts, remembered)
}

func (p *parser) ours(name provider.Word) bool {
	return name != "" && strings.TrimPrefix(string(name), "+") == p.ch.Number
}

func (p *parser) read(m message, raw json.RawMessage, contacts []contact, by how) {
	if !provider.IsMessageID(string(m.ID)) {
		p.unusable("bad_message_id", raw)
		return
	}
	echo := by == echoed || m.outgoing
	name, userID := m.From, m.FromUserID
	if echo {
		name, userID = m.To, m.ToUserID
	}
	c := whose(contacts, name, userID)
	if userID == "" {
		userID = c.UserID
	}
	if name == "" {
		name = c.WaID
	}
	address, ok := provider.ReadAddress(userID, name)
	if !ok {
		p.unusable("bad_sender", raw)
		return
	}
	if address.Phone == p.ch.Number {
		p.unusable("echo", raw) // our own number as the customer is never answered
		return
	}
	if by == arrived && m.Type == "system" {
		p.system(m, address, raw)
		return
	}
	in := provider.Inbound{
		ProviderID: string(m.ID), From: address, To: p.ch.Number, Echo: echo, History: by == remembered,
		SentAt: provider.ClampTime(provider.ParseTime(m.Timestamp), p.r.ReceivedAt),
		Raw:    provider.CleanRaw(raw, maxRaw),
	}
	if at := provider.ParseTime(m.Timestamp); by == remembered && !at.IsZero() && at.Before(p.r.ReceivedAt) {
		in.SentAt = at // however long ago
	}
	if !echo {
		in.ProfileName = provider.CleanName(string(c.Profile.Value.Name))
	}
	m.describe(&in)
	in.Text = provider.Clean(in.Text, maxText)
	if m.Context.Value.ID != "" && in.Target == "" {
		in.ReplyTo = provider.Clean(string(m.Context.Value.ID), 512)
	}
	if len(m.Referral) > 0 && m.Referral[0] == '{' {
		in.Referral = provider.CleanRaw(m.Referral, maxRaw)
	}
	in.Silent = in.Silent || echo || in.History || m.GroupID != ""
	if in.Target == in.ProviderID { // an id of its own for what is about the very same id
		in.ProviderID = provider.Truncate(in.ProviderID, 450) + "#" + in.Type + "." + provider.Truncate(provider.CleanName(string(m.Timestamp)), 40)
	}
	p.batch.Messages = append(p.batch.Messages, in)
}

// whose finds the contact that belongs to a message: by id, or the only one when the message names nobody.
func whose(contacts []contact, name, userID provider.Word) contact {
	for _, c := range contacts {
		if c.WaID != "" && strings.TrimPrefix(string(c.WaID), "+") == strings.TrimPrefix(string(name), "+") ||
			c.UserID != "" && (c.UserID == userID || c.UserID == name) {
			return c
		}
	}
	if len(contacts) == 1 && name == "" && userID == "" {
		return contacts[0]
	}
	return contact{}
}
