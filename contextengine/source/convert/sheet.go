package convert

import (
	"fmt"
	"strings"

	"github.com/flomastr/flomastr"
)

// maxCells bounds what a workbook may hold, blank cells before the last of a row included.
const maxCells = 4_000_000

// workbook writes sheets as Markdown, each under its name.
type workbook struct {
	doc    Document
	b      strings.Builder
	cells  int
	hidden int
}

func newWorkbook(kind Kind) *workbook {
	return &workbook{doc: Document{Metadata: map[string]string{"kind": string(kind)}}}
}

// sheet writes one sheet. Rows may be of different lengths; number counts from 1 as the workbook does, hidden ones too.
func (w *workbook) sheet(number int, name string, rows [][]string) {
	body := grid(rows)
	if body == "" {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteString("\n\n")
	}
	name = shorten(visible(name))
	w.doc.Parts = append(w.doc.Parts, Part{flomastr.Place{Kind: flomastr.PlaceSheet, Number: number, Name: name}, w.b.Len()})
	if name != "" {
		w.b.WriteString("## " + name + "\n\n")
	}
	w.b.WriteString(body)
}

// count bounds the cells that are held.
func (w *workbook) count(cells int) error {
	if w.cells += cells; w.cells > maxCells {
		return ErrTooComplex.Because(fmt.Errorf("over %d cells", maxCells))
	}
	return nil
}

func (w *workbook) document(name string) (Document, error) {
	w.doc.Markdown = w.b.String()
	if w.doc.Markdown == "" {
		return Document{}, sentence(ErrNoText, "The workbook's sheets are empty.")
	}
	if w.hidden > 0 {
		w.doc.Warnings = append(w.doc.Warnings, "Hidden sheets were not read.")
	}
	if w.doc.Title == "" {
		w.doc.Title = titleFromName(name)
	}
	return w.doc, nil
}

// grid writes the rows of a sheet as Markdown. Empty rows part it into blocks. In a block, lines of one cell before the
// first of several are its title or a remark; the rest is a table whose first row is the head. Columns in which a block
// has nothing are left out.
func grid(rows [][]string) string {
	var blocks []string
	for from := 0; from < len(rows); {
		if blank(rows[from]) {
			from++
			continue
		}
		to := from + 1
		for to < len(rows) && !blank(rows[to]) {
			to++
		}
		blocks = append(blocks, gridBlock(rows[from:to])...)
		from = to
	}
	return strings.Join(blocks, "\n\n")
}

func gridBlock(rows [][]string) []string {
	var blocks []string
	for len(rows) > 0 && filled(rows[0]) == 1 {
		lone := strings.TrimSpace(strings.Join(rows[0], ""))
		blocks = append(blocks, escapeStart(oneLine(lone)))
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return blocks
	}
	return append(blocks, gridTable(rows))
}

// gridTable writes rows as a table, without the columns that are empty in all of them.
func gridTable(rows [][]string) string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	used := make([]bool, width)
	for _, r := range rows {
		for i, cell := range r {
			used[i] = used[i] || strings.TrimSpace(cell) != ""
		}
	}
	var b strings.Builder
	for i, r := range rows {
		var cells []string
		for at := range used {
			if !used[at] {
				continue
			}
			cell := ""
			if at < len(r) {
				cell = oneLine(r[at])
			}
			cells = append(cells, cell)
		}
		writeCells(&b, cells)
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", len(cells)) + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func oneLine(cell string) string { return strings.Join(strings.Fields(visible(cell)), " ") }

func blank(row []string) bool { return filled(row) == 0 }

func filled(row []string) int {
	n := 0
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			n++
		}
	}
	return n
}
