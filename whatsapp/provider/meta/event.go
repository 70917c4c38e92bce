package meta

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// status is what Meta reports of a message of ours.
type status struct {
	ID           provider.Word             `json:"id"`
	Type         provider.Word             `json:"type"`
	Status       provider.Word             `json:"status"`
	Timestamp    provider.Word             `json:"timestamp"`
	CallbackData provider.Word             `json:"biz_opaque_callback_data"`
	Errors       provider.List[graphError] `json:"errors"`
}

// states are those that move a message; others are recorded.
var states = map[provider.Word]provider.State{
	"sent": provider.StateSent, "delivered": provider.StateDelivered, "read": provider.StateRead, "played": provider.StateRead,
	"failed": provider.StateFailed,
}

func (p *parser) status(raw json.RawMessage) {
	var s provider.Part[status]
	if json.Unmarshal(raw, &s) != nil || !s.Given {
		p.unusable("not_understood", raw)
		return
	}
	if s.Value.Type == "call" { // ringing and the like: no message's state
		p.noted("call", raw)
		return
	}
	key, theirs := string(s.Value.CallbackData), string(s.Value.ID)
	if !provider.IsMessageID(theirs) {
		theirs = ""
	}
	if !provider.IsMessageID(key) {
		key, theirs = theirs, ""
	}
	if !provider.IsMessageID(key) || s.Value.Status == "" {
		p.unusable("bad_report", raw)
		return
	}
	report := provider.Report{
		Key: key, ProviderID: theirs, Mark: provider.Truncate(provider.CleanName(string(s.Value.Status)), 40), State: states[s.Value.Status],
		At: provider.ClampTime(provider.ParseTime(s.Value.Timestamp), p.r.ReceivedAt), Raw: provider.CleanRaw(raw, maxRaw),
	}
	if report.Mark == "" {
		p.unusable("bad_report", raw)
		return
	}
	if report.State == provider.StateFailed {
		report.Detail = "WhatsApp could not deliver the message."
		if len(s.Value.Errors) > 0 {
			m := s.Value.Errors[0].judge()
			report.Detail, report.Effect = m.sentence, m.effect
		}
	}
	p.batch.Reports = append(p.batch.Reports, report)
}

// event adds an event, with the element's own digest as its mark where it has no id.
func (p *parser) event(e provider.Event, mark string, raw json.RawMessage) {
	if mark == "" {
		sum := sha256.Sum256(raw)
		mark = hex.EncodeToString(sum[:16])
	}
	if e.At.IsZero() {
		e.At = p.r.ReceivedAt
	}
	if e.Severity == "" {
		e.Severity = provider.Info
	}
	e.At = provider.ClampTime(e.At, p.r.ReceivedAt)
	e.Mark, e.Detail, e.Raw = provider.Clean(string(e.Kind)+":"+mark, 200), provider.Clean(e.Detail, 1000), provider.CleanRaw(raw, maxRaw)
	p.batch.Events = append(p.batch.Events, e)
}

func (p *parser) noted(field string, raw json.RawMessage) {
	name := provider.CleanName(field)
	if name == "" {
		name = "something without a name"
	}
	p.event(provider.Event{Kind: provider.Noted, Detail: "Meta told of " + name + "."}, "", raw)
}

// trouble is an error that Meta reports of the number as a whole.
func (p *parser) trouble(raw json.RawMessage) {
	var e provider.Part[graphError]
	if json.Unmarshal(raw, &e) != nil || !e.Given {
		p.unusable("not_understood", raw)
		return
	}
	m := e.Value.judge()
	severity := provider.Warning
	if m.effect == provider.PauseChannel {
		severity = provider.Urgent
	}
	p.event(provider.Event{Kind: provider.NumberChanged, Severity: severity, Detail: m.sentence}, "", raw)
}

