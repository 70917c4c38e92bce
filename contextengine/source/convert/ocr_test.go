package convert

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/tiff"

	"github.com/flomastr/flomastr"
)

func needOCR(t testing.TB) {
	t.Helper()
	if path, _ := lookUp("tesseract"); path == "" {
		t.Skip("tesseract is not installed (package tesseract-ocr)")
	}
}

// drawn is a picture of lines of text; lines that begin with a # are large.
func drawn(t testing.TB, lines ...string) *image.Gray {
	t.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewGray(image.Rect(0, 0, 1240, 160+70*len(lines)))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	y := 100
	for _, line := range lines {
		size := 34.0
		if strings.HasPrefix(line, "#") {
			size, line = 68, strings.TrimLeft(line, "# ")
		}
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
		if err != nil {
			t.Fatal(err)
		}
		x := 80
		for cell := range strings.SplitSeq(line, "\t") {
			(&font.Drawer{Dst: out, Src: image.NewUniform(color.Black), Face: face, Dot: fixed.P(x, y)}).DrawString(cell)
			x += 400
		}
		y += 70
	}
	return out
}

func encoded(t testing.TB, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func TestTheTextOfAPictureIsRead(t *testing.T) {
	t.Parallel()
	needTools(t)
	needOCR(t)
	picture := drawn(t, "# Opening hours", "", "We open at nine on weekdays.", "We rent bikes and boats.")
	for name, content := range map[string][]byte{
		"a.png":  asPNG(t, picture),
		"a.jpg":  encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, picture, nil) }),
		"a.gif":  encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, picture, nil) }),
		"a.bmp":  encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, picture) }),
		"a.tiff": encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, picture, nil) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := New(Config{}).Run(t.Context(), Request{Name: name, Content: content})
			if err != nil {
				t.Fatal(err)
			}
			for _, reason := range lacks(doc.Markdown, []string{"# Opening hours", "We open at nine on weekdays.", "We rent bikes and boats."}, nil) {
				t.Errorf("%s:\n%s", reason, doc.Markdown)
			}
			if doc.Title != "Opening hours" || doc.Metadata["kind"] != "image" {
				t.Errorf("%q %v", doc.Title, doc.Metadata)
			}
		})
	}
}

func TestAPictureTurnsAsItsWritingSays(t *testing.T) {
	t.Parallel()
	if script, turn := orientation("Page number: 0\nOrientation in degrees: 180\nRotate: 180\nOrientation confidence: 7.10\nScript: Arabic\nScript confidence: 1"); script != "Arabic" || turn != 180 {
		t.Errorf("%s %d", script, turn)
	}
	if script, turn := orientation("Rotate: 90\nOrientation confidence: 0.3\n"); script != "Latin" || turn != 0 {
		t.Errorf("%s %d", script, turn)
	}
	for _, degrees := range []int{90, 180, 270} {
		file := t.TempDir() + "/a.png"
		m := image.NewGray(image.Rect(0, 0, 3, 2))
		m.SetGray(0, 0, color.Gray{Y: 200})
		if err := writePNG(file, m); err != nil {
			t.Fatal(err)
		}
		for range 360 / degrees {
			if degrees == 270 {
				break
			}
			if err := turned(file, degrees); err != nil {
				t.Fatal(err)
			}
		}
		if degrees == 270 { // back by a quarter
			if err := errors.Join(turned(file, 270), turned(file, 90)); err != nil {
				t.Fatal(err)
			}
		}
		content, err := readPNG(file)
		if err != nil || content.Bounds().Size() != image.Pt(3, 2) || content.At(0, 0) != (color.Gray{Y: 200}) {
			t.Errorf("%d degrees: %v", degrees, err)
		}
	}
}

