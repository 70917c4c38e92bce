package convert

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

// record writes one record of an old workbook.
func biff(kind int, parts ...any) []byte {
	var data []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int: // two bytes
			data = binary.LittleEndian.AppendUint16(data, uint16(p))
		case uint32:
			data = binary.LittleEndian.AppendUint32(data, p)
		case float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(p))
		case byte:
			data = append(data, p)
		case string:
			data = append(data, p...)
		}
	}
	head := binary.LittleEndian.AppendUint16(nil, uint16(kind))
	return append(binary.LittleEndian.AppendUint16(head, uint16(len(data))), data...)
}

// oldWorkbook has one sheet to be seen and one that is hidden. Its second shared string runs over into a second record, where
// it goes on in two bytes a character.
func oldWorkbook(cells ...[]byte) []byte {
	narrow, wide := byte(0), byte(1)
	build := func(at uint32) []byte {
		var globals []byte
		for _, r := range [][]byte{
			biff(recBOF, 0x0600, 5),
			biff(recFormat, 200, 10, narrow, "yyyy/mm/dd"),
			biff(recXF, 0, 0), biff(recXF, 0, 200), biff(recXF, 0, 9),
			biff(recSheet, at, narrow, narrow, byte(6), narrow, "Prices"),
			biff(recSheet, at, byte(1), narrow, byte(6), narrow, "Hidden"),
			biff(recSST, uint32(2), uint32(2), 4, narrow, "Bike", 6, narrow, "Kat"),
			biff(recContinue, wide, "e\x00g\x00\x3a\x04"),
			biff(recEOF),
		} {
			globals = append(globals, r...)
		}
		return globals
	}
	out := build(uint32(len(build(0))))
	out = append(out, biff(recBOF, 0x0600, 16)...)
	for _, c := range cells {
		out = append(out, c...)
	}
	return append(out, biff(recEOF)...)
}

func TestAnOldWorkbookBecomesItsSheets(t *testing.T) {
	t.Parallel()
	doc, err := xlsSheets(oldWorkbook(
		biff(recLabelSST, 0, 0, 0, uint32(0)),
		biff(recLabelSST, 0, 1, 0, uint32(1)),
		biff(recNumber, 1, 0, 1, 46356.0),
		biff(recMulRK, 1, 1, 0, uint32(18<<2|2), 2, uint32(50<<2|3), 2),
		biff(recFormula, 2, 0, 0, byte(0), byte(0), uint32(0), 0xffff, 0, uint32(0)),
		biff(recString, 4, byte(0), "text"),
		biff(recBoolErr, 2, 1, 0, byte(1), byte(0)),
	), "a.xls")
	if err != nil {
		t.Fatal(err)
	}
	const want = "## Prices\n\n| Bike | Kategк | |\n| --- | --- | --- |\n| 2026-11-30 | 18 | 50% |\n| text | TRUE | |"
	if doc.Markdown != want || len(doc.Warnings) != 1 {
		t.Errorf("got\n%s\n%q", doc.Markdown, doc.Warnings)
	}
}

func TestABadOldWorkbookSaysWhatItIs(t *testing.T) {
	t.Parallel()
	good := oldWorkbook(biff(recNumber, 0, 0, 0, 1.0))
	for name, tc := range map[string]struct {
		stream []byte
		want   *flomastr.Error
	}{
		"a password":      {append(biff(recBOF, 0x0600, 5), biff(recFilePass, 1, 1)...), ErrEncrypted},
		"too old":         {biff(recBOF, 0x0500, 5), ErrUnsupported},
		"cut off":         {good[:len(good)-6], ErrBroken},
		"nothing":         {nil, ErrBroken},
		"empty sheets":    {oldWorkbook(), ErrNoText},
		"a far cell":      {oldWorkbook(biff(recNumber, 65_535, 65_535, 0, 1.0)), ErrNoText},
		"a string beyond": {oldWorkbook(biff(recLabelSST, 0, 0, 0, uint32(1<<31))), ErrNoText},
		"a sheet at none": {append(append(biff(recBOF, 0x0600, 5), biff(recSheet, uint32(1<<31), byte(0), byte(0), byte(1), byte(0), "x")...), biff(recEOF)...), ErrBroken},
	} {
		if doc, err := xlsSheets(tc.stream, "a.xls"); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %q and %v", name, doc.Markdown, err)
		}
	}
}

func FuzzOldWorkbook(f *testing.F) {
	f.Add(oldWorkbook(biff(recNumber, 1, 0, 1, 46356.0), biff(recLabelSST, 0, 1, 0, uint32(1))))
	f.Add(oldWorkbook(biff(recMulRK, 1, 1, 0, uint32(18<<2|2), 2)))
	f.Fuzz(func(t *testing.T, stream []byte) {
		doc, err := xlsSheets(stream, "a.xls")
		var ours *flomastr.Error
		if err != nil && (!errors.As(err, &ours) || ours.Kind == flomastr.Internal) {
			t.Fatalf("%v", err)
		}
		if err == nil && strings.ContainsRune(doc.Markdown, 0) {
			t.Fatalf("%q", doc.Markdown)
		}
	})
}

func odsOf(t testing.TB, body, manifest string) []byte {
	t.Helper()
	return openDocumentOf(t, "application/vnd.oasis.opendocument.spreadsheet", `<office:spreadsheet>`+body+`</office:spreadsheet>`, manifest)
}

const odsTable = `<table:table table:name="Prices"><table:table-row><table:table-cell><text:p>Bike</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/>` +
	`<table:table-cell><office:annotation><text:p>REMARK</text:p></office:annotation><text:p>Day</text:p></table:table-cell></table:table-row>` +
	`<table:table-row table:number-rows-repeated="2"><table:table-cell><text:p>City<text:s/>bike</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/>` +
	`<table:table-cell office:value="18"><text:p>£18</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16380"/></table:table-row>` +
	`<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>`

func TestAnOpenDocumentSpreadsheetBecomesItsSheets(t *testing.T) {
	t.Parallel()
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.ods", Content: odsOf(t, odsTable, "")})
	if err != nil || doc.Markdown != "## Prices\n\n| Bike | Day |\n| --- | --- |\n| City bike | £18 |\n| City bike | £18 |" {
		t.Errorf("%s\n%v", doc.Markdown, err)
	}
	full := `<table:table table:name="x"><table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>` +
		strings.Repeat(`<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>`, 20) + `</table:table-row></table:table>`
	for name, tc := range map[string]struct {
		content []byte
		want    *flomastr.Error
	}{
		"a run without end": {odsOf(t, full, ""), ErrTooComplex},
		"a password":        {odsOf(t, odsTable, `<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>`), ErrEncrypted},
		"empty":             {odsOf(t, "", ""), ErrNoText},
	} {
		if doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.ods", Content: tc.content}); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}
