package convert

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// maxRTFDepth bounds how deeply groups nest; Word's lie a dozen deep.
const maxRTFDepth = 1000

// charsets are the encodings that a font's number stands for.
var charsets = map[int]string{
	128: "shift_jis", 129: "euc-kr", 134: "gb18030", 136: "big5", 161: "windows-1253", 162: "windows-1254", 163: "windows-1258", 177: "windows-1255",
	178: "windows-1256", 186: "windows-1257", 204: "windows-1251", 222: "windows-874", 238: "windows-1250",
}

// unseen are the groups whose text is not on the page. What begins with \* and is not known is unseen as well.
var unseen = map[string]bool{
	"colortbl": true, "pict": true, "object": true, "header": true, "headerl": true, "headerr": true, "headerf": true, "footer": true, "footerl": true,
	"footerr": true, "footerf": true, "annotation": true, "atnauthor": true, "xe": true, "tc": true, "nonesttables": true, "listtable": true, "template": true,
}

// signs are the control words that stand for a character.
var signs = map[string]string{
	"tab": " ", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ",
	"qmspace": " ", "zwj": "\u200d", "zwnj": "\u200c", "line": " ", "softline": " ",
}

// rtf reads a document in Rich Text Format: its words, headings, lists, links and tables. The converters at hand lose the
// blanks beside letters with accents, or every letter that is not Latin.
func rtf(req Request) (Document, error) {
	r := rtfReader{content: req.Content, styles: map[int]int{}, fonts: map[int]string{}, codepage: "windows-1252"}
	r.now.level, r.now.skip = -1, 1
	if err := r.read(); err != nil {
		return Document{}, err
	}
	r.endParagraph()
	r.endTable()
	doc := Document{Title: plausibleTitle(r.title.String()), Markdown: tidy(r.b.String()), Metadata: map[string]string{"kind": string(RTF)}}
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrNoText
	}
	return doc.named(req.Name), nil
}

// rtfState is what a group inherits and gives back.
type rtfState struct {
	into    string // where text goes: "" the page, "skip", or a table of the head
	hidden  bool
	skip    int // characters that repeat a Unicode one for old readers
	font    int
	level   int // of the paragraph as a heading, from 0; -1 for none
	inTable bool
	link    bool // the group is a field's result
}

type rtfReader struct {
	content  []byte
	at       int
	now      rtfState
	outer    []rtfState
	codepage string
	fonts    map[int]string // encodings of fonts
	styles   map[int]int    // heading levels of styles
	style    int            // being defined
	name     strings.Builder
	title    strings.Builder

	raw       []byte // characters of the font's encoding, not decoded yet
	high      rune   // the first half of a surrogate pair
	skipping  int
	star      bool
	text      strings.Builder
	marker    strings.Builder // of a list item
	inst      strings.Builder // what a field does
	linkStart int
	cells     []string
	rows      [][]string
	listed    bool // the block before was a list item
	b         strings.Builder
}

func (r *rtfReader) read() error {
	for r.at < len(r.content) {
		c := r.content[r.at]
		r.at++
		switch c {
		case '{':
			r.flush()
			r.skipping = 0
			if len(r.outer) >= maxRTFDepth {
				return ErrTooDeep.Because(fmt.Errorf("over %d groups", maxRTFDepth))
			}
			r.outer = append(r.outer, r.now)
			r.star = false
		case '}':
			r.flush()
			r.skipping = 0
			r.close()
		case '\\':
			r.control()
		case '\r', '\n', 0:
		default:
			r.star = false
			if r.skipping > 0 {
				r.skipping--
				continue
			}
			r.raw = append(r.raw, c)
		}
	}
	r.flush()
	return nil
}

// close ends a group.
func (r *rtfReader) close() {
	if len(r.outer) == 0 {
		return
	}
	ended := r.now
	r.now = r.outer[len(r.outer)-1]
	r.outer = r.outer[:len(r.outer)-1]
	// A paragraph's look outlives the group in which it was set, as Word writes it.
	if ended.into == "" && r.now.into == "" {
		r.now.level, r.now.inTable = ended.level, ended.inTable
	}
	if ended.link && !r.now.link {
		r.endLink()
	}
}

