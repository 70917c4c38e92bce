package contextengine

import (
	"context"

	"github.com/flomastr/flomastr/contextengine/chunk"
)

// Document is a source read to Markdown.
type Document struct {
	Title    string
	Markdown string
	Parts    []chunk.Part // where each page, sheet or slide begins, for sources that have them
	Type     string       // markdown, html, pdf, docx, …
	URL      string       // the address it was really read from, after redirects
	Metadata map[string]string
	Warnings []string
	Links    []string // where a page of a site leads; elsewhere none
}

// Reader turns foreign bytes and addresses into Markdown. It runs outside of any transaction, bounds time and memory by
// itself, and answers with an [flomastr.Error] whose sentence tells a person what is wrong with the source: Unsupported
// for a type it does not read, Invalid for a broken or encrypted one, TooLarge for a bomb, Upstream and UpstreamTimeout
// for a site that does not answer. Those of kind Unavailable are tried again. What the limits forbid is refused, by
// [Limits.Allow], once it is known what the bytes are and before they are converted.
type Reader interface {
	ReadFile(ctx context.Context, limits Limits, filename string, body []byte) (Document, error)
	ReadURL(ctx context.Context, limits Limits, address string) (Document, error)
}
