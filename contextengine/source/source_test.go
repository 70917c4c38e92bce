package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/internal/safehttp"
)

// TestMain lets the test binary be the converter's worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == convert.Command {
		os.Exit(convert.Worker(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const shop = `<!doctype html><html lang="en-GB"><head><title>Harbour Bikes – Prices</title><link rel="canonical" href="/prices">
<base href="/shop/"></head><body><nav><a href="/">Home</a><a href="/login">Sign in</a></nav><main><h1>Prices</h1>
<p>Rent a bike by the day. <a href="terms.html">Terms</a></p><table><tr><th>Bike</th><th>Day</th></tr><tr><td>City</td><td>£18</td></tr>
<tr><td>Cargo</td><td>£45</td></tr></table></main><footer>© 2026 <address>12 Quay Street, Port Ellen</address></footer></body></html>`

func site(t *testing.T) (*httptest.Server, *safehttp.Client) {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path, contentType, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		})
	}
	page("/prices", "text/html; charset=utf-8", shop)
	page("/notes.md", "text/plain; charset=utf-8", "# Notes\n\n- one\n- two\n")
	page("/plain", "text/plain; charset=iso-8859-1", "Caf\xe9 ferm\xe9 le dimanche")
	page("/arabic", "text/html; charset=windows-1256", "<html><body><p>\xe3\xd1\xcd\xc8\xc7</p></body></html>")
	page("/meta", "text/html", "<html><head><meta charset=\"windows-1251\"></head><body><p>\xcf\xf0\xe8\xe2\xe5\xf2</p></body></html>")
	page("/image", "image/png", "\x89PNG\r\n\x1a\n0000")
	page("/film", "video/mp4", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
	page("/liar.pdf", "application/pdf", "<!doctype html><html><head><title>Report</title></head><body><p>About a report.</p></body></html>")
	page("/empty", "text/html", "")
	page("/app", "text/html", `<html><body><div id="root"></div><script src="x.js"></script></body></html>`)
	page("/big", "text/html", "<html><body>"+strings.Repeat("<p>word</p>", 300_000))
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/prices", http.StatusMovedPermanently)
	})
	for path, status := range map[string]int{"/gone": 410, "/closed": 403, "/down": 503, "/signin": 401} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server, safehttp.New(safehttp.Config{Allow: []string{server.URL}, Redirects: 5, MaxBytes: 2 << 20, Timeout: 20 * time.Second})
}

func TestAPageBecomesItsWords(t *testing.T) {
	t.Parallel()
	server, client := site(t)
	converter := convert.New(convert.Config{})
	for _, path := range []string{"/prices", "/moved"} {
		doc, err := Web(t.Context(), client, converter, server.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"# Prices", "| Cargo | £45 |", "Rent a bike by the day.", "[Terms](" + server.URL + "/shop/terms.html)", "12 Quay Street, Port Ellen"} {
			if !strings.Contains(doc.Markdown, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, doc.Markdown)
			}
		}
		for _, not := range []string{"Sign in", "Home", "©"} {
			if strings.Contains(doc.Markdown, not) {
				t.Errorf("%s holds %q:\n%s", path, not, doc.Markdown)
			}
		}
		if doc.Title != "Harbour Bikes – Prices" || doc.Lang != "en-GB" || doc.Metadata["url"] != server.URL+"/prices" || doc.Metadata["canonical_url"] != server.URL+"/prices" {
			t.Errorf("%s: %q %q %v", path, doc.Title, doc.Lang, doc.Metadata)
		}
	}
}

func TestWhatAServerSendsIsReadAsWhatItIs(t *testing.T) {
	t.Parallel()
	server, client := site(t)
	converter := convert.New(convert.Config{})
	for path, want := range map[string]struct{ title, text string }{
		"/notes.md": {"Notes", "- two"},
		"/plain":    {strings.TrimPrefix(server.URL, "http://") + "/plain", "Café fermé le dimanche"},
		"/arabic":   {"", "مرحبا"},
		"/meta":     {"", "Привет"},
		"/liar.pdf": {"Report", "About a report."},
	} {
		doc, err := Web(t.Context(), client, converter, server.URL+path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if !strings.Contains(doc.Markdown, want.text) || want.title != "" && doc.Title != want.title {
			t.Errorf("%s: %q, %q", path, doc.Title, doc.Markdown)
		}
	}
}

func TestAPageThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	server, client := site(t)
	converter := convert.New(convert.Config{})
	for address, want := range map[string]*flomastr.Error{
		server.URL + "/missing":    ErrPageMissing,
		server.URL + "/gone":       ErrPageMissing,
		server.URL + "/closed":     ErrPageClosed,
		server.URL + "/signin":     ErrPageClosed,
		server.URL + "/down":       ErrPageFailed,
		server.URL + "/image":      convert.ErrPictureBroken,
		server.URL + "/film":       convert.ErrUnsupported,
		server.URL + "/empty":      convert.ErrEmpty,
		server.URL + "/app":        convert.ErrNoText,
		server.URL + "/big":        safehttp.ErrTooLarge,
		"http://127.0.0.1/":        safehttp.ErrUnreachable,
		"http://169.254.169.254/x": safehttp.ErrUnreachable,
		"file:///etc/passwd":       safehttp.ErrInvalidURL,
		"http://127.0.0.1:1/":      safehttp.ErrInvalidURL,
	} {
		if doc, err := Web(t.Context(), client, converter, address); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v, want %s", address, doc.Markdown, err, want.Code)
		}
	}
}

// failing is a server that breaks off in the middle of a page.
type failing struct{}

func (failing) Get(context.Context, string, http.Header) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(bytes.NewReader([]byte("<html>")), errorReader{}))}, nil
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, safehttp.ErrTimeout }

func TestABrokenAnswerIsNoPage(t *testing.T) {
	t.Parallel()
	if _, err := Web(t.Context(), failing{}, convert.New(convert.Config{}), "https://example.com/"); !errors.Is(err, safehttp.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestPastedTextKeepsItsTitle(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ title, content, wantTitle, wantText string }{
		{"Opening hours", "We open at 9.\r\nWe close at 6.", "Opening hours", "We open at 9.\nWe close at 6."},
		{"", "# Returns\n\nWithin 30 days.", "Returns", "# Returns\n\nWithin 30 days."},
		{" \t", "No heading here", "Untitled", "No heading here"},
		{"a\nb", "x", "a b", "x"},
	} {
		doc, err := Paste(tc.title, tc.content)
		if err != nil || doc.Title != tc.wantTitle || doc.Markdown != tc.wantText {
			t.Errorf("%q, %q: %q, %q, %v", tc.title, tc.content, doc.Title, doc.Markdown, err)
		}
	}
	if _, err := Paste("t", " \n "); !errors.Is(err, convert.ErrEmpty) {
		t.Errorf("blank text: %v", err)
	}
}

func TestAFileIsReadByItsContent(t *testing.T) {
	t.Parallel()
	converter := convert.New(convert.Config{})
	doc, err := File(t.Context(), converter, "../../Price_list.md", []byte("Prices:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"))
	if err != nil || doc.Title != "Price list" || !strings.Contains(doc.Markdown, "| 1 | 2 |") {
		t.Errorf("%q %q %v", doc.Title, doc.Markdown, err)
	}
	if _, err := File(t.Context(), converter, "x.pdf", []byte("hello")); !errors.Is(err, convert.ErrMislabelled) {
		t.Errorf("got %v", err)
	}
}
