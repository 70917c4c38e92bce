package contextengine

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// SiteStore is what the engine asks of the hot database about web sites. Each method is one commit.
type SiteStore interface {
	// SaveSite makes a site, or gives the one of this address other rules, and begins a crawl with its job.
	SaveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, address string, rules SiteRules) (Site, error)
	// ChangeSite gives other rules. A running crawl goes on under them.
	ChangeSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID, rules SiteRules) (Site, error)
	Site(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) (Site, error)
	Sites(ctx context.Context, tenant flomastr.TenantID) ([]Site, error)
	SitePages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, ask SitePages) (pages []SitePage, next string, err error)

	// BeginCrawl begins a crawl with its job, unless one runs.
	BeginCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (Site, error)
	// StopCrawl ends the running crawl.
	StopCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (Site, error)
	// BeginDue begins the crawls of all active tenants that are due, and tells how many.
	BeginDue(ctx context.Context) (int, error)
	// EndCrawl ends the run, if it is the one that runs, and sets the time of the next.
	EndCrawl(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int, status SiteStatus, problem string) error

	// NextPage gives a page that the run has not looked at, those nearest to the first page before; ErrNoPage after the last.
	NextPage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int) (SitePage, error)
	// FoundPages adds addresses that are new, up to the site's most, at a depth.
	FoundPages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, depth int, addresses []string) error
	// Sitemapped remembers that the run has read the site map.
	Sitemapped(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int) error
	// SamePage finds another page of the site with the same text that is an item; "" for none.
	SamePage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, hash []byte, but string) (string, error)
	// SettlePage writes what the run has found of a page.
	SettlePage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int, page SitePage) error

	// RemoveSite has the site's pages taken out of the knowledge by a job, and then the site.
	RemoveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) error
	// LeaveItems removes up to limit items that only this site's pages are, with the jobs that erase them, and tells how many.
	LeaveItems(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, limit int) (int, error)
	// ForgetSite deletes the rows of a site whose items are gone.
	ForgetSite(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) error
}

// CrawlArgs is the job that works on a site: it crawls, or takes a removed site's pages away.
type CrawlArgs struct {
	Tenant flomastr.TenantID `json:"tenant_id"`
	Site   flomastr.SiteID   `json:"site_id"`
	Run    int               `json:"run"`
}

// Kind names the job in the queue.
func (CrawlArgs) Kind() string { return "knowledge.crawl" }

// ErrNoPage is what NextPage answers after the last one.
var ErrNoPage = flomastr.Errorf(flomastr.NotFound, "no_page", "Every page was looked at.")

// crawlSlice is how long a crawl works before it gives its place to another.
const crawlSlice = 45 * time.Second
