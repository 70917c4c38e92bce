package chunk

import (
	"strings"
	"unicode"
)

type kind uint8

const (
	paragraph kind = iota
	heading
	list
	table
	code
	pair // a question with its answer, or a lead-in with what it leads to
)

// block is a piece of the text that should stay together.
type block struct {
	kind   kind
	level  int // of a heading
	text   string
	offset int
}

// blocks reads the lines. It knows as much of Markdown as cutting needs and takes everything else for a paragraph.
func blocks(markdown string) []block {
	var out []block
	lines := splitLines(markdown)
	for i := 0; i < len(lines); {
		line := lines[i]
		trimmed := strings.TrimSpace(line.text)
		switch {
		case trimmed == "":
			i++
		case fence(trimmed) != "":
			mark, j := fence(trimmed), i+1
			for j < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[j].text), mark) {
				j++
			}
			j = min(j+1, len(lines))
			out = append(out, join(code, lines[i:j]))
			i = j
		case headingLevel(trimmed) > 0:
			n := headingLevel(trimmed)
			text := strings.TrimSpace(strings.TrimRight(strings.TrimSpace(trimmed[n:]), "#"))
			out = append(out, block{kind: heading, level: n, text: plain(text), offset: line.offset})
			i++
		case i+1 < len(lines) && underline(lines[i+1].text) > 0 && !listItem(line.text) && !strings.Contains(line.text, "|"):
			out = append(out, block{kind: heading, level: underline(lines[i+1].text), text: plain(trimmed), offset: line.offset})
			i += 2
		case strings.HasPrefix(trimmed, "|") || i+1 < len(lines) && strings.Contains(trimmed, "|") && rule(lines[i+1].text):
			j := i + 1
			for j < len(lines) && strings.Contains(lines[j].text, "|") {
				j++
			}
			out = append(out, join(table, lines[i:j]))
			i = j
		case listItem(line.text):
			j := i + 1
			for j < len(lines) && inList(lines, j) {
				j++
			}
			out = append(out, join(list, lines[i:j]))
			i = j
		default:
			j := i + 1
			for j < len(lines) && !ends(lines, j) {
				j++
			}
			out = append(out, join(paragraph, lines[i:j]))
			i = j
		}
	}
	return out
}

type textLine struct {
	text   string
	offset int
}

func splitLines(s string) []textLine {
	var out []textLine
	for at := 0; at < len(s); {
		end := strings.IndexByte(s[at:], '\n')
		if end < 0 {
			return append(out, textLine{s[at:], at})
		}
		out = append(out, textLine{strings.TrimSuffix(s[at:at+end], "\r"), at})
		at += end + 1
	}
	return out
}

func join(k kind, lines []textLine) block {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimRightFunc(l.text, unicode.IsSpace))
	}
	return block{kind: k, text: strings.Trim(b.String(), "\n"), offset: lines[0].offset}
}

func fence(trimmed string) string {
	if strings.HasPrefix(trimmed, "```") {
		return "```"
	}
	if strings.HasPrefix(trimmed, "~~~") {
		return "~~~"
	}
	return ""
}

func headingLevel(trimmed string) int {
	n := 0
	for n < len(trimmed) && trimmed[n] == '#' {
		n++
	}
	if n == 0 || n > maxDepth || n < len(trimmed) && trimmed[n] != ' ' && trimmed[n] != '\t' {
		return 0
	}
	return n
}

// underline reads the second line of a setext heading.
func underline(line string) int {
	t := strings.TrimSpace(line)
	switch {
	case len(t) >= 3 && strings.Trim(t, "=") == "":
		return 1
	case len(t) >= 3 && strings.Trim(t, "-") == "":
		return 2
	}
	return 0
}

// rule reads the line under a table's head.
func rule(line string) bool {
	t := strings.TrimSpace(line)
	return strings.Contains(t, "-") && strings.Contains(t, "|") && strings.Trim(t, "|-: \t") == ""
}

func listItem(line string) bool {
	t := strings.TrimLeft(line, " \t")
	if len(t) > 1 && (t[0] == '-' || t[0] == '*' || t[0] == '+') && (t[1] == ' ' || t[1] == '\t') {
		return true
	}
	if strings.HasPrefix(t, "• ") {
		return true
	}
	n := 0
	for n < len(t) && n < 4 && t[n] >= '0' && t[n] <= '9' {
		n++
	}
	return n > 0 && n+1 < len(t) && (t[n] == '.' || t[n] == ')') && t[n+1] == ' '
}

// inList tells whether line j continues a list: an item, an indented line, or a blank one before either.
func inList(lines []textLine, j int) bool {
	line := lines[j].text
	if strings.TrimSpace(line) == "" {
		return j+1 < len(lines) && (listItem(lines[j+1].text) || indented(lines[j+1].text))
	}
	if listItem(line) || indented(line) {
		return true
	}
	// A lazy continuation: text right under an item.
	t := strings.TrimSpace(line)
	return strings.TrimSpace(lines[j-1].text) != "" && headingLevel(t) == 0 && fence(t) == "" && !strings.HasPrefix(t, "|")
}

func indented(line string) bool {
	return (strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")) && strings.TrimSpace(line) != ""
}

// ends tells whether line j begins something other than more of the paragraph.
func ends(lines []textLine, j int) bool {
	t := strings.TrimSpace(lines[j].text)
	return t == "" || headingLevel(t) > 0 || fence(t) != "" || listItem(lines[j].text) || strings.HasPrefix(t, "|") || underline(t) > 0 ||
		strings.Contains(t, "|") && j+1 < len(lines) && rule(lines[j+1].text)
}

// plain takes the marks of emphasis and links from a heading.
func plain(s string) string {
	s = strings.NewReplacer("**", "", "__", "", "`", "").Replace(s)
	for {
		open := strings.Index(s, "](")
		if open < 0 {
			return strings.TrimSpace(s)
		}
		end := strings.IndexByte(s[open:], ')')
		begin := strings.LastIndexByte(s[:open], '[')
		if end < 0 || begin < 0 {
			return strings.TrimSpace(s)
		}
		s = s[:begin] + s[begin+1:open] + s[open+end+1:]
	}
}
