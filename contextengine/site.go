package contextengine

import (
	"context"
	"net/url"
	"time"

	"github.com/flomastr/flomastr"
)

// Scope says how much of a web site is read.
type Scope string

// The scopes.
const (
	ScopePage    Scope = "page"    // one page
	ScopeSection Scope = "section" // what lies in the same folder, or below it
	ScopeSite    Scope = "site"    // every page of the host
)

// Every says how often a site is read again.
type Every string

// The rhythms.
const (
	Never   Every = "never"
	Daily   Every = "daily"
	Weekly  Every = "weekly"
	Monthly Every = "monthly"
)

// Interval is the time between two crawls, 0 for none.
func (e Every) Interval() time.Duration {
	switch e {
	case Daily:
		return 24 * time.Hour
	case Weekly:
		return 7 * 24 * time.Hour
	case Monthly:
		return 30 * 24 * time.Hour
	}
	return 0
}

// SiteRules say which pages of a web site are knowledge.
type SiteRules struct {
	Scope    Scope
	Depth    int      // links from the first page; 1 to 10
	MaxPages int      // 1 to 5,000
	Include  []string // patterns of paths as in robots.txt: a beginning, * for anything, $ for the end; none: all
	Exclude  []string // pages of these are left out, whatever Include says
	Every    Every
	Intent   string
	Tags     []string
}

// SiteStatus says what happens with a site.
type SiteStatus string

// The states of a site.
const (
	SiteCrawling SiteStatus = "crawling"
	SiteReady    SiteStatus = "ready"    // every page was looked at
	SiteStopped  SiteStatus = "stopped"  // by a person, before every page was looked at
	SiteFailed   SiteStatus = "failed"   // Problem says why
	SiteRemoving SiteStatus = "removing" // its pages are being taken out of the knowledge
)

// Site is a web site that a tenant's knowledge follows.
type Site struct {
	ID      flomastr.SiteID
	Address string // where the crawl begins, normalised
	SiteRules
	Status     SiteStatus
	Problem    string // a sentence
	Run        int    // counts the crawls
	Sitemapped int    // the last run that has read the site map
	Truncated  bool   // there are more pages than MaxPages
	Pages      PageCounts
	By         flomastr.Actor
	CreatedAt  time.Time
	BeganAt    time.Time
	EndedAt    time.Time // zero while the first crawl runs
	NextAt     time.Time // zero: never by itself
}

// PageCounts count a site's pages by state; Waiting are those that the running crawl has not looked at yet.
type PageCounts struct{ Waiting, Added, Duplicate, Skipped, Failed, Gone int }

// PageState says what became of a page.
type PageState string

// The states of a page.
const (
	PageWaiting   PageState = "waiting"
	PageAdded     PageState = "added"     // it is an item of the knowledge
	PageDuplicate PageState = "duplicate" // another address shows the same
	PageSkipped   PageState = "skipped"   // Problem says by whose wish
	PageFailed    PageState = "failed"    // what was known of it still serves
	PageGone      PageState = "gone"      // the site has it no more
)

// SitePage is a page of a site.
type SitePage struct {
	Address string
	Depth   int // links from the first page
	State   PageState
	Problem string          // a sentence, of a page that is skipped or failed
	SameAs  string          // the address that a duplicate repeats
	Item    flomastr.ItemID // zero: none
	Leaves  flomastr.ItemID // the item that it no longer is; it is removed by the commit that settles the page, if no other site has it
	Had     bool            // that it was an item when it was last looked at
	Hash    []byte          // of its Markdown
	Validators
	CheckedAt time.Time // zero: not yet
}

// Validators are what a server gave to ask it later whether a page has changed.
type Validators struct{ ETag, Modified string }

// Visit is a page as it was found.
type Visit struct {
	Address string // after redirects
	Validators
	Bytes       int
	NotModified bool // nothing below is set
	Gone        bool // nothing below is set
	Document    Document
	Canonical   string // what the page says its address is; "" where it says nothing
	NoIndex     bool   // its owner does not want it in an index
	NoFollow    bool   // or its links followed
}

// Robots is what a site asks of crawlers.
type Robots struct {
	Allows   func(*url.URL) bool
	Delay    time.Duration
	Sitemaps []string
}

// SiteReader reads web sites. Its errors are sentences for people, as those of [Reader].
type SiteReader interface {
	// Robots reads the robots.txt of an address's host; ErrRobots where it cannot be read now.
	Robots(ctx context.Context, site *url.URL) (Robots, error)
	// Sitemap lists up to limit pages of a site map; ErrNoSitemap where there is none.
	Sitemap(ctx context.Context, address string, limit int) ([]string, error)
	// Visit reads one page with the addresses it leads to.
	Visit(ctx context.Context, limits Limits, address string, known Validators) (Visit, error)
}

// SitePages asks for a page of a site's pages, in the order in which they were found.
type SitePages struct {
	State  PageState
	Limit  int
	Cursor string
}

// The errors of sites.
var (
	ErrSiteNotFound = flomastr.Errorf(flomastr.NotFound, "site_not_found", "There is no such web site here.")
	ErrSiteRules    = flomastr.Errorf(flomastr.Invalid, "site_rules_invalid", "These settings of the web site do not fit together; see errors.")
	ErrTooManySites = flomastr.Errorf(flomastr.Conflict, "too_many_sites", "A business can follow at most 100 web sites; remove one first.")
	ErrSiteBusy     = flomastr.Errorf(flomastr.Conflict, "site_busy", "This web site is just being removed.")
	ErrRobots       = flomastr.Errorf(flomastr.Unavailable, "robots_unreadable", "The site did not show its robots.txt, which says what may be read; try again later.")
	ErrNoSitemap    = flomastr.Errorf(flomastr.Upstream, "sitemap_missing", "The site has no site map.")
)