// control reads a control word or sign.
func (r *rtfReader) control() {
	if r.at >= len(r.content) {
		return
	}
	c := r.content[r.at]
	if c < 'a' || c > 'z' {
		r.at++
		r.sign(c)
		return
	}
	begin := r.at
	for r.at < len(r.content) && r.at-begin < 32 && r.content[r.at] >= 'a' && r.content[r.at] <= 'z' {
		r.at++
	}
	word := string(r.content[begin:r.at])
	begin = r.at
	if r.at < len(r.content) && r.content[r.at] == '-' {
		r.at++
	}
	for r.at < len(r.content) && r.at-begin < 11 && r.content[r.at] >= '0' && r.content[r.at] <= '9' {
		r.at++
	}
	number, err := strconv.Atoi(string(r.content[begin:r.at]))
	given := err == nil
	if r.at < len(r.content) && r.content[r.at] == ' ' {
		r.at++
	}
	r.word(word, number, given)
}

func (r *rtfReader) sign(c byte) {
	switch c {
	case '\'':
		if r.at+2 > len(r.content) {
			r.at = len(r.content)
			return
		}
		b, err := strconv.ParseUint(string(r.content[r.at:r.at+2]), 16, 8)
		r.at += 2
		if r.skipping > 0 {
			r.skipping--
		} else if err == nil {
			r.raw = append(r.raw, byte(b))
		}
	case '*':
		r.star = true
	case '~', '_':
		r.flush()
		r.say(map[byte]string{'~': " ", '_': "-"}[c])
	case '\\', '{', '}':
		if r.skipping > 0 {
			r.skipping--
			return
		}
		r.raw = append(r.raw, c)
	case '\r', '\n':
		r.flush()
		r.endParagraph()
	}
}

func (r *rtfReader) word(word string, number int, given bool) {
	r.flush()
	star := r.star
	r.star = false
	switch {
	case word == "u" && given:
		r.unicode(number)
		return
	case word == "uc" && given:
		r.now.skip = min(max(number, 0), 16)
		return
	case word == "bin" && given:
		r.at += min(max(number, 0), len(r.content)-r.at)
		return
	case word == "fonttbl", word == "stylesheet", word == "info":
		r.now.into = word
		return
	case r.now.into == "info" && word == "title":
		r.now.into = "title"
		return
	case r.now.into == "info":
		r.now.into = "skip"
		return
	case r.now.into == "fonttbl":
		r.fontEntry(word, number)
		return
	case r.now.into == "stylesheet":
		r.styleEntry(word, number)
		return
	case r.now.into == "skip":
		return
	case unseen[word]:
		r.now.into = "skip"
		return
	case word == "fldinst":
		r.now.into = word
		r.inst.Reset()
		return
	case word == "fldrslt":
		r.now.link, r.linkStart = true, r.text.Len()
		return
	case word == "listtext", word == "pntext":
		r.now.into = "marker"
		r.marker.Reset()
		return
	case star:
		r.now.into = "skip"
		return
	}
	r.look(word, number, given)
}

// look handles the words that change how text looks, or end a paragraph.
func (r *rtfReader) look(word string, number int, given bool) {
	switch word {
	case "ansicpg":
		r.codepage = "windows-" + strconv.Itoa(number)
	case "mac":
		r.codepage = "macintosh"
	case "f":
		r.now.font = number
	case "plain":
		r.now.hidden = false
	case "v":
		r.now.hidden = !given || number != 0
	case "deleted":
		r.now.hidden = !given || number != 0
	case "par", "sect", "page":
		r.endParagraph()
	case "pard":
		r.now.level, r.now.inTable = -1, false
		r.marker.Reset()
	case "s":
		r.now.level = -1
		if level, ok := r.styles[number]; ok {
			r.now.level = level
		}
	case "outlinelevel":
		if number >= 0 && number < 6 {
			r.now.level = number
		}
	case "intbl":
		r.now.inTable = true
	case "cell", "nestcell":
		r.cells = append(r.cells, strings.TrimSpace(r.text.String()))
		r.text.Reset()
	case "row", "nestrow":
		if len(r.cells) > 0 && len(r.rows) < maxMirrored {
			r.rows = append(r.rows, r.cells)
		}
		r.cells = nil
	case "footnote": // its text stands where its number does
		r.say(" ")
	default:
		if sign, ok := signs[word]; ok {
			r.say(sign)
		}
	}
}

func (r *rtfReader) fontEntry(word string, number int) {
	switch word {
	case "f":
		r.now.font = number
	case "fcharset":
		if charset := charsets[number]; charset != "" {
			r.fonts[r.now.font] = charset
		}
	}
}

