package convert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
)

// page reads HTML in this process, as the worker does.
func readPage(t testing.TB, body string) Document {
	t.Helper()
	doc, err := htmlPage(t.Context(), Request{Name: "page.html", BaseURL: "https://shop.example/a/b", Content: []byte(body)})
	if err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	return doc
}

func TestAPageKeepsItsWordsAndLosesItsFurniture(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body string
		has, lacks []string
	}{
		{"headings and lists", "<body><h1>A</h1><h2>B</h2><ul><li>one<li>two</ul><ol><li>first</ol></body>", []string{"# A", "## B", "- one", "1. first"}, nil},
		{
			"furniture", `<body><nav>Menu</nav><header>Logo</header><p>Words here</p><aside class="cookie-banner">We use cookies</aside><script>x()</script><style>b{}</style>` +
				`<noscript>Enable</noscript><button>Buy</button><form><label>Name</label><input></form><footer>© Shop</footer></body>`,
			[]string{"Words here"},
			[]string{"Menu", "Logo", "cookies", "x()", "Enable", "Buy", "©"},
		},
		{"an address in the footer", "<body><p>Words</p><footer><div>Terms<address>1 High St</address></div></footer></body>", []string{"1 High St"}, []string{"Terms"}},
		{"hidden text", `<body><p>Seen</p><p style="display:none">H1DDEN</p><p hidden>H1DDEN</p><div aria-hidden="true">H1DDEN</div><span style="font-size:0">H1DDEN</span>` +
			`<p style="position:absolute;left:-9999px">H1DDEN</p><!-- H1DDEN --><img alt="H1DDEN" src="x.png"><template>H1DDEN</template></body>`, []string{"Seen"}, []string{"H1DDEN"}},
		{"invisible characters", "<body><p>pay\u200bment to\u202eday \U000e0041now</p></body>", []string{"payment today now"}, nil},
		{
			"links", `<body><p><a href="/x?q=1#f">rel</a> <a href="javascript:alert(1)">js</a> <a href="#top">top</a> <a href="data:text/html,x">data</a> <a href="mailto:a@b.example">mail</a> <a href="https://u:p@evil.example/">user</a></p></body>`,
			[]string{"[rel](https://shop.example/x?q=1#f)", "js", "top", "[mail](mailto:a@b.example)", "user"},
			[]string{"javascript:", "(#top)", "data:text", "u:p@"},
		},
		{"base", `<head><base href="//cdn.example/z/"></head><body><p><a href="y">y</a></p></body>`, []string{"[y](https://cdn.example/z/y)"}, nil},
		{
			"a table with spans", `<body><table><tr><th>Size</th><th>Price</th></tr><tr><td rowspan="2">S</td><td>1</td></tr><tr><td>2|3</td></tr></table></body>`,
			[]string{"| Size | Price |", "| S | 1 |", `| S | 2\|3 |`},
			nil,
		},
		{
			"lists in cells", `<body><table><tr><th>Day</th><td><ul><li>a<li>b</ul></td></tr><tr><th>Hours</th><td><p>9</p><p>10</p></td></tr></table></body>`,
			[]string{"| Day | a; b |", "| Hours | 9 10 |"},
			nil,
		},
		{"a layout table", `<body><table role="presentation"><tr><td><h2>Left</h2><p>words</p></td><td><p>right</p></td></tr></table></body>`, []string{"## Left", "words", "right"}, []string{"| "}},
		{"a table in a table", `<body><table><tr><td>outer<table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1</td></tr></table></td></tr></table></body>`, []string{"outer", "| k | v |", "| a | 1 |"}, nil},
		{"entities", "<body><p>5 &lt; 6 &amp; 7 &gt; 2 &euro;9&nbsp;only under_score *star*</p></body>", []string{"5 < 6 & 7 > 2 €9 only under_score *star*"}, []string{"&amp;", `\_`}},
		{"no tag appears", "<body><p>&lt;script&gt;alert(1)&lt;/script&gt;</p></body>", nil, []string{"<script", "</script"}},
		{
			"a short page is kept whole", `<body><main><h1>Café</h1><p>Open.</p><table><tr><th>Tea</th><td>£2</td></tr></table><dl><dt>Phone</dt><dd>01234</dd></dl></main></body>`,
			[]string{"Café", "Open.", "£2", "Phone", "01234"},
			nil,
		},
		{"a restaurant's menu", `<body><div class="menu"><h2>Starters</h2><p>Soup £6</p></div></body>`, []string{"Soup £6"}, nil},
		{"a site's menu", `<body><p>Words</p><div class="menu"><a href="/a">Alpha</a> <a href="/b">Beta</a></div></body>`, []string{"Words"}, []string{"Alpha"}},
		{"marks that lead to notes", `<body><p>True.<sup><a href="#n1">[1]</a></sup> x<sup>2</sup></p></body>`, []string{"True.", "x2"}, []string{"[1]"}},
		{"right to left", `<html lang="ar"><body dir="rtl"><h1>الأسعار</h1><p>نفتح الساعة 9</p></body></html>`, []string{"# الأسعار", "نفتح الساعة 9"}, nil},
		{"code", "<body><pre><code class=\"language-go\">a := 1\n\n\nb</code></pre></body>", []string{"```go\na := 1\n\n\nb\n```"}, nil},
		{"an empty main", `<body><main></main><div><p>` + strings.Repeat("The words stand beside it. ", 10) + `</p></div></body>`, []string{"The words stand"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			doc := readPage(t, tc.body)
			for _, reason := range lacks(doc.Markdown, tc.has, tc.lacks) {
				t.Errorf("%s:\n%s", reason, doc.Markdown)
			}
		})
	}
}

