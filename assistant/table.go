package assistant

import (
	"regexp"
	"strings"
)

var tableRule = regexp.MustCompile(`^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*$`)

func tableRow(text string) bool {
	return strings.Count(text, "|") >= 2 || strings.HasPrefix(strings.TrimSpace(text), "|")
}

// table makes a unit of each row. The line above a rule of dashes is the header; without a rule there is none.
func (c *cutter) table() {
	var header []string
	if c.next+1 < len(c.lines) && tableRule.MatchString(c.lines[c.next+1].text) {
		header = cells(c.lines[c.next].text)
		c.next += 2
	}
	for ; c.next < len(c.lines) && tableRow(c.lines[c.next].text); c.next++ {
		l := c.lines[c.next]
		row := unit{shape: row, cells: cells(l.text), header: header, lead: c.lead}
		trimmed := strings.TrimSpace(l.text)
		from := l.at.start + strings.Index(c.text[l.at.start:], trimmed)
		row.at = span{from, from + len(trimmed)}
		row.text = row.spoken()
		if row.text != "" && !tableRule.MatchString(l.text) {
			c.add(row)
		}
	}
	c.lead = nil
}

// cells cuts a row at its bars; a bar behind a backslash is part of its cell.
func cells(text string) []string {
	text = strings.Trim(strings.TrimSpace(strings.ReplaceAll(text, `\|`, "\x00")), "|")
	parts := strings.Split(text, "|")
	for i, p := range parts {
		parts[i] = plain(strings.ReplaceAll(p, "\x00", "|"))
	}
	return parts
}

// spoken reads a row aloud: the first cell names it, the others follow under their headers. Rows of two cells need no
// header to be understood.
func (u unit) spoken() string {
	var name string
	var rest []string
	for i, cell := range u.cells {
		switch {
		case cell == "" || cell == "-" || cell == "–" || cell == "—":
		case name == "" && i == 0:
			name = cell
		case len(u.cells) > 2 && i < len(u.header) && u.header[i] != "":
			rest = append(rest, u.header[i]+": "+cell)
		default:
			rest = append(rest, cell)
		}
	}
	if name == "" {
		return strings.Join(rest, ", ")
	}
	if len(rest) == 0 {
		return name
	}
	if len(u.cells) > 2 {
		return name + " – " + strings.Join(rest, ", ")
	}
	return name + ": " + strings.Join(rest, ", ")
}