// system is news of a customer, in the form of a message from them.
func (p *parser) system(m message, from provider.Address, raw json.RawMessage) {
	e := provider.Event{Contact: from, Detail: string(m.System.Value.Body), At: provider.ParseTime(m.Timestamp)}
	s := m.System.Value
	switch s.Type {
	case "user_changed_number", "user_changed_user_id":
		next := s.NewWaID
		if next == "" {
			next = s.WaID
		}
		now, ok := provider.ReadAddress(s.UserID, next)
		if !ok || now == from {
			p.unusable("bad_sender", raw)
			return
		}
		e.Kind, e.Previous, e.Contact = provider.ContactRenamed, from, now
	case "customer_identity_changed", "user_identity_changed":
		e.Kind, e.Severity = provider.IdentityChanged, provider.Warning
	default:
		e.Kind = provider.Noted
	}
	p.event(e, string(m.ID), raw)
}

// preference is a customer's word on marketing.
func (p *parser) preference(raw json.RawMessage) {
	var u provider.Part[struct {
		WaID      provider.Word `json:"wa_id"`
		UserID    provider.Word `json:"user_id"`
		Category  provider.Word `json:"category"`
		Value     provider.Word `json:"value"`
		Detail    provider.Word `json:"detail"`
		Timestamp provider.Word `json:"timestamp"`
	}]
	if json.Unmarshal(raw, &u) != nil || !u.Given {
		p.unusable("not_understood", raw)
		return
	}
	who, ok := provider.ReadAddress(u.Value.UserID, u.Value.WaID)
	if !ok {
		p.unusable("bad_sender", raw)
		return
	}
	e := provider.Event{Kind: provider.Noted, Contact: who, Detail: string(u.Value.Detail), At: provider.ParseTime(u.Value.Timestamp)}
	if u.Value.Category == "marketing_messages" {
		switch u.Value.Value {
		case "stop":
			e.Kind = provider.MarketingStopped
		case "resume":
			e.Kind = provider.MarketingResumed
		}
	}
	p.event(e, "", raw)
}

// userIDUpdate gives a customer's user id another value.
func (p *parser) userIDUpdate(raw json.RawMessage) {
	var u provider.Part[struct {
		WaID   provider.Word `json:"wa_id"`
		UserID provider.Part[struct {
			Previous provider.Word `json:"previous"`
			Current  provider.Word `json:"current"`
		}] `json:"user_id"`
		Timestamp provider.Word `json:"timestamp"`
	}]
	if json.Unmarshal(raw, &u) != nil || !u.Given {
		p.unusable("not_understood", raw)
		return
	}
	before, okBefore := provider.ReadAddress(u.Value.UserID.Value.Previous)
	now, okNow := provider.ReadAddress(u.Value.UserID.Value.Current, u.Value.WaID)
	if !okBefore || !okNow || now.UserID == "" || before.UserID == now.UserID {
		p.unusable("bad_sender", raw)
		return
	}
	p.event(provider.Event{Kind: provider.ContactRenamed, Previous: before, Contact: now, At: provider.ParseTime(u.Value.Timestamp)}, "", raw)
}

// accountNews is a change of a whole account, with the members of all fields side by side.
type accountNews struct {
	Event           provider.Word `json:"event"`
	TemplateID      provider.Word `json:"message_template_id"`
	TemplateName    provider.Word `json:"message_template_name"`
	Language        provider.Word `json:"message_template_language"`
	Reason          provider.Word `json:"reason"`
	NewCategory     provider.Word `json:"new_category"`
	PreviousQuality provider.Word `json:"previous_quality_score"`
	NewQuality      provider.Word `json:"new_quality_score"`
	CurrentLimit    provider.Word `json:"current_limit"`
	AlertSeverity   provider.Word `json:"alert_severity"`
	AlertText       provider.Word `json:"alert_description"`
	ShownNumber     provider.Word `json:"display_phone_number"`
	Number          provider.Word `json:"phone_number"`
}

