package convert

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/flomastr/flomastr"
)

// workbookOf writes an Excel workbook with two sheets, a hidden one between them.
func workbookOf(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	try(f.SetSheetName("Sheet1", "Prices"))
	for i, row := range [][]any{
		{"From spring"}, nil, {"Bike", nil, "Day"}, {"City", nil, 18.5}, {"Cargo | long", nil, 45}, nil, {"Ask at\nthe desk"},
	} {
		cell, _ := excelize.CoordinatesToCellName(2, i+3)
		try(f.SetSheetRow("Prices", cell, &row))
	}
	for _, name := range []string{"Notes", "Dates"} {
		_, err := f.NewSheet(name)
		try(err)
	}
	try(f.SetCellValue("Notes", "A1", "SECRET"))
	try(f.SetSheetVisible("Notes", false))
	try(f.SetCellValue("Dates", "A1", "Opens"))
	try(f.SetCellValue("Dates", "B1", "Sum"))
	try(f.SetCellValue("Dates", "A2", 46356))
	try(f.SetCellFormula("Dates", "B2", "WEBSERVICE(\"http://127.0.0.1:9/\")"))
	style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	try(err)
	try(f.SetCellStyle("Dates", "A2", "A2", style))
	var out bytes.Buffer
	try(f.Write(&out))
	return out.Bytes()
}

func TestAWorkbookBecomesItsSheets(t *testing.T) {
	t.Parallel()
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "price_list.xlsx", Content: workbookOf(t)})
	if err != nil {
		t.Fatal(err)
	}
	const want = "## Prices\n\nFrom spring\n\n| Bike | Day |\n| --- | --- |\n| City | 18.5 |\n| Cargo \\| long | 45 |\n\nAsk at the desk\n\n## Dates\n\n| Opens | Sum |\n| --- | --- |\n| 2026-11-30 | |"
	if doc.Markdown != want {
		t.Errorf("got\n%s\nwant\n%s", doc.Markdown, want)
	}
	if doc.Title != "price list" || len(doc.Warnings) != 1 {
		t.Errorf("%q %q", doc.Title, doc.Warnings)
	}
	if got := doc.PlaceAt(strings.Index(doc.Markdown, "City")); got != (flomastr.Place{Kind: flomastr.PlaceSheet, Number: 1, Name: "Prices"}) {
		t.Errorf("%+v", got)
	}
	if got := doc.PlaceAt(strings.Index(doc.Markdown, "Opens")); got != (flomastr.Place{Kind: flomastr.PlaceSheet, Number: 3, Name: "Dates"}) {
		t.Errorf("%+v", got)
	}
}

// withPart replaces a part of an archive.
func withPart(t testing.TB, archive []byte, name, content string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	out := zipOf(t, func(w *zip.Writer) {
		for _, f := range r.File {
			part, err := unpack(f, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			if f.Name == name {
				part, found = []byte(content), true
			}
			entry(t, w, f.Name, part)
		}
	})
	if !found {
		t.Fatalf("no part %s", name)
	}
	return out
}

func sheetXML(rows string) string {
	return `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`
}

func TestAHostileWorkbookHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	good := workbookOf(t)
	const sheet = "xl/worksheets/sheet1.xml"
	wide := strings.Repeat(`<row><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>`, 3000)
	for _, tc := range []struct {
		name    string
		content []byte
		want    *flomastr.Error
	}{
		{"a row that cannot be", withPart(t, good, sheet, sheetXML(`<row r="2147483647"><c r="A2147483647"><v>1</v></c></row>`)), ErrBroken},
		{"columns without end", withPart(t, good, sheet, sheetXML(wide)), ErrTooComplex},
		{"a string that is not there", withPart(t, good, sheet, sheetXML(`<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>`)), nil},
		{"billion laughs", withPart(t, good, sheet, `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>`), ErrUnsafeXML},
		{"deep XML", withPart(t, good, sheet, sheetXML(strings.Repeat("<row>", 3000)+strings.Repeat("</row>", 3000))), ErrTooDeep},
		{"broken XML", withPart(t, good, sheet, "<worksheet><sheetData>"), ErrBroken},
		{"no workbook", withPart(t, good, "xl/workbook.xml", "<x/>"), ErrBroken},
		{"a script for a title", withPart(t, good, "docProps/core.xml", `<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>&lt;script&gt;alert(1)&lt;/script&gt;</dc:title></cp:coreProperties>`), nil},
		{"cut off", good[:len(good)/2], ErrBroken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.xlsx", Content: tc.content})
			if tc.want == nil {
				var ours *flomastr.Error
				if err != nil && (!errors.As(err, &ours) || ours.Kind != flomastr.Invalid) {
					t.Errorf("%v", err)
				}
				return
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("got %.100q and %v, want %s", doc.Markdown, err, tc.want.Code)
			}
		})
	}
}

