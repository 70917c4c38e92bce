// Package postgrestest opens a migrated database of its own for each test, under the restricted logins that the server
// uses, so that a test of a store also tests its rights.
package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/testdb"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
)

// Key is the master key of test databases.
var Key = []byte("a key for tests, which protects nothing")

// MasterKey is the master key of test databases, as a setting holds it.
func MasterKey() string {
	digest := sha256.Sum256(Key)
	return base64.StdEncoding.EncodeToString(digest[:])
}

// Master is the keyring of test databases.
func Master(t testing.TB) *secret.Keyring {
	t.Helper()
	keys, err := secret.Parse(MasterKey())
	if err != nil {
		t.Fatalf("read the test databases' master key: %v", err)
	}
	return keys
}

// Config clones a migrated hot database and says how to open it.
func Config(t testing.TB) postgres.Config {
	t.Helper()
	digest := postgres.SchemaDigest()
	cfg := postgres.Config{Key: Key, Master: Master(t), ColdTemplate: "cold_" + digest, Log: slog.New(slog.DiscardHandler), MaxConns: 8}
	cfg.URL = testdb.Clone(t, digest, func(ctx context.Context, adminURL string) error {
		template := cfg
		template.URL = adminURL
		return postgres.Migrate(ctx, template)
	})
	return cfg
}

// Open gives a test a database of its own.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), Config(t))
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// Tenant makes an active tenant with its policies and its cold database, and erases the cold database after the test.
func Tenant(t testing.TB, db *postgres.DB) flomastr.TenantID {
	t.Helper()
	ctx := context.Background()
	tenant := flomastr.NewID[flomastr.TenantID]()
	err := db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO tenants (id, slug, name, status)
			VALUES ($1, $2, $3, 'active')`, tenant, fmt.Sprintf("t%x", tenant[8:]), "Test business")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO tenant_policies (tenant_id) VALUES ($1)`, tenant)
		return err
	})
	if err != nil {
		t.Fatalf("make test tenant: %v", err)
	}
	if err := db.CreateCold(ctx, tenant); err != nil {
		t.Fatalf("make the test tenant's cold database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.DropCold(ctx, tenant); err != nil {
			t.Logf("drop the test tenant's cold database: %v", err)
		}
	})
	return tenant
}
