package branding_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/branding"
)

func TestAnSVGKeepsItsDrawingAndNothingElse(t *testing.T) {
	t.Parallel()
	const open, shut = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`, `<path d="M0 0h9"/></svg>`
	for name, inside := range map[string]string{
		"script":               `<script>alert(1)</script>`,
		"prefixed script":      `<s:script xmlns:s="http://www.w3.org/2000/svg">evil</s:script>`,
		"script in CDATA":      `<script><![CDATA[evil]]></script>`,
		"handler":              `<g onload="evil()"/>`,
		"foreign object":       `<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="evil"/></body></foreignObject>`,
		"animation":            `<animate attributeName="href" values="javascript:evil"/><set attributeName="href" to="javascript:evil"/>`,
		"link":                 `<a xlink:href=" java&#9;script:evil"><g/></a>`,
		"use of data":          `<use href="data:image/svg+xml,evil"/>`,
		"use of another":       `<use xlink:href="https://evil.example/x.svg#a"/>`,
		"image":                `<image href="file:///etc/passwd" title="evil"/>`,
		"filter image":         `<filter><feImage href="https://evil.example"/></filter>`,
		"import":               `<style>@import url(//evil.example)</style>`,
		"import in pieces":     `<style>@im<![CDATA[port url(//evil.example)]]></style>`,
		"import around a node": `<style>@im<g/>port "evil"</style>`,
		"escaped import":       `<style>@\69mport "evil"</style>`,
		"commented address":    `<style>*{fill:u/**/rl(//evil.example)}</style>`,
		"address in an attr":   `<g fill="url(https://evil.example)"/>`,
		"address in a style":   `<g style="background:url('//evil.example')"/>`,
		"mixed addresses":      `<g style="fill:url(#a);mask:URL(evil)"/>`,
		"stylesheet":           `<?xml-stylesheet href="https://evil.example"?>`,
		"comment":              `<!-- evil -->`,
		"other namespace":      `<x:thing xmlns:x="urn:evil" x:href="evil">evil</x:thing>`,
		"metadata":             `<metadata>evil</metadata>`,
		"base":                 `<g xml:base="https://evil.example"/>`,
	} {
		clean, err := branding.Sanitise([]byte(open + inside + shut))
		require.NoError(t, err, name)
		text := strings.ToLower(string(clean))
		require.Contains(t, text, `<path d="m0 0h9">`, "%s: the drawing stays", name)
		for _, sign := range []string{"evil", "script", "onload", "@", "foreign", "xlink", "animate", "image", "passwd"} {
			require.NotContains(t, text, sign, "%s: %s", name, clean)
		}
		again, err := branding.Sanitise(clean)
		require.NoError(t, err)
		require.Equal(t, string(clean), string(again), "%s: what is clean stays as it is", name)
	}
}

func TestAnSVGKeepsWhatDrawingProgramsWrite(t *testing.T) {
	t.Parallel()
	clean, err := branding.Sanitise([]byte("\xef\xbb\xbf" + `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><style>/* Layer */.a{fill:#f00}.b{fill:url(#g)}</style>
<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs><use xlink:href="#g"/><g class="a" transform="scale(2)">A &amp; B</g></svg>`))
	require.NoError(t, err)
	for _, kept := range []string{`viewBox="0 0 9 9"`, ".a{fill:#f00}", "url(#g)", "<linearGradient", `href="#g"`, `transform="scale(2)"`, "A &amp; B"} {
		require.Contains(t, string(clean), kept)
	}
	require.NotContains(t, string(clean), "DOCTYPE")
}

