package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

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

// Page is what a server answered, whatever it was.
type Page struct {
	Address *url.URL // after redirects
	Status  int
	Header  http.Header
	Content []byte
}

// Fetch gets an address through the guarded client. Any answer of the server is a page; [Page.Problem] judges it.
func Fetch(ctx context.Context, fetcher Fetcher, address string, header http.Header) (Page, error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Accept", "text/html,application/xhtml+xml,text/markdown,text/plain,application/pdf;q=0.9,*/*;q=0.5")
	header.Set("Accept-Language", "*")
	resp, err := fetcher.Get(ctx, address, header)
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	page := Page{Status: resp.StatusCode, Header: resp.Header}
	if page.Problem() == nil {
		if page.Content, err = io.ReadAll(resp.Body); err != nil {
			return Page{}, fmt.Errorf("read the page: %w", err)
		}
	}
	page.Address, err = url.Parse(address)
	if resp.Request != nil && resp.Request.URL != nil {
		page.Address, err = resp.Request.URL, nil
	}
	if err != nil {
		return Page{}, ErrPageFailed.Because(err)
	}
	return page, nil
}

// Problem says why a page cannot be read, nil where it can.
func (p Page) Problem() error {
	err := checkStatus(p.Status)
	if known, ok := errors.AsType[*flomastr.Error](err); ok {
		if wait, bad := strconv.Atoi(p.Header.Get("Retry-After")); bad == nil && wait > 0 {
			known.RetryAfter = time.Duration(min(wait, 86_400)) * time.Second // a copy of our own: checkStatus gives its cause
		}
	}
	return err
}

// Request asks for the page's conversion.
func (p Page) Request() convert.Request {
	return convert.Request{Name: hint(p.Address), ContentType: p.Header.Get("Content-Type"), BaseURL: p.Address.String(), Content: p.Content}
}

// Web reads the page, or the document, at an address. The page's own words about its charset, title and language count;
// what it says of its address counts within its own site.
func Web(ctx context.Context, fetcher Fetcher, converter Converter, address string) (Document, error) {
	page, err := Fetch(ctx, fetcher, address, nil)
	if err != nil {
		return Document{}, err
	}
	if err := page.Problem(); err != nil {
		return Document{}, err
	}
	doc, err := converter.Run(ctx, page.Request())
	if err != nil {
		return Document{}, err
	}
	if doc.Metadata == nil {
		doc.Metadata = map[string]string{}
	}
	doc.Metadata["url"] = page.Address.String()
	if doc.Lang == "" {
		doc.Lang = language(page.Header.Get("Content-Language"))
	}
	if doc.Title == "" || doc.Title == "Untitled" {
		doc.Title = strings.TrimSuffix(page.Address.Host+page.Address.Path, "/")
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
