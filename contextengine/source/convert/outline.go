package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Caps of data: of its depth, and of the values that it may hold.
const (
	maxDataDepth = 200
	maxDataNodes = 400_000
)

// node is a piece of data: a value, or a list of named or unnamed ones.
type node struct {
	name  string
	value string
	parts []*node
	list  bool // its parts have no names of their own
	leaf  bool
}

// jsonDocument reads JSON, and lines of JSON, as an outline: what belongs together under one heading, rows of one shape as
// a table.
func jsonDocument(req Request) (Document, error) {
	text, encoding, err := decode(req.Content, req.ContentType)
	if err != nil {
		return Document{}, err
	}
	r := jsonReader{decoder: json.NewDecoder(strings.NewReader(text))}
	r.decoder.UseNumber()
	root := &node{list: true}
	for {
		one, err := r.value("", 0)
		if errors.Is(err, io.EOF) && len(root.parts) > 0 {
			break
		}
		if err != nil {
			return Document{}, jsonError(err)
		}
		root.parts = append(root.parts, one)
	}
	if len(root.parts) == 1 {
		root = root.parts[0]
	}
	doc := Document{Metadata: map[string]string{"kind": string(JSON)}, Markdown: outline(root), Title: titleFromName(req.Name)}
	if encoding != "utf-8" {
		doc.Metadata["encoding"] = encoding
	}
	if doc.Markdown == "" {
		return Document{}, ErrNoText
	}
	return doc, nil
}

func jsonError(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return sentence(ErrBroken, fmt.Sprintf("The file is no valid JSON: something is wrong at character %d.", syntax.Offset)).Because(err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return sentence(ErrBroken, "The file is no valid JSON: it ends too early.").Because(err)
	}
	return err
}

type jsonReader struct {
	decoder *json.Decoder
	nodes   int
}

func (r *jsonReader) value(name string, depth int) (*node, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	return r.from(token, name, depth)
}

func (r *jsonReader) from(token json.Token, name string, depth int) (*node, error) {
	if depth > maxDataDepth {
		return nil, ErrTooDeep
	}
	if r.nodes++; r.nodes > maxDataNodes {
		return nil, ErrTooComplex.Because(fmt.Errorf("over %d values", maxDataNodes))
	}
	n := &node{name: name}
	switch token := token.(type) {
	case json.Delim:
		n.list = token == '['
		for r.decoder.More() {
			key := ""
			if !n.list {
				said, err := r.decoder.Token()
				if err != nil {
					return nil, err
				}
				key, _ = said.(string)
			}
			part, err := r.value(key, depth+1)
			if err != nil {
				return nil, err
			}
			n.parts = append(n.parts, part)
		}
		_, err := r.decoder.Token()
		return n, err
	case string:
		n.value = token
	case nil:
	default:
		n.value = fmt.Sprint(token)
	}
	n.leaf = true
	return n, nil
}

// outline writes data as Markdown.
func outline(root *node) string {
	var blocks []string
	writeNode(&blocks, root, 1)
	return tidy(visible(strings.Join(blocks, "\n\n")))
}

func writeNode(blocks *[]string, n *node, level int) {
	if table := rowsOf(n); table != "" {
		*blocks = append(*blocks, table)
		return
	}
	// Values first: behind the heading of a part they would seem to be the part's.
	var items, sections []string
	for i, part := range n.parts {
		name := oneLine(part.name)
		switch {
		case part.leaf && strings.TrimSpace(part.value) == "":
		case part.leaf && name == "":
			items = append(items, "- "+oneLine(part.value))
		case part.leaf:
			items = append(items, "- "+name+": "+oneLine(part.value))
		case level > 5 || simple(part):
			if text := flat(part); text != "" {
				items = append(items, "- "+strings.TrimPrefix(name+": ", ": ")+text)
			}
		default:
			if name == "" {
				name = strconv.Itoa(i + 1)
			}
			var inner []string
			if writeNode(&inner, part, level+1); len(inner) > 0 {
				sections = append(append(sections, strings.Repeat("#", level)+" "+name), inner...)
			}
		}
	}
	if n.leaf && strings.TrimSpace(n.value) != "" {
		items = append(items, escapeStart(oneLine(n.value)))
	}
	if len(items) > 0 {
		*blocks = append(*blocks, strings.Join(items, "\n"))
	}
	*blocks = append(*blocks, sections...)
}

// simple is a short list of values, which fits a line.
func simple(n *node) bool {
	length := 0
	for _, part := range n.parts {
		if !part.leaf || part.name != "" {
			return false
		}
		length += len(part.value)
	}
	return length < 200
}

// flat writes what lies too deep for headings on one line.
func flat(n *node) string {
	if n.leaf {
		return oneLine(n.value)
	}
	var parts []string
	for _, part := range n.parts {
		text := flat(part)
		if text == "" {
			continue
		}
		if !part.leaf && part.name != "" {
			text = "(" + text + ")"
		}
		parts = append(parts, strings.TrimPrefix(oneLine(part.name)+": ", ": ")+text)
	}
	return strings.Join(parts, ", ")
}

// maxColumns is how many names rows of a table may have between them; more are no table.
const maxColumns = 40

// rowsOf writes a list of two or more things that have values alone, most of them the same ones, as a table.
func rowsOf(n *node) string {
	if !n.list || len(n.parts) < 2 {
		return ""
	}
	var names []string
	filled := 0
	for _, row := range n.parts {
		if row.leaf || row.list || len(row.parts) == 0 {
			return ""
		}
		for _, cell := range row.parts {
			if !cell.leaf && !simple(cell) {
				return ""
			}
			if !slices.Contains(names, cell.name) {
				names = append(names, cell.name)
			}
			filled++
		}
		if len(names) > maxColumns {
			return ""
		}
	}
	if filled*2 < len(names)*len(n.parts) {
		return ""
	}
	rows := [][]string{names}
	for _, row := range n.parts {
		cells := make([]string, len(names))
		for _, cell := range row.parts {
			at := slices.Index(names, cell.name)
			cells[at] = strings.TrimPrefix(cells[at]+"; "+flat(cell), "; ")
		}
		rows = append(rows, cells)
	}
	return gridTable(rows)
}
