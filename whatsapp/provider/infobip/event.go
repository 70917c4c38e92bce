package infobip

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// notification is what comes by subscription alone, in a body without results: news of a template, or, with the sender as
// from, of a customer.
type notification struct {
	TemplateID   provider.Word `json:"messageTemplateId"`
	TemplateName provider.Word `json:"messageTemplateName"`
	Language     provider.Word `json:"messageTemplateLanguage"`
	Timestamp    provider.Word `json:"timestamp"`
	Change       provider.Part[struct {
		Type        provider.Word `json:"type"`
		NewStatus   provider.Word `json:"newStatus"`
		Reason      provider.Word `json:"reason"`
		NewCategory provider.Word `json:"newCategory"`
		NewQuality  provider.Word `json:"newQualityScore"`
	}] `json:"change"`

	From    provider.Word `json:"from"`
	Content provider.Part[struct {
		Type        provider.Word `json:"type"`
		From        provider.Word `json:"from"`
		Marketing   provider.Word `json:"notificationMessagesStatus"`
		Description provider.Word `json:"description"`
		UserNumber  provider.Word `json:"userNumber"`
		UserID      provider.Word `json:"userId"`
		Hash        provider.Word `json:"hash"`
	}] `json:"content"`
	CreatedAt provider.Word `json:"createdAt"`
}

func news(batch *provider.Batch, ch provider.Channel, r provider.Request) {
	var n notification
	_ = json.Unmarshal(r.Body, &n) // it is an object, and its members are lenient
	sum := sha256.Sum256(r.Body)
	e := provider.Event{
		Mark: hex.EncodeToString(sum[:16]), Severity: provider.Info, Raw: provider.CleanRaw(r.Body, maxRaw),
		At: provider.ClampTime(provider.ParseTime(n.Timestamp+n.CreatedAt), r.ReceivedAt),
	}
	var reason string
	switch {
	case n.Change.Given:
		reason = n.template(&e)
	case !n.Content.Given:
		reason = "unknown_event"
	case strings.TrimPrefix(string(n.From), "+") != ch.Number:
		reason = "foreign_number"
	default:
		reason = n.customer(&e)
	}
	if reason != "" {
		batch.Unusable = append(batch.Unusable, unusable(reason, r.Body))
		return
	}
	e.Detail = provider.Clean(e.Detail, 1000)
	batch.Events = append(batch.Events, e)
}

// stops are the states of a template that may not be used.
var stops = map[string]bool{
	"rejected": true, "pending_deletion": true, "deleted": true, "flagged": true, "first_paused": true, "second_paused": true, "disabled": true,
}

func (n notification) template(e *provider.Event) (unusableBecause string) {
	e.Kind = provider.TemplateChanged
	e.Template = provider.TemplateState{
		ID: provider.Clean(string(n.TemplateID), 100), Name: provider.Clean(string(n.TemplateName), 512), Language: provider.Clean(string(n.Language), 20),
	}
	if e.Template.ID == "" && e.Template.Name == "" {
		return "bad_template"
	}
	c, t := n.Change.Value, &e.Template
	lower := func(w provider.Word) string { return strings.ToLower(provider.CleanName(string(w))) }
	switch c.Type {
	case "TEMPLATE_STATUS_UPDATE":
		t.Status = lower(c.NewStatus)
		if c.Reason != "NONE" {
			t.Reason = provider.CleanName(string(c.Reason))
		}
		e.Detail = "The template " + t.Name + " is " + strings.ReplaceAll(t.Status, "_", " ") + "."
		if stops[t.Status] {
			e.Severity = provider.Warning
		}
		if t.Status == "first_paused" || t.Status == "second_paused" {
			t.Status = "paused"
		}
	case "TEMPLATE_CATEGORY_UPDATE":
		t.Category = lower(c.NewCategory)
		e.Detail = "The template " + t.Name + " counts as " + t.Category + " now."
	case "TEMPLATE_QUALITY_UPDATE":
		t.Quality = lower(c.NewQuality)
		e.Detail = "The quality of the template " + t.Name + " is " + t.Quality + "."
	default:
		e.Kind, e.Detail = provider.Noted, "Infobip told of the template "+t.Name+"."
	}
	return ""
}

func (n notification) customer(e *provider.Event) (unusableBecause string) {
	c := n.Content.Value
	who, ok := provider.ReadAddress(c.UserID, c.From, c.UserNumber)
	if !ok {
		return "bad_sender"
	}
	e.Contact, e.Kind, e.Detail = who, provider.Noted, string(c.Description)
	switch {
	case c.Marketing == "stop":
		e.Kind = provider.MarketingStopped
	case c.Marketing == "resume":
		e.Kind = provider.MarketingResumed
	case c.Type == "user_identity_changed":
		e.Kind, e.Severity = provider.IdentityChanged, provider.Warning
	case c.Type == "payment":
		e.Detail = "Infobip told of a payment."
	}
	return ""
}
