package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
)

// docxOf writes a Word document around a body, with more parts where a test needs them.
func docxOf(t testing.TB, body string, more map[string]string) []byte {
	t.Helper()
	parts := map[string]string{
		"[Content_Types].xml": `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels": `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml": `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
			`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>` + body + `</w:body></w:document>`,
	}
	maps.Copy(parts, more)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	order := []string{"[Content_Types].xml", "_rels/.rels", "word/document.xml"}
	for name := range more {
		if parts[name] != "" && name != order[0] && name != order[1] && name != order[2] {
			order = append(order, name)
		}
	}
	for _, name := range order {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(parts[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func paragraph(text string) string { return "<w:p><w:r><w:t>" + text + "</w:t></w:r></w:p>" }

// pdfOf writes a PDF with one page a string, in the lines that it has; extra goes into the trailer.
func pdfOf(pages []string, extra string, objects ...string) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 4+2*i))
	}
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), strings.Join(kids, " ")))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i, text := range pages {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>", 5+2*i))
		var content strings.Builder
		content.WriteString("BT /F1 12 Tf 72 770 Td 14 TL ")
		for line := range strings.SplitSeq(text, "\n") {
			content.WriteString("(" + strings.NewReplacer("(", `\(`, ")", `\)`, `\`, `\\`).Replace(line) + ") Tj T* ")
		}
		content.WriteString("ET")
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", content.Len(), content.String()))
	}
	for _, o := range objects {
		object(o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, extra, xref)
	return b.Bytes()
}

// encryptedPDF claims the standard security handler with a key that no empty password opens.
func encryptedPDF() []byte {
	key := strings.Repeat("ab", 32)
	return pdfOf([]string{"secret"}, "/Encrypt 6 0 R /ID [<"+strings.Repeat("00", 16)+"> <"+strings.Repeat("00", 16)+">]",
		"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <"+key+"> /U <"+key+"> >>")
}

// zipOf writes an archive by hand where the library would not lie for us.
func zipOf(t testing.TB, write func(*zip.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func entry(t testing.TB, w *zip.Writer, name string, content []byte) {
	t.Helper()
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lying replaces the uncompressed size that an archive's directory declares: a large one for all, a small one for the large.
func lying(archive []byte, size uint32) []byte {
	out := bytes.Clone(archive)
	for i := 0; i+46 < len(out); i++ {
		if bytes.Equal(out[i:i+4], []byte("PK\x01\x02")) && (size > 1<<20 || binary.LittleEndian.Uint32(out[i+24:]) > 1<<20) {
			binary.LittleEndian.PutUint32(out[i+24:], size)
		}
	}
	return out
}

// overlapping makes the second entry of an archive share the first one's data.
func overlapping(archive []byte) []byte {
	out := bytes.Clone(archive)
	var central []int
	for i := 0; i+46 < len(out); i++ {
		if bytes.Equal(out[i:i+4], []byte("PK\x01\x02")) {
			central = append(central, i)
		}
	}
	for _, at := range central[1:] {
		copy(out[at+42:at+46], out[central[0]+42:central[0]+46])
	}
	return out
}

func TestBadFilesAreRefusedEachWithItsCode(t *testing.T) {
	t.Parallel()
	needTools(t)
	noise := make([]byte, 4096)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise)
	good := docxOf(t, paragraph("hello"), nil)
	pdf := pdfOf([]string{"hello world"}, "")
	encryptedOffice := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, append(make([]byte, 504), utf16le("EncryptedPackage")...)...)
	encryptedEntry := bytes.Clone(good)
	for i := 0; i+46 < len(encryptedEntry); i++ {
		if bytes.Equal(encryptedEntry[i:i+4], []byte("PK\x01\x02")) {
			encryptedEntry[i+8] |= 1
		}
	}
	named := func(name string) []byte {
		return zipOf(t, func(w *zip.Writer) {
			entry(t, w, "[Content_Types].xml", []byte("<Types/>"))
			entry(t, w, "word/document.xml", []byte("<w/>"))
			entry(t, w, name, []byte("x"))
		})
	}
	link := zipOf(t, func(w *zip.Writer) {
		entry(t, w, "[Content_Types].xml", []byte("<Types/>"))
		entry(t, w, "word/document.xml", []byte("<w/>"))
		h := &zip.FileHeader{Name: "word/link.xml"}
		h.SetMode(os.ModeSymlink | 0o777)
		f, _ := w.CreateHeader(h)
		_, _ = f.Write([]byte("/etc/passwd"))
	})
	many := zipOf(t, func(w *zip.Writer) {
		entry(t, w, "[Content_Types].xml", []byte("<Types/>"))
		entry(t, w, "word/document.xml", []byte("<w/>"))
		for i := range maxEntries {
			entry(t, w, fmt.Sprintf("word/%d.xml", i), nil)
		}
	})
	zeros := docxOf(t, paragraph(strings.Repeat(" ", 64<<20)), nil)
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]><w>&lol2;</w>`
	external := `<?xml version="1.0"?><!DOCTYPE w SYSTEM "http://127.0.0.1:9/evil.dtd"><w/>`
	for _, tc := range []struct {
		name, file string
		content    []byte
		want       *flomastr.Error
	}{
		{"empty", "a.pdf", nil, ErrEmpty},
		{"blank", "a.txt", []byte(" \n\t\r\n "), ErrEmpty},
		{"a mark and nothing", "a.txt", []byte("\xef\xbb\xbf"), ErrEmpty},
		{"huge text", "a.txt", bytes.Repeat([]byte("word "), kinds[Text].most/5+1), ErrTooLarge},
		{"huge page", "a.html", append([]byte("<html><body>"), bytes.Repeat([]byte("word "), kinds[HTML].most/5)...), ErrTooLarge},
		{"huge anything", "a.bin", make([]byte, maxBytes+1), ErrTooLarge},
		{"noise", "a.bin", noise, ErrUnsupported},
		{"noise named text", "a.txt", noise, ErrMislabelled},
		{"noise named PDF", "a.pdf", noise, ErrMislabelled},
		{"PDF that is HTML", "a.pdf", []byte("<!DOCTYPE html><html><body>hi</body></html>"), ErrMislabelled},
		{"PDF that is PHP", "a.pdf", []byte("<?php system($_GET['c']); ?>"), ErrMislabelled},
		{"PDF that is an ELF", "a.pdf", append([]byte("\x7fELF\x02\x01\x01\x00"), make([]byte, 100)...), ErrMislabelled},
		{"PDF that is a zip", "a.pdf", good, ErrMislabelled},
		{"DOCX that is a PDF", "a.docx", pdf, ErrMislabelled},
		{"text that is a PDF", "a.txt", pdf, ErrMislabelled},
		{"HTML in front of a PDF", "a.pdf", append([]byte("<html><script>1</script>"), pdf...), ErrMislabelled},
		{"picture with script", "a.html", append([]byte("GIF89a"), "<script>alert(1)</script>"...), ErrMislabelled},
		{"spreadsheet's name", "a.xlsx", good, ErrMislabelled},
		{"archive of another kind", "a.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), ErrUnsupported},
		{"film", "a.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), ErrUnsupported},
		{"workbook that is a page", "a.csv", []byte("<!DOCTYPE html><html><body>hi</body></html>"), ErrMislabelled},
		{"encrypted PDF", "a.pdf", encryptedPDF(), ErrEncrypted},
		{"encrypted DOCX", "a.docx", encryptedOffice, ErrEncrypted},
		{"encrypted entries", "a.docx", encryptedEntry, ErrEncrypted},
		{"truncated PDF", "a.pdf", pdf[:60], ErrBroken},
		{"PDF head alone", "a.pdf", []byte("%PDF-1.7\n"), ErrBroken},
		{"truncated DOCX", "a.docx", good[:len(good)-30], ErrBroken},
		{"PDF without text", "a.pdf", pdfOf([]string{"", ""}, ""), ErrNoText},
		{"page without text", "a.html", []byte("<html><body><script>x()</script><div hidden>secret</div></body></html>"), ErrNoText},
		{"DOCX without text", "a.docx", docxOf(t, "", nil), ErrNoText},
		{"bomb by ratio", "a.docx", zeros, ErrBomb},
		{"bomb by declaration", "a.docx", lying(good, 0xf0000000), ErrBomb},
		{"bomb that lies about its size", "a.docx", lying(zeros, 1000), ErrBroken},
		{"bomb by number", "a.docx", many, ErrBomb},
		{"bomb by overlap", "a.docx", overlapping(good), ErrBomb},
		{"climbing name", "a.docx", named("word/../../../etc/passwd"), ErrUnsafeNames},
		{"absolute name", "a.docx", named("/etc/passwd"), ErrUnsafeNames},
		{"Windows name", "a.docx", named(`..\..\x`), ErrUnsafeNames},
		{"drive name", "a.docx", named("C:x"), ErrUnsafeNames},
		{"name twice", "a.docx", named("Word/Document.xml"), ErrUnsafeNames},
		{"link", "a.docx", link, ErrUnsafeNames},
		{"billion laughs", "a.docx", docxOf(t, "", map[string]string{"word/document.xml": laughs}), ErrUnsafeXML},
		{"external DTD", "a.docx", docxOf(t, "", map[string]string{"word/styles.xml": external}), ErrUnsafeXML},
		{"endless tag", "a.docx", docxOf(t, "<w:p "+noisyAttributes()+"/>", nil), ErrUnsafeXML},
		{"deep XML", "a.docx", docxOf(t, strings.Repeat("<w:p>", 3000)+strings.Repeat("</w:p>", 3000), nil), ErrTooDeep},
		{"broken XML", "a.docx", docxOf(t, "<w:p>", nil), ErrBroken},
		{"deep HTML", "a.html", []byte("<html><body>" + strings.Repeat("<div>", 500_000)), ErrTooDeep},
		{"deep tables", "a.html", []byte("<html><body>" + strings.Repeat("<table><tr><td>", 100_000)), ErrTooDeep},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			doc, err := New(Config{}).Run(ctx, Request{Name: tc.file, Content: tc.content})
			var ours *flomastr.Error
			if !errors.As(err, &ours) {
				t.Fatalf("got %.100q and %v, want %s", doc.Markdown, err, tc.want.Code)
			}
			if ours.Code != tc.want.Code || ours.Kind != tc.want.Kind {
				t.Errorf("got %v, want %s", err, tc.want.Code)
			}
			if !strings.HasSuffix(ours.Message, ".") || strings.ContainsAny(ours.Message, "/\\\n") {
				t.Errorf("the sentence is %q", ours.Message)
			}
		})
	}
}

// noisyAttributes are over a megabyte and hardly compressible, so that the ratio is not what stops them.
func noisyAttributes() string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 60_000 {
		fmt.Fprintf(&b, `a%d="%x" `, i, r.Uint64())
	}
	return b.String()
}

// The limits must leave room for what people really have.
func TestLargeDocumentsFitTheLimits(t *testing.T) {
	t.Parallel()
	needTools(t)
	pages := make([]string, 300)
	for i := range pages {
		pages[i] = strings.Repeat(fmt.Sprintf("Line of page %d with some words in it\n", i+1), 40)
	}
	random := rand.NewChaCha8([32]byte{2})
	noise := make([]byte, 8<<20)
	_, _ = random.Read(noise)
	padding := fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(noise), noise)
	big := pdfOf(pages, "", padding)
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "big.pdf", Content: big})
	if err != nil || len(doc.Parts) != 300 || !strings.Contains(doc.Markdown, "Line of page 300") {
		t.Errorf("PDF of %d bytes: %d pages, %v", len(big), len(doc.Parts), err)
	}
	word := docxOf(t, strings.Repeat(paragraph("A paragraph with "+strings.Repeat("some words ", 20)), 5000), map[string]string{"word/media/a.bin": string(noise)})
	if doc, err := New(Config{}).Run(t.Context(), Request{Name: "big.docx", Content: word}); err != nil || strings.Count(doc.Markdown, "A paragraph") != 5000 {
		t.Errorf("DOCX of %d bytes: %v", len(word), err)
	}
	page := "<html><body><main>" + strings.Repeat("<p>Some <b>words</b> of a <a href=/x>long</a> page.</p>\n", 30_000)
	if doc, err := New(Config{}).Run(t.Context(), Request{Name: "big.html", Content: []byte(page)}); err != nil || strings.Count(doc.Markdown, "Some") != 30_000 {
		t.Errorf("page of %d bytes: %v", len(page), err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	needTools(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, content := range [][]byte{pdfOf([]string{"hello"}, ""), pdfOf([]string{"hello"}, "")[:60], docxOf(t, paragraph("x"), nil)} {
		_, _ = New(Config{}).Run(t.Context(), Request{Content: content})
	}
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestNamesAreNeverPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"../../etc/passwd": "passwd", `..\..\x.pdf`: "x", `C:\x.pdf`: "x", "/abs.txt": "abs", "a/../../b.md": "b", "nul\x00l.txt": "null",
		"": "Untitled", "..": "Untitled", "-rf.pdf": "-rf", "a;$(id).pdf": "a;$(id)", "CON": "CON", "v1.2 notes": "v1.2 notes",
		"Opening_hours.pdf": "Opening hours", "dot.": "dot", "evil\u202egnp.pdf": "evilgnp",
	} {
		if got := titleFromName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
	if got := titleFromName(strings.Repeat("x", 4096)); len([]rune(got)) != 200 {
		t.Errorf("a name of 4 KB became a title of %d", len([]rune(got)))
	}
}
