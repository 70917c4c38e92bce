package main

import (
	"context"

	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/source"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/internal/safehttp"
)

// reader gives the context engine its sources: files through the converter, pages through the guarded client.
type reader struct {
	pages     *safehttp.Client
	converter *convert.Converter
}

// ReadFile implements contextengine.Reader.
func (r reader) ReadFile(ctx context.Context, filename string, body []byte) (contextengine.Document, error) {
	doc, err := source.File(ctx, r.converter, filename, body)
	return document(doc), err
}

// ReadURL implements contextengine.Reader.
func (r reader) ReadURL(ctx context.Context, address string) (contextengine.Document, error) {
	doc, err := source.Web(ctx, r.pages, r.converter, address)
	return document(doc), err
}

func document(doc source.Document) contextengine.Document {
	d := contextengine.Document{
		Title: doc.Title, Markdown: doc.Markdown, Metadata: doc.Metadata, Warnings: doc.Warnings,
		Type: doc.Metadata["kind"], URL: doc.Metadata["url"],
	}
	for _, p := range doc.Pages {
		d.Pages = append(d.Pages, chunk.Page{Number: p.Page, Offset: p.Offset})
	}
	return d
}
