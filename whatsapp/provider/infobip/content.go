package infobip

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// message is what a customer sent, with the members of all types side by side.
type message struct {
	Type         provider.Word                `json:"type"`
	Text         provider.Word                `json:"text"`
	URL          provider.Word                `json:"url"`
	Caption      provider.Word                `json:"caption"`
	Payload      provider.Word                `json:"payload"`
	ID           provider.Word                `json:"id"`
	Title        provider.Word                `json:"title"`
	Description  provider.Word                `json:"description"`
	Latitude     provider.Word                `json:"latitude"`
	Longitude    provider.Word                `json:"longitude"`
	Name         provider.Word                `json:"name"`
	Address      provider.Word                `json:"address"`
	Emoji        provider.Word                `json:"emoji"`
	Action       provider.Word                `json:"action"`
	Contacts     provider.List[sharedContact] `json:"contacts"`
	ProductItems provider.List[orderLine]     `json:"productItems"`
	Context      provider.Part[quoted]        `json:"context"`
	Response     json.RawMessage              `json:"response"`
	Referral     json.RawMessage              `json:"referral"`
}

type quoted struct {
	ID      provider.Word `json:"id"`
	GroupID provider.Word `json:"groupId"`
}

type sharedContact struct {
	Name   provider.Part[sharedName]  `json:"name"`
	Phones provider.List[sharedPhone] `json:"phones"`
}

type sharedName struct {
	FormattedName provider.Word `json:"formattedName"`
	FirstName     provider.Word `json:"firstName"`
}

type sharedPhone struct {
	Phone provider.Word `json:"phone"`
}

type orderLine struct {
	ID       provider.Word `json:"productRetailerId"`
	Quantity provider.Word `json:"quantity"`
	Price    provider.Word `json:"itemPrice"`
	Currency provider.Word `json:"currency"`
}

// describe fills in what kind of message it is and its text form. Types are open: one that we do not know is kept and
// named, and counts as unreadable.
func (m message) describe(in *provider.Inbound) {
	in.Type = strings.ToLower(provider.Truncate(provider.CleanName(string(m.Type)), 60))
	if in.Type == "" {
		in.Type = "unsupported"
	}
	if m.URL != "" && m.Type != "LOCATION" {
		in.Media = provider.Attachment{URL: provider.Clean(string(m.URL), 2048), Voice: m.Type == "VOICE"}
	}
	switch m.Type {
	case "TEXT":
		in.Text, in.Readable = string(m.Text), true
	case "BUTTON":
		in.Text, in.Choice, in.Readable = string(m.Text), string(m.Payload), true
	case "INTERACTIVE_BUTTON_REPLY", "INTERACTIVE_LIST_REPLY":
		in.Text, in.Choice, in.Readable = string(m.Title), string(m.ID), true
	case "INTERACTIVE_FLOW_REPLY":
		in.Text, in.Readable = provider.FormText(m.Response), true
	case "IMAGE", "VIDEO", "DOCUMENT", "AUDIO", "VOICE", "STICKER":
		in.Text, in.Readable = string(m.Caption), true
	case "LOCATION":
		in.Text = provider.Bracket("location", string(m.Latitude)+", "+string(m.Longitude), string(m.Name), string(m.Address))
	case "CONTACT":
		in.Text = contactsText(m.Contacts)
	case "ORDER":
		in.Text, in.Readable = orderText(m.Text, m.ProductItems), m.Text != ""
	case "REACTION":
		in.Text = provider.Bracket("reaction", string(m.Emoji), strings.ToLower(string(m.Action)))
		in.Target, in.Silent = provider.Clean(string(m.Context.Value.ID), 512), true
		if m.Action != "REMOVED" {
			in.Choice = provider.Clean(string(m.Emoji), 40)
		}
	case "INTERACTIVE_CALL_PERMISSION_REPLY":
		in.Silent = true
	}
	in.Choice = provider.Clean(in.Choice, 512)
	if strings.TrimSpace(in.Text) == "" {
		in.Readable = false
		if m.Type != "TEXT" {
			in.Text = "[" + in.Type + "]"
		}
	}
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

func orderText(said provider.Word, items []orderLine) string {
	lines := []string{"[order]"}
	if said != "" {
		lines = []string{string(said), "[order]"}
	}
	for _, item := range items {
		lines = append(lines, fmt.Sprintf("%s × %s at %s %s", item.Quantity, item.ID, item.Price, item.Currency))
	}
	return strings.Join(lines, "\n")
}

// contentBit is one piece of a message in the Messages API's dialect.
type contentBit struct {
	Type      provider.Word   `json:"type"`
	Text      provider.Word   `json:"text"`
	URL       provider.Word   `json:"url"`
	Payload   provider.Word   `json:"payload"`
	ID        provider.Word   `json:"id"`
	Latitude  provider.Word   `json:"latitude"`
	Longitude provider.Word   `json:"longitude"`
	Emoji     provider.Word   `json:"emoji"`
	Action    provider.Word   `json:"action"`
	Response  json.RawMessage `json:"response"`
}

// fromContent reads the Messages API's array as the message it would be in the WhatsApp API's own dialect.
func fromContent(bits []contentBit) message {
	var m message
	for _, bit := range bits {
		switch bit.Type {
		case "TEXT":
			if m.Text != "" {
				m.Text += "\n"
			}
			m.Type, m.Text = "TEXT", m.Text+bit.Text
		case "LIST_REPLY":
			m.Type, m.ID, m.Title = "INTERACTIVE_LIST_REPLY", bit.ID, bit.Text
		case "BUTTON_REPLY":
			m.Type, m.ID, m.Text = "BUTTON", bit.ID, bit.Text
			if m.Payload = bit.Payload; m.Payload == "" {
				m.Payload = bit.ID
			}
		case "IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "FILE":
			m.Type, m.URL, m.Caption = bit.Type, bit.URL, bit.Text
			if bit.Type == "FILE" {
				m.Type = "DOCUMENT"
			}
		case "LOCATION":
			m.Type, m.Latitude, m.Longitude = "LOCATION", bit.Latitude, bit.Longitude
		case "REACTION":
			m.Type, m.Emoji, m.Action = "REACTION", bit.Emoji, bit.Action
		case "FLOW_RESPONSE":
			m.Type, m.Response = "INTERACTIVE_FLOW_REPLY", bit.Response
		default:
			if m.Type == "" {
				m.Type = bit.Type
			}
		}
	}
	return m
}
