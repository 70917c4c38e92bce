package convert

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// csvTable reads a table in text form, in any encoding and with whatever parts its columns.
func csvTable(req Request) (Document, error) {
	text, encoding, err := decode(req.Content, req.ContentType)
	if err != nil {
		return Document{}, err
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = separator(text)
	reader.LazyQuotes, reader.FieldsPerRecord, reader.TrimLeadingSpace, reader.ReuseRecord = true, -1, true, false
	w := newWorkbook(CSV)
	var rows [][]string
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Document{}, sentence(ErrBroken, "The table cannot be read: a quotation mark is not closed. Save it again and upload that.").Because(err)
		}
		if err := w.count(len(row) + 1); err != nil {
			return Document{}, err
		}
		rows = append(rows, row)
	}
	w.doc.Markdown = grid(rows)
	if encoding != "utf-8" {
		w.doc.Metadata["encoding"] = encoding
	}
	w.doc.Title = titleFromName(req.Name)
	if w.doc.Markdown == "" {
		return Document{}, ErrEmpty
	}
	return w.doc, nil
}

// separator finds the sign that parts the first lines into most columns, the same number on each line.
func separator(text string) rune {
	lines := strings.SplitN(text[:min(len(text), 64<<10)], "\n", 22)
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	best, most := ',', 0
	for _, sign := range []rune{',', ';', '\t', '|'} {
		count := map[int]int{}
		for _, line := range lines {
			if n := outsideQuotes(line, sign); n > 0 {
				count[n]++
			}
		}
		for n, times := range count {
			if score := times * min(n, 5); score > most {
				best, most = sign, score
			}
		}
	}
	return best
}

func outsideQuotes(line string, sign rune) int {
	n, quoted := 0, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == sign && !quoted:
			n++
		}
	}
	return n
}
