package meta

import (
	"strconv"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// sendBody is a message in Meta's form; Type names the member that holds it.
type sendBody struct {
	Product      string           `json:"messaging_product"`
	Kind         string           `json:"recipient_type"`
	To           string           `json:"to,omitempty"`
	Recipient    string           `json:"recipient,omitempty"` // a user id, instead of a number
	CallbackData string           `json:"biz_opaque_callback_data"`
	Context      *replyTo         `json:"context,omitempty"`
	Type         string           `json:"type"`
	Text         *textContent     `json:"text,omitempty"`
	Image        *fileContent     `json:"image,omitempty"`
	Video        *fileContent     `json:"video,omitempty"`
	Document     *fileContent     `json:"document,omitempty"`
	Audio        *fileContent     `json:"audio,omitempty"`
	Sticker      *fileContent     `json:"sticker,omitempty"`
	Location     *locationContent `json:"location,omitempty"`
	Contacts     []cardContent    `json:"contacts,omitempty"`
	Reaction     *reactionContent `json:"reaction,omitempty"`
	Interactive  *tapContent      `json:"interactive,omitempty"`
	Template     *templateContent `json:"template,omitempty"`
}

func (b sendBody) to() string { return b.To + b.Recipient }

type replyTo struct {
	MessageID string `json:"message_id"`
}

type textContent struct {
	Body string `json:"body"`
}

type fileContent struct {
	ID       string `json:"id,omitempty"`
	Link     string `json:"link,omitempty"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
	Voice    bool   `json:"voice,omitempty"`
}

type locationContent struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
}

type cardContent struct {
	Name   cardName    `json:"name"`
	Phones []cardPhone `json:"phones,omitempty"`
	Emails []cardEmail `json:"emails,omitempty"`
}

type cardName struct {
	FormattedName string `json:"formatted_name"`
	FirstName     string `json:"first_name"`
}

type cardPhone struct {
	Phone string `json:"phone"`
	Type  string `json:"type"`
}

type cardEmail struct {
	Email string `json:"email"`
	Type  string `json:"type"`
}

type reactionContent struct {
	MessageID string `json:"message_id"`
	Emoji     string `json:"emoji"`
}

// compose writes a message as Meta wants it, or says why it never takes it.
func compose(msg provider.Message) (sendBody, error) {
	out := sendBody{Product: "whatsapp", Kind: "individual", CallbackData: msg.Key}
	if provider.IsUserID(msg.To) {
		out.Recipient = msg.To
	} else {
		out.To = msg.To
	}
	if msg.ReplyTo != "" {
		out.Context = &replyTo{msg.ReplyTo}
	}
	if err := msg.Fits(limits); err != nil {
		return out, err
	}
	switch {
	case msg.Template != nil:
		out.Type, out.Template = "template", templateOf(*msg.Template)
	case msg.Media != nil:
		out.media(*msg.Media)
	case msg.Interactive != nil:
		out.Type, out.Interactive = "interactive", tapOf(*msg.Interactive)
	case msg.Location != nil:
		l := locationContent(*msg.Location)
		out.Type, out.Location = "location", &l
	case len(msg.Contacts) > 0:
		out.Type = "contacts"
		for _, c := range msg.Contacts {
			out.Contacts = append(out.Contacts, cardOf(c))
		}
	case msg.Reaction != nil:
		out.Type, out.Reaction = "reaction", &reactionContent{msg.Reaction.Target, msg.Reaction.Emoji}
		out.Context = nil
	default:
		out.Type, out.Text = "text", &textContent{msg.Text}
	}
	return out, nil
}

// limits are Meta's own. Newer documents give a list's body 4,096 characters, older ones 1,024.
var limits = provider.Bounds{
	Limits: provider.Limits{Text: 4096, Caption: 1024}, FlowLabel: 30,
	Kinds: []string{"image", "video", "document", "audio", "voice", "sticker"}, Captions: []string{"image", "video", "document"},
}

func (b *sendBody) media(m provider.Media) {
	content := fileContent{Caption: m.Caption}
	content.ID, content.Link = m.Source()
	b.Type = m.Kind
	switch m.Kind {
	case "image":
		b.Image = &content
	case "video":
		b.Video = &content
	case "document":
		content.Filename = m.Filename
		b.Document = &content
	case "sticker":
		b.Sticker = &content
	default: // audio, voice
		content.Voice = m.Kind == "voice"
		b.Type, b.Audio = "audio", &content
	}
}

func cardOf(c provider.ContactCard) cardContent {
	out := cardContent{Name: cardName{FormattedName: c.Name, FirstName: c.FirstName}}
	for _, phone := range c.Phones {
		out.Phones = append(out.Phones, cardPhone{phone, "CELL"})
	}
	for _, email := range c.Emails {
		out.Emails = append(out.Emails, cardEmail{email, "WORK"})
	}
	return out
}

type templateContent struct {
	Name       string              `json:"name"`
	Language   templateLanguage    `json:"language"`
	Components []templateComponent `json:"components,omitempty"`
}

type templateLanguage struct {
	Policy string `json:"policy"`
	Code   string `json:"code"`
}

type templateComponent struct {
	Type       string           `json:"type"`
	SubType    string           `json:"sub_type,omitempty"`
	Index      string           `json:"index,omitempty"`
	Parameters []map[string]any `json:"parameters"`
}

func templateOf(t provider.Template) *templateContent {
	out := &templateContent{Name: t.Name, Language: templateLanguage{"deterministic", t.Language}}
	add := func(c templateComponent) { out.Components = append(out.Components, c) }
	switch {
	case t.HeaderMedia != nil:
		add(templateComponent{Type: "header", Parameters: []map[string]any{headerOf(*t.HeaderMedia)}})
	case t.HeaderText != "":
		add(templateComponent{Type: "header", Parameters: []map[string]any{{"type": "text", "text": t.HeaderText}}})
	}
	if len(t.Placeholders) > 0 {
		body := templateComponent{Type: "body"}
		for _, value := range t.Placeholders {
			body.Parameters = append(body.Parameters, map[string]any{"type": "text", "text": value})
		}
		add(body)
	}
	for _, b := range t.Buttons {
		parameter := map[string]any{"type": "text", "text": b.Value}
		switch b.Kind {
		case "quick_reply":
			parameter = map[string]any{"type": "payload", "payload": b.Value}
		case "copy_code":
			parameter = map[string]any{"type": "coupon_code", "coupon_code": b.Value}
		}
		add(templateComponent{Type: "button", SubType: b.Kind, Index: strconv.Itoa(b.Index), Parameters: []map[string]any{parameter}})
	}
	return out
}

// headerOf is a file above a template or a choice.
func headerOf(m provider.Media) map[string]any {
	file := fileContent{}
	if file.ID, file.Link = m.Source(); m.Kind == "document" {
		file.Filename = m.Filename
	}
	return map[string]any{"type": m.Kind, m.Kind: file}
}

type tapContent struct {
	Type   string         `json:"type"`
	Header map[string]any `json:"header,omitempty"`
	Body   textBlock      `json:"body"`
	Footer *textBlock     `json:"footer,omitempty"`
	Action map[string]any `json:"action"`
}

type textBlock struct {
	Text string `json:"text"`
}

type row struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

type section struct {
	Title string `json:"title,omitempty"`
	Rows  []row  `json:"rows"`
}

func tapOf(i provider.Interactive) *tapContent {
	out := &tapContent{Body: textBlock{i.Body}}
	if i.Footer != "" {
		out.Footer = &textBlock{i.Footer}
	}
	switch {
	case i.HeaderMedia != nil:
		out.Header = headerOf(*i.HeaderMedia)
	case i.Header != "":
		out.Header = map[string]any{"type": "text", "text": i.Header}
	}
	switch {
	case len(i.Buttons) > 0:
		buttons := make([]map[string]any, 0, len(i.Buttons))
		for _, b := range i.Buttons {
			buttons = append(buttons, map[string]any{"type": "reply", "reply": map[string]string{"id": b.ID, "title": b.Title}})
		}
		out.Type, out.Action = "button", map[string]any{"buttons": buttons}
	case len(i.Sections) > 0:
		sections := make([]section, 0, len(i.Sections))
		for _, s := range i.Sections {
			one := section{Title: s.Title}
			for _, r := range s.Rows {
				one.Rows = append(one.Rows, row(r))
			}
			sections = append(sections, one)
		}
		out.Type, out.Action = "list", map[string]any{"button": i.Label, "sections": sections}
	case i.Link != nil:
		out.Type = "cta_url"
		out.Action = map[string]any{"name": "cta_url", "parameters": map[string]string{"display_text": i.Link.Label, "url": i.Link.URL}}
	case i.Flow != nil:
		out.Type, out.Action = "flow", map[string]any{"name": "flow", "parameters": flowOf(*i.Flow)}
	default:
		out.Type, out.Action = "location_request_message", map[string]any{"name": "send_location"}
		out.Header, out.Footer = nil, nil
	}
	return out
}

func flowOf(f provider.Flow) map[string]any {
	out := map[string]any{"flow_message_version": "3", "flow_id": f.ID, "flow_token": f.Token, "flow_cta": f.Label, "flow_action": "data_exchange"}
	if f.Draft {
		out["mode"] = "draft"
	}
	if f.Screen != "" {
		payload := map[string]any{"screen": f.Screen}
		if len(f.Data) > 0 && strings.TrimSpace(string(f.Data)) != "{}" {
			payload["data"] = f.Data
		}
		out["flow_action"], out["flow_action_payload"] = "navigate", payload
	}
	return out
}
