package branding_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/branding"
)

// hostile is an SVG that calls the server that shows it in every way that we know of. Each % is a name for the call.
const hostile = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10" width="10" height="10" onload="fetch('/called/onload')">
  <script>fetch('/called/script')</script>
  <script href="/called/script-href"/>
  <style>@import url("/called/import"); rect { fill: url("/called/fill#x"); background: url(/called/background) } @font-face { font-family: x; src: url(/called/font) } text { font-family: x }</style>
  <rect width="5" height="5" style="fill:url(/called/style#x)" onclick="fetch('/called/click')" filter="url(/called/filter#x)"/>
  <image href="/called/image" xlink:href="/called/image-xlink" width="5" height="5"/>
  <use href="/called/use#x"/><use xlink:href="/called/use-xlink#x"/>
  <foreignObject width="5" height="5"><img xmlns="http://www.w3.org/1999/xhtml" src="/called/foreign" onerror="fetch('/called/onerror')"/><iframe xmlns="http://www.w3.org/1999/xhtml" src="/called/frame"/></foreignObject>
  <animate attributeName="href" onbegin="fetch('/called/onbegin')" dur="1s" begin="0s"/>
  <set attributeName="x" to="1" onbegin="fetch('/called/set')"/>
  <a href="javascript:fetch('/called/javascript')"><text x="1" y="9">x</text></a>
  <circle r="3" fill="#009DEB"/>
</svg>`

// shown is the paths that a browser asks for when a page holds the SVG in its own markup and as a document of its own.
func shown(t *testing.T, browser string, svg []byte) []string {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, `<!doctype html><img src="/logo.svg"><iframe src="/logo.svg"></iframe>%s`, svg[max(0, strings.Index(string(svg), "<svg")):])
		case "/logo.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write(svg)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// The virtual clock runs until nothing is left to load.
	run := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=3000", "--dump-dom", server.URL+"/")
	run.WaitDelay = 5 * time.Second
	out, err := run.Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "<circle", "the drawing is on the page")
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(asked)
	return slices.DeleteFunc(slices.Compact(asked), func(path string) bool { return path == "/favicon.ico" })
}

func TestAHostileLogoRunsAndFetchesNothingInARealBrowser(t *testing.T) {
	t.Parallel()
	browser, err := exec.LookPath("chromium")
	require.NoError(t, err, "a real browser is a part of this test: make deps-test installs it")
	raw := shown(t, browser, []byte(hostile))
	for _, way := range []string{"/called/script", "/called/onload", "/called/image", "/called/foreign", "/called/import"} {
		require.Contains(t, raw, way, "unsanitised it does, so this browser would tell")
	}
	clean, err := branding.Sanitise([]byte(hostile))
	require.NoError(t, err)
	require.Equal(t, []string{"/", "/logo.svg"}, shown(t, browser, clean))
}