func TestAPageSaysItsTitleAndLanguage(t *testing.T) {
	t.Parallel()
	doc := readPage(t, `<html lang="de"><head><title> Preise  –
 Laden </title><meta name="description" content="Was es kostet"><link rel="canonical" href="https://www.shop.example/preise#x"></head><body><h1>Preise</h1><p>x</p></body></html>`)
	if doc.Title != "Preise – Laden" || doc.Lang != "de" || doc.Metadata["description"] != "Was es kostet" || doc.Metadata["canonical_url"] != "https://www.shop.example/preise" {
		t.Errorf("%q %q %v", doc.Title, doc.Lang, doc.Metadata)
	}
	foreign := readPage(t, `<head><link rel="canonical" href="https://bank.example/"><meta http-equiv="refresh" content="0;url=/next"></head><body><h1>Own heading</h1><p>x</p></body>`)
	if foreign.Metadata["canonical_url"] != "" || foreign.Title != "Own heading" || len(foreign.Warnings) != 1 {
		t.Errorf("%q %v %v", foreign.Title, foreign.Metadata, foreign.Warnings)
	}
}

// Hostile pages end: read, cut or refused, each in bounded time and without a panic.
func TestHostilePagesEnd(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"500k nested div":     "<body>" + strings.Repeat("<div>", 500_000),
		"nested select":       "<body>" + strings.Repeat("<select>", 500_000),
		"nested b":            "<body>" + strings.Repeat("<b>", 100_000) + "x",
		"adoption":            "<body>" + strings.Repeat("<p><b><i><a>x", 20_000),
		"endless attribute":   "<body><p title=\"" + strings.Repeat("x", 9<<20) + "\">words</p>",
		"many attributes":     "<body><p " + manyAttributes(20_000) + ">words</p>",
		"case folding":        "<body><!DOCTYPE " + strings.Repeat("K", 1<<20) + "><p>words</p>",
		"doctype":             "<!DOCTYPE html PUBLIC \"" + strings.Repeat("ſ", 1<<20) + "\"><p>words</p>",
		"unclosed":            strings.Repeat("<", 1<<20),
		"a million links":     "<body>" + strings.Repeat("<a href=x>y</a>", 100_000),
		"wide table":          "<body><table><tr>" + strings.Repeat("<td>x", 50_000) + "</table>",
		"spanning table":      "<body><table><tr><td colspan=100000 rowspan=100000>x<td>y<tr><td>z</table>",
		"many spanning cells": "<body><table>" + strings.Repeat("<tr><td colspan=1000 rowspan=1000>x</td></tr>", 300) + "</table>",
		"deep lists":          "<body>" + strings.Repeat("<ul><li>", 200) + "x",
		"foreign":             "<body><math><mtext><table><mglyph><style><img src=x>" + strings.Repeat("<svg><desc>", 100),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
			defer cancel()
			_, err := New(Config{}).Run(ctx, Request{Name: "a.html", Content: []byte(body)})
			var ours *flomastr.Error
			if err != nil && (!errors.As(err, &ours) || ours.Kind == flomastr.Internal) {
				t.Errorf("%v", err)
			}
			if err != nil && ours.Code == ErrFailed.Code {
				t.Errorf("it was our failure: %v", err)
			}
			t.Logf("%v", err)
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d=1 ", i)
	}
	return b.String()
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"<h1>a</h1><p>b", "<table><tr><td rowspan=2>x<td>y</table>", "<ul><li>a<ul><li>b", "<footer><address>x</address></footer>",
		"<a href='//x'>y</a>", "<sup><a href=#x>1</a></sup>", "<span class='math inline'>\\(x\\)</span>", "<pre><code>x</code></pre>", "<!doctype html><main><article>x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := htmlPage(t.Context(), Request{Name: "a.html", BaseURL: "https://a.example/", Content: []byte(body)})
		if err != nil {
			if _, ok := errors.AsType[*flomastr.Error](err); !ok {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if doc.Title == "" || strings.TrimSpace(doc.Markdown) == "" {
			t.Fatalf("%q gave %q, %q without an error", body, doc.Title, doc.Markdown)
		}
		if lower := strings.ToLower(doc.Markdown); strings.Contains(lower, "](javascript:") {
			t.Fatalf("%q gave %q", body, doc.Markdown)
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	var page strings.Builder
	page.WriteString("<html><head><title>Handbook</title></head><body><nav><a href=/>Home</a></nav><main>")
	for i := range 400 {
		fmt.Fprintf(&page, "<h2>Section %d</h2><p>Our shop opens at <b>nine</b> and closes at six; see the <a href=/p%d>prices</a> for details of every bike that we rent.</p>"+
			"<ul><li>First point of the section</li><li>Second point</li></ul><table><tr><th>Bike</th><th>Price</th></tr><tr><td>City</td><td>£%d</td></tr></table>", i, i, i)
	}
	page.WriteString("</main></body></html>")
	content := []byte(page.String())
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := htmlPage(b.Context(), Request{Name: "a.html", BaseURL: "https://a.example/", Content: content}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarkdown(b *testing.B) {
	content := []byte(strings.Repeat("# Opening hours\n\nWe open at *nine* – every day but Sunday.\n\n- one\n- two\n\n", 10_000))
	c := New(Config{})
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := c.Run(b.Context(), Request{Name: "a.md", Content: content}); err != nil {
			b.Fatal(err)
		}
	}
}
