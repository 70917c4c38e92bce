package source

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/source/convert"
)

// What can be wrong with a page that was reached.
var (
	ErrPageMissing = flomastr.Errorf(flomastr.Upstream, "page_missing",
		"There is no page at this address.")
	ErrPageClosed = flomastr.Errorf(flomastr.Upstream, "page_closed",
		"This page is not open to everybody, so it was not read.")
	ErrPageFailed = flomastr.Errorf(flomastr.Upstream, "page_failed",
		"The site could not show this page; try again later.")
)

// Web reads the page, or the document, at an address. The page's own words about its charset, title and language count;
// what it says of its address counts within its own site.
func Web(ctx context.Context, fetcher Fetcher, converter Converter, address string) (Document, error) {
	resp, err := fetcher.Get(ctx, address, http.Header{
		"Accept":          {"text/html,application/xhtml+xml,text/markdown,text/plain,application/pdf;q=0.9,*/*;q=0.5"},
		"Accept-Language": {"*"},
	})
	if err != nil {
		return Document{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := checkStatus(resp.StatusCode); err != nil {
		return Document{}, err
	}
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return Document{}, fmt.Errorf("read the page: %w", err)
	}
	final, err := url.Parse(address)
	if resp.Request != nil && resp.Request.URL != nil {
		final, err = resp.Request.URL, nil
	}
	if err != nil {
		return Document{}, ErrPageFailed.Because(err)
	}
	doc, err := converter.Run(ctx, convert.Request{
		Name:        hint(final),
		ContentType: resp.Header.Get("Content-Type"),
		BaseURL:     final.String(),
		Content:     content,
	})
	if err != nil {
		return Document{}, err
	}
	if doc.Metadata == nil {
		doc.Metadata = map[string]string{}
	}
	doc.Metadata["url"] = final.String()
	if doc.Lang == "" {
		doc.Lang = language(resp.Header.Get("Content-Language"))
	}
	if doc.Title == "" || doc.Title == "Untitled" {
		doc.Title = strings.TrimSuffix(final.Host+final.Path, "/")
	}
	return doc, nil
}

func checkStatus(status int) error {
	cause := fmt.Errorf("status %d", status)
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		return nil
	case http.StatusNotFound, http.StatusGone, http.StatusNoContent:
		return ErrPageMissing.Because(cause)
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired, http.StatusUnavailableForLegalReasons:
		return ErrPageClosed.Because(cause)
	}
	return ErrPageFailed.Because(cause)
}

// hint gives the name that an address ends in where it says more than the server does: servers send Markdown as text. In
// general the end of an address promises nothing ("/report.pdf" may be a page about one).
func hint(address *url.URL) string {
	name := path.Base(address.Path)
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return name
	}
	return ""
}

// language takes a header's language where it names one only.
func language(header string) string {
	if header = strings.TrimSpace(header); strings.ContainsAny(header, ", ") {
		return ""
	}
	return header
}
