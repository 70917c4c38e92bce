package httpapi

import (
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/flomastr/flomastr"
)

// contentPolicy lets a page load this server's files and nothing else: scripts and styles are files only. The API
// reference alone may have style elements, because Scalar writes some; and where people sign in with Clerk, the app may
// load what Clerk says it needs.
func (a *API) contentPolicy(page string) string {
	p := policy{scripts: "'self'", styles: "'self'", images: "'self' data: blob:", calls: "'self'"}
	switch {
	case page == docsPage:
		p.styles += " 'unsafe-inline'"
	case a.deps.SignIn.ClerkPublishableKey != "":
		p.allowClerk(a.deps.SignIn.ClerkFrontendAPI)
	}
	return p.String()
}

// policy is the part of a content policy that differs between pages.
type policy struct{ scripts, styles, images, calls, more string }

// allowClerk adds the sources of Clerk's guide "Configure Clerk Content-Security-Policy headers": its scripts and calls at
// the instance's own address, its bot protection, pictures of people, and styles that its components write at run time.
func (p *policy) allowClerk(frontendAPI string) {
	const bots, fraud = " https://challenges.cloudflare.com", " https://*.protect.clerk.com"
	p.scripts += " " + frontendAPI + bots + fraud
	p.styles += " 'unsafe-inline'"
	p.images += " https://img.clerk.com"
	p.calls += " " + frontendAPI + fraud + ":*"
	p.more = "worker-src 'self' blob:; frame-src" + bots + fraud + "; "
}

func (p *policy) String() string {
	return "default-src 'self'; script-src " + p.scripts + "; style-src " + p.styles + "; img-src " + p.images + "; media-src 'self' blob:; font-src 'self' data:; " +
		"connect-src " + p.calls + "; " + p.more + "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
}

// nothingAllowed is the policy of every answer that is no page.
const nothingAllowed = "default-src 'none'; frame-ancestors 'none'"

const docsPage = "docs.html"

var errNoSuchPath = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing at this address.")

// webApp serves the built app: hashed assets for ever, everything else fresh, precompressed where the build made a
// twin, and index.html for any page address that a browser asks for.
func (a *API) webApp() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.deps.Web == nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			a.answerProblem(w, r, errNoSuchPath)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name == "" {
			name = "index.html"
		}
		if name == "docs" {
			name = docsPage
		}
		if info, err := fs.Stat(a.deps.Web, name); err != nil || info.IsDir() {
			// A script that asks for a missing endpoint gets a problem, not a page.
			if !strings.Contains(r.Header.Get("Accept"), "text/html") || strings.HasPrefix(name, "assets/") || a.isAPI(r.URL.Path) {
				a.answerProblem(w, r, errNoSuchPath)
				return
			}
			name = "index.html"
		}
		a.serveAsset(w, r, name)
	})
}

// isAPI tells whether an address belongs to the API, so that a wrong one is a problem and never a page.
func (a *API) isAPI(p string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	switch first {
	case "routes", "api", "auth", "webhook", "queue", "messages", "v1", "mcp", "simulator":
		return true
	}
	return false
}

func (a *API) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Vary", "Accept-Encoding")
	file := name
	for _, encoding := range []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if accepts(r, encoding.name) {
			if _, err := fs.Stat(a.deps.Web, name+encoding.suffix); err == nil {
				file = name + encoding.suffix
				h.Set("Content-Encoding", encoding.name)
				break
			}
		}
	}
	body, err := fs.ReadFile(a.deps.Web, file)
	if err != nil {
		a.answerProblem(w, r, errNoSuchPath.Because(err))
		return
	}
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if strings.HasSuffix(name, ".html") {
		h.Set("Content-Security-Policy", a.contentPolicy(name))
	}
	http.ServeContent(w, r, name, a.started, bytes.NewReader(body))
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		token, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(token) == encoding && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}
