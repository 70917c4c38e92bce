package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// gooseTable tells of migrations, which each database has run for itself.
const gooseTable = "goose_db_version"

// coldTable is one table of a cold database as it is copied.
type coldTable struct {
	Name    string   // quoted, with its schema
	Columns []string // quoted, without generated ones
	Key     []string // quoted columns of the primary key
	Ordered []string // the same, as ORDER BY wants them: alike on every server, whatever its locale
	Parents []string // the tables that its foreign keys point to
}

func (t coldTable) columns() string { return strings.Join(t.Columns, ", ") }

// readColdTables lists the tables that hold a tenant's data, each behind those it points to.
func readColdTables(ctx context.Context, conn *pgx.Conn) ([]coldTable, error) {
	rows, err := conn.Query(ctx, `
		SELECT format('%I.%I', n.nspname, c.relname) AS name,
		       array(SELECT quote_ident(a.attname)
		             FROM pg_attribute a
		             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		             ORDER BY a.attnum) AS columns,
		       array(SELECT quote_ident(a.attname)
		             FROM pg_index i
		             CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
		             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
		             WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
		             ORDER BY k.place) AS key,
		       array(SELECT quote_ident(a.attname) || CASE WHEN a.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END
		             FROM pg_index i
		             CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
		             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
		             WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
		             ORDER BY k.place) AS ordered,
		       array(SELECT format('%I.%I', pn.nspname, p.relname)
		             FROM pg_constraint k
		             JOIN pg_class p ON p.oid = k.confrelid
		             JOIN pg_namespace pn ON pn.oid = p.relnamespace
		             WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS parents
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND c.relname <> $1 AND `+ownObject("pg_class", "c.oid")+`
		ORDER BY 1`, gooseTable)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[coldTable])
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	var sorted []coldTable
	placed := map[string]bool{}
	for len(sorted) < len(found) {
		before := len(sorted)
		for _, t := range found {
			if len(t.Key) == 0 {
				return nil, fmt.Errorf("the table %s has no primary key, so that a copy of it could not be compared", t.Name)
			}
			if !placed[t.Name] && !slices.ContainsFunc(t.Parents, func(p string) bool { return !placed[p] }) {
				sorted, placed[t.Name] = append(sorted, t), true
			}
		}
		if len(sorted) == before {
			return nil, errors.New("the tables point at each other in a circle")
		}
	}
	return sorted, nil
}

// counted counts what goes through a copy.
type counted struct {
	rows, bytes int64
}

func (c *counted) Write(p []byte) (int, error) { c.bytes += int64(len(p)); return len(p), nil }

// copyTable copies a table's rows into a table of the same columns on another connection.
func copyTable(ctx context.Context, from, to *pgx.Conn, t coldTable, into string) (counted, error) {
	var n counted
	r, w := io.Pipe()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		_, err := from.PgConn().CopyTo(ctx, io.MultiWriter(w, &n), "COPY (SELECT "+t.columns()+" FROM "+t.Name+") TO STDOUT (FORMAT binary)")
		w.CloseWithError(err)
		return err
	})
	both.Go(func() error {
		tag, err := to.PgConn().CopyFrom(ctx, r, "COPY "+into+" ("+t.columns()+") FROM STDIN (FORMAT binary)")
		r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
		n.rows = tag.RowsAffected()
		return err
	})
	if err := both.Wait(); err != nil {
		return n, fmt.Errorf("copy %s: %w", t.Name, err)
	}
	return n, nil
}

// tableDigest is what a table holds: how many rows, and a hash over all of them in the order of their key.
type tableDigest struct {
	Rows int64
	Sum  [sha256.Size]byte
}

func digestTable(ctx context.Context, conn *pgx.Conn, t coldTable) (d tableDigest, err error) {
	sum := sha256.New()
	tag, err := conn.PgConn().CopyTo(ctx, sum, "COPY (SELECT "+t.columns()+" FROM "+t.Name+" ORDER BY "+strings.Join(t.Ordered, ", ")+") TO STDOUT (FORMAT binary)")
	if err != nil {
		return d, fmt.Errorf("read %s: %w", t.Name, err)
	}
	d.Rows = tag.RowsAffected()
	copy(d.Sum[:], sum.Sum(nil))
	return d, nil
}

