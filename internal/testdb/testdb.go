// Package testdb gives each test a PostgreSQL database of its own, cloned from a migrated template.
//
// The server is a throwaway cluster that all test processes of this machine share; the first one starts it and it stays
// up, so that the next run is fast (make clean ends it). Migrating costs a second or two, cloning a template some tens
// of milliseconds, so the template is made once for each state of the migrations, which the caller names by a key.
package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

var cluster = sync.OnceValues(func() (*pgcluster.Cluster, error) {
	c := pgcluster.Throwaway("test")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return c, c.Ensure(ctx)
})

// second is another server, for what lies on several.
var second = sync.OnceValues(func() (*pgcluster.Cluster, error) {
	c := pgcluster.Throwaway("test-2")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return c, c.Ensure(ctx)
})

// Second gives the administrator's address of another server than the one of [Clone]. It holds no migrated database; what a test
// makes there it removes.
func Second(t testing.TB) string {
	t.Helper()
	c, err := second()
	if err != nil {
		t.Fatalf("start the second test database server: %v", err)
	}
	user, password := c.Superuser()
	return c.DSN("postgres", user, password)
}

// Clone gives the administrator's address of a fresh database that migrate has been run on, and drops the database when
// the test ends. Key names what migrate makes: equal keys share a template.
func Clone(t testing.TB, key string, migrate func(ctx context.Context, adminURL string) error) string {
	t.Helper()
	c, err := cluster()
	if err != nil {
		t.Fatalf("start the test database server: %v", err)
	}
	user, password := c.Superuser()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, c.DSN("postgres", user, password))
	if err != nil {
		t.Fatalf("connect to the test database server: %v", err)
	}
	defer func() { _ = admin.Close(ctx) }()

	template := "template_" + key
	if err := ensureTemplate(ctx, admin, template, func(database string) error {
		return migrate(ctx, c.DSN(database, user, password))
	}); err != nil {
		t.Fatalf("make the template of test databases: %v", err)
	}
	name := "test_" + rand.Text()
	if err := create(ctx, admin, name, template); err != nil {
		t.Fatalf("clone a test database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := pgx.Connect(ctx, c.DSN("postgres", user, password))
		if err != nil {
			t.Logf("drop test database: %v", err)
			return
		}
		defer func() { _ = admin.Close(ctx) }()
		if _, err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
			t.Logf("drop test database: %v", err)
		}
	})
	return c.DSN(name, user, password)
}

// ensureTemplate makes the template under a lock that all test processes share. It is built under another name and
// renamed when it is whole, so that a killed run leaves no half-made template behind.
func ensureTemplate(ctx context.Context, admin *pgx.Conn, template string, migrate func(database string) error) error {
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended('test templates', 0))`); err != nil {
		return err
	}
	defer func() {
		_, _ = admin.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended('test templates', 0))`)
	}()
	var exists bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, template).Scan(&exists); err != nil || exists {
		return err
	}
	building := pgx.Identifier{template + "_building"}.Sanitize()
	if _, err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+building+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+building+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		return err
	}
	if err := migrate(template + "_building"); err != nil {
		return err
	}
	_, err := admin.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+pgx.Identifier{template}.Sanitize())
	return err
}

func create(ctx context.Context, admin *pgx.Conn, name, template string) error {
	for attempt := 0; ; attempt++ {
		_, err := admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize())
		var pgErr *pgconn.PgError
		// 55006 object_in_use: a session of the migration is still ending.
		if errors.As(err, &pgErr) && pgErr.Code == "55006" && attempt < 50 {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil {
			return fmt.Errorf("create database: %w", err)
		}
		return nil
	}
}
