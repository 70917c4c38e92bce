package convert

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flomastr/flomastr"
)

const styles = `<?xml version="1.0"?><w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/></w:style></w:styles>`

const documentRels = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
	`<Relationship Id="rS" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>%s</Relationships>`

func heading(level int, text string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:pStyle w:val="Heading%d"/></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, level, text)
}

func tableOf(rows ...[]string) string {
	var b strings.Builder
	b.WriteString("<w:tbl><w:tblPr/><w:tblGrid>" + strings.Repeat(`<w:gridCol w:w="2000"/>`, len(rows[0])) + "</w:tblGrid>")
	for _, cells := range rows {
		b.WriteString("<w:tr>")
		for _, cell := range cells {
			b.WriteString("<w:tc>" + paragraph(cell) + "</w:tc>")
		}
		b.WriteString("</w:tr>")
	}
	return b.String() + "</w:tbl>"
}

func TestAWordDocumentBecomesItsWords(t *testing.T) {
	t.Parallel()
	needTools(t)
	comment := `<w:commentRangeStart w:id="0"/><w:r><w:t>commented</w:t></w:r><w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>`
	body := heading(1, "Prices") + paragraph("We rent bikes &amp; boats.") + heading(2, "By the day") +
		tableOf([]string{"Bike", "Day"}, []string{"City", "£18"}, []string{"Cargo", "£45"}) +
		`<w:p><w:del w:id="1" w:author="x"><w:r><w:delText>STRUCK OUT</w:delText></w:r></w:del><w:ins w:id="2" w:author="x"><w:r><w:t>added</w:t></w:r></w:ins>` + comment + `</w:p>`
	content := docxOf(t, body, map[string]string{
		"word/styles.xml": styles, "word/_rels/document.xml.rels": fmt.Sprintf(documentRels, ""),
		"word/comments.xml": `<?xml version="1.0"?><w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:comment w:id="0"><w:p><w:r><w:t>REMARK</w:t></w:r></w:p></w:comment></w:comments>`,
		"docProps/core.xml": `<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Harbour prices</dc:title><dc:language>en-GB</dc:language></cp:coreProperties>`,
	})
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "-o;$(id) prices.docx", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range lacks(doc.Markdown, []string{"# Prices", "We rent bikes & boats.", "## By the day", "| Bike | Day |", "| Cargo | £45 |", "added", "commented"}, []string{"STRUCK OUT", "REMARK"}) {
		t.Errorf("%s:\n%s", reason, doc.Markdown)
	}
	if doc.Title != "Harbour prices" || doc.Lang != "en-GB" {
		t.Errorf("%q %q", doc.Title, doc.Lang)
	}
}

// SSRF-28: whatever a document points to, nothing is fetched.
func TestAWordDocumentFetchesNothing(t *testing.T) {
	t.Parallel()
	needTools(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var hits atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = conn.Close()
		}
	}()
	outside := "http://" + listener.Addr().String()
	relation := func(id, kind string) string {
		return fmt.Sprintf(`<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s/%s" TargetMode="External"/>`, id, kind, outside, id)
	}
	body := paragraph("words") +
		`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>INCLUDEPICTURE "` + outside + `/p.png" \d</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>` +
		`<w:p><w:r><w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:blip r:link="rI" r:embed="rI"/></w:drawing></w:r></w:p><w:altChunk r:id="rA"/>`
	content := docxOf(t, body, map[string]string{
		"word/styles.xml":              styles,
		"word/_rels/document.xml.rels": fmt.Sprintf(documentRels, relation("rI", "image")+relation("rA", "aFChunk")+relation("rT", "attachedTemplate")+relation("rF", "frame")),
	})
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.docx", Content: content})
	if err != nil || !strings.Contains(doc.Markdown, "words") {
		t.Errorf("%q %v", doc.Markdown, err)
	}
	if hits.Load() != 0 {
		t.Errorf("the document made us connect %d times", hits.Load())
	}
}

func TestPicturesAndEmbeddedFilesStayPacked(t *testing.T) {
	t.Parallel()
	content := docxOf(t, paragraph("x"), map[string]string{"word/media/a.png": "PNG", "word/embeddings/b.xml": "<x/>", "word/vbaProject.bin": "VBA", "customXml/c.xml": "<x/>"})
	safe, err := repack(content, officeParts("word"))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(safe), int64(len(safe)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		if !officeParts("word")(f.Name) || strings.Contains(f.Name, "media") || strings.Contains(f.Name, "embeddings") {
			t.Errorf("%s was unpacked", f.Name)
		}
	}
	if len(archive.File) != 3 {
		t.Errorf("%d parts", len(archive.File))
	}
}

func FuzzRepack(f *testing.F) {
	good := docxOf(f, paragraph("hello"), map[string]string{"word/styles.xml": styles})
	f.Add(good)
	f.Add(overlapping(good))
	f.Add(lying(good, 0xf0000000))
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		safe, err := repack(content, officeParts("word"))
		if err != nil {
			var ours *flomastr.Error
			if !errors.As(err, &ours) || ours.Kind == flomastr.Internal {
				t.Fatalf("%v", err)
			}
			return
		}
		archive, err := zip.NewReader(bytes.NewReader(safe), int64(len(safe)))
		if err != nil {
			t.Fatalf("what we wrote cannot be read: %v", err)
		}
		for _, entry := range archive.File {
			r, err := entry.Open()
			if err != nil {
				t.Fatal(err)
			}
			part, err := io.ReadAll(r)
			if err != nil || checkXML(part) != nil || !officeParts("word")(entry.Name) {
				t.Fatalf("%s passed: %v", entry.Name, err)
			}
		}
	})
}

// openDocumentOf writes an OpenDocument file around a body.
func openDocumentOf(t testing.TB, mimetype, body, manifest string) []byte {
	t.Helper()
	return zipOf(t, func(w *zip.Writer) {
		entry(t, w, "mimetype", []byte(mimetype))
		entry(t, w, "content.xml", []byte(`<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" `+
			`xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" `+
			`xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"><office:body>`+body+`</office:body></office:document-content>`))
		entry(t, w, "styles.xml", []byte(`<?xml version="1.0"?><office:document-styles xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><office:font-face-decls/><office:styles/><office:automatic-styles/><office:master-styles/></office:document-styles>`))
		entry(t, w, "META-INF/manifest.xml", []byte(`<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">`+
			`<manifest:file-entry manifest:full-path="/" manifest:media-type="`+mimetype+`"/>`+manifest+`</manifest:manifest>`))
	})
}
