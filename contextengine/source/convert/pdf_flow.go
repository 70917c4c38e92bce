package convert

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// arrange writes the pages as Markdown.
func arrange(doc *Document, pages []page) {
	margins := repeated(pages)
	styles := headingStyles(pages)
	hyphens := inlineHyphens(pages)
	var b strings.Builder
	for i, p := range pages {
		text := flow{styles: styles, hyphens: hyphens}.page(withoutMargins(p, i, margins))
		if b.Len() > 0 && text != "" {
			b.WriteString("\n\n")
		}
		doc.Parts = append(doc.Parts, pageAt(i+1, b.Len()))
		b.WriteString(text)
	}
	doc.Markdown = b.String()
}

// style is how a heading looks.
type style struct {
	size float64
	bold bool
}

// headingStyles ranks the looks that stand out from the body's: the larger ones by size, then bold at the body's size.
func headingStyles(pages []page) map[style]int {
	weight := map[style]int{}
	for _, p := range pages {
		for _, w := range p.words {
			weight[style{round(w.size), w.bold}] += len(w.text)
		}
	}
	var body style
	total, bold := 0, 0
	for s, n := range weight {
		total += n
		if s.bold {
			bold += n
		}
		if n > weight[body] || n == weight[body] && s.size < body.size {
			body = s
		}
	}
	var larger []style
	for s, n := range weight {
		// What fills a third of the document is no heading, however large.
		if s.size >= body.size*1.12 && s.size > body.size+0.9 && n*3 < total {
			larger = append(larger, s)
		}
	}
	slices.SortFunc(larger, func(a, b style) int {
		if a.size == b.size {
			return map[bool]int{true: -1, false: 1}[a.bold]
		}
		return compare(b.size, a.size)
	})
	ranks := map[style]int{}
	level, size := 0, math.Inf(1)
	for _, s := range larger {
		if s.size < size-0.6 {
			level, size = level+1, s.size
		}
		ranks[s] = min(level, 4)
	}
	if !body.bold && bold*3 < total {
		ranks[style{body.size, true}] = min(level+1, 5)
	}
	return ranks
}

func round(size float64) float64 { return math.Round(size*2) / 2 }

// flow writes one page.
type flow struct {
	styles  map[style]int
	hyphens map[string]bool
}

func (f flow) page(p page) string {
	return strings.Join(f.blocks(p, 0), "\n\n")
}

// blocks gives the page's paragraphs, headings and tables in reading order; columns of prose one after the other.
func (f flow) blocks(p page, depth int) []string {
	if len(p.words) == 0 {
		return nil
	}
	x, top, bottom, found := gutter(p)
	if !found || depth > 3 {
		return f.rows(makeRows(p.words))
	}
	var above, left, right, below page
	for _, w := range p.words {
		switch middle := (w.y0 + w.y1) / 2; {
		case middle < top:
			above.words = append(above.words, w)
		case middle > bottom:
			below.words = append(below.words, w)
		case (w.x0+w.x1)/2 < x:
			left.words = append(left.words, w)
		default:
			right.words = append(right.words, w)
		}
	}
	var blocks []string
	for _, part := range []page{above, left, right, below} {
		blocks = append(blocks, f.blocks(part, depth+1)...)
	}
	return blocks
}

func (f flow) rows(rows []row) []string {
	var blocks []string
	pitch := usualPitch(rows)
	right := 0.0
	for _, r := range rows {
		right = math.Max(right, r.x1())
	}
	for i := 0; i < len(rows); {
		if table, next := tableAt(rows, i); next > i {
			blocks = append(blocks, table)
			i = next
			continue
		}
		if isRule(rows[i].text()) {
			i++
			continue
		}
		level := f.level(rows[i])
		end := i + 1
		for end < len(rows) && f.joins(rows, i, end, level, pitch, right) {
			end++
		}
		text := f.paragraph(rows[i:end], right)
		// Three lines and more in a heading's dress are a letterhead.
		if level > 0 && end-i < 3 && utf8.RuneCountInString(text) <= 160 && hasLetter(text) {
			text = strings.Repeat("#", level) + " " + strings.ReplaceAll(text, "\n", " ")
		} else {
			text = escapeStart(text)
		}
		if text != "" {
			blocks = append(blocks, text)
		}
		i = end
	}
	return blocks
}

// level is a row's heading level by its looks, 0 for none.
func (f flow) level(r row) int {
	level := f.styles[style{round(r.size), r.bold}]
	text := r.text()
	if level == 0 || len(r.segments) > 1 || utf8.RuneCountInString(text) > 120 {
		return 0
	}
	// Bold text of the body's size is a heading only where it reads like one.
	if r.bold && strings.ContainsAny(text[len(text)-1:], ".,;") && f.styles[style{round(r.size), false}] == 0 {
		return 0
	}
	return level
}

