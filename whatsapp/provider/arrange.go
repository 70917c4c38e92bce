package provider

import (
	"cmp"
	"strconv"
	"strings"
)

// What WhatsApp shows to be tapped.
const (
	maxButtons = 3
	maxRows    = 10
)

// menu is what opens a list that somebody meant as buttons.
const menu = "Menu"

// Arranged gives choices the form that WhatsApp has for so many: up to three are buttons, up to ten a list, and more are
// numbered in a text, to which a number or a title is as good an answer as a tap. A file above them goes with buttons alone,
// so such a message stays as it is.
func (m Message) Arranged() Message {
	i := m.Interactive
	if i == nil || i.HeaderMedia != nil {
		return m
	}
	rows := len(i.Buttons)
	for _, s := range i.Sections {
		rows += len(s.Rows)
	}
	switch {
	case rows > maxRows:
		m.Text, m.Interactive = i.Numbered(), nil
	case len(i.Buttons) > maxButtons && len(i.Sections) == 0:
		list := *i
		list.Buttons, list.Label, list.Sections = nil, cmp.Or(i.Label, menu), []Section{{Rows: i.Buttons}}
		m.Interactive = &list
	}
	return m
}

// Numbered is the message as a text, for where there is nothing to tap.
func (i Interactive) Numbered() string {
	header, link := "", ""
	if i.Header != "" {
		header = "*" + i.Header + "*"
	}
	if i.Link != nil {
		link = Joined(": ", i.Link.Label, i.Link.URL)
	}
	sections := i.Sections
	if len(i.Buttons) > 0 {
		sections = []Section{{Rows: i.Buttons}}
	}
	n, parts := 0, make([]string, 0, len(sections))
	for _, s := range sections {
		lines := []string{s.Title}
		for _, row := range s.Rows {
			n++
			lines = append(lines, strconv.Itoa(n)+". "+Joined(" – ", row.Title, row.Description))
		}
		parts = append(parts, Joined("\n", lines...))
	}
	return Joined("\n\n", header, i.Body, Joined("\n\n", parts...), link, i.Footer)
}

// Joined joins what is not empty.
func Joined(between string, parts ...string) string {
	kept := parts[:0:0]
	for _, part := range parts {
		if strings.TrimSpace(part) != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, between)
}
