package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// Serving implements [contextengine.ContentStore].
func (s *KnowledgeStore) Serving(ctx context.Context, tenant flomastr.TenantID) (model string, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT model FROM corpus`).Scan(&model)
	})
	return model, err
}

// CountVectors implements [contextengine.ContentStore].
func (s *KnowledgeStore) CountVectors(ctx context.Context, tenant flomastr.TenantID, model string) (vectors, passages int, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM passage_vectors WHERE model = $1), (SELECT count(*) FROM passages)`, model).Scan(&vectors, &passages)
	})
	return vectors, passages, err
}

// Unembedded implements [contextengine.ContentStore].
func (s *KnowledgeStore) Unembedded(ctx context.Context, tenant flomastr.TenantID, model string, after, limit int) (list []contextengine.Unembedded, err error) {
	err = s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT p.id, p.no AS number, i.title, p.headings, p.text
			FROM passages p
			JOIN knowledge_items i ON i.id = p.item_id
			WHERE p.no > $2 AND NOT EXISTS (SELECT FROM passage_vectors v WHERE v.no = p.no AND v.model = $1)
			ORDER BY p.no
			LIMIT $3`, model, after, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[contextengine.Unembedded])
		return err
	})
	return list, err
}

// SaveVectors implements [contextengine.ContentStore].
func (s *KnowledgeStore) SaveVectors(ctx context.Context, tenant flomastr.TenantID, model string, vectors map[flomastr.PassageID][]float32) error {
	ids, texts := make([]string, 0, len(vectors)), make([]string, 0, len(vectors))
	for id, v := range vectors {
		ids, texts = append(ids, id.String()), append(texts, vectorText(v))
	}
	return s.locked(ctx, tenant, func(tx pgx.Tx) error {
		// Vectors that do not serve yet are no change of the index that servers hold in memory.
		if _, err := tx.Exec(ctx, newStamp+` WHERE model = $1`, model); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO passage_vectors (no, model, embedding)
			SELECT p.no, $3, n.v::halfvec
			FROM unnest($1::text[]::uuid[], $2::text[]) AS n(id, v)
			JOIN passages p USING (id)
			ON CONFLICT (no, model) DO UPDATE
			SET embedding = EXCLUDED.embedding`, ids, texts, model)
		return err
	})
}

// Serve implements [contextengine.ContentStore].
func (s *KnowledgeStore) Serve(ctx context.Context, tenant flomastr.TenantID, model string) (served bool, err error) {
	err = s.locked(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE corpus
			SET model = $1, stamp = CASE WHEN model = $1 THEN stamp ELSE gen_random_uuid() END
			WHERE NOT EXISTS (
			  SELECT
			  FROM passages p
			  WHERE NOT EXISTS (SELECT FROM passage_vectors v WHERE v.no = p.no AND v.model = $1)
			)`, model)
		served = tag.RowsAffected() > 0
		return err
	})
	return served, err
}

// DropVectors implements [contextengine.ContentStore].
func (s *KnowledgeStore) DropVectors(ctx context.Context, tenant flomastr.TenantID) error {
	var serving string
	err := s.locked(ctx, tenant, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT model FROM corpus`).Scan(&serving); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM passage_vectors WHERE model <> $1`, serving)
		return err
	})
	if err != nil {
		return err
	}
	return s.dropNears(ctx, tenant, serving)
}

// locked runs fn as the only writer of the tenant's index: a publication may be removing the very passages that it is about.
func (s *KnowledgeStore) locked(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	return s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, publishLock); err != nil {
			return err
		}
		return fn(tx)
	})
}
