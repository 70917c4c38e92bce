package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
)

const (
	openReleaseKey = "knowledge_releases_open_key"
	changedItemKey = "release_changes_item_key"
	keptReleases   = 50 // in a list
)

const releaseColumns = `r.id, r.name, r.state, r.held, r.staged_by, r.created_at, r.changed_at,
	(SELECT count(*) FROM release_changes c WHERE c.tenant_id = r.tenant_id AND c.release_id = r.id)`

func scanRelease(row pgx.CollectableRow) (r contextengine.Release, err error) {
	err = row.Scan(&r.ID, &r.Name, &r.State, &r.Held, &r.By, &r.CreatedAt, &r.ChangedAt, &r.Count)
	r.CreatedAt, r.ChangedAt = r.CreatedAt.UTC(), r.ChangedAt.UTC()
	return r, err
}

func readRelease(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ReleaseID, lock string) (contextengine.Release, error) {
	rows, err := tx.Query(ctx, `SELECT `+releaseColumns+` FROM knowledge_releases r WHERE r.tenant_id = $1 AND r.id = $2 `+lock, tenant, id)
	if err != nil {
		return contextengine.Release{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRelease)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, contextengine.ErrReleaseNotFound
	}
	return r, err
}

// ItemTitled implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) ItemTitled(ctx context.Context, tenant flomastr.TenantID, title string) (item contextengine.Item, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		item, err = knowledgeItem(ctx, tx, `tenant_id = $1 AND title = $2`, "", tenant, title)
		return err
	})
	return item, err
}

