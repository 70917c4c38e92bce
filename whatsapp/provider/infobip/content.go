package infobip

import (
	"fmt"
	"strings"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// message is what a customer sent, with the members of all types side by side.
type message struct {
	Type         word                `json:"type"`
	Text         word                `json:"text"`
	URL          word                `json:"url"`
	Caption      word                `json:"caption"`
	Payload      word                `json:"payload"`
	ID           word                `json:"id"`
	Title        word                `json:"title"`
	Description  word                `json:"description"`
	Latitude     word                `json:"latitude"`
	Longitude    word                `json:"longitude"`
	Name         word                `json:"name"`
	Address      word                `json:"address"`
	Emoji        word                `json:"emoji"`
	Action       word                `json:"action"`
	Contacts     list[sharedContact] `json:"contacts"`
	ProductItems list[orderLine]     `json:"productItems"`
	Context      part[quoted]        `json:"context"`
}

type quoted struct {
	ID      word `json:"id"`
	GroupID word `json:"groupId"`
}

type sharedContact struct {
	Name   part[sharedName]  `json:"name"`
	Phones list[sharedPhone] `json:"phones"`
}

type sharedName struct {
	FormattedName word `json:"formattedName"`
	FirstName     word `json:"firstName"`
}

type sharedPhone struct {
	Phone word `json:"phone"`
}

type orderLine struct {
	ID       word `json:"productRetailerId"`
	Quantity word `json:"quantity"`
	Price    word `json:"itemPrice"`
	Currency word `json:"currency"`
}

// describe fills in what kind of message it is and its text form. Types are open: one that we do not know is kept and
// named, and counts as unreadable.
func (m message) describe(in *provider.Inbound) {
	in.Type = strings.ToLower(provider.Truncate(provider.CleanName(string(m.Type)), 60))
	in.Media.URL = provider.Clean(string(m.URL), 2048)
	switch m.Type {
	case "TEXT", "BUTTON":
		in.Text, in.Readable = string(m.Text), true
	case "INTERACTIVE_BUTTON_REPLY", "INTERACTIVE_LIST_REPLY":
		in.Text, in.Readable = string(m.Title), true
	case "IMAGE", "VIDEO", "DOCUMENT", "AUDIO", "VOICE", "STICKER":
		in.Text, in.Readable = string(m.Caption), m.Caption != ""
		if !in.Readable {
			in.Text = "[" + in.Type + "]"
		}
	case "LOCATION":
		in.Text = bracket("location", string(m.Latitude)+", "+string(m.Longitude), string(m.Name), string(m.Address))
	case "CONTACT":
		in.Text = contactsText(m.Contacts)
	case "ORDER":
		in.Text = orderText(m.ProductItems)
	case "REACTION":
		in.Text, in.Silent = bracket("reaction", string(m.Emoji), strings.ToLower(string(m.Action))), true
	case "":
		in.Type, in.Text = "unsupported", "[unsupported]"
	default:
		in.Text = "[" + in.Type + "]"
	}
	if in.Readable && strings.TrimSpace(in.Text) == "" {
		in.Readable = false
	}
}

func bracket(kind string, details ...string) string {
	words := []string{kind}
	for _, d := range details {
		if d != "" {
			words = append(words, d)
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

func contactsText(contacts []sharedContact) string {
	lines := make([]string, 0, len(contacts))
	for _, c := range contacts {
		name := c.Name.value.FormattedName
		if name == "" {
			name = c.Name.value.FirstName
		}
		details := []string{string(name)}
		for _, p := range c.Phones {
			details = append(details, string(p.Phone))
		}
		lines = append(lines, bracket("contact:", details...))
	}
	if len(lines) == 0 {
		return "[contact]"
	}
	return strings.Join(lines, "\n")
}

func orderText(items []orderLine) string {
	lines := []string{"[order]"}
	for _, item := range items {
		lines = append(lines, fmt.Sprintf("%s × %s at %s %s", item.Quantity, item.ID, item.Price, item.Currency))
	}
	return strings.Join(lines, "\n")
}

// contentBit is one piece of a message in the Messages API's dialect.
type contentBit struct {
	Type      word `json:"type"`
	Text      word `json:"text"`
	URL       word `json:"url"`
	Payload   word `json:"payload"`
	ID        word `json:"id"`
	Latitude  word `json:"latitude"`
	Longitude word `json:"longitude"`
	Emoji     word `json:"emoji"`
	Action    word `json:"action"`
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
		case "IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "FILE":
			m.Type, m.URL, m.Caption = bit.Type, bit.URL, bit.Text
			if bit.Type == "FILE" {
				m.Type = "DOCUMENT"
			}
		case "LOCATION":
			m.Type, m.Latitude, m.Longitude = "LOCATION", bit.Latitude, bit.Longitude
		case "REACTION":
			m.Type, m.Emoji, m.Action = "REACTION", bit.Emoji, bit.Action
		default:
			if m.Type == "" {
				m.Type = bit.Type
			}
		}
	}
	return m
}
