package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // decoded by image.Decode
	_ "image/jpeg" // the same
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "golang.org/x/image/bmp" // the same
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // the same
	_ "golang.org/x/image/webp" // the same
)

const (
	// ocrSide is the longer side in pixels of what is recognised: some 220 dots to an inch of A4, more does not help.
	ocrSide = 2600
	// ocrPixels bounds what is decoded at all; a camera's picture has twelve or fifty million.
	ocrPixels = 60_000_000
	// ocrTime of a document's 90 seconds goes to recognition; what is not read then is named in a warning.
	ocrTime = 60 * time.Second
	// ocrSure is how sure the recogniser must be of a word, of 100. Below lie shadows and stains.
	ocrSure = 35
)

// scripts are the languages to recognise by the script that a page is written in, those first that we speak on screen.
var scripts = map[string][]string{
	"Latin": {"eng", "spa", "por", "fra", "deu"}, "Arabic": {"ara", "eng"}, "Devanagari": {"hin", "eng"}, "Cyrillic": {"rus", "eng"}, "Hebrew": {"heb", "eng"},
	"Greek": {"ell", "eng"}, "Han": {"chi_sim", "chi_tra", "eng"}, "Japanese": {"jpn", "eng"}, "Hangul": {"kor", "eng"}, "Korean": {"kor", "eng"}, "Thai": {"tha", "eng"},
}

// imageOfText reads the words of a picture as if it were a page.
func imageOfText(ctx context.Context, dir string, req Request) (Document, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(req.Content))
	if err != nil {
		return Document{}, ErrPictureBroken.Because(err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > 30_000 || config.Height > 30_000 || config.Width*config.Height > ocrPixels {
		return Document{}, sentence(ErrPictureTooLarge, "The picture has more pixels than we read; make it smaller and upload that.")
	}
	decoded, _, err := image.Decode(bytes.NewReader(req.Content))
	if err != nil {
		return Document{}, ErrPictureBroken.Because(err)
	}
	file := filepath.Join(dir, "picture.png")
	size, err := writeGray(file, decoded)
	if err != nil {
		return Document{}, err
	}
	r, err := newRecogniser(ctx, dir)
	if err != nil {
		return Document{}, err
	}
	// A picture does not say how large it is; as wide as a sheet of paper is a good guess.
	read, err := r.page(ctx, file, 595/float64(size.X))
	if err != nil {
		return Document{}, err
	}
	doc := Document{Metadata: map[string]string{"kind": string(Image)}}
	arrangeRead(&doc, []page{read})
	doc.Parts = nil // a picture has no pages
	if strings.TrimSpace(doc.Markdown) == "" {
		return Document{}, sentence(ErrNoText, "No text was recognised in the picture.")
	}
	return doc.named(req.Name), nil
}

// writeGray writes a picture as the recogniser likes it: gray on white, neither huge nor tiny.
func writeGray(file string, from image.Image) (image.Point, error) {
	size := from.Bounds().Size()
	switch longer := max(size.X, size.Y); {
	case longer > ocrSide:
		size = image.Pt(max(1, size.X*ocrSide/longer), max(1, size.Y*ocrSide/longer))
	case longer < 1000: // letters of ten pixels become readable
		size = size.Mul(2)
	}
	gray := image.NewGray(image.Rectangle{Max: size})
	draw.Draw(gray, gray.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(gray, gray.Rect, from, from.Bounds(), draw.Over, nil)
	return size, writePNG(file, gray)
}

func readPNG(file string) (image.Image, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(content))
}

func writePNG(file string, picture image.Image) error {
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, picture); err != nil {
		return ErrFailed.Because(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		return ErrFailed.Because(err)
	}
	return nil
}

// recogniser has tesseract read pictures of pages.
type recogniser struct {
	dir       string
	installed []string
	began     time.Time
}

func newRecogniser(ctx context.Context, dir string) (*recogniser, error) {
	out, _, err := tool(ctx, dir, "tesseract", "--list-langs")
	if err != nil {
		return nil, err
	}
	r := &recogniser{dir: dir, began: time.Now()}
	for line := range strings.SplitSeq(string(out), "\n") {
		r.installed = append(r.installed, strings.TrimSpace(line))
	}
	return r, nil
}

func (r *recogniser) late() bool { return time.Since(r.began) > ocrTime }

// languages picks at most three that are installed: each one more takes as long again.
func (r *recogniser) languages(script string) string {
	wanted, known := scripts[script]
	if !known {
		wanted = scripts["Latin"]
	}
	var out []string
	for _, language := range wanted {
		if slices.Contains(r.installed, language) && len(out) < 3 {
			out = append(out, language)
		}
	}
	if len(out) == 0 {
		return "eng"
	}
	return strings.Join(out, "+")
}

// page reads the picture of a page; scale makes points of its pixels.
func (r *recogniser) page(ctx context.Context, file string, scale float64) (page, error) {
	script, turn := "Latin", 0
	if slices.Contains(r.installed, "osd") {
		// It fails on pages with few letters, which are upright and Latin as far as anybody can tell.
		if out, _, err := tool(ctx, r.dir, "tesseract", file, "stdout", "--psm", "0"); err == nil {
			script, turn = orientation(string(out))
		}
	}
	if turn != 0 {
		if err := turned(file, turn); err != nil {
			return page{}, err
		}
	}
	out, complaints, err := tool(ctx, r.dir, "tesseract", file, "stdout", "-l", r.languages(script), "--psm", "3", "tsv")
	if err != nil {
		return page{}, errors.Join(err, ErrFailed.Because(errors.New(firstLine(complaints))))
	}
	return readTSV(string(out), scale), nil
}

// orientation reads what tesseract found out about a page: its script, and by how many degrees it is to be turned. Turning
// is believed only where it is sure.
func orientation(out string) (script string, turn int) {
	script = "Latin"
	sure := 0.0
	for line := range strings.SplitSeq(out, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "Script":
			script = value
		case "Rotate":
			turn, _ = strconv.Atoi(value)
		case "Orientation confidence":
			sure = number(value)
		}
	}
	if sure < 2 || turn != 90 && turn != 180 && turn != 270 {
		turn = 0
	}
	return script, turn
}

