package twilio

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// What fits, in characters.
const (
	maxBody    = 1600
	maxCaption = 1024
)

// fits is what Twilio takes of a file.
var fits = provider.Bounds{
	Limits: provider.Limits{Text: maxBody, Caption: maxCaption}, Kinds: []string{"image", "video", "document", "audio", "voice", "sticker"},
	Captions: []string{"image", "video"},
}

// contentSID names a template.
var contentSID = regexp.MustCompile(`^HX[0-9a-fA-F]{32}$`)

// content writes what a message says into its form. A quote of an earlier message is left out: Twilio has no way to
// make one.
func content(form url.Values, msg provider.Message) error {
	switch {
	case msg.Template != nil:
		return template(form, *msg.Template)
	case msg.Reaction != nil:
		return provider.RefusedMessage("Reactions cannot be sent through Twilio.")
	case msg.Media != nil:
		if err := (provider.Message{To: msg.To, Media: msg.Media}).Fits(fits); err != nil {
			return err
		}
		return media(form, *msg.Media)
	case msg.Interactive != nil:
		return interactive(form, *msg.Interactive)
	case msg.Location != nil:
		return location(form, *msg.Location, msg.Text)
	case len(msg.Contacts) > 0:
		return body(form, cards(msg.Contacts))
	default:
		return body(form, msg.Text)
	}
}

func body(form url.Values, text string) error {
	if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > maxBody {
		return provider.RefusedMessage("The text is empty or longer than 1,600 characters.")
	}
	form.Set("Body", text)
	return nil
}

// template names content by its SID. Twilio counts a template's values through all its parts: what it calls each was read with
// the template; else it is as CreateTemplate numbers them, those of the body first, then the header's, then the buttons'.
func template(form url.Values, t provider.Template) error {
	id := cmp.Or(t.ID, t.Name)
	if !contentSID.MatchString(id) {
		return provider.RefusedMessage("A template is named by its content SID at Twilio, HX and 32 digits.")
	}
	form.Set("ContentSid", id)
	variables := named(t)
	if len(variables) == 0 {
		return nil
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return provider.RefusedMessage("The template's values cannot be written as JSON.")
	}
	form.Set("ContentVariables", string(text))
	return nil
}

// named gives a template's values by what Twilio calls them.
func named(t provider.Template) map[string]string {
	names := t.Names
	if names == nil {
		names = namesInTurn(t)
	}
	values := map[string]string{}
	set := func(name, value string) {
		if name != "" { // else what the part shows is fixed
			values[name] = value
		}
	}
	for i, v := range t.Placeholders {
		set(nth(names.Body, i), v)
	}
	if t.HeaderText != "" {
		set(names.Header, t.HeaderText)
	}
	if t.HeaderMedia != nil {
		set(names.Header, t.HeaderMedia.URL)
	}
	for _, b := range t.Buttons {
		set(nth(names.Buttons, b.Index), b.Value)
	}
	return values
}

func namesInTurn(t provider.Template) *provider.ValueNames {
	names, count := &provider.ValueNames{}, 0
	next := func() string { count++; return strconv.Itoa(count) }
	for range t.Placeholders {
		names.Body = append(names.Body, next())
	}
	if t.HeaderText != "" || t.HeaderMedia != nil {
		names.Header = next()
	}
	for _, b := range t.Buttons {
		for len(names.Buttons) <= b.Index {
			names.Buttons = append(names.Buttons, "")
		}
		names.Buttons[b.Index] = next()
	}
	return names
}

func nth(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return ""
	}
	return names[i]
}

// media sends one file. Its name is the one that the file's own address gives.
func media(form url.Values, m provider.Media) error {
	if m.Caption != "" {
		form.Set("Body", m.Caption)
	}
	form.Set("MediaUrl", m.URL)
	return nil
}

func location(form url.Values, l provider.Location, text string) error {
	if !onEarth(l.Latitude, l.Longitude) {
		return provider.RefusedMessage("The place's coordinates are not on earth.")
	}
	at := strconv.FormatFloat(l.Latitude, 'f', -1, 64) + "," + strconv.FormatFloat(l.Longitude, 'f', -1, 64)
	label := strings.ReplaceAll(provider.Joined(", ", l.Name, l.Address), "|", " ")
	action := "geo:" + at
	if label != "" {
		action += "|" + label
	}
	form.Set("PersistentAction", action)
	for _, words := range []string{text, label, at} { // a message without a body is refused
		if strings.TrimSpace(words) != "" {
			return body(form, words)
		}
	}
	return nil
}

// cards writes contacts as text: Twilio takes cards as files alone.
func cards(contacts []provider.ContactCard) string {
	written := make([]string, 0, len(contacts))
	for _, c := range contacts {
		name := c.Name
		if name == "" {
			name = c.FirstName
		}
		lines := append([]string{name}, c.Phones...)
		written = append(written, provider.Joined("\n", append(lines, c.Emails...)...))
	}
	return provider.Joined("\n\n", written...)
}

// interactive writes a choice as numbered text, because Twilio has buttons and lists in templates alone. A typed number
// or title is as good an answer as a tap.
func interactive(form url.Values, i provider.Interactive) error {
	if i.Flow != nil {
		return provider.RefusedMessage("Forms cannot be sent through Twilio.")
	}
	if i.HeaderMedia != nil {
		if err := media(form, provider.Media{Kind: i.HeaderMedia.Kind, URL: i.HeaderMedia.URL}); err != nil {
			return err
		}
	}
	return body(form, i.Numbered())
}
