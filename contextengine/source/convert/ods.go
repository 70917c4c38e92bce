package convert

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ods reads an OpenDocument spreadsheet. A cell's text is what the program that wrote it showed; a run of equal cells or
// rows is written once with a number, which is believed only as far as there is something in them.
func ods(req Request) (Document, error) {
	archive, err := openParts(req.Content)
	if err != nil {
		return Document{}, err
	}
	if err := openDocument(archive); err != nil {
		return Document{}, err
	}
	content, err := archive.xml("content.xml")
	if err != nil || content == nil {
		return Document{}, errors.Join(err, ErrBroken)
	}
	r := odsReader{w: newWorkbook(ODS), decoder: xml.NewDecoder(bytes.NewReader(content)), invisible: map[string]bool{}}
	if err := r.read(); err != nil {
		return Document{}, err
	}
	return r.w.document(req.Name)
}

// openDocument refuses a file whose manifest says that its parts are encrypted.
func openDocument(archive *parts) error {
	manifest, err := archive.xml("META-INF/manifest.xml")
	if err != nil {
		return err
	}
	if bytes.Contains(manifest, []byte("encryption-data")) {
		return ErrEncrypted
	}
	return nil
}

// maxRepeated bounds how often a row or cell with something in it is repeated.
const maxRepeated = 1000

type odsReader struct {
	w         *workbook
	decoder   *xml.Decoder
	invisible map[string]bool // styles of sheets that are hidden
	style     string

	number int
	name   string
	hidden bool
	rows   [][]string
	row    []string
	repeat int
	cell   strings.Builder
	cells  int // how often this one stands there
	inCell bool
	notes  int // depth inside of a remark
}

func (r *odsReader) read() error {
	for {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return ErrBroken.Because(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			r.start(token)
		case xml.EndElement:
			if err := r.end(token.Name.Local); err != nil {
				return err
			}
		case xml.CharData:
			if r.inCell && r.notes == 0 {
				r.cell.Write(token)
			}
		}
	}
}

func (r *odsReader) start(e xml.StartElement) {
	switch e.Name.Local {
	case "style":
		r.style = xmlAttribute(e, "name")
	case "table-properties":
		if xmlAttribute(e, "display") == "false" {
			r.invisible[r.style] = true
		}
	case "table":
		r.number++
		r.name, r.hidden, r.rows = xmlAttribute(e, "name"), r.invisible[xmlAttribute(e, "style-name")], nil
	case "table-row":
		r.row, r.repeat = nil, times(e, "number-rows-repeated")
	case "table-cell", "covered-table-cell":
		r.cell.Reset()
		r.inCell, r.cells = true, times(e, "number-columns-repeated")
	case "annotation":
		r.notes++
	case "s", "tab", "line-break":
		r.cell.WriteByte(' ')
	}
}

func (r *odsReader) end(name string) error {
	switch name {
	case "annotation":
		r.notes--
	case "p", "h":
		if r.inCell && r.notes == 0 {
			r.cell.WriteByte(' ')
		}
	case "table-cell", "covered-table-cell":
		r.inCell = false
		text := strings.TrimSpace(r.cell.String())
		n := r.cells
		if text != "" {
			n = min(n, maxRepeated)
		} else if len(r.row)+n > 16_384 { // the rest of the row
			return nil
		}
		if err := r.w.count(n); err != nil {
			return err
		}
		for range n {
			r.row = append(r.row, text)
		}
	case "table-row":
		if blank(r.row) {
			if len(r.rows) > 0 && r.rows[len(r.rows)-1] != nil {
				r.rows = append(r.rows, nil)
			}
			return nil
		}
		n := min(r.repeat, maxRepeated)
		if err := r.w.count(n * len(r.row)); err != nil {
			return err
		}
		for range n {
			r.rows = append(r.rows, r.row)
		}
	case "table":
		if r.hidden {
			r.w.hidden++
			return nil
		}
		r.w.sheet(r.number, r.name, r.rows)
	}
	return nil
}

func times(e xml.StartElement, attribute string) int {
	n, err := strconv.Atoi(xmlAttribute(e, attribute))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

func xmlAttribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
