package infobip

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

// Parse implements provider.Provider. One envelope holds any number of results, of any kind: each says by its own
// members what it is, never the path it came by.
func (*Provider) Parse(ch provider.Channel, r provider.Request) (provider.Batch, error) {
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
	if !ok {
		news(&batch, ch, r)
		return batch, nil
	}
	if json.Unmarshal(raw, &results) != nil || results == nil {
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
	From       provider.Word             `json:"from"`
	To         provider.Word             `json:"to"`
	MessageID  provider.Word             `json:"messageId"`
	ReceivedAt provider.Word             `json:"receivedAt"`
	Message    provider.Part[message]    `json:"message"`
	Contact    provider.Part[contact]    `json:"contact"`
	Status     provider.Part[status]     `json:"status"`
	Error      provider.Part[status]     `json:"error"`
	SeenAt     provider.Word             `json:"seenAt"`
	DoneAt     provider.Word             `json:"doneAt"`
	SentAt     provider.Word             `json:"sentAt"`
	Event      provider.Word             `json:"event"` // the Messages API: MO, DELIVERY, SEEN
	Sender     provider.Word             `json:"sender"`
	Dest       provider.Word             `json:"destination"`
	Content    provider.List[contentBit] `json:"content"`
}

type contact struct {
	Name        provider.Word `json:"name"`
	PhoneNumber provider.Word `json:"phoneNumber"`
	UserID      provider.Word `json:"userId"`
}

func parseResult(batch *provider.Batch, element json.RawMessage, r provider.Request) {
	var res result
	if len(element) == 0 || element[0] != '{' || json.Unmarshal(element, &res) != nil {
		batch.Unusable = append(batch.Unusable, unusable("not_understood", element))
		return
	}
	switch {
	case res.Message.Given || res.Event == "MO":
		in, reason := inbound(res, element, r)
		if reason != "" {
			batch.Unusable = append(batch.Unusable, unusable(reason, element))
			return
		}
		batch.Messages = append(batch.Messages, in)
	case (res.SeenAt != "" || res.Event == "SEEN") && provider.IsMessageID(string(res.MessageID)):
		batch.Reports = append(batch.Reports, seen(res, element, r))
	case res.Status.Given && provider.IsMessageID(string(res.MessageID)):
		batch.Reports = append(batch.Reports, delivery(res, element, r))
	default:
		batch.Unusable = append(batch.Unusable, unusable("unknown_event", element))
	}
}

func inbound(res result, element json.RawMessage, r provider.Request) (in provider.Inbound, unusableBecause string) {
	from, to := res.From, res.To
	if res.Event == "MO" {
		from, to = res.Sender, res.Dest
	}
	id := string(res.MessageID)
	if !provider.IsMessageID(id) {
		return in, "bad_message_id"
	}
	address, ok := provider.ReadAddress(res.Contact.Value.UserID, from, res.Contact.Value.PhoneNumber)
	if !ok {
		return in, "bad_sender"
	}
	in = provider.Inbound{
		ProviderID:  id,
		From:        address,
		To:          strings.TrimPrefix(string(to), "+"),
		ProfileName: provider.CleanName(string(res.Contact.Value.Name)),
		SentAt:      provider.ClampTime(provider.ParseTime(res.ReceivedAt), r.ReceivedAt),
		Raw:         provider.CleanRaw(element, maxRaw),
	}
	if address.Phone != "" && address.Phone == in.To {
		return in, "echo" // our own number as the sender is never answered
	}
	m := res.Message.Value
	if !res.Message.Given {
		m = fromContent(res.Content)
	}
	m.describe(&in)
	in.Text = provider.Clean(in.Text, maxText)
	if in.Target == "" {
		in.ReplyTo = provider.Clean(string(m.Context.Value.ID), 512)
	}
	if len(m.Referral) > 0 && m.Referral[0] == '{' {
		in.Referral = provider.CleanRaw(m.Referral, maxRaw)
	}
	in.Silent = in.Silent || m.Context.Value.GroupID != ""
	return in, ""
}

func seen(res result, element json.RawMessage, r provider.Request) provider.Report {
	return provider.Report{
		Key:   provider.Clean(string(res.MessageID), 512),
		Mark:  "seen",
		State: provider.StateRead,
		At:    provider.ClampTime(provider.ParseTime(res.SeenAt), r.ReceivedAt),
		Raw:   provider.CleanRaw(element, maxRaw),
	}
}

func delivery(res result, element json.RawMessage, r provider.Request) provider.Report {
	at := provider.ParseTime(res.DoneAt)
	if at.IsZero() {
		at = provider.ParseTime(res.SentAt)
	}
	report := provider.Report{
		Key: provider.Clean(string(res.MessageID), 512),
		At:  provider.ClampTime(at, r.ReceivedAt),
		Raw: provider.CleanRaw(element, maxRaw),
	}
	verdict := judge(res.Status.Value, res.Error.Value)
	report.Mark = "delivery:" + provider.Truncate(provider.CleanName(verdict.mark), 40)
	report.State, report.Detail, report.Effect = verdict.state, verdict.sentence, verdict.effect
	return report
}

func unusable(reason string, body []byte) provider.Unusable {
	return provider.Unusable{Reason: reason, Body: provider.CleanRaw(body, maxRaw)}
}
