package httpapi

import (
	"cmp"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// Outgoing is a message to be sent; exactly one of its fields is set. It is exported because the frame reads the fields of
// exported embedded structs alone.
type Outgoing struct {
	Text        string            `json:"text,omitempty" maxLength:"4096"`
	Template    *outgoingTemplate `json:"template,omitempty"`
	Media       *outgoingMedia    `json:"media,omitempty"`
	Interactive *interactive      `json:"interactive,omitempty"`
	Location    *location         `json:"location,omitempty"`
	Contacts    []contactCard     `json:"contacts,omitempty" maxItems:"10"`
	Reaction    *reaction         `json:"reaction,omitempty"`
}

type outgoingTemplate struct {
	Name     string `json:"name" minLength:"1" maxLength:"512" pattern:"^[a-z0-9_]+$"`
	Language string `json:"language" minLength:"2" maxLength:"20"`
	TemplateValues
}

func (t outgoingTemplate) content() *whatsapp.Template { return new(t.template(t.Name, t.Language)) }

type outgoingMedia struct {
	ID       *flomastr.MediaID `json:"id,omitempty" format:"uuid" doc:"A file of this tenant's: of an upload, or of a message"`
	URL      string            `json:"url,omitempty" format:"uri" maxLength:"2048" doc:"Instead of an id: where the provider fetches it"`
	Type     string            `json:"type,omitempty" enum:"image,video,document,audio,voice,sticker" doc:"What it is to the customer; of an id, what it was uploaded as, of a url, a document"`
	Caption  string            `json:"caption,omitempty" maxLength:"1024" doc:"Under pictures and films, and under documents where the provider shows it"`
	Filename string            `json:"filename,omitempty" maxLength:"240" doc:"Of a document"`
}

func (m outgoingMedia) media() *whatsapp.Media {
	out := &whatsapp.Media{Kind: m.Type, Caption: m.Caption, Filename: m.Filename}
	if m.ID != nil && m.URL == "" {
		out.File = *m.ID
		return out
	}
	out.Kind, out.URL = cmp.Or(m.Type, "document"), m.URL
	if m.ID != nil {
		out.URL = "" // neither: it is refused for want of an address
	}
	return out
}

type interactive struct {
	Header      string         `json:"header,omitempty" maxLength:"60"`
	HeaderMedia *outgoingMedia `json:"header_media,omitempty" doc:"Above buttons: an image, a video or a document"`
	Body        string         `json:"body" minLength:"1" maxLength:"1024"`
	Footer      string         `json:"footer,omitempty" maxLength:"60"`
	Buttons     []choice       `json:"buttons,omitempty" maxItems:"50" doc:"Up to 3; up to 10 become a list, more a numbered text"`
	Label       string         `json:"label,omitempty" maxLength:"20" doc:"What opens the list"`
	Sections    []section      `json:"sections,omitempty" maxItems:"10" doc:"Of a list; more than 10 rows in all become a numbered text"`
	Link        *link          `json:"link,omitempty" doc:"A button that opens an address"`
	AskLocation bool           `json:"ask_location,omitempty" doc:"A button by which the customer tells where they are"`
}

type choice struct {
	ID          string `json:"id" minLength:"1" maxLength:"256" doc:"What comes back when it is tapped"`
	Title       string `json:"title" minLength:"1" maxLength:"24" doc:"20 characters on a button, 24 in a list"`
	Description string `json:"description,omitempty" maxLength:"72" doc:"In a list"`
}

type section struct {
	Title string   `json:"title,omitempty" maxLength:"24" doc:"Needed where there are several"`
	Rows  []choice `json:"rows" minItems:"1" maxItems:"50"`
}

type link struct {
	Label string `json:"label" minLength:"1" maxLength:"20"`
	URL   string `json:"url" format:"uri" maxLength:"2048"`
}

func (i interactive) content() *whatsapp.Interactive {
	out := &whatsapp.Interactive{Header: i.Header, Body: i.Body, Footer: i.Footer, Buttons: choices(i.Buttons), Label: i.Label, AskLocation: i.AskLocation}
	if i.HeaderMedia != nil {
		out.HeaderMedia = i.HeaderMedia.media()
	}
	for _, s := range i.Sections {
		out.Sections = append(out.Sections, whatsapp.Section{Title: s.Title, Rows: choices(s.Rows)})
	}
	if i.Link != nil {
		out.Link = new(whatsapp.Link(*i.Link))
	}
	return out
}

func choices(list []choice) (out []whatsapp.Choice) {
	for _, c := range list {
		out = append(out, whatsapp.Choice(c))
	}
	return out
}

// interactiveOf is what was sent, without the file above it, which stands beside the message.
func interactiveOf(i *whatsapp.Interactive) *interactive {
	if i == nil {
		return nil
	}
	out := &interactive{Header: i.Header, Body: i.Body, Footer: i.Footer, Label: i.Label, AskLocation: i.AskLocation}
	given := func(list []whatsapp.Choice) (rows []choice) {
		for _, c := range list {
			rows = append(rows, choice(c))
		}
		return rows
	}
	out.Buttons = given(i.Buttons)
	for _, s := range i.Sections {
		out.Sections = append(out.Sections, section{s.Title, given(s.Rows)})
	}
	if i.Link != nil {
		out.Link = new(link(*i.Link))
	}
	return out
}

type location struct {
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90"`
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180"`
	Name      string  `json:"name,omitempty" maxLength:"1000"`
	Address   string  `json:"address,omitempty" maxLength:"1000"`
}

type contactCard struct {
	FirstName string   `json:"first_name" minLength:"1" maxLength:"200"`
	Name      string   `json:"name" minLength:"1" maxLength:"400" doc:"The whole, as it is shown"`
	Phones    []string `json:"phones,omitempty" maxItems:"20" doc:"E.164"`
	Emails    []string `json:"emails,omitempty" maxItems:"20"`
}

type reaction struct {
	MessageID string `json:"message_id" minLength:"1" maxLength:"512" doc:"The customer's message, by our id or the provider's"`
	Emoji     string `json:"emoji" maxLength:"40" doc:"Empty: takes the reaction back"`
}

// textOrOutgoing is an outgoing message that may be written as a bare string.
type textOrOutgoing struct{ Outgoing }

// UnmarshalJSON implements json.Unmarshaler.
func (m *textOrOutgoing) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.Text)
	}
	return json.Unmarshal(b, &m.Outgoing)
}