// StageRelease implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) StageRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, name string) (r contextengine.Release, err error) {
	id := flomastr.NewID[flomastr.ReleaseID]()
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO knowledge_releases (tenant_id, id, name, staged_by) VALUES ($1, $2, $3, $4)`, tenant, id, name, by)
		if violates(err, openReleaseKey) {
			return contextengine.ErrReleaseStaged
		}
		if err != nil {
			return err
		}
		if r, err = readRelease(ctx, tx, tenant, id, ""); err != nil {
			return err
		}
		return noteRelease(ctx, tx, tenant, by, "knowledge.release_staged", r)
	})
	return r, err
}

// noteRelease writes an act on a release down, and tells the tenant's live pages.
func noteRelease(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, r contextengine.Release) error {
	err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "release:" + r.ID.String(), Detail: map[string]string{
		"name": r.Name, "changes": strconv.Itoa(r.Count),
	}})
	if err != nil {
		return err
	}
	return releaseEvent(ctx, tx, tenant, r.ID)
}

func releaseEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ReleaseID) error {
	return appendEvent(ctx, tx, tenant, "knowledge.release", map[string]any{"id": id})
}

// Releases implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) Releases(ctx context.Context, tenant flomastr.TenantID) (list []contextengine.Release, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+releaseColumns+`
			FROM knowledge_releases r
			WHERE r.tenant_id = $1
			ORDER BY r.created_at DESC, r.id DESC
			LIMIT $2`, tenant, keptReleases)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanRelease)
		return err
	})
	return list, err
}

// Release implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) Release(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (r contextengine.Release, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if r, err = readRelease(ctx, tx, tenant, id, ""); err != nil {
			return err
		}
		r.Changes, err = readChanges(ctx, tx, tenant, r)
		return err
	})
	return r, err
}

// changeColumns are those of the table named c, with what is known of the item now, the row named k.
const changeColumns = `c.id, c.release_id, c.kind, c.status, c.error, c.base, c.changed_by, c.changed_at,
	c.item_id, c.title, c.source, c.type, c.filename, c.url, c.intent, c.tags, c.size, c.content_hash, c.blob_key, c.chunks,
	CASE WHEN c.reserved > 0 THEN c.reserved ELSE c.version END, c.present,
	k.id IS NOT NULL, coalesce(k.indexed_version, 0), coalesce(k.status = 'processing', false),
	k.id IS NULL AND c.present AND EXISTS (SELECT FROM knowledge_index o WHERE o.tenant_id = c.tenant_id AND o.title = c.title)`

const changeRows = `release_changes c LEFT JOIN knowledge_index k ON k.tenant_id = c.tenant_id AND k.id = c.item_id`

// Why a change cannot be exchanged.
const (
	conflictDeleted = "This entry was deleted since."
	conflictChanged = "This entry has changed since, or is being read anew."
	conflictTitle   = "Another entry has this title now."
)

func scanChange(row pgx.CollectableRow) (c contextengine.ReleaseChange, err error) {
	var present, exists, busy, taken bool
	var serving int
	i := &c.Held
	err = row.Scan(&c.ID, &c.Release, &c.Kind, &c.Status, &c.Error, &c.Base, &c.By, &c.At,
		&i.ID, &i.Title, &i.Source, &i.Type, &i.Filename, &i.URL, &i.Intent, &i.Tags, &i.Size, &i.Hash, &i.BlobKey, &i.Chunks,
		&i.Version, &present, &exists, &serving, &busy, &taken)
	c.At = c.At.UTC()
	switch {
	case c.Status != contextengine.Embedded:
	case c.Base > 0 && !exists:
		c.Conflict = conflictDeleted
	case exists && (busy || serving != c.Base):
		c.Conflict = conflictChanged
	case taken:
		c.Conflict = conflictTitle
	}
	return c, err
}

func readChanges(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, r contextengine.Release) ([]contextengine.ReleaseChange, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+changeColumns+`
		FROM `+changeRows+`
		WHERE c.tenant_id = $1 AND c.release_id = $2
		ORDER BY c.id`, tenant, r.ID)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanChange)
	if r.State == contextengine.ReleasePromoting || r.State == contextengine.ReleaseRollingBack {
		for i := range list {
			list[i].Conflict = "" // the items are being read anew by itself
		}
	}
	return list, err
}

// Change implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) Change(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID) (c contextengine.ReleaseChange, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		c, err = readChange(ctx, tx, tenant, id)
		return err
	})
	return c, err
}

func readChange(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ReleaseChangeID) (contextengine.ReleaseChange, error) {
	rows, err := tx.Query(ctx, `SELECT `+changeColumns+` FROM `+changeRows+` WHERE c.tenant_id = $1 AND c.id = $2`, tenant, id)
	if err != nil {
		return contextengine.ReleaseChange{}, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanChange)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, contextengine.ErrChangeNotFound
	}
	return c, err
}

// openRelease locks a release that takes changes.
func openRelease(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ReleaseID) (contextengine.Release, error) {
	r, err := readRelease(ctx, tx, tenant, id, "FOR UPDATE")
	switch {
	case err != nil:
		return r, err
	case r.State == contextengine.ReleasePromoting || r.State == contextengine.ReleaseRollingBack:
		return r, contextengine.ErrReleaseRunning
	case r.State != contextengine.ReleaseOpen && r.State != contextengine.ReleaseRolledBack || !r.Held:
		return r, contextengine.ErrReleaseClosed
	}
	return r, nil
}

// SaveChange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) SaveChange(ctx context.Context, tenant flomastr.TenantID, c contextengine.ReleaseChange) (saved contextengine.ReleaseChange, freed contextengine.UnstageArgs, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := openRelease(ctx, tx, tenant, c.Release)
		if err != nil {
			return err
		}
		// What is new is known by its title alone, so that staging it again replaces it.
		if freed, err = s.dropChanges(ctx, tx, tenant, `release_id = $2 AND (item_id = $3 OR kind = 'add' AND $4 = 'add' AND title = $5)`,
			c.Release, c.Held.ID, c.Kind, c.Held.Title); err != nil {
			return err
		}
		if r.Count-len(freed.Changes) >= contextengine.MaxReleaseChanges {
			return contextengine.ErrReleaseFull
		}
		i := c.Held
		if _, err := tx.Exec(ctx, `
			INSERT INTO release_changes (tenant_id, id, release_id, item_id, kind, changed_by, present, title, source, type, filename, url, intent, tags, size, content_hash, blob_key)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			tenant, c.ID, c.Release, i.ID, c.Kind, c.By, c.Kind != contextengine.ChangeRemoves, i.Title, i.Source, i.Type, i.Filename, i.URL, i.Intent, notNil(i.Tags),
			i.Size, i.Hash, i.BlobKey); err != nil {
			return err
		}
		priority, err := inTurn(ctx, tx, tenant)
		if err != nil {
			return err
		}
		if err := s.db.Enqueue(ctx, tx, contextengine.StageArgs{Tenant: tenant, Change: c.ID}, &river.InsertOpts{Queue: KnowledgeQueue, MaxAttempts: 8, Priority: priority}); err != nil {
			return err
		}
		if saved, err = readChange(ctx, tx, tenant, c.ID); err != nil {
			return err
		}
		return noteChange(ctx, tx, tenant, c.By, "knowledge.release_changed", saved)
	})
	return saved, freed, err
}

