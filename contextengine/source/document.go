package source

import (
	"context"
	"net/http"

	"github.com/flomastr/flomastr/contextengine/source/convert"
)

// Document is what a reader gives.
type Document = convert.Document

// Part says where a page, sheet or slide of a Document begins.
type Part = convert.Part

// Converter turns bytes into a Document; a *convert.Converter is one.
type Converter interface {
	Run(ctx context.Context, req convert.Request) (convert.Document, error)
}

// Fetcher gets a page. It must be guarded against addresses that lead inside and bound what it reads; a *safehttp.Client
// is one.
type Fetcher interface {
	Get(ctx context.Context, address string, header http.Header) (*http.Response, error)
}