// scanOf writes a PDF whose pages are pictures, but for those that are text.
func scanOf(t testing.TB, pages ...any) []byte {
	t.Helper()
	var objects []string
	for _, p := range pages {
		switch p := p.(type) {
		case string:
			content := "BT /F1 12 Tf 72 770 Td (" + p + ") Tj ET"
			objects = append(objects, "", fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
		case image.Image:
			picture := encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, p, nil) })
			size := p.Bounds().Size()
			objects = append(objects, fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream", size.X, size.Y, len(picture), picture),
				"<< /Length 30 >>\nstream\nq 595 0 0 300 0 500 cm /I Do Q\nendstream")
		}
	}
	return pagesOf(objects)
}

func pagesOf(objects []string) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids []string
	for i := range len(objects) / 2 {
		kids = append(kids, fmt.Sprintf("%d 0 R", 4+3*i))
	}
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(kids), strings.Join(kids, " ")))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i := 0; i+1 < len(objects); i += 2 {
		at := 4 + 3*(i/2)
		resources := "/Font << /F1 3 0 R >>"
		if objects[i] == "" {
			objects[i] = "null"
		} else {
			resources = fmt.Sprintf("/XObject << /I %d 0 R >>", at+1)
		}
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << %s >> >>", at+2, resources))
		object(objects[i])
		object(objects[i+1])
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, xref)
	return b.Bytes()
}

func TestTheScannedPagesOfAPDFAreRead(t *testing.T) {
	t.Parallel()
	needTools(t)
	needOCR(t)
	scan := drawn(t, "Bike\tDay", "City\t18", "Cargo\t45", "Tandem\t60")
	doc, err := New(Config{}).Run(t.Context(), Request{Name: "a.pdf", Content: scanOf(t, "These words are text and not a picture of any text at all.", scan)})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range lacks(doc.Markdown, []string{"These words are text", "| Bike | Day |\n| --- | --- |\n| City | 18 |\n| Cargo | 45 |"}, nil) {
		t.Errorf("%s:\n%s", reason, doc.Markdown)
	}
	if got := doc.PlaceAt(strings.Index(doc.Markdown, "Cargo")); got.Number != 2 {
		t.Errorf("%+v", got)
	}
	if len(doc.Warnings) != 0 {
		t.Errorf("%q", doc.Warnings)
	}
}

func TestABadPictureSaysWhatItIs(t *testing.T) {
	t.Parallel()
	needTools(t)
	needOCR(t)
	good := asPNG(t, drawn(t, "x"))
	huge := bytes.Clone(good)
	copy(huge[16:24], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}) // 30,000 by 30,000, whatever the checksum says
	for name, tc := range map[string]struct {
		file    string
		content []byte
		want    *flomastr.Error
	}{
		"no writing":     {"a.png", asPNG(t, image.NewGray(image.Rect(0, 0, 300, 300))), ErrNoText},
		"cut off":        {"a.png", good[:len(good)/2], ErrPictureBroken},
		"huge":           {"a.gif", append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00"), make([]byte, 64)...), ErrPictureTooLarge},
		"huge and wrong": {"a.png", huge, ErrPictureBroken},
		"a page":         {"a.png", []byte("<!doctype html><html><body>x</body></html>"), ErrMislabelled},
		"another kind":   {"a.jpg", good, nil},
	} {
		doc, err := New(Config{}).Run(t.Context(), Request{Name: tc.file, Content: tc.content})
		if tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: got %.100q and %v", name, doc.Markdown, err)
		}
	}
}

func FuzzRecognised(f *testing.F) {
	f.Add("level\tpage\n1\t1\t0\t0\t0\t0\t0\t0\t600\t800\t-1\t\n4\t1\t1\t1\t1\t0\t10\t10\t200\t20\t-1\t\n5\t1\t1\t1\t1\t1\t10\t10\t50\t20\t96\tBike\n")
	f.Add("5\t1\t1\t1\t1\t1\t1e300\t-10\t50\tNaN\t96\tx\n4\t\t\t\t\t\t1\t1\t1\t1\t1\t\n")
	f.Fuzz(func(t *testing.T, out string) {
		doc := Document{Metadata: map[string]string{}}
		arrangeRead(&doc, []page{readTSV(out, 0.5)})
		if strings.ContainsRune(doc.Markdown, 0) {
			t.Fatalf("%q", doc.Markdown)
		}
	})
}
