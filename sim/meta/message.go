package meta

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// request is the body of a send, or of a mark of having read.
type request struct {
	Product     string          `json:"messaging_product"`
	Kind        string          `json:"recipient_type"`
	To          string          `json:"to"`
	Recipient   string          `json:"recipient"`
	Callback    string          `json:"biz_opaque_callback_data"`
	Context     *contextOf      `json:"context"`
	Type        string          `json:"type"`
	Text        *text           `json:"text"`
	Image       *link           `json:"image"`
	Video       *link           `json:"video"`
	Document    *link           `json:"document"`
	Audio       *link           `json:"audio"`
	Sticker     *link           `json:"sticker"`
	Location    *location       `json:"location"`
	Contacts    []card          `json:"contacts"`
	Reaction    *reaction       `json:"reaction"`
	Interactive *interactive    `json:"interactive"`
	Template    *sentTemplate   `json:"template"`
	Status      string          `json:"status"`
	MessageID   string          `json:"message_id"`
	Typing      *typing         `json:"typing_indicator"`
	raw         json.RawMessage `json:"-"`
}

type contextOf struct {
	MessageID string `json:"message_id"`
}

type typing struct {
	Type string `json:"type"`
}

type text struct {
	Body    string `json:"body"`
	Preview bool   `json:"preview_url"`
}

type link struct {
	Link     string `json:"link"`
	ID       string `json:"id"`
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
	Voice    bool   `json:"voice"`
}

type location struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
	Name      string   `json:"name"`
	Address   string   `json:"address"`
}

type card struct {
	Name *struct {
		FormattedName string `json:"formatted_name"`
		FirstName     string `json:"first_name"`
		LastName      string `json:"last_name"`
	} `json:"name"`
	Phones   []map[string]string `json:"phones"`
	Emails   []map[string]string `json:"emails"`
	URLs     []map[string]string `json:"urls"`
	Birthday string              `json:"birthday"`
}

type reaction struct {
	MessageID string  `json:"message_id"`
	Emoji     *string `json:"emoji"`
}

type interactive struct {
	Type   string          `json:"type"`
	Header *headerOf       `json:"header"`
	Body   *block          `json:"body"`
	Footer *block          `json:"footer"`
	Action json.RawMessage `json:"action"`
}

type headerOf struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Image    *link  `json:"image"`
	Video    *link  `json:"video"`
	Document *link  `json:"document"`
}

type block struct {
	Text string `json:"text"`
}

