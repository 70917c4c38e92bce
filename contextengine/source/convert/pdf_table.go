package convert

import (
	"math"
	"slices"
	"strings"
)

// tableAt looks for a table that starts at a row and gives its Markdown and the row behind it.
func tableAt(rows []row, from int) (markdown string, next int) {
	if len(rows[from].segments) < 2 {
		return "", from
	}
	end := from + 1
	var gaps []float64
	for end < len(rows) && belongs(rows, from, end, gaps) {
		gaps = append(gaps, rows[end].y0-rows[end-1].y0)
		end++
	}
	// A label without values at the end is the title of what follows.
	for end > from && len(rows[end-1].segments) < 2 && !continues(rows, from, end-1) {
		end--
	}
	several, cells, long := 0, 0, 0
	for _, r := range rows[from:end] {
		if len(r.segments) >= 2 {
			several++
		}
		for _, s := range r.segments {
			cells++
			if s.words > 8 {
				long++
			}
		}
	}
	columns := findColumns(rows[from:end])
	if several < 2 || len(columns) < 2 || long*4 > cells || (several < 3 && len(columns) < 3) {
		return "", from
	}
	return writeTable(rows[from:end], columns), end
}

// belongs reports whether a row carries on the table above it: near enough, and in line with its columns.
func belongs(rows []row, from, at int, gaps []float64) bool {
	r, above := rows[at], rows[at-1]
	pitch := r.y0 - above.y0
	limit := 3.2 * math.Max(r.size, above.size)
	if len(gaps) > 0 {
		sorted := slices.Sorted(slices.Values(gaps))
		limit = math.Max(1.7*sorted[len(sorted)/2], 1.6*r.size)
	}
	if pitch > limit {
		return false
	}
	if len(r.segments) == 1 {
		if continues(rows, from, at) {
			return true
		}
		// A label of a first column without values: like its neighbours, and followed by more of the table.
		first := rows[from].segments[0]
		return math.Abs(r.x0()-first.x0) < 3 && r.x1() < rows[from].segments[1].x0 && r.segments[0].bold == above.segments[0].bold &&
			at+1 < len(rows) && len(rows[at+1].segments) >= 2 && math.Abs(r.size-above.size) < 0.6
	}
	if sameSplit(r, above) {
		return true
	}
	aligned := 0
	for _, s := range r.segments {
		if slices.ContainsFunc(rows[from:at], func(other row) bool {
			return len(other.segments) >= 2 && slices.ContainsFunc(other.segments, func(o segment) bool {
				return math.Abs(o.x0-s.x0) < 4 || math.Abs(o.x1-s.x1) < 4 || math.Abs((o.x0+o.x1)-(s.x0+s.x1)) < 8
			})
		}) {
			aligned++
		}
	}
	return aligned*2 >= len(r.segments)
}

// sameSplit reports whether two rows have as many cells and fall apart at the same places: a centred head over cells that
// are not lines up with them in no other way.
func sameSplit(a, b row) bool {
	if len(a.segments) != len(b.segments) || len(a.segments) < 2 {
		return false
	}
	for i := 1; i < len(a.segments); i++ {
		if math.Max(a.segments[i-1].x1, b.segments[i-1].x1) >= math.Min(a.segments[i].x0, b.segments[i].x0) {
			return false
		}
	}
	return true
}

// continues reports whether a lone segment is the second line of a cell that is not in the first column.
func continues(rows []row, from, at int) bool {
	r := rows[at]
	if len(r.segments) != 1 || at == from || r.y0-rows[at-1].y0 > 2.2*r.size {
		return false
	}
	for i := at - 1; i >= from; i-- {
		if len(rows[i].segments) < 2 {
			continue
		}
		return slices.ContainsFunc(rows[i].segments[1:], func(s segment) bool { return math.Abs(s.x0-r.x0()) < 3 })
	}
	return false
}

// column is a stretch of the page's width that cells of one column fill.
type column struct{ x0, x1 float64 }

// findColumns projects the cells on the page's width: where nearly no row has ink, a column ends.
func findColumns(rows []row) []column {
	left, right, several := math.Inf(1), math.Inf(-1), 0
	for _, r := range rows {
		if len(r.segments) >= 2 {
			left, right = math.Min(left, r.x0()), math.Max(right, r.x1())
			several++
		}
	}
	if several == 0 || right-left > 2*maxSide {
		return nil
	}
	ink := make([]int, int(right-left)+2)
	for _, r := range rows {
		if len(r.segments) < 2 {
			continue
		}
		for _, s := range r.segments {
			for x := max(int(s.x0-left), 0); x <= min(int(s.x1-left), len(ink)-1); x++ {
				ink[x]++
			}
		}
	}
	threshold := several / 10
	var columns []column
	open := -1
	for x := 0; x <= len(ink); x++ {
		inked := x < len(ink) && ink[x] > threshold
		switch {
		case inked && open < 0:
			open = x
		case !inked && open >= 0:
			columns = append(columns, column{left + float64(open), left + float64(x)})
			open = -1
		}
	}
	return merged(columns, rows)
}

// merged joins neighbouring columns that no row fills both of: a short head in the middle of a wide column leaves a gap
// that is none.
func merged(columns []column, rows []row) []column {
	if len(columns) < 3 {
		return columns
	}
	out := columns[:1:1]
	for _, next := range columns[1:] {
		last := &out[len(out)-1]
		both := slices.ContainsFunc(rows, func(r row) bool {
			within := func(c column) bool {
				return slices.ContainsFunc(r.segments, func(s segment) bool { return s.x0 < c.x1 && s.x1 > c.x0 })
			}
			return len(r.segments) >= 2 && within(*last) && within(next)
		})
		if both {
			out = append(out, next)
		} else {
			last.x1 = next.x1
		}
	}
	return out
}

// writeTable puts each segment into the column that it overlaps most, and a lone continuation line into the row above.
func writeTable(rows []row, columns []column) string {
	var lines [][]string
	for i, r := range rows {
		if i > 0 && continues(rows, 0, i) {
			last := lines[len(lines)-1]
			at := place(r.segments[0], columns)
			last[at] = strings.TrimSpace(last[at] + " " + r.segments[0].text)
			continue
		}
		cells := make([]string, len(columns))
		for _, s := range r.segments {
			at := place(s, columns)
			cells[at] = strings.TrimSpace(cells[at] + " " + s.text)
		}
		lines = append(lines, cells)
	}
	var b strings.Builder
	for i, cells := range lines {
		writeCells(&b, cells)
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(columns)) + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func writeCells(b *strings.Builder, cells []string) {
	b.WriteByte('|')
	for _, cell := range cells {
		b.WriteByte(' ')
		if cell != "" {
			b.WriteString(strings.ReplaceAll(cell, "|", `\|`))
			b.WriteByte(' ')
		}
		b.WriteByte('|')
	}
	b.WriteByte('\n')
}

func place(s segment, columns []column) int {
	best, most := 0, math.Inf(-1)
	for i, c := range columns {
		if overlap := math.Min(s.x1, c.x1) - math.Max(s.x0, c.x0); overlap > most {
			best, most = i, overlap
		}
	}
	// A cell that runs over into its neighbours belongs where it starts.
	for i, c := range columns {
		if math.Abs(s.x0-c.x0) < 3 {
			return i
		}
	}
	return best
}
