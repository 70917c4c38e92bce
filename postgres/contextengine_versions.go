package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// keptVersions is how many versions of an item's Markdown are kept, and with them how they came to be.
const keptVersions = 10

// Versions implements [contextengine.ContentStore].
func (s *KnowledgeStore) Versions(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (out []contextengine.Version, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT v.version, '', v.chunks, v.created_at, v.version = i.version
			FROM knowledge_versions v
			JOIN knowledge_items i ON i.id = v.item_id
			WHERE v.item_id = $1
			ORDER BY v.version DESC`, id)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, knowledgeVersion)
		return err
	})
	return out, err
}

// Version implements [contextengine.ContentStore].
func (s *KnowledgeStore) Version(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID, number int) (out contextengine.Version, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT v.version, v.markdown, v.chunks, v.created_at, v.version = i.version
			FROM knowledge_versions v
			JOIN knowledge_items i ON i.id = v.item_id
			WHERE v.item_id = $1 AND v.version = $2`, id, number)
		if err != nil {
			return err
		}
		out, err = pgx.CollectExactlyOneRow(rows, knowledgeVersion)
		if errors.Is(err, pgx.ErrNoRows) {
			return contextengine.ErrVersionNotFound
		}
		return err
	})
	return out, err
}

func knowledgeVersion(row pgx.CollectableRow) (v contextengine.Version, err error) {
	err = row.Scan(&v.Version, &v.Markdown, &v.Chunks, &v.CreatedAt, &v.Serving)
	return v, err
}

// Changes implements [contextengine.StatusStore].
func (s *KnowledgeStore) Changes(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) (out []contextengine.Change, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := knowledgeItem(ctx, tx, `tenant_id = $1 AND id = $2`, "", tenant, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT version, cause, actor, at, restored
			FROM knowledge_changes
			WHERE tenant_id = $1 AND item_id = $2
			ORDER BY version DESC`, tenant, id)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[contextengine.Change])
		return err
	})
	return out, err
}

// recordChange keeps how an item came to its version, and forgets what is known of versions that are kept no longer.
func recordChange(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.ItemID, c contextengine.Change) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO knowledge_changes (tenant_id, item_id, version, cause, actor, restored)
		VALUES ($1, $2, $3, $4, $5, $6)`, tenant, id, c.Version, c.Cause, c.By, c.Restored)
	if err != nil {
		return fmt.Errorf("record change: %w", err)
	}
	_, err = tx.Exec(ctx, `DELETE FROM knowledge_changes WHERE tenant_id = $1 AND item_id = $2 AND version <= $3`, tenant, id, c.Version-keptVersions)
	return err
}
