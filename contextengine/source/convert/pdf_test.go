package convert

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// typed sets a line of text on a page, each letter half its size wide.
func (p *page) typed(x, y, size float64, bold bool, text string) {
	for i, part := range strings.Split(text, " ") {
		if i > 0 {
			x += 0.25 * size
		}
		width := 0.5 * size * float64(utf8.RuneCountInString(part))
		p.words = append(p.words, word{x0: x, x1: x + width, y0: y, y1: y + 1.1*size, text: part, size: size, bold: bold})
		x += width
	}
}

func arranged(pages ...page) Document {
	doc := Document{Metadata: map[string]string{}}
	arrange(&doc, pages)
	return doc
}

func letter() page { return page{width: 612, height: 792} }

const filler = "The quick brown fox jumps over the lazy dog near the river bank while the sun goes slowly"

func TestAPageOfAPDFReadsAsItLooks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		write func(p *page)
		want  string
	}{
		{"a paragraph is one line", func(p *page) {
			p.typed(72, 100, 10, false, filler)
			p.typed(72, 112, 10, false, filler)
			p.typed(72, 124, 10, false, "and then it ends.")
		}, filler + " " + filler + " and then it ends."},
		{"a cut word is made whole, a hyphen that is meant stays", func(p *page) {
			p.typed(72, 100, 10, false, filler+" con-")
			p.typed(72, 112, 10, false, "firms multi-agent "+filler[:58]+" multi-")
			p.typed(72, 124, 10, false, "agent systems.")
		}, filler + " confirms multi-agent " + filler[:58] + " multi-agent systems."},
		{"headings stand out by size, then by weight", func(p *page) {
			p.typed(72, 60, 20, false, "Handbook")
			p.typed(72, 100, 14, false, "Opening hours")
			p.typed(72, 130, 10, false, filler)
			p.typed(72, 142, 10, false, filler)
			p.typed(72, 170, 10, true, "On Sundays")
			p.typed(72, 190, 10, false, filler)
		}, "# Handbook\n\n## Opening hours\n\n" + filler + " " + filler + "\n\n### On Sundays\n\n" + filler},
		{"short lines stay lines", func(p *page) {
			p.typed(72, 100, 10, false, "12 Quay Street")
			p.typed(72, 112, 10, false, "Port Ellen")
			p.typed(72, 300, 10, false, filler)
		}, "12 Quay Street\nPort Ellen\n\n" + filler},
		{"a table without borders", func(p *page) {
			p.typed(72, 60, 10, false, filler)
			for i, cells := range [][]string{{"Bike", "Day", "Week"}, {"City", "18", "90"}, {"Cargo | long", "45", "210"}, {"Child", "", "60"}} {
				for c, text := range cells {
					if text != "" {
						p.typed(72+float64(c)*120, 100+float64(i)*14, 10, false, text)
					}
				}
			}
			p.typed(72, 200, 10, false, filler)
		}, filler + "\n\n| Bike | Day | Week |\n| --- | --- | --- |\n| City | 18 | 90 |\n| Cargo \\| long | 45 | 210 |\n| Child | | 60 |\n\n" + filler},
		{"the second line of a cell", func(p *page) {
			for i, cells := range [][]string{{"1", "Holiday Show", "250"}, {"", "Runtime 142 min", ""}, {"2", "Winter", "150"}, {"3", "New Year", "300"}} {
				for c, text := range cells {
					if text != "" {
						p.typed(72+float64(c)*160, 100+float64(i)*12, 10, false, text)
					}
				}
			}
		}, "| 1 | Holiday Show Runtime 142 min | 250 |\n| --- | --- | --- |\n| 2 | Winter | 150 |\n| 3 | New Year | 300 |"},
		{"a centred head over a wide column", func(p *page) {
			for i, cells := range [][]string{{"Bike", "Day", "Week"}, {"City", "18", "90"}, {"Cargo with seat", "45", "210"}, {"Child", "9", "60"}} {
				for c, text := range cells {
					x := 72 + float64(c)*140
					if i == 0 {
						x += 30
					}
					p.typed(x, 100+float64(i)*14, 10, i == 0, text)
				}
			}
		}, "| Bike | Day | Week |\n| --- | --- | --- |\n| City | 18 | 90 |\n| Cargo with seat | 45 | 210 |\n| Child | 9 | 60 |"},
		{"columns of prose one after the other", func(p *page) {
			p.typed(72, 60, 18, false, "A title over both")
			for i := range 12 {
				p.typed(72, 100+float64(i)*12, 10, false, fmt.Sprintf("left %02d alpha beta gamma delta eps", i))
				p.typed(330, 105+float64(i)*12, 10, false, fmt.Sprintf("right %02d alpha beta gamma delta eps", i))
			}
		}, "# A title over both\n\n" + series("left", 12) + "\n\n" + series("right", 12)},
		{"bullets and numbers", func(p *page) {
			p.typed(72, 100, 10, false, "• one")
			p.typed(72, 112, 10, false, "• two")
			p.typed(72, 124, 10, false, "1. first")
			p.typed(90, 300, 10, false, filler)
		}, "- one\n\n- two\n\n1. first\n\n" + filler},
		{"a number sign is no heading", func(p *page) { p.typed(72, 100, 10, false, "# of shows") }, `\# of shows`},
		{"rules are no text", func(p *page) {
			p.typed(72, 100, 10, false, "Total 5")
			p.typed(72, 112, 10, false, "=========")
			p.typed(72, 124, 10, false, "Paid")
		}, "Total 5\n\nPaid"},
		{"a page number goes", func(p *page) {
			p.typed(72, 100, 10, false, filler)
			p.typed(300, 760, 10, false, "17")
		}, filler},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := letter()
			tc.write(&p)
			if got := arranged(p).Markdown; got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func series(side string, n int) string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%s %02d alpha beta gamma delta eps", side, i)
	}
	return strings.Join(lines, " ")
}

