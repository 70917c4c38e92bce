package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
)

var _ contextengine.SiteStore = (*KnowledgeStore)(nil)

// CrawlQueue is the job queue of crawls: they mostly wait, and would keep the places of those that read.
const CrawlQueue = "crawl"

// maxSites is how many sites a tenant may follow; a busy one is counted like any other.
const maxSites = 100

const siteColumns = `id, address, scope, depth, max_pages, include, exclude, every, intent, tags, status, problem, run, sitemapped_run, truncated,
	added_by, created_at, began_at, ended_at, next_at`

func scanSite(row pgx.CollectableRow) (s contextengine.Site, err error) {
	var ended, next *time.Time
	err = row.Scan(&s.ID, &s.Address, &s.Scope, &s.Depth, &s.MaxPages, &s.Include, &s.Exclude, &s.Every, &s.Intent, &s.Tags, &s.Status, &s.Problem,
		&s.Run, &s.Sitemapped, &s.Truncated, &s.By, &s.CreatedAt, &s.BeganAt, &ended, &next)
	s.CreatedAt, s.BeganAt = s.CreatedAt.UTC(), s.BeganAt.UTC()
	if ended != nil {
		s.EndedAt = ended.UTC()
	}
	if next != nil {
		s.NextAt = next.UTC()
	}
	return s, err
}

func oneSite(rows pgx.Rows, err error) (contextengine.Site, error) {
	if err != nil {
		return contextengine.Site{}, err
	}
	site, err := pgx.CollectExactlyOneRow(rows, scanSite)
	if errors.Is(err, pgx.ErrNoRows) {
		return site, contextengine.ErrSiteNotFound
	}
	return site, err
}

// SaveSite implements [contextengine.SiteStore].
func (s *KnowledgeStore) SaveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, address string, r contextengine.SiteRules) (site contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var full bool
		err := tx.QueryRow(ctx, `
			SELECT count(*) >= $2 AND NOT bool_or(address = $3)
			FROM knowledge_sites
			WHERE tenant_id = $1`, tenant, maxSites, address).Scan(&full)
		if err != nil {
			return err
		}
		if full {
			return contextengine.ErrTooManySites
		}
		// The crawl that runs under the older rules ends with its run.
		site, err = oneSite(tx.Query(ctx, `
			INSERT INTO knowledge_sites (tenant_id, id, address, scope, depth, max_pages, include, exclude, every, intent, tags, status, added_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'crawling', $12)
			ON CONFLICT ON CONSTRAINT knowledge_sites_address_key DO UPDATE
			SET scope = EXCLUDED.scope, depth = EXCLUDED.depth, max_pages = EXCLUDED.max_pages, include = EXCLUDED.include,
			    exclude = EXCLUDED.exclude, every = EXCLUDED.every, intent = EXCLUDED.intent, tags = EXCLUDED.tags,
			    run = knowledge_sites.run + 1, status = 'crawling', problem = '', truncated = false, began_at = now(), ended_at = NULL, next_at = NULL
			WHERE knowledge_sites.status <> 'removing'
			RETURNING `+siteColumns,
			tenant, flomastr.NewID[flomastr.SiteID](), address, r.Scope, r.Depth, r.MaxPages, notNil(r.Include), notNil(r.Exclude), r.Every, r.Intent,
			notNil(r.Tags), by))
		if errors.Is(err, contextengine.ErrSiteNotFound) {
			return contextengine.ErrSiteBusy
		}
		if err != nil {
			return err
		}
		return s.crawling(ctx, tx, tenant, by, "knowledge.site_added", site)
	})
	return site, err
}

// crawling adds the job, the audit line and the event of a crawl that begins.
func (s *KnowledgeStore) crawling(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, site contextengine.Site) error {
	// The more of a tenant's sites are read at once, the later comes the next: see inTurn.
	var priority int
	err := tx.QueryRow(ctx, `
		SELECT least(4, greatest(1, count(*)))
		FROM knowledge_sites
		WHERE tenant_id = $1 AND status = 'crawling'`, tenant).Scan(&priority)
	if err != nil {
		return fmt.Errorf("count running crawls: %w", err)
	}
	args := contextengine.CrawlArgs{Tenant: tenant, Site: site.ID, Run: site.Run}
	if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{Queue: CrawlQueue, MaxAttempts: 8, Priority: priority}); err != nil {
		return err
	}
	return noteSite(ctx, tx, tenant, by, action, site)
}

