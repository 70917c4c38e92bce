package markup

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// reader is CommonMark without what a chat never means: code by indentation, headings by underlining, blocks of HTML, and
// link definitions, which would make lines of a text vanish.
var reader = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(backtickFence{parser.NewFencedCodeBlockParser()}, 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(anyParagraph{parser.NewParagraphParser()}, 1000),
		),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
	)),
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
).Parser()

// anyParagraph is a paragraph, however far it is indented: there is no code by indentation, and no text may vanish.
type anyParagraph struct{ parser.BlockParser }

// CanAcceptIndentedLine implements parser.BlockParser.
func (anyParagraph) CanAcceptIndentedLine() bool { return true }

// backtickFence is a block of code between backticks: in a chat, tildes strike out.
type backtickFence struct{ parser.BlockParser }

// Trigger implements parser.BlockParser.
func (backtickFence) Trigger() []byte { return []byte{'`'} }

// FromMarkdown renders Markdown in WhatsApp's own markup, cleaned as Clean does. WhatsApp has no way to write a marker
// literally, so one that Markdown escapes may take effect.
func FromMarkdown(markdown string) string {
	source := []byte(Clean(markdown))
	w := writer{source: source}
	return strings.Trim(w.blocks(reader.Parse(text.NewReader(source)), style{}), "\n")
}

// style is what already holds where something is written.
type style struct{ bold, italic, struck, quoted bool }

type writer struct{ source []byte }

// blocks writes a node's blocks, as far apart as they were.
func (w writer) blocks(parent ast.Node, s style) string {
	var out strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		block := w.block(n, s)
		if strings.TrimSpace(block) == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
			if n.HasBlankPreviousLines() {
				out.WriteByte('\n')
			}
		}
		out.WriteString(block)
	}
	return out.String()
}

func (w writer) block(n ast.Node, s style) string {
	switch n := n.(type) {
	case *ast.Heading:
		inner := s
		inner.bold = true
		return hug("*", w.inlines(n, inner))
	case *ast.FencedCodeBlock:
		code := string(n.Lines().Value(w.source))
		if n.Info != nil { // one word beside a block of code is its language; anything else was meant to be read
			info := string(n.Info.Value(w.source))
			if code == "" || strings.ContainsAny(info, " \t") {
				code = info + "\n" + code
			}
		}
		return "```\n" + code + "```"
	case *ast.Blockquote:
		inner := s
		inner.quoted = true
		content := w.blocks(n, inner)
		if s.quoted { // WhatsApp knows one level
			return content
		}
		return "> " + strings.ReplaceAll(content, "\n", "\n> ")
	case *ast.ListItem:
		marker := w.marker(n)
		indent := strings.Repeat(" ", len(marker)+1)
		return marker + " " + strings.ReplaceAll(w.blocks(n, s), "\n", "\n"+indent)
	case *ast.List:
		return w.blocks(n, s)
	case *ast.ThematicBreak:
		return ""
	case *extast.Table:
		return w.table(n, s)
	default:
		return w.inlines(n, s)
	}
}

var listMarker = regexp.MustCompile(`[0-9]{1,9}[.)]|[-*+]`)

// marker is a list item's own, as it was written: a number may be a fact.
func (w writer) marker(item *ast.ListItem) string {
	marker := "-"
	if first := item.FirstChild(); first != nil && first.Lines().Len() > 0 {
		start := first.Lines().At(0).Start
		line := string(w.source[bytes.LastIndexByte(w.source[:start], '\n')+1 : start])
		if all := listMarker.FindAllString(line, -1); len(all) > 0 {
			marker = all[len(all)-1]
		}
	}
	if marker == "+" { // not one of WhatsApp's
		marker = "-"
	}
	return marker
}

// table writes each row as lines of "column: value"; a phone is too narrow for columns.
func (w writer) table(table *extast.Table, s style) string {
	var columns, rows []string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		if _, head := row.(*extast.TableHeader); head {
			for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
				columns = append(columns, w.inlines(cell, s))
			}
			continue
		}
		var lines []string
		i := 0
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			value := w.inlines(cell, s)
			if i < len(columns) && columns[i] != "" && value != "" {
				value = columns[i] + ": " + value
			}
			if value != "" {
				lines = append(lines, value)
			}
			i++
		}
		lines = append(lines, w.excess(row.LastChild())...)
		rows = append(rows, strings.Join(lines, "\n"))
	}
	if len(rows) == 0 {
		return strings.Join(columns, " ")
	}
	return strings.Join(rows, "\n\n")
}

// excess is what a row holds beyond its last column, which the parser leaves out as GitHub does.
func (w writer) excess(last ast.Node) []string {
	if last == nil || last.Lines().Len() == 0 {
		return nil
	}
	rest, _, _ := bytes.Cut(w.source[last.Lines().At(0).Stop:], []byte("\n"))
	var cells []string
	for cell := range strings.SplitSeq(string(rest), "|") {
		if cell = strings.TrimSpace(unescape(cell)); cell != "" {
			cells = append(cells, cell)
		}
	}
	return cells
}

