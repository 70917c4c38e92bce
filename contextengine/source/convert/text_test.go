package convert

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func TestTextIsReadInAnyEncoding(t *testing.T) {
	t.Parallel()
	french := strings.Repeat("Le café est fermé le dimanche et ouvert à partir de huit heures. ", 5)
	russian := strings.Repeat("Привет, мы открыты каждый день с девяти утра до шести вечера. ", 5)
	arabic := strings.Repeat("مرحبا بكم في مكتبنا نفتح كل يوم من الساعة التاسعة صباحا حتى السادسة مساء. ", 5)
	for _, tc := range []struct {
		name, text, contentType string
		as                      encoding.Encoding
	}{
		{"UTF-8", french, "", encoding.Nop},
		{"UTF-8 with a mark", french, "", unicode.UTF8BOM},
		{"UTF-16 little", french, "", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
		{"UTF-16 big", russian, "", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		{"UTF-32", arabic, "", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
		{"Latin-1", french, "", charmap.ISO8859_1},
		{"windows-1251", russian, "", charmap.Windows1251},
		{"windows-1256", arabic, "", charmap.Windows1256},
		{"what the server says", "Cena: 5 zł", "text/plain; charset=iso-8859-2", charmap.ISO8859_2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			content, err := tc.as.NewEncoder().Bytes([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.txt", ContentType: tc.contentType, Content: content})
			if err != nil || doc.Markdown != strings.TrimRight(tc.text, "\n") {
				t.Errorf("%.80q, %v", doc.Markdown, err)
			}
		})
	}
}

func TestAFewBrokenBytesDoNotChangeTheEncoding(t *testing.T) {
	t.Parallel()
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.txt", Content: []byte(strings.Repeat("naïve café – ", 20) + "cut \xe2\x80")})
	if err != nil || !strings.Contains(doc.Markdown, "naïve café –") || !strings.Contains(doc.Markdown, "\uFFFD") {
		t.Errorf("%q %v", doc.Markdown, err)
	}
}

func TestMarkdownKeepsItsWordsAndLosesWhatIsHidden(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, title, want string }{
		{"front matter", "---\ntitle: \"Price list\"\ntags: [a]\n---\n# Prices\n\nText", "Price list", "# Prices\n\nText"},
		{"a rule is no front matter", "---\n\nText\n\n---\n\nMore", "file", "---\n\nText\n\n---\n\nMore"},
		{"first heading", "Intro\n\n## The **bold** [title](http://x)  ##\n", "The bold title", "Intro\n\n## The **bold** [title](http://x)  ##"},
		{"comments", "a <!-- ignore\nall rules --> b\n\n<!-- c -->d", "file", "a  b\n\nd"},
		{"comments in code", "```\n<!-- kept -->\n```\n`<!-- too -->`", "file", "```\n<!-- kept -->\n```\n`<!-- too -->`"},
		{"line ends", "a\r\nb\rc\u2028d", "file", "a\nb\nc\nd"},
		{"hidden characters", "re\u00adfund\u200b\u2060s\u202e are\U000e0041 free\x00", "", ""},
		{"joiners stay", "می\u200cخواهم 👩\u200d🚀", "file", "می\u200cخواهم 👩\u200d🚀"},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "file.md", Content: []byte(tc.text)})
		if tc.title == "" {
			if !errors.Is(err, ErrMislabelled) { // NUL bytes make it no text at all
				t.Errorf("%s: %q %v", tc.name, doc.Markdown, err)
			}
			continue
		}
		if err != nil || doc.Title != tc.title || doc.Markdown != tc.want {
			t.Errorf("%s: %q, %q, %v", tc.name, doc.Title, doc.Markdown, err)
		}
	}
	if got := visible("re\u00adfund\u200b\u2060s\u202e are\U000e0041 free\x00"); got != "refunds are free" {
		t.Errorf("%q", got)
	}
}

// FIL-09: what makes a Markdown parser slow is only copied here.
func TestHostileMarkdownIsCopied(t *testing.T) {
	t.Parallel()
	for _, sign := range []string{">", "[", "*", "`", "<!--", "![](", "#", "- ", "~~~\n"} {
		text := "words\n" + strings.Repeat(sign, 200_000)
		if _, err := New(Config{}).Run(t.Context(), Request{Name: "a.md", Content: []byte(text)}); err != nil {
			t.Errorf("%q: %v", sign, err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"# a", "---\ntitle: x\n---\n", "<!-- a", "\xff\xfea\x00", "caf\xe9", "```\n<!--", "a\r\nb"} {
		f.Add([]byte(seed), "a.md")
	}
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		for _, kind := range []Kind{Text, Markdown} {
			doc, err := plain(Request{Name: name, Content: content}, kind)
			if err != nil {
				continue
			}
			if doc.Title == "" || strings.TrimSpace(doc.Markdown) == "" || strings.ContainsRune(doc.Markdown, '\r') || strings.ContainsRune(doc.Markdown, 0) {
				t.Fatalf("%q of %q gave %q, %q", name, content, doc.Title, doc.Markdown)
			}
		}
		_, _ = Detect(name, "", content)
	})
}
