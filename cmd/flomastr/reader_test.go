package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/internal/safehttp"
)

// idle is a converter that must not be started.
type idle struct {
	runs   int
	tenant flomastr.TenantID
}

func (c *idle) Run(_ context.Context, req convert.Request) (convert.Document, error) {
	c.runs++
	c.tenant = req.Tenant
	return convert.Document{Markdown: "read", Metadata: map[string]string{}}, nil
}

func TestWhatATenantMayNotReadIsRefusedBeforeItIsConverted(t *testing.T) {
	t.Parallel()
	const pdf, html = "%PDF-1.7 words", "<!doctype html><html><body><p>words</p></body></html>"
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/report" {
			_, _ = w.Write([]byte(pdf))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(html))
	}))
	t.Cleanup(site.Close)
	asking := flomastr.NewID[flomastr.TenantID]()
	limits := func(size int64, types ...string) contextengine.Limits {
		return contextengine.Limits{Tenant: asking, MaxFileSize: size, FileTypes: types}
	}
	for name, c := range map[string]struct {
		limits    contextengine.Limits
		file, url string
		content   string
		want      error
	}{
		"an allowed file":                  {limits(100, "pdf"), "a.pdf", "", pdf, nil},
		"a type that is not allowed":       {limits(100, "md", "docx"), "a.pdf", "", pdf, contextengine.ErrFileType},
		"a file without a name to go by":   {limits(100, "md"), "a", "", pdf, contextengine.ErrFileType},
		"text under any of its names":      {limits(100, "txt"), "a.md", "", "# words", contextengine.ErrFileType},
		"a file that is too large":         {limits(4, "pdf"), "a.pdf", "", pdf, contextengine.ErrTooLarge},
		"an allowed page":                  {limits(100, "html"), "", "/", "", nil},
		"a page where none may be read":    {limits(100, "pdf"), "", "/", "", contextengine.ErrFileType},
		"a document at an address":         {limits(100, "html"), "", "/report", "", contextengine.ErrFileType},
		"a page that is too large":         {limits(10, "html"), "", "/", "", contextengine.ErrTooLarge},
		"a tenant that may read no files.": {limits(100), "a.txt", "", "words", contextengine.ErrFileType},
	} {
		converter := &idle{}
		r := reader{pages: safehttp.New(safehttp.Config{Allow: []string{site.URL}, MaxBytes: 1 << 20}), converter: converter}
		var err error
		if c.url != "" {
			_, err = r.ReadURL(t.Context(), c.limits, site.URL+c.url)
		} else {
			_, err = r.ReadFile(t.Context(), c.limits, c.file, []byte(c.content))
		}
		if c.want == nil {
			require.NoError(t, err, name)
			require.Equal(t, 1, converter.runs, name)
			require.Equal(t, asking, converter.tenant, "%s: it is converted in its tenant's turn", name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
		require.Zero(t, converter.runs, "%s: %s", name, strings.TrimSpace(c.content))
	}
}
