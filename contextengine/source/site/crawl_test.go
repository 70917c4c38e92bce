package site_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/contextengine/source/site"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// TestMain lets the test binary be the converter's worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == convert.Command {
		os.Exit(convert.Worker(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// website is a site that changes between two crawls, and counts how often it is asked.
type website struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]string // body, or "->" and a target, or "!" and a status
	asked map[string]int
}

func newWebsite(t *testing.T) *website {
	t.Helper()
	w := &website{pages: map[string]string{}, asked: map[string]int{}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *website) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := req.URL.RequestURI()
	w.asked[at]++
	body, ok := w.pages[at]
	if !ok && strings.HasPrefix(at, "/calendar?") {
		body, ok = page("Calendar", "No events on this day.", fmt.Sprintf("/calendar?day=%d", w.asked["days"])), true
		w.asked["days"]++
	}
	switch {
	case !ok:
		out.WriteHeader(http.StatusNotFound)
	case strings.HasPrefix(body, "->"):
		http.Redirect(out, req, body[2:], http.StatusFound)
	case body == "!500":
		out.WriteHeader(http.StatusInternalServerError)
	default:
		tag := fmt.Sprintf(`"%x"`, crc32.ChecksumIEEE([]byte(body)))
		out.Header().Set("ETag", tag)
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		if req.Header.Get("If-None-Match") == tag {
			out.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(out, body)
	}
}

func (w *website) set(at, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages[at] = body; body == "" {
		delete(w.pages, at)
	}
}

func (w *website) visits(at string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[at]
}

func page(title, text string, links ...string) string {
	var nav strings.Builder
	for _, l := range links {
		fmt.Fprintf(&nav, `<a href="%s">%s</a> `, l, l)
	}
	return fmt.Sprintf(`<!doctype html><html><head><title>%s</title></head><body><nav>%s</nav><main><h1>%s</h1><p>%s</p></main></body></html>`, title, nav.String(), title, text)
}

type bench struct {
	*contextengine.Engine
	t      *testing.T
	db     *postgres.DB
	store  *postgres.KnowledgeStore
	tenant flomastr.TenantID
	site   *website
}

func setup(t *testing.T) *bench {
	t.Helper()
	db := postgrestest.Open(t)
	b := &bench{t: t, db: db, store: postgres.NewKnowledgeStore(db), tenant: postgrestest.Tenant(t, db), site: newWebsite(t)}
	blobs, err := blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	converter := convert.New(convert.Config{Timeout: 3 * time.Minute})
	read := func(ctx context.Context, _ contextengine.Limits, req convert.Request) (contextengine.Document, error) {
		doc, err := converter.Run(ctx, req)
		return contextengine.Document{Title: doc.Title, Markdown: doc.Markdown, Type: doc.Metadata["kind"], Metadata: doc.Metadata, Links: doc.Links}, err
	}
	b.Engine = contextengine.New(contextengine.Deps{
		Status: b.store, Content: b.store, Blobs: blobs, Sites: b.store, Embedder: offline.New(), Pause: time.Millisecond,
		Web: site.New(safehttp.New(safehttp.Config{Allow: []string{b.site.URL}, Redirects: 5, MaxBytes: 1 << 20}), read, "flomastr"),
	})
	return b
}

// follow adds the site and crawls it to the end.
func (b *bench) follow(rules contextengine.SiteRules) contextengine.Site {
	b.t.Helper()
	s, err := b.AddSite(b.t.Context(), b.tenant, flomastr.ActorSystem, b.site.URL, rules)
	require.NoError(b.t, err)
	return b.crawled(s)
}

func (b *bench) again(s contextengine.Site) contextengine.Site {
	b.t.Helper()
	s, err := b.BeginCrawl(b.t.Context(), b.tenant, flomastr.ActorSystem, s.ID)
	require.NoError(b.t, err)
	return b.crawled(s)
}

// crawled does the job to its end, and the jobs that it leaves.
func (b *bench) crawled(s contextengine.Site) contextengine.Site {
	b.t.Helper()
	for {
		wait, err := b.Crawl(b.t.Context(), b.tenant, contextengine.CrawlArgs{Tenant: b.tenant, Site: s.ID, Run: s.Run})
		require.NoError(b.t, err)
		if wait == 0 {
			break
		}
	}
	list, err := b.Items(b.t.Context(), b.tenant, contextengine.Listing{Limit: 200})
	require.NoError(b.t, err)
	for _, item := range list.Items {
		require.NoError(b.t, b.Index(b.t.Context(), b.tenant, contextengine.IndexArgs{Tenant: b.tenant, Item: item.ID, Version: item.Version}))
	}
	s, err = b.Site(b.t.Context(), b.tenant, s.ID)
	require.NoError(b.t, err)
	return s
}

// states tells what became of each page, by its path.
func (b *bench) states(s contextengine.Site) map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for cursor := ""; ; {
		pages, next, err := b.SitePages(b.t.Context(), b.tenant, s.ID, contextengine.SitePages{Limit: 3, Cursor: cursor})
		require.NoError(b.t, err)
		for _, p := range pages {
			state := string(p.State)
			if p.SameAs != "" {
				state += " of " + strings.TrimPrefix(p.SameAs, b.site.URL)
			}
			require.Equal(b.t, p.State == contextengine.PageAdded, !p.Item.IsZero(), "%s: %s", p.Address, p.State)
			out[strings.TrimPrefix(p.Address, b.site.URL)] = state
		}
		if cursor = next; cursor == "" {
			return out
		}
	}
}