func TestRunningLinesStandOnce(t *testing.T) {
	t.Parallel()
	var pages []page
	for i := range 4 {
		p := letter()
		p.typed(72, 30, 9, false, fmt.Sprintf("Harbour Bikes handbook page %d", i+1))
		p.typed(72, 300, 10, false, fmt.Sprintf("Words of chapter %d are here", i+1))
		pages = append(pages, p)
	}
	doc := arranged(pages...)
	if n := strings.Count(doc.Markdown, "Harbour Bikes"); n != 1 {
		t.Errorf("the running line stands %d times:\n%s", n, doc.Markdown)
	}
	for i := range 4 {
		at := strings.Index(doc.Markdown, fmt.Sprintf("chapter %d", i+1))
		if at < 0 || doc.PlaceAt(at).Number != i+1 {
			t.Errorf("chapter %d is on page %d", i+1, doc.PlaceAt(at).Number)
		}
	}
}

func TestAPDFIsReadWithItsPages(t *testing.T) {
	t.Parallel()
	needTools(t)
	content := pdfOf([]string{"Prices of (nearly) everything\nA city bike costs 18 a day.", "", "Opening hours\nWe open at nine."}, "/Info 10 0 R",
		"<< /Title (Harbour Bikes prices) >>")
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "p.pdf", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	if doc.Title != "Harbour Bikes prices" || doc.Metadata["pages"] != "3" || len(doc.Parts) != 3 {
		t.Errorf("%q %v %v", doc.Title, doc.Metadata, doc.Parts)
	}
	if at := strings.Index(doc.Markdown, "nine"); doc.PlaceAt(at).Number != 3 {
		t.Errorf("page %d in %q", doc.PlaceAt(at).Number, doc.Markdown)
	}
	if at := strings.Index(doc.Markdown, "18 a day"); doc.PlaceAt(at).Number != 1 {
		t.Errorf("page %d", doc.PlaceAt(at).Number)
	}
	if len(doc.Warnings) != 1 || !strings.Contains(doc.Warnings[0], "page 2") {
		t.Errorf("warnings %v", doc.Warnings)
	}
}

