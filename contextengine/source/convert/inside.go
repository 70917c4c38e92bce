package convert

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// Caps of what is read of the files inside of another: an archive's, or what is attached to a mail.
const (
	maxInside     = 200
	maxInsideTime = 60 * time.Second
	maxInsideText = 32 << 20
)

// inside gathers what the files inside of a file say, each under its name.
type inside struct {
	req   Request
	doc   *Document
	b     strings.Builder
	began time.Time
	files int
	left  int // files that were not read because of a cap
}

// add converts one file and writes it under its name. What cannot be read of it is a warning: the others still count.
func (in *inside) add(ctx context.Context, name string, content []byte) {
	name = strings.Join(strings.Fields(visible(strings.ToValidUTF8(name, "\uFFFD"))), " ")
	if in.files >= maxInside || time.Since(in.began) > maxInsideTime || in.b.Len() > maxInsideText || ctx.Err() != nil {
		in.left++
		return
	}
	in.files++
	doc, err := in.read(ctx, name, content)
	if err != nil {
		in.doc.Warnings = append(in.doc.Warnings, shorten(name)+": "+sentenceOf(err))
		return
	}
	for _, w := range doc.Warnings {
		in.doc.Warnings = append(in.doc.Warnings, shorten(name)+": "+w)
	}
	if in.b.Len() > 0 {
		in.b.WriteString("\n\n")
	}
	in.b.WriteString("# " + shorten(name) + "\n\n")
	text, places := demoted(doc)
	for _, p := range places {
		p.Offset += in.b.Len()
		in.doc.Parts = append(in.doc.Parts, p)
	}
	if len(places) == 0 && len(in.doc.Parts) > 0 { // or it would stand on the last page of the file before
		in.doc.Parts = append(in.doc.Parts, Part{Offset: in.b.Len()})
	}
	in.b.WriteString(text)
}

func (in *inside) read(ctx context.Context, name string, content []byte) (Document, error) {
	kind, err := Detect(name, "", content)
	switch {
	case err != nil:
		return Document{}, err
	case kind == ZIP:
		return Document{}, sentence(ErrUnsupported, "An archive inside of another file is not opened.")
	case (kind == EML || kind == MSG) && in.req.inner:
		return Document{}, sentence(ErrUnsupported, "A mail that is attached to a mail in an archive is not opened.")
	case len(in.req.Types) > 0 && !slices.Contains(in.req.Types, flomastr.FileTypeOf(string(kind))):
		return Document{}, sentence(ErrUnsupported, "This kind of file is not among those that may be read here.")
	case len(content) > kinds[kind].most:
		return Document{}, ErrTooLarge
	}
	if zipped[kind] {
		if err := glance(content); err != nil {
			return Document{}, err
		}
	}
	return convert(ctx, kind, Request{Name: name, Content: content, Types: in.req.Types, inner: true})
}

// finish writes the last warnings; it fails with the only file's fault where nothing was read at all.
func (in *inside) finish() {
	if in.left > 0 {
		in.doc.Warnings = append(in.doc.Warnings, fmt.Sprintf("%d files inside of it were not read: it holds more than we read at once. Upload them apart.", in.left))
	}
	if len(in.doc.Warnings) > 50 {
		more := len(in.doc.Warnings) - 50
		in.doc.Warnings = append(in.doc.Warnings[:50], fmt.Sprintf("And %d more.", more))
	}
}

func sentenceOf(err error) string {
	if ours, ok := errors.AsType[*flomastr.Error](err); ok {
		return ours.Message
	}
	return ErrFailed.Message
}

var headingLine = regexp.MustCompile(`^#{1,5} `)

// demoted puts a document's headings one level lower, so that they stand below the file's name, and moves the places of its
// parts along.
func demoted(doc Document) (string, []Part) {
	var b strings.Builder
	parts := slices.Clone(doc.Parts)
	next, at, fenced := 0, 0, false
	for line := range strings.SplitAfterSeq(doc.Markdown, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		for next < len(parts) && parts[next].Offset < at+len(line) {
			parts[next].Offset = b.Len() + max(0, parts[next].Offset-at)
			next++
		}
		if !fenced && headingLine.MatchString(line) {
			b.WriteByte('#')
		}
		b.WriteString(line)
		at += len(line)
	}
	for ; next < len(parts); next++ {
		parts[next].Offset = b.Len()
	}
	return b.String(), parts
}
