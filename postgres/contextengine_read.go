package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Read implements [contextengine.ContentStore].
func (s *KnowledgeStore) Read(ctx context.Context, tenant flomastr.TenantID, numbers []int) ([]contextengine.NumberedPassage, error) {
	var out []contextengine.NumberedPassage
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT p.no, p.id, coalesce(c.item_id, p.item_id), i.title, p.headings, p.text, i.source, i.url, i.updated_at, p.place_kind, p.page, p.place_name,
			       coalesce((SELECT b.text FROM passages b WHERE b.item_id = p.item_id AND b.ordinal = p.ordinal - 1), ''),
			       coalesce((SELECT a.text FROM passages a WHERE a.item_id = p.item_id AND a.ordinal = p.ordinal + 1), '')
			FROM unnest($1::integer[]) WITH ORDINALITY AS wanted(no, place)
			JOIN passages p USING (no)
			JOIN knowledge_items i ON i.id = p.item_id
			LEFT JOIN staged_changes c ON c.id = p.item_id -- what a release brings belongs to the item that it is for
			ORDER BY wanted.place`, numbers)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p contextengine.NumberedPassage, err error) {
			err = row.Scan(&p.Number, &p.ID, &p.Item, &p.Title, &p.HeadingPath, &p.Text, &p.Source, &p.URL, &p.Changed, &p.Place.Kind, &p.Place.Number, &p.Place.Name, &p.Before, &p.After)
			p.Place = somewhere(p.Place)
			return p, err
		})
		return err
	})
	return out, err
}

// Chunks implements [contextengine.ContentStore].
func (s *KnowledgeStore) Chunks(ctx context.Context, tenant flomastr.TenantID, id flomastr.ItemID) ([]contextengine.Chunk, error) {
	var out []contextengine.Chunk
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, ordinal, headings, text, place_kind, page, place_name
			FROM passages
			WHERE item_id = $1
			ORDER BY ordinal`, id)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c contextengine.Chunk, err error) {
			err = row.Scan(&c.ID, &c.Ordinal, &c.HeadingPath, &c.Text, &c.Place.Kind, &c.Place.Number, &c.Place.Name)
			c.Place = somewhere(c.Place)
			return c, err
		})
		return err
	})
	return out, err
}

// somewhere gives the zero place for a passage that stands nowhere in particular.
func somewhere(place flomastr.Place) flomastr.Place {
	if place.Number == 0 {
		return flomastr.Place{}
	}
	return place
}
