package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

const sitePageColumns = `no, address, depth, state, problem, same_as, item_id, hash, etag, modified, checked_at`

// sitePageRow is a page with its number, by which lists go on.
type sitePageRow struct {
	no   int64
	page contextengine.SitePage
}

func scanSitePage(row pgx.CollectableRow) (r sitePageRow, err error) {
	var checked *time.Time
	p := &r.page
	err = row.Scan(&r.no, &p.Address, &p.Depth, &p.State, &p.Problem, &p.SameAs, &p.Item, &p.Hash, &p.ETag, &p.Modified, &checked)
	if checked != nil {
		p.CheckedAt = checked.UTC()
	}
	p.Had = p.State == contextengine.PageAdded
	return r, err
}

// SitePages implements [contextengine.SiteStore].
func (s *KnowledgeStore) SitePages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, ask contextengine.SitePages) (pages []contextengine.SitePage, next string, err error) {
	after := int64(0)
	if ask.Cursor != "" {
		if after, err = strconv.ParseInt(ask.Cursor, 10, 64); err != nil {
			return nil, "", ErrBadCursor
		}
	}
	if ask.Limit <= 0 || ask.Limit > 200 {
		ask.Limit = 50
	}
	var list []sitePageRow
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2`, tenant, id)); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT `+sitePageColumns+`
			FROM knowledge_site_pages
			WHERE tenant_id = $1 AND site_id = $2 AND no > $3 AND ($4 = '' OR state = $4)
			ORDER BY no
			LIMIT $5`, tenant, id, after, string(ask.State), ask.Limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanSitePage)
		return err
	})
	if len(list) > ask.Limit {
		list = list[:ask.Limit]
		next = strconv.FormatInt(list[ask.Limit-1].no, 10)
	}
	for _, row := range list {
		pages = append(pages, row.page)
	}
	return pages, next, err
}

// NextPage implements [contextengine.SiteStore].
func (s *KnowledgeStore) NextPage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int) (page contextengine.SitePage, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+sitePageColumns+`
			FROM knowledge_site_pages
			WHERE tenant_id = $1 AND site_id = $2 AND run < $3
			ORDER BY depth, no
			LIMIT 1`, tenant, id, run)
		if err != nil {
			return err
		}
		row, err := pgx.CollectExactlyOneRow(rows, scanSitePage)
		if errors.Is(err, pgx.ErrNoRows) {
			return contextengine.ErrNoPage
		}
		page = row.page
		return err
	})
	return page, err
}

// FoundPages implements [contextengine.SiteStore].
func (s *KnowledgeStore) FoundPages(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, depth int, addresses []string) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			WITH site AS (
			  SELECT max_pages - (SELECT count(*) FROM knowledge_site_pages WHERE tenant_id = $1 AND site_id = $2 AND state <> 'gone') AS room
			  FROM knowledge_sites
			  WHERE tenant_id = $1 AND id = $2
			), fresh AS (
			  SELECT f.address, f.at
			  FROM unnest($4::text[]) WITH ORDINALITY f(address, at)
			  WHERE NOT EXISTS (SELECT FROM knowledge_site_pages p WHERE p.tenant_id = $1 AND p.site_id = $2 AND p.address = f.address)
			), full_now AS (
			  UPDATE knowledge_sites
			  SET truncated = true
			  WHERE tenant_id = $1 AND id = $2 AND NOT truncated AND (SELECT count(*) FROM fresh) > (SELECT room FROM site)
			)
			INSERT INTO knowledge_site_pages (tenant_id, site_id, address, depth)
			SELECT $1, $2, address, $3
			FROM fresh
			ORDER BY at
			LIMIT greatest(0, (SELECT room FROM site))
			ON CONFLICT DO NOTHING`, tenant, id, depth, addresses)
		return err
	})
}

// Sitemapped implements [contextengine.SiteStore].
func (s *KnowledgeStore) Sitemapped(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE knowledge_sites SET sitemapped_run = $3 WHERE tenant_id = $1 AND id = $2`, tenant, id, run)
		return err
	})
}

// SamePage implements [contextengine.SiteStore].
func (s *KnowledgeStore) SamePage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, hash []byte, but string) (address string, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT address
			FROM knowledge_site_pages
			WHERE tenant_id = $1 AND site_id = $2 AND hash = $3 AND address <> $4 AND item_id IS NOT NULL
			ORDER BY no
			LIMIT 1`, tenant, id, hash, but).Scan(&address)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return address, err
}

// SettlePage implements [contextengine.SiteStore].
func (s *KnowledgeStore) SettlePage(ctx context.Context, tenant flomastr.TenantID, id flomastr.SiteID, run int, p contextengine.SitePage) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		site, err := oneSite(tx.Query(ctx, `SELECT `+siteColumns+` FROM knowledge_sites WHERE tenant_id = $1 AND id = $2`, tenant, id))
		if errors.Is(err, contextengine.ErrSiteNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		// An item that was removed while the page was read is no longer there to be named.
		_, err = tx.Exec(ctx, `
			UPDATE knowledge_site_pages
			SET run = $4, state = $5, problem = $6, same_as = $7, hash = $9, etag = $10, modified = $11, checked_at = now(),
			    item_id = (SELECT i.id FROM knowledge_index i WHERE i.tenant_id = $1 AND i.id = $8 FOR KEY SHARE)
			WHERE tenant_id = $1 AND site_id = $2 AND address = $3`,
			tenant, id, p.Address, run, p.State, p.Problem, p.SameAs, p.Item, p.Hash, p.ETag, p.Modified)
		if err != nil {
			return fmt.Errorf("write page: %w", err)
		}
		if p.Leaves.IsZero() {
			return siteEvent(ctx, tx, tenant, site)
		}
		var shared bool
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM knowledge_site_pages WHERE tenant_id = $1 AND item_id = $2)`, tenant, p.Leaves).Scan(&shared)
		if err != nil {
			return err
		}
		if !shared {
			if _, err := s.removeItem(ctx, tx, tenant, site.By, p.Leaves); err != nil && !errors.Is(err, contextengine.ErrItemNotFound) {
				return err
			}
		}
		return siteEvent(ctx, tx, tenant, site)
	})
}
