package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// unguarded names the tables of the hot database that belong to no tenant, each with the reason. Everything else must
// be guarded; a new table without guard_tenant_table fails here.
var unguarded = map[string]string{
	"accounts":                  "a person of the built-in identity provider may belong to several tenants",
	"sessions":                  "a sign-in of an account",
	"sign_in_failures":          "counted before anybody is known",
	"signing_keys":              "the platform's own keys",
	"password_resets":           "of an account",
	"second_factors":            "of an account",
	"recovery_codes":            "of an account",
	"kept_mails":                "a mail to a person, who may belong to no tenant",
	"platform_audit_log":        "acts that belong to no tenant",
	"platform_audit_head":       "where their log ends",
	"platform_encryption_keys":  "the platform's own keys",
	"erasures":                  "what is left of a tenant that is no more",
	"goose_db_version":          "the migrations' own bookkeeping",
	"issuer_people":             "what an issuer says of a person, who may belong to several tenants",
	"issuer_ended_sessions":     "sign-ins at an issuer",
	"issuer_messages":           "an issuer's webhooks belong to no tenant",
	"platform_users":            "roles on the platform",
	"platform_idempotency_keys": "of calls that name no tenant",
}

// holes are the ways in which the schema could let one tenant at another's rows. Each query names what is wrong with it, and
// finds nothing in a sound schema.
var holes = map[string]string{
	"a table without its guard: call guard_tenant_table, or say in unguarded why not": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> ALL ($1)
		  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
		           AND EXISTS (SELECT FROM pg_policy p
		                       WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL
		                         AND p.polroles = ARRAY['flomastr_app'::regrole::oid]))`,
	"a policy that does not compare the tenant": `
		SELECT c.relname || '.' || p.polname
		FROM pg_policy p
		JOIN pg_class c ON c.oid = p.polrelid
		WHERE c.relname <> ALL ($1) AND p.polroles <> ARRAY['flomastr_platform'::regrole::oid]
		  AND p.polroles <> ARRAY['flomastr_owner'::regrole::oid] -- which cannot log in and erases tenants
		  AND NOT (coalesce(pg_get_expr(p.polqual, p.polrelid), '') LIKE '%app.tenant_id%'
		           AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') LIKE '%app.tenant_id%')`,
	"a table that erasing a tenant would not reach": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> ALL ($1)
		  AND NOT (EXISTS (SELECT FROM pg_policy p
		                   WHERE p.polrelid = c.oid AND p.polcmd = 'd' AND p.polroles = ARRAY['flomastr_owner'::regrole::oid]
		                     AND pg_get_expr(p.polqual, p.polrelid) LIKE '%app.tenant_id%')
		           AND (c.relname = 'tenants'
		                OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)))`,
	"a table without a guard that the application reads": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)
		  AND has_table_privilege('flomastr_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
	"a table that is not the owner's": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND $1::text[] IS NOT NULL
		  AND pg_get_userbyid(c.relowner) <> 'flomastr_owner'`,
	"a right that row-level security ignores": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND $1::text[] IS NOT NULL
		  AND (has_table_privilege('flomastr_app', c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
		       OR has_table_privilege('flomastr_platform', c.oid, 'TRUNCATE, REFERENCES, TRIGGER'))`,
	"a foreign key between tenants' tables without tenant_id on both sides, whose check ignores row-level security": `
		SELECT k.conrelid::regclass || '.' || k.conname
		FROM pg_constraint k
		WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0 AND $1::text[] IS NOT NULL
		  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id')
		  AND NOT EXISTS (
		    SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
		    JOIN pg_attribute h ON h.attrelid = k.conrelid AND h.attnum = pair.here
		    JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = pair.there
		    WHERE h.attname = 'tenant_id'
		      AND (f.attname = 'tenant_id' OR (k.confrelid = 'tenants'::regclass AND f.attname = 'id')))`,
	"a foreign key that no index stands behind, so that each deletion reads all of a tenant's rows": `
		SELECT k.conrelid::regclass || '.' || k.conname
		FROM pg_constraint k
		WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0 AND $1::text[] IS NOT NULL
		  AND k.confrelid <> 'tenants'::regclass
		  AND NOT EXISTS (
		    SELECT FROM pg_index i
		    WHERE i.indrelid = k.conrelid
		      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
		        SELECT format('(%I IS NOT NULL)', a.attname)
		        FROM pg_attribute a
		        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)))
		      AND (SELECT array_agg(c ORDER BY c) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) c)
		        = (SELECT array_agg(c ORDER BY c) FROM unnest(k.conkey) c))`,
	"a unique key that does not lead with tenant_id and so tells one tenant what another holds": `
		SELECT i.indexrelid::regclass::text
		FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indisunique AND c.relrowsecurity AND a.attname <> 'tenant_id' AND $1::text[] IS NOT NULL
		  AND i.indexrelid::regclass::text <> ALL ($2)`,
	"a view that is not security_invoker, or a materialised one, which cannot be": `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND $1::text[] IS NOT NULL
		  AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)))`,
	"a SECURITY DEFINER function that is open to the application or does not pin its search_path": `
		SELECT p.proname::text
		FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND $1::text[] IS NOT NULL
		  AND (NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)
		       OR has_function_privilege('flomastr_app', p.oid, 'EXECUTE'))`,
}

// globalKeys hold values that are random or public by nature, so that a collision tells nobody anything.
var globalKeys = []string{"api_tokens_hash_key", "invitations_token_key", "tenants_slug_key", "tenants_pkey", "domains_proven_key"}

// findHoles gives what is wrong with the schema, each as "what: where".
func findHoles(t *testing.T, admin pgxQuerier) []string {
	t.Helper()
	var found []string
	for what, query := range holes {
		args := []any{slices.Collect(maps.Keys(unguarded))}
		if strings.Contains(query, "$2") {
			args = append(args, globalKeys)
		}
		rows, err := admin.Query(t.Context(), query, args...)
		require.NoError(t, err, what)
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err, what)
		for _, name := range names {
			found = append(found, what+": "+name)
		}
	}
	return found
}

type pgxQuerier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func TestTheSchemaHasNoHole(t *testing.T) {
	t.Parallel()
	require.Empty(t, findHoles(t, adminConn(t)))
}

// TestEveryHoleIsFound makes each hole in turn in each tenant's table, and takes it back: a guard that could be lost
// without a test failing is none.
func TestEveryHoleIsFound(t *testing.T) {
	t.Parallel()
	admin := adminConn(t)
	mutants := []string{
		`ALTER TABLE %[1]s NO FORCE ROW LEVEL SECURITY`,
		`ALTER TABLE %[1]s DISABLE ROW LEVEL SECURITY`,
		`DROP POLICY tenant_rows ON %[1]s`,
		`DROP POLICY owner_erases ON %[1]s`,
		`ALTER POLICY owner_erases ON %[1]s USING (true)`,
		`ALTER POLICY tenant_rows ON %[1]s USING (true)`,
		`ALTER POLICY tenant_rows ON %[1]s WITH CHECK (true)`,
		`ALTER POLICY tenant_rows ON %[1]s TO PUBLIC`,
		`CREATE POLICY second ON %[1]s FOR SELECT TO flomastr_app USING (true)`,
		`DROP POLICY tenant_rows ON %[1]s; CREATE POLICY tenant_rows ON %[1]s TO flomastr_app USING (%[2]s = nullif(current_setting('app.tenant_id', true), '')::uuid)`,
		`GRANT TRUNCATE ON %[1]s TO flomastr_app`,
		`GRANT TRIGGER ON %[1]s TO flomastr_platform`,
		`ALTER TABLE %[1]s OWNER TO flomastr_app`,
		`CREATE VIEW a_view AS SELECT * FROM %[1]s`,
		`CREATE MATERIALIZED VIEW a_view AS SELECT * FROM %[1]s`,
		`CREATE FUNCTION a_function() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM %[1]s'`,
		`CREATE TABLE a_copy (LIKE %[1]s INCLUDING ALL)`,
	}
	for _, table := range fencedTables(t, admin) {
		if table.Part {
			continue
		}
		for _, mutant := range mutants {
			require.NotEmpty(t, holesOf(t, admin, fmt.Sprintf(mutant, table.Name, table.Tenant)), "nobody noticed "+mutant, table.Name)
		}
	}
	for _, mutant := range []string{
		`CREATE TABLE a_child (tenant_id uuid NOT NULL, id uuid, contact_id uuid REFERENCES tenants (id), PRIMARY KEY (tenant_id, id)); SELECT guard_tenant_table('a_child')`,
		`CREATE TABLE a_key (tenant_id uuid NOT NULL, id uuid, name text UNIQUE, PRIMARY KEY (tenant_id, id)); SELECT guard_tenant_table('a_key')`,
		`CREATE TABLE a_child (tenant_id uuid NOT NULL, id uuid, contact_id uuid, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts); SELECT guard_tenant_table('a_child')`,
		`DROP INDEX contacts_merged_idx; CREATE INDEX ON contacts (tenant_id, merged_into) WHERE name <> ''`,
		`GRANT SELECT ON accounts TO flomastr_app`,
	} {
		require.NotEmpty(t, holesOf(t, admin, `SET LOCAL ROLE flomastr_owner; `+mutant), "nobody noticed "+mutant)
	}
}

