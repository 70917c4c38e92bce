package infobip

import (
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

type headerContent struct {
	Type        string `json:"type"`
	Text        string `json:"text,omitempty"`
	MediaURL    string `json:"mediaUrl,omitempty"`
	Filename    string `json:"filename,omitempty"`
	Placeholder string `json:"placeholder,omitempty"` // of a template's
}

type textPart struct {
	Text string `json:"text"`
}

type interactiveContent struct {
	Header *headerContent `json:"header,omitempty"`
	Body   textPart       `json:"body"`
	Footer *textPart      `json:"footer,omitempty"`
	Action map[string]any `json:"action,omitempty"`
}

// interactive writes a message with something to tap, and names its path.
func interactive(m *provider.Interactive) (path string, content interactiveContent, refusal error) {
	content.Body.Text = m.Body
	if m.Footer != "" {
		content.Footer = &textPart{m.Footer}
	}
	content.Header = header(m.Header, m.HeaderMedia)
	switch {
	case len(m.Buttons) > 0:
		buttons := make([]map[string]string, len(m.Buttons))
		for i, b := range m.Buttons {
			buttons[i] = map[string]string{"type": "REPLY", "id": b.ID, "title": b.Title}
		}
		content.Action = map[string]any{"buttons": buttons}
		return "interactive/buttons", content, nil
	case len(m.Sections) > 0:
		content.Action = map[string]any{"title": m.Label, "sections": m.Sections}
		return "interactive/list", content, nil
	case m.Link != nil:
		content.Action = map[string]any{"displayText": m.Link.Label, "url": m.Link.URL}
		return "interactive/url-button", content, nil
	case m.Flow != nil:
		content.Action = flow(m.Flow)
		return "interactive/flow", content, nil
	case m.AskLocation:
		return "interactive/location-request", interactiveContent{Body: content.Body}, nil
	}
	return "", content, provider.RefusedMessage("The message has nothing to tap.")
}

func flow(f *provider.Flow) map[string]any {
	action := map[string]any{"flowId": f.ID, "flowToken": f.Token, "callToActionButton": f.Label, "mode": "PUBLISHED", "flowAction": "DATA_EXCHANGE"}
	if f.Draft {
		action["mode"] = "DRAFT"
	}
	if f.Screen != "" {
		payload := map[string]any{"screen": f.Screen}
		if len(f.Data) > 0 {
			payload["data"] = f.Data
		}
		action["flowAction"], action["flowActionPayload"] = "NAVIGATE", payload
	}
	return action
}

func header(text string, media *provider.Media) *headerContent {
	switch {
	case media != nil:
		return &headerContent{Type: strings.ToUpper(media.Kind), MediaURL: media.URL, Filename: media.Filename}
	case text != "":
		return &headerContent{Type: "TEXT", Text: text}
	}
	return nil
}

type contactCard struct {
	Name struct {
		First string `json:"firstName"`
		Whole string `json:"formattedName"`
	} `json:"name"`
	Phones []map[string]string `json:"phones,omitempty"`
	Emails []map[string]string `json:"emails,omitempty"`
}

func cards(contacts []provider.ContactCard) map[string]any {
	list := make([]contactCard, len(contacts))
	for i, c := range contacts {
		list[i].Name.First, list[i].Name.Whole = c.FirstName, c.Name
		for _, phone := range c.Phones {
			list[i].Phones = append(list[i].Phones, map[string]string{"phone": phone, "type": "CELL"})
		}
		for _, email := range c.Emails {
			list[i].Emails = append(list[i].Emails, map[string]string{"email": email, "type": "WORK"})
		}
	}
	return map[string]any{"contacts": list}
}

// template writes a template with the values for its parts.
func template(t *provider.Template) templateContent {
	content := templateContent{TemplateName: t.Name, Language: t.Language}
	content.TemplateData.Body.Placeholders = append([]string{}, t.Placeholders...)
	content.TemplateData.Header = header("", t.HeaderMedia)
	if t.HeaderText != "" {
		content.TemplateData.Header = &headerContent{Type: "TEXT", Placeholder: t.HeaderText}
	}
	for _, b := range t.Buttons {
		content.TemplateData.Buttons = append(content.TemplateData.Buttons, map[string]string{"type": strings.ToUpper(b.Kind), "parameter": b.Value})
	}
	return content
}
