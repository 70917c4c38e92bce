package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
)

// KnowledgeStore keeps knowledge: its status in the hot database, its content in the tenant's cold one.
type KnowledgeStore struct{ db *DB }

// NewKnowledgeStore makes one.
func NewKnowledgeStore(db *DB) *KnowledgeStore { return &KnowledgeStore{db} }

// KnowledgeQueue is the job queue of ingestion, apart from the others so that bulk work never holds up a conversation.
const KnowledgeQueue = "knowledge"

const (
	knowledgeTitleKey = "knowledge_index_title_key"
	knowledgePageKey  = "knowledge_index_page_key"
)

type knowledgeRow struct {
	ID             flomastr.ItemID
	Title          string
	Source         string
	Type           string
	Filename       string
	URL            string `db:"url"`
	Intent         string
	Tags           []string
	Status         string
	Error          string
	Warnings       []string
	Version        int
	IndexedVersion int
	Chunks         int
	Stage          string
	ProgressDone   int
	ProgressTotal  int
	Size           int64
	ContentHash    []byte
	BlobKey        string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

const knowledgeColumns = `id, title, source, type, filename, url, intent, tags, status, error, warnings, version, indexed_version, chunks,
	stage, progress_done, progress_total, size, content_hash, blob_key, created_at, updated_at`

func (r knowledgeRow) item() contextengine.Item {
	return contextengine.Item{
		ID: r.ID, Title: r.Title, Source: contextengine.Origin(r.Source), Type: r.Type, Filename: r.Filename, URL: r.URL, Intent: r.Intent,
		Tags: r.Tags, Status: contextengine.Status(r.Status), Error: r.Error, Warnings: r.Warnings, Version: r.Version,
		IndexedVersion: r.IndexedVersion, Chunks: r.Chunks, Size: r.Size, Hash: r.ContentHash, BlobKey: r.BlobKey,
		Progress:  contextengine.Progress{Stage: contextengine.Stage(r.Stage), Done: r.ProgressDone, Total: r.ProgressTotal},
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// knowledgeItem reads a row; lock is "" or a locking clause.
func knowledgeItem(ctx context.Context, tx pgx.Tx, where, lock string, args ...any) (contextengine.Item, error) {
	rows, err := tx.Query(ctx, `SELECT `+knowledgeColumns+` FROM knowledge_index WHERE `+where+` `+lock, args...)
	if err != nil {
		return contextengine.Item{}, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[knowledgeRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return contextengine.Item{}, contextengine.ErrItemNotFound
	}
	return row.item(), err
}

// Item implements [contextengine.StatusStore].
func (s *KnowledgeStore) Item(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (item contextengine.Item, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		item, err = knowledgeItem(ctx, tx, `tenant_id = $1 AND id = $2`, "", tenant, id)
		return err
	})
	return item, err
}

// SaveItem implements [contextengine.StatusStore]. Two savings of one title at once: the loser of the unique key tries
// again and finds the winner's row.
func (s *KnowledgeStore) SaveItem(ctx context.Context, tenant flomastr.TenantID, save contextengine.SaveItem) (saved contextengine.Saved, err error) {
	for range 3 {
		err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
			saved, err = s.saveItem(ctx, tx, tenant, save)
			return err
		})
		if save.Edit && violates(err, knowledgeTitleKey) {
			return contextengine.Saved{}, contextengine.ErrTitleTaken
		}
		if !violates(err, knowledgeTitleKey) && !violates(err, knowledgePageKey) {
			return saved, err
		}
	}
	return saved, err
}

func (s *KnowledgeStore) saveItem(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, save contextengine.SaveItem) (contextengine.Saved, error) {
	where, key := `tenant_id = $1 AND title = $2`, save.Title
	if save.Source == contextengine.FromURL {
		where, key = `tenant_id = $1 AND source = 'url' AND md5(url) = md5($2) AND url = $2`, save.URL
	}
	if save.Restored > 0 || save.Edit { // whatever it is called by now
		where, key = `tenant_id = $1 AND id = $2::uuid`, save.ID.String()
	}
	old, err := knowledgeItem(ctx, tx, where, "FOR UPDATE", tenant, key)
	if errors.Is(err, contextengine.ErrItemNotFound) && save.Restored == 0 && !save.Edit {
		return s.insertItem(ctx, tx, tenant, save)
	}
	if err != nil {
		return contextengine.Saved{}, err
	}
	if err := unexchanged(ctx, tx, tenant, old.ID); err != nil {
		return contextengine.Saved{}, err
	}
	if save.Source == contextengine.FromHITL && old.Source != save.Source {
		if save.Edit {
			return contextengine.Saved{}, contextengine.ErrItemNotFound
		}
		return contextengine.Saved{}, contextengine.ErrTitleTaken
	}
	unchanged := save.Hash != nil && string(save.Hash) == string(old.Hash) && old.Status != contextengine.Failed && old.Source == save.Source &&
		(!save.Edit || old.Title == save.Title)
	if unchanged {
		return contextengine.Saved{Item: old, Dropped: save.BlobKey}, nil
	}
	if save.Title == "" || save.Source == contextengine.FromURL || save.Restored > 0 {
		save.Title = old.Title
	}
	rows, err := tx.Query(ctx, `
		UPDATE knowledge_index
		SET title = $3, source = $4, type = $5, filename = $6, url = $7, intent = coalesce(nullif($8, ''), intent),
		    tags = CASE WHEN cardinality($9::text[]) > 0 THEN $9 ELSE tags END,
		    content_hash = $10, size = $11, blob_key = $12,
		    version = version + 1, status = 'processing', error = '', warnings = '{}', stage = 'queued', progress_done = 0, progress_total = 0,
		    updated_at = now()
		WHERE tenant_id = $1 AND id = $2
		RETURNING `+knowledgeColumns,
		tenant, old.ID, save.Title, save.Source, save.Type, save.Filename, save.URL, save.Intent, notNil(save.Tags), save.Hash, save.Size, save.BlobKey)
	if err != nil {
		return contextengine.Saved{}, err
	}
	action := "knowledge.replaced"
	if save.Restored > 0 {
		action = "knowledge.restored"
	}
	saved, err := s.queued(ctx, tx, tenant, action, contextengine.Change{Cause: save.Cause, By: save.By, Restored: save.Restored}, rows)
	saved.Dropped = old.BlobKey
	return saved, err
}

func (s *KnowledgeStore) insertItem(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, save contextengine.SaveItem) (contextengine.Saved, error) {
	if save.Source == contextengine.FromURL { // another item may have the title that was given to a page: the address tells them apart
		taken := false
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM knowledge_index WHERE tenant_id = $1 AND title = $2)`, tenant, save.Title).Scan(&taken); err != nil {
			return contextengine.Saved{}, err
		}
		if taken {
			save.Title = save.Title[:min(len(save.Title), 100)] + " · " + save.ID.String()
		}
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO knowledge_index (tenant_id, id, title, source, type, filename, url, intent, tags, content_hash, size, blob_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		RETURNING `+knowledgeColumns,
		tenant, save.ID, save.Title, save.Source, save.Type, save.Filename, save.URL, save.Intent, notNil(save.Tags), save.Hash, save.Size, save.BlobKey)
	if err != nil {
		return contextengine.Saved{}, err
	}
	return s.queued(ctx, tx, tenant, "knowledge.added", contextengine.Change{Cause: contextengine.Added, By: save.By}, rows)
}

