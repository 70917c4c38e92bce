package branding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/draw"
)

// logoSide is the square that a logo fits into, in pixels.
const logoSide = 512

// The files that are made of a logo. Every one is a PNG but the icons for browsers' tabs and the SVG.
const (
	LogoFile    = "logo.png"
	SVGFile     = "logo.svg"
	Icon192     = "icon-192.png"
	Icon180     = "icon-180.png" // on a phone's home screen; opaque, because transparency is drawn black there
	Icon32      = "icon-32.png"
	Icon16      = "icon-16.png"
	FaviconFile = "favicon.ico"
	LightFile   = "light.ico" // for light surroundings
	DarkFile    = "dark.ico"  // for dark ones
)

// files lists them all, with their types.
var files = map[string]string{
	LogoFile: "image/png", Icon192: "image/png", Icon180: "image/png", Icon32: "image/png", Icon16: "image/png",
	FaviconFile: "image/x-icon", LightFile: "image/x-icon", DarkFile: "image/x-icon",
	// A stranger's SVG is a file to save, never a picture that a browser opens.
	SVGFile: "application/octet-stream",
}

var (
	paper = color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	night = color.NRGBA{R: 7, G: 18, B: 30, A: 255}
)

// cut makes every file out of a logo that the painter has drawn.
func cut(logo []byte) (map[string][]byte, error) {
	drawn, err := png.Decode(bytes.NewReader(logo))
	if err != nil {
		return nil, fmt.Errorf("read the drawn logo: %w", err)
	}
	brightness := brightnessOf(drawn)
	grounds := map[string]color.Color{FaviconFile: color.Transparent, LightFile: color.Transparent, DarkFile: color.Transparent}
	// A logo that would vanish in its surroundings stands on a plate.
	if brightness > 0.75 {
		grounds[LightFile] = night
	}
	if brightness < 0.12 {
		grounds[DarkFile] = paper
	}
	out := map[string][]byte{LogoFile: logo}
	for name, side := range map[string]int{Icon192: 192, Icon32: 32, Icon16: 16} {
		if out[name], err = encode(square(drawn, side, color.Transparent)); err != nil {
			return nil, err
		}
	}
	plate := paper
	if brightness > 0.75 {
		plate = night
	}
	if out[Icon180], err = encode(square(drawn, 180, plate)); err != nil {
		return nil, err
	}
	for name, ground := range grounds {
		if out[name], err = ico(drawn, ground, 16, 32, 48); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// square draws a picture in the middle of a square, with its proportions.
func square(from image.Image, side int, ground color.Color) image.Image {
	to := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(to, to.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	size := from.Bounds().Size()
	longer := max(size.X, size.Y)
	w, h := max(1, size.X*side/longer), max(1, size.Y*side/longer)
	at := image.Pt((side-w)/2, (side-h)/2)
	draw.CatmullRom.Scale(to, image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}, from, from.Bounds(), draw.Over, nil)
	return to
}

func encode(picture image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("encode an icon: %w", err)
	}
	return out.Bytes(), nil
}

// ico writes an icon file: a header, an entry for each size, then the pictures as PNG, which every browser reads.
func ico(from image.Image, ground color.Color, sides ...int) ([]byte, error) {
	var head, body bytes.Buffer
	head.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16([]byte{0, 0}, 1), uint16(len(sides))))
	offset := 6 + 16*len(sides)
	for _, side := range sides {
		picture, err := encode(square(from, side, ground))
		if err != nil {
			return nil, err
		}
		entry := []byte{byte(side), byte(side), 0, 0, 1, 0, 32, 0}
		entry = binary.LittleEndian.AppendUint32(entry, uint32(len(picture)))
		head.Write(binary.LittleEndian.AppendUint32(entry, uint32(offset+body.Len())))
		body.Write(picture)
	}
	return append(head.Bytes(), body.Bytes()...), nil
}

// brightnessOf is the mean luminance of what is not transparent, 0 to 1.
func brightnessOf(picture image.Image) float64 {
	var sum, weight float64
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c, _ := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
			alpha := float64(c.A) / 255
			sum += alpha * relative(linear(float64(c.R)/255), linear(float64(c.G)/255), linear(float64(c.B)/255))
			weight += alpha
		}
	}
	if weight == 0 {
		return 0.5 // nothing is to be seen on any ground
	}
	return sum / weight
}
