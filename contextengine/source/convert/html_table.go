package convert

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// simplifyTables makes tables that Markdown can hold: a table that only arranges the page becomes plain blocks, and
// lists and paragraphs inside a cell become one line.
func simplifyTables(body *html.Node) {
	var tables []*html.Node
	for n := range body.Descendants() {
		if n.DataAtom == atom.Table {
			tables = append(tables, n)
		}
	}
	for _, table := range slices.Backward(tables) { // inner ones first
		if isLayout(table) {
			unfold(table)
			continue
		}
		cells := cellsOf(table)
		boundSpans(cells)
		for _, cell := range cells {
			flatten(cell)
		}
	}
}

// isLayout recognises a table without tabular content: another table in it, a role that says so, headings in its cells,
// or one cell a row.
func isLayout(table *html.Node) bool {
	role := attribute(table, "role")
	if role == "presentation" || role == "none" {
		return true
	}
	for n := range table.Descendants() {
		switch n.DataAtom {
		case atom.Table, atom.H1, atom.H2, atom.H3, atom.Section, atom.Article, atom.Pre:
			return true
		}
	}
	widest := 0
	for n := range table.Descendants() {
		if n.DataAtom == atom.Tr {
			width := 0
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
					width++
				}
			}
			widest = max(widest, width)
		}
	}
	return widest < 2
}

// unfold renames a layout table's parts to blocks. Its own parts only: inner tables have been handled before it.
func unfold(table *html.Node) {
	for n := range table.Descendants() {
		switch n.DataAtom {
		case atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr, atom.Td, atom.Th, atom.Caption:
			if nearest(n, atom.Table) == table {
				n.DataAtom, n.Data, n.Attr = atom.Div, "div", nil
			}
		}
	}
	table.DataAtom, table.Data, table.Attr = atom.Div, "div", nil
}

func nearest(n *html.Node, tag atom.Atom) *html.Node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == tag {
			return p
		}
	}
	return nil
}

func cellsOf(table *html.Node) []*html.Node {
	var cells []*html.Node
	for n := range table.Descendants() {
		if n.DataAtom == atom.Td || n.DataAtom == atom.Th {
			cells = append(cells, n)
		}
	}
	return cells
}

// maxMirrored bounds the cells that a table's spans may fill. A cell that claims a hundred thousand rows is not a table's.
const maxMirrored = 20_000

func boundSpans(cells []*html.Node) {
	filled := 0
	for _, cell := range cells {
		filled += span(cell, "colspan") * span(cell, "rowspan")
	}
	if filled <= maxMirrored+len(cells) {
		return
	}
	for _, cell := range cells {
		cell.Attr = nil
	}
}

func span(cell *html.Node, key string) int {
	n, err := strconv.Atoi(strings.TrimSpace(attribute(cell, key)))
	if err != nil && attribute(cell, key) != "" {
		return maxMirrored * 2 // not a number, or a huge one: the browser would guess, we do without
	}
	return min(max(n, 1), maxMirrored*2)
}

// flatten puts what a cell holds on one line: list items and lines are set apart with a semicolon or a blank.
func flatten(cell *html.Node) {
	var breaks, items, blocks []*html.Node
	for n := range cell.Descendants() {
		if n.Type == html.TextNode {
			n.Data = strings.ReplaceAll(n.Data, "|", `\|`)
		}
		switch n.DataAtom {
		case atom.Br:
			breaks = append(breaks, n)
		case atom.Li, atom.Dd:
			items = append(items, n)
		case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Blockquote, atom.H4, atom.H5, atom.H6:
			blocks = append(blocks, n)
		}
	}
	for _, n := range breaks {
		n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: " "}, n)
		n.Parent.RemoveChild(n)
	}
	for i, n := range items {
		after := " "
		if i < len(items)-1 && !strings.HasSuffix(strings.TrimSpace(textOf(n)), ";") {
			after = "; "
		}
		inline(n, after)
	}
	for _, n := range blocks {
		inline(n, " ")
	}
}

func inline(n *html.Node, after string) {
	n.DataAtom, n.Data, n.Attr = atom.Span, "span", nil
	n.AppendChild(&html.Node{Type: html.TextNode, Data: after})
	if n.Parent != nil {
		n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: " "}, n)
	}
}
