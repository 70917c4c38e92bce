package infobip

import (
	"encoding/json"
	"errors"
	"fmt"
)

// wireMessage is the message object of an inbound webhook, with the members of every type; absent ones are left out.
type wireMessage struct {
	Type        string          `json:"type"`
	Text        string          `json:"text,omitempty"`
	URL         string          `json:"url,omitempty"`
	Caption     string          `json:"caption,omitempty"`
	Latitude    *float64        `json:"latitude,omitempty"`
	Longitude   *float64        `json:"longitude,omitempty"`
	Name        string          `json:"name,omitempty"`
	Address     string          `json:"address,omitempty"`
	Contacts    json.RawMessage `json:"contacts,omitempty"`
	Payload     string          `json:"payload,omitempty"`
	ID          string          `json:"id,omitempty"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	CatalogID   string          `json:"catalogId,omitempty"`
	Products    json.RawMessage `json:"productItems,omitempty"`
	Emoji       string          `json:"emoji,omitempty"`
	Action      string          `json:"action,omitempty"`
	Malware     string          `json:"malware,omitempty"`
	Context     *quoted         `json:"context,omitempty"`
}

// maxText is WhatsApp's limit on what a person can type.
const maxText = 65_536

// inboundMessage turns what a customer sends into the webhook's message object and what a person reads of it.
func (s *StandIn) inboundMessage(u Utterance) (json.RawMessage, string, error) {
	if len(u.Text)+len(u.Caption) > maxText {
		return nil, "", fmt.Errorf("text is longer than %d bytes", maxText)
	}
	if u.Type == "raw" {
		if len(u.Raw) == 0 {
			return nil, "", errors.New("raw needs the message object in raw")
		}
		return u.Raw, "", nil
	}
	m := wireMessage{}
	text := u.Text
	switch u.Type {
	case "", "text":
		m.Type, m.Text = "TEXT", u.Text
		if u.Text == "" {
			return nil, "", errors.New("text needs a text")
		}
	case "image", "video", "document", "audio", "voice", "sticker":
		url, err := s.mediaAddress(u)
		if err != nil {
			return nil, "", err
		}
		m.Type, m.URL, m.Caption = wireType(u.Type), url, u.Caption
		text = u.Caption
	case "location":
		m.Type, m.Latitude, m.Longitude, m.Name, m.Address = "LOCATION", &u.Latitude, &u.Longitude, u.Name, u.Address
		text = joined(u.Name, u.Address)
	case "contact":
		m.Type, m.Contacts = "CONTACT", u.Contacts
	case "button":
		m.Type, m.Text, m.Payload = "BUTTON", u.Text, u.Payload
	case "button_reply":
		m.Type, m.ID, m.Title = "INTERACTIVE_BUTTON_REPLY", u.ID, u.Title
		text = u.Title
	case "list_reply":
		m.Type, m.ID, m.Title, m.Description = "INTERACTIVE_LIST_REPLY", u.ID, u.Title, u.Description
		text = u.Title
	case "order":
		m.Type, m.CatalogID, m.Products, m.Text = "ORDER", u.CatalogID, u.Products, u.Text
	case "reaction":
		if u.ReplyTo == "" {
			return nil, "", errors.New("a reaction needs reply_to, the message it is about")
		}
		m.Type, m.Emoji, m.Action = "REACTION", u.Emoji, "ADDED"
		if u.Emoji == "" {
			m.Action = "REMOVED"
		}
		text = u.Emoji
	case "unsupported":
		m.Type = "UNSUPPORTED"
	case "infected":
		m.Type, m.Malware = "INFECTED_CONTENT", u.Malware
	default:
		return nil, "", fmt.Errorf("type %q is not known; raw takes any message object", u.Type)
	}
	if u.ReplyTo != "" {
		m.Context = &quoted{ID: u.ReplyTo, From: u.To}
	}
	content, err := json.Marshal(m)
	return content, text, err
}

func wireType(word string) string {
	return map[string]string{"image": "IMAGE", "video": "VIDEO", "document": "DOCUMENT", "audio": "AUDIO", "voice": "VOICE", "sticker": "STICKER"}[word]
}

func (s *StandIn) mediaAddress(u Utterance) (string, error) {
	switch {
	case u.URL != "":
		return u.URL, nil
	case u.MediaID == "":
		return "", errors.New("media needs a media_id or a url")
	case !s.hasMedia(u.MediaID):
		return "", errors.New("media_id is not known: upload with POST /control/media first")
	default:
		return s.config.BaseURL + "/whatsapp/1/senders/" + u.To + "/media/" + u.MediaID, nil
	}
}