// differing finds the tables that do not hold the same on two connections, and counts the rows of the first.
func differing(ctx context.Context, from, to *pgx.Conn, tables []coldTable) (list []coldTable, rows int64, err error) {
	for _, t := range tables {
		var a, b tableDigest
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() (err error) { a, err = digestTable(ctx, from, t); return err })
		both.Go(func() (err error) { b, err = digestTable(ctx, to, t); return err })
		if err := both.Wait(); err != nil {
			return nil, 0, err
		}
		rows += a.Rows
		if a != b {
			list = append(list, t)
		}
	}
	return list, rows, nil
}

// mergeTables makes tables hold what they hold on another connection, changing only the rows that differ, so that an index of
// vectors is not built anew for one passage. A cascade may take rows of a table that was not to be changed: whoever calls looks
// again.
func mergeTables(ctx context.Context, from, to *pgx.Conn, tables []coldTable) error {
	return pgx.BeginFunc(ctx, to, func(tx pgx.Tx) error {
		incoming := map[string]string{}
		for i, t := range tables {
			name := fmt.Sprintf("incoming_%d", i)
			incoming[t.Name] = name
			if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE "+name+" ON COMMIT DROP AS SELECT "+t.columns()+" FROM "+t.Name+" WHERE false"); err != nil {
				return fmt.Errorf("make room for %s: %w", t.Name, err)
			}
			if _, err := copyTable(ctx, from, to, t, name); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "ANALYZE "+name); err != nil {
				return fmt.Errorf("look at %s: %w", t.Name, err)
			}
		}
		for _, t := range slices.Backward(tables) {
			if _, err := tx.Exec(ctx, t.deleteMissing(incoming[t.Name])); err != nil {
				return fmt.Errorf("delete from %s: %w", t.Name, err)
			}
		}
		for _, t := range tables {
			if _, err := tx.Exec(ctx, t.putChanged(incoming[t.Name])); err != nil {
				return fmt.Errorf("change %s: %w", t.Name, err)
			}
		}
		return nil
	})
}

func (t coldTable) sameKey() string {
	return "(" + prefixed("t.", t.Key) + ") = (" + prefixed("i.", t.Key) + ")"
}

func (t coldTable) deleteMissing(incoming string) string {
	return "DELETE FROM " + t.Name + " t WHERE NOT EXISTS (SELECT FROM " + incoming + " i WHERE " + t.sameKey() + ")"
}

func (t coldTable) putChanged(incoming string) string {
	var set []string
	for _, c := range t.Columns {
		if !slices.Contains(t.Key, c) {
			set = append(set, c+" = EXCLUDED."+c)
		}
	}
	otherwise := "DO NOTHING"
	if len(set) > 0 {
		otherwise = "DO UPDATE SET " + strings.Join(set, ", ")
	}
	return "INSERT INTO " + t.Name + " (" + t.columns() + ") OVERRIDING SYSTEM VALUE SELECT " + prefixed("i.", t.Columns) + " FROM " + incoming + " i" +
		// Compared byte by byte: not every type can tell what is equal.
		" WHERE NOT EXISTS (SELECT FROM " + t.Name + " t WHERE " + t.sameKey() +
		" AND ROW(" + prefixed("t.", t.Columns) + ")::record *= ROW(" + prefixed("i.", t.Columns) + ")::record)" +
		" ON CONFLICT (" + strings.Join(t.Key, ", ") + ") " + otherwise
}

func prefixed(prefix string, columns []string) string {
	return prefix + strings.Join(columns, ", "+prefix)
}

// copySequences gives sequences the values that they have on another connection.
func copySequences(ctx context.Context, from, to *pgx.Conn) error {
	rows, err := from.Query(ctx, `
		SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'S' AND NOT starts_with(c.relname, $1) AND `+ownObject("pg_class", "c.oid"), gooseTable)
	if err != nil {
		return fmt.Errorf("list the sequences: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list the sequences: %w", err)
	}
	for _, name := range names {
		var last int64
		var called bool
		if err := from.QueryRow(ctx, "SELECT last_value, is_called FROM "+name).Scan(&last, &called); err != nil {
			return fmt.Errorf("read the sequence %s: %w", name, err)
		}
		if _, err := to.Exec(ctx, `SELECT setval($1::text::regclass, $2, $3)`, name, last, called); err != nil {
			return fmt.Errorf("set the sequence %s: %w", name, err)
		}
	}
	return nil
}
