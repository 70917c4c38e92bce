package worker_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/worker"
)

// withoutTenant are the kinds of job that belong to no tenant, each with the reason.
var withoutTenant = map[string]string{
	"ResetMailArgs":     "of an account, which may belong to no tenant",
	"UpkeepArgs":        "housekeeping of the platform's own tables",
	"KeepArgs":          "it goes through all tenants, and a suspended one's messages age like any other's",
	"FinishErasureArgs": "its tenant is no more, and must not be named by what is left",
}

// A kind of job that carries no tenant, or that nobody works, fails here by itself.
func TestEveryKindCarriesItsTenantAndIsWorked(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("kinds.go")
	require.NoError(t, err)
	found := 0
	err = filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			if entry != nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "tools") {
				return filepath.SkipDir
			}
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !strings.HasSuffix(spec.Name.Name, "Args") {
				return true
			}
			args, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			found++
			carries := false
			for _, field := range args.Fields.List {
				carries = carries || field.Tag != nil && strings.Contains(field.Tag.Value, `json:"tenant_id"`)
			}
			_, excused := withoutTenant[spec.Name.Name]
			require.NotEqual(t, carries, excused, "%s in %s: a job carries its tenant, or says in the list above why not", spec.Name.Name, name)
			require.Contains(t, string(page), spec.Name.Name, "%s in %s: kinds.go does not work this kind", spec.Name.Name, name)
			return true
		})
		return nil
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, found, 3)
}

type brain struct {
	worker.Knowledge // the jobs that no test runs

	err    error
	gaveUp chan error
}

func (b *brain) Index(context.Context, flomastr.TenantID, contextengine.IndexArgs) error {
	return b.err
}

func (b *brain) GiveUp(_ context.Context, _ flomastr.TenantID, _ contextengine.IndexArgs, cause error) error {
	b.gaveUp <- cause
	return nil
}

func (b *brain) Erase(context.Context, flomastr.TenantID, contextengine.EraseArgs) error {
	return b.err
}

func (b *brain) Crawl(context.Context, flomastr.TenantID, contextengine.CrawlArgs) (time.Duration, error) {
	return 0, b.err
}

func (b *brain) GiveUpCrawl(context.Context, flomastr.TenantID, contextengine.CrawlArgs) error {
	b.gaveUp <- b.err
	return nil
}

func (b *brain) Reembed(context.Context, flomastr.TenantID, contextengine.ReembedArgs) (time.Duration, error) {
	return 0, b.err
}

func (b *brain) GiveUpReembed(context.Context, flomastr.TenantID, contextengine.ReembedArgs) error {
	b.gaveUp <- b.err
	return nil
}

func TestAJobThatFailsForTheLastTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	tenant := postgrestest.Tenant(t, db)
	failed := errors.New("failed on purpose")
	b := &brain{err: failed, gaveUp: make(chan error, 1)}
	stop, err := db.StartJobs(t.Context(), postgres.Jobs{
		Workers: worker.Kinds(worker.Engines{Knowledge: b, Log: slog.New(slog.DiscardHandler)}),
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
	}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stop(context.Background()) })
	require.NoError(t, db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return db.Enqueue(t.Context(), tx, contextengine.IndexArgs{Tenant: tenant, Version: 1}, &river.InsertOpts{MaxAttempts: 1})
	}))
	require.ErrorIs(t, <-b.gaveUp, failed)
}

// keeper tells that it was called.
type keeper chan struct{}

func (k keeper) Keep(context.Context) error {
	k <- struct{}{}
	return nil
}

func (k keeper) ChangeArchived(context.Context, whatsapp.ChangeArchivedArgs) error { return nil }

func TestUpkeepGoesOnAfterAPieceFailedAndMessagesAreKept(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	second, kept := make(chan struct{}, 1), make(keeper, 1)
	stop, err := db.StartJobs(t.Context(), postgres.Jobs{
		Workers: worker.Kinds(worker.Engines{Knowledge: &brain{}, Keeper: kept, Log: slog.New(slog.DiscardHandler), Upkeep: []worker.Upkeep{
			{Name: "first", Do: func(context.Context) error { return errors.New("failed on purpose") }},
			{Name: "second", Do: func(context.Context) error { second <- struct{}{}; return nil }},
		}}),
		Queues:   map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
		Periodic: worker.Periodic(),
	}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stop(context.Background()) })
	<-second
	<-kept
}
