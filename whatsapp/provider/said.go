package provider

import (
	"strconv"
	"strings"
)

// Type names what a message is, in the words of [Inbound.Type].
func (m Message) Type() string {
	switch {
	case m.Template != nil:
		return "template"
	case m.Media != nil:
		return m.Media.Kind
	case m.Interactive != nil:
		return "interactive"
	case m.Location != nil:
		return "location"
	case len(m.Contacts) > 0:
		return "contacts"
	case m.Reaction != nil:
		return "reaction"
	default:
		return "text"
	}
}

// Said is what a thread shows of a message of ours, and what an answerer reads of it.
func (m Message) Said() string {
	switch {
	case m.Template != nil:
		return Bracket("template", m.Template.Name)
	case m.Media != nil && m.Media.Caption != "":
		return m.Media.Caption
	case m.Media != nil:
		return Bracket(m.Media.Kind)
	case m.Interactive != nil:
		return m.Interactive.Numbered()
	case m.Location != nil:
		return Bracket("location", m.Location.at(), m.Location.Name, m.Location.Address)
	case len(m.Contacts) > 0:
		lines := make([]string, 0, len(m.Contacts))
		for _, c := range m.Contacts {
			lines = append(lines, Bracket("contact:", append([]string{c.Name}, c.Phones...)...))
		}
		return strings.Join(lines, "\n")
	case m.Reaction != nil:
		return Bracket("reaction", m.Reaction.Emoji)
	default:
		return m.Text
	}
}

func (l Location) at() string {
	return strconv.FormatFloat(l.Latitude, 'f', -1, 64) + ", " + strconv.FormatFloat(l.Longitude, 'f', -1, 64)
}
