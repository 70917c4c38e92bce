package convert

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/flomastr/flomastr"
)

// maxPages bounds how much of a document is read; the rest is named in a warning.
const maxPages = 2000

// maxSide bounds a page's sides in points; the format's own limit is 14,400.
const maxSide = 20_000

// pdf reads the words of a PDF with their places and their fonts, and arranges them: reading order, headings,
// paragraphs, tables. Nothing that a PDF can do is done: pdftotext runs no scripts, opens no attachments, follows no links.
func pdf(ctx context.Context, dir string, req Request) (Document, error) {
	file := filepath.Join(dir, "document.pdf")
	if err := os.WriteFile(file, req.Content, 0o600); err != nil {
		return Document{}, ErrFailed.Because(err)
	}
	last := strconv.Itoa(maxPages)
	boxes, complaints, err := tool(ctx, dir, "pdftotext", "-bbox-layout", "-enc", "UTF-8", "-l", last, file, "-")
	if err != nil {
		return Document{}, pdfError(err, complaints)
	}
	title, pages := readBoxes(string(boxes))
	if len(pages) == 0 {
		return Document{}, ErrBroken.Because(errors.New("no pages"))
	}
	doc := Document{Metadata: map[string]string{"kind": string(PDF), "pages": strconv.Itoa(len(pages))}}
	scanned := scans(ctx, dir, file, pages)
	var left []int
	if len(scanned) > 0 {
		if left, err = recognise(ctx, dir, file, pages, scanned); err != nil {
			if len(scanned) == len(pages) { // nothing else is there to be read
				return Document{}, err
			}
			doc.Warnings = append(doc.Warnings, "Pages that are pictures of text could not be read.")
		}
	}
	switch {
	case !slices.ContainsFunc(pages, func(p page) bool { return len(p.words) > 0 }):
		return Document{}, sentence(ErrNoText, "The PDF holds no text, and none was recognised in its pages.")
	case len(scanned) > len(left): // some were recognised, so their places are all that the pages have in common
		arrangeRead(&doc, pages)
	case mostlyRightToLeft(pages):
		// Boxes hold right-to-left words in the order of their places; only the layout mode gives reading order.
		text, complaints, err := tool(ctx, dir, "pdftotext", "-layout", "-enc", "UTF-8", "-l", last, file, "-")
		if err != nil {
			return Document{}, pdfError(err, complaints)
		}
		arrangeLayout(&doc, string(text))
	default:
		// Sizes and weights are a help for headings; a document that pdftohtml cannot read has been read all the same.
		if styles, _, err := tool(ctx, dir, "pdftohtml", "-xml", "-i", "-noroundcoord", "-zoom", "1", "-enc", "UTF-8", "-l", last, "-stdout", file); err == nil {
			applyStyles(pages, string(styles))
		}
		arrange(&doc, pages)
	}
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, ErrNoText
	}
	if blank := blankPages(pages); blank != "" {
		doc.Warnings = append(doc.Warnings, "No text was found on page "+blank+".")
	}
	if len(left) > 0 {
		doc.Warnings = append(doc.Warnings, fmt.Sprintf("%d pages are pictures of text, more than are read of one document; split it and upload the parts.", len(left)))
	}
	if len(pages) == maxPages {
		doc.Warnings = append(doc.Warnings, fmt.Sprintf("Only the first %d pages were read.", maxPages))
	}
	if doc.Title = plausibleTitle(title); doc.Title == "" {
		if doc.Title = firstHeading(doc.Markdown); doc.Title == "" {
			doc.Title = titleFromName(req.Name)
		}
	}
	return doc, nil
}

// pdfError tells apart what poppler complains about.
func pdfError(err error, complaints string) error {
	var ours *flomastr.Error
	switch {
	case errors.As(err, &ours):
		return err
	case strings.Contains(complaints, "Incorrect password"), strings.Contains(complaints, "Unsupported version/revision of Standard security handler"),
		strings.Contains(complaints, "Copying of text from this document is not allowed"):
		return ErrEncrypted.Because(err)
	}
	return ErrBroken.Because(err)
}

// page is one page as poppler prints it. A word's block is its number in poppler's reading order.
type page struct {
	width, height float64
	words         []word
}

type word struct {
	x0, y0, x1, y1 float64
	text           string
	size           float64
	bold           bool
}

var (
	boxPage  = regexp.MustCompile(`<page width="([\d.]+)" height="([\d.]+)">`)
	boxWord  = regexp.MustCompile(`<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*)</word>`)
	boxTitle = regexp.MustCompile(`<title>(.*)</title>`)
)

