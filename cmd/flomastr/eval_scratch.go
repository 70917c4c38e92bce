package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
)

// scratch is a tenant for one measurement, in a database of its own: a server beside us does not see its jobs, and
// nothing of it is left when it is closed.
type scratch struct {
	db        *postgres.DB
	knowledge *contextengine.Engine
	tenant    flomastr.TenantID

	admin string // address of the database that ours is made from
	name  string
	files string
	blobs *blob.Bucket
}

func openScratch(ctx context.Context, base *foundation, cfg Config, log *slog.Logger) (_ *scratch, err error) {
	l := &scratch{admin: base.Database.URL, name: "flomastr_eval_" + strings.ToLower(rand.Text()[:12])}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := l.asAdmin(ctx, "CREATE DATABASE "+l.name); err != nil {
		return nil, fmt.Errorf("make a scratch database: %w", err)
	}
	own := base.Database
	own.ColdServers = nil // it lies beside the hot one
	if own.URL, err = withDatabase(own.URL, l.name); err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, own); err != nil {
		return nil, err
	}
	if l.db, err = postgres.Open(ctx, own); err != nil {
		return nil, err
	}
	if l.files, err = os.MkdirTemp("", "flomastr-eval-"); err != nil {
		return nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	if l.blobs, err = blob.OpenFolder(l.files); err != nil {
		return nil, err
	}
	made, err := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(l.db), Cold: l.db}).Create(ctx, flomastr.ActorSystem, tenant.Draft{Slug: "scratch"})
	if err != nil {
		return nil, err
	}
	l.tenant = made.ID
	store := postgres.NewKnowledgeStore(l.db)
	l.knowledge = contextengine.New(contextengine.Deps{
		Status: store, Content: store, Blobs: l.blobs, Embedder: offline.New(), Log: log,
		Reader: reader{converter: convert.New(convert.Config{AllowWeakSandbox: cfg.WeakSandbox})}, // nothing is fetched
	})
	return l, nil
}

// Close removes everything. It works also after an interruption, and on a scratch that was half made.
func (l *scratch) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all error
	if l.db != nil {
		if !l.tenant.IsZero() {
			all = errors.Join(all, l.db.DropCold(ctx, l.tenant))
		}
		l.db.Close()
	}
	if l.blobs != nil {
		all = errors.Join(all, l.blobs.Close())
	}
	if l.files != "" {
		all = errors.Join(all, os.RemoveAll(l.files))
	}
	return errors.Join(all, l.asAdmin(ctx, "DROP DATABASE IF EXISTS "+l.name+" WITH (FORCE)"))
}

func (l *scratch) asAdmin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, l.admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// withDatabase names another database in a connection string of either form.
func withDatabase(address, name string) (string, error) {
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return address + " dbname=" + name, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("DATABASE_URL is not a PostgreSQL address")
	}
	u.Path = "/" + name
	return u.String(), nil
}
