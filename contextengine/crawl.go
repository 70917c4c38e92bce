package contextengine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/flomastr/flomastr"
)

const (
	maxCrawlDelay = 30 * time.Second // a site that asks for more gets this, or a crawl would never end
	maxFailures   = 10               // pages in a row, then the site is left alone until the next time
	maxPageLinks  = 1_000
	leavePerSlice = 50
)

// Crawl does the job for a while and tells after which time to go on; 0 when there is nothing left. It may be killed at
// any point and done again: what was looked at is remembered page by page.
func (e *Engine) Crawl(ctx context.Context, tenant flomastr.TenantID, args CrawlArgs) (again time.Duration, err error) {
	site, err := e.Sites.Site(ctx, tenant, args.Site)
	switch {
	case errors.Is(err, ErrSiteNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read site: %w", err)
	case site.Status == SiteRemoving:
		return e.leave(ctx, tenant, site)
	case site.Status != SiteCrawling || site.Run != args.Run:
		return 0, nil // stopped, or a later run has a job of its own
	}
	c := crawl{Engine: e, tenant: tenant, site: site}
	return c.slice(ctx)
}

// GiveUpCrawl ends a crawl that the queue has stopped trying.
func (e *Engine) GiveUpCrawl(ctx context.Context, tenant flomastr.TenantID, args CrawlArgs) error {
	return e.Sites.EndCrawl(ctx, tenant, args.Site, args.Run, SiteFailed, "Something went wrong on our side while reading the site; start it again.")
}

// leave takes the items of a removed site out of the knowledge.
func (e *Engine) leave(ctx context.Context, tenant flomastr.TenantID, site Site) (time.Duration, error) {
	left, err := e.Sites.LeaveItems(ctx, tenant, site.ID, leavePerSlice)
	if err != nil {
		return 0, fmt.Errorf("remove the site's items: %w", err)
	}
	if left > 0 {
		return time.Second, nil
	}
	return 0, e.Sites.ForgetSite(ctx, tenant, site.ID)
}

// crawl is one slice of a run.
type crawl struct {
	*Engine
	tenant flomastr.TenantID
	site   Site
	bounds bounds
	robots Robots
	limits Limits
}

func (c *crawl) slice(ctx context.Context) (time.Duration, error) {
	if err := c.prepare(ctx); err != nil {
		if again(err) && !errors.Is(err, ErrRobots) {
			return 0, err
		}
		return 0, c.end(ctx, SiteFailed, sentenceOf(err))
	}
	over := time.After(crawlSlice)
	pause := min(max(c.Pause, c.robots.Delay), maxCrawlDelay)
	for failures := 0; ; {
		current, err := c.Sites.Site(ctx, c.tenant, c.site.ID)
		if errors.Is(err, ErrSiteNotFound) || err == nil && (current.Run != c.site.Run || current.Status != SiteCrawling) {
			return time.Second, nil // stopped or removed: the next look decides
		}
		if err != nil {
			return 0, fmt.Errorf("read site: %w", err)
		}
		page, err := c.Sites.NextPage(ctx, c.tenant, c.site.ID, c.site.Run)
		if errors.Is(err, ErrNoPage) {
			return 0, c.end(ctx, SiteReady, "")
		}
		if err != nil {
			return 0, fmt.Errorf("find the next page: %w", err)
		}
		wait, err := c.look(ctx, &page)
		if err != nil {
			return 0, err
		}
		if err := c.Sites.SettlePage(ctx, c.tenant, c.site.ID, c.site.Run, page); err != nil {
			return 0, fmt.Errorf("settle page: %w", err)
		}
		if page.State != PageFailed {
			failures = 0
		} else if failures++; failures >= maxFailures || page.Depth == 0 && page.Item.IsZero() {
			return 0, c.end(ctx, SiteFailed, page.Problem)
		}
		if wait > crawlSlice {
			return wait, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-over:
			return max(pause, time.Second), nil
		case <-time.After(max(pause, wait)):
		}
	}
}

// prepare reads what the site asks of crawlers, and once a run its site map.
func (c *crawl) prepare(ctx context.Context) (err error) {
	if c.bounds, err = c.site.bounds(); err != nil {
		return err
	}
	if c.limits, err = c.Status.Limits(ctx, c.tenant); err != nil {
		return fmt.Errorf("read limits: %w", err)
	}
	if c.robots, err = c.Web.Robots(ctx, c.bounds.start); err != nil {
		return err
	}
	if c.site.Sitemapped == c.site.Run {
		return nil
	}
	if err := c.Sites.FoundPages(ctx, c.tenant, c.site.ID, 0, []string{c.site.Address}); err != nil {
		return fmt.Errorf("begin with the first page: %w", err)
	}
	if c.site.Scope != ScopePage {
		listed := c.bounds.choose(c.sitemap(ctx, c.bounds, c.robots, c.site.MaxPages), c.site.MaxPages)
		if err := c.found(ctx, 1, listed); err != nil {
			return err
		}
	}
	return c.Sites.Sitemapped(ctx, c.tenant, c.site.ID, c.site.Run)
}

// sitemap lists what the site itself lists: in the maps that its robots.txt names, else in the usual place.
func (e *Engine) sitemap(ctx context.Context, b bounds, robots Robots, limit int) []string {
	maps := robots.Sitemaps
	if len(maps) == 0 {
		maps = []string{(&url.URL{Scheme: b.start.Scheme, Host: b.start.Host, Path: "/sitemap.xml"}).String()}
	}
	var all []string
	for _, m := range maps[:min(len(maps), 5)] {
		listed, err := e.Web.Sitemap(ctx, m, limit-len(all))
		if err != nil {
			continue // its links will have to do
		}
		if all = append(all, listed...); len(all) >= limit {
			break
		}
	}
	return all
}

func (c *crawl) found(ctx context.Context, depth int, pages []*url.URL) error {
	if len(pages) == 0 || depth > c.site.Depth {
		return nil
	}
	addresses := make([]string, len(pages))
	for i, page := range pages {
		addresses[i] = page.String()
	}
	if err := c.Sites.FoundPages(ctx, c.tenant, c.site.ID, depth, addresses); err != nil {
		return fmt.Errorf("remember found pages: %w", err)
	}
	return nil
}

func (c *crawl) end(ctx context.Context, status SiteStatus, problem string) error {
	if err := c.Sites.EndCrawl(ctx, c.tenant, c.site.ID, c.site.Run, status, problem); err != nil {
		return fmt.Errorf("end the crawl: %w", err)
	}
	return nil
}

// choose normalises addresses and keeps those that belong to the site, each once.
func (b bounds) choose(addresses []string, limit int) []*url.URL {
	var chosen []*url.URL
	seen := map[string]bool{}
	for _, address := range addresses {
		u, ok := normalise(address)
		if !ok || !b.within(u) || !b.wanted(u) || seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		if chosen = append(chosen, u); len(chosen) == limit {
			break
		}
	}
	return chosen
}

// sentenceOf is what people read of an error.
func sentenceOf(err error) string {
	if known, ok := errors.AsType[*flomastr.Error](err); ok && known.Kind != flomastr.Internal {
		return known.Message
	}
	return "Something went wrong on our side while reading it; it is tried again at the next crawl."
}
