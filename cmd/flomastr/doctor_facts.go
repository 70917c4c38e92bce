package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// facts is what a database says of itself and of us.
type facts struct {
	Version    int // server_version_num
	User       string
	Super      bool
	CreateRole bool
	CreateDB   bool
	Vector     string // version that CREATE EXTENSION would install; empty when there is none
	Installed  string // version that this database has; empty when it has none
	ReadOnly   bool
}

func readFacts(ctx context.Context, conn *pgx.Conn) (facts, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var f facts
	err := conn.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int,
		       r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb,
		       coalesce((SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), ''),
		       coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), ''),
		       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool
		FROM pg_roles r
		WHERE r.rolname = current_user`).
		Scan(&f.Version, &f.User, &f.Super, &f.CreateRole, &f.CreateDB, &f.Vector, &f.Installed, &f.ReadOnly)
	return f, err
}

// judge looks at the facts in the order in which an operator would have to mend them.
func (f facts) judge() diagnosis {
	if f.Version < 150000 {
		return diagnosis{ail: ailVersion, detail: fmt.Sprintf("PostgreSQL %d is too old: version 15 or newer is needed", f.Version/10000), mend: "upgrade the server, or point DATABASE_URL at a newer one"}
	}
	if f.ReadOnly {
		return diagnosis{ail: ailRights, detail: "the server is a standby or read-only", mend: "point DATABASE_URL at the primary"}
	}
	if !f.Super {
		var missing []string
		if !f.CreateRole {
			missing = append(missing, "CREATEROLE")
		}
		if !f.CreateDB {
			missing = append(missing, "CREATEDB")
		}
		if missing != nil {
			return diagnosis{ail: ailRights, detail: f.User + " may not " + strings.Join(missing, " and "), mend: fmt.Sprintf("as a superuser: ALTER ROLE %s %s", pgx.Identifier{f.User}.Sanitize(), strings.Join(missing, " "))}
		}
	}
	if f.Vector == "" {
		return diagnosis{ail: ailVector, detail: "pgvector is not installed on the server", mend: fmt.Sprintf("install the package postgresql-%d-pgvector there, or switch the extension on at your provider", f.Version/10000)}
	}
	have := f.Vector
	if f.Installed != "" {
		have = f.Installed
	}
	state, detail, mend := judgeVector(have)
	if state == failure {
		return diagnosis{ail: ailVector, detail: "pgvector " + detail, mend: mend}
	}
	return diagnosis{
		warn: state == warning, mend: mend,
		detail: fmt.Sprintf("PostgreSQL %d.%d, pgvector %s, as %s", f.Version/10000, f.Version%10000, have, f.User),
	}
}
