package assistant

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/llm"
)

// fitting is the least share of a question's weight that a tool's own words must hold for it to be called unasked.
const fitting = 0.34

// Choose picks the tool whose name and description share most with a question and whose required arguments the question has.
// With must, the tool of that name, or any tool for "*", is chosen even if it shares nothing. False: none is to be called.
func (a *Assistant) Choose(text string, tools []llm.Tool, must string) (call llm.ToolCall, ok bool) {
	found := analysis.NewIdentifying().Find(text)
	q := a.lexicon.ask(blanked(text, found), a.lexicon.language(text, "en"))
	best := -1.0
	for _, t := range tools {
		if must != "" && must != "*" && must != t.Name {
			continue
		}
		fit := a.fit(q, t)
		if fit <= best || must == "" && fit < fitting {
			continue
		}
		if arguments, filled := fill(t.Parameters, text, found, must != ""); filled {
			best, call, ok = fit, llm.ToolCall{Name: t.Name, Arguments: arguments}, true
		}
	}
	return call, ok
}

// blanked takes the identifiers out of a text: what they are says nothing of what is asked.
func blanked(text string, found []analysis.Identifier) string {
	out := []byte(text)
	for _, id := range found {
		copy(out[id.Start:id.End], strings.Repeat(" ", id.End-id.Start))
	}
	return string(out)
}

// fit is the share of a question's weight that a tool's words hold, those of its parameters among them.
func (a *Assistant) fit(q question, t llm.Tool) float64 {
	words := vocabulary{}
	cut := tokenizer{analysis.NewStemmer(), analysis.Language(q.lang)}
	words.add(cut.words(spaced(t.Name) + " " + t.Description))
	schema := parameters(t.Parameters)
	for name, p := range schema.Properties {
		words.add(cut.words(spaced(name) + " " + p.Description))
	}
	held, all := 0.0, 0.0
	for _, term := range q.words {
		all += term.weight
		stems := []string{}
		for _, w := range cut.words(term.text) {
			stems = append(stems, w.stems...)
		}
		if len(stems) > 0 {
			held += term.weight * words.holds(stems)
		}
	}
	if all == 0 {
		return 0
	}
	return held / all
}

// spaced takes a name such as order_status or orderStatus apart.
func spaced(name string) string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if r == '_' || r == '-' || r == '.' {
			r = ' '
		}
		if lower && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	return b.String()
}

type schemaOfTool struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
}

type property struct {
	Type        any    `json:"type"` // a name, or a list of names
	Description string `json:"description"`
	Enum        []any  `json:"enum"`
}

func (p property) is(kind string) bool {
	switch t := p.Type.(type) {
	case string:
		return t == kind
	case []any:
		return slices.Contains(t, any(kind))
	}
	return false
}

// parameters reads what is understood of a schema.
func parameters(schema json.RawMessage) (s schemaOfTool) {
	_ = json.Unmarshal(schema, &s)
	return s
}

// fill finds the arguments of a tool in a question: choices that it names, its e-mail address, number or code for what asks for
// one, and the question itself for the one text that is left. False when something required is not there; a tool that must be
// called gets the question for every text.
func fill(schema json.RawMessage, text string, found []analysis.Identifier, must bool) (json.RawMessage, bool) {
	s := parameters(schema)
	arguments := map[string]any{}
	var free []string
	names := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(slices.Index(s.Required, b), slices.Index(s.Required, a)) // a number goes first to what needs one
	})
	numbers := strings.Fields(text)
	for _, name := range names {
		p, required := s.Properties[name], slices.Contains(s.Required, name)
		if value, ok := p.named(name, text, found, &numbers); ok {
			arguments[name] = value
			continue
		}
		if !required {
			continue
		}
		if !p.is("string") || len(p.Enum) > 0 || !must && wantsIdentifier(name) {
			return nil, false
		}
		free = append(free, name)
	}
	if len(free) > 1 && !must {
		return nil, false
	}
	for _, name := range free {
		arguments[name] = text
	}
	out, err := json.Marshal(arguments)
	return out, err == nil
}

// named finds what a question says of a property. Of the numbers among its words each is taken once.
func (p property) named(name, text string, found []analysis.Identifier, numbers *[]string) (any, bool) {
	own := " " + folded(text) + " "
	for _, choice := range p.Enum {
		if word, ok := choice.(string); ok && word != "" && strings.Contains(own, " "+folded(spaced(word))+" ") {
			return word, true
		}
	}
	switch {
	case len(p.Enum) > 0:
		return nil, false
	case p.is("integer") || p.is("number"):
		for i, word := range *numbers {
			word = strings.Trim(word, ",;:?!()#")
			if _, err := strconv.ParseInt(word, 10, 64); isDecimal(word) && (err == nil || p.is("number")) {
				*numbers = slices.Delete(*numbers, i, i+1)
				return json.Number(word), true
			}
		}
	case p.is("string") && wantsIdentifier(name):
		mail := strings.Contains(strings.ToLower(name), "mail")
		for _, id := range found {
			if !strings.HasPrefix(id.Norm, "tel:") && strings.Contains(id.Norm, "@") == mail {
				return text[id.Start:id.End], true
			}
		}
	}
	return nil, false
}

// isDecimal leaves out what ParseFloat takes besides and JSON does not: words such as inf, and other bases.
func isDecimal(word string) bool {
	_, err := strconv.ParseFloat(word, 64)
	return err == nil && json.Valid([]byte(word))
}

// wantsIdentifier tells whether a property of this name takes an exact thing, for which no sentence will do.
func wantsIdentifier(name string) bool {
	words := strings.Fields(strings.ToLower(spaced(name)))
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"id", "ids", "number", "no", "code", "sku", "email", "mail", "phone", "uuid", "reference", "ref"}, w)
	})
}