func (w writer) inlines(parent ast.Node, s style) string {
	var out strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.inline(&out, n, s)
	}
	return out.String()
}

func (w writer) inline(out *strings.Builder, n ast.Node, s style) {
	switch n := n.(type) {
	case *ast.Text:
		value := string(n.Segment.Value(w.source))
		if !n.IsRaw() {
			value = unescape(value)
		}
		out.WriteString(value)
		if n.SoftLineBreak() || n.HardLineBreak() {
			out.WriteByte('\n')
		}
	case *ast.String:
		out.Write(n.Value)
	case *ast.CodeSpan:
		out.WriteString(w.code(n))
	case *ast.Emphasis:
		w.emphasis(out, n, s)
	case *extast.Strikethrough:
		inner := s
		inner.struck = true
		content := w.inlines(n, inner)
		if !s.struck {
			content = hug("~", content)
		}
		out.WriteString(content)
	case *ast.Link:
		out.WriteString(link(w.inlines(n, s), unescape(string(n.Destination))))
	case *ast.Image:
		out.WriteString(unescape(string(n.Destination)))
	case *ast.AutoLink:
		out.Write(n.Label(w.source))
	case *ast.RawHTML:
		if lineBreak.Match(n.Segments.Value(w.source)) {
			out.WriteByte('\n')
		}
	default:
		out.WriteString(w.inlines(n, s))
	}
}

var lineBreak = regexp.MustCompile(`(?i)^<(br|/p|/div|/li|/tr)\b`)

func (w writer) code(n *ast.CodeSpan) string {
	var code strings.Builder
	for t := n.FirstChild(); t != nil; t = t.NextSibling() {
		if t, ok := t.(*ast.Text); ok {
			code.Write(t.Segment.Value(w.source))
		}
	}
	content := strings.ReplaceAll(code.String(), "\n", " ")
	if strings.Contains(content, "`") {
		return "```" + content + "```"
	}
	return "`" + content + "`"
}

// emphasis writes *bold* and _italic_. Stars within a word are arithmetic or names, and stay; where WhatsApp would not see
// the end of a span because a word goes on, the span is left plain.
func (w writer) emphasis(out *strings.Builder, n *ast.Emphasis, s style) {
	before, _ := utf8.DecodeLastRuneInString(out.String())
	after := w.firstRune(n.NextSibling())
	if isWord(before) {
		stars := strings.Repeat("*", n.Level)
		out.WriteString(stars + w.inlines(n, s) + stars)
		return
	}
	bold := n.Level == 2
	inner := s
	inner.bold, inner.italic = s.bold || bold, s.italic || !bold
	var content string
	if nested, ok := n.FirstChild().(*ast.Emphasis); ok && !bold && nested.Level == 2 && n.ChildCount() == 1 && !s.bold {
		inner.bold, bold, s.bold = true, true, false // ***x*** is *_x_*
		content = w.inlines(nested, inner)
		if !s.italic {
			content = hug("_", content)
		}
	} else {
		content = w.inlines(n, inner)
	}
	switch {
	case isWord(after), bold && s.bold, !bold && s.italic:
	case bold:
		content = hug("*", content)
	default:
		content = hug("_", content)
	}
	out.WriteString(content)
}

func (w writer) firstRune(n ast.Node) rune {
	if t, ok := n.(*ast.Text); ok {
		r, _ := utf8.DecodeRune(t.Segment.Value(w.source))
		return r
	}
	return 0
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// hug puts a marker round each line's words: WhatsApp wants it on one line, without a space inside. A text that holds the
// marker itself would end early and stays plain, and so does a bare address, which the marker would become part of.
func hug(marker, content string) string {
	if strings.Contains(content, marker) && marker != "_" || strings.Contains(content, "://") && !strings.ContainsAny(content, " \n") {
		return content
	}
	lines := strings.Split(content, "\n")
	for i, line := range lines {
		core := strings.TrimSpace(line)
		if core != "" {
			at := strings.Index(line, core)
			lines[i] = line[:at] + marker + core + marker + line[at+len(core):]
		}
	}
	return strings.Join(lines, "\n")
}

func link(label, address string) string {
	bare := strings.TrimPrefix(strings.TrimPrefix(address, "mailto:"), "tel:")
	switch strings.TrimSpace(label) {
	case "", address, bare:
		return bare
	}
	return label + " (" + bare + ")"
}

// unescape resolves backslashes and entities in one pass, so that what an escape yields is not taken for another one.
func unescape(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			out.WriteByte(s[i])
		case s[i] == '&':
			if end := strings.IndexByte(s[i:], ';'); end > 0 && end <= 40 {
				out.WriteString(Clean(html.UnescapeString(s[i : i+end+1])))
				i += end
				continue
			}
			out.WriteByte('&')
		default:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}