func (p *parser) ofAccount(e entry, c change, raw json.RawMessage) {
	var news accountNews
	_ = json.Unmarshal(c.Value, &news) // it is an object, and its members are lenient
	event := provider.Event{At: provider.ParseTime(e.Time), Account: true, Number: digits(cmp.Or(news.ShownNumber, news.Number))}
	mark := "" // of the element and its time: the same may be told again a day later
	if e.Time != "" {
		sum := sha256.Sum256(append([]byte(e.Time+":"), raw...))
		mark = hex.EncodeToString(sum[:16])
	}
	template := provider.TemplateState{
		ID: provider.Clean(string(news.TemplateID), 100), Name: provider.Clean(string(news.TemplateName), 512), Language: provider.Clean(string(news.Language), 20),
	}
	told := strings.ToLower(provider.CleanName(string(news.Event)))
	switch c.Field {
	case "message_template_status_update":
		template.Status, template.Reason = told, reason(news.Reason)
		event.Kind, event.Template = provider.TemplateChanged, template
		event.Detail = "The template " + template.Name + " is " + strings.ReplaceAll(told, "_", " ") + "."
		if stops[told] {
			event.Severity = provider.Warning
		}
	case "template_category_update":
		template.Category = strings.ToLower(provider.CleanName(string(news.NewCategory)))
		event.Kind, event.Template = provider.TemplateChanged, template
		event.Detail = "The template " + template.Name + " counts as " + template.Category + " now."
	case "message_template_quality_update":
		template.Quality = strings.ToLower(provider.CleanName(string(news.NewQuality)))
		event.Kind, event.Template = provider.TemplateChanged, template
		event.Detail = "The quality of the template " + template.Name + " is " + template.Quality + "."
		if template.Quality == "red" {
			event.Severity = provider.Warning
		}
	case "phone_number_quality_update", "account_update", "account_alerts", "business_capability_update", "account_review_update", "security",
		"phone_number_name_update":
		event.Kind, event.Severity = provider.NumberChanged, severityOf(told, news.AlertSeverity)
		event.Recipients = recipients[strings.TrimPrefix(string(news.CurrentLimit), "TIER_")]
		event.Detail = strings.TrimSpace("Meta: " + strings.ReplaceAll(string(c.Field), "_", " ") + " " + strings.ReplaceAll(told, "_", " ") + " " +
			provider.CleanName(string(news.CurrentLimit)+" "+string(news.AlertText)))
	case "user_preferences", "user_id_update", "messages":
		p.unusable("no_number", raw)
		return
	default:
		p.noted(string(c.Field), raw)
		return
	}
	if event.Kind == provider.TemplateChanged && template.Name == "" && template.ID == "" {
		p.unusable("bad_template", raw)
		return
	}
	p.event(event, mark, raw)
}

// digits are those of a number as Meta shows it to people.
func digits(w provider.Word) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, provider.CleanName(string(w)))
}

func reason(w provider.Word) string {
	if s := provider.CleanName(string(w)); s != "NONE" {
		return s
	}
	return ""
}

// stops are the states of a template that may not be used.
var stops = map[string]bool{"rejected": true, "paused": true, "disabled": true, "flagged": true, "pending_deletion": true, "deleted": true}

// recipients is what Meta's tiers mean.
var recipients = map[string]int{
	"50": 50, "250": 250, "1K": 1000, "2K": 2000, "10K": 10_000, "100K": 100_000, "UNLIMITED": provider.Unlimited,
}

func severityOf(event string, alert provider.Word) provider.Severity {
	switch {
	case alert == "CRITICAL", strings.Contains(event, "disabled"), strings.Contains(event, "restriction"), strings.Contains(event, "violation"),
		strings.Contains(event, "deleted"), strings.Contains(event, "banned"), strings.Contains(event, "offboarded"):
		return provider.Urgent
	case alert == "WARNING", strings.Contains(event, "flagged"), strings.Contains(event, "downgrade"), strings.Contains(event, "rejected"):
		return provider.Warning
	default:
		return provider.Info
	}
}