func (b *bench) items() map[string]contextengine.Item {
	b.t.Helper()
	list, err := b.Items(b.t.Context(), b.tenant, contextengine.Listing{Limit: 200})
	require.NoError(b.t, err)
	out := map[string]contextengine.Item{}
	for _, item := range list.Items {
		out[strings.TrimPrefix(item.URL, b.site.URL)] = item
	}
	return out
}

func TestASiteIsReadAsItsOwnerWants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/robots.txt", "User-agent: *\nDisallow: /private\nSitemap: "+b.site.URL+"/map.xml")
	b.site.set("/map.xml", "<urlset><url><loc>"+b.site.URL+"/unlinked</loc></url><url><loc>http://127.0.0.1:1/inside</loc></url></urlset>")
	b.site.set("/", page("Shop", "Welcome to the shop.", "/hours", "/hours?utm_source=home", "/print/hours", "/canon", "/old", "/private/list", "/hidden", "/app", "/broken",
		"/logo.png", "https://elsewhere.example/", "mailto:a@shop.example", "/away", "/calendar?day=x", "/missing"))
	b.site.set("/hours", page("Hours", "We open at nine on weekdays."))
	b.site.set("/print/hours", page("Hours", "We open at nine on weekdays."))
	b.site.set("/canon", strings.Replace(page("Hours", "Our hours, told otherwise."), "</head>", `<link rel="canonical" href="/hours"></head>`, 1))
	b.site.set("/old", "->/hours")
	b.site.set("/away", "->https://elsewhere.example/x")
	b.site.set("/unlinked", page("Parking", "The garage closes at ten."))
	b.site.set("/private/list", page("Private", "Secret prices."))
	b.site.set("/hidden", strings.Replace(page("Hidden", "Not for an index.", "/behind"), "</head>", `<meta name="robots" content="noindex"></head>`, 1))
	b.site.set("/behind", page("Behind", "Found behind a hidden page."))
	b.site.set("/app", `<!doctype html><html><body><div id="root"></div><script src="/x.js"></script></body></html>`)
	b.site.set("/broken", "!500")

	s := b.follow(contextengine.SiteRules{MaxPages: 30, Tags: []string{"web"}})
	require.Equal(t, contextengine.SiteReady, s.Status, s.Problem)
	got := b.states(s)
	calendar := 0
	for at := range got {
		if strings.HasPrefix(at, "/calendar") {
			calendar++
			delete(got, at)
		}
	}
	require.LessOrEqual(t, calendar, 5, "a page that leads to itself for ever is followed to the depth that was asked for")
	require.Equal(t, map[string]string{
		"/": "added", "/hours": "added", "/unlinked": "added", "/behind": "added",
		"/print/hours": "duplicate of /hours", "/canon": "duplicate of /hours", "/old": "duplicate of /hours",
		"/private/list": "skipped", "/hidden": "skipped", "/app": "skipped", "/away": "failed", "/broken": "failed", "/missing": "gone",
	}, got)
	require.Zero(t, b.site.visits("/private/list"), "what robots.txt forbids is not even asked for")
	require.Zero(t, b.site.visits("/logo.png"))
	require.Equal(t, 1, b.site.visits("/map.xml"))
	require.Equal(t, []string{"web"}, b.items()["/hours"].Tags)
	require.Equal(t, "Hours", b.items()["/hours"].Title)

	found, err := b.Retrieve(t.Context(), b.tenant, contextengine.Query{Text: "When does the garage close?"})
	require.NoError(t, err)
	require.Equal(t, b.site.URL+"/unlinked", found.Passages[0].URL)
}

func TestTheNextCrawlTouchesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/", page("Shop", "Welcome.", "/hours", "/prices", "/jobs", "/unwanted"))
	for at, text := range map[string]string{"/hours": "We open at nine.", "/prices": "A bike costs 20 a day.", "/jobs": "We look for a mechanic.", "/unwanted": "Old news."} {
		b.site.set(at, page(at, text))
	}
	s := b.follow(contextengine.SiteRules{Every: contextengine.Daily})
	require.WithinDuration(t, s.EndedAt.Add(24*time.Hour), s.NextAt, time.Second)
	before := b.items()
	require.Len(t, before, 5)
	require.NoError(t, b.Delete(t.Context(), b.tenant, flomastr.ActorSystem, before["/unwanted"].ID))

	b.site.set("/prices", page("/prices", "A bike costs 25 a day."))
	b.site.set("/jobs", "")
	b.site.set("/hours", "!500")
	b.site.set("/", page("Shop", "Welcome.", "/hours", "/prices", "/new"))
	b.site.set("/new", page("/new", "We repair scooters."))
	s = b.again(s)
	require.Equal(t, contextengine.SiteReady, s.Status)
	require.Equal(t, map[string]string{"/": "added", "/hours": "failed", "/prices": "added", "/jobs": "gone", "/unwanted": "skipped", "/new": "added"}, withoutItems(b, s))
	after := b.items()
	require.Equal(t, 1, after["/"].Version, "its text is the same")
	require.Equal(t, 2, after["/prices"].Version)
	require.Equal(t, before["/prices"].ID, after["/prices"].ID)
	require.Equal(t, 1, after["/hours"].Version, "what was known still serves while the site is broken")
	require.NotContains(t, after, "/jobs")
	require.NotContains(t, after, "/unwanted", "what a person removed stays away")
	require.Equal(t, 1, b.site.visits("/unwanted"))

	// Rules that no longer want a page take it out; a page that comes back is read again.
	b.site.set("/jobs", page("/jobs", "We look for a painter."))
	_, err := b.ChangeSite(t.Context(), b.tenant, flomastr.ActorSystem, s.ID, func(r *contextengine.SiteRules) { r.Exclude = []string{"/new"} })
	require.NoError(t, err)
	s = b.again(s)
	require.NotContains(t, b.items(), "/new")
	require.Contains(t, b.items(), "/jobs")
	require.Equal(t, contextengine.PageCounts{Added: 3, Skipped: 2, Failed: 1}, s.Pages)
}

// withoutItems is states, for crawls after which a page may have failed and still be an item.
func withoutItems(b *bench, s contextengine.Site) map[string]string {
	b.t.Helper()
	out := map[string]string{}
	pages, _, err := b.SitePages(b.t.Context(), b.tenant, s.ID, contextengine.SitePages{Limit: 100})
	require.NoError(b.t, err)
	for _, p := range pages {
		out[strings.TrimPrefix(p.Address, b.site.URL)] = string(p.State)
	}
	return out
}

func TestACrawlThatIsKilledGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var links []string
	for i := range 12 {
		links = append(links, fmt.Sprintf("/page%d", i))
		b.site.set(links[i], page(links[i], fmt.Sprintf("Words of page %d.", i)))
	}
	b.site.set("/", page("Shop", "Welcome.", links...))
	s, err := b.AddSite(t.Context(), b.tenant, flomastr.ActorSystem, b.site.URL, contextengine.SiteRules{})
	require.NoError(t, err)
	args := contextengine.CrawlArgs{Tenant: b.tenant, Site: s.ID, Run: s.Run}
	for range 6 { // each try is cut off somewhere in its way
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		if _, err := b.Crawl(ctx, b.tenant, args); err == nil {
			cancel()
			break
		}
		cancel()
	}
	s = b.crawled(s)
	require.Equal(t, contextengine.SiteReady, s.Status)
	require.Equal(t, 13, s.Pages.Added)
	require.Len(t, b.items(), 13)
	for at, item := range b.items() {
		require.Equal(t, 1, item.Version, at)
	}

	_, err = b.Crawl(t.Context(), b.tenant, contextengine.CrawlArgs{Tenant: b.tenant, Site: s.ID, Run: s.Run - 1})
	require.NoError(t, err, "an older run's job has nothing to do")
}

func TestALimitOfPagesIsKeptAndSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/", page("Shop", "Welcome.", "/a", "/b", "/c", "/d"))
	for _, at := range []string{"/a", "/b", "/c", "/d"} {
		b.site.set(at, page(at, "Words of "+at))
	}
	s := b.follow(contextengine.SiteRules{MaxPages: 3})
	require.True(t, s.Truncated)
	require.Equal(t, 3, s.Pages.Added)
}

func TestASiteThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  map[string]string
		says string
	}{
		"the first page fails":    {map[string]string{"/": "!500"}, "could not show this page"},
		"robots.txt fails":        {map[string]string{"/robots.txt": "!500", "/": page("Shop", "Welcome.")}, "robots.txt"},
		"it leads somewhere else": {map[string]string{"/": "->https://elsewhere.example/home"}, "reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for at, body := range c.set {
				b.site.set(at, body)
			}
			s := b.follow(contextengine.SiteRules{})
			require.Equal(t, contextengine.SiteFailed, s.Status)
			require.Contains(t, s.Problem, c.says)
		})
	}
}

func TestARemovedSiteTakesItsPagesWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/", page("Shop", "Welcome.", "/a"))
	b.site.set("/a", page("A", "Words of a."))
	s := b.follow(contextengine.SiteRules{})
	section, err := b.AddSite(t.Context(), b.tenant, flomastr.ActorSystem, b.site.URL+"/a", contextengine.SiteRules{Scope: contextengine.ScopePage})
	require.NoError(t, err)
	section = b.crawled(section)
	require.Equal(t, 1, section.Pages.Added)
	require.Len(t, b.items(), 2, "a page of two sites is one item")

	require.NoError(t, b.RemoveSite(t.Context(), b.tenant, flomastr.ActorSystem, s.ID))
	_, err = b.BeginCrawl(t.Context(), b.tenant, flomastr.ActorSystem, s.ID)
	require.ErrorIs(t, err, contextengine.ErrSiteNotFound)
	for {
		wait, err := b.Crawl(t.Context(), b.tenant, contextengine.CrawlArgs{Tenant: b.tenant, Site: s.ID})
		require.NoError(t, err)
		if wait == 0 {
			break
		}
	}
	_, err = b.Site(t.Context(), b.tenant, s.ID)
	require.ErrorIs(t, err, contextengine.ErrSiteNotFound)
	items := b.items()
	require.Len(t, items, 1)
	require.Contains(t, items, "/a", "the other site still has it")
}

func TestASiteIsItsTenantsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := postgrestest.Tenant(t, b.db)
	b.site.set("/", page("Shop", "Welcome."))
	s := b.follow(contextengine.SiteRules{})
	ctx := t.Context()
	for name, do := range map[string]func() error{
		"see":    func() error { _, err := b.Site(ctx, other, s.ID); return err },
		"pages":  func() error { _, _, err := b.SitePages(ctx, other, s.ID, contextengine.SitePages{}); return err },
		"crawl":  func() error { _, err := b.BeginCrawl(ctx, other, flomastr.ActorSystem, s.ID); return err },
		"stop":   func() error { _, err := b.StopCrawl(ctx, other, flomastr.ActorSystem, s.ID); return err },
		"remove": func() error { return b.RemoveSite(ctx, other, flomastr.ActorSystem, s.ID) },
		"change": func() error {
			_, err := b.ChangeSite(ctx, other, flomastr.ActorSystem, s.ID, func(*contextengine.SiteRules) {})
			return err
		},
	} {
		require.ErrorIs(t, do(), contextengine.ErrSiteNotFound, name)
	}
	list, err := b.ListSites(ctx, other)
	require.NoError(t, err)
	require.Empty(t, list)
	wait, err := b.Crawl(ctx, other, contextengine.CrawlArgs{Tenant: other, Site: s.ID, Run: s.Run})
	require.NoError(t, err)
	require.Zero(t, wait, "a job that names another tenant's site finds none")
}

func TestACrawlBeginsWhenItIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/", page("Shop", "Welcome."))
	s := b.follow(contextengine.SiteRules{Every: contextengine.Weekly})
	require.NoError(t, b.BeginDueCrawls(t.Context()))
	same, err := b.Site(t.Context(), b.tenant, s.ID)
	require.NoError(t, err)
	require.Equal(t, s.Run, same.Run)
	b.age(s)
	require.NoError(t, b.BeginDueCrawls(t.Context()))
	require.NoError(t, b.BeginDueCrawls(t.Context()), "it is begun once")
	due, err := b.Site(t.Context(), b.tenant, s.ID)
	require.NoError(t, err)
	require.Equal(t, contextengine.SiteCrawling, due.Status)
	require.Equal(t, s.Run+1, due.Run)

	stopped, err := b.StopCrawl(t.Context(), b.tenant, flomastr.ActorSystem, s.ID)
	require.NoError(t, err)
	require.Equal(t, contextengine.SiteStopped, stopped.Status)
	wait, err := b.Crawl(t.Context(), b.tenant, contextengine.CrawlArgs{Tenant: b.tenant, Site: s.ID, Run: due.Run})
	require.NoError(t, err)
	require.Zero(t, wait)
}

// age lets the time of the next crawl have come.
func (b *bench) age(s contextengine.Site) {
	b.t.Helper()
	require.NoError(b.t, b.db.InTenant(b.t.Context(), b.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.t.Context(), `UPDATE knowledge_sites SET next_at = now() - interval '1 hour' WHERE tenant_id = $1 AND id = $2`, b.tenant, s.ID)
		return err
	}))
}

func TestAPreviewKeepsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.set("/robots.txt", "User-agent: *\nDisallow: /private")
	b.site.set("/", page("The shop", "Welcome.", "/a", "/private"))
	preview, err := b.PreviewSite(t.Context(), b.tenant, b.site.URL, contextengine.SiteRules{})
	require.NoError(t, err)
	require.Equal(t, contextengine.Preview{Title: "The shop", Pages: []contextengine.PreviewPage{
		{Address: b.site.URL + "/", Allowed: true}, {Address: b.site.URL + "/a", Allowed: true}, {Address: b.site.URL + "/private"},
	}}, preview)
	list, err := b.ListSites(t.Context(), b.tenant)
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = b.PreviewSite(t.Context(), b.tenant, "http://169.254.169.254/", contextengine.SiteRules{})
	require.True(t, errors.Is(err, safehttp.ErrUnreachable) || flomastr.KindOf(err) == flomastr.Upstream, "%v", err)
}
