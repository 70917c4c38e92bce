package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine"
)

// BeginExchange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) BeginExchange(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.ReleaseID, promote bool) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := readRelease(ctx, tx, tenant, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if begun, err := begins(r, promote); begun || err != nil {
			return err
		}
		if err := s.reserve(ctx, tx, tenant, r); err != nil {
			return err
		}
		state, action := contextengine.ReleaseRollingBack, "knowledge.release_rolled_back"
		if promote {
			state, action = contextengine.ReleasePromoting, "knowledge.release_promoted"
		}
		_, err = tx.Exec(ctx, `UPDATE knowledge_releases SET state = $3, changed_at = now() WHERE tenant_id = $1 AND id = $2`, tenant, id, state)
		if violates(err, openReleaseKey) {
			return contextengine.ErrReleaseStaged
		}
		if err != nil {
			return err
		}
		if err := s.db.Enqueue(ctx, tx, contextengine.ExchangeArgs{Tenant: tenant, Release: id}, &river.InsertOpts{Queue: KnowledgeQueue}); err != nil {
			return err
		}
		return noteRelease(ctx, tx, tenant, by, action, r)
	})
}

// begins tells whether there is nothing to begin, because it is done or goes on.
func begins(r contextengine.Release, promote bool) (begun bool, err error) {
	towards, there := contextengine.ReleaseRollingBack, contextengine.ReleaseRolledBack
	if promote {
		towards, there = contextengine.ReleasePromoting, contextengine.ReleasePromoted
	}
	switch r.State {
	case towards, there:
		return true, nil
	case contextengine.ReleasePromoting, contextengine.ReleaseRollingBack:
		return false, contextengine.ErrReleaseRunning
	case contextengine.ReleaseDiscarded:
		return false, contextengine.ErrReleaseDiscarded
	case contextengine.ReleaseOpen:
		if !promote {
			return false, contextengine.ErrNotPromoted
		}
	}
	switch {
	case !r.Held:
		return false, contextengine.ErrNotPromoted
	case r.Count == 0:
		return false, contextengine.ErrReleaseEmpty
	}
	return false, nil
}

// reserve gives every item of a release its next version, and those that are not there yet their row, so that nothing else can
// take title or version until the exchange has ended.
func (s *KnowledgeStore) reserve(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, r contextengine.Release) error {
	if _, err := tx.Exec(ctx, `
		SELECT k.id
		FROM knowledge_index k
		JOIN release_changes c ON c.tenant_id = k.tenant_id AND c.item_id = k.id
		WHERE c.tenant_id = $1 AND c.release_id = $2
		ORDER BY k.id
		FOR UPDATE OF k`, tenant, r.ID); err != nil {
		return fmt.Errorf("lock items: %w", err)
	}
	changes, err := readChanges(ctx, tx, tenant, r)
	if err != nil {
		return err
	}
	if err := exchangeable(changes); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		WITH items AS (
		  UPDATE knowledge_index k
		  SET version = k.version + 1, status = 'processing', stage = 'storing', error = ''
		  FROM release_changes c
		  WHERE c.tenant_id = $1 AND c.release_id = $2 AND k.tenant_id = $1 AND k.id = c.item_id
		  RETURNING k.id, k.version
		)
		UPDATE release_changes c
		SET reserved = items.version
		FROM items
		WHERE c.tenant_id = $1 AND c.release_id = $2 AND c.item_id = items.id`, tenant, r.ID)
	batch.Queue(`
		WITH items AS (
		  INSERT INTO knowledge_index (tenant_id, id, title, source, type, filename, url, intent, tags, size, content_hash, blob_key, version, stage)
		  SELECT tenant_id, item_id, title, source, type, filename, url, intent, tags, size, content_hash, blob_key, version + 1, 'storing'
		  FROM release_changes c
		  WHERE tenant_id = $1 AND release_id = $2 AND reserved = 0
		  RETURNING id, version
		)
		UPDATE release_changes c
		SET reserved = items.version
		FROM items
		WHERE c.tenant_id = $1 AND c.release_id = $2 AND c.item_id = items.id`, tenant, r.ID)
	err = tx.SendBatch(ctx, batch).Close()
	if violates(err, knowledgeTitleKey) || violates(err, knowledgePageKey) { // taken this very moment
		return contextengine.ErrReleaseChanged
	}
	return err
}

// maxConflicts is how many changes an error names.
const maxConflicts = 20

func exchangeable(changes []contextengine.ReleaseChange) error {
	refusal := contextengine.ErrReleaseChanged
	conflicts := 0
	for _, c := range changes {
		if c.Status != contextengine.Embedded {
			return contextengine.ErrReleaseNotReady
		}
		if c.Conflict != "" {
			if conflicts++; conflicts <= maxConflicts {
				refusal = refusal.Field("changes."+c.ID.String(), c.Held.Title+": "+c.Conflict)
			}
		}
	}
	if conflicts > 0 {
		return refusal
	}
	return nil
}

// EndExchange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) EndExchange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) (freed contextengine.UnstageArgs, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := readRelease(ctx, tx, tenant, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		cause, state := contextengine.Promoted, contextengine.ReleasePromoted
		switch r.State {
		case contextengine.ReleasePromoting:
		case contextengine.ReleaseRollingBack:
			cause, state = contextengine.RolledOff, contextengine.ReleaseRolledBack
		default:
			return nil // somebody else has ended it
		}
		if err := exchangeItems(ctx, tx, tenant, r, cause); err != nil {
			return fmt.Errorf("exchange items: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE knowledge_releases SET state = $3, changed_at = now() WHERE tenant_id = $1 AND id = $2`, tenant, id, state); err != nil {
			return err
		}
		if state == contextengine.ReleasePromoted {
			if freed, err = s.letEarlierGo(ctx, tx, tenant, id); err != nil {
				return fmt.Errorf("free earlier releases: %w", err)
			}
		}
		return releaseEvent(ctx, tx, tenant, id)
	})
	return freed, err
}

