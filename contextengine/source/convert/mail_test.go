package convert

import (
	"archive/zip"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

const letterHead = "From: =?utf-8?Q?Zo=C3=AB?= <zoe@example.com>\r\nTo: desk@example.com\r\nSubject: =?utf-8?Q?Prices_f=C3=BCr_spring?=\r\nDate: Mon, 30 Nov 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\n"

func mixed(parts ...string) []byte {
	var b strings.Builder
	b.WriteString(letterHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n")
	for _, p := range parts {
		b.WriteString("--x\r\n" + p + "\r\n")
	}
	return []byte(b.String() + "--x--\r\n")
}

func attached(name, kind string, content []byte) string {
	return fmt.Sprintf("Content-Type: %s\r\nContent-Disposition: attachment; filename=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n%s", kind, name, base64.StdEncoding.EncodeToString(content))
}

func TestAMailBecomesItsWordsAndWhatIsAttached(t *testing.T) {
	t.Parallel()
	needTools(t)
	page := "Content-Type: text/html; charset=utf-8\r\n\r\n<p>See our <a href=\"https://example.com/p\">prices</a>.</p><script>alert(1)</script><img src=\"http://127.0.0.1:9/x\">"
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.eml", Content: mixed(page,
		attached("list.csv", "text/csv", []byte("Bike,Day\nCity,18\n")), attached("two.pdf", "application/pdf", pdfOf([]string{"First page", "Second page"}, "")),
		attached("virus.exe", "application/octet-stream", []byte("MZ\x00\x01\x02\x03\x04")))})
	if err != nil {
		t.Fatal(err)
	}
	const want = "# Prices für spring\n\n- From: Zoë <zoe@example.com>\n- To: desk@example.com\n- Date: 2026-11-30 09:00 +0100\n\nSee our [prices](https://example.com/p).\n\n" +
		"# list.csv\n\n| Bike | Day |\n| --- | --- |\n| City | 18 |\n\n# two.pdf\n\nFirst page\n\nSecond page"
	if doc.Markdown != want || doc.Title != "Prices für spring" || len(doc.Warnings) != 1 || !strings.HasPrefix(doc.Warnings[0], "virus.exe: ") {
		t.Errorf("%q %q got\n%s", doc.Title, doc.Warnings, doc.Markdown)
	}
	if got := doc.PlaceAt(strings.Index(doc.Markdown, "Second")); got != (flomastr.Place{Kind: flomastr.PlacePage, Number: 2}) {
		t.Errorf("%+v", got)
	}
	plainText := letterHead + "Content-Type: text/plain; charset=windows-1256\r\n\r\n\xe3\xd1\xcd\xc8\xc7"
	if doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.eml", Content: []byte(plainText)}); err != nil || !strings.HasSuffix(doc.Markdown, "مرحبا") {
		t.Errorf("%q %v", doc.Markdown, err)
	}
}

func TestAHostileMailHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	needTools(t)
	var nested strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	bomb := zipOf(t, func(w *zip.Writer) { entry(t, w, "a.txt", make([]byte, 64<<20)) })
	for name, content := range map[string][]byte{
		"parts in parts":     []byte(letterHead + nested.String()),
		"a bomb attached":    mixed("Content-Type: text/plain\r\n\r\nwords", attached("a.docx", "x/y", bomb)),
		"a deep page":        mixed("Content-Type: text/html\r\n\r\n" + strings.Repeat("<div>", 50_000)),
		"no end":             []byte(letterHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nwords"),
		"a climbing name":    mixed("Content-Type: text/plain\r\n\r\nwords", attached("../../etc/passwd", "text/plain", []byte("x"))),
		"a script for title": []byte(strings.Replace(letterHead, "=?utf-8?Q?Prices_f=C3=BCr_spring?=", "<script>alert(1)</script>", 1) + "\r\nwords"),
		"only a head":        []byte(letterHead + "\r\n"),
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.eml", Content: content})
		var ours *flomastr.Error
		if err != nil && (!errors.As(err, &ours) || ours.Kind != flomastr.Invalid) {
			t.Errorf("%s: %.100q %v", name, doc.Markdown, err)
		}
	}
}

func TestTheTimeOfAnOutlookMailIsRead(t *testing.T) {
	t.Parallel()
	properties := make([]byte, 48)
	copy(properties[32:], []byte{0x40, 0, 0x39, 0, 6, 0, 0, 0, 0x00, 0x68, 0xf7, 0x2d, 0xa9, 0x80, 0xdd, 0x01})
	if got := sentAt(properties); got != "2026-11-30 09:00 +0000" {
		t.Errorf("%q", got)
	}
	if got := sentAt([]byte("short")); got != "" {
		t.Errorf("%q", got)
	}
}