func TestAnSVGThatIsNoneOrAnAttackIsRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":      "",
		"cut off":    `<svg xmlns="http://www.w3.org/2000/svg"><g>`,
		"crossed":    `<svg><g></svg></g>`,
		"page":       `<html><svg/></html>`,
		"two roots":  `<svg/><svg/>`,
		"no element": `<!-- svg -->`,
		"entities":   `<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>`,
		"laughs":     `<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg/>`,
		"unknown":    `<svg>&nbsp;</svg>`,
		"deep":       strings.Repeat("<svg>", 100) + strings.Repeat("</svg>", 100),
		"long":       "<svg>" + strings.Repeat("<g/>", 60_000) + "</svg>",
		"UTF-16":     "\xff\xfe<\x00s\x00v\x00g\x00/\x00>\x00",
		"charset":    `<?xml version="1.0" encoding="UTF-7"?><svg/>`,
		"text":       `<svg/>tail`,
	} {
		_, err := branding.Sanitise([]byte(content))
		require.ErrorIs(t, err, branding.ErrSVG, name)
	}
}

func FuzzASanitisedSVGIsCleanAndStaysSo(f *testing.F) {
	f.Add(`<svg><style>a{}</style><g style="fill:url(#a)"/></svg>`)
	f.Add(`<svg xmlns:x="http://www.w3.org/1999/xlink"><use x:href="#a"/><a x:href="b"/></svg>`)
	f.Fuzz(func(t *testing.T, content string) {
		clean, err := branding.Sanitise([]byte(content))
		if err != nil {
			return
		}
		again, err := branding.Sanitise(clean)
		if err != nil || !bytes.Equal(clean, again) {
			t.Fatalf("%q became %q, then %q (%v)", content, clean, again, err)
		}
	})
}

func TestLettersCanBeReadOnEveryColour(t *testing.T) {
	t.Parallel()
	require.Equal(t, "#FFFFFF", branding.Foreground("#0A7D4F"))
	require.Equal(t, "#07121E", branding.Foreground("#FFFF00"))
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := color.NRGBA{R: uint8(random.UintN(256)), G: uint8(random.UintN(256)), B: uint8(random.UintN(256))}
		ground := "#" + strings.ToUpper(hex(c.R)+hex(c.G)+hex(c.B))
		require.GreaterOrEqual(t, branding.Contrast(branding.Foreground(ground), ground), 4.5, ground)
	}
}

func hex(b uint8) string { return string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]) }

// shelf keeps files and looks in memory.
type shelf struct {
	files map[string][]byte
	look  branding.Look
	fail  error
}

func (s *shelf) Put(_ context.Context, tenant flomastr.TenantID, key string, body []byte) error {
	s.files[tenant.String()+"/"+key] = body
	return nil
}

func (s *shelf) Get(_ context.Context, tenant flomastr.TenantID, key string) ([]byte, error) {
	body, ok := s.files[tenant.String()+"/"+key]
	if !ok {
		return nil, flomastr.Errorf(flomastr.NotFound, "x", "x")
	}
	return body, nil
}

func (s *shelf) Delete(_ context.Context, tenant flomastr.TenantID, key string) error {
	delete(s.files, tenant.String()+"/"+key)
	return nil
}

func (s *shelf) Look(context.Context, flomastr.TenantID) (branding.Look, error) { return s.look, nil }

func (s *shelf) Change(context.Context, flomastr.Actor, flomastr.TenantID, branding.Change) (branding.Look, error) {
	return s.look, nil
}

func (s *shelf) SetLogo(_ context.Context, _ flomastr.Actor, _ flomastr.TenantID, asset string, svg bool) (branding.Look, string, error) {
	if s.fail != nil {
		return branding.Look{}, "", s.fail
	}
	old := s.look.Asset
	s.look.Asset, s.look.HasSVG = asset, svg
	return s.look, old, nil
}

func (s *shelf) Reset(context.Context, flomastr.Actor, flomastr.TenantID) (string, error) {
	old := s.look.Asset
	s.look = branding.Look{}
	return old, nil
}

// brush paints one colour, twice as wide as high.
type brush struct{ colour color.NRGBA }

