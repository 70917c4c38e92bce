package assistant

import (
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Generated is an answer from a given context.
type Generated struct {
	Answer     string
	Answered   bool // false: the context has no answer, and Answer says so
	Confidence float64
	Citations  []Citation
	Disputes   [][2]int // places in Citations that say different things of the same
}

// Citation is what an answer quotes: a literal stretch of the context.
type Citation struct {
	Number  int
	Quote   string
	Start   int // in characters, from the beginning of the context, or of the piece
	End     int
	Title   string
	ChunkID string
	Piece   int // which of the given pieces or numbered parts, from 0
}

// Generate answers a query from a context given as one text, prepared or not.
func (a *Assistant) Generate(query, text string) Generated {
	text = strings.ToValidUTF8(text, "\ufffd")
	m := readText(text)
	return a.generate(query, m, func(int) string { return text })
}

// GenerateFrom answers a query from given pieces.
func (a *Assistant) GenerateFrom(query string, pieces []Piece) Generated {
	for i := range pieces {
		pieces[i].Text = strings.ToValidUTF8(pieces[i].Text, "\ufffd")
	}
	return a.generate(query, readPieces(pieces), func(i int) string { return pieces[i].Text })
}

func (a *Assistant) generate(query string, m material, textOf func(part int) string) Generated {
	query = strings.ToValidUTF8(query, "")
	v := voice{lang: a.lexicon.language(query, "en"), bare: true}
	turn := flomastr.Turn{Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Text: query}}}
	var findings []finding
	for _, q := range a.lexicon.understand(turn, v.lang) {
		findings = append(findings, a.weigh(DefaultPolicy(), q, contextengine.Result{Passages: m.passages}))
	}
	if len(findings) == 0 {
		return Generated{Answer: a.lexicon.say(v.lang, "no_answer"), Citations: []Citation{}}
	}
	d := a.compose(v, findings)
	out := Generated{Answer: d.Text, Answered: d.Action == flomastr.ActionAnswer, Confidence: d.Confidence, Citations: []Citation{}}
	if !out.Answered {
		out.Answer = a.lexicon.say(v.lang, "no_answer")
	}
	for n, e := range d.Evidence {
		out.Citations = append(out.Citations, m.citation(n, e, textOf))
	}
	out.Disputes = d.Disputes
	return out
}

// citation finds an evidence's place in the given text.
func (m material) citation(n int, e flomastr.Evidence, textOf func(int) string) Citation {
	c := Citation{Number: n + 1, Quote: e.Quote, Title: e.Title}
	for i, p := range m.passages {
		if p.ID != e.Passage {
			continue
		}
		c.Piece, c.ChunkID = m.part[i], m.chunk[i]
		from := m.start[i] + strings.Index(p.Text, e.Quote)
		text := textOf(c.Piece)
		c.Start = utf8.RuneCountInString(text[:from])
		c.End = c.Start + utf8.RuneCountInString(e.Quote)
	}
	return c
}
