package site

import (
	"context"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source"
	"github.com/flomastr/flomastr/contextengine/source/convert"
)

// Convert turns what was fetched into a document, under the limits of a tenant.
type Convert func(ctx context.Context, limits contextengine.Limits, req convert.Request) (contextengine.Document, error)

// Reader reads sites. It is safe for concurrent use.
type Reader struct {
	pages   source.Fetcher
	convert Convert
	agent   string
}

var _ contextengine.SiteReader = (*Reader)(nil)

// New makes a reader. The agent is the name that a robots.txt calls us by.
func New(pages source.Fetcher, convert Convert, agent string) *Reader {
	return &Reader{pages: pages, convert: convert, agent: agent}
}

// Visit implements [contextengine.SiteReader].
func (r *Reader) Visit(ctx context.Context, limits contextengine.Limits, address string, known contextengine.Validators) (contextengine.Visit, error) {
	header := http.Header{}
	if known.ETag != "" {
		header.Set("If-None-Match", known.ETag)
	}
	if known.Modified != "" {
		header.Set("If-Modified-Since", known.Modified)
	}
	page, err := source.Fetch(ctx, r.pages, address, header)
	if err != nil {
		return contextengine.Visit{}, err
	}
	visit := contextengine.Visit{Address: page.Address.String(), Bytes: len(page.Content), Validators: contextengine.Validators{
		ETag: short(page.Header.Get("ETag")), Modified: short(page.Header.Get("Last-Modified")),
	}}
	switch page.Status {
	case http.StatusNotModified:
		visit.NotModified = true
		return visit, nil
	case http.StatusNotFound, http.StatusGone:
		visit.Gone = true
		return visit, nil
	}
	if err := page.Problem(); err != nil {
		return contextengine.Visit{}, err
	}
	req := page.Request()
	req.Links = true
	if visit.Document, err = r.convert(ctx, limits, req); err != nil {
		return contextengine.Visit{}, err
	}
	words := strings.ToLower(visit.Document.Metadata["robots"] + "," + strings.Join(page.Header.Values("X-Robots-Tag"), ","))
	none := strings.Contains(words, "none") && !strings.Contains(words, ":none") // max-image-preview:none is another thing
	visit.NoIndex = none || strings.Contains(words, "noindex")
	visit.NoFollow = none || strings.Contains(words, "nofollow")
	visit.Canonical = visit.Document.Metadata["canonical_url"]
	return visit, nil
}

// short keeps a validator that is small enough to be one.
func short(validator string) string {
	if len(validator) > 200 || strings.ContainsRune(validator, 0) {
		return ""
	}
	return strings.ToValidUTF8(validator, "")
}
