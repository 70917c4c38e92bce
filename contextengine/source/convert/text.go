package convert

import (
	"bytes"
	"errors"
	"mime"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding/htmlindex"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// decode gives the text of content in whatever encoding: a byte order mark decides, then valid UTF-8, then what the
// server said, then the most likely of the others. Content with NUL bytes and no mark is no text.
func decode(content []byte, contentType string) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(content, []byte{0xef, 0xbb, 0xbf}):
		content = content[3:]
		if !utf8.Valid(content) {
			content = bytes.ToValidUTF8(content, []byte("\uFFFD"))
		}
		return string(content), "utf-8", nil
	case bytes.HasPrefix(content, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(content, []byte{0, 0, 0xfe, 0xff}):
		out, err := utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewDecoder().Bytes(content)
		return string(out), "utf-32", err
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		out, err := utf.UTF16(utf.LittleEndian, utf.UseBOM).NewDecoder().Bytes(content)
		return string(out), "utf-16", err
	case bytes.IndexByte(content, 0) >= 0:
		if order, ok := unmarkedUTF16(content); ok {
			out, err := utf.UTF16(order, utf.IgnoreBOM).NewDecoder().Bytes(content)
			return string(out), "utf-16", err
		}
		return "", "", ErrUnsupported.Because(errors.New("binary content"))
	case utf8.Valid(content):
		return string(content), "utf-8", nil
	}
	if controls(content) > len(content)/50 {
		return "", "", ErrUnsupported.Because(errors.New("binary content"))
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		if out, ok := decodeAs(content, params["charset"]); ok {
			return out, params["charset"], nil
		}
	}
	// Mostly UTF-8 with a few broken bytes (a cut, a stray paste) is UTF-8; any guess would harm the rest.
	if repaired := bytes.ToValidUTF8(content, []byte("\uFFFD")); mostlyUTF8(content) {
		return string(repaired), "utf-8", nil
	}
	sample := content[:min(len(content), 64<<10)]
	if likelyShiftJIS(sample) {
		if out, ok := decodeAs(content, "shift_jis"); ok {
			return out, "shift_jis", nil
		}
	}
	guesses, err := chardet.NewTextDetector().DetectAll(sample)
	if err == nil {
		for _, guess := range guesses {
			if out, ok := decodeAs(content, guess.Charset); ok {
				return out, strings.ToLower(guess.Charset), nil
			}
		}
	}
	out, _ := decodeAs(content, "windows-1252")
	return out, "windows-1252", nil
}

// unmarkedUTF16 recognises UTF-16 without a mark by where its zeros are: Latin letters have one on one side only.
func unmarkedUTF16(content []byte) (utf.Endianness, bool) {
	sample := content[:min(len(content), 8<<10)&^1]
	var zeros [2]int
	for i, b := range sample {
		if b == 0 {
			zeros[i&1]++
		}
	}
	pairs := len(sample) / 2
	switch {
	case len(content)%2 != 0 || pairs < 2:
		return utf.LittleEndian, false
	case zeros[1]*5 >= pairs*2 && zeros[0]*50 <= pairs:
		return utf.LittleEndian, true
	case zeros[0]*5 >= pairs*2 && zeros[1]*50 <= pairs:
		return utf.BigEndian, true
	}
	return utf.LittleEndian, false
}

// likelyShiftJIS recognises Japanese text, short lists of names too, which statistics of words do not: two-byte characters
// of the everyday sets, next to each other. A quotation mark of windows-1252 and the letter behind it look like one such
// character, but stand alone.
func likelyShiftJIS(content []byte) bool {
	everyday, others, together := 0, 0, 0
	last := false
	for i := 0; i < len(content); i++ {
		lead := content[i]
		if lead < 0x80 {
			last = false
			continue
		}
		if i+1 == len(content) {
			break
		}
		pair := int(lead)<<8 | int(content[i+1])
		if pair >= 0x8140 && pair <= 0x81ac || pair >= 0x829f && pair <= 0x8396 || pair >= 0x889f && pair <= 0x9872 {
			everyday++
			if last {
				together++
			}
			last = true
			i++
			continue
		}
		if lead >= 0xe0 || lead < 0xa0 { // a rarer two-byte character
			i++
		}
		others++
		last = false
	}
	return everyday >= 2 && everyday >= 3*others && together*2 >= everyday
}

func decodeAs(content []byte, charset string) (string, bool) {
	encoding, err := htmlindex.Get(strings.ReplaceAll(charset, "GB-18030", "gb18030"))
	if err != nil {
		return "", false
	}
	out, err := encoding.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", false
	}
	return string(out), true
}

func controls(content []byte) int {
	n := 0
	for _, b := range content {
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b {
			n++
		}
	}
	return n
}

// mostlyUTF8 reports whether there are far more valid multi-byte characters than broken bytes.
func mostlyUTF8(content []byte) bool {
	valid, broken := 0, 0
	for i := 0; i < len(content); {
		if content[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			broken++
		} else {
			valid++
		}
		i += size
	}
	return valid > 9*broken
}

