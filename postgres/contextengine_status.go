package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// SetProgress implements [contextengine.StatusStore].
func (s *KnowledgeStore) SetProgress(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, p contextengine.Progress) error {
	return s.change(ctx, tenant, id, version, `stage = $4, progress_done = $5, progress_total = $6`, p.Stage, p.Done, p.Total)
}

// FailItem implements [contextengine.StatusStore].
func (s *KnowledgeStore) FailItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, sentence string) error {
	return s.change(ctx, tenant, id, version, `status = 'failed', error = $4, updated_at = now()`, sentence)
}

// FinishItem implements [contextengine.StatusStore].
func (s *KnowledgeStore) FinishItem(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, done contextengine.Finished) error {
	// A page may be named like another item: it keeps the name it has then.
	return s.change(ctx, tenant, id, version, `
		status = 'embedded', error = '', stage = 'done', indexed_version = version, chunks = $4, progress_done = $4, progress_total = $4,
		type = $5, warnings = $6, updated_at = now(),
		title = CASE WHEN EXISTS (SELECT FROM knowledge_index o WHERE o.tenant_id = $1 AND o.title = $7) THEN title ELSE $7 END`,
		done.Chunks, done.Type, notNil(done.Warnings), done.Title)
}

// change sets columns of an item as long as it is still at the version, and tells the live pages.
func (s *KnowledgeStore) change(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, version int, set string, args ...any) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE knowledge_index
			SET `+set+`
			WHERE tenant_id = $1 AND id = $2 AND version = $3
			RETURNING `+knowledgeColumns, append([]any{tenant, id, version}, args...)...)
		if err != nil {
			return err
		}
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[knowledgeRow])
		if errors.Is(err, pgx.ErrNoRows) {
			if _, err := knowledgeItem(ctx, tx, `tenant_id = $1 AND id = $2`, "", tenant, id); err != nil {
				return err
			}
			return contextengine.ErrVersionPassed
		}
		if err != nil {
			return fmt.Errorf("update item: %w", err)
		}
		return itemEvent(ctx, tx, tenant, row.item())
	})
}

// itemEvent tells the tenant's live pages how far an item is.
func itemEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, item contextengine.Item) error {
	return appendEvent(ctx, tx, tenant, "knowledge.item", map[string]any{
		"id": item.ID, "title": item.Title, "status": item.Status, "error": item.Error, "version": item.Version, "chunks": item.Chunks,
		"progress": map[string]any{"stage": item.Progress.Stage, "done": item.Progress.Done, "total": item.Progress.Total},
	})
}

// CountItems implements [contextengine.StatusStore].
func (s *KnowledgeStore) CountItems(ctx context.Context, tenant flomastr.TenantID) (c contextengine.Counts, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE status = 'processing'), count(*) FILTER (WHERE status = 'embedded'),
			       count(*) FILTER (WHERE status = 'failed'), coalesce(sum(chunks), 0)
			FROM knowledge_index
			WHERE tenant_id = $1`, tenant).Scan(&c.Items, &c.Processing, &c.Embedded, &c.Failed, &c.Chunks)
	})
	return c, err
}

// ErrBadCursor is what a cursor gets that no listing gave. The door seals cursors, so that only a fault of ours comes here.
var ErrBadCursor = contextengine.ErrBadCursor

// Items implements [contextengine.StatusStore]. The cursor counts rows: a list that changes meanwhile may show a row
// twice, which people who watch progress prefer to a snapshot.
func (s *KnowledgeStore) Items(ctx context.Context, tenant flomastr.TenantID, l contextengine.Listing) (page contextengine.Page, err error) {
	offset := 0
	if l.Cursor != "" {
		if offset, err = strconv.Atoi(l.Cursor); err != nil || offset < 0 || offset > 1_000_000 {
			return contextengine.Page{}, ErrBadCursor
		}
	}
	order := map[string]string{"": "updated_at DESC, id DESC", "updated_at": "updated_at DESC, id DESC", "created_at": "created_at DESC, id DESC", "title": "title, id"}[l.Sort]
	if order == "" {
		order = "updated_at DESC, id DESC"
	}
	if l.Limit <= 0 || l.Limit > 200 {
		l.Limit = 50
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(l.Search)) + "%"
	const where = `
		WHERE tenant_id = $1
		  AND ($2 = '%%' OR lower(title) LIKE $2 OR lower(url) LIKE $2 OR lower(filename) LIKE $2 OR lower(array_to_string(tags, ' ')) LIKE $2)
		  AND ($3 = '' OR status = $3)
		  AND ($4 = '' OR source = $4)`
	args := []any{tenant, pattern, string(l.Status), string(l.Source)}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM knowledge_index`+where, args...).Scan(&page.Total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT `+knowledgeColumns+` FROM knowledge_index`+where+` ORDER BY `+order+` LIMIT $5 OFFSET $6`, append(args, l.Limit, offset)...)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[knowledgeRow])
		for _, row := range list {
			page.Items = append(page.Items, row.item())
		}
		return err
	})
	if offset+len(page.Items) < page.Total {
		page.Next = strconv.Itoa(offset + len(page.Items))
	}
	return page, err
}

// Limits implements [contextengine.StatusStore].
func (s *KnowledgeStore) Limits(ctx context.Context, tenant flomastr.TenantID) (l contextengine.Limits, err error) {
	l.Tenant = tenant
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT max_file_size_mb::bigint * 1024 * 1024, allowed_file_types
			FROM tenant_policies
			WHERE tenant_id = $1`, tenant).Scan(&l.MaxFileSize, &l.FileTypes)
	})
	return l, err
}
