package branding

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// ErrSVG says that an SVG cannot be used.
var ErrSVG = flomastr.Errorf(flomastr.Invalid, "svg_refused",
	"The SVG is damaged or holds what a logo does not need; export it as plain SVG, or upload a PNG.")

const (
	svgSpace     = "http://www.w3.org/2000/svg"
	xlinkSpace   = "http://www.w3.org/1999/xlink"
	maxSVGDepth  = 64
	maxSVGTokens = 50_000
)

// svgElements is what a drawing is made of: shapes, text, paint and simple effects. Nothing here runs, fetches or embeds.
var svgElements = words(`
	svg g defs symbol use title desc style
	path rect circle ellipse line polyline polygon
	text tspan
	linearGradient radialGradient stop pattern clipPath mask marker
	filter feBlend feColorMatrix feComposite feDropShadow feFlood feGaussianBlur feMerge feMergeNode feMorphology feOffset
`)

var svgAttributes = words(`
	id class style href
	x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox preserveAspectRatio transform version
	fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit
	stroke-dasharray stroke-dashoffset opacity color display visibility overflow clip-path clip-rule mask filter
	paint-order vector-effect shape-rendering enable-background mix-blend-mode isolation
	offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod patternUnits patternContentUnits
	patternTransform clipPathUnits maskUnits maskContentUnits filterUnits primitiveUnits
	marker-start marker-mid marker-end markerWidth markerHeight markerUnits refX refY orient
	font-family font-size font-weight font-style font-variant letter-spacing word-spacing text-anchor text-decoration
	dominant-baseline alignment-baseline baseline-shift rotate textLength lengthAdjust
	in in2 result mode operator k1 k2 k3 k4 values type stdDeviation radius flood-color flood-opacity
	color-interpolation color-interpolation-filters
`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// Sanitise writes an SVG anew from what is allowed in one. What is not allowed is left out, with all that it holds; what
// does not parse, declares entities or is nested beyond reason is refused. References stay within the document.
func Sanitise(content []byte) ([]byte, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		return nil, ErrSVG.Because(errors.New("not UTF-8"))
	}
	w := &svgWriter{in: xml.NewDecoder(bytes.NewReader(content))}
	for {
		token, err := w.in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.take(token)
		}
		if err != nil {
			return nil, ErrSVG.Because(err)
		}
	}
	if !w.rooted {
		return nil, ErrSVG.Because(errors.New("no svg element"))
	}
	return w.out.Bytes(), nil
}

type svgWriter struct {
	in     *xml.Decoder
	out    bytes.Buffer
	open   []string
	style  strings.Builder // of the style element that is open, judged whole: its pieces alone may look harmless
	tokens int
	rooted bool
}

func (w *svgWriter) take(token xml.Token) error {
	if w.tokens++; w.tokens > maxSVGTokens {
		return errors.New("too many elements")
	}
	switch t := token.(type) {
	case xml.StartElement:
		return w.start(t)
	case xml.EndElement:
		name := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if name == "style" {
			if err := w.closeStyle(); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(&w.out, "</%s>", name)
		return err
	case xml.CharData:
		return w.text(t)
	case xml.Directive:
		// A bare DOCTYPE, as drawing programs write one, is left out. One with declarations of its own is an attack.
		if bytes.ContainsAny(t, "[<") || bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
			return errors.New("declarations")
		}
	}
	return nil // comments and processing instructions are left out
}

func (w *svgWriter) start(t xml.StartElement) error {
	if len(w.open) >= maxSVGDepth {
		return errors.New("nested too deeply")
	}
	name := t.Name.Local
	if name == "a" || name == "switch" {
		name, t.Attr = "g", nil // their children are drawn, and lead nowhere
	}
	ours := t.Name.Space == svgSpace || t.Name.Space == ""
	if len(w.open) == 0 && (name != "svg" || !ours || w.rooted) {
		return errors.New("not an svg element at the root")
	}
	if !ours || !svgElements[name] || w.inStyle() {
		return w.in.Skip()
	}
	w.out.WriteString("<" + name)
	if len(w.open) == 0 {
		w.rooted = true
		w.out.WriteString(` xmlns="` + svgSpace + `"`)
	}
	seen := map[string]bool{}
	for _, a := range t.Attr {
		if !allowedAttribute(a) || seen[a.Name.Local] {
			continue
		}
		seen[a.Name.Local] = true
		w.out.WriteString(" " + a.Name.Local + `="`)
		if err := xml.EscapeText(&w.out, []byte(a.Value)); err != nil {
			return err
		}
		w.out.WriteString(`"`)
	}
	w.out.WriteString(">")
	w.open = append(w.open, name)
	return nil
}

func (w *svgWriter) text(t xml.CharData) error {
	if len(w.open) == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside of the drawing")
		}
		return nil
	}
	if w.inStyle() {
		w.style.Write(t)
		return nil
	}
	return xml.EscapeText(&w.out, t)
}

func (w *svgWriter) inStyle() bool { return len(w.open) > 0 && w.open[len(w.open)-1] == "style" }

func (w *svgWriter) closeStyle() error {
	css := w.style.String()
	w.style.Reset()
	if !harmlessCSS(css) {
		return nil
	}
	return xml.EscapeText(&w.out, []byte(css))
}

func allowedAttribute(a xml.Attr) bool {
	name := a.Name.Local
	if a.Name.Space != "" && (a.Name.Space != xlinkSpace || name != "href") || !svgAttributes[name] {
		return false
	}
	if name == "href" {
		return fragment.MatchString(a.Value)
	}
	return harmlessCSS(a.Value)
}

var (
	fragment   = regexp.MustCompile(`^#[A-Za-z_][A-Za-z0-9_.:-]*$`)
	localURL   = regexp.MustCompile(`url\(\s*["']?#[A-Za-z_][A-Za-z0-9_.:-]*["']?\s*\)`)
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// harmlessCSS tells whether a style sheet, or an attribute's value, refers to nothing outside of the document: once the
// references to its own parts are taken out, nothing is left that could fetch, import, run or hide such a thing.
func harmlessCSS(text string) bool {
	rest := strings.ToLower(localURL.ReplaceAllString(cssComment.ReplaceAllString(text, " "), ""))
	for _, sign := range []string{"url", "@", `\`, "/*", "<", "expression", "script", "image", "src(", "//", "data:", "behavior", "-moz-binding"} {
		if strings.Contains(rest, sign) {
			return false
		}
	}
	return true
}
