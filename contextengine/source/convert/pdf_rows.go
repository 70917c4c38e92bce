package convert

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// segment is a run of words in a row without a wide gap: a sentence's part, or a table's cell.
type segment struct {
	x0, x1 float64
	text   string
	words  int
	bold   bool
}

// row is what stands at one height of a page.
type row struct {
	y0, y1   float64
	segments []segment
	size     float64
	bold     bool
}

func (r row) x0() float64 { return r.segments[0].x0 }
func (r row) x1() float64 { return r.segments[len(r.segments)-1].x1 }

func (r row) text() string {
	parts := make([]string, len(r.segments))
	for i, s := range r.segments {
		parts[i] = s.text
	}
	return strings.Join(parts, " ")
}

// makeRows groups words by height and cuts each row where a gap is wider than a letter.
func makeRows(words []word) []row {
	if len(words) == 0 {
		return nil
	}
	sorted := slices.Clone(words)
	middle := func(w word) float64 { return (w.y0 + w.y1) / 2 }
	slices.SortStableFunc(sorted, func(a, b word) int { return compare(middle(a), middle(b)) })
	var rows []row
	line, box := []word{sorted[0]}, sorted[0]
	for _, w := range sorted[1:] {
		// Fonts of one line have boxes of different heights; what shares half of the smaller one's height is one line.
		overlap := math.Min(box.y1, w.y1) - math.Max(box.y0, w.y0)
		if overlap < 0.5*math.Min(box.y1-box.y0, w.y1-w.y0) {
			rows = append(rows, makeRow(line))
			line, box = nil, w
		} else if w.y1-w.y0 > box.y1-box.y0 && w.size <= 1.3*box.size {
			box = w
		}
		line = append(line, w)
	}
	return append(rows, makeRow(line))
}

func makeRow(words []word) row {
	slices.SortStableFunc(words, func(a, b word) int { return compare(a.x0, b.x0) })
	r := row{y0: words[0].y0, y1: words[0].y1}
	sizes, bold, letters := map[float64]int{}, 0, 0
	for i, w := range words {
		r.y0, r.y1 = min(r.y0, w.y0), max(r.y1, w.y1)
		sizes[w.size] += len(w.text)
		letters += len(w.text)
		if w.bold {
			bold += len(w.text)
		}
		last := len(r.segments) - 1
		switch {
		case i > 0 && w.x0-words[i-1].x1 <= math.Max(w.size, words[i-1].size):
			s := &r.segments[last]
			// Fonts of one word meet without a gap: "AutoGen" in two faces is one word.
			if gap := w.x0 - words[i-1].x1; gap > 0.12*w.size || gap < -w.size {
				s.text += " "
			}
			s.text += w.text
			s.x1 = math.Max(s.x1, w.x1)
			s.words++
			s.bold = s.bold && w.bold
		default:
			r.segments = append(r.segments, segment{x0: w.x0, x1: w.x1, text: w.text, words: 1, bold: w.bold})
		}
	}
	for size, n := range sizes {
		if n > sizes[r.size] || n == sizes[r.size] && size > r.size {
			r.size = size
		}
	}
	r.bold = bold*10 >= letters*9
	// A number or a bullet before the text is part of it, not a column.
	if len(r.segments) == 2 && listMark.MatchString(r.segments[0].text) && r.segments[1].x0-r.segments[0].x1 < 6*r.size {
		r.segments = []segment{{
			x0: r.segments[0].x0, x1: r.segments[1].x1, text: r.segments[0].text + " " + r.segments[1].text,
			words: r.segments[0].words + r.segments[1].words, bold: r.bold,
		}}
	}
	return r
}

var listMark = regexp.MustCompile(`^(\(?\.?(\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})([.)](\d{1,3})?)*|[•‣▪▫●○◦■□–—*·\x{f0b7}\x{f0a7}-])$`)

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// gutter finds two columns of prose: a vertical line that no word of a band of rows crosses, with sentences on both of
// its sides. It gives the band's height, so that a title above and a table below stay whole.
func gutter(p page) (x, top, bottom float64, found bool) {
	if len(p.words) < 60 {
		return 0, 0, 0, false
	}
	left, right := math.Inf(1), math.Inf(-1)
	for _, w := range p.words {
		left, right = math.Min(left, w.x0), math.Max(right, w.x1)
	}
	rows := makeRows(p.words)
	best := 0
	for at := left + 0.25*(right-left); at <= left+0.75*(right-left); at += math.Max(2, (right-left)/300) {
		from := 0
		for from < len(rows) {
			to := from
			sides := [2]int{}
			chars := [2]int{}
			for ; to < len(rows); to++ {
				l, r, crossed := sidesOf(rows[to], at)
				if crossed {
					break
				}
				for side, n := range [2]int{l, r} {
					if n > 0 {
						sides[side]++
						chars[side] += n
					}
				}
			}
			score := min(sides[0], sides[1])
			if score >= 6 && score > best && chars[0] >= 22*sides[0] && chars[1] >= 22*sides[1] {
				best, x, top, bottom, found = score, at, rows[from].y0-0.5, rows[to-1].y1+0.5, true
			}
			from = to + 1
		}
	}
	return x, top, bottom, found
}

// sidesOf counts the letters left and right of x, and reports whether something crosses it. Tables have several cells on
// a side; prose has one.
func sidesOf(r row, x float64) (left, right int, crossed bool) {
	segmentsLeft, segmentsRight := 0, 0
	for _, s := range r.segments {
		switch {
		case s.x1 < x-2:
			left += len(s.text)
			segmentsLeft++
		case s.x0 > x+2:
			right += len(s.text)
			segmentsRight++
		default:
			return 0, 0, true
		}
	}
	return left, right, segmentsLeft > 2 || segmentsRight > 2
}