func (b brush) Picture(_ context.Context, _ flomastr.TenantID, _ string, _ []byte, side int) ([]byte, error) {
	picture := image.NewNRGBA(image.Rect(0, 0, side, side/2))
	for y := range side / 2 {
		for x := range side {
			picture.SetNRGBA(x, y, b.colour)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}

var (
	teal     = color.NRGBA{G: 128, B: 128, A: 255}
	pngStart = []byte("\x89PNG\r\n\x1a\nrest")
)

func TestALogoBecomesEveryIcon(t *testing.T) {
	t.Parallel()
	keep, id := &shelf{files: map[string][]byte{}}, flomastr.NewID[flomastr.TenantID]()
	engine := branding.New(keep, keep, brush{teal})
	look, err := engine.Upload(t.Context(), flomastr.ActorSystem, id, branding.File{Name: "logo.png", Content: pngStart})
	require.NoError(t, err)
	for name, side := range map[string]int{branding.Icon192: 192, branding.Icon180: 180, branding.Icon32: 32, branding.Icon16: 16} {
		body, contentType, err := engine.File(t.Context(), id, look.Asset, name)
		require.NoError(t, err)
		require.Equal(t, "image/png", contentType)
		picture, err := png.Decode(bytes.NewReader(body))
		require.NoError(t, err)
		require.Equal(t, image.Pt(side, side), picture.Bounds().Size(), name)
		_, _, _, alpha := picture.At(0, 0).RGBA()
		require.Equal(t, name == branding.Icon180, alpha == 0xffff, "%s: a wide logo leaves room above, opaque on a home screen alone", name)
		r, g, b, _ := picture.At(side/2, side/2).RGBA()
		require.Equal(t, []uint32{0, 128, 128}, []uint32{r >> 8, g >> 8, b >> 8}, name)
	}
	for _, name := range []string{branding.FaviconFile, branding.LightFile, branding.DarkFile} {
		body, contentType, err := engine.File(t.Context(), id, look.Asset, name)
		require.NoError(t, err)
		require.Equal(t, "image/x-icon", contentType)
		require.Equal(t, []byte{0, 0, 1, 0, 3, 0}, body[:6])
		for i, side := range []int{16, 32, 48} {
			entry := body[6+16*i : 22+16*i]
			require.Equal(t, []byte{byte(side), byte(side)}, entry[:2])
			size, offset := binary.LittleEndian.Uint32(entry[8:]), binary.LittleEndian.Uint32(entry[12:])
			picture, err := png.Decode(bytes.NewReader(body[offset : offset+size]))
			require.NoError(t, err)
			require.Equal(t, image.Pt(side, side), picture.Bounds().Size())
		}
	}
	_, _, err = engine.File(t.Context(), flomastr.NewID[flomastr.TenantID](), look.Asset, branding.LogoFile)
	require.ErrorIs(t, err, branding.ErrNoFile, "another tenant has no such asset")
	for _, name := range []string{"", "..", "../logo.png", "other.png", branding.SVGFile} {
		_, _, err = engine.File(t.Context(), id, look.Asset, name)
		require.ErrorIs(t, err, branding.ErrNoFile, name)
	}
	_, _, err = engine.File(t.Context(), id, "../x", branding.LogoFile)
	require.ErrorIs(t, err, branding.ErrNoFile)
}

func TestALogoThatWouldVanishStandsOnAPlate(t *testing.T) {
	t.Parallel()
	corner := func(ink color.NRGBA, name string) uint32 {
		keep, id := &shelf{files: map[string][]byte{}}, flomastr.NewID[flomastr.TenantID]()
		engine := branding.New(keep, keep, brush{ink})
		look, err := engine.Upload(t.Context(), flomastr.ActorSystem, id, branding.File{Content: pngStart})
		require.NoError(t, err)
		body, _, err := engine.File(t.Context(), id, look.Asset, name)
		require.NoError(t, err)
		picture, err := png.Decode(bytes.NewReader(body[6+16*3:]))
		require.NoError(t, err)
		_, _, _, alpha := picture.At(0, 0).RGBA()
		return alpha
	}
	black, white := color.NRGBA{A: 255}, color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	require.NotZero(t, corner(black, branding.DarkFile))
	require.Zero(t, corner(black, branding.LightFile))
	require.NotZero(t, corner(white, branding.LightFile))
	require.Zero(t, corner(white, branding.DarkFile))
	require.Zero(t, corner(teal, branding.DarkFile))
}

func TestAFailedOrReplacedLogoLeavesNoFiles(t *testing.T) {
	t.Parallel()
	keep, id := &shelf{files: map[string][]byte{}}, flomastr.NewID[flomastr.TenantID]()
	engine := branding.New(keep, keep, brush{teal})
	upload := func() error {
		_, err := engine.Upload(t.Context(), flomastr.ActorSystem, id, branding.File{Name: "a.svg", Content: []byte("<svg><g/></svg>")})
		return err
	}
	require.NoError(t, upload())
	one := len(keep.files)
	require.NoError(t, upload())
	require.Len(t, keep.files, one)
	keep.fail = errors.New("no room")
	require.Error(t, upload())
	require.Len(t, keep.files, one, "the logo that was there stays, alone")
	require.NoError(t, engine.Reset(t.Context(), flomastr.ActorSystem, id))
	require.Empty(t, keep.files)
}

func TestAFileIsWhatItSaysOrIsRefused(t *testing.T) {
	t.Parallel()
	keep := &shelf{files: map[string][]byte{}}
	engine := branding.New(keep, keep, brush{teal})
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)
	for name, c := range map[string]struct {
		file branding.File
		want error
	}{
		"nothing":             {branding.File{Name: "a.png"}, branding.ErrFileEmpty},
		"script as PNG":       {branding.File{Name: "a.png", Content: []byte("#!/bin/sh\n")}, branding.ErrFileType},
		"page as PNG":         {branding.File{Name: "a.png", Content: []byte("<!doctype html><html><svg></svg>")}, branding.ErrFileType},
		"GIF":                 {branding.File{Name: "a.gif", Content: []byte("GIF89a")}, branding.ErrFileType},
		"SVG as PNG":          {branding.File{Name: "a.png", Content: svg}, branding.ErrMislabelled},
		"SVG of another type": {branding.File{Name: "a.svg", ContentType: "image/png", Content: svg}, branding.ErrMislabelled},
		"PNG as SVG":          {branding.File{Name: "a.svg", Content: pngStart}, branding.ErrMislabelled},
		"packed SVG":          {branding.File{Name: "a.svgz", Content: []byte("\x1f\x8b\x08")}, branding.ErrFileType},
		"UTF-16 SVG":          {branding.File{Name: "a.svg", Content: []byte("\xff\xfe<\x00s\x00v\x00g\x00")}, branding.ErrFileType},
		"large PNG":           {branding.File{Name: "a.png", Content: append(bytes.Clone(pngStart), make([]byte, branding.MaxFile)...)}, branding.ErrFileTooLarge},
		"large SVG":           {branding.File{Name: "a.svg", Content: append(bytes.Clone(svg), bytes.Repeat([]byte(" "), 600<<10)...)}, branding.ErrFileTooLarge},
	} {
		_, err := engine.Upload(t.Context(), flomastr.ActorSystem, flomastr.NewID[flomastr.TenantID](), c.file)
		require.ErrorIs(t, err, c.want, name)
	}
	require.Empty(t, keep.files)
	for _, name := range []string{"../../../app.db.png", `..\x.png`, "/abs.png", "logo", "x;$(id).PNG"} {
		_, err := engine.Upload(t.Context(), flomastr.ActorSystem, flomastr.NewID[flomastr.TenantID](), branding.File{Name: name, ContentType: "application/octet-stream", Content: pngStart})
		require.NoError(t, err, name)
	}
	for key := range keep.files {
		require.Regexp(t, `^[0-9a-f-]{36}/branding/[a-z0-9]+/[a-z0-9.-]+$`, key, "no name of theirs is a name of ours")
	}
}
