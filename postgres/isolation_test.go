package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/testdb"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// fenced is a table with rows of tenants. All of them come from the catalogue, so that a new one is attacked as well.
type fenced struct {
	Name   string
	Tenant string // the column that says whose a row is
	Part   bool   // a partition, filled through its table
}

func fencedTables(t *testing.T, admin *pgx.Conn) []fenced {
	t.Helper()
	rows, err := admin.Query(t.Context(), `
		SELECT c.relname, a.attname, c.relispartition
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
		  AND (a.attname = 'tenant_id' OR c.relname = 'tenants' AND a.attname = 'id')
		ORDER BY c.relname`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[fenced])
	require.NoError(t, err)
	require.Greater(t, len(tables), 15)
	return tables
}

var firstLiteral = regexp.MustCompile(`'([^']*)'`)

// populate puts a row of a tenant into a table, made up from the columns' types and their checks. Triggers and foreign
// keys are off: the row need not make sense, it must only be there.
func populate(t *testing.T, admin *pgx.Conn, table fenced, tenant flomastr.TenantID) {
	t.Helper()
	rows, err := admin.Query(t.Context(), `
		SELECT a.attname, format_type(a.atttypid, NULL), t.typcategory::text, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
		       coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ' ')
		                 FROM pg_constraint k
		                 WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]), '')
		FROM pg_attribute a
		JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`, table.Name)
	require.NoError(t, err)
	type column struct {
		Name, Type, Category string
		Needed               bool
		Checks               string
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	require.NoError(t, err)
	names, values := []string{}, []string{}
	for _, c := range columns {
		if !c.Needed && c.Name != table.Tenant && !strings.Contains(c.Checks, "CHECK (("+c.Name+" IS NOT NULL))") {
			continue
		}
		value := "''"
		literal := firstLiteral.FindStringSubmatch(c.Checks)
		switch {
		case c.Name == table.Tenant:
			value = "'" + tenant.String() + "'"
		case c.Type == "uuid":
			value = "gen_random_uuid()"
		case c.Type == "bytea":
			value = "sha256(gen_random_uuid()::text::bytea)"
		case c.Type == "jsonb" || c.Type == "json" || c.Category == "A":
			value = "'{}'"
		case c.Category == "D":
			value = "now()"
		case c.Category == "N":
			value = "1"
		case c.Category == "B":
			value = "false"
		case strings.Contains(c.Checks, "ARRAY[") && literal != nil:
			value = "'" + literal[1] + "'"
		case c.Category == "S":
			value = "floor(1e10 + random() * 8e10)::text"
		case c.Category == "T":
			value = "'1 second'"
		}
		names, values = append(names, c.Name), append(values, value)
	}
	_, err = admin.Exec(t.Context(), fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table.Name, strings.Join(names, ", "), strings.Join(values, ", ")))
	require.NoError(t, err, "make up a row for %s: teach populate its columns", table.Name)
}

// fingerprints is what a tenant has, table by table.
func fingerprints(t *testing.T, admin *pgx.Conn, tables []fenced, tenant flomastr.TenantID) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range tables {
		var print string
		require.NoError(t, admin.QueryRow(t.Context(), fmt.Sprintf(
			`SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, '' ORDER BY r::text)), '') FROM %s r WHERE %s = $1`, table.Name, table.Tenant), tenant).Scan(&print))
		out[table.Name] = print
	}
	return out
}

// condition makes up a WHERE clause that would like to see the other tenant's rows.
func condition(random *rand.Rand, table fenced, mine, other flomastr.TenantID) string {
	atoms := []string{
		"true",
		fmt.Sprintf("%s = '%s'", table.Tenant, other),
		fmt.Sprintf("%s <> '%s'", table.Tenant, mine),
		fmt.Sprintf("%s IS DISTINCT FROM '%s'", table.Tenant, mine),
		fmt.Sprintf("%s::text LIKE '%%'", table.Tenant),
		fmt.Sprintf("%s IN (SELECT id FROM tenants)", table.Tenant),
		fmt.Sprintf("%s = ANY (ARRAY['%s', '%s']::uuid[])", table.Tenant, mine, other),
		fmt.Sprintf("EXISTS (SELECT FROM %s twin WHERE twin.%s = '%s')", table.Name, table.Tenant, other),
		"ctid >= '(0,0)'",
		"random() < 2",
		"(SELECT count(*) FROM tenants) >= 0",
	}
	clause := atoms[random.IntN(len(atoms))]
	for range random.IntN(3) {
		clause = fmt.Sprintf("(%s %s %s)", clause, []string{"OR", "AND", "OR NOT"}[random.IntN(3)], atoms[random.IntN(len(atoms))])
	}
	return clause
}

