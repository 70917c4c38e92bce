package assistant

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// shape says what a unit was in the passage; it decides how it may be joined with others.
type shape uint8

const (
	sentence shape = iota
	item           // of a list
	row            // of a table
)

// unit is the smallest piece that is quoted: a sentence, a list item or a table row.
type unit struct {
	at       span     // in the passage's text, markup included
	shape    shape    // what it was
	block    int      // the paragraph, list or table it stands in, counted within the passage
	lead     *span    // the line that leads to it: "We accept:" before a list
	text     string   // as the customer would read it
	cells    []string // of a row, plain
	header   []string // of its table, plain; may be empty
	headings []string // headings and questions within the passage that stand above it
	asks     bool     // it is a question itself, hence no answer
}

var (
	headingLine = regexp.MustCompile(`^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	itemLine    = regexp.MustCompile(`^\s*(?:[-*+•◦▪‣–]|\d{1,3}[.)])\s+`)
	ruleLine    = regexp.MustCompile(`^\s*(?:[-*_=]\s*){3,}$`)
	answerMark  = regexp.MustCompile(`^(?i:(?:\*\*|__)?(?:a|answer|r|respuesta|resposta|ج|उत्तर)\s*[:：](?:\*\*|__)?)\s+`)
	askMark     = regexp.MustCompile(`^(?i:(?:\*\*|__)?(?:q|question|p|pregunta|pergunta|س|प्रश्न)\s*[:：](?:\*\*|__)?)\s+`)
)

// line is one line of a passage with its place.
type line struct {
	at   span
	text string
}

func lines(text string) []line {
	var out []line
	for start := 0; start <= len(text); {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text) - start
		}
		at := span{start, start + end}
		out = append(out, line{at, strings.TrimRight(at.of(text), "\r")})
		start += end + 1
	}
	return out
}

// units cuts a passage's Markdown into what can be quoted from it, in order.
func units(text string) []unit {
	c := cutter{text: text, lines: lines(text)}
	for c.next < len(c.lines) {
		c.block++
		switch l := c.lines[c.next]; {
		case strings.TrimSpace(l.text) == "" || ruleLine.MatchString(l.text):
			c.next++
		case headingLine.MatchString(l.text):
			c.headings = append(c.headings, plain(headingLine.FindStringSubmatch(l.text)[1]))
			c.lead = nil
			c.next++
		case tableRow(l.text) && (c.next+1 < len(c.lines) && tableRow(c.lines[c.next+1].text) || strings.Count(l.text, "|") > 2):
			c.table()
		case itemLine.MatchString(l.text):
			c.list()
		default:
			c.paragraph()
		}
	}
	return c.units
}

// cutter walks the lines of one passage.
type cutter struct {
	text     string
	lines    []line
	next     int
	block    int
	headings []string
	lead     *span
	units    []unit
}

func (c *cutter) add(u unit) {
	u.block, u.headings = c.block, c.headings
	if u.text == "" {
		u.text = plain(u.at.of(c.text))
	}
	if u.text == "" {
		return
	}
	u.asks = strings.HasSuffix(strings.TrimRight(u.text, `"'”’)`), "?") || strings.HasSuffix(u.text, "؟")
	c.units = append(c.units, u)
}

// paragraph runs to the next empty line or the next line of another kind.
func (c *cutter) paragraph() {
	start, end := c.lines[c.next].at.start, 0
	for ; c.next < len(c.lines); c.next++ {
		l := c.lines[c.next]
		if strings.TrimSpace(l.text) == "" || end > 0 && (headingLine.MatchString(l.text) || itemLine.MatchString(l.text) || tableRow(l.text)) {
			break
		}
		end = l.at.end
	}
	body := c.text[start:end]
	var last *span
	for _, s := range sentences(body) {
		at := span{start + s.start, start + s.end}
		raw := at.of(c.text)
		if strings.HasPrefix(raw, "> ") {
			at.start += 2
		} else if m := cmp.Or(answerMark.FindString(raw), askMark.FindString(raw)); m != "" {
			at.start += len(m)
			if rest := at.of(c.text); strings.HasSuffix(rest, "**") && strings.Count(rest, "**")%2 == 1 {
				at.end -= 2 // the emphasis opened before the mark
			}
		}
		c.add(unit{at: at, shape: sentence})
		last = &at
		if n := len(c.units); n > 0 && c.units[n-1].asks && c.units[n-1].at == at {
			// A question heads what follows it, as in a list of questions and answers.
			c.headings = append(slices.Clip(c.headings), c.units[n-1].text)
		}
	}
	c.lead = nil
	if last != nil && strings.HasSuffix(strings.TrimRight(last.of(c.text), "*_ "), ":") {
		c.lead = last
	}
}

// list makes a unit of each item, its continuation lines included. An item of several sentences is cut further only
// when it is too long to be quoted whole.
func (c *cutter) list() {
	for c.next < len(c.lines) {
		l := c.lines[c.next]
		mark := itemLine.FindString(l.text)
		if mark == "" {
			if strings.TrimSpace(l.text) == "" && c.next+1 < len(c.lines) && itemLine.MatchString(c.lines[c.next+1].text) {
				c.next++
				continue
			}
			break
		}
		at := span{l.at.start + len(mark), l.at.start + len(l.text)}
		for c.next++; c.next < len(c.lines); c.next++ {
			more := c.lines[c.next].text
			if strings.TrimSpace(more) == "" || itemLine.MatchString(more) || headingLine.MatchString(more) || tableRow(more) {
				break
			}
			at.end = c.lines[c.next].at.start + len(more)
		}
		if at.end-at.start > 500 {
			for _, s := range sentences(at.of(c.text)) {
				c.add(unit{at: span{at.start + s.start, at.start + s.end}, shape: sentence, lead: c.lead})
			}
			continue
		}
		c.add(unit{at: at, shape: item, lead: c.lead})
	}
	c.lead = nil
}
