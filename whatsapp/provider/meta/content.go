package meta

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// message is what somebody wrote, with the members of all types side by side.
type message struct {
	From        provider.Word                `json:"from"`
	FromUserID  provider.Word                `json:"from_user_id"`
	To          provider.Word                `json:"to"`
	ToUserID    provider.Word                `json:"to_user_id"`
	ID          provider.Word                `json:"id"`
	Timestamp   provider.Word                `json:"timestamp"`
	Type        provider.Word                `json:"type"`
	GroupID     provider.Word                `json:"group_id"`
	Referral    json.RawMessage              `json:"referral"`
	Context     provider.Part[quoted]        `json:"context"`
	Text        provider.Part[words]         `json:"text"`
	Image       provider.Part[file]          `json:"image"`
	Video       provider.Part[file]          `json:"video"`
	Document    provider.Part[file]          `json:"document"`
	Audio       provider.Part[file]          `json:"audio"`
	Voice       provider.Part[file]          `json:"voice"`
	Sticker     provider.Part[file]          `json:"sticker"`
	Location    provider.Part[place]         `json:"location"`
	Contacts    provider.List[sharedContact] `json:"contacts"`
	Button      provider.Part[button]        `json:"button"`
	Interactive provider.Part[interactive]   `json:"interactive"`
	Order       provider.Part[order]         `json:"order"`
	Reaction    provider.Part[reaction]      `json:"reaction"`
	System      provider.Part[system]        `json:"system"`
	Edit        provider.Part[edit]          `json:"edit"`
	Revoke      provider.Part[edit]          `json:"revoke"`

	outgoing bool // of the history, and written by the business
}

type quoted struct {
	ID provider.Word `json:"id"`
}

type words struct {
	Body provider.Word `json:"body"`
}

type file struct {
	ID       provider.Word `json:"id"`
	MimeType provider.Word `json:"mime_type"`
	SHA256   provider.Word `json:"sha256"`
	Caption  provider.Word `json:"caption"`
	Filename provider.Word `json:"filename"`
	Voice    provider.Word `json:"voice"`
}

type place struct {
	Latitude  provider.Word `json:"latitude"`
	Longitude provider.Word `json:"longitude"`
	Name      provider.Word `json:"name"`
	Address   provider.Word `json:"address"`
}

type sharedContact struct {
	Name provider.Part[struct {
		FormattedName provider.Word `json:"formatted_name"`
		FirstName     provider.Word `json:"first_name"`
	}] `json:"name"`
	Phones provider.List[struct {
		Phone provider.Word `json:"phone"`
	}] `json:"phones"`
}

type button struct {
	Payload provider.Word `json:"payload"`
	Text    provider.Word `json:"text"`
}

type interactive struct {
	Type        provider.Word         `json:"type"`
	ButtonReply provider.Part[choice] `json:"button_reply"`
	ListReply   provider.Part[choice] `json:"list_reply"`
	FormReply   provider.Part[struct {
		Body     provider.Word `json:"body"`
		Response provider.Word `json:"response_json"`
	}] `json:"nfm_reply"`
	CallReply provider.Part[struct {
		Response provider.Word `json:"response"`
	}] `json:"call_permission_reply"`
}

type choice struct {
	ID    provider.Word `json:"id"`
	Title provider.Word `json:"title"`
}

type order struct {
	Text  provider.Word `json:"text"`
	Items provider.List[struct {
		ID       provider.Word `json:"product_retailer_id"`
		Quantity provider.Word `json:"quantity"`
		Price    provider.Word `json:"item_price"`
		Currency provider.Word `json:"currency"`
	}] `json:"product_items"`
}

type reaction struct {
	MessageID provider.Word `json:"message_id"`
	Emoji     provider.Word `json:"emoji"`
}

type system struct {
	Type    provider.Word `json:"type"`
	Body    provider.Word `json:"body"`
	WaID    provider.Word `json:"wa_id"`
	NewWaID provider.Word `json:"new_wa_id"`
	UserID  provider.Word `json:"user_id"`
}

type edit struct {
	Original provider.Word   `json:"original_message_id"`
	Message  json.RawMessage `json:"message"`
}

