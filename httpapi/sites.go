package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Sites is what the door asks of the context engine about web sites.
type Sites interface {
	AddSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, address string, rules contextengine.SiteRules) (contextengine.Site, error)
	PreviewSite(ctx context.Context, tenant flomastr.TenantID, address string, rules contextengine.SiteRules) (contextengine.Preview, error)
	ListSites(ctx context.Context, tenant flomastr.TenantID) ([]contextengine.Site, error)
	Site(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) (contextengine.Site, error)
	ChangeSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID, change func(*contextengine.SiteRules)) (contextengine.Site, error)
	RemoveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) error
	BeginCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (contextengine.Site, error)
	StopCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (contextengine.Site, error)
	SitePages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, ask contextengine.SitePages) ([]contextengine.SitePage, string, error)
}

// SiteRules are the part of a request that says which pages of a web site are wanted.
type SiteRules struct {
	Scope    string   `json:"scope,omitempty" enum:"page,section,site" doc:"One page (when left out), what lies in or below its folder, or the whole host"`
	Depth    int      `json:"depth,omitempty" minimum:"1" maximum:"10" doc:"Links from the first page; 5 when left out"`
	MaxPages int      `json:"max_pages,omitempty" minimum:"1" maximum:"5000" doc:"500 when left out"`
	Include  []string `json:"include,omitempty" maxItems:"50" doc:"Patterns of paths as in robots.txt: a beginning, * for anything, $ for the end; all when left out"`
	Exclude  []string `json:"exclude,omitempty" maxItems:"50" doc:"Pages of these are left out, whatever include says"`
	Every    string   `json:"every,omitempty" enum:"never,daily,weekly,monthly" doc:"How often to look again; never when left out"`
	Intent   string   `json:"intent,omitempty" maxLength:"200"`
	Tags     []string `json:"tags,omitempty" maxItems:"50"`
}

// follows tells whether more than one look at one page is asked for.
func (r SiteRules) follows() bool {
	return r.Scope != "" && r.Scope != string(contextengine.ScopePage) || r.Every != "" && r.Every != string(contextengine.Never)
}

func (r SiteRules) rules() contextengine.SiteRules {
	rules := contextengine.SiteRules{
		Scope: contextengine.Scope(r.Scope), Depth: r.Depth, MaxPages: r.MaxPages, Include: r.Include, Exclude: r.Exclude,
		Every: contextengine.Every(r.Every), Intent: r.Intent, Tags: r.Tags,
	}
	if r.Scope == "" {
		rules.Scope = contextengine.ScopePage
	}
	return rules
}

type webSite struct {
	ID        flomastr.SiteID `json:"id" format:"uuid"`
	Address   string          `json:"address" doc:"Where a crawl begins"`
	Scope     string          `json:"scope" enum:"page,section,site"`
	Depth     int             `json:"depth"`
	MaxPages  int             `json:"max_pages"`
	Include   []string        `json:"include"`
	Exclude   []string        `json:"exclude"`
	Every     string          `json:"every" enum:"never,daily,weekly,monthly"`
	Intent    string          `json:"intent"`
	Tags      []string        `json:"tags"`
	Status    string          `json:"status" enum:"crawling,ready,stopped,failed,removing"`
	Problem   string          `json:"problem" doc:"A sentence, when failed"`
	Truncated bool            `json:"truncated" doc:"There are more pages than max_pages"`
	Pages     sitePageCounts  `json:"pages"`
	BeganAt   time.Time       `json:"began_at"`
	EndedAt   *time.Time      `json:"ended_at,omitempty"`
	NextAt    *time.Time      `json:"next_at,omitempty" doc:"When it is looked at again by itself"`
}

type sitePageCounts struct {
	Waiting   int `json:"waiting" doc:"Not looked at yet by the running crawl"`
	Added     int `json:"added"`
	Duplicate int `json:"duplicate"`
	Skipped   int `json:"skipped"`
	Failed    int `json:"failed"`
	Gone      int `json:"gone"`
}

func siteOf(s contextengine.Site) webSite {
	return webSite{
		ID: s.ID, Address: s.Address, Scope: string(s.Scope), Depth: s.Depth, MaxPages: s.MaxPages, Include: orEmpty(s.Include), Exclude: orEmpty(s.Exclude),
		Every: string(s.Every), Intent: s.Intent, Tags: orEmpty(s.Tags), Status: string(s.Status), Problem: s.Problem, Truncated: s.Truncated,
		Pages: sitePageCounts(s.Pages), BeganAt: s.BeganAt, EndedAt: given(s.EndedAt), NextAt: given(s.NextAt),
	}
}

type siteOutput struct{ Body webSite }

func oneSite(site contextengine.Site, err error) (*siteOutput, error) {
	if err != nil {
		return nil, err
	}
	return &siteOutput{siteOf(site)}, nil
}

// SitePath names a web site.
type SitePath struct {
	TenantSlug string `path:"tenant_slug"`
	ID         string `path:"id" doc:"The site's id"`
}

func (p SitePath) id() (flomastr.SiteID, error) {
	id, err := flomastr.ParseID[flomastr.SiteID](p.ID)
	if err != nil {
		return id, contextengine.ErrSiteNotFound
	}
	return id, nil
}

type siteListInput struct {
	TenantSlug string `path:"tenant_slug"`
}

type siteListOutput struct {
	Body struct {
		Sites []webSite `json:"sites"`
	}
}

