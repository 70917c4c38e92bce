package whatsapp

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// errContent is a message that WhatsApp would refuse; each finding names its field.
var errContent = flomastr.Errorf(flomastr.Invalid, "invalid_message", "The message is not one that WhatsApp takes.")

// CheckContent refuses what WhatsApp would refuse, before anything is queued. Lengths are in characters.
func CheckContent(m provider.Message, limits provider.Limits) error {
	c := contentCheck{limits: limits, at: "body.message"}
	c.message(m)
	if c.err == nil {
		return nil
	}
	return c.err
}

type contentCheck struct {
	limits provider.Limits
	at     string
	err    *flomastr.Error
}

func (c *contentCheck) wrong(field, finding string) {
	if c.err == nil {
		c.err = errContent
	}
	c.err = c.err.Field(c.at+field, finding)
}

// text checks a length; what is needed may not be blank.
func (c *contentCheck) text(field, text string, least, most int) {
	if n := utf8.RuneCountInString(text); n > most || least > 0 && strings.TrimSpace(text) == "" {
		c.wrong(field, fmt.Sprintf("must hold between %d and %d characters", least, most))
	}
}

func (c *contentCheck) address(field, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > 2048 {
		c.wrong(field, "must be a web address of at most 2,048 characters")
	}
}

func (c *contentCheck) message(m provider.Message) {
	switch {
	case m.Template != nil:
		c.template(m.Template)
	case m.Media != nil:
		c.media(".media", m.Media)
	case m.Interactive != nil:
		c.interactive(m.Interactive)
	case m.Location != nil:
		if l := m.Location; l.Latitude < -90 || l.Latitude > 90 || l.Longitude < -180 || l.Longitude > 180 {
			c.wrong(".location", "must have a latitude within 90 and a longitude within 180 degrees")
		}
		c.text(".location.name", m.Location.Name, 0, 1000)
		c.text(".location.address", m.Location.Address, 0, 1000)
	case len(m.Contacts) > 0:
		for i, card := range m.Contacts {
			c.text(fmt.Sprintf(".contacts[%d].first_name", i), card.FirstName, 1, 200)
			c.text(fmt.Sprintf(".contacts[%d].name", i), card.Name, 1, 200)
		}
	case m.Reaction != nil:
		c.text(".reaction.target", m.Reaction.Target, 1, 512)
		c.text(".reaction.emoji", m.Reaction.Emoji, 0, 20)
	default:
		c.text(".text", m.Text, 1, c.limits.Text)
	}
}

func (c *contentCheck) media(field string, m *provider.Media) {
	c.address(field+".url", m.URL)
	c.text(field+".caption", m.Caption, 0, c.limits.Caption)
	if m.Caption != "" && (m.Kind == "audio" || m.Kind == "voice" || m.Kind == "sticker") {
		c.wrong(field+".caption", "cannot go with "+m.Kind)
	}
	c.text(field+".filename", m.Filename, 0, 240)
}

// broken is what a template's value may not hold.
var broken = regexp.MustCompile(`[\n\r\t]| {5,}`)

func (c *contentCheck) value(field, value string, most int) {
	c.text(field, value, 1, most)
	if broken.MatchString(value) {
		c.wrong(field, "must not hold a line break, a tab, or more than four spaces in a row")
	}
}

func (c *contentCheck) template(t *provider.Template) {
	for i, value := range t.Placeholders {
		c.value(fmt.Sprintf(".template.placeholders[%d]", i), value, 1024)
	}
	if t.HeaderText != "" {
		c.value(".template.header_text", t.HeaderText, 60)
	}
	if t.HeaderMedia != nil {
		c.media(".template.header_media", t.HeaderMedia)
	}
	most := map[string]int{"quick_reply": 128, "url": 2048, "copy_code": 15}
	for i, b := range t.Buttons {
		c.text(fmt.Sprintf(".template.buttons[%d].value", i), b.Value, 1, most[b.Kind])
	}
}

func (c *contentCheck) interactive(m *provider.Interactive) {
	c.text(".interactive.body", m.Body, 1, 1024)
	c.text(".interactive.header", m.Header, 0, 60)
	c.text(".interactive.footer", m.Footer, 0, 60)
	if m.HeaderMedia != nil {
		c.media(".interactive.header_media", m.HeaderMedia)
		if m.Header != "" || len(m.Buttons) == 0 {
			c.wrong(".interactive.header_media", "goes with buttons, and without a header")
		}
	}
	kinds := 0
	for _, is := range []bool{len(m.Buttons) > 0, len(m.Sections) > 0, m.Link != nil, m.Flow != nil, m.AskLocation} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		c.wrong(".interactive", "must have exactly one of buttons, sections, link, flow and ask_location")
		return
	}
	c.buttons(m.Buttons)
	c.list(m)
	if m.Link != nil {
		c.text(".interactive.link.label", m.Link.Label, 1, 20)
		c.address(".interactive.link.url", m.Link.URL)
	}
	if m.Flow != nil {
		c.text(".interactive.flow.id", m.Flow.ID, 1, 200)
		c.text(".interactive.flow.token", m.Flow.Token, 1, 200)
		c.text(".interactive.flow.label", m.Flow.Label, 1, 20)
	}
}

func (c *contentCheck) buttons(buttons []provider.Choice) {
	if len(buttons) > 3 {
		c.wrong(".interactive.buttons", "must be at most 3; use sections for more")
	}
	c.choices(".interactive.buttons", buttons, 256, 20, map[string]bool{})
	titles := map[string]bool{}
	for i, b := range buttons {
		if titles[b.Title] {
			c.wrong(fmt.Sprintf(".interactive.buttons[%d].title", i), "must be unique")
		}
		titles[b.Title] = true
	}
}

func (c *contentCheck) list(m *provider.Interactive) {
	if len(m.Sections) == 0 {
		return
	}
	c.text(".interactive.label", m.Label, 1, 20)
	rows, ids := 0, map[string]bool{}
	for i, section := range m.Sections {
		at := fmt.Sprintf(".interactive.sections[%d]", i)
		least := 0
		if len(m.Sections) > 1 {
			least = 1
		}
		c.text(at+".title", section.Title, least, 24)
		if len(section.Rows) == 0 {
			c.wrong(at+".rows", "must not be empty")
		}
		rows += len(section.Rows)
		c.choices(at+".rows", section.Rows, 200, 24, ids)
	}
	if rows > 10 {
		c.wrong(".interactive.sections", "must hold at most 10 rows in all")
	}
}

func (c *contentCheck) choices(at string, choices []provider.Choice, id, title int, ids map[string]bool) {
	for i, choice := range choices {
		field := fmt.Sprintf("%s[%d]", at, i)
		c.text(field+".id", choice.ID, 1, id)
		c.text(field+".title", choice.Title, 1, title)
		c.text(field+".description", choice.Description, 0, 72)
		if ids[choice.ID] {
			c.wrong(field+".id", "must be unique")
		}
		ids[choice.ID] = true
	}
}
