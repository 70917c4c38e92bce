package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/internal/safehttp"
)

func reader(t *testing.T, handler http.HandlerFunc) (*Reader, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	plain := func(_ context.Context, _ contextengine.Limits, req convert.Request) (contextengine.Document, error) {
		if !req.Links {
			return contextengine.Document{}, errors.New("a crawl asks for links")
		}
		return contextengine.Document{Markdown: string(req.Content), Metadata: map[string]string{"robots": "index, nofollow", "canonical_url": req.BaseURL + "?c"}, Links: []string{"x"}}, nil
	}
	return New(safehttp.New(safehttp.Config{Allow: []string{server.URL}, Redirects: 5, MaxBytes: 1 << 20}), plain, "flomastr"), server.URL
}

func TestRobotsAreObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body      string
		allowed   []string
		forbidden []string
		delay     float64
		sitemaps  int
	}{
		"none":             {"", []string{"/", "/a"}, nil, 0, 0},
		"everybody":        {"User-agent: *\nDisallow: /private\nAllow: /private/open\nCrawl-delay: 2\nSitemap: https://a.example/map.xml", []string{"/", "/private/open/x"}, []string{"/private", "/private/x"}, 2, 1},
		"us by name":       {"User-agent: *\nDisallow:\n\nUser-agent: FloMastr\nDisallow: /", nil, []string{"/", "/x"}, 0, 0},
		"another":          {"User-agent: otherbot\nDisallow: /", []string{"/x"}, nil, 0, 0},
		"patterns":         {"User-agent: *\nDisallow: /*?sort=\nDisallow: /*.pdf$", []string{"/a.pdf.html", "/a"}, []string{"/a?sort=up", "/a.pdf"}, 0, 0},
		"lines of nothing": {"\ufeffHello\r\nUser-agent: *\r\nDisallow: /x\r\nNoindex: /y\r\n<html>", []string{"/y"}, []string{"/x"}, 0, 0},
		"a page instead":   {"<!doctype html><p>Not found", []string{"/"}, nil, 0, 0},
		"a rule of nobody": {"Disallow: /\n", []string{"/"}, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, at := reader(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.body) })
			base, err := url.Parse(at)
			require.NoError(t, err)
			robots, err := r.Robots(t.Context(), base)
			require.NoError(t, err)
			require.InDelta(t, c.delay, robots.Delay.Seconds(), 0)
			require.Len(t, robots.Sitemaps, c.sitemaps)
			for i, list := range [][]string{c.forbidden, c.allowed} {
				for _, path := range list {
					u, err := url.Parse(at + path)
					require.NoError(t, err)
					require.Equal(t, i == 1, robots.Allows(u), path)
				}
			}
		})
	}
	for status, refused := range map[int]bool{404: false, 403: false, 401: false, 500: true, 503: true, 429: true} {
		r, at := reader(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		base, _ := url.Parse(at)
		robots, err := r.Robots(t.Context(), base)
		if refused {
			require.ErrorIs(t, err, contextengine.ErrRobots, "%d", status)
			continue
		}
		require.NoError(t, err, "%d", status)
		require.True(t, robots.Allows(base), "%d", status)
	}
}