// inTurn is the priority of one more item of a tenant: the more of its items are waiting, the later. River takes jobs in
// the order of their coming, so that one tenant's thousand documents would stand before another's first.
func inTurn(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID) (priority int, err error) {
	err = tx.QueryRow(ctx, `
		SELECT CASE WHEN count(*) <= 2 THEN 1 WHEN count(*) <= 10 THEN 2 WHEN count(*) <= 50 THEN 3 ELSE 4 END
		FROM (SELECT FROM knowledge_index WHERE tenant_id = $1 AND status = 'processing' LIMIT 51) waiting`, tenant).Scan(&priority)
	if err != nil {
		return 0, fmt.Errorf("count what waits: %w", err)
	}
	return priority, nil
}

// queued reads the row just written, and adds its change, its job, its event and its audit line to the same transaction.
func (s *KnowledgeStore) queued(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, action string, change contextengine.Change, rows pgx.Rows) (contextengine.Saved, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[knowledgeRow])
	if err != nil {
		return contextengine.Saved{}, err
	}
	item := row.item()
	change.Version = item.Version
	if err := recordChange(ctx, tx, tenant, item.ID, change); err != nil {
		return contextengine.Saved{}, err
	}
	args := contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}
	priority, err := inTurn(ctx, tx, tenant)
	if err != nil {
		return contextengine.Saved{}, err
	}
	if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{Queue: KnowledgeQueue, MaxAttempts: 8, Priority: priority}); err != nil {
		return contextengine.Saved{}, err
	}
	err = appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: change.By, Action: action, Object: knowledgeObject(item.ID), Detail: map[string]string{
		"title": item.Title, "source": string(item.Source), "version": strconv.Itoa(item.Version),
	}})
	if err != nil {
		return contextengine.Saved{}, err
	}
	return contextengine.Saved{Item: item, Changed: true}, itemEvent(ctx, tx, tenant, item)
}

