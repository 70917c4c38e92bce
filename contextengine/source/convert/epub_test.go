package convert

import (
	"archive/zip"
	"errors"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

func bookOf(t testing.TB, chapters map[string]string, spine ...string) []byte {
	t.Helper()
	return zipOf(t, func(w *zip.Writer) {
		entry(t, w, "mimetype", []byte("application/epub+zip"))
		entry(t, w, "META-INF/container.xml", []byte(`<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>`))
		items, refs := "", ""
		for name := range chapters {
			items += `<item id="` + name + `" href="` + name + `.xhtml" media-type="application/xhtml+xml"/>`
		}
		for _, name := range spine {
			refs += `<itemref idref="` + name + `"/>`
		}
		entry(t, w, "OEBPS/book.opf", []byte(`<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">`+
			`<dc:title>Care of bicycles</dc:title><dc:language>en</dc:language><dc:creator>A. Smith</dc:creator></metadata><manifest>`+items+`</manifest><spine>`+refs+`</spine></package>`))
		for name, body := range chapters {
			entry(t, w, "OEBPS/"+name+".xhtml", []byte(body))
		}
	})
}

func TestABookBecomesItsChapters(t *testing.T) {
	t.Parallel()
	content := bookOf(t, map[string]string{
		"one": `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><h1>Chains</h1><p>Oil them. <a href="two.xhtml">Next</a></p><script>alert(1)</script></body></html>`,
		"two": `<html><body><h1>Tyres</h1><table><tr><th>Size</th><th>Bar</th></tr><tr><td>28</td><td>6</td></tr></table><img src="http://127.0.0.1:9/x"/></body></html>`,
	}, "one", "two", "missing", "one")
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.epub", Content: content})
	const want = "# Chains\n\nOil them. Next\n\n# Tyres\n\n| Size | Bar |\n|---|---|\n| 28 | 6 |"
	if err != nil || doc.Markdown != want || doc.Title != "Care of bicycles" || doc.Lang != "en" || doc.Metadata["author"] != "A. Smith" {
		t.Errorf("%+v %v", doc, err)
	}
	for name, tc := range map[string]struct {
		content []byte
		want    *flomastr.Error
	}{
		"deep chapter": {bookOf(t, map[string]string{"a": "<html><body>" + strings.Repeat("<div>", 100_000)}, "a"), ErrTooDeep},
		"no chapters":  {bookOf(t, nil), ErrNoText},
		"no package":   {withPart(t, content, "META-INF/container.xml", `<container/>`), ErrBroken},
		"climbing":     {withPart(t, content, "META-INF/container.xml", `<container><rootfiles><rootfile full-path="../../etc/passwd"/></rootfiles></container>`), ErrBroken},
		"laughs":       {withPart(t, content, "OEBPS/book.opf", `<!DOCTYPE l [<!ENTITY a "aaaa">]><package>&a;</package>`), ErrUnsafeXML},
	} {
		if doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.epub", Content: tc.content}); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}

func TestAnOpenDocumentTextBecomesItsWords(t *testing.T) {
	t.Parallel()
	needTools(t)
	cell := func(text string) string {
		return `<table:table-cell><text:p>` + text + `</text:p></table:table-cell>`
	}
	const kind = "application/vnd.oasis.opendocument.text"
	body := `<office:text><text:h text:outline-level="1">Prices</text:h><text:p>We rent bikes. <text:a xlink:href="https://example.com/terms">Terms</text:a></text:p>` +
		`<text:list><text:list-item><text:p>City</text:p></text:list-item><text:list-item><text:p>Cargo</text:p></text:list-item></text:list>` +
		`<table:table><table:table-row>` + cell("Bike") + cell("Day") + `</table:table-row><table:table-row>` + cell("City") + cell("£18") + `</table:table-row></table:table></office:text>`
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.odt", Content: openDocumentOf(t, kind, body, "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range lacks(doc.Markdown, []string{"# Prices", "[Terms](https://example.com/terms)", "1. City\n2. Cargo", "| Bike | Day |\n|---|---|\n| City | £18 |"}, nil) {
		t.Errorf("%s:\n%s", reason, doc.Markdown)
	}
	encrypted := openDocumentOf(t, kind, body, `<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>`)
	if _, err := New(Config{}).Run(t.Context(), Request{Name: "a.odt", Content: encrypted}); !errors.Is(err, ErrEncrypted) {
		t.Errorf("%v", err)
	}
}