// turned turns a picture clockwise.
func turned(file string, degrees int) error {
	from, err := readPNG(file)
	if err != nil {
		return ErrFailed.Because(err)
	}
	size := from.Bounds().Size()
	to := image.NewGray(image.Rect(0, 0, size.X, size.Y))
	if degrees != 180 {
		to = image.NewGray(image.Rect(0, 0, size.Y, size.X))
	}
	for y := range size.Y {
		for x := range size.X {
			at := image.Pt(size.X-1-x, size.Y-1-y)
			switch degrees {
			case 90:
				at = image.Pt(size.Y-1-y, x)
			case 270:
				at = image.Pt(y, size.X-1-x)
			}
			to.Set(at.X, at.Y, from.At(x, y))
		}
	}
	return writePNG(file, to)
}

// readTSV reads the words that tesseract prints with their boxes. Letters have heights of their own, so the words of a
// line take the line's box, and a line that is not much larger than most is as large as they are.
func readTSV(out string, scale float64) page {
	var p page
	type line struct {
		y0, y1 float64
		first  int
	}
	var lines []line
	for text := range strings.SplitSeq(out, "\n") {
		f := strings.SplitN(strings.TrimRight(text, "\r"), "\t", 12)
		if len(f) < 12 {
			continue
		}
		x, y, width, height := number(f[6])*scale, number(f[7])*scale, number(f[8])*scale, number(f[9])*scale
		switch f[0] {
		case "1":
			p.width, p.height = min(width, maxSide), min(height, maxSide)
		case "4":
			lines = append(lines, line{y, y + height, len(p.words)})
		case "5":
			word := word{x0: x, x1: x + width, y0: y, y1: y + height, text: strings.TrimSpace(visible(f[11]))}
			if word.text == "" || number(f[10]) < ocrSure || len(lines) == 0 || height <= 0 || width <= 0 || x+width > 2*maxSide || y+height > 2*maxSide {
				continue
			}
			if l := lines[len(lines)-1]; l.y1-l.y0 < 2.5*height { // a box round two lines is none of this one's
				word.y0, word.y1 = l.y0, l.y1
			}
			word.size = (word.y1 - word.y0) * 0.85
			p.words = append(p.words, word)
		}
	}
	if len(p.words) == 0 {
		return p
	}
	var sizes []float64
	for _, w := range p.words {
		sizes = append(sizes, w.size)
	}
	slices.Sort(sizes)
	usual := sizes[len(sizes)/2]
	for i := range p.words {
		if p.words[i].size < 1.6*usual {
			p.words[i].size = usual
		}
	}
	return p
}