func TestAnArchiveBecomesItsDocuments(t *testing.T) {
	t.Parallel()
	needTools(t)
	content := zipOf(t, func(w *zip.Writer) {
		entry(t, w, "docs/two.pdf", pdfOf([]string{"First page", "Second page"}, ""))
		entry(t, w, "a.md", []byte("# Hours\n\n```\n# code\n```\n"))
		entry(t, w, "z.txt", []byte("Last words"))
		entry(t, w, "broken.pdf", []byte("%PDF-1.7\n"))
		entry(t, w, "inner.zip", zipOf(t, func(w *zip.Writer) { entry(t, w, "x.txt", []byte("SECRET")) }))
		entry(t, w, "__MACOSX/._a.md", []byte("x"))
		entry(t, w, ".DS_Store", []byte("x"))
	})
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "all.zip", Content: content})
	const want = "# a.md\n\n## Hours\n\n```\n# code\n```\n\n# docs/two.pdf\n\nFirst page\n\nSecond page\n\n# z.txt\n\nLast words"
	if err != nil || doc.Markdown != want || len(doc.Warnings) != 2 {
		t.Fatalf("%q %v got\n%s", doc.Warnings, err, doc.Markdown)
	}
	for text, want := range map[string]flomastr.Place{"Hours": {}, "Second": {Kind: flomastr.PlacePage, Number: 2}, "Last": {}} {
		if got := doc.PlaceAt(strings.Index(doc.Markdown, text)); got != want {
			t.Errorf("%s is at %+v", text, got)
		}
	}
	doc, err = New(Config{}).Run(t.Context(), Request{Name: "all.zip", Types: []string{"zip", "txt"}, Content: content})
	if err != nil || doc.Markdown != "# z.txt\n\nLast words" {
		t.Errorf("what a tenant may not read was read: %v\n%s", err, doc.Markdown)
	}
}

func TestAHostileArchiveHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	needTools(t)
	many := func(n int) []byte {
		return zipOf(t, func(w *zip.Writer) {
			for i := range n {
				entry(t, w, fmt.Sprintf("%05d.txt", i), []byte("words"))
			}
		})
	}
	named := func(name string) []byte {
		return zipOf(t, func(w *zip.Writer) { entry(t, w, name, []byte("words")) })
	}
	nested := []byte("words")
	for range 20 {
		inner := nested
		nested = zipOf(t, func(w *zip.Writer) { entry(t, w, "a.zip", inner) })
	}
	secret := zipOf(t, func(w *zip.Writer) { entry(t, w, "a.txt", []byte("words")) })
	locked := append([]byte(nil), secret...)
	for i := 0; i+10 < len(locked); i++ {
		if string(locked[i:i+4]) == "PK\x01\x02" {
			locked[i+8] |= 1
		}
	}
	for name, tc := range map[string]struct {
		content []byte
		want    *flomastr.Error
	}{
		"ten thousand files":       {many(10_000), nil},
		"too many files":           {many(10_001), ErrBomb},
		"archives in archives":     {nested, ErrNoText},
		"a bomb":                   {zipOf(t, func(w *zip.Writer) { entry(t, w, "a.txt", make([]byte, 64<<20)) }), ErrBomb},
		"a bomb by declaration":    {lying(secret, 0xf0000000), ErrBomb},
		"a bomb by overlap":        {overlapping(many(3)), ErrBomb},
		"a password":               {locked, ErrEncrypted},
		"a climbing name":          {named("../../etc/passwd"), ErrUnsafeNames},
		"an absolute name":         {named("/etc/passwd"), ErrUnsafeNames},
		"a drive":                  {named(`C:\x.txt`), ErrUnsafeNames},
		"nothing in it":            {zipOf(t, func(*zip.Writer) {}), ErrEmpty},
		"nothing that can be read": {named("a.exe"), ErrNoText},
		"cut off":                  {secret[:len(secret)-10], ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.zip", Content: tc.content})
			if tc.want != nil {
				if !errors.Is(err, tc.want) {
					t.Errorf("got %.100q and %v", doc.Markdown, err)
				}
				return
			}
			if err != nil || strings.Count(doc.Markdown, "words") != maxInside || len(doc.Warnings) != 1 {
				t.Errorf("%d files, %q, %v", strings.Count(doc.Markdown, "words"), doc.Warnings, err)
			}
		})
	}
}

func FuzzOutlookMail(f *testing.F) {
	f.Add(append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 1600)...), []byte("x"))
	f.Fuzz(func(t *testing.T, content, properties []byte) {
		_ = sentAt(properties)
		_ = msgFolder{"0037001F": properties, "1000001E": properties}.text("0037")
		_, _, err := msgProperties(content)
		var ours *flomastr.Error
		if err != nil && (!errors.As(err, &ours) || ours.Kind == flomastr.Internal) {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzDemoted(f *testing.F) {
	f.Add("# a\n\ntext\n## b", 3, 8)
	f.Fuzz(func(t *testing.T, text string, one, two int) {
		if one < 0 || two < one || two > len(text) {
			return
		}
		out, parts := demoted(Document{Markdown: text, Parts: []Part{pageAt(1, one), pageAt(2, two)}})
		if parts[0].Offset > parts[1].Offset || parts[1].Offset > len(out) || len(out) < len(text) {
			t.Fatalf("%v of %q", parts, out)
		}
	})
}
