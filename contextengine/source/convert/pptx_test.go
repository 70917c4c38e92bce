package convert

import (
	"archive/zip"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

const (
	drawing     = `xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"`
	relationsOf = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	officeType  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// presentationOf writes a presentation whose slides hold these shapes; the parts lie in the archive in the opposite order.
func presentationOf(t testing.TB, slides ...string) []byte {
	t.Helper()
	return zipOf(t, func(w *zip.Writer) {
		entry(t, w, "[Content_Types].xml", []byte("<Types/>"))
		ids, relations := "", ""
		for i, slide := range slices.Backward(slides) {
			shapes, more, _ := strings.Cut(slide, "|")
			entry(t, w, fmt.Sprintf("ppt/slides/s%d.xml", i), []byte(`<?xml version="1.0"?><p:sld `+drawing+more+`><p:cSld><p:spTree>`+shapes+`</p:spTree></p:cSld></p:sld>`))
			entry(t, w, fmt.Sprintf("ppt/slides/_rels/s%d.xml.rels", i), []byte(fmt.Sprintf(relationsOf,
				`<Relationship Id="rN" Type="`+officeType+`notesSlide" Target="../notes/n.xml"/><Relationship Id="rL" Type="`+officeType+`hyperlink" Target="https://example.com/a" TargetMode="External"/>`)))
		}
		for i := range slides {
			ids += fmt.Sprintf(`<p:sldId id="%d" r:id="r%d"/>`, 256+i, i)
			relations += fmt.Sprintf(`<Relationship Id="r%d" Type="%sslide" Target="slides/s%d.xml"/>`, i, officeType, i)
		}
		entry(t, w, "ppt/notes/n.xml", []byte(`<?xml version="1.0"?><p:notes `+drawing+`>`+shape("body", "Speak slowly")+shape("sldNum", "7")+`</p:notes>`))
		entry(t, w, "ppt/presentation.xml", []byte(`<?xml version="1.0"?><p:presentation `+drawing+`><p:sldIdLst>`+ids+`</p:sldIdLst></p:presentation>`))
		entry(t, w, "ppt/_rels/presentation.xml.rels", []byte(fmt.Sprintf(relationsOf, relations)))
	})
}

func shape(place string, paragraphs ...string) string {
	var b strings.Builder
	b.WriteString(`<p:sp><p:nvSpPr><p:nvPr>`)
	if place != "" {
		b.WriteString(`<p:ph type="` + place + `"/>`)
	}
	b.WriteString(`</p:nvPr></p:nvSpPr><p:txBody>`)
	for _, text := range paragraphs {
		level := len(text) - len(strings.TrimLeft(text, ">"))
		fmt.Fprintf(&b, `<a:p><a:pPr lvl="%d"/><a:r><a:t>%s</a:t></a:r></a:p>`, level, text[level:])
	}
	return b.String() + `</p:txBody></p:sp>`
}

func pictureShape(described string) string {
	return `<p:pic><p:nvPicPr><p:cNvPr id="5" name="Picture 4" descr="` + described + `"/></p:nvPicPr></p:pic>`
}

func TestAPresentationBecomesItsSlides(t *testing.T) {
	t.Parallel()
	table := `<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Bike</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Day</a:t></a:r></a:p></a:txBody></a:tc></a:tr>` +
		`<a:tr><a:tc><a:txBody><a:p><a:r><a:t>City</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>18</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>`
	link := `<p:sp><p:txBody><a:p><a:r><a:rPr><a:hlinkClick r:id="rL"/></a:rPr><a:t>Terms</a:t></a:r></a:p></p:txBody></p:sp>`
	content := presentationOf(t,
		shape("ctrTitle", "Our prices")+shape("subTitle", "Spring")+shape("ftr", "Confidential"),
		shape("body", "Bikes", ">City", "Boats")+shape("title", "What we rent")+table+pictureShape("A red bike")+pictureShape("bike.png")+pictureShape("A bike. Description automatically generated")+link+shape("sldNum", "2"),
		shape("title", "SECRET")+`| show="0"`,
	)
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.pptx", Content: content})
	const notes = "\n\n### Notes\n\nSpeak slowly"
	const want = "## Our prices\n\nSpring" + notes + "\n\n## What we rent\n\n- Bikes\n  - City\n- Boats\n\n| Bike | Day |\n| --- | --- |\n| City | 18 |\n\nPicture: A red bike\n\nTerms (https://example.com/a)" + notes
	if err != nil || doc.Markdown != want || doc.Title != "Our prices" || len(doc.Warnings) != 1 {
		t.Errorf("%q, %q, %v, got\n%s", doc.Title, doc.Warnings, err, doc.Markdown)
	}
	if got := doc.PlaceAt(strings.Index(doc.Markdown, "City")); got != (flomastr.Place{Kind: flomastr.PlaceSlide, Number: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestAHostilePresentationHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	good := presentationOf(t, shape("title", "x"))
	for name, tc := range map[string]struct {
		content []byte
		want    *flomastr.Error
	}{
		"billion laughs":          {withPart(t, good, "ppt/slides/s0.xml", `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa">]><x>&a;</x>`), ErrUnsafeXML},
		"deep XML":                {presentationOf(t, strings.Repeat("<p:grpSp>", 3000)+strings.Repeat("</p:grpSp>", 3000)), ErrTooDeep},
		"broken XML":              {withPart(t, good, "ppt/slides/s0.xml", "<p:sld><p:cSld>"), ErrBroken},
		"no text":                 {withPart(t, withPart(t, good, "ppt/slides/s0.xml", "<sld/>"), "ppt/notes/n.xml", "<notes/>"), ErrNoText},
		"no slides":               {presentationOf(t), ErrNoText},
		"a slide outside":         {withPart(t, good, "ppt/_rels/presentation.xml.rels", fmt.Sprintf(relationsOf, `<Relationship Id="r0" Type="x" Target="../../../../etc/passwd"/>`)), ErrNoText},
		"no presentation":         {withPart(t, good, "ppt/presentation.xml", ""), ErrBroken},
		"a part that is its own":  {withPart(t, good, "ppt/slides/_rels/s0.xml.rels", fmt.Sprintf(relationsOf, `<Relationship Id="rN" Type="`+officeType+`notesSlide" Target="s0.xml"/>`)), nil},
		"a script for its title":  {presentationOf(t, shape("title", "&lt;script&gt;alert(1)&lt;/script&gt;")), nil},
		"a link that is a script": {withPart(t, good, "ppt/slides/_rels/s0.xml.rels", fmt.Sprintf(relationsOf, `<Relationship Id="rL" Type="x" Target="javascript:alert(1)" TargetMode="External"/>`)), nil},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.pptx", Content: tc.content})
		if tc.want == nil && err != nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}

func FuzzSlide(f *testing.F) {
	f.Add([]byte(shape("title", "x") + shape("body", "a", ">b")))
	f.Add([]byte("<tbl><tr><tc><p><t>x</t></p></tc></tr></tbl>"))
	f.Add([]byte("</sp></p></tc></tr></tbl>"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := slideReader{}
		if err := r.read(content); err != nil {
			return
		}
		_ = slide{title: r.title, blocks: r.blocks}.markdown(1)
	})
}