// arrangeRead writes recognised pages: by their boxes, or as they were read where the writing runs to the left.
func arrangeRead(doc *Document, pages []page) {
	if !mostlyRightToLeft(pages) {
		arrange(doc, pages)
		return
	}
	var b strings.Builder
	for i, p := range pages {
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		doc.Parts = append(doc.Parts, pageAt(i+1, b.Len()))
		for j, w := range p.words {
			if j > 0 {
				b.WriteString(map[bool]string{true: " ", false: "\n"}[w.y0 == p.words[j-1].y0])
			}
			b.WriteString(w.text)
		}
	}
	doc.Markdown = b.String()
}

func mostlyRightToLeft(pages []page) bool {
	words, rtl := 0, 0
	for _, p := range pages {
		words += len(p.words)
		for _, w := range p.words {
			if rightToLeft(w.text) {
				rtl++
			}
		}
	}
	return rtl*10 > words*3
}

// scans finds the pages of a PDF that are pictures of text: without words, or with so few that they are a stamp on a
// picture. In a document without any words each page counts.
func scans(ctx context.Context, dir, file string, pages []page) []int {
	none := !slices.ContainsFunc(pages, func(p page) bool { return len(p.words) > 0 })
	pictured := map[int]bool{}
	if !none {
		out, _, err := tool(ctx, dir, "pdfimages", "-list", "-l", strconv.Itoa(maxPages), file)
		if err != nil {
			return nil
		}
		for line := range strings.SplitSeq(string(out), "\n") {
			f := strings.Fields(line) // page num type width height …
			if len(f) > 4 && f[2] == "image" && number(f[3])*number(f[4]) > 250_000 {
				n, _ := strconv.Atoi(f[0])
				pictured[n] = true
			}
		}
	}
	var out []int
	for i, p := range pages {
		if len(p.words) < 8 && (none || pictured[i+1]) {
			out = append(out, i)
		}
	}
	return out
}

// recognise reads the pages that are scans, as many as the time allows, and says which were left.
func recognise(ctx context.Context, dir, file string, pages []page, which []int) (left []int, err error) {
	r, err := newRecogniser(ctx, dir)
	if err != nil {
		return which, err
	}
	for i, at := range which {
		if r.late() {
			return which[i:], nil
		}
		n := strconv.Itoa(at + 1)
		picture := filepath.Join(dir, "page")
		if _, _, err := tool(ctx, dir, "pdftoppm", "-f", n, "-l", n, "-gray", "-png", "-singlefile", "-scale-to", strconv.Itoa(ocrSide), file, picture); err != nil {
			return which[i:], fmt.Errorf("draw page %s: %w", n, err)
		}
		longer := max(pages[at].width, pages[at].height)
		read, err := r.page(ctx, picture+".png", longer/ocrSide)
		if err != nil {
			return which[i:], err
		}
		if len(read.words) > len(pages[at].words) {
			pages[at] = read
		}
	}
	return nil, nil
}