func noteSite(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, site contextengine.Site) error {
	err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "site:" + site.ID.String(), Detail: map[string]string{"address": site.Address}})
	if err != nil {
		return err
	}
	return siteEvent(ctx, tx, tenant, site)
}

// siteEvent tells the tenant's live pages how far a site is.
func siteEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, site contextengine.Site) error {
	return appendEvent(ctx, tx, tenant, "knowledge.site", map[string]any{"id": site.ID, "status": site.Status})
}

// ChangeSite implements [contextengine.SiteStore].
func (s *KnowledgeStore) ChangeSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID, r contextengine.SiteRules) (site contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err = oneSite(tx.Query(ctx, `
			UPDATE knowledge_sites
			SET scope = $3, depth = $4, max_pages = $5, include = $6, exclude = $7, every = $8, intent = $9, tags = $10,
			    next_at = CASE WHEN ended_at IS NULL OR $11 = interval '0' THEN NULL ELSE ended_at + $11 END
			WHERE tenant_id = $1 AND id = $2 AND status <> 'removing'
			RETURNING `+siteColumns,
			tenant, id, r.Scope, r.Depth, r.MaxPages, notNil(r.Include), notNil(r.Exclude), r.Every, r.Intent, notNil(r.Tags), r.Every.Interval()))
		if err != nil {
			return err
		}
		if site.Pages, err = countPages(ctx, tx, tenant, site); err != nil {
			return err
		}
		return noteSite(ctx, tx, tenant, by, "knowledge.site_changed", site)
	})
	return site, err
}

// Site implements [contextengine.SiteStore].
func (s *KnowledgeStore) Site(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) (site contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err = oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2`, tenant, id))
		if err != nil {
			return err
		}
		site.Pages, err = countPages(ctx, tx, tenant, site)
		return err
	})
	return site, err
}

// Sites implements [contextengine.SiteStore].
func (s *KnowledgeStore) Sites(ctx context.Context, tenant flomastr.TenantID) (list []contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND status <> 'removing' ORDER BY address`, tenant)
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, scanSite); err != nil {
			return err
		}
		for i := range list { // at most a hundred, each from an index
			if list[i].Pages, err = countPages(ctx, tx, tenant, list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func countPages(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, site contextengine.Site) (c contextengine.PageCounts, err error) {
	err = tx.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE run < $3 AND $4 = 'crawling'), count(*) FILTER (WHERE state = 'added' AND item_id IS NOT NULL),
		       count(*) FILTER (WHERE state = 'duplicate'), count(*) FILTER (WHERE state = 'skipped'),
		       count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'gone')
		FROM knowledge_site_pages
		WHERE tenant_id = $1 AND site_id = $2`, tenant, site.ID, site.Run, site.Status).
		Scan(&c.Waiting, &c.Added, &c.Duplicate, &c.Skipped, &c.Failed, &c.Gone)
	return c, err
}

// BeginCrawl implements [contextengine.SiteStore].
func (s *KnowledgeStore) BeginCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (site contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err = s.beginCrawl(ctx, tx, tenant, by, id)
		return err
	})
	return site, err
}

func (s *KnowledgeStore) beginCrawl(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (contextengine.Site, error) {
	site, err := oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2 FOR UPDATE`, tenant, id))
	switch {
	case err != nil:
		return site, err
	case site.Status == contextengine.SiteRemoving:
		return site, contextengine.ErrSiteNotFound
	case site.Status == contextengine.SiteCrawling:
		site.Pages, err = countPages(ctx, tx, tenant, site)
		return site, err
	}
	site, err = oneSite(tx.Query(ctx, `
		UPDATE knowledge_sites
		SET run = run + 1, status = 'crawling', problem = '', truncated = false, began_at = now(), ended_at = NULL, next_at = NULL
		WHERE tenant_id = $1 AND id = $2
		RETURNING `+siteColumns, tenant, id))
	if err != nil {
		return site, err
	}
	if site.Pages, err = countPages(ctx, tx, tenant, site); err != nil {
		return site, err
	}
	return site, s.crawling(ctx, tx, tenant, by, "knowledge.site_crawled", site)
}