func (a *API) siteList(ctx context.Context, call Call, _ *siteListInput) (*siteListOutput, error) {
	list, err := a.deps.Knowledge.ListSites(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &siteListOutput{}
	out.Body.Sites = make([]webSite, len(list))
	for i, s := range list {
		out.Body.Sites[i] = siteOf(s)
	}
	return out, nil
}

func (a *API) siteGet(ctx context.Context, call Call, in *SitePath) (*siteOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneSite(a.deps.Knowledge.Site(ctx, call.Tenant.ID, id))
}

type siteChangeInput struct {
	SitePath
	Body struct {
		Scope    *string   `json:"scope,omitempty" enum:"page,section,site"`
		Depth    *int      `json:"depth,omitempty" minimum:"1" maximum:"10"`
		MaxPages *int      `json:"max_pages,omitempty" minimum:"1" maximum:"5000"`
		Include  *[]string `json:"include,omitempty" maxItems:"50"`
		Exclude  *[]string `json:"exclude,omitempty" maxItems:"50"`
		Every    *string   `json:"every,omitempty" enum:"never,daily,weekly,monthly"`
		Intent   *string   `json:"intent,omitempty" maxLength:"200"`
		Tags     *[]string `json:"tags,omitempty" maxItems:"50"`
	}
}

// siteChange changes the rules that are named; they count for the pages that are looked at from now on.
func (a *API) siteChange(ctx context.Context, call Call, in *siteChangeInput) (*siteOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneSite(a.deps.Knowledge.ChangeSite(ctx, call.Tenant.ID, call.Caller.Actor(), id, func(r *contextengine.SiteRules) {
		set((*string)(&r.Scope), in.Body.Scope)
		set(&r.Depth, in.Body.Depth)
		set(&r.MaxPages, in.Body.MaxPages)
		set(&r.Include, in.Body.Include)
		set(&r.Exclude, in.Body.Exclude)
		set((*string)(&r.Every), in.Body.Every)
		set(&r.Intent, in.Body.Intent)
		set(&r.Tags, in.Body.Tags)
	}))
}

// siteRemove takes the site's pages out of the knowledge; that goes on after the answer.
func (a *API) siteRemove(ctx context.Context, call Call, in *SitePath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.deps.Knowledge.RemoveSite(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}

func (a *API) siteCrawl(ctx context.Context, call Call, in *SitePath) (*siteOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneSite(a.deps.Knowledge.BeginCrawl(ctx, call.Tenant.ID, call.Caller.Actor(), id))
}

func (a *API) siteStop(ctx context.Context, call Call, in *SitePath) (*siteOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return oneSite(a.deps.Knowledge.StopCrawl(ctx, call.Tenant.ID, call.Caller.Actor(), id))
}

type sitePage struct {
	Address   string           `json:"address"`
	Depth     int              `json:"depth"`
	State     string           `json:"state" enum:"waiting,added,duplicate,skipped,failed,gone"`
	Problem   string           `json:"problem" doc:"A sentence, of a page that is skipped or failed"`
	SameAs    string           `json:"same_as" doc:"The address that a duplicate repeats"`
	ItemID    *flomastr.ItemID `json:"item_id,omitempty" format:"uuid"`
	CheckedAt *time.Time       `json:"checked_at,omitempty"`
}

type sitePagesInput struct {
	SitePath
	PageCursor
	State string `query:"state" enum:"waiting,added,duplicate,skipped,failed,gone" required:"false"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type sitePagesOutput struct {
	Body struct {
		Pages      []sitePage `json:"pages"`
		NextCursor string     `json:"next_cursor,omitempty"`
	}
}

func (o *sitePagesOutput) next() *string { return &o.Body.NextCursor }

func (a *API) sitePages(ctx context.Context, call Call, in *sitePagesInput) (*sitePagesOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	list, next, err := a.deps.Knowledge.SitePages(ctx, call.Tenant.ID, id, contextengine.SitePages{State: contextengine.PageState(in.State), Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &sitePagesOutput{}
	out.Body.NextCursor, out.Body.Pages = next, make([]sitePage, len(list))
	for i, p := range list {
		out.Body.Pages[i] = sitePage{Address: p.Address, Depth: p.Depth, State: string(p.State), Problem: p.Problem, SameAs: p.SameAs, CheckedAt: given(p.CheckedAt)}
		if !p.Item.IsZero() {
			out.Body.Pages[i].ItemID = &p.Item
		}
	}
	return out, nil
}

type sitePreviewInput struct {
	TenantSlug string `path:"tenant_slug"`
	Body       struct {
		URL string `json:"url" minLength:"1" maxLength:"2000"`
		SiteRules
	}
}

type sitePreviewOutput struct {
	Body struct {
		Title   string        `json:"title" doc:"Of the first page"`
		Sitemap bool          `json:"sitemap" doc:"The site lists its pages"`
		Pages   []previewPage `json:"pages" doc:"What a crawl would begin with, at most 200"`
		More    bool          `json:"more"`
	}
}

type previewPage struct {
	Address string `json:"address"`
	Allowed bool   `json:"allowed" doc:"By the site's robots.txt"`
}

// sitePreview looks at a site and keeps nothing.
func (a *API) sitePreview(ctx context.Context, call Call, in *sitePreviewInput) (*sitePreviewOutput, error) {
	preview, err := a.deps.Knowledge.PreviewSite(ctx, call.Tenant.ID, in.Body.URL, in.Body.rules())
	if err != nil {
		return nil, err
	}
	out := &sitePreviewOutput{}
	out.Body.Title, out.Body.Sitemap, out.Body.More = preview.Title, preview.Sitemap, preview.More
	out.Body.Pages = make([]previewPage, len(preview.Pages))
	for i, p := range preview.Pages {
		out.Body.Pages[i] = previewPage(p)
	}
	return out, nil
}
