package assistant

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Template says how a proactive message is to sound.
type Template struct {
	Tone         string // "formal" is formal, everything else is friendly
	MaxLength    int    // in characters; 0 means 600
	CallToAction bool
	Personalise  bool
	Name         string   // of the reader
	Interests    []string // words that say what the reader cares about
	Business     string
	Language     string
}

// Message is a proactive message made of given pieces.
type Message struct {
	Text         string
	Confidence   float64
	Sources      []Citation
	Personalised []string // what made it personal: "name", "interest: delivery"
}

// Synthesise makes a message of the sentences that open the given pieces, those that touch the reader's interests first,
// as many as fit. It adds a greeting, an invitation to reply and a signature, and no claim of its own.
func (a *Assistant) Synthesise(pieces []Piece, t Template) Message {
	lang := t.Language
	if lang == "" {
		var all strings.Builder
		for _, p := range pieces {
			all.WriteString(p.Text + "\n")
		}
		lang = a.lexicon.language(all.String(), "en")
	}
	out := Message{}
	name := firstName(t.Name)
	opening := a.lexicon.say(lang, "pulse_nobody")
	if name != "" && t.Personalise {
		key := "pulse_friendly"
		if strings.EqualFold(t.Tone, "formal") || strings.EqualFold(t.Tone, "professional") {
			key = "pulse_formal"
		}
		opening = a.lexicon.say(lang, key, "{name}", name)
		out.Personalised = append(out.Personalised, "name")
	}
	var closing []string
	if t.CallToAction {
		closing = append(closing, a.lexicon.say(lang, "pulse_call"))
	}
	if b := plain(t.Business); b != "" {
		closing = append(closing, b)
	}
	room := t.MaxLength
	if room <= 0 {
		room = 600
	}
	room = min(room, flomastr.MaxReplyChars)
	frame := opening + "\n\n" + strings.Join(closing, "\n\n")
	body := a.gather(&out, pieces, t, room-utf8.RuneCountInString(frame)-2)
	if body == "" {
		out.Text = a.lexicon.say(lang, "no_answer")
		out.Personalised = nil
		return out
	}
	out.Text = strings.Join(append([]string{opening, body}, closing...), "\n\n")
	out.Confidence = 0.9
	return out
}

// gather quotes from the pieces, best first, within room characters.
func (a *Assistant) gather(out *Message, pieces []Piece, t Template, room int) string {
	type ranked struct {
		piece, likes int
		interest     string
	}
	var order []ranked
	for i, p := range pieces {
		r := ranked{piece: i}
		text := " " + folded(p.Title+" "+p.Text) + " "
		for _, interest := range t.Interests {
			if f := folded(interest); f != "" && t.Personalise && strings.Contains(text, " "+f) {
				r.likes++
				r.interest = interest
			}
		}
		order = append(order, r)
	}
	slices.SortStableFunc(order, func(x, y ranked) int { return y.likes - x.likes })
	var parts []string
	for _, r := range order {
		p := pieces[r.piece]
		quoted := 0
		for _, u := range units(p.Text) {
			n := utf8.RuneCountInString(u.text) + 1
			if u.asks || quoted >= 2 || n > room {
				continue
			}
			room -= n
			quoted++
			parts = append(parts, u.text)
			out.Sources = append(out.Sources, Citation{
				Number: len(out.Sources) + 1, Quote: u.at.of(p.Text), Title: p.Title, ChunkID: p.ChunkID, Piece: r.piece,
				Start: utf8.RuneCountInString(p.Text[:u.at.start]), End: utf8.RuneCountInString(p.Text[:u.at.end]),
			})
		}
		if quoted > 0 && r.interest != "" {
			out.Personalised = append(out.Personalised, "interest: "+r.interest)
		}
	}
	return strings.Join(parts, "\n")
}