// MarshalJSON implements json.Marshaler, for the hash of an idempotent request.
func (m textOrOutgoing) MarshalJSON() ([]byte, error) { return json.Marshal(m.Outgoing) }

// Schema implements huma.SchemaProvider.
func (textOrOutgoing) Schema(r huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(flomastr.MaxReplyChars)}
	text.PrecomputeMessages()
	both := &huma.Schema{OneOf: []*huma.Schema{text, huma.SchemaFromType(r, typeOf[Outgoing]())}}
	both.PrecomputeMessages()
	return both
}

const oneOf = "must be exactly one of text, template, media, interactive, location, contacts and reaction"

var errOneOf = flomastr.Errorf(flomastr.Invalid, "invalid_message", "A message is exactly one of text, template, media, interactive, location, contacts and reaction.").
	Field("body.message", oneOf)

func (m Outgoing) message() (out whatsapp.Content, err error) {
	n := 0
	one := func(given bool, take func()) {
		if given {
			n++
			take()
		}
	}
	one(m.Text != "", func() { out.Text = m.Text })
	one(m.Template != nil, func() { out.Template = m.Template.content() })
	one(m.Media != nil, func() { out.Media = m.Media.media() })
	one(m.Interactive != nil, func() { out.Interactive = m.Interactive.content() })
	one(m.Location != nil, func() { out.Location = new(whatsapp.Location(*m.Location)) })
	one(len(m.Contacts) > 0, func() {
		for _, c := range m.Contacts {
			out.Contacts = append(out.Contacts, whatsapp.ContactCard(c))
		}
	})
	one(m.Reaction != nil, func() { out.Reaction = &whatsapp.Reaction{Target: m.Reaction.MessageID, Emoji: m.Reaction.Emoji} })
	if n != 1 {
		return out, errOneOf
	}
	return out, nil
}
