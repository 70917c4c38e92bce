package chunk

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Chunk is one passage-to-be.
type Chunk struct {
	Text     string
	Headings []string       // from the outermost to the nearest
	Place    flomastr.Place // where it begins, for sources that have pages, sheets or slides
}

// Part says at which byte of the Markdown a page, sheet or slide begins.
type Part struct {
	flomastr.Place

	Offset int
}

// The sizes, in bytes of UTF-8 except that scripts of three bytes a letter get twice the room.
const (
	target   = 900  // a chunk closes before it grows past this
	enough   = 300  // a chunk of this size may close early, when the next piece would not fit whole
	keepAll  = 1800 // a table or a pair is kept whole up to this
	maxDepth = 6
)

// Split cuts a text. The same text always gives the same chunks.
func Split(markdown string, parts []Part) []Chunk {
	var out []Chunk
	var path []string
	var levels []int
	packer := packer{room: room(markdown)}
	flush := func() {
		for _, p := range packer.close() {
			out = append(out, Chunk{Text: p.text, Headings: append([]string(nil), path...), Place: placeAt(parts, p.offset)})
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
		out = append(out, Chunk{Text: strings.Join(path, "\n"), Place: placeAt(parts, lonely)})
	}
	return out
}

// wholeMost is how many characters Whole keeps together: as many as one message may hold.
const wholeMost = flomastr.MaxReplyChars

// Whole makes one chunk of a text that is one answer, and cuts it only where it is longer than any answer may be.
func Whole(markdown string) []Chunk {
	text := strings.TrimSpace(markdown)
	if text == "" || utf8.RuneCountInString(text) > wholeMost {
		return Split(markdown, nil)
	}
	return []Chunk{{Text: text}}
}

// placeAt finds the part in which an offset lies.
func placeAt(parts []Part, offset int) flomastr.Place {
	var place flomastr.Place
	for _, p := range parts {
		if p.Offset > offset {
			break
		}
		place = p.Place
	}
	return place
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