// holesOf gives the holes of the schema after a change, which is then taken back.
func holesOf(t *testing.T, admin *pgx.Conn, change string) []string {
	t.Helper()
	tx, err := admin.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), change)
	require.NoError(t, err, change)
	_, err = tx.Exec(t.Context(), "RESET ROLE")
	require.NoError(t, err)
	return findHoles(t, tx)
}

func TestTheAppCannotMakeAnythingInTheDatabase(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	cfg.ColdTemplate += "_rights"                          // the shared one must not be in use while others clone it
	require.NoError(t, postgres.Migrate(t.Context(), cfg)) // a clone has no rights of its own on the database
	admin, err := pgx.Connect(t.Context(), cfg.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(t.Context()) })
	for _, role := range []string{"flomastr_app", "flomastr_platform"} {
		var strong bool
		require.NoError(t, admin.QueryRow(t.Context(), `
			SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
			       OR has_schema_privilege(r.oid, 'public', 'CREATE') OR has_schema_privilege(r.oid, 'river', 'CREATE')
			       OR has_database_privilege(r.oid, current_database(), 'TEMPORARY')
			       OR pg_has_role(r.oid, 'flomastr_owner', 'MEMBER')
			       OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
			FROM pg_roles r
			WHERE r.rolname = $1`, role).Scan(&strong))
		require.False(t, strong, role)
	}
}

