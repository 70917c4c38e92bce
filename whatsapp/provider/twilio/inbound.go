package twilio

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// What is kept of one webhook at most; WhatsApp's own texts are far shorter.
const (
	maxText  = 65_536
	maxRaw   = 128 << 10
	maxMedia = 10 // Twilio's own limit
)

// Parse implements provider.Provider. One form is one message or one report; a message with several files becomes one
// [provider.Inbound] for each, the later ones with the message's id, a slash and a number, so that each file is fetched,
// shown and erased by itself.
func (*Provider) Parse(_ provider.Channel, r provider.Request) (provider.Batch, error) {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil && !json.Valid(r.Body) {
		return provider.Batch{}, provider.ErrNotJSON.Because(err)
	}
	if err != nil || !form.Has("MessageSid") && !form.Has("SmsSid") {
		return discard("unknown_event", provider.CleanRaw(r.Body, maxRaw)), nil //nolint:nilerr // kept and shown
	}
	p := params{form}
	raw := p.raw()
	id := p.id()
	status := p.get("MessageStatus")
	if status == "" {
		status = p.get("SmsStatus")
	}
	switch {
	case id == "":
		return discard("bad_message_id", raw), nil
	case status != "" && status != "received" && p.get("SmsStatus") != "received":
		return provider.Batch{Reports: []provider.Report{report(p, id, status, raw, r)}}, nil
	case status == "" && !form.Has("Body") && !form.Has("NumMedia"):
		return discard("unknown_event", raw), nil
	}
	messages, reason := inbound(p, id, raw, r)
	if reason != "" {
		return discard(reason, raw), nil
	}
	return provider.Batch{Messages: messages}, nil
}

func discard(reason, raw string) provider.Batch {
	return provider.Batch{Unusable: []provider.Unusable{{Reason: reason, Body: raw}}}
}

// params are a form's parameters, cleaned as they are read.
type params struct{ form url.Values }

func (p params) get(name string) string { return provider.Clean(p.form.Get(name), 2048) }

// id is the message's SID. It is opaque, but part of a path when a sign of writing is shown.
func (p params) id() string {
	id := p.form.Get("MessageSid")
	if id == "" {
		id = p.form.Get("SmsSid")
	}
	if !sid.MatchString(id) {
		return ""
	}
	return id
}

// raw writes the form as JSON, which is what the rest of the house keeps.
func (p params) raw() string {
	object := make(map[string]any, len(p.form))
	for name, values := range p.form {
		cleaned := make([]string, len(values))
		for i, v := range values {
			cleaned[i] = provider.Clean(v, maxText)
		}
		if name = provider.Clean(name, 200); len(cleaned) == 1 {
			object[name] = cleaned[0]
		} else {
			object[name] = cleaned
		}
	}
	text, _ := json.Marshal(object) // strings always can be
	return provider.CleanRaw(text, maxRaw)
}

var (
	sid   = regexp.MustCompile(`^[A-Za-z0-9]{2,64}$`)
	phone = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
	// A business-scoped user id: a country, perhaps ENT for a parent, and up to 128 letters and digits.
	userID = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`)
)

// bare takes the channel's name off an address; old senders leave it out.
func bare(address string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(address), "whatsapp:"))
}

func digits(address string) string { return strings.TrimPrefix(bare(address), "+") }

// sender reads who wrote: From is a phone or a user id, and the other may stand beside it. An id of another form than the
// documented one is dropped where a phone is there; as From it is refused rather than guessed at.
func sender(p params) (a provider.Address, ok bool) {
	switch from := bare(p.get("From")); {
	case phone.MatchString(from):
		a.Phone = strings.TrimPrefix(from, "+")
	case userID.MatchString(from):
		a.UserID = from
		if id := p.get("WaId"); phone.MatchString(id) {
			a.Phone = strings.TrimPrefix(id, "+")
		}
	default:
		return a, false
	}
	if id := bare(p.get("ExternalUserId")); userID.MatchString(id) {
		a.UserID = id
	}
	return a, true
}

func inbound(p params, id, raw string, r provider.Request) (messages []provider.Inbound, unusableBecause string) {
	address, ok := sender(p)
	if !ok {
		return nil, "bad_sender"
	}
	first := provider.Inbound{
		ProviderID:  id,
		From:        address,
		To:          digits(p.get("To")),
		ProfileName: provider.CleanName(p.form.Get("ProfileName")),
		ReplyTo:     p.get("OriginalRepliedMessageSid"),
		Referral:    p.referral(),
		SentAt:      provider.ClampTime(r.ReceivedAt, r.ReceivedAt), // Twilio says no time
		Raw:         raw,
	}
	if address.Phone != "" && address.Phone == first.To {
		return nil, "echo" // our own number as the sender is never answered
	}
	files := p.files()
	p.describe(&first, files)
	messages = append(messages, first)
	for i := 1; i < len(files); i++ {
		next := first
		next.ProviderID = id + "/" + strconv.Itoa(i)
		next.ReplyTo, next.Referral, next.Choice = "", "", ""
		next.Media = files[i]
		next.Type = kindOf(files[i])
		next.Text, next.Readable = "["+next.Type+"]", false
		messages = append(messages, next)
	}
	return messages, ""
}

// messageOf is the SID of the message that an inbound's id came from.
func messageOf(providerID string) string {
	id, _, _ := strings.Cut(providerID, "/")
	return id
}

// report reads a status callback. The key that we put into the address finds the message even if the answer to our call,
// and with it the SID, was lost.
func report(p params, id, status, raw string, r provider.Request) provider.Report {
	out := provider.Report{Key: id, Mark: "status:" + provider.Truncate(provider.CleanName(status), 40), At: r.ReceivedAt.UTC(), Raw: raw}
	if ours := keyIn(r.URL); ours != "" {
		out.Key, out.ProviderID = ours, id
	}
	out.State = states[status]
	if out.State == provider.StateFailed {
		m := meaningOf(p.get("ErrorCode"))
		if status == "canceled" {
			m = meaning{sentence: "The message was cancelled before it was sent."}
		}
		out.Detail, out.Effect = m.sentence, m.effect
	}
	return out
}

// keyParameter carries our own id of a message in the address of its reports.
const keyParameter = "message"

func keyIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	key := u.Query().Get(keyParameter)
	if _, err := flomastr.ParseID[flomastr.MessageID](key); err != nil {
		return ""
	}
	return key
}

func withKey(address, key string) string {
	if address == "" {
		return ""
	}
	mark := "?"
	if strings.Contains(address, "?") {
		mark = "&"
	}
	return address + mark + keyParameter + "=" + url.QueryEscape(key)
}