// describe fills in what kind of message it is and its text form. Types are open: one that we do not know is kept and
// named, and counts as unreadable.
func (m message) describe(in *provider.Inbound) {
	in.Type = strings.ToLower(provider.Truncate(provider.CleanName(string(m.Type)), 60))
	if in.Type == "" {
		in.Type = "unsupported"
	}
	switch m.Type {
	case "text":
		in.Text, in.Readable = string(m.Text.Value.Body), true
	case "image":
		m.Image.Value.describe(in)
	case "video":
		m.Video.Value.describe(in)
	case "document":
		m.Document.Value.describe(in)
	case "sticker":
		m.Sticker.Value.describe(in)
	case "audio", "voice":
		sound := m.Audio
		if !sound.Given {
			sound = m.Voice
		}
		if m.Type == "voice" || sound.Value.Voice == "true" {
			in.Type = "voice"
		}
		sound.Value.describe(in)
	case "location":
		l := m.Location.Value
		in.Text = provider.Bracket("location", string(l.Latitude)+", "+string(l.Longitude), string(l.Name), string(l.Address))
	case "contacts":
		in.Type, in.Text = "contact", contactsText(m.Contacts)
	case "button":
		in.Text, in.Choice, in.Readable = string(m.Button.Value.Text), string(m.Button.Value.Payload), true
	case "interactive":
		m.Interactive.Value.describe(in)
	case "order":
		m.Order.Value.describe(in)
	case "reaction":
		m.Reaction.Value.describe(in)
	case "edit":
		m.describeEdit(in)
	case "revoke":
		in.Target, in.Silent = provider.Clean(string(m.Revoke.Value.Original), 512), true
	case "request_welcome":
		in.Silent = true // they opened the chat and have said nothing yet
	}
	in.Choice = provider.Clean(in.Choice, 512)
	if strings.TrimSpace(in.Text) == "" {
		in.Readable = false
		if m.Type != "text" {
			in.Text = "[" + in.Type + "]"
		}
	}
}

func (f file) describe(in *provider.Inbound) {
	in.Media = provider.Attachment{
		ID: provider.Clean(string(f.ID), 200), Type: provider.Clean(string(f.MimeType), 200), Filename: provider.CleanName(string(f.Filename)),
		SHA256: hexSum(string(f.SHA256)), Voice: in.Type == "voice",
	}
	in.Text, in.Readable = string(f.Caption), f.Caption != ""
}

// hexSum reads a checksum as webhooks have it (base64) or as the media's own answer has it (hex). One of another form is
// no claim at all.
func hexSum(s string) string {
	if raw, err := hex.DecodeString(s); err == nil && len(raw) == 32 {
		return strings.ToLower(s)
	}
	for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding} {
		if raw, err := coding.DecodeString(s); err == nil && len(raw) == 32 {
			return hex.EncodeToString(raw)
		}
	}
	return ""
}

func contactsText(contacts []sharedContact) string {
	lines := make([]string, 0, len(contacts))
	for _, c := range contacts {
		name := c.Name.Value.FormattedName
		if name == "" {
			name = c.Name.Value.FirstName
		}
		details := []string{string(name)}
		for _, p := range c.Phones {
			details = append(details, string(p.Phone))
		}
		lines = append(lines, provider.Bracket("contact:", details...))
	}
	return strings.Join(lines, "\n")
}

func (i interactive) describe(in *provider.Inbound) {
	switch i.Type {
	case "button_reply":
		in.Type, in.Text, in.Choice, in.Readable = "interactive_button_reply", string(i.ButtonReply.Value.Title), string(i.ButtonReply.Value.ID), true
	case "list_reply":
		in.Type, in.Text, in.Choice, in.Readable = "interactive_list_reply", string(i.ListReply.Value.Title), string(i.ListReply.Value.ID), true
	case "nfm_reply":
		in.Type, in.Text, in.Readable = "interactive_flow_reply", provider.FormText(json.RawMessage(i.FormReply.Value.Response)), true
	case "call_permission_reply":
		in.Type, in.Text, in.Silent = "interactive_call_permission_reply", provider.Bracket("call permission", string(i.CallReply.Value.Response)), true
	}
}

func (o order) describe(in *provider.Inbound) {
	var lines []string
	if o.Text != "" {
		lines, in.Readable = append(lines, string(o.Text)), true
	}
	lines = append(lines, "[order]")
	for _, item := range o.Items {
		lines = append(lines, fmt.Sprintf("%s × %s at %s %s", item.Quantity, item.ID, item.Price, item.Currency))
	}
	in.Text = strings.Join(lines, "\n")
}

func (r reaction) describe(in *provider.Inbound) {
	in.Target, in.Silent = provider.Clean(string(r.MessageID), 512), true
	in.Choice = provider.Clean(string(r.Emoji), 40)
	done := "added"
	if r.Emoji == "" {
		done = "removed"
	}
	in.Text = provider.Bracket("reaction", string(r.Emoji), done)
}

// describeEdit reads the text that stands in the place of the original's.
func (m message) describeEdit(in *provider.Inbound) {
	var inner provider.Part[message]
	if json.Unmarshal(m.Edit.Value.Message, &inner) == nil && inner.Given && inner.Value.Type != "edit" {
		inner.Value.describe(in)
	}
	in.Type, in.Target = "edit", provider.Clean(string(m.Edit.Value.Original), 512)
}
