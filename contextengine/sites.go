package contextengine

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
)

// AddSite follows a web site from now on, and begins to read it. Adding an address again gives it these rules.
func (e *Engine) AddSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, address string, rules SiteRules) (Site, error) {
	start, err := e.start(address)
	if err != nil {
		return Site{}, err
	}
	if rules, err = rules.check(); err != nil {
		return Site{}, err
	}
	return e.Sites.SaveSite(ctx, tenant, by, start, rules)
}

func (e *Engine) start(address string) (string, error) {
	if _, err := saveOf(Draft{Source: FromURL, URL: address}); err != nil {
		return "", err
	}
	start, ok := normalise(address)
	if !ok {
		return "", ErrBadURL
	}
	return start.String(), nil
}

// ListSites lists the web sites that a tenant follows, by address.
func (e *Engine) ListSites(ctx context.Context, tenant flomastr.TenantID) ([]Site, error) {
	return e.Sites.Sites(ctx, tenant)
}

// Site finds one.
func (e *Engine) Site(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) (Site, error) {
	return e.Sites.Site(ctx, tenant, id)
}

// SitePages lists what became of a site's pages.
func (e *Engine) SitePages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, ask SitePages) (pages []SitePage, next string, err error) {
	return e.Sites.SitePages(ctx, tenant, id, ask)
}

// ChangeSite changes a site's rules. They count for the pages that are looked at from now on.
func (e *Engine) ChangeSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID, change func(*SiteRules)) (Site, error) {
	site, err := e.Sites.Site(ctx, tenant, id)
	if err != nil {
		return Site{}, err
	}
	change(&site.SiteRules)
	rules, err := site.check()
	if err != nil {
		return Site{}, err
	}
	return e.Sites.ChangeSite(ctx, tenant, by, id, rules)
}

// RemoveSite takes a site and its pages out of the knowledge.
func (e *Engine) RemoveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) error {
	return e.Sites.RemoveSite(ctx, tenant, by, id)
}

// BeginCrawl looks at a site again now; one that is being looked at goes on.
func (e *Engine) BeginCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (Site, error) {
	return e.Sites.BeginCrawl(ctx, tenant, by, id)
}

// StopCrawl ends the running crawl; what it has read stays.
func (e *Engine) StopCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (Site, error) {
	return e.Sites.StopCrawl(ctx, tenant, by, id)
}

// maxPreview is how many addresses a preview shows.
const maxPreview = 200

// Preview is what a crawl would begin with.
type Preview struct {
	Title   string // of the first page
	Sitemap bool   // the site lists its pages
	Pages   []PreviewPage
	More    bool // there are more than are shown
}

// PreviewPage is an address and whether it would be read.
type PreviewPage struct {
	Address string
	Allowed bool // by the site's robots.txt
}

// PreviewSite looks at a site without keeping anything: its first page, its robots.txt and its site map.
func (e *Engine) PreviewSite(ctx context.Context, tenant flomastr.TenantID, address string, rules SiteRules) (Preview, error) {
	start, err := e.start(address)
	if err != nil {
		return Preview{}, err
	}
	if rules, err = rules.check(); err != nil {
		return Preview{}, err
	}
	limits, err := e.Status.Limits(ctx, tenant)
	if err != nil {
		return Preview{}, fmt.Errorf("read limits: %w", err)
	}
	site := Site{Address: start, SiteRules: rules}
	bounds, err := site.bounds()
	if err != nil {
		return Preview{}, err
	}
	robots, err := e.Web.Robots(ctx, bounds.start)
	if err != nil {
		return Preview{}, err
	}
	preview := Preview{}
	found := []string{start}
	if robots.Allows(bounds.start) {
		visit, err := e.Web.Visit(ctx, limits, start, Validators{})
		if err != nil {
			return Preview{}, err
		}
		preview.Title = clipTitle(visit.Document.Title)
		if rules.Scope != ScopePage {
			listed := e.sitemap(ctx, bounds, robots, maxSitePages)
			preview.Sitemap = len(listed) > 0
			found = append(append(found, visit.Document.Links...), listed...)
		}
	}
	for _, page := range bounds.choose(found, maxPreview+1) {
		preview.Pages = append(preview.Pages, PreviewPage{Address: page.String(), Allowed: robots.Allows(page)})
	}
	if preview.More = len(preview.Pages) > maxPreview; preview.More {
		preview.Pages = preview.Pages[:maxPreview]
	}
	return preview, nil
}

// BeginDueCrawls begins the crawls whose time has come.
func (e *Engine) BeginDueCrawls(ctx context.Context) error {
	begun, err := e.Sites.BeginDue(ctx)
	if begun > 0 {
		e.Log.InfoContext(ctx, "crawls begun", "sites", begun)
	}
	return err
}