// Reindex implements [contextengine.StatusStore].
func (s *KnowledgeStore) Reindex(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (contextengine.Item, error) {
	var saved contextengine.Saved
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE knowledge_index
			SET version = version + 1, status = 'processing', error = '', warnings = '{}', stage = 'queued', progress_done = 0, progress_total = 0,
			    blob_key = CASE WHEN source = 'url' THEN '' ELSE blob_key END, -- a page is fetched again, whoever has read it
			    content_hash = CASE WHEN source = 'url' THEN NULL ELSE content_hash END,
			    updated_at = now()
			WHERE tenant_id = $1 AND id = $2
			RETURNING `+knowledgeColumns, tenant, id)
		if err != nil {
			return err
		}
		saved, err = s.queued(ctx, tx, tenant, "knowledge.reindexed", contextengine.Change{Cause: contextengine.Reindexed, By: by}, rows)
		if errors.Is(err, pgx.ErrNoRows) {
			return contextengine.ErrItemNotFound
		}
		if err != nil {
			return err
		}
		return unexchanged(ctx, tx, tenant, id)
	})
	return saved.Item, err
}

// RemoveItem implements [contextengine.StatusStore].
func (s *KnowledgeStore) RemoveItem(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (args contextengine.EraseArgs, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		args, err = s.removeItem(ctx, tx, tenant, by, id)
		return err
	})
	return args, err
}

func (s *KnowledgeStore) removeItem(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ItemID) (contextengine.EraseArgs, error) {
	args := contextengine.EraseArgs{Tenant: tenant, Item: id}
	var title string
	err := tx.QueryRow(ctx, `
		DELETE FROM knowledge_index
		WHERE tenant_id = $1 AND id = $2
		RETURNING title, blob_key`, tenant, id).Scan(&title, &args.BlobKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return args, contextengine.ErrItemNotFound
	}
	if err != nil {
		return args, fmt.Errorf("delete item: %w", err)
	}
	if err := unexchanged(ctx, tx, tenant, id); err != nil {
		return args, err
	}
	if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{Queue: KnowledgeQueue}); err != nil {
		return args, err
	}
	err = appendAudit(ctx, tx, audit.Record{
		Tenant: tenant, Actor: by, Action: "knowledge.deleted", Object: knowledgeObject(id), Detail: map[string]string{"title": title},
	})
	if err != nil {
		return args, err
	}
	return args, appendEvent(ctx, tx, tenant, "knowledge.item", map[string]any{"id": id, "status": "deleted"})
}

func knowledgeObject(id flomastr.ItemID) string { return "knowledge:" + id.String() }

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