func TestWithoutATenantNothingIsVisible(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
	admin, err := pgx.Connect(t.Context(), cfg.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(t.Context()) })
	_, err = admin.Exec(t.Context(), `
		INSERT INTO tenants (id, slug, name) VALUES ('018f0000-0000-7000-8000-000000000001', 'somebody', 'Somebody');
		INSERT INTO events (tenant_id, id, type, data)
		VALUES ('018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000002', 'test', '{}')`)
	require.NoError(t, err)
	// As the application, before any tenant was named and after one was named locally, when the setting reads ''.
	for _, before := range []string{"SELECT 1", "BEGIN; SELECT set_config('app.tenant_id', '018f0000-0000-7000-8000-000000000001', true); COMMIT"} {
		_, err = admin.Exec(t.Context(), before)
		require.NoError(t, err)
		_, err = admin.Exec(t.Context(), "SET ROLE flomastr_app")
		require.NoError(t, err)
		for _, table := range []string{"tenants", "events"} {
			var n int
			require.NoError(t, admin.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
			require.Zero(t, n, "%s after %q", table, before)
		}
		_, err = admin.Exec(t.Context(), "RESET ROLE")
		require.NoError(t, err)
	}
}

func adminConn(t *testing.T) *pgx.Conn {
	t.Helper()
	admin, err := pgx.Connect(t.Context(), postgrestest.Config(t).URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(t.Context()) })
	return admin
}