// readBoxes parses what -bbox-layout prints, a line at a time: it is not always well-formed XML.
func readBoxes(out string) (title string, pages []page) {
	for line := range strings.Lines(out) {
		switch {
		case strings.Contains(line, "<word "):
			m := boxWord.FindStringSubmatch(line)
			if m == nil || len(pages) == 0 {
				continue
			}
			text := strings.TrimSpace(visible(html.UnescapeString(m[5])))
			if text == "" {
				continue
			}
			w := word{x0: number(m[1]), y0: number(m[2]), x1: number(m[3]), y1: number(m[4]), text: text}
			if w.size = (w.y1 - w.y0) * 0.85; w.size <= 0 || w.x1 < w.x0 {
				continue
			}
			p := &pages[len(pages)-1]
			// What lies off the page is hidden from its reader.
			if w.x1 < 0 || w.y1 < 0 || w.x0 > p.width || w.y0 > p.height || !(w.x1 < 2*maxSide && w.y1 < 2*maxSide && w.x0 > -maxSide && w.y0 > -maxSide) {
				continue
			}
			p.words = append(p.words, w)
		case strings.Contains(line, "<page "):
			if m := boxPage.FindStringSubmatch(line); m != nil {
				pages = append(pages, page{width: min(number(m[1]), maxSide), height: min(number(m[2]), maxSide)})
			}
		case title == "" && strings.Contains(line, "<title>"):
			if m := boxTitle.FindStringSubmatch(line); m != nil {
				title = html.UnescapeString(m[1])
			}
		}
	}
	return title, pages
}

func number(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

func rightToLeft(text string) bool {
	for _, r := range text {
		if unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) {
			return true
		}
	}
	return false
}

func blankPages(pages []page) string {
	var blank []string
	for i, p := range pages {
		if len(p.words) == 0 {
			blank = append(blank, strconv.Itoa(i+1))
		}
	}
	if len(blank) > 10 {
		blank = append(blank[:10], "and others")
	}
	return strings.Join(blank, ", ")
}

var (
	stylePage = regexp.MustCompile(`<page number="(\d+)"`)
	styleFont = regexp.MustCompile(`<fontspec id="(\d+)" size="([\d.]+)" family="([^"]*)"`)
	styleText = regexp.MustCompile(`<text top="(-?[\d.]+)" left="(-?[\d.]+)" width="(-?[\d.]+)" height="(-?[\d.]+)" font="(\d+)">(.*)`)
	boldName  = regexp.MustCompile(`(?i)bold|black|heavy|[-+]medi|semibold|demi`)
)

type fragment struct {
	left, right, size float64
	bold              bool
}

// applyStyles gives words the font size and weight that pdftohtml saw at their place. Both programs print the same
// coordinates, so a fragment is found by its top edge.
func applyStyles(pages []page, out string) {
	type font struct {
		size float64
		bold bool
	}
	fonts := map[string]font{}
	var fragments map[int][]fragment
	current := -1
	settle := func() {
		if current < 0 || current >= len(pages) {
			return
		}
		for i := range pages[current].words {
			w := &pages[current].words[i]
			middle := (w.x0 + w.x1) / 2
			for _, f := range fragments[int(w.y0*10)] {
				if middle >= f.left-0.5 && middle <= f.right+0.5 {
					w.size, w.bold = f.size, f.bold
					break
				}
			}
		}
	}
	for line := range strings.Lines(out) {
		if m := stylePage.FindStringSubmatch(line); m != nil {
			settle()
			n, _ := strconv.Atoi(m[1])
			current, fragments = n-1, map[int][]fragment{}
		}
		if m := styleFont.FindStringSubmatch(line); m != nil {
			fonts[m[1]] = font{number(m[2]), boldName.MatchString(m[3])}
		}
		if m := styleText.FindStringSubmatch(line); m != nil && fragments != nil {
			f := fonts[m[5]]
			bold := f.bold || strings.HasPrefix(strings.TrimSpace(m[6]), "<b>")
			size := f.size
			if size <= 0 {
				size = number(m[4]) * 0.85
			}
			left := number(m[2])
			piece := fragment{left: left, right: left + number(m[3]), size: size, bold: bold}
			key := int(number(m[1]) * 10)
			for _, k := range []int{key - 1, key, key + 1} {
				fragments[k] = append(fragments[k], piece)
			}
		}
	}
	settle()
}
