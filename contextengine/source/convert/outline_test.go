package convert

import (
	"errors"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

func TestDataBecomesAnOutline(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, content, want string }{
		"an object": {"a.json", `{"name": "Harbour Bikes", "open": true, "phone": null, "hours": {"mon": "9-18", "tags": ["a", "b"]}, "n": 1.50}`, "- name: Harbour Bikes\n- open: true\n- n: 1.50\n\n# hours\n\n- mon: 9-18\n- tags: a, b"},
		"rows":      {"a.json", `{"prices": [{"bike": "City", "day": 18}, {"bike": "Cargo | long", "day": 45, "note": "new"}]}`, "# prices\n\n| bike | day | note |\n| --- | --- | --- |\n| City | 18 | |\n| Cargo \\| long | 45 | new |"},
		"lines":     {"a.ndjson", "{\"a\": 1, \"b\": 2}\n{\"a\": 3, \"b\": 4}\n", "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"},
		"a value":   {"a.json", `"only words"`, "only words"},
		"a script":  {"a.json", `{"<script>": "alert(1)\n# x"}`, "- <script>: alert(1) # x"},
		"XML":       {"a.xml", `<?xml version="1.0"?><shop name="Harbour"><hours>9&#8211;18</hours><bikes><bike id="1"><day>18</day></bike><bike id="2"><day>45</day></bike></bikes></shop>`, "- name: Harbour\n- hours: 9–18\n\n# bikes\n\n| id | day |\n| --- | --- |\n| 1 | 18 |\n| 2 | 45 |"},
		"Latin-1":   {"a.xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a><b>Caf\xe9</b></a>", "- b: Café"},
		"a feed": {
			"a.rss", `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><description>What is &lt;b&gt;new&lt;/b&gt;</description><item><title>Opening</title><link>https://example.com/1</link>` +
				`<pubDate>Mon, 30 Nov 2026</pubDate><description><![CDATA[<p>We <i>open</i>.</p><script>alert(1)</script>]]></description></item><item><title>Bad</title><link>javascript:alert(1)</link></item></channel></rss>`,
			"# News\n\nWhat is **new**\n\n## [Opening](https://example.com/1)\n\nMon, 30 Nov 2026\n\nWe *open*.\n\n## Bad",
		},
		"Atom": {
			"a.atom", `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">News</title><entry><title>One</title><link href="https://example.com/1"/><updated>2026-11-30</updated><summary type="html">Words</summary></entry></feed>`,
			"# News\n\n## [One](https://example.com/1)\n\n2026-11-30\n\nWords",
		},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: tc.file, Content: []byte(tc.content)})
		if err != nil || doc.Markdown != tc.want {
			t.Errorf("%s: %v, got\n%s", name, err, doc.Markdown)
		}
	}
}

func TestHostileDataHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, content string
		want          *flomastr.Error
	}{
		"deep JSON":       {"a.json", strings.Repeat("[", 100_000), ErrTooDeep},
		"deep objects":    {"a.json", strings.Repeat(`{"a":`, 100_000), ErrTooDeep},
		"many values":     {"a.json", "[" + strings.Repeat("1,", 500_000) + "1]", ErrTooComplex},
		"no JSON":         {"a.json", `{"a": tru`, ErrBroken},
		"cut off":         {"a.json", `{"a": [1, 2`, ErrBroken},
		"nothing in it":   {"a.json", `{"a": null, "b": {}}`, ErrNoText},
		"a page":          {"a.json", "<!doctype html><html><body>x</body></html>", ErrMislabelled},
		"billion laughs":  {"a.xml", `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>`, ErrUnsafeXML},
		"external entity": {"a.xml", `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>`, ErrUnsafeXML},
		"deep XML":        {"a.xml", "<?xml version=\"1.0\"?>" + strings.Repeat("<a>", 1_000_000), ErrTooDeep},
		"a million":       {"a.xml", "<?xml version=\"1.0\"?><r>" + strings.Repeat("<a/>", 1_000_000) + "</r>", ErrTooComplex},
		"broken XML":      {"a.xml", "<?xml version=\"1.0\"?><a><b></a>", ErrBroken},
		"empty XML":       {"a.xml", "<?xml version=\"1.0\"?><a/>", ErrNoText},
		"NUL bytes":       {"a.json", "{\"a\": \"\x00\x00\x00\"}", ErrMislabelled},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: tc.file, Content: []byte(tc.content)})
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}

func FuzzData(f *testing.F) {
	for _, seed := range []string{`{"a":[{"b":1},{"b":2}]}`, `[1,"x",null]`, `<a b="c"><d/>x<d>y</d></a>`, `<rss><channel><item><title>x</title></item></channel></rss>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, read := range []func() (Document, error){
			func() (Document, error) { return jsonDocument(Request{Name: "a", Content: content}) },
			func() (Document, error) { return xmlDocument(t.Context(), Request{Name: "a", Content: content}) },
		} {
			doc, err := read()
			var ours *flomastr.Error
			if err != nil && (!errors.As(err, &ours) || ours.Kind == flomastr.Internal) {
				t.Fatalf("%v", err)
			}
			if err == nil && (strings.TrimSpace(doc.Markdown) == "" || strings.ContainsRune(doc.Markdown, 0)) {
				t.Fatalf("%q", doc.Markdown)
			}
		}
	})
}
