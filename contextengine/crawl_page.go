package contextengine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// Why a page is skipped, in words.
const (
	skippedRules   = "It is not among the pages that the settings of this site ask for."
	skippedRobots  = "The site's robots.txt asks not to read it."
	skippedNoIndex = "The page asks not to be kept in an index."
	skippedPerson  = "Somebody removed it from the knowledge."
	skippedElse    = "It leads to another site."
	skippedEmpty   = "The page holds no text. It may need a browser to fill itself in."
)

// look decides what becomes of a page, and writes it into it. Whatever is wrong with the page is no error; wait is how long
// its server asked to be left alone.
func (c *crawl) look(ctx context.Context, page *SitePage) (wait time.Duration, err error) {
	u, ok := normalise(page.Address)
	switch {
	case !ok || !c.bounds.within(u) || !c.bounds.wanted(u):
		without(page, PageSkipped, skippedRules, "")
		return 0, nil
	case !c.robots.Allows(u):
		without(page, PageSkipped, skippedRobots, "")
		return 0, nil
	case page.Had && page.Item.IsZero() || page.Problem == skippedPerson:
		without(page, PageSkipped, skippedPerson, "")
		return 0, nil
	}
	known := page.Validators
	if page.Item.IsZero() {
		known = Validators{} // whatever the page was, we do not have it
	}
	visit, err := c.Web.Visit(ctx, c.limits, page.Address, known)
	if err != nil {
		return c.failed(ctx, page, err)
	}
	return 0, c.settle(ctx, u, page, visit)
}

// failed keeps what is known of a page that could not be read this time.
func (c *crawl) failed(ctx context.Context, page *SitePage, err error) (time.Duration, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err() // the server stops; the page waits
	}
	page.State, page.Problem = PageFailed, sentenceOf(err)
	if known, ok := errors.AsType[*flomastr.Error](err); ok {
		return known.RetryAfter, nil
	}
	return 0, nil
}

func (c *crawl) settle(ctx context.Context, u *url.URL, page *SitePage, visit Visit) error {
	if visit.NotModified {
		page.State, page.Problem = PageAdded, ""
		return nil
	}
	if visit.Gone {
		without(page, PageGone, "", "")
		return nil
	}
	page.Validators = visit.Validators
	if at, ok := normalise(visit.Address); !ok || at.String() != u.String() {
		return c.moved(ctx, page, at, ok)
	}
	if !visit.NoFollow {
		if err := c.found(ctx, page.Depth+1, c.bounds.choose(visit.Document.Links, maxPageLinks)); err != nil {
			return err
		}
	}
	if visit.NoIndex {
		without(page, PageSkipped, skippedNoIndex, "")
		return nil
	}
	if visit.Canonical != "" {
		if at, ok := normalise(visit.Canonical); ok && at.String() != u.String() && c.bounds.within(at) && c.bounds.wanted(at) {
			if err := c.found(ctx, page.Depth, []*url.URL{at}); err != nil {
				return err
			}
			without(page, PageDuplicate, "", at.String())
			return nil
		}
	}
	if strings.TrimSpace(visit.Document.Markdown) == "" {
		without(page, PageSkipped, skippedEmpty, "")
		return nil
	}
	return c.keep(ctx, page, visit)
}

// moved settles a page that leads on: what it leads to is looked at for itself, under its own address.
func (c *crawl) moved(ctx context.Context, page *SitePage, to *url.URL, ok bool) error {
	if !ok || bare(to) != bare(c.bounds.start) || !c.bounds.within(to) || !c.bounds.wanted(to) {
		if page.Depth == 0 && ok {
			without(page, PageFailed, "It leads to "+to.Scheme+"://"+to.Host+to.Path+"; add that address instead.", "")
			return nil
		}
		without(page, PageSkipped, skippedElse, "")
		return nil
	}
	if err := c.found(ctx, page.Depth, []*url.URL{to}); err != nil {
		return err
	}
	without(page, PageDuplicate, "", to.String())
	return nil
}

// keep makes the page an item, or folds it into the page that says the same.
func (c *crawl) keep(ctx context.Context, page *SitePage, visit Visit) error {
	sum := sha256.Sum256([]byte(visit.Document.Markdown))
	page.Hash = sum[:]
	same, err := c.Sites.SamePage(ctx, c.tenant, c.site.ID, page.Hash, page.Address)
	if err != nil {
		return fmt.Errorf("look for the same page: %w", err)
	}
	if same != "" {
		without(page, PageDuplicate, "", same)
		return nil
	}
	visit.Document.Links = nil // other links alone make no other text
	item, err := c.Add(ctx, c.tenant, Draft{
		Source: FromURL, URL: page.Address, Document: &visit.Document, Intent: c.site.Intent, Tags: c.site.Tags, By: c.site.By,
	})
	switch {
	case err == nil:
		page.State, page.Problem, page.SameAs, page.Item = PageAdded, "", "", item.ID
		return nil
	case again(err):
		return fmt.Errorf("keep page: %w", err)
	}
	page.State, page.Problem = PageFailed, sentenceOf(err)
	return nil
}

// without settles a page that is no item; the item that it was goes with the commit that says so.
func without(page *SitePage, state PageState, why, sameAs string) {
	page.State, page.Problem, page.SameAs = state, why, sameAs
	page.Leaves, page.Item = page.Item, flomastr.ItemID{}
}
