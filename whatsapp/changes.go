package whatsapp

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// The types of messages that are about another one: provider.Inbound.Target names it.
const (
	TypeReaction = "reaction"
	TypeEdit     = "edit"
	TypeRevoke   = "revoke"
)

// Details are what came with a message beside its text, and what happened to it since.
type Details struct {
	Attachment *provider.Attachment `json:"attachment,omitempty"`
	Choice     string               `json:"choice,omitempty"`   // the id of the button or row that was chosen; a reaction's emoji
	ReplyTo    string               `json:"reply_to,omitempty"` // the provider's id of the message that it quotes

	Sent *Sent `json:"sent,omitempty"` // what a message of ours is beside its text

	Reaction   string     `json:"reaction,omitempty"` // the emoji that lies on it
	ReactionAt time.Time  `json:"reaction_at,omitzero"`
	Earlier    []Version  `json:"earlier,omitempty"` // what it said before, oldest first
	EditedAt   time.Time  `json:"edited_at,omitzero"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"` // its content is for nobody's eyes
	Applied    bool       `json:"applied,omitempty"`    // of a reaction, edit or revocation: its target shows it
}

// Sent is what a message of ours shows beside its text; one of its fields is set.
type Sent struct {
	Interactive *provider.Interactive  `json:"interactive,omitempty"`
	Location    *provider.Location     `json:"location,omitempty"`
	Contacts    []provider.ContactCard `json:"contacts,omitempty"`
}

// DetailsOfSent is what is kept of a message of ours beside its text. A reaction quotes what it is about.
func DetailsOfSent(m provider.Message) Details {
	d := Details{ReplyTo: m.ReplyTo}
	if m.Reaction != nil {
		d.ReplyTo = m.Reaction.Target
	}
	if m.Interactive != nil || m.Location != nil || len(m.Contacts) > 0 {
		d.Sent = &Sent{m.Interactive, m.Location, m.Contacts}
	}
	return d
}

// Version is what a message said until it was changed.
type Version struct {
	Text  string    `json:"text"`
	Until time.Time `json:"until"`
}

// DetailsOf is what came with an inbound message.
func DetailsOf(in provider.Inbound) Details {
	d := Details{Choice: in.Choice, ReplyTo: in.ReplyTo}
	if !in.Media.IsZero() {
		d.Attachment = &in.Media
	}
	return d
}

// IsZero tells whether there is nothing to keep.
func (d Details) IsZero() bool {
	raw, err := json.Marshal(d)
	return err == nil && string(raw) == "{}"
}

// Change is a reaction, an edit or a revocation.
type Change struct {
	Type string
	Text string // an edit's new text, or a reaction's emoji; none takes the reaction back
	At   time.Time
}

// Apply gives a message's text and details after a change. Changes come in any order: what the customer did last counts,
// and a revocation is for good.
func (c Change) Apply(text string, d Details) (string, Details) {
	switch {
	case c.Type == TypeRevoke:
		if d.RevokedAt == nil {
			at := c.At
			d.RevokedAt = &at
		}
	case c.Type == TypeReaction && !c.At.Before(d.ReactionAt):
		d.Reaction, d.ReactionAt = c.Text, c.At
	case c.Type == TypeEdit:
		d.Earlier = slices.Clone(d.Earlier)
		if c.At.Before(d.EditedAt) { // a later edit came first
			d.Earlier = append(d.Earlier, Version{Text: c.Text, Until: d.EditedAt})
			return text, d
		}
		d.Earlier = append(d.Earlier, Version{Text: text, Until: c.At})
		d.EditedAt, text = c.At, c.Text
	}
	return text, d
}

// Material tells whether an edit says something else, so that an answer to the old text may not fit the new one. A slip
// of the pen that was mended is none: one letter in a longer word, punctuation, capitals, accents.
func Material(before, after string) bool {
	a, b := strings.Fields(bare(before)), strings.Fields(bare(after))
	if len(a) != len(b) {
		return true
	}
	for i := range a {
		if a[i] != b[i] && !mended([]rune(a[i]), []rune(b[i])) {
			return true
		}
	}
	return false
}

// mended tells whether two long words of letters differ in one letter: another, one more, or two that changed places.
func mended(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	notLetter := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) }
	if len(a) < 4 || len(b)-len(a) > 1 || slices.ContainsFunc(a, notLetter) || slices.ContainsFunc(b, notLetter) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return slices.Equal(a[i:], b[i+1:])
	}
	rest, other := a[i:], b[i:]
	return slices.Equal(rest[1:], other[1:]) ||
		len(rest) > 1 && rest[0] == other[1] && rest[1] == other[0] && slices.Equal(rest[2:], other[2:])
}
