package chunk

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Chunk is one passage-to-be.
type Chunk struct {
	Text     string
	Headings []string // from the outermost to the nearest
	Page     int      // the page on which it begins, 0 where the source has none
}

// Page says at which byte of the Markdown a page begins.
type Page struct{ Number, Offset int }

// The sizes, in bytes of UTF-8 except that scripts of three bytes a letter get twice the room.
const (
	target   = 900  // a chunk closes before it grows past this
	enough   = 300  // a chunk of this size may close early, when the next piece would not fit whole
	keepAll  = 1800 // a table or a pair is kept whole up to this
	maxDepth = 6
)

// Split cuts a text. The same text always gives the same chunks.
func Split(markdown string, pages []Page) []Chunk {
	var out []Chunk
	var path []string
	var levels []int
	packer := packer{room: room(markdown)}
	flush := func() {
		for _, p := range packer.close() {
			out = append(out, Chunk{Text: p.text, Headings: append([]string(nil), path...), Page: pageAt(pages, p.offset)})
		}
	}
	lonely := -1 // offset of a heading under which nothing stood yet
	for _, b := range bind(blocks(markdown)) {
		if b.kind != heading {
			packer.add(b)
			lonely = -1
			continue
		}
		flush()
		if b.text == "" {
			continue
		}
		for len(levels) > 0 && levels[len(levels)-1] >= b.level {
			levels, path = levels[:len(levels)-1], path[:len(path)-1]
		}
		path, levels = append(slices.Clip(path), b.text), append(levels, b.level)
		lonely = b.offset
	}
	flush()
	if len(out) == 0 && lonely >= 0 { // nothing but headings: they are the text
		out = append(out, Chunk{Text: strings.Join(path, "\n"), Page: pageAt(pages, lonely)})
	}
	return out
}

// pageAt finds the page on which an offset lies.
func pageAt(pages []Page, offset int) int {
	page := 0
	for _, p := range pages {
		if p.Offset > offset {
			break
		}
		page = p.Number
	}
	return page
}

// room widens the sizes for scripts that need more bytes for as much meaning.
func room(text string) float64 {
	if n := utf8.RuneCountInString(text); n > 0 {
		if per := float64(len(text)) / float64(n); per > 1.3 {
			return min(per, 2)
		}
	}
	return 1
}
