package assistant

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// partSize is about how long the parts are into which a bare text is cut, in bytes.
const partSize = 700

// partHead is how a prepared context heads its parts: "[2] Delivery › Charges".
var partHead = regexp.MustCompile(`(?m)^\[(\d{1,3})\](?: ([^\n]{0,200}))?\n`)

// material is a given text as passages, each with its place in the text.
type material struct {
	passages []contextengine.Passage
	start    []int // byte offset of each passage's text in the given text
	part     []int // which piece it came from
	chunk    []string
}

// readText cuts a context: along the numbers of a prepared one, else along headings and empty lines.
func readText(text string) material {
	var m material
	heads := partHead.FindAllStringSubmatchIndex(text, -1)
	if len(heads) == 0 || strings.TrimSpace(text[:heads[0][0]]) != "" {
		m.cut(text, 0, "", 0, "")
		return m
	}
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		title := ""
		if h[4] >= 0 {
			title = text[h[4]:h[5]]
		}
		m.cut(text[h[1]:end], h[1], title, i, "")
	}
	return m
}

// readPieces takes given pieces as they are; offsets count within each piece.
func readPieces(pieces []Piece) material {
	var m material
	for i, p := range pieces {
		m.cut(p.Text, 0, p.Title, i, p.ChunkID)
	}
	return m
}

// cut adds a text in parts that end at empty lines and before headings.
func (m *material) cut(text string, offset int, title string, part int, chunkID string) {
	add := func(from, to int) {
		if strings.TrimSpace(text[from:to]) == "" {
			return
		}
		m.passages = append(m.passages, contextengine.Passage{
			ID: flomastr.NewID[flomastr.PassageID](), Title: title, Text: text[from:to], Source: "paste", Score: 1,
		})
		m.start = append(m.start, offset+from)
		m.part = append(m.part, part)
		m.chunk = append(m.chunk, chunkID)
	}
	from := 0
	for _, l := range lines(text) {
		blank := strings.TrimSpace(l.text) == ""
		if headingLine.MatchString(l.text) && l.at.start > from {
			add(from, l.at.start)
			from = l.at.start
		} else if blank && l.at.start-from > partSize {
			add(from, l.at.start)
			from = l.at.start
		}
	}
	add(from, len(text))
}

// nearestFirst orders pieces by distance where all have one.
func nearestFirst(pieces []Piece) []Piece {
	out := slices.Clone(pieces)
	for _, p := range out {
		if p.Distance <= 0 {
			return out
		}
	}
	slices.SortStableFunc(out, func(a, b Piece) int {
		switch {
		case a.Distance < b.Distance:
			return -1
		case a.Distance > b.Distance:
			return 1
		}
		return 0
	})
	return out
}
