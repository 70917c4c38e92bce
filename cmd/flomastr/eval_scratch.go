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
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation/questions"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
)

// evalSet is a set of questions and the configuration that is to answer them.
type evalSet struct {
	Config
	Dir      string `arg:"" type:"existingdir" help:"A folder with docs.jsonl, queries.jsonl, qrels.tsv and, if there is one, unanswerable.jsonl."`
	Limit    int    `name:"limit" help:"Ask only so many questions."`
	Embedder string `name:"embedder" enum:"offline,configured" default:"offline" help:"Which embedder the vector leg uses: offline, or the configured one."`
	Rerank   bool   `name:"rerank" help:"Let the configured reranker order what is found."`
	JSON     bool   `name:"json" help:"Print the scores as JSON."`
}

func (c *evalSet) inScratch(ctx context.Context, s *surroundings, src *sources, fn func(*scratch, *questions.Set) error) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	set, err := questions.Read(c.Dir, c.Limit)
	if err != nil {
		return err
	}
	deps := contextengine.Deps{Embedder: offline.New()}
	if c.Embedder != "offline" {
		deps.Embedder = embedder(cfg)
	}
	if c.Rerank {
		if deps.Reranker = reranker(cfg); deps.Reranker == nil {
			return errors.New("no reranker is configured; set FLOMASTR_RERANK_URL")
		}
	}
	base, err := layFoundation(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	lab, err := openScratch(ctx, base, cfg, deps, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	return fn(lab, set)
}

// scratch is a tenant for one measurement, in a database of its own: a server beside us does not see its jobs, and
// nothing of it is left when it is closed.
type scratch struct {
	db        *postgres.DB
	knowledge *contextengine.Engine
	assistant *assistant.Assistant
	tenant    flomastr.TenantID

	admin string // address of the database that ours is made from
	name  string
	files string
	blobs *blob.Bucket
}

func openScratch(ctx context.Context, base *foundation, cfg Config, deps contextengine.Deps, log *slog.Logger) (_ *scratch, err error) {
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
	tenants := tenant.New(tenant.Deps{Store: postgres.NewTenantStore(l.db), Cold: l.db})
	made, err := tenants.Create(ctx, flomastr.ActorSystem, tenant.Draft{Slug: "scratch"})
	if err != nil {
		return nil, err
	}
	l.tenant = made.ID
	store := postgres.NewKnowledgeStore(l.db)
	deps.Status, deps.Content, deps.Blobs, deps.Log = store, store, l.blobs, log
	deps.Reader = reader{converter: convert.New(convert.Config{AllowWeakSandbox: cfg.WeakSandbox})} // nothing is fetched
	l.knowledge = contextengine.New(deps)
	l.assistant = assistant.New(assistant.Deps{Retriever: l.knowledge, Businesses: businesses{tenants}, Policies: businesses{tenants}, Clock: flomastr.SystemClock})
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