// A PDF can ask for a lot: to run, to open, to fetch. Its words are all it gives.
func TestAPDFThatWantsMoreGivesItsWordsOnly(t *testing.T) {
	t.Parallel()
	needTools(t)
	for name, object := range map[string]string{
		"launch":     "<< /Type /Action /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) >> >>",
		"javascript": "<< /Type /Action /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1/'\\)) >>",
		"loop":       "<< /Type /Pages /Kids [6 0 R 6 0 R] /Count 99999999 /Parent 6 0 R >>",
		"embedded":   "<< /Type /Filespec /F (http://127.0.0.1/x.exe) /FS /URL >>",
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: "p.pdf", Content: pdfOf([]string{"only words"}, "/OpenAction 6 0 R", object)})
		if err != nil || !strings.Contains(doc.Markdown, "only words") {
			t.Errorf("%s: %q %v", name, doc.Markdown, err)
		}
	}
}

func TestRightToLeftTextKeepsItsOrder(t *testing.T) {
	t.Parallel()
	doc := Document{Metadata: map[string]string{}}
	arrangeLayout(&doc, "   مرحبا بكم في مكتبنا .نفتح 9صباحا\n\n  السعر    المنتج\n  18       دراجة\n  45       شاحنة\n\n 1\n\fالصفحة الثانية\n")
	want := "مرحبا بكم في مكتبنا. نفتح 9 صباحا\n\n| السعر | المنتج |\n| --- | --- |\n| 18 | دراجة |\n| 45 | شاحنة |\n\nالصفحة الثانية"
	if doc.Markdown != want {
		t.Errorf("got\n%s\nwant\n%s", doc.Markdown, want)
	}
	if at := strings.Index(doc.Markdown, "الثانية"); doc.PlaceAt(at).Number != 2 {
		t.Errorf("page %d", doc.PlaceAt(at).Number)
	}
}

func checkPages(t *testing.T, doc Document) {
	t.Helper()
	last := 0
	for i, b := range doc.Parts {
		if b.Number != i+1 || b.Offset < last || b.Offset > len(doc.Markdown) {
			t.Fatalf("page %d begins at %d of %d", b.Number, b.Offset, len(doc.Markdown))
		}
		last = b.Offset
	}
	if !utf8.ValidString(doc.Markdown) {
		t.Fatal("invalid UTF-8")
	}
}

// Words anywhere, of any size: each must come out once, whatever is made of them.
func TestNoWordIsLostOrMadeUp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		p := letter()
		want := map[string]bool{}
		for range r.IntN(120) {
			text := fmt.Sprintf("w%dx", r.IntN(1_000_000))
			want[text] = true
			size := 6 + r.Float64()*20
			p.typed(20+r.Float64()*500, 90+r.Float64()*600, size, r.IntN(5) == 0, text)
		}
		doc := arranged(p)
		checkPages(t, doc)
		joined := doc.Markdown
		for text := range want {
			if !strings.Contains(joined, text) {
				t.Fatalf("%s was lost of\n%s", text, joined)
			}
		}
	}
}

func FuzzPDFText(f *testing.F) {
	f.Add(`<title>T</title>`+"\n"+`<page width="612.0" height="792.0">`+"\n"+`<word xMin="72.0" yMin="100.0" xMax="90.0" yMax="110.0">Hi &amp; bye</word>`, `<page number="1"`+"\n"+`<fontspec id="0" size="12" family="A+Bold"/>`+"\n"+`<text top="100.0" left="72.0" width="18.0" height="10" font="0"><b>Hi</b>`)
	f.Add(`<page width="1e9" height="-1">`+"\n"+`<word xMin="-5" yMin="0" xMax="99999999" yMax="1">x</word>`, "")
	f.Add(`<page width="0" height="0">`, `<text top="9999999999999999999" left="0" width="0" height="0" font="9">`)
	f.Fuzz(func(t *testing.T, boxes, styles string) {
		_, pages := readBoxes(boxes)
		applyStyles(pages, styles)
		doc := arranged(pages...)
		checkPages(t, doc)
		layout := Document{Metadata: map[string]string{}}
		arrangeLayout(&layout, strings.ToValidUTF8(boxes, ""))
		checkPages(t, layout)
	})
}
