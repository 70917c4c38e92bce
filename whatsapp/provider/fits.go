package provider

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds are what a provider takes, where providers differ; what WhatsApp itself sets is checked by [Message.Fits].
type Bounds struct {
	Limits
	Kinds     []string // of media
	Captions  []string // kinds of media that take a caption
	FlowLabel int      // characters on the button that opens a form
}

// Fits says whether a message can be taken at all, by the limits that WhatsApp sets for all providers and those of one. The
// error is a *SendError of outcome Refused with a sentence about the first thing that does not fit.
func (m Message) Fits(b Bounds) error {
	if m.To == "" {
		return RefusedMessage("The message has no recipient.")
	}
	switch {
	case m.Template != nil:
		return m.Template.fits()
	case m.Media != nil:
		return m.Media.fits(b)
	case m.Interactive != nil:
		return m.Interactive.fits(b)
	case m.Location != nil:
		return m.Location.fits()
	case len(m.Contacts) > 0:
		for _, c := range m.Contacts {
			if blank(c.FirstName) || blank(c.Name) {
				return RefusedMessage("A contact card needs a first name and a whole name.")
			}
		}
		return nil
	case m.Reaction != nil:
		if m.Reaction.Target == "" {
			return RefusedMessage("A reaction needs the message that it is about.")
		}
		return nil
	case blank(m.Text) || longer(m.Text, b.Text):
		return RefusedMessage("The text is empty or too long for one message.")
	}
	return nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

func longer(s string, most int) bool { return utf8.RuneCountInString(s) > most }

// within tells whether a text is there and not too long.
func within(s string, most int) bool { return !blank(s) && !longer(s, most) }

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(s) <= 2048
}

func (m Media) fits(b Bounds) error {
	switch {
	case !slices.Contains(b.Kinds, m.Kind):
		return RefusedMessage("This type of file cannot be sent.")
	case !m.there():
		return RefusedMessage("The file's address must be a web address of at most 2,048 characters.")
	case m.Caption != "" && !slices.Contains(b.Captions, m.Kind):
		return RefusedMessage("This type of file takes no caption here; send the words as a message of their own.")
	case longer(m.Caption, b.Caption):
		return RefusedMessage("The caption is longer than 1,024 characters.")
	case longer(m.Filename, 240):
		return RefusedMessage("The file's name is longer than 240 characters.")
	}
	return nil
}

func (l Location) fits() error {
	if !(l.Latitude >= -90 && l.Latitude <= 90 && l.Longitude >= -180 && l.Longitude <= 180) {
		return RefusedMessage("The place's latitude or longitude is out of range.")
	}
	if longer(l.Name, 1000) || longer(l.Address, 1000) {
		return RefusedMessage("The place's name or address is longer than 1,000 characters.")
	}
	return nil
}

func (t Template) fits() error {
	if t.Name == "" || t.Language == "" {
		return RefusedMessage("The template needs a name and a language.")
	}
	values := slices.Clone(t.Placeholders)
	if t.HeaderText != "" {
		values = append(values, t.HeaderText)
	}
	for _, v := range values {
		if blank(v) || longer(v, 1024) || strings.ContainsAny(v, "\n\r\t") || strings.Contains(v, "     ") {
			return RefusedMessage("A template's value must not be empty, nor hold line breaks, tabs or more than four spaces in a row.")
		}
	}
	if h := t.HeaderMedia; h != nil && (!slices.Contains([]string{"image", "video", "document"}, h.Kind) || !h.there()) {
		return RefusedMessage("The template's header must be an image, a video or a document.")
	}
	for _, button := range t.Buttons {
		most, known := map[string]int{"quick_reply": 128, "url": 2000, "copy_code": 15}[button.Kind]
		if !known || !within(button.Value, most) || button.Index < 0 || button.Index > 9 {
			return RefusedMessage("A value for one of the template's buttons does not fit.")
		}
	}
	return nil
}

func (i Interactive) fits(b Bounds) error {
	set := 0
	for _, given := range []bool{len(i.Buttons) > 0, len(i.Sections) > 0, i.Link != nil, i.Flow != nil, i.AskLocation} {
		if given {
			set++
		}
	}
	switch {
	case set != 1:
		return RefusedMessage("The message needs exactly one of buttons, a list, a link, a form and a request for the location.")
	case !within(i.Body, 1024):
		return RefusedMessage("The text above the choices is empty or longer than 1,024 characters.")
	case longer(i.Header, 60) || longer(i.Footer, 60):
		return RefusedMessage("The header or the footer is longer than 60 characters.")
	case i.HeaderMedia != nil && len(i.Buttons) == 0:
		return RefusedMessage("Only a message with buttons may have a file as its header.")
	case i.HeaderMedia != nil && (!slices.Contains([]string{"image", "video", "document"}, i.HeaderMedia.Kind) || !i.HeaderMedia.there()):
		return RefusedMessage("The header must be an image, a video or a document.")
	case len(i.Buttons) > 3:
		return RefusedMessage("A message takes at most three buttons.")
	case i.Link != nil && (!within(i.Link.Label, 20) || !isWebAddress(i.Link.URL)):
		return RefusedMessage("The link needs a label of at most 20 characters and a web address.")
	case i.Flow != nil && (i.Flow.ID == "" || i.Flow.Token == "" || !within(i.Flow.Label, b.FlowLabel)):
		return RefusedMessage("The form needs its id, a token and a short label.")
	case len(i.Sections) > 0:
		return i.listFits()
	}
	return choicesFit(i.Buttons, 256, 20)
}

func (i Interactive) listFits() error {
	if !within(i.Label, 20) || len(i.Sections) > 10 {
		return RefusedMessage("The list needs a label of at most 20 characters and at most ten sections.")
	}
	var rows []Choice
	for _, s := range i.Sections {
		if len(s.Rows) == 0 || longer(s.Title, 24) || blank(s.Title) && len(i.Sections) > 1 {
			return RefusedMessage("Each of several sections needs a title of at most 24 characters, and rows.")
		}
		rows = append(rows, s.Rows...)
	}
	if len(rows) > 10 {
		return RefusedMessage("A list takes at most ten rows.")
	}
	return choicesFit(rows, 200, 24)
}

// choicesFit checks buttons or rows. Ids must differ, and titles as well: a customer sees nothing else.
func choicesFit(choices []Choice, id, title int) error {
	ids, titles := map[string]bool{}, map[string]bool{}
	for _, c := range choices {
		if !within(c.ID, id) || strings.TrimSpace(c.ID) != c.ID || !within(c.Title, title) || longer(c.Description, 72) {
			return RefusedMessage("A choice's id, title or description is empty or too long.")
		}
		if ids[c.ID] || titles[c.Title] {
			return RefusedMessage("Two choices have the same id or title.")
		}
		ids[c.ID], titles[c.Title] = true, true
	}
	return nil
}
