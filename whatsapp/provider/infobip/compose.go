package infobip

import (
	"encoding/json"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

type sendBody struct {
	From         string     `json:"from"`
	To           string     `json:"to"`
	MessageID    string     `json:"messageId"`
	Content      any        `json:"content"`
	CallbackData string     `json:"callbackData,omitempty"`
	URLOptions   *urlOption `json:"urlOptions,omitempty"`
	Context      *replyTo   `json:"context,omitempty"`
}

// urlOption keeps links as they were written: Infobip shortens and tracks them unless told otherwise.
type urlOption struct {
	ShortenURL  bool `json:"shortenUrl"`
	TrackClicks bool `json:"trackClicks"`
}

type replyTo struct {
	ReplyToMessageID string `json:"replyToMessageId"`
}

// limits are WhatsApp's; Infobip itself lets captions of 3,000 characters pass.
var limits = provider.Bounds{
	Limits: provider.Limits{Text: 4096, Caption: 1024}, FlowLabel: 20,
	Kinds: []string{"image", "video", "document", "audio", "voice", "sticker"}, Captions: []string{"image", "video", "document"},
}

// errNoReaction: the API has no call for it.
var errNoReaction = provider.RefusedMessage("Infobip cannot send reactions.")

// compose writes a message as Infobip wants it, under the call's last part, or says why it is never taken.
func compose(ch provider.Channel, msg provider.Message) (path string, body []byte, refusal error) {
	if err := msg.Fits(limits); err != nil {
		return "", nil, err
	}
	out := sendBody{From: ch.Number, To: msg.To, MessageID: msg.Key, CallbackData: msg.Key, URLOptions: &urlOption{}}
	if msg.ReplyTo != "" {
		out.Context = &replyTo{msg.ReplyTo}
	}
	var payload any = &out
	switch {
	case msg.Template != nil:
		path, out.Content = "template", templateOf(*msg.Template)
		payload = map[string][]*sendBody{"messages": {&out}}
	case msg.Media != nil:
		path, out.Content = mediaOf(*msg.Media)
	case msg.Interactive != nil:
		path, out.Content = tapOf(*msg.Interactive)
	case msg.Location != nil:
		path, out.Content = "location", *msg.Location
	case len(msg.Contacts) > 0:
		path, out.Content = "contact", cardsOf(msg.Contacts)
	case msg.Reaction != nil:
		return "", nil, errNoReaction
	default:
		path, out.Content = "text", map[string]any{"text": msg.Text}
	}
	if withoutLinks[path] {
		out.URLOptions = nil
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return "", nil, provider.RefusedMessage("The message cannot be written as JSON.")
	}
	return "/whatsapp/1/message/" + path, body, nil
}

// withoutLinks are the calls that take no urlOptions.
var withoutLinks = map[string]bool{"audio": true, "sticker": true, "location": true, "contact": true}

func mediaOf(m provider.Media) (path string, content map[string]any) {
	content = map[string]any{"mediaUrl": m.URL}
	if m.Caption != "" {
		content["caption"] = m.Caption
	}
	switch m.Kind {
	case "document":
		if m.Filename != "" {
			content["filename"] = m.Filename
		}
	case "voice":
		content["voice"] = true
		return "audio", content
	}
	return m.Kind, content
}

func cardsOf(cards []provider.ContactCard) map[string]any {
	list := make([]map[string]any, 0, len(cards))
	for _, c := range cards {
		card := map[string]any{"name": map[string]string{"firstName": c.FirstName, "formattedName": c.Name}}
		var phones, emails []map[string]string
		for _, phone := range c.Phones {
			phones = append(phones, map[string]string{"phone": phone, "type": "CELL"})
		}
		for _, email := range c.Emails {
			emails = append(emails, map[string]string{"email": email, "type": "WORK"})
		}
		if phones != nil {
			card["phones"] = phones
		}
		if emails != nil {
			card["emails"] = emails
		}
		list = append(list, card)
	}
	return map[string]any{"contacts": list}
}

func templateOf(t provider.Template) map[string]any {
	data := map[string]any{"body": map[string]any{"placeholders": append([]string{}, t.Placeholders...)}}
	switch {
	case t.HeaderMedia != nil:
		data["header"] = headerOf(*t.HeaderMedia)
	case t.HeaderText != "":
		data["header"] = map[string]string{"type": "TEXT", "placeholder": t.HeaderText}
	}
	var buttons []map[string]string
	for _, b := range t.Buttons { // those without a value are left out, the others in their order
		buttons = append(buttons, map[string]string{"type": strings.ToUpper(b.Kind), "parameter": b.Value})
	}
	if buttons != nil {
		data["buttons"] = buttons
	}
	return map[string]any{"templateName": t.Name, "language": t.Language, "templateData": data}
}

func headerOf(m provider.Media) map[string]string {
	header := map[string]string{"type": strings.ToUpper(m.Kind), "mediaUrl": m.URL}
	if m.Kind == "document" {
		if header["filename"] = m.Filename; m.Filename == "" {
			header["filename"] = "document"
		}
	}
	return header
}

func tapOf(i provider.Interactive) (path string, content map[string]any) {
	content = map[string]any{"body": map[string]string{"text": i.Body}}
	switch {
	case i.HeaderMedia != nil:
		content["header"] = headerOf(*i.HeaderMedia)
	case i.Header != "":
		content["header"] = map[string]string{"type": "TEXT", "text": i.Header}
	}
	if i.Footer != "" {
		content["footer"] = map[string]string{"text": i.Footer}
	}
	action := map[string]any{}
	switch {
	case len(i.Buttons) > 0:
		buttons := make([]map[string]string, 0, len(i.Buttons))
		for _, b := range i.Buttons {
			buttons = append(buttons, map[string]string{"type": "REPLY", "id": b.ID, "title": b.Title})
		}
		path, action["buttons"] = "interactive/buttons", buttons
	case len(i.Sections) > 0:
		path, action["title"], action["sections"] = "interactive/list", i.Label, i.Sections
	case i.Link != nil:
		path, action["displayText"], action["url"] = "interactive/url-button", i.Link.Label, i.Link.URL
	case i.Flow != nil:
		path, action = "interactive/flow", flowOf(*i.Flow)
	default: // it takes a body and nothing else
		return "interactive/location-request", map[string]any{"body": content["body"]}
	}
	content["action"] = action
	return path, content
}

func flowOf(f provider.Flow) map[string]any {
	out := map[string]any{"flowId": f.ID, "flowToken": f.Token, "callToActionButton": f.Label, "mode": "PUBLISHED", "flowAction": "DATA_EXCHANGE"}
	if f.Draft {
		out["mode"] = "DRAFT"
	}
	if f.Screen != "" {
		payload := map[string]any{"screen": f.Screen}
		if len(f.Data) > 0 && strings.TrimSpace(string(f.Data)) != "{}" {
			payload["data"] = f.Data
		}
		out["flowAction"], out["flowActionPayload"] = "NAVIGATE", payload
	}
	return out
}