func noteChange(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, c contextengine.ReleaseChange) error {
	err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "release:" + c.Release.String(), Detail: map[string]string{
		"change": string(c.Kind), "item": c.Held.ID.String(), "title": c.Held.Title,
	}})
	if err != nil {
		return err
	}
	return releaseEvent(ctx, tx, tenant, c.Release)
}

// dropChanges deletes changes, and makes the job that frees what they hold. The condition's first parameter is the tenant.
func (s *KnowledgeStore) dropChanges(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, where string, args ...any) (contextengine.UnstageArgs, error) {
	freed := contextengine.UnstageArgs{Tenant: tenant}
	rows, err := tx.Query(ctx, `DELETE FROM release_changes WHERE tenant_id = $1 AND `+where+` RETURNING id, blob_key`, append([]any{tenant}, args...)...)
	if err != nil {
		return freed, err
	}
	var id flomastr.ReleaseChangeID
	var blob string
	_, err = pgx.ForEachRow(rows, []any{&id, &blob}, func() error {
		freed.Changes = append(freed.Changes, id)
		if blob != "" {
			freed.Blobs = append(freed.Blobs, blob)
		}
		return nil
	})
	if err != nil || len(freed.Changes) == 0 {
		return freed, err
	}
	return freed, s.db.Enqueue(ctx, tx, freed, &river.InsertOpts{Queue: KnowledgeQueue})
}

// DropChange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) DropChange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, release flomastr.ReleaseID, id flomastr.ReleaseChangeID) (freed contextengine.UnstageArgs, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := readRelease(ctx, tx, tenant, release, "FOR UPDATE")
		if err != nil {
			return err
		}
		if r.State == contextengine.ReleasePromoting || r.State == contextengine.ReleaseRollingBack {
			return contextengine.ErrReleaseRunning
		}
		c, err := readChange(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if c.Release != release {
			return contextengine.ErrChangeNotFound
		}
		if freed, err = s.dropChanges(ctx, tx, tenant, `id = $2`, id); err != nil {
			return err
		}
		return noteChange(ctx, tx, tenant, by, "knowledge.release_change_dropped", c)
	})
	return freed, err
}

// DiscardRelease implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) DiscardRelease(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID) (freed contextengine.UnstageArgs, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := readRelease(ctx, tx, tenant, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		switch r.State {
		case contextengine.ReleasePromoting, contextengine.ReleaseRollingBack:
			return contextengine.ErrReleaseRunning
		case contextengine.ReleasePromoted: // goes on serving
		default:
			r.State = contextengine.ReleaseDiscarded
		}
		if freed, err = s.letGo(ctx, tx, tenant, id, r.State); err != nil {
			return err
		}
		return noteRelease(ctx, tx, tenant, by, "knowledge.release_discarded", r)
	})
	return freed, err
}

// letGo deletes all that a release holds.
func (s *KnowledgeStore) letGo(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ReleaseID, state contextengine.ReleaseState) (contextengine.UnstageArgs, error) {
	if _, err := tx.Exec(ctx, `
		UPDATE knowledge_releases
		SET held = false, state = $3, changed_at = CASE WHEN state = $3 THEN changed_at ELSE now() END
		WHERE tenant_id = $1 AND id = $2`, tenant, id, state); err != nil {
		return contextengine.UnstageArgs{}, err
	}
	return s.dropChanges(ctx, tx, tenant, `release_id = $2`, id)
}

// ChangeStaged implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) ChangeStaged(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID, base, chunks int) error {
	return s.setChange(ctx, tenant, id, `status = 'embedded', error = '', base = $3, chunks = $4`, base, chunks)
}

// FailChange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) FailChange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID, sentence string) error {
	return s.setChange(ctx, tenant, id, `status = 'failed', error = $3`, sentence)
}

func (s *KnowledgeStore) setChange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseChangeID, set string, args ...any) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var release flomastr.ReleaseID
		err := tx.QueryRow(ctx, `UPDATE release_changes SET `+set+` WHERE tenant_id = $1 AND id = $2 AND status = 'processing' RETURNING release_id`,
			append([]any{tenant, id}, args...)...).Scan(&release)
		if errors.Is(err, pgx.ErrNoRows) {
			_, err := readChange(ctx, tx, tenant, id)
			return err
		}
		if err != nil {
			return fmt.Errorf("update change: %w", err)
		}
		return releaseEvent(ctx, tx, tenant, release)
	})
}