// plain reads text and Markdown. It changes nothing but line ends and characters that nobody can see.
func plain(req Request, kind Kind) (Document, error) {
	text, encoding, err := decode(req.Content, req.ContentType)
	if err != nil {
		return Document{}, err
	}
	doc := Document{Metadata: map[string]string{"kind": string(kind)}}
	if encoding != "utf-8" {
		doc.Metadata["encoding"] = encoding
	}
	text = visible(text)
	if kind == Markdown {
		text, doc.Title = frontMatter(text)
		text = withoutComments(text)
		if doc.Title == "" {
			doc.Title = firstHeading(text)
		}
	}
	if doc.Title == "" {
		doc.Title = titleFromName(req.Name)
	}
	doc.Markdown = strings.Trim(text, "\n")
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrEmpty
	}
	return doc, nil
}

// FromText reads text that somebody pasted as Markdown. A title that is given wins over one that the text holds.
func FromText(title, text string) (Document, error) {
	if len(text) > kinds[Markdown].most {
		return Document{}, ErrTooLarge
	}
	doc, err := plain(Request{Content: []byte(text)}, Markdown)
	if err != nil {
		return Document{}, err
	}
	if title = shorten(visible(title)); title != "" {
		doc.Title = title
	}
	return doc, nil
}

// visible drops what no reader sees: control characters, zero-width blanks, marks that reverse the reading direction, tag
// characters. Instructions to a model can be hidden in them, and they break words for search. The joiners stay, because
// Persian, Hindi and emoji are written with them.
func visible(text string) string {
	if plainlyVisible(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i, r := range text {
		switch {
		case r == '\r':
			if i+1 >= len(text) || text[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case r == '\f', r == '\v', r == '\u2028', r == '\u0085':
			b.WriteByte('\n')
		case r == '\u2029':
			b.WriteString("\n\n")
		case hidden(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plainlyVisible is the fast way out for the usual text.
func plainlyVisible(text string) bool {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if hidden(r) || r == '\u2028' || r == '\u2029' || r == '\u0085' {
			return false
		}
		i += size
	}
	return true
}

func hidden(r rune) bool {
	switch {
	case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0,
		r == '\u00ad', r == '\u200b', r == '\u2060', r == '\ufeff', r >= '\u2061' && r <= '\u2064',
		r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

var (
	frontMatterTitle = regexp.MustCompile(`(?m)^title:[ \t]*(.+?)[ \t]*$`)
	atxHeading       = regexp.MustCompile(`(?m)^ {0,3}#{1,2}[ \t]+(.+?)[ \t]*#*[ \t]*$`)
	inlineMarks      = regexp.MustCompile("[*_`]+|!?\\[([^\\]]*)\\]\\([^)]*\\)")
)

// frontMatter cuts the YAML block at the start of a Markdown file and gives its title.
func frontMatter(text string) (rest, title string) {
	if !strings.HasPrefix(text, "---\n") {
		return text, ""
	}
	end := strings.Index(text[4:], "\n---\n")
	if end < 0 || end > 16<<10 {
		return text, ""
	}
	block := text[4 : 4+end+1]
	if !strings.Contains(block, ":") {
		return text, ""
	}
	if m := frontMatterTitle.FindStringSubmatch(block); m != nil {
		title = strings.Trim(m[1], `"'`)
	}
	return text[4+end+5:], title
}

// withoutComments cuts HTML comments outside of code, where a page hides what only a machine reads.
func withoutComments(text string) string {
	if !strings.Contains(text, "<!--") {
		return text
	}
	var b strings.Builder
	fenced, commented := false, false
	for line := range strings.SplitAfterSeq(text, "\n") {
		if !commented {
			if trimmed := strings.TrimLeft(line, " "); strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
				fenced = !fenced
			}
		}
		for !fenced {
			if commented {
				_, after, found := strings.Cut(line, "-->")
				if !found {
					line = ""
					break
				}
				line, commented = after, false
			}
			before, after, found := strings.Cut(line, "<!--")
			if !found || strings.Count(before, "`")%2 == 1 {
				break
			}
			b.WriteString(before)
			line, commented = after, true
		}
		b.WriteString(line)
	}
	return b.String()
}

func firstHeading(markdown string) string {
	m := atxHeading.FindStringSubmatch(markdown[:min(len(markdown), 8<<10)])
	if m == nil {
		return ""
	}
	return shorten(inlineMarks.ReplaceAllString(m[1], "$1"))
}

// titleFromName makes a title of a file name that may be anything.
func titleFromName(name string) string {
	name = path.Base(strings.ReplaceAll(visible(name), `\`, "/"))
	if _, known := endings[strings.ToLower(path.Ext(name))]; known {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	name = strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if name = strings.Trim(name, " ./"); name == "" {
		return "Untitled"
	}
	return shorten(name)
}

// shorten keeps a title to one line of at most 200 characters.
func shorten(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	if utf8.RuneCountInString(title) <= 200 {
		return title
	}
	return string([]rune(title)[:199]) + "…"
}
