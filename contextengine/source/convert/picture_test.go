package convert

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
)

func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		picture.SetNRGBA(i%w, i/w, color.NRGBA{R: 200, G: 10, B: 10, A: 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// claiming changes the size that a PNG says it has.
func claiming(content []byte, w, h uint32) []byte {
	out := bytes.Clone(content)
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

// patient is for tests that are not about time: a worker with the race detector in it, on a busy machine, is slow.
var patient = Config{Timeout: 10 * time.Minute}

func TestAPictureComesBackSmallAndOfOurMaking(t *testing.T) {
	t.Parallel()
	needTools(t)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewCMYK(image.Rect(0, 0, 30, 60)), nil); err == nil {
		t.Log("a CMYK picture is encoded as YCbCr")
	}
	wide := append(pngOf(t, 1200, 600), []byte("<script>trailing</script>")...)
	for name, c := range map[string]struct {
		kind    string
		content []byte
		want    image.Point
	}{
		"wide PNG":  {"png", wide, image.Pt(512, 256)},
		"small PNG": {"png", pngOf(t, 20, 10), image.Pt(20, 10)},
		"JPEG":      {"jpeg", photo.Bytes(), image.Pt(30, 60)},
		"SVG":       {"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20"><rect width="10" height="20" fill="#0a0"/></svg>`), image.Pt(256, 512)},
		"huge SVG":  {"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>`), image.Pt(512, 512)},
	} {
		out, err := New(patient).Picture(t.Context(), flomastr.TenantID{}, c.kind, c.content, 512)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		picture, err := png.Decode(bytes.NewReader(out))
		if err != nil || picture.Bounds().Size() != c.want {
			t.Errorf("%s: %v, want %v (%v)", name, picture.Bounds(), c.want, err)
		}
		if bytes.Contains(out, []byte("trailing")) {
			t.Errorf("%s: bytes of the original survive", name)
		}
	}
}

func TestABadPictureIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	needTools(t)
	good := pngOf(t, 64, 64)
	broken := bytes.Clone(good)
	broken[len(broken)-20] ^= 0xff
	for name, c := range map[string]struct {
		kind    string
		content []byte
		want    error
	}{
		"400 megapixels":   {"png", claiming(good, 20_000, 20_000), ErrPictureTooLarge},
		"65535 high":       {"png", claiming(good, 1, 65_535), ErrPictureTooLarge},
		"no width":         {"png", claiming(good, 0, 1), ErrPictureBroken},
		"lying about size": {"png", claiming(good, 4096, 4096), ErrPictureBroken},
		"cut off":          {"png", good[:len(good)/2], ErrPictureBroken},
		"wrong checksum":   {"png", broken, ErrPictureBroken},
		"other kind":       {"jpeg", good, ErrPictureBroken},
		"kind we know not": {"gif", good, ErrUnsupported},
		"nothing":          {"png", nil, ErrEmpty},
		"too many bytes":   {"png", make([]byte, maxPictureBytes+1), ErrTooLarge},
		"no SVG":           {"svg", []byte("<html/>"), ErrPictureBroken},
		"animated WebP":    {"webp", []byte("RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ErrPictureBroken},
	} {
		out, err := New(patient).Picture(t.Context(), flomastr.TenantID{}, c.kind, c.content, 512)
		if !errors.Is(err, c.want) || out != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAPictureThatTakesTooLongIsToBlameForIt(t *testing.T) {
	t.Parallel()
	needTools(t)
	bomb := `<path id="a" d="M0 0h9v9z"/>`
	for level := 'b'; level < 'j'; level++ {
		bomb += `<g id="` + string(level) + `">` + strings.Repeat(`<use href="#`+string(level-1)+`"/>`, 10) + `</g>`
	}
	bomb = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs>` + bomb + `</defs><use href="#i"/></svg>`
	waiting, cancel := context.WithTimeout(t.Context(), 7*time.Second) // as whoever uploads it does
	defer cancel()
	_, err := New(Config{Timeout: pictureShare * time.Second}).Picture(waiting, flomastr.TenantID{}, "svg", []byte(bomb), 512)
	if flomastr.CodeOf(err) != ErrTooComplex.Code {
		t.Errorf("%v", err)
	}
}

func TestAPictureNeedsTheSandboxThatItsProgramNeeds(t *testing.T) {
	t.Parallel()
	weak := New(Config{})
	weak.sandbox = SandboxReport{Weak: true}
	if _, err := weak.Picture(t.Context(), flomastr.TenantID{}, "svg", []byte("<svg/>"), 512); flomastr.CodeOf(err) != ErrNoSandbox.Code {
		t.Errorf("an SVG is drawn without a sandbox: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Config{}).Picture(ctx, flomastr.TenantID{}, "png", pngOf(t, 8, 8), 512); !errors.Is(err, context.Canceled) {
		t.Errorf("a picture is drawn for somebody who has gone: %v", err)
	}
}