var (
	phoneNumber = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
	userID      = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`)
)

func longer(s string, most int) bool { return utf8.RuneCountInString(s) > most }

func within(s string, most int) bool { return strings.TrimSpace(s) != "" && !longer(s, most) }

// check says what of a send the Graph API does not take.
func (m request) check() *refusal {
	switch {
	case m.Product != "whatsapp":
		return invalid("The parameter messaging_product is required.")
	case m.Kind != "" && m.Kind != "individual":
		return invalid("Param recipient_type must be individual")
	case (m.To == "") == (m.Recipient == ""):
		return invalid("Exactly one of to and recipient is required.")
	case m.To != "" && !phoneNumber.MatchString(m.To):
		return invalid("Param to is not a phone number")
	case m.Recipient != "" && !userID.MatchString(m.Recipient):
		return invalid("Param recipient is not a user id")
	case longer(m.Callback, 512):
		return invalid("Param biz_opaque_callback_data must be at most 512 characters long")
	case m.Context != nil && !strings.HasPrefix(m.Context.MessageID, "wamid."):
		return invalid("Param context.message_id is not a message's id")
	}
	return m.checkContent()
}

func (m request) checkContent() *refusal {
	missing := &refusal{http.StatusBadRequest, 131008, "(#131008) Required parameter is missing", "Param " + m.Type}
	switch m.Type {
	case "text":
		if m.Text == nil {
			return missing
		}
		if !within(m.Text.Body, 4096) {
			return invalid("Param text['body'] must be at most 4096 characters long and not empty")
		}
	case "image", "video", "document", "audio", "sticker":
		return m.checkFile(missing)
	case "location":
		l := m.Location
		if l == nil || l.Latitude == nil || l.Longitude == nil {
			return missing
		}
		if *l.Latitude < -90 || *l.Latitude > 90 || *l.Longitude < -180 || *l.Longitude > 180 {
			return &refusal{http.StatusBadRequest, 131009, "(#131009) Parameter value is not valid", "Param location"}
		}
	case "contacts":
		if len(m.Contacts) == 0 {
			return missing
		}
		for _, c := range m.Contacts {
			if c.Name == nil || c.Name.FormattedName == "" || c.Name.FirstName == "" && c.Name.LastName == "" {
				return missing
			}
		}
	case "reaction":
		if m.Reaction == nil || m.Reaction.MessageID == "" || m.Reaction.Emoji == nil {
			return missing
		}
	case "interactive":
		if m.Interactive == nil {
			return missing
		}
		return m.Interactive.check()
	case "template":
		if m.Template == nil || m.Template.Name == "" || m.Template.Language == nil || m.Template.Language.Code == "" {
			return missing
		}
	default:
		return invalid("Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO}")
	}
	return nil
}

func (m request) checkFile(missing *refusal) *refusal {
	f := map[string]*link{"image": m.Image, "video": m.Video, "document": m.Document, "audio": m.Audio, "sticker": m.Sticker}[m.Type]
	switch {
	case f == nil || (f.Link == "") == (f.ID == ""):
		return missing
	case f.Link != "" && !strings.HasPrefix(f.Link, "https://") && !strings.HasPrefix(f.Link, "http://"):
		return invalid("Param %s['link'] is not a web address", m.Type)
	case f.Caption != "" && (m.Type == "audio" || m.Type == "sticker"):
		return invalid("Unexpected key \"caption\" on param \"%s\"", m.Type)
	case f.Filename != "" && m.Type != "document":
		return invalid("Unexpected key \"filename\" on param \"%s\"", m.Type)
	case f.Voice && m.Type != "audio":
		return invalid("Unexpected key \"voice\" on param \"%s\"", m.Type)
	case longer(f.Caption, 1024):
		return invalid("Param %s['caption'] must be at most 1024 characters long", m.Type)
	}
	return nil
}

func bad(details string) *refusal {
	return &refusal{http.StatusBadRequest, 131009, "(#131009) Parameter value is not valid", details}
}

// checkFrame is about what stands around the action.
func (i interactive) checkFrame() *refusal {
	switch {
	case i.Body == nil || !within(i.Body.Text, 1024):
		return bad("Param interactive['body']['text'] must be 1 to 1024 characters long")
	case i.Footer != nil && !within(i.Footer.Text, 60):
		return bad("Param interactive['footer']['text'] must be 1 to 60 characters long")
	case i.Header != nil && i.Header.Type == "text" && !within(i.Header.Text, 60):
		return bad("Param interactive['header']['text'] must be 1 to 60 characters long")
	case i.Header != nil && i.Header.Type != "text" && (i.Type != "button" || i.Header.Image == nil && i.Header.Video == nil && i.Header.Document == nil):
		return bad("Param interactive['header'] does not fit this type")
	}
	return nil
}

func (i interactive) check() *refusal {
	if refused := i.checkFrame(); refused != nil {
		return refused
	}
	var action struct {
		Name    string `json:"name"`
		Button  string `json:"button"`
		Buttons []struct {
			Type  string `json:"type"`
			Reply struct {
				ID    string `json:"id"`
				Title string `json:"title"`
			} `json:"reply"`
		} `json:"buttons"`
		Sections []struct {
			Title string `json:"title"`
			Rows  []struct {
				ID          string `json:"id"`
				Title       string `json:"title"`
				Description string `json:"description"`
			} `json:"rows"`
		} `json:"sections"`
		Parameters map[string]any `json:"parameters"`
	}
	if json.Unmarshal(i.Action, &action) != nil {
		return bad("Param interactive['action']")
	}
	ids, titles, rows := map[string]bool{}, map[string]bool{}, 0
	switch i.Type {
	case "button":
		if len(action.Buttons) < 1 || len(action.Buttons) > 3 {
			return bad("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
		}
		for _, b := range action.Buttons {
			if b.Type != "reply" || !within(b.Reply.ID, 256) || !within(b.Reply.Title, 20) || ids[b.Reply.ID] || titles[b.Reply.Title] {
				return bad("Button title or id is too long, empty or not unique")
			}
			ids[b.Reply.ID], titles[b.Reply.Title] = true, true
		}
	case "list":
		if !within(action.Button, 20) || len(action.Sections) < 1 || len(action.Sections) > 10 {
			return bad("Param interactive['action']['button'] or sections")
		}
		for _, section := range action.Sections {
			if longer(section.Title, 24) || section.Title == "" && len(action.Sections) > 1 || len(section.Rows) == 0 {
				return bad("Section title is required and at most 24 characters long")
			}
			for _, row := range section.Rows {
				if rows++; !within(row.ID, 200) || !within(row.Title, 24) || longer(row.Description, 72) || ids[row.ID] {
					return bad("Row title, id or description is too long, empty or not unique")
				}
				ids[row.ID] = true
			}
		}
		if rows > 10 {
			return bad("Total row count exceed max allowed count: 10")
		}
	case "cta_url":
		label, _ := action.Parameters["display_text"].(string)
		address, _ := action.Parameters["url"].(string)
		if action.Name != "cta_url" || !within(label, 20) || !strings.HasPrefix(address, "http") {
			return bad("Param interactive['action']['parameters']")
		}
	case "location_request_message":
		if action.Name != "send_location" || i.Header != nil || i.Footer != nil {
			return bad("Param interactive['action']['name']")
		}
	case "flow":
		label, _ := action.Parameters["flow_cta"].(string)
		id, _ := action.Parameters["flow_id"].(string)
		if action.Name != "flow" || !within(label, 30) || id == "" || action.Parameters["flow_message_version"] != "3" {
			return bad("Param interactive['action']['parameters']")
		}
	default:
		return bad("Param interactive['type']")
	}
	return nil
}

// words is what a phone shows of a message.
func (m request) words() string {
	switch {
	case m.Text != nil:
		return m.Text.Body
	case m.Interactive != nil:
		return m.Interactive.Body.Text
	case m.Template != nil:
		return m.Template.Name
	}
	for _, f := range []*link{m.Image, m.Video, m.Document} {
		if f != nil {
			return f.Caption
		}
	}
	return ""
}
