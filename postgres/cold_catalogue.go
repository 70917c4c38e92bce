package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ownObject is the condition by which an object in a schema n is ours: neither the server's nor part of an extension.
func ownObject(catalogue, oid string) string {
	return `(n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '` + catalogue + `'::regclass AND d.objid = ` + oid + ` AND d.deptype = 'e'))`
}

// catalogueSQL describes everything that a cold database is made of besides its rows, one line for each object. Objects that
// differ in anything that matters have different lines. No part of it are indexes whose building was broken off, and what an owner
// may do, which every version of PostgreSQL has other words for.
var catalogueSQL = strings.Join([]string{ //nolint:gochecknoglobals // a statement
	`SELECT 'schema ' || n.nspname || ' of ' || n.nspowner::regrole || ' ' || coalesce((SELECT string_agg(x::text, ',' ORDER BY x::text) FROM (SELECT a.grantee::regrole, a.privilege_type FROM aclexplode(n.nspacl) a WHERE a.grantee <> n.nspowner) x), '')
	 FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`,
	`SELECT 'extension ' || extname FROM pg_extension`,
	`SELECT 'relation ' || c.oid::regclass || ' ' || c.relkind::text || c.relpersistence::text || ' of ' || c.relowner::regrole || ' ' || coalesce(array_to_string(c.reloptions, ','), '')
	     || ' rls ' || c.relrowsecurity || c.relforcerowsecurity || ' replica ' || c.relreplident::text || ' part ' || coalesce(pg_get_expr(c.relpartbound, c.oid), '') || ' ' || coalesce(pg_get_partkeydef(c.oid), '')
	     || ' may ' || coalesce((SELECT string_agg(x::text, ',' ORDER BY x::text) FROM (SELECT a.grantee::regrole, a.privilege_type, a.is_grantable FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) x), '')
	     || ' says ' || coalesce(obj_description(c.oid, 'pg_class'), '')
	 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	 WHERE c.relkind NOT IN ('i', 'I', 't') AND ` + ownObject("pg_class", "c.oid"),
	`SELECT 'column ' || c.oid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' identity ' || a.attidentity::text || ' generated ' || a.attgenerated::text
	     || ' default ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' stored ' || a.attstorage::text || a.attcompression::text || ' collated ' || coalesce(a.attcollation::regcollation::text, '') || ' ' || coalesce(a.attacl::text, '')
	 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND ` + ownObject("pg_class", "c.oid"),
	`SELECT 'constraint ' || k.conname || ' on ' || k.conrelid::regclass || ' ' || pg_get_constraintdef(k.oid) || ' valid ' || k.convalidated
	 FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE k.conrelid <> 0 AND k.contype <> 'n' AND ` + ownObject("pg_constraint", "k.oid"),
	`SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' of ' || c.relowner::regrole || ' immediate ' || i.indimmediate || ' clustered ' || i.indisclustered
	 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisvalid AND ` + ownObject("pg_class", "c.oid"),
	`SELECT 'sequence ' || s.seqrelid::regclass || ' ' || s.seqtypid::regtype || ' ' || s.seqstart || ' ' || s.seqincrement || ' ' || s.seqmin || ' ' || s.seqmax || ' ' || s.seqcache || ' ' || s.seqcycle
	     || ' owned by ' || coalesce((SELECT d.refobjid::regclass || '.' || d.refobjsubid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')), '')
	 FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ` + ownObject("pg_class", "c.oid"),
	`SELECT 'view ' || c.oid::regclass || ' ' || pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ` + ownObject("pg_class", "c.oid"),
	`SELECT 'type ' || format_type(t.oid, NULL) || ' ' || t.typtype::text || ' ' || coalesce(format_type(nullif(t.typbasetype, 0), t.typtypmod), '') || ' ' || coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '')
	 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE (t.typrelid = 0 OR t.typtype <> 'c') AND t.typelem = 0 AND ` + ownObject("pg_type", "t.oid"),
	`SELECT 'function ' || p.oid::regprocedure || ' ' || CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid) ELSE p.prosrc END || ' of ' || p.proowner::regrole || ' ' || coalesce(p.proacl::text, '')
	 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ` + ownObject("pg_proc", "p.oid"),
	`SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text FROM pg_trigger t WHERE NOT t.tgisinternal`,
	`SELECT 'rule ' || pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND ` + ownObject("pg_class", "c.oid"),
	`SELECT 'policy ' || p.polname || ' on ' || p.polrelid::regclass || ' ' || p.polcmd::text || p.polpermissive || ' ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') FROM pg_policy p`,
	`SELECT 'statistics ' || pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s`,
	`SELECT 'default rights ' || d.defaclrole::regrole || ' ' || d.defaclobjtype::text || ' ' || d.defaclacl::text FROM pg_default_acl d`,
	`SELECT 'publication ' || pubname FROM pg_publication`,
	`SELECT 'large object ' || oid FROM pg_largeobject_metadata`,
	`SELECT 'migration ' || version_id FROM goose_db_version WHERE is_applied`,
}, " UNION ALL ")

// readCatalogue reads the lines of a cold database.
func readCatalogue(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, catalogueSQL)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	out := map[string]bool{}
	for _, line := range lines {
		out[line] = true
	}
	return out, nil
}

// compareCatalogues fails for the first object that only one of two databases has.
func compareCatalogues(ctx context.Context, from, to *pgx.Conn) error {
	a, err := readCatalogue(ctx, from)
	if err != nil {
		return err
	}
	b, err := readCatalogue(ctx, to)
	if err != nil {
		return err
	}
	for _, side := range []struct {
		has, lacks map[string]bool
		where      string
	}{{a, b, "the old server"}, {b, a, "the new server"}} {
		for _, line := range slices.Sorted(maps.Keys(side.has)) {
			if !side.lacks[line] {
				return fmt.Errorf("only the database on %s has this: %s", side.where, line)
			}
		}
	}
	return nil
}

// copyNearIndexes builds the indexes of vectors that another database has, each with the words that made it there.
func copyNearIndexes(ctx context.Context, from, to *pgx.Conn) (built int, err error) {
	const list = `
		SELECT pg_get_indexdef(i.indexrelid)
		FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid
		WHERE starts_with(c.relname, $1) AND i.indisvalid`
	rows, err := from.Query(ctx, list, nearPrefix)
	if err != nil {
		return 0, fmt.Errorf("list the indexes of vectors: %w", err)
	}
	wanted, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, fmt.Errorf("list the indexes of vectors: %w", err)
	}
	for _, sql := range wanted {
		if _, err := to.Exec(ctx, sql); err != nil {
			return built, fmt.Errorf("build an index of vectors: %w", err)
		}
		built++
	}
	return built, nil
}