func TestASiteMapIsRead(t *testing.T) {
	t.Parallel()
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	one := func(loc string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc> ` +
			loc + ` </loc><image:image><image:loc>https://a.example/i.png</image:loc></image:image></url></urlset>`
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "<url><loc>https://a.example/%d</loc></url>", i)
	}
	files := map[string]string{
		"/plain.xml":  one("https://a.example/one?a=1&amp;b=2"),
		"/packed.xml": packed(one("https://a.example/packed")),
		"/cut.gz":     packed("<urlset>" + many.String())[:400],
		"/list.txt":   "https://a.example/1\nnonsense\nhttps://a.example/2\n",
		"/many.xml":   "<urlset>" + many.String() + "</urlset>",
		"/laughs.xml": `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>https://a.example/&b;</loc></url></urlset>`,
		"/broken.xml": "<urlset><url><loc>https://a.example/kept</loc></url><url><loc>",
		"/latin.xml":  "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><urlset><url><loc>https://a.example/caf\xe9</loc></url></urlset>",
	}
	var at string
	r, origin := reader(t, func(w http.ResponseWriter, req *http.Request) {
		switch body, ok := files[req.URL.Path]; {
		case req.URL.Path == "/index.xml":
			_, _ = fmt.Fprintf(w, `<sitemapindex><sitemap><loc>%s/away.xml</loc></sitemap><sitemap><loc>%s/plain.xml</loc></sitemap><sitemap><loc>%s/index.xml</loc></sitemap><sitemap><loc>http://127.0.0.1:1/in.xml</loc></sitemap></sitemapindex>`, at, at, at)
		case ok:
			_, _ = io.WriteString(w, body)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	at = origin
	for path, want := range map[string][]string{
		"/plain.xml": {"https://a.example/one?a=1&b=2"}, "/packed.xml": {"https://a.example/packed"}, "/list.txt": {"https://a.example/1", "https://a.example/2"},
		"/index.xml": {"https://a.example/one?a=1&b=2"}, "/broken.xml": {"https://a.example/kept"}, "/latin.xml": {"https://a.example/café"},
	} {
		got, err := r.Sitemap(t.Context(), at+path, 100)
		require.NoError(t, err, path)
		require.Equal(t, want, got, path)
	}
	got, err := r.Sitemap(t.Context(), at+"/many.xml", 7)
	require.NoError(t, err)
	require.Len(t, got, 7)
	got, err = r.Sitemap(t.Context(), at+"/cut.gz", 1000)
	require.NoError(t, err)
	require.NotEmpty(t, got, "what could be read counts")
	got, err = r.Sitemap(t.Context(), at+"/laughs.xml", 10)
	require.NoError(t, err)
	require.Less(t, len(strings.Join(got, "")), 100, "entities stay as they are")
	_, err = r.Sitemap(t.Context(), at+"/missing.xml", 10)
	require.ErrorIs(t, err, contextengine.ErrNoSitemap)
}

func FuzzSitemap(f *testing.F) {
	f.Add([]byte("<urlset><url><loc>https://a.example/</loc></url></urlset>"))
	f.Add([]byte("https://a.example/\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		pages, maps := parseSitemap(body, 10)
		if len(pages) > 10 || len(maps) > maxMaps {
			t.Errorf("%d pages, %d maps", len(pages), len(maps))
		}
	})
}

func FuzzRobots(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /a*b$\nCrawl-delay: 1e9"))
	at, _ := url.Parse("https://a.example/a/b?c")
	f.Fuzz(func(_ *testing.T, body []byte) { New(nil, nil, "flomastr").rules(body).Allows(at) })
}

func TestAVisitTellsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	r, at := reader(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("ETag", `"7"`)
		w.Header().Set("Last-Modified", "Mon, 30 Nov 2026 00:00:00 GMT")
		switch {
		case req.Header.Get("If-None-Match") == `"7"`:
			w.WriteHeader(http.StatusNotModified)
		case req.URL.Path == "/gone":
			w.WriteHeader(http.StatusGone)
		case req.URL.Path == "/moved":
			http.Redirect(w, req, "/there", http.StatusFound)
		case req.URL.Path == "/busy":
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
		case req.URL.Path == "/unlisted":
			w.Header().Set("X-Robots-Tag", "noindex")
			_, _ = io.WriteString(w, "words")
		case req.URL.Path == "/pictures":
			w.Header().Set("X-Robots-Tag", "max-image-preview:none")
			_, _ = io.WriteString(w, "words")
		default:
			_, _ = io.WriteString(w, "words")
		}
	})
	visit := func(path string, known contextengine.Validators) contextengine.Visit {
		v, err := r.Visit(t.Context(), contextengine.Limits{}, at+path, known)
		require.NoError(t, err, path)
		return v
	}
	page := visit("/", contextengine.Validators{})
	require.Equal(t, "words", page.Document.Markdown)
	require.Equal(t, contextengine.Validators{ETag: `"7"`, Modified: "Mon, 30 Nov 2026 00:00:00 GMT"}, page.Validators)
	require.Equal(t, at+"/?c", page.Canonical)
	require.True(t, page.NoFollow)
	require.False(t, page.NoIndex)
	require.True(t, visit("/", page.Validators).NotModified)
	require.True(t, visit("/gone", contextengine.Validators{}).Gone)
	require.Equal(t, at+"/there", visit("/moved", contextengine.Validators{}).Address)
	require.True(t, visit("/unlisted", contextengine.Validators{}).NoIndex)
	require.False(t, visit("/pictures", contextengine.Validators{}).NoIndex)

	_, err := r.Visit(t.Context(), contextengine.Limits{}, at+"/busy", contextengine.Validators{})
	known, ok := errors.AsType[*flomastr.Error](err)
	require.True(t, ok)
	require.Equal(t, 30*time.Second, known.RetryAfter)
	_, err = r.Visit(t.Context(), contextengine.Limits{}, "http://169.254.169.254/latest/meta-data", contextengine.Validators{})
	require.ErrorIs(t, err, safehttp.ErrUnreachable)
}
