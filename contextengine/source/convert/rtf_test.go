package convert

import (
	"errors"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
)

func TestARichTextBecomesItsWords(t *testing.T) {
	t.Parallel()
	const head = `{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 Mincho;}}{\colortbl;\red0\green0\blue0;}` +
		`{\stylesheet{\ql Normal;}{\s1\b heading 1;}{\s2 heading 2;}}{\info{\title Harbour prices}{\author SECRET}}{\*\generator x;}` + "\n"
	for name, tc := range map[string]struct{ body, want string }{
		"accents with their blanks": {`\pard Caf\'e9 na\'efve \u233? d\'e9j\'e0 vu\par`, "Café naïve é déjà vu"},
		"Arabic":                    {`\pard \u1605?\u1585?\u1581?\u1576?\u1575? \u1576?\u1603?\u1605?\par`, "مرحبا بكم"},
		"a font's encoding":         {`\pard {\f1 \'cf\'f0\'e8\'e2\'e5\'f2} {\f2 \'96\'bc\'91\'4f}\par`, "Привет 名前"},
		"an emoji":                  {`\pard \u-10179?\u-8691?\par`, string(rune(0x1F60D))},
		"headings":                  {`\pard\s1 Prices\par\pard\s2 By the day\par\pard Text\par`, "# Prices\n\n## By the day\n\nText"},
		"a list":                    {`\pard{\listtext\bullet\tab}City\par{\listtext\bullet\tab}Cargo\par\pard{\listtext 1.\tab}One\par`, "- City\n- Cargo\n1. One"},
		"a table":                   {`\trowd\pard\intbl Bike\cell Day\cell\row\trowd\pard\intbl City\cell \'a318\cell\row\pard After\par`, "| Bike | Day |\n| --- | --- |\n| City | £18 |\n\nAfter"},
		"a link":                    {`\pard See {\field{\*\fldinst HYPERLINK "https://example.com/a"}{\fldrslt our {\ul terms}}}.\par`, "See [our terms](https://example.com/a)."},
		"a script for a link":       {`\pard {\field{\*\fldinst HYPERLINK "javascript:alert(1)"}{\fldrslt words}}\par`, "words"},
		"what is hidden":            {`\pard seen {\v SECRET}{\*\unknown SECRET}{\header SECRET}{\pict 0102}{\deleted SECRET}too\par`, "seen too"},
		"binary":                    {`\pard a{\pict\bin3 }}}}b\par`, "ab"},
		"an include":                {`\pard a{\field{\*\fldinst INCLUDEPICTURE "http://127.0.0.1:9/x"}{\fldrslt }}b\par`, "ab"},
		"escapes":                   {`\pard \{a\} \\ b\~c\-d\par`, `{a} \ b cd`},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.rtf", Content: []byte(head + tc.body + "}")})
		if err != nil || doc.Markdown != tc.want || doc.Title != "Harbour prices" {
			t.Errorf("%s: %q, %q, %v", name, doc.Title, doc.Markdown, err)
		}
	}
}

func TestAHostileRichTextHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content string
		want    *flomastr.Error
	}{
		"groups without end": {`{\rtf1` + strings.Repeat("{", 100_000), ErrTooDeep},
		"nothing":            {`{\rtf1}`, ErrNoText},
		"cut off":            {`{\rtf1 words\'`, nil},
		"too many ends":      {`{\rtf1 words}}}}}}`, nil},
		"a huge number":      {`{\rtf1\uc99999999999 a\bin99999999999 words\u99999999999 x}`, nil},
		"a half":             {`{\rtf1 a\u-10179?b}`, nil},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.rtf", Content: []byte(tc.content)})
		if tc.want == nil && err != nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}

func FuzzRichText(f *testing.F) {
	for _, seed := range []string{`{\rtf1 a\'e9 \u233? b\par}`, `{\rtf1{\stylesheet{\s1 heading 1;}}\s1 x\par\trowd\intbl a\cell\row}`, `{\rtf1{\field{\*\fldinst HYPERLINK "https://x.y"}{\fldrslt z}}}`, `{\rtf1\bin9 a`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		doc, err := rtf(Request{Name: "a.rtf", Content: content})
		var ours *flomastr.Error
		if err != nil && (!errors.As(err, &ours) || ours.Kind == flomastr.Internal) {
			t.Fatalf("%v", err)
		}
		if strings.ContainsRune(doc.Markdown, 0) {
			t.Fatalf("%q", doc.Markdown)
		}
	})
}