// BeginDue implements [contextengine.SiteStore].
func (s *KnowledgeStore) BeginDue(ctx context.Context) (begun int, err error) {
	type due struct {
		Tenant flomastr.TenantID
		ID     flomastr.SiteID
	}
	var list []due
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT s.tenant_id, s.id
			FROM knowledge_sites s
			JOIN tenants t ON t.id = s.tenant_id
			WHERE s.next_at <= now() AND t.status = 'active'
			ORDER BY s.next_at
			LIMIT 500`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[due])
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		err := s.db.InTenant(ctx, d.Tenant, func(tx pgx.Tx) error {
			_, err := s.beginCrawl(ctx, tx, d.Tenant, flomastr.ActorSystem, d.ID)
			return err
		})
		if err != nil && !errors.Is(err, contextengine.ErrSiteNotFound) {
			return begun, err
		}
		begun++
	}
	return begun, nil
}

// EndCrawl implements [contextengine.SiteStore].
func (s *KnowledgeStore) EndCrawl(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int, status contextengine.SiteStatus, problem string) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err := endCrawl(ctx, tx, tenant, id, run, status, problem)
		if errors.Is(err, contextengine.ErrSiteNotFound) {
			return nil // ended already, or there is a later run
		}
		if err != nil {
			return err
		}
		return siteEvent(ctx, tx, tenant, site)
	})
}

func endCrawl(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.SiteID, run int, status contextengine.SiteStatus, problem string) (contextengine.Site, error) {
	return oneSite(tx.Query(ctx, `
		UPDATE knowledge_sites
		SET status = $4, problem = $5, ended_at = now(),
		    next_at = CASE every WHEN 'daily' THEN now() + interval '1 day' WHEN 'weekly' THEN now() + interval '7 days'
		                         WHEN 'monthly' THEN now() + interval '30 days' END
		WHERE tenant_id = $1 AND id = $2 AND run = $3 AND status = 'crawling'
		RETURNING `+siteColumns, tenant, id, run, status, problem))
}

// StopCrawl implements [contextengine.SiteStore].
func (s *KnowledgeStore) StopCrawl(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) (site contextengine.Site, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err = oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2 FOR UPDATE`, tenant, id))
		if err != nil {
			return err
		}
		if site.Status == contextengine.SiteCrawling {
			if site, err = endCrawl(ctx, tx, tenant, id, site.Run, contextengine.SiteStopped, ""); err != nil {
				return err
			}
			if err := noteSite(ctx, tx, tenant, by, "knowledge.site_stopped", site); err != nil {
				return err
			}
		}
		site.Pages, err = countPages(ctx, tx, tenant, site)
		return err
	})
	return site, err
}

// RemoveSite implements [contextengine.SiteStore].
func (s *KnowledgeStore) RemoveSite(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.SiteID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err := oneSite(tx.Query(ctx, `
			UPDATE knowledge_sites
			SET status = 'removing', run = run + 1, next_at = NULL, added_by = $3
			WHERE tenant_id = $1 AND id = $2 AND status <> 'removing'
			RETURNING `+siteColumns, tenant, id, by))
		if err != nil {
			return err
		}
		return s.crawling(ctx, tx, tenant, by, "knowledge.site_removed", site)
	})
}

// LeaveItems implements [contextengine.SiteStore].
func (s *KnowledgeStore) LeaveItems(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, limit int) (left int, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err := oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2`, tenant, id))
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT DISTINCT p.item_id
			FROM knowledge_site_pages p
			WHERE p.tenant_id = $1 AND p.site_id = $2 AND p.item_id IS NOT NULL
			  AND NOT EXISTS (SELECT FROM knowledge_site_pages o WHERE o.tenant_id = $1 AND o.item_id = p.item_id AND o.site_id <> $2)
			LIMIT $3`, tenant, id, limit)
		if err != nil {
			return err
		}
		items, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.ItemID])
		if err != nil {
			return err
		}
		for _, item := range items {
			if _, err := s.removeItem(ctx, tx, tenant, site.By, item); err != nil && !errors.Is(err, contextengine.ErrItemNotFound) {
				return err
			}
		}
		left = len(items)
		return nil
	})
	return left, err
}

// ForgetSite implements [contextengine.SiteStore].
func (s *KnowledgeStore) ForgetSite(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM knowledge_sites WHERE tenant_id = $1 AND id = $2 AND status = 'removing'`, tenant, id); err != nil {
			return err
		}
		return siteEvent(ctx, tx, tenant, contextengine.Site{ID: id, Status: "removed"})
	})
}
