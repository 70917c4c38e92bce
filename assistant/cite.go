package assistant

import (
	"fmt"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// maxPath bounds a heading in a source line.
const maxPath = 60

// evidenceOf makes the evidence of one passage. The quote runs from the first to the last unit used: it is one literal
// stretch of the passage.
func evidenceOf(p contextengine.Passage, used []unit, score float64) flomastr.Evidence {
	from, to := used[0].at.start, used[0].at.end
	for _, u := range used {
		from, to = min(from, u.at.start), max(to, u.at.end)
		if u.lead != nil {
			from = min(from, u.lead.start)
		}
	}
	return flomastr.Evidence{
		Item:        p.Item,
		Passage:     p.ID,
		Title:       p.Title,
		HeadingPath: p.HeadingPath,
		Source:      p.Source,
		URL:         p.URL,
		Place:       p.Place,
		Quote:       p.Text[from:to],
		Score:       score,
	}
}

// sourceName is how a source is named to the customer: "Price list › Servicing".
func sourceName(e flomastr.Evidence) string {
	parts := []string{plain(e.Title)}
	for _, h := range e.HeadingPath {
		h = plain(h)
		if last := parts[len(parts)-1]; h != "" && !strings.EqualFold(h, last) && !strings.EqualFold(h, parts[0]) {
			parts = append(parts, h)
		}
	}
	if len(parts) > 2 { // the outermost and the nearest say enough on a phone
		parts = []string{parts[0], parts[len(parts)-1]}
	}
	for i, part := range parts {
		parts[i] = short(part, maxPath)
	}
	return strings.Join(parts, " › ")
}

// short cuts a text at a word's border.
func short(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:-–") + "…"
}

// sourceLine names what an answer stands on: one name, or a numbered list in the order of the marks.
func (x *lexicon) sourceLine(lang string, evidence []flomastr.Evidence) string {
	if len(evidence) == 0 {
		return ""
	}
	if !marked(evidence) {
		return x.say(lang, "source") + ": " + sourceName(evidence[0])
	}
	var b strings.Builder
	b.WriteString(x.say(lang, "sources") + ":")
	for i, e := range evidence {
		if i > 0 {
			b.WriteString(" ·")
		}
		fmt.Fprintf(&b, " [%d] %s", i+1, sourceName(e))
	}
	return b.String()
}

// marked tells whether the parts of an answer need numbers: they come from sources with different names.
func marked(evidence []flomastr.Evidence) bool {
	for _, e := range evidence[1:] {
		if sourceName(e) != sourceName(evidence[0]) {
			return true
		}
	}
	return false
}
