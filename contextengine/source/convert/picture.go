package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/flomastr/flomastr"
)

// The kinds of picture that [Converter.Picture] takes.
const (
	SVG  Kind = "svg"
	PNG  Kind = "png"
	JPEG Kind = "jpeg"
	WebP Kind = "webp"
)

// MaxPixels is the longest side of a raster picture that is decoded at all. A worker holds some twelve bytes a pixel for
// the worst of them, a progressive JPEG.
const MaxPixels = 4096

const maxPictureBytes = 4 << 20

// pictureShare of a document's time is what a picture gets, ten seconds of ninety: a logo takes one, somebody waits for it,
// and an SVG of some hundred bytes can refer to itself into millions of shapes.
const pictureShare = 9

// What can be wrong with a picture.
var (
	ErrPictureBroken = flomastr.Errorf(flomastr.Invalid, "picture_broken",
		"The picture is damaged or incomplete; open it, save it again and upload that.")
	ErrPictureTooLarge = flomastr.Errorf(flomastr.TooLarge, "picture_too_large",
		"The picture has more pixels than we take; make it 4096 pixels wide and high at most.")
)

// Picture decodes a foreign picture in a worker and gives it as a PNG that fits a square of that many pixels, with its
// proportions. Nothing of the original's bytes survives: metadata, further frames and trailing data are gone. An SVG is
// drawn by rsvg-convert, and should have been sanitised before.
func (c *Converter) Picture(ctx context.Context, tenant flomastr.TenantID, kind string, content []byte, side int) ([]byte, error) {
	if len(content) == 0 {
		return nil, ErrEmpty
	}
	if len(content) > maxPictureBytes {
		return nil, ErrTooLarge
	}
	// Rasters are read by memory-safe code of ours that starts no other program, so limits are fence enough for them.
	if Kind(kind) == SVG && c.sandbox.Weak && !c.config.AllowWeakSandbox {
		return nil, ErrNoSandbox.Because(errors.New(c.sandbox.Detail))
	}
	if Kind(kind) != SVG {
		if err := countPixels(Kind(kind), content); err != nil {
			return nil, err
		}
	}
	reply, err := c.queued(ctx, c.pictures, tenant, c.config.Timeout/pictureShare, header{Kind: Kind(kind), Side: side, Size: len(content)}, content)
	if err != nil {
		return nil, err
	}
	if _, err := png.DecodeConfig(bytes.NewReader(reply.Picture)); err != nil {
		return nil, ErrFailed.Because(fmt.Errorf("the worker drew no picture: %w", err))
	}
	return reply.Picture, nil
}

// countPixels reads the size that a raster claims, before anything is decoded.
func countPixels(kind Kind, content []byte) error {
	var config image.Config
	var err error
	switch kind {
	case PNG:
		config, err = png.DecodeConfig(bytes.NewReader(content))
	case JPEG:
		config, err = jpeg.DecodeConfig(bytes.NewReader(content))
	case WebP:
		config, err = webp.DecodeConfig(bytes.NewReader(content))
	default:
		return ErrUnsupported
	}
	switch {
	case err != nil:
		return ErrPictureBroken.Because(err)
	case config.Width < 1 || config.Height < 1:
		return ErrPictureBroken
	case config.Width > MaxPixels || config.Height > MaxPixels:
		return ErrPictureTooLarge
	}
	return nil
}

// picture is what a worker does for [Converter.Picture].
func picture(ctx context.Context, kind Kind, content []byte, side int) ([]byte, error) {
	if side < 1 || side > 1024 {
		return nil, ErrUnsupported
	}
	if kind == SVG {
		return drawSVG(ctx, content, side)
	}
	if err := countPixels(kind, content); err != nil {
		return nil, err
	}
	var decoded image.Image
	var err error
	switch kind {
	case PNG:
		decoded, err = png.Decode(bytes.NewReader(content))
	case JPEG:
		decoded, err = jpeg.Decode(bytes.NewReader(content))
	case WebP:
		decoded, err = webp.Decode(bytes.NewReader(content))
	}
	if err != nil {
		return nil, ErrPictureBroken.Because(err)
	}
	return fitted(decoded, side)
}

// fitted draws a picture into a square of side pixels, smaller where it is smaller, and encodes it.
func fitted(from image.Image, side int) ([]byte, error) {
	size := from.Bounds().Size()
	if longer := max(size.X, size.Y); longer > side {
		size = image.Pt(max(1, size.X*side/longer), max(1, size.Y*side/longer))
	}
	to := image.NewNRGBA(image.Rectangle{Max: size})
	draw.CatmullRom.Scale(to, to.Rect, from, from.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := png.Encode(&out, to); err != nil {
		return nil, ErrFailed.Because(err)
	}
	return out.Bytes(), nil
}

// drawSVG has rsvg-convert draw an SVG in the worker's own folder, which holds nothing else that it could refer to.
func drawSVG(ctx context.Context, content []byte, side int) ([]byte, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, ErrFailed.Because(err)
	}
	file := filepath.Join(dir, "in.svg")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return nil, ErrFailed.Because(err)
	}
	pixels := strconv.Itoa(side)
	drawn, stderr, err := tool(ctx, dir, "rsvg-convert", "--format=png", "--keep-aspect-ratio", "--width="+pixels, "--height="+pixels, "--", file)
	if err != nil {
		if flomastr.KindOf(err) != flomastr.Internal {
			return nil, err
		}
		return nil, ErrPictureBroken.Because(err)
	}
	// Drawn once more by us, so that what leaves the worker is always the work of one encoder.
	decoded, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		return nil, ErrPictureBroken.Because(fmt.Errorf("%w: %s", err, firstLine(stderr)))
	}
	return fitted(decoded, side)
}
