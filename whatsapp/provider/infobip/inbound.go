package infobip

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// maxText and maxRaw cap what is kept of one element; WhatsApp's own texts are far shorter.
const (
	maxText = 65_536
	maxRaw  = 128 << 10
)

// Parse implements provider.Provider. One envelope holds any number of results, of any kind: each says by its own
// members what it is, never the path it came by.
func (*Provider) Parse(_ provider.Channel, r provider.Request) (provider.Batch, error) {
	var batch provider.Batch
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &envelope); err != nil {
		if !json.Valid(r.Body) {
			return batch, provider.ErrNotJSON.Because(err)
		}
		batch.Unusable = append(batch.Unusable, unusable("unknown_envelope", r.Body)) // [], "text", 1, …
		return batch, nil
	}
	raw, ok := envelope["results"]
	var results []json.RawMessage
	if !ok || json.Unmarshal(raw, &results) != nil || results == nil {
		batch.Unusable = append(batch.Unusable, unusable("unknown_event", r.Body))
		return batch, nil //nolint:nilerr // kept and shown
	}
	for _, element := range results {
		parseResult(&batch, element, r)
	}
	return batch, nil
}

// result is one element of either dialect, with the members of all kinds side by side.
type result struct {
	From       word             `json:"from"`
	To         word             `json:"to"`
	MessageID  word             `json:"messageId"`
	ReceivedAt word             `json:"receivedAt"`
	Message    part[message]    `json:"message"`
	Contact    part[contact]    `json:"contact"`
	Status     part[status]     `json:"status"`
	Error      part[status]     `json:"error"`
	SeenAt     word             `json:"seenAt"`
	DoneAt     word             `json:"doneAt"`
	SentAt     word             `json:"sentAt"`
	Event      word             `json:"event"` // the Messages API: MO, DELIVERY, SEEN
	Sender     word             `json:"sender"`
	Dest       word             `json:"destination"`
	Content    list[contentBit] `json:"content"`
}

type contact struct {
	Name        word `json:"name"`
	PhoneNumber word `json:"phoneNumber"`
	UserID      word `json:"userId"`
}

func parseResult(batch *provider.Batch, element json.RawMessage, r provider.Request) {
	var res result
	if len(element) == 0 || element[0] != '{' || json.Unmarshal(element, &res) != nil {
		batch.Unusable = append(batch.Unusable, unusable("not_understood", element))
		return
	}
	switch {
	case res.Message.given || res.Event == "MO":
		in, reason := inbound(res, element, r)
		if reason != "" {
			batch.Unusable = append(batch.Unusable, unusable(reason, element))
			return
		}
		batch.Messages = append(batch.Messages, in)
	case (res.SeenAt != "" || res.Event == "SEEN") && res.MessageID != "":
		batch.Reports = append(batch.Reports, seen(res, element, r))
	case res.Status.given && res.MessageID != "":
		batch.Reports = append(batch.Reports, delivery(res, element, r))
	default:
		batch.Unusable = append(batch.Unusable, unusable("unknown_event", element))
	}
}

// A business-scoped user id: a country, perhaps ENT for a parent, and up to 128 letters and digits.
var userID = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`)

var phone = regexp.MustCompile(`^\+?[0-9]{5,20}$`)

func inbound(res result, element json.RawMessage, r provider.Request) (in provider.Inbound, unusableBecause string) {
	from, to := res.From, res.To
	if res.Event == "MO" {
		from, to = res.Sender, res.Dest
	}
	id := string(res.MessageID)
	if id == "" || len(id) > 512 || strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == '\uFFFD' }) {
		return in, "bad_message_id"
	}
	address, ok := sender(from, res.Contact.value)
	if !ok {
		return in, "bad_sender"
	}
	in = provider.Inbound{
		ProviderID:  id,
		From:        address,
		To:          strings.TrimPrefix(string(to), "+"),
		ProfileName: provider.CleanName(string(res.Contact.value.Name)),
		SentAt:      provider.ClampTime(parseTime(res.ReceivedAt), r.ReceivedAt),
		Raw:         provider.CleanRaw(element, maxRaw),
	}
	if address.Phone != "" && address.Phone == in.To {
		return in, "echo" // our own number as the sender is never answered
	}
	m := res.Message.value
	if !res.Message.given {
		m = fromContent(res.Content)
	}
	m.describe(&in)
	in.Text = provider.Clean(in.Text, maxText)
	in.ReplyTo = provider.Clean(string(m.Context.value.ID), 512)
	in.Silent = in.Silent || m.Context.value.GroupID != ""
	return in, ""
}

// sender reads who wrote: the user id where there is one, and the phone beside it or alone. An id of another form than
// the documented one is refused rather than guessed at.
func sender(from word, c contact) (a provider.Address, ok bool) {
	for _, candidate := range []word{c.UserID, from, c.PhoneNumber} {
		s := string(candidate)
		switch {
		case s == "":
		case userID.MatchString(s):
			if a.UserID == "" {
				a.UserID = s
			}
		case phone.MatchString(s) && candidate != c.UserID:
			if a.Phone == "" {
				a.Phone = strings.TrimPrefix(s, "+")
			}
		default:
			return a, false
		}
	}
	return a, a.UserID != "" || a.Phone != ""
}

func seen(res result, element json.RawMessage, r provider.Request) provider.Report {
	return provider.Report{
		Key:   provider.Clean(string(res.MessageID), 512),
		Mark:  "seen",
		State: provider.StateRead,
		At:    provider.ClampTime(parseTime(res.SeenAt), r.ReceivedAt),
		Raw:   provider.CleanRaw(element, maxRaw),
	}
}

func delivery(res result, element json.RawMessage, r provider.Request) provider.Report {
	at := parseTime(res.DoneAt)
	if at.IsZero() {
		at = parseTime(res.SentAt)
	}
	report := provider.Report{
		Key: provider.Clean(string(res.MessageID), 512),
		At:  provider.ClampTime(at, r.ReceivedAt),
		Raw: provider.CleanRaw(element, maxRaw),
	}
	verdict := judge(res.Status.value, res.Error.value)
	report.Mark = "delivery:" + provider.Truncate(verdict.mark, 40)
	report.State, report.Detail, report.Effect = verdict.state, verdict.sentence, verdict.effect
	return report
}

func unusable(reason string, body []byte) provider.Unusable {
	return provider.Unusable{Reason: reason, Body: provider.CleanRaw(body, maxRaw)}
}