// letEarlierGo frees what other releases hold that were promoted once: the way back leads through the latest alone.
func (s *KnowledgeStore) letEarlierGo(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, latest flomastr.ReleaseID) (contextengine.UnstageArgs, error) {
	rows, err := tx.Query(ctx, `
		UPDATE knowledge_releases
		SET held = false, state = CASE state WHEN 'rolled_back' THEN 'discarded' ELSE state END
		WHERE tenant_id = $1 AND id <> $2 AND held AND state IN ('promoted', 'rolled_back')
		RETURNING id`, tenant, latest)
	if err != nil {
		return contextengine.UnstageArgs{}, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.ReleaseID])
	if err != nil || len(ids) == 0 {
		return contextengine.UnstageArgs{}, err
	}
	return s.dropChanges(ctx, tx, tenant, `release_id = ANY($2)`, uuids(ids))
}

// exchangeItems exchanges each item's row with what the change holds of it. A row that nothing was indexed of is one that was
// reserved: it says already what begins to serve.
func exchangeItems(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, r contextengine.Release, cause contextengine.Cause) error {
	rows, err := tx.Query(ctx, `
		SELECT `+changeColumns+`
		FROM `+changeRows+`
		WHERE c.tenant_id = $1 AND c.release_id = $2
		ORDER BY c.id`, tenant, r.ID)
	if err != nil {
		return err
	}
	changes, err := pgx.CollectRows(rows, scanChange)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		WITH items AS (
		  SELECT k.*
		  FROM knowledge_index k
		  JOIN release_changes c ON c.tenant_id = k.tenant_id AND c.item_id = k.id
		  WHERE c.tenant_id = $1 AND c.release_id = $2
		), held AS (
		  SELECT * FROM release_changes WHERE tenant_id = $1 AND release_id = $2
		), serving AS (
		  UPDATE knowledge_index k
		  SET title = h.title, source = h.source, type = h.type, filename = h.filename, url = h.url, intent = h.intent, tags = h.tags, size = h.size,
		      content_hash = h.content_hash, blob_key = h.blob_key, chunks = h.chunks, status = 'embedded', stage = 'done', warnings = '{}',
		      indexed_version = k.version, progress_done = h.chunks, progress_total = h.chunks, updated_at = now()
		  FROM held h
		  WHERE k.tenant_id = $1 AND k.id = h.item_id AND h.present
		)
		UPDATE release_changes c
		SET present = i.indexed_version > 0, title = i.title, source = i.source, type = i.type, filename = i.filename, url = i.url, intent = i.intent, tags = i.tags,
		    size = i.size, content_hash = i.content_hash, blob_key = CASE WHEN i.indexed_version > 0 THEN i.blob_key ELSE '' END,
		    chunks = CASE WHEN i.indexed_version > 0 THEN i.chunks ELSE 0 END, version = i.version,
		    base = CASE WHEN c.present THEN i.version ELSE 0 END, reserved = 0
		FROM items i
		WHERE c.tenant_id = $1 AND c.release_id = $2 AND c.item_id = i.id`, tenant, r.ID)
	batch.Queue(`
		DELETE FROM knowledge_index k
		USING release_changes c
		WHERE c.tenant_id = $1 AND c.release_id = $2 AND k.tenant_id = $1 AND k.id = c.item_id AND c.base = 0`, tenant, r.ID)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return tellItems(ctx, tx, tenant, r, changes, cause)
}

// tellItems writes down how each item came to its version, and tells the tenant's live pages.
func tellItems(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, r contextengine.Release, changes []contextengine.ReleaseChange, cause contextengine.Cause) error {
	for _, c := range changes {
		item, err := knowledgeItem(ctx, tx, `tenant_id = $1 AND id = $2`, "", tenant, c.Held.ID)
		if flomastr.KindOf(err) == flomastr.NotFound {
			if err := appendEvent(ctx, tx, tenant, "knowledge.item", map[string]any{"id": c.Held.ID, "status": "deleted"}); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := recordChange(ctx, tx, tenant, item.ID, contextengine.Change{Version: item.Version, Cause: cause, By: cmp.Or(r.By, flomastr.ActorSystem)}); err != nil {
			return err
		}
		if err := itemEvent(ctx, tx, tenant, item); err != nil {
			return err
		}
	}
	return nil
}

// RefuseExchange implements [contextengine.ReleaseStore].
func (s *KnowledgeStore) RefuseExchange(ctx context.Context, tenant flomastr.TenantID, id flomastr.ReleaseID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		r, err := readRelease(ctx, tx, tenant, id, "FOR UPDATE")
		if err != nil || r.State != contextengine.ReleasePromoting && r.State != contextengine.ReleaseRollingBack {
			return err
		}
		back := contextengine.ReleaseOpen
		if r.State == contextengine.ReleaseRollingBack {
			back = contextengine.ReleasePromoted
		}
		batch := &pgx.Batch{}
		batch.Queue(`
			DELETE FROM knowledge_index k
			USING release_changes c
			WHERE c.tenant_id = $1 AND c.release_id = $2 AND k.tenant_id = $1 AND k.id = c.item_id AND k.indexed_version = 0`, tenant, id)
		batch.Queue(`
			UPDATE knowledge_index k
			SET status = 'embedded', stage = 'done'
			FROM release_changes c
			WHERE c.tenant_id = $1 AND c.release_id = $2 AND k.tenant_id = $1 AND k.id = c.item_id AND k.version = c.reserved`, tenant, id)
		batch.Queue(`UPDATE release_changes SET reserved = 0 WHERE tenant_id = $1 AND release_id = $2`, tenant, id)
		batch.Queue(`UPDATE knowledge_releases SET state = $3, changed_at = now() WHERE tenant_id = $1 AND id = $2`, tenant, id, back)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: flomastr.ActorSystem, Action: "knowledge.release_refused", Object: "release:" + id.String(), Detail: map[string]string{"name": r.Name}})
	})
}

// unexchanged refuses to change an item while a release that has to do with it is exchanged. The item's row is locked.
func unexchanged(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ItemID) error {
	var busy bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (
		  SELECT
		  FROM release_changes c
		  JOIN knowledge_releases r ON r.tenant_id = c.tenant_id AND r.id = c.release_id
		  WHERE c.tenant_id = $1 AND c.item_id = $2 AND r.state IN ('promoting', 'rolling_back'))`, tenant, id).Scan(&busy)
	if err == nil && busy {
		return contextengine.ErrItemExchanged
	}
	return err
}
