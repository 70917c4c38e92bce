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
	converter source.Converter
}

// ReadFile implements contextengine.Reader.
func (r reader) ReadFile(ctx context.Context, limits contextengine.Limits, filename string, body []byte) (contextengine.Document, error) {
	doc, err := source.File(ctx, limited{r.converter, limits}, filename, body)
	return document(doc), err
}

// ReadURL implements contextengine.Reader.
func (r reader) ReadURL(ctx context.Context, limits contextengine.Limits, address string) (contextengine.Document, error) {
	doc, err := source.Web(ctx, r.pages, limited{r.converter, limits}, address)
	return document(doc), err
}

// page converts what a crawl has fetched.
func (r reader) page(ctx context.Context, limits contextengine.Limits, req convert.Request) (contextengine.Document, error) {
	doc, err := limited{r.converter, limits}.Run(ctx, req)
	return document(doc), err
}

// limited converts what a tenant's policies allow, judged by the content, in the tenant's turn.
type limited struct {
	converter source.Converter
	limits    contextengine.Limits
}

// Run implements source.Converter.
func (l limited) Run(ctx context.Context, req convert.Request) (convert.Document, error) {
	kind, err := convert.Detect(req.Name, req.ContentType, req.Content)
	if err != nil {
		return convert.Document{}, err
	}
	if err := l.limits.Allow(string(kind), int64(len(req.Content))); err != nil {
		return convert.Document{}, err
	}
	req.Tenant, req.Types = l.limits.Tenant, l.limits.FileTypes
	return l.converter.Run(ctx, req)
}

func document(doc source.Document) contextengine.Document {
	d := contextengine.Document{
		Title: doc.Title, Markdown: doc.Markdown, Metadata: doc.Metadata, Warnings: doc.Warnings, Links: doc.Links,
		Type: doc.Metadata["kind"], URL: doc.Metadata["url"],
	}
	for _, p := range doc.Parts {
		d.Parts = append(d.Parts, chunk.Part(p))
	}
	return d
}
