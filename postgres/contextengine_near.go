package postgres

import (
	"context"
	"crypto/md5" //nolint:gosec // it names an index
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

// nearPrefix begins the names of the indexes by which the nearest vectors are found, one for each model: only vectors of one
// length can be in one. The rest is md5 of the model's name, which stands in the statements as well, because a name is
// whatever a tenant's admin has typed.
const nearPrefix = "passage_vectors_near_"

func modelHash(model string) string {
	sum := md5.Sum([]byte(model)) //nolint:gosec // see nearPrefix
	return hex.EncodeToString(sum[:])
}

// nearSettings have an index give more until the filters have let enough through. The order is nearly right, and every
// candidate is scored again.
//
// How many rows a model has is a guess to the planner, and a small one: without filters it is told to take the index, which is
// the one way without a sort. Such a plan looks expensive, and would be compiled.
const nearSettings = `
	SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '100', true),
	       set_config('enable_sort', $1, true), set_config('jit', 'off', true)`

// nearestSQL is the part of the candidates' statement that finds the nearest vectors: exactly where every one is compared,
// by the index where there is one, else not at all. The condition is what candidates are held by.
func nearestSQL(ctx context.Context, tx pgx.Tx, ask contextengine.CandidateQuery, allowed string) (string, error) {
	allowed = strings.ReplaceAll(allowed, "p.no", "v.no")
	switch {
	case ask.Vector == nil:
		return `SELECT NULL::integer AS no WHERE false AND $7::integer IS NULL`, nil
	case ask.Exact:
		return `
		  SELECT v.no
		  FROM passage_vectors v
		  WHERE v.model = $6` + allowed + `
		  ORDER BY v.embedding <#> (SELECT $5::text::halfvec), abs(v.no)
		  LIMIT $7`, nil
	}
	hash := modelHash(ask.Model)
	var indexed bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $1 AND i.indisvalid)`, nearPrefix+hash).Scan(&indexed)
	if err != nil {
		return "", err
	}
	if !indexed {
		ask.Vector = nil
		return nearestSQL(ctx, tx, ask, allowed)
	}
	sort := "on"
	if ask.Filters.Empty() {
		sort = "off"
	}
	if _, err := tx.Exec(ctx, nearSettings, sort); err != nil {
		return "", err
	}
	return `
		  SELECT v.no
		  FROM passage_vectors v
		  WHERE md5(v.model) = '` + hash + `' AND v.model = $6` + allowed + `
		  ORDER BY (v.embedding::halfvec(` + strconv.Itoa(len(ask.Vector)) + `)) <#> (SELECT $5::text::halfvec)
		  LIMIT $7`, nil
}

// nearLock lets one server at a time build an index of a cold database.
const nearLock = 7_716_201_115

// IndexVectors implements [contextengine.ContentStore]. Whoever publishes meanwhile is not held up.
func (s *KnowledgeStore) IndexVectors(ctx context.Context, tenant flomastr.TenantID, model string, dimensions, above int) error {
	name := nearPrefix + modelHash(model)
	var many, there bool
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT (SELECT passages > $1 FROM corpus),
			       EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $2 AND i.indisvalid)`, above, name).Scan(&many, &there)
	})
	if err != nil || there || !many {
		return err
	}
	return s.asColdOwner(ctx, tenant, func(owner *pgx.Conn) error {
		// One that was interrupted is not valid, and costs every writer.
		if err := dropNear(ctx, owner, `c.relname = $1 AND NOT i.indisvalid`, name); err != nil {
			return err
		}
		_, err := owner.Exec(ctx, `
			CREATE INDEX CONCURRENTLY IF NOT EXISTS `+name+`
			ON passage_vectors
			USING hnsw ((embedding::halfvec(`+strconv.Itoa(dimensions)+`)) halfvec_ip_ops)
			WHERE md5(model) = '`+modelHash(model)+`'`)
		if err != nil {
			return fmt.Errorf("build the index of vectors: %w", err)
		}
		return nil
	})
}

// dropNears removes the indexes of all models but one.
func (s *KnowledgeStore) dropNears(ctx context.Context, tenant flomastr.TenantID, but string) error {
	var others bool
	err := s.db.InCold(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class WHERE starts_with(relname, $1) AND relname <> $2)`, nearPrefix, nearPrefix+modelHash(but)).Scan(&others)
	})
	if err != nil || !others {
		return err
	}
	return s.asColdOwner(ctx, tenant, func(owner *pgx.Conn) error {
		return dropNear(ctx, owner, `starts_with(c.relname, '`+nearPrefix+`') AND c.relname <> $1`, nearPrefix+modelHash(but))
	})
}

func dropNear(ctx context.Context, owner *pgx.Conn, which, name string) error {
	rows, err := owner.Query(ctx, `SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE `+which, name)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := owner.Exec(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("drop an index of vectors: %w", err)
		}
	}
	return nil
}

// asColdOwner runs fn on a connection of its own as the owner of a tenant's cold database, outside any transaction. Where
// another server is at it, or the database is being moved, nothing happens.
func (s *KnowledgeStore) asColdOwner(ctx context.Context, tenant flomastr.TenantID, fn func(owner *pgx.Conn) error) error {
	server, err := s.db.placement(ctx, tenant)
	if err != nil {
		return err
	}
	cfg, err := s.db.coldServer(server, coldName(tenant))
	if err != nil {
		return err
	}
	cfg.RuntimeParams["role"] = ownerRole
	owner, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return Unavailable("connect to cold database", err)
	}
	defer func() { _ = owner.Close(context.WithoutCancel(ctx)) }() // which also gives up the lock
	var mine bool
	if err := owner.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, nearLock).Scan(&mine); err != nil || !mine {
		return err
	}
	// Whoever moves the database holds the lock as well, and has moved it when it is free again.
	if now, err := s.db.placement(ctx, tenant); err != nil || now != server {
		return err
	}
	return fn(owner)
}