func (r *rtfReader) styleEntry(word string, number int) {
	switch word {
	case "s":
		r.style = number
	case "outlinelevel":
		if number >= 0 && number < 6 {
			r.styles[r.style] = number
		}
	}
}

// unicode says a character by its number; above the first plane it comes in two halves.
func (r *rtfReader) unicode(number int) {
	if number < 0 {
		number += 65536
	}
	c := rune(number)
	r.skipping = r.now.skip
	switch {
	case utf16.IsSurrogate(c) && c < 0xdc00:
		r.high = c
		return
	case utf16.IsSurrogate(c):
		c = utf16.DecodeRune(r.high, c)
	}
	r.high = 0
	r.say(string(c))
}

// flush decodes what was gathered in the font's encoding.
func (r *rtfReader) flush() {
	if len(r.raw) == 0 {
		return
	}
	raw := r.raw
	r.raw = r.raw[:0]
	if text := string(raw); isASCII(text) {
		r.say(text)
		return
	}
	name := r.codepage
	if font := r.fonts[r.now.font]; font != "" {
		name = font
	}
	var decoder *encoding.Decoder
	if known, err := htmlindex.Get(name); err == nil {
		decoder = known.NewDecoder()
	} else {
		known, _ := htmlindex.Get("windows-1252")
		decoder = known.NewDecoder()
	}
	out, err := decoder.Bytes(raw)
	if err != nil {
		out = bytes.ToValidUTF8(raw, nil)
	}
	r.say(string(out))
}

// say puts text where the group's text goes.
func (r *rtfReader) say(text string) {
	switch r.now.into {
	case "":
		if !r.now.hidden {
			r.text.WriteString(text)
		}
	case "title":
		r.title.WriteString(text)
	case "marker":
		r.marker.WriteString(text)
	case "fldinst":
		r.inst.WriteString(text)
	case "stylesheet":
		r.name.WriteString(text)
		if name, rest, ended := strings.Cut(r.name.String(), ";"); ended {
			name = strings.ToLower(strings.TrimSpace(name))
			if level, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil && level >= 1 && level <= 6 {
				r.styles[r.style] = level - 1
			} else if name == "title" {
				r.styles[r.style] = 0
			}
			r.name.Reset()
			r.name.WriteString(rest)
			r.style = 0
		}
	}
}

// endLink makes a link of a field's result where the field is one.
func (r *rtfReader) endLink() {
	inst := strings.Fields(r.inst.String())
	r.inst.Reset()
	text := r.text.String()
	if len(inst) < 2 || !strings.EqualFold(inst[0], "HYPERLINK") || r.linkStart > len(text) {
		return
	}
	address := target(strings.Trim(inst[len(inst)-1], `"`), nil)
	if strings.HasPrefix(inst[1], `"`) {
		address = target(strings.Trim(inst[1], `"`), nil)
	}
	if said := oneLine(text[r.linkStart:]); address != "" && said != "" {
		r.text.Reset()
		r.text.WriteString(text[:r.linkStart] + "[" + said + "](" + address + ")")
	}
}

func (r *rtfReader) endParagraph() {
	if r.now.into != "" {
		return
	}
	text := oneLine(r.text.String())
	if r.now.inTable {
		r.text.WriteByte(' ') // a line of a cell
		return
	}
	r.text.Reset()
	marker := oneLine(r.marker.String())
	r.marker.Reset()
	if text == "" {
		return
	}
	r.endTable()
	item := marker != ""
	switch {
	case r.now.level >= 0 && len(text) <= 300:
		text = strings.Repeat("#", r.now.level+1) + " " + text
		item = false
	case item && strings.ContainsAny(marker, "0123456789"):
		text = marker + " " + text
	case item:
		text = "- " + text
	default:
		text = escapeStart(bullet(text))
	}
	r.block(text, item)
}

func (r *rtfReader) endTable() {
	if len(r.cells) > 0 {
		r.rows, r.cells = append(r.rows, r.cells), nil
	}
	if table := grid(r.rows); table != "" {
		r.block(table, false)
	}
	r.rows = nil
}

func (r *rtfReader) block(text string, item bool) {
	if r.b.Len() > 0 {
		r.b.WriteString(map[bool]string{true: "\n", false: "\n\n"}[item && r.listed])
	}
	r.listed = item
	r.b.WriteString(text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
