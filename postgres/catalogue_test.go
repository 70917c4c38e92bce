package postgres_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// unguarded names the tables of the hot database that belong to no tenant, each with the reason. Everything else must
// be guarded; a new table without guard_tenant_table fails here.
var unguarded = map[string]string{
	"accounts":           "a person of the built-in identity provider may belong to several tenants",
	"sessions":           "a sign-in of an account",
	"sign_in_failures":   "counted before anybody is known",
	"signing_keys":       "the platform's own keys",
	"platform_audit_log": "acts that belong to no tenant",
	"goose_db_version":   "the migrations' own bookkeeping",
}

func TestEveryTableIsGuarded(t *testing.T) {
	t.Parallel()
	admin := adminConn(t)
	rows, err := admin.Query(t.Context(), `
		SELECT c.relname,
		       c.relrowsecurity AND c.relforcerowsecurity AS forced,
		       EXISTS (SELECT FROM pg_policy p
		               WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL
		                 AND p.polroles = ARRAY['flomastr_app'::regrole::oid]) AS tenant_policy,
		       EXISTS (SELECT FROM pg_policy p
		               WHERE p.polrelid = c.oid AND 'flomastr_platform'::regrole <> ALL (p.polroles)
		                 AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '%app.tenant_id%') AS loose_policy,
		       has_table_privilege('flomastr_app', c.oid, 'SELECT') AS app_reads,
		       has_table_privilege('flomastr_app', c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
		       OR has_table_privilege('flomastr_platform', c.oid, 'TRUNCATE, REFERENCES, TRIGGER') AS dangerous,
		       pg_get_userbyid(c.relowner) AS owner
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
		ORDER BY c.relname`)
	require.NoError(t, err)
	type table struct {
		Relname                                                string
		Forced, TenantPolicy, LoosePolicy, AppReads, Dangerous bool
		Owner                                                  string
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	for _, c := range tables {
		require.Equal(t, "flomastr_owner", c.Owner, c.Relname)
		require.False(t, c.Dangerous, "%s: a login may truncate, reference or trigger, which row-level security ignores", c.Relname)
		if _, ok := unguarded[c.Relname]; ok {
			require.False(t, c.AppReads, "%s has no guard, so flomastr_app must not read it", c.Relname)
			continue
		}
		require.True(t, c.Forced, "%s: call guard_tenant_table, or say in the list above why not", c.Relname)
		require.True(t, c.TenantPolicy, "%s: no policy with USING and WITH CHECK for flomastr_app", c.Relname)
		require.False(t, c.LoosePolicy, "%s: a policy that does not compare app.tenant_id", c.Relname)
	}
}

func TestForeignKeysBetweenTenantTablesCarryTheTenant(t *testing.T) {
	t.Parallel()
	admin := adminConn(t)
	rows, err := admin.Query(t.Context(), `
		SELECT k.conrelid::regclass || '.' || k.conname
		FROM pg_constraint k
		WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0
		  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id')
		  AND NOT EXISTS (
		    SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
		    JOIN pg_attribute h ON h.attrelid = k.conrelid AND h.attnum = pair.here
		    JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = pair.there
		    WHERE h.attname = 'tenant_id'
		      AND (f.attname = 'tenant_id' OR (k.confrelid = 'tenants'::regclass AND f.attname = 'id')))`)
	require.NoError(t, err)
	loose, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, loose, "a foreign key's check ignores row-level security: it must carry tenant_id on both sides")
}

func TestUniqueKeysLeadWithTheTenant(t *testing.T) {
	t.Parallel()
	// Their values are random or public by nature, so that a collision tells nobody anything.
	global := []string{"api_tokens_hash_key", "tenants_slug_key", "tenants_pkey"}
	admin := adminConn(t)
	rows, err := admin.Query(t.Context(), `
		SELECT i.indexrelid::regclass::text
		FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indisunique AND c.relrowsecurity AND a.attname <> 'tenant_id'`)
	require.NoError(t, err)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, key := range keys {
		require.True(t, slices.Contains(global, key), "%s: a unique key that does not lead with tenant_id tells one tenant what another holds", key)
	}
}

func TestNoViewOrFunctionStepsAroundTheGuard(t *testing.T) {
	t.Parallel()
	admin := adminConn(t)
	var views, functions []string
	require.NoError(t, admin.QueryRow(t.Context(), `
		SELECT array_agg(c.relname)
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace
		  AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)))`).Scan(&views))
	require.Empty(t, views, "views must be security_invoker, and materialised views cannot be")
	require.NoError(t, admin.QueryRow(t.Context(), `
		SELECT array_agg(p.proname::text)
		FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
		  AND (NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)
		       OR has_function_privilege('flomastr_app', p.oid, 'EXECUTE'))`).Scan(&functions))
	require.Empty(t, functions, "a SECURITY DEFINER function must pin its search_path and be closed to flomastr_app")
}

func TestTheAppCannotMakeAnythingInTheDatabase(t *testing.T) {
	t.Parallel()
	cfg := postgrestest.Config(t)
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
