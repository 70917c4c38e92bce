package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Split cuts a text in WhatsApp's markup into parts of at most limit characters, at the best places: between paragraphs,
// else lines, else sentences, else words, else characters as people see them. It does not cut inside an address or code
// that would fit whole; what is bold, italic, struck or a block of code across a cut is closed before it and opened again
// after it. No part is empty; white space at a cut is dropped, and nothing else. It counts UTF-16 units, which is never
// fewer than characters: some stacks on the way count those. The limit is at least 32.
func Split(text string, limit int) []string {
	text = strings.TrimSpace(text)
	if units(text) <= limit {
		if text == "" {
			return nil
		}
		return []string{text}
	}
	p := plan(text, max(limit, 32))
	var parts []string
	for start := 0; start < len(text); {
		cut := p.next(start)
		body := strings.TrimSpace(text[start:cut])
		if body != "" {
			parts = append(parts, p.opening(start)+body+p.closing(cut))
		}
		start = cut
	}
	return parts
}

// The places where a text may be cut, the better the higher.
const (
	inCharacter = iota // between the runes of one that is longer than a message
	character
	word
	sentence
	line
	paragraph
)

// place is where a text may be cut.
type place struct {
	at    int // a byte offset
	units int // from the start of the text
	level int
}

// span is a marked stretch of the text, markers included.
type span struct {
	from, to    int
	open, close string
}

type cutting struct {
	limit  int
	places []place
	spans  []span // in the order in which they begin
}

var (
	address = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>]+|[\w.+-]+@[\w-]+\.[\w.-]+`)
	code    = regexp.MustCompile("(?s)```.+?```|`[^`\n]+`")
)

// plan finds all places of a text and what is marked in it.
func plan(text string, limit int) cutting {
	c := cutting{limit: limit}
	whole := code.FindAllStringIndex(text, -1)
	for _, at := range address.FindAllStringIndex(text, -1) {
		if !slices.ContainsFunc(whole, func(w []int) bool { return at[0] < w[1] && w[0] < at[1] }) {
			whole = append(whole, at)
		}
	}
	taken := append([][]int(nil), whole...)
	whole = slices.DeleteFunc(whole, func(w []int) bool {
		piece := text[w[0]:w[1]]
		if units(piece) <= limit-6 { // it may stand inside three marks, which are closed and opened again
			return false
		}
		// Too long to be kept whole: a block of code goes on in the next message.
		if strings.HasPrefix(piece, "```") {
			c.spans = append(c.spans, span{w[0], w[1], "```\n", "\n```"})
		} else if strings.HasPrefix(piece, "`") {
			c.spans = append(c.spans, span{w[0], w[1], "`", "`"})
		}
		return true
	})
	c.spans = append(c.spans, marked(text, taken)...)
	slices.SortFunc(c.spans, func(a, b span) int { return a.from - b.from })
	for _, s := range c.spans {
		// A marker stays with its first and its last word.
		n := len(strings.TrimRight(s.open, "\n"))
		whole = append(whole, []int{s.from, s.from + n + 1}, []int{s.to - n - 1, s.to})
	}
	slices.SortFunc(whole, func(a, b []int) int { return a[0] - b[0] })
	c.places = placesOf(text, whole, limit)
	return c
}

// placesOf lists where the text may be cut outside of what is to stay whole.
func placesOf(text string, whole [][]int, limit int) (places []place) {
	at, counted, state, inside := 0, 0, -1, 0
	for rest := text; rest != ""; {
		cluster, tail, boundaries, next := uniseg.StepString(rest, state)
		level := character
		switch {
		case strings.HasSuffix(text[:at+len(cluster)], "\n\n"):
			level = paragraph
		case strings.HasSuffix(cluster, "\n"):
			level = line
		case boundaries&uniseg.MaskSentence != 0:
			level = sentence
		case boundaries&uniseg.MaskLine != uniseg.LineDontBreak:
			level = word
		}
		if units(cluster) > limit/2 {
			places = append(places, runesOf(cluster, at, counted)...)
		}
		at, counted = at+len(cluster), counted+units(cluster)
		for inside < len(whole) && whole[inside][1] <= at {
			inside++
		}
		kept := false
		for _, w := range whole[inside:] {
			if w[0] >= at {
				break
			}
			kept = kept || at < w[1]
		}
		if !kept {
			places = append(places, place{at, counted, level})
		}
		rest, state = tail, next
	}
	if end := len(text); len(places) == 0 || places[len(places)-1].at != end {
		places = append(places, place{end, counted, paragraph})
	}
	return places
}

// runesOf cuts what claims to be one character and is longer than a message.
func runesOf(cluster string, at, counted int) (places []place) {
	for i, r := range cluster {
		if i > 0 {
			places = append(places, place{at + i, counted, inCharacter})
		}
		counted += max(utf16.RuneLen(r), 1)
	}
	return places
}

// next is the best cut after start.
func (c cutting) next(start int) int {
	first, _ := slices.BinarySearchFunc(c.places, start+1, func(p place, at int) int { return p.at - at })
	began := 0
	if first > 0 {
		began = c.places[first-1].units
	}
	room := c.limit - units(c.opening(start))
	var best [paragraph + 1]place
	last := c.places[first]
	for _, p := range c.places[first:] {
		if p.units-began > room {
			break
		}
		if p.units-began+units(c.closing(p.at)) <= room {
			best[p.level], last = p, p
		}
	}
	if last.at == c.places[len(c.places)-1].at {
		return last.at
	}
	for level := paragraph; level > character; level-- {
		if best[level].units-began >= room/3 {
			return best[level].at
		}
	}
	for level := paragraph; level > inCharacter; level-- {
		if best[level].at > start {
			return best[level].at
		}
	}
	return last.at
}

// opening is what a part needs to begin with, when it begins inside marked text; closing what it needs to end with.
func (c cutting) opening(at int) (markers string) {
	for _, s := range c.spans {
		if s.from < at && at < s.to {
			markers += s.open
		}
	}
	return markers
}

func (c cutting) closing(at int) (markers string) {
	for _, s := range c.spans {
		if s.from < at && at < s.to {
			markers = s.close + markers
		}
	}
	return markers
}

// marked finds what WhatsApp would show bold, italic or struck: markers that hug a text on one line, at word borders.
func marked(text string, whole [][]int) (spans []span) {
	for _, marker := range []byte("*_~") {
		from := -1
		for i := range len(text) {
			switch {
			case text[i] == '\n':
				from = -1
			case text[i] != marker, slices.ContainsFunc(whole, func(w []int) bool { return w[0] <= i && i < w[1] }):
			case from >= 0 && i > from+1 && !isSpaceBefore(text, i) && !isWordAt(text, i+1):
				spans = append(spans, span{from, i + 1, string(marker), string(marker)})
				from = -1
			case !isWordBefore(text, i) && i+1 < len(text) && !strings.ContainsRune(" \t\n", rune(text[i+1])) && text[i+1] != marker:
				from = i
			}
		}
	}
	return spans
}

func isSpaceBefore(text string, i int) bool { return strings.ContainsRune(" \t\n", rune(text[i-1])) }

func isWordBefore(text string, i int) bool {
	r, n := utf8.DecodeLastRuneInString(text[:i])
	return n > 0 && isWord(r)
}

func isWordAt(text string, i int) bool {
	r, n := utf8.DecodeRuneInString(text[i:])
	return n > 0 && isWord(r)
}

func units(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