// ways are the roads to the hot database that a server may take. Isolation must hold on each: a pool of one connection,
// and PgBouncer in transaction mode, hand every tenant the session that another has just left.
var ways = map[string]func(t *testing.T, cfg *postgres.Config){
	"directly":            func(*testing.T, *postgres.Config) {},
	"over one connection": func(_ *testing.T, cfg *postgres.Config) { cfg.MaxConns = 1 },
	"through a transaction pooler": func(t *testing.T, cfg *postgres.Config) {
		cfg.PoolerURL = testdb.Pooler(t, cfg.URL, "flomastr_app", "flomastr_platform")
	},
}

// onEveryWay runs a proof once for each way, each time on a database of its own.
func onEveryWay(t *testing.T, proof func(t *testing.T, db *postgres.DB, admin *pgx.Conn)) {
	t.Helper()
	for name, take := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := postgrestest.Config(t)
			take(t, &cfg)
			db, err := postgres.Open(t.Context(), cfg)
			require.NoError(t, err)
			t.Cleanup(db.Close)
			admin, err := pgx.Connect(t.Context(), cfg.URL)
			require.NoError(t, err)
			t.Cleanup(func() { _ = admin.Close(context.Background()) })
			proof(t, db, admin)
		})
	}
}

// TestNoQueryReachesAnotherTenantsRows lets one tenant's role say whatever it likes to every table, and commit it.
func TestNoQueryReachesAnotherTenantsRows(t *testing.T) {
	t.Parallel()
	onEveryWay(t, noQueryReachesAnotherTenantsRows)
}

func noQueryReachesAnotherTenantsRows(t *testing.T, db *postgres.DB, admin *pgx.Conn) {
	mine, other := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	_, err := admin.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	tables := fencedTables(t, admin)
	for _, table := range tables {
		if table.Part || table.Name == "tenants" || table.Name == "tenant_policies" {
			continue // filled through its table; the tenants themselves, who are there
		}
		populate(t, admin, table, mine)
		populate(t, admin, table, other)
	}
	before := fingerprints(t, admin, tables, other)
	for _, table := range tables {
		require.True(t, table.Part || before[table.Name] != "0 ", "%s holds nothing that could leak", table.Name)
	}

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	answered, refusedBySQL := 0, 0
	for _, table := range tables {
		for range 25 {
			where := condition(random, table, mine, other)
			for _, query := range []string{
				`SELECT r.%[2]s::text FROM %[1]s r WHERE %[3]s`,
				`SELECT max(r.%[2]s::text) FROM %[1]s r WHERE %[3]s`,
				`WITH s AS MATERIALIZED (SELECT * FROM %[1]s WHERE %[3]s) SELECT %[2]s::text FROM s`,
				`SELECT twin.%[2]s::text FROM %[1]s r FULL JOIN %[1]s twin ON true LEFT JOIN LATERAL (SELECT) z ON true`,
				`SELECT %[2]s::text FROM %[1]s WHERE %[3]s FOR UPDATE`,
				`UPDATE %[1]s SET %[2]s = %[2]s WHERE %[3]s RETURNING %[2]s::text`,
				`UPDATE %[1]s SET %[2]s = '%[4]s' WHERE %[3]s RETURNING %[2]s::text`,
				`INSERT INTO %[1]s SELECT * FROM %[1]s WHERE %[3]s ON CONFLICT DO NOTHING RETURNING %[2]s::text`,
				`DELETE FROM %[1]s WHERE %[3]s RETURNING %[2]s::text`,
			} {
				sql := fmt.Sprintf(query, table.Name, table.Tenant, where, other)
				var seen []*string
				err := db.InTenant(t.Context(), mine, func(tx pgx.Tx) error {
					rows, err := tx.Query(t.Context(), sql)
					if err != nil {
						return err
					}
					seen, err = pgx.CollectRows(rows, pgx.RowTo[*string])
					return err
				})
				if err != nil {
					refusedBySQL++ // no right to this verb, or a row that would have become another's
					continue
				}
				answered++
				for _, owner := range seen {
					require.False(t, owner != nil && *owner != mine.String(), "%s showed a row of %s (seed %d)", sql, *orNone(owner), seed)
				}
			}
		}
	}
	require.Greater(t, answered, refusedBySQL, "most of the queries must be ones that run")
	require.Equal(t, before, fingerprints(t, admin, tables, other), "seed %d", seed)
}

func orNone(s *string) *string {
	none := "nobody"
	if s == nil {
		return &none
	}
	return s
}
