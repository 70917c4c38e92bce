package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/flomastr/flomastr/contextengine"
)

// Bounds of a site map (sitemaps.org allows 50,000 addresses and 50 MB a file, and an index of 50,000 files; a business's
// site that is larger is read by its links).
const (
	maxMaps     = 20
	maxMapBytes = 20 << 20
)

// Sitemap implements [contextengine.SiteReader]: a site map in XML or plain text, compressed or not, or an index of them,
// read until the limit. A map that is missing or broken lists what could be read of it.
func (r *Reader) Sitemap(ctx context.Context, address string, limit int) ([]string, error) {
	var pages []string
	queue, seen := []string{address}, map[string]bool{address: true}
	for read := 0; read < len(queue) && read < maxMaps && len(pages) < limit; read++ {
		body, err := r.sitemapBody(ctx, queue[read])
		if ctx.Err() != nil {
			return pages, ctx.Err()
		}
		if err != nil {
			if read == 0 {
				return nil, err
			}
			continue // one part of an index that is away takes nothing from the others
		}
		listed, maps := parseSitemap(body, limit-len(pages))
		pages = append(pages, listed...)
		for _, m := range maps {
			if !seen[m] {
				seen[m], queue = true, append(queue, m)
			}
		}
	}
	return pages, nil
}

func (r *Reader) sitemapBody(ctx context.Context, address string) ([]byte, error) {
	resp, err := r.pages.Get(ctx, address, http.Header{"Accept": {"application/xml, text/xml, text/plain;q=0.5, */*;q=0.1"}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, contextengine.ErrNoSitemap
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, nil
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, contextengine.ErrNoSitemap.Because(err)
	}
	body, err = io.ReadAll(io.LimitReader(unpacked, maxMapBytes))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, contextengine.ErrNoSitemap.Because(err)
	}
	return body, nil
}

// parseSitemap lists the pages of a map, and the maps of an index.
func parseSitemap(body []byte, limit int) (pages, maps []string) {
	if trimmed := bytes.TrimSpace(body); !bytes.HasPrefix(bytes.TrimPrefix(trimmed, []byte("\ufeff")), []byte("<")) {
		for line := range strings.Lines(string(trimmed)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "http") && len(pages) < limit {
				pages = append(pages, line)
			}
		}
		return pages, nil
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.Strict, decoder.CharsetReader = false, charset.NewReaderLabel
	parent := "" // the element whose loc it is: image:loc and video:loc name no page
	for len(pages) < limit && len(maps) < maxMaps {
		token, err := decoder.RawToken()
		if err != nil {
			return pages, maps
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch name := strings.ToLower(start.Name.Local); {
		case name == "url" || name == "sitemap":
			parent = name
		case name == "loc" && (start.Name.Space == "" || start.Name.Space == "sm" || start.Name.Space == "ns"):
			text, err := decoder.RawToken()
			words, isText := text.(xml.CharData)
			if err != nil || !isText {
				continue
			}
			switch at := strings.TrimSpace(string(words)); parent {
			case "url":
				pages = append(pages, at)
			case "sitemap":
				maps = append(maps, at)
			}
		}
	}
	return pages, maps
}