func TestATableInTextFormBecomesATable(t *testing.T) {
	t.Parallel()
	encoded := func(s string, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return []byte(s)
	}
	for _, tc := range []struct {
		name, file string
		content    []byte
		want       string
	}{
		{"commas", "a.csv", []byte("Bike,Day\nCity,18\n\"Cargo, long\",45\n"), "| Bike | Day |\n| --- | --- |\n| City | 18 |\n| Cargo, long | 45 |"},
		{"semicolons", "a.csv", []byte("Rad;Tag\r\nStadt;18,50\r\nLast;45,00\r\n"), "| Rad | Tag |\n| --- | --- |\n| Stadt | 18,50 |\n| Last | 45,00 |"},
		{"tabs", "a.tsv", []byte("a\tb\n1\t2\n"), "| a | b |\n| --- | --- |\n| 1 | 2 |"},
		{"a title above", "a.csv", []byte("Prices,,\n,,\na,b,c\n1,2,3\n"), "Prices\n\n| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |"},
		{"Japanese", "a.csv", encoded(japanese.ShiftJIS.NewEncoder().String("名前,年齢\n佐藤,30\n")), "| 名前 | 年齢 |\n| --- | --- |\n| 佐藤 | 30 |"},
		{"UTF-16 with a mark", "a.csv", encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("a,b\né,2\n")), "| a | b |\n| --- | --- |\n| é | 2 |"},
		{"UTF-16 without one", "a.csv", encoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String("name,age\nZoe,2\n")), "| name | age |\n| --- | --- |\n| Zoe | 2 |"},
		{"ragged and quoted", "a.csv", []byte("a,b,c\n1\n\"x \"\"y\"\"\",2,3,4\n"), "| a | b | c | |\n| --- | --- | --- | --- |\n| 1 | | | |\n| x \"y\" | 2 | 3 | 4 |"},
		{"a script in a cell", "a.csv", []byte("a,b\n<script>alert(1)</script>,|x|\n"), "| a | b |\n| --- | --- |\n| <script>alert(1)</script> | \\|x\\| |"},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: tc.file, Content: tc.content})
		if err != nil || doc.Markdown != tc.want {
			t.Errorf("%s: got\n%s\n%v", tc.name, doc.Markdown, err)
		}
	}
}

// A quotation mark of windows-1252 before a letter looks like a character of Shift-JIS.
func TestQuotedWesternTextIsNotJapanese(t *testing.T) {
	t.Parallel()
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.txt", Content: []byte("We say \x93quality\x94 and \x93service\x94 \x96 it\x92s what we do.")})
	if err != nil || !strings.Contains(doc.Markdown, "“quality”") {
		t.Errorf("%q %v", doc.Markdown, err)
	}
}

func FuzzTable(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2", "a;b\n\"x", "\"", "\xff\xfea\x00", "a\t\tb\n\n\n|", "\x96\xbc\x91\x4f,\x94\x4e"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		doc, err := csvTable(Request{Name: "a.csv", Content: content})
		if err != nil {
			var ours *flomastr.Error
			if !errors.As(err, &ours) || ours.Kind == flomastr.Internal {
				t.Fatalf("%v", err)
			}
			return
		}
		for line := range strings.SplitSeq(doc.Markdown, "\n") {
			if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|") {
				t.Fatalf("a row falls apart: %q", line)
			}
		}
	})
}