// joins reports whether a row carries on the paragraph or heading that starts at from.
func (f flow) joins(rows []row, from, at int, level int, pitch, right float64) bool {
	r, above := rows[at], rows[at-1]
	if isRule(r.text()) || math.Abs(r.size-above.size) > 0.8 || f.level(r) != level || at-from > 400 {
		return false
	}
	if level > 0 {
		return r.y0-above.y0 < 1.6*r.size
	}
	if r.y0-above.y0 > math.Max(1.25*pitch, 1.05*r.size) || startsItem(r.text()) {
		return false
	}
	if _, next := tableAt(rows, at); next > at {
		return false
	}
	// An indented first line begins a paragraph where the line above had come to its end.
	if r.x0() > above.x0()+0.8*r.size && r.x0() < above.x0()+4*r.size && above.x1() < right-2*r.size && !startsItem(rows[from].text()) {
		return false
	}
	// A line that starts left of the lines above begins the next item of a hanging list.
	if at-from >= 2 && r.x0() < above.x0()-0.4*r.size {
		return false
	}
	return true
}

// paragraph joins lines: with a blank where the next word had no room left, with a line end where the line was short on
// purpose (an address, a receipt). A word cut at a line's end is made whole.
func (f flow) paragraph(rows []row, right float64) string {
	right = edge(rows, right)
	var b strings.Builder
	for i, r := range rows {
		line := r.text()
		if i == 0 {
			b.WriteString(bullet(line))
			continue
		}
		above := rows[i-1]
		previous := b.String()
		switch {
		case hyphenated(previous) && startsLower(line):
			whole := lastWord(previous)
			first, _, _ := strings.Cut(line, " ")
			if !f.hyphens[strings.ToLower(whole+strings.TrimRight(first, ".,;:!?)"))] {
				b.Reset()
				b.WriteString(strings.TrimSuffix(previous, "-"))
			}
			b.WriteString(line)
		case above.x1()+firstWidth(r)+0.3*r.size > right:
			b.WriteString(" " + line)
		default:
			b.WriteString("\n" + line)
		}
	}
	return b.String()
}

// edge is where the lines of a paragraph end at the latest: its own right edge where most of its lines reach that, else
// the page's.
func edge(rows []row, right float64) float64 {
	own, reach := 0.0, 0
	for _, r := range rows {
		own = math.Max(own, r.x1())
	}
	for _, r := range rows {
		if r.x1() > own-0.08*(own-r.x0()) {
			reach++
		}
	}
	if len(rows) >= 4 && reach*10 >= (len(rows)-1)*7 {
		return own
	}
	return right
}

// firstWidth is the width of a row's first word, roughly.
func firstWidth(r row) float64 {
	s := r.segments[0]
	first, _, _ := strings.Cut(s.text, " ")
	return (s.x1 - s.x0) * float64(len(first)) / float64(len(s.text))
}

func hyphenated(s string) bool {
	return len(s) > 2 && strings.HasSuffix(s, "-") && unicode.IsLetter(rune(s[len(s)-2]))
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

func lastWord(s string) string { return s[strings.LastIndexAny(s, " \n")+1:] }

// inlineHyphens gathers the words that are written with a hyphen in the middle of a line, so that "multi-" at a line's end keeps
// its hyphen and "con-" loses it.
func inlineHyphens(pages []page) map[string]bool {
	words := map[string]bool{}
	for _, p := range pages {
		for _, w := range p.words {
			if i := strings.IndexByte(w.text, '-'); i > 0 && i < len(w.text)-1 {
				words[strings.ToLower(strings.Trim(w.text, `.,;:!?()"“”`))] = true
			}
		}
	}
	return words
}

var (
	bulletMark = regexp.MustCompile(`^[•‣▪▫●○◦■□·\x{f0b7}\x{f0a7}]\s*`)
	itemStart  = regexp.MustCompile(`^([•‣▪▫●○◦■□·\x{f0b7}\x{f0a7}]|[-–—*] |\(?\d{1,3}[.)] |\.\d{1,2} |\(?[a-z][.)] )`)
	ruleLine   = regexp.MustCompile(`^[\s=_\-–—*~.·•]{4,}$`)
)

func startsItem(text string) bool { return itemStart.MatchString(text) }

func bullet(line string) string { return bulletMark.ReplaceAllString(line, "- ") }

func isRule(text string) bool { return ruleLine.MatchString(text) }

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// escapeStart keeps a paragraph from becoming a heading or a quotation by its first character.
func escapeStart(text string) string {
	if strings.HasPrefix(text, "#") || strings.HasPrefix(text, ">") {
		return `\` + text
	}
	return text
}

// usualPitch is the distance of neighbouring lines.
func usualPitch(rows []row) float64 {
	var pitches []float64
	for i := 1; i < len(rows); i++ {
		if p := rows[i].y0 - rows[i-1].y0; p > 0 && p < 2.2*rows[i].size && math.Abs(rows[i].size-rows[i-1].size) < 0.6 {
			pitches = append(pitches, p)
		}
	}
	if len(pitches) == 0 {
		return 0
	}
	slices.Sort(pitches)
	return pitches[len(pitches)/2]
}
