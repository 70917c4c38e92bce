package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

// database is the hot database's name in the cluster.
const database = "flomastr"

// Embedded is a running private database.
type Embedded struct {
	cluster *pgcluster.Cluster
	log     *slog.Logger
	cancel  context.CancelFunc
	watcher sync.WaitGroup
}

// Start makes the private database run, making it first if there is none, and watches over it until Stop. It adopts one
// that is running: another process of ours uses it, or a server that was killed has left it. The folder of PostgreSQL's programs
// is found when bin is empty.
func Start(ctx context.Context, dataDir, bin string, log *slog.Logger) (*Embedded, error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	e := &Embedded{cluster: Describe(dataDir, bin, log), log: log}
	if err := e.cluster.Ensure(ctx); err != nil {
		return nil, err
	}
	if err := e.createDatabase(ctx); err != nil {
		return nil, errors.Join(err, e.cluster.Release(context.WithoutCancel(ctx)))
	}
	// The watch ends with Stop, not with the deadline of the start.
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel = cancel
	e.watcher.Go(func() { e.watch(watch) })
	return e, nil
}

// Describe gives the cluster of a data directory as it would be started, for those who only want to look at it.
func Describe(dataDir, bin string, log *slog.Logger) *pgcluster.Cluster {
	dir, user := ClusterDir(dataDir, os.Geteuid() == 0)
	return &pgcluster.Cluster{
		BinDir:  bin,
		DataDir: dir,
		User:    user,
		Port:    54320,
		Fsync:   true,
		Log:     log,
		Settings: map[string]string{
			"max_connections":                     "150",
			"shared_buffers":                      "256MB",
			"max_wal_size":                        "2GB",
			"random_page_cost":                    "1.1", // a disk without moving parts
			"jit":                                 "off", // compiles for longer than our queries run
			"max_parallel_maintenance_workers":    "0",   // before pgvector 0.8.2 a parallel HNSW build can overflow a buffer
			"autovacuum_naptime":                  "15s", // a young business grows tenfold in a minute; plans made for an empty table read all of it
			"idle_in_transaction_session_timeout": "60s",
			"log_min_duration_statement":          "1000",
			"log_parameter_max_length":            "0", // parameters are customers' words and never reach a log
			"log_parameter_max_length_on_error":   "0",
		},
	}
}

// AdminURL is the administrator's connection to the hot database. It holds a password.
func (e *Embedded) AdminURL() string {
	name, password := e.cluster.Superuser()
	return e.cluster.DSN(database, name, password)
}

// Dir is the cluster's data directory.
func (e *Embedded) Dir() string { return filepath.Clean(e.cluster.DataDir) }

// Stop ends the watch, and the database unless another process of ours uses it.
func (e *Embedded) Stop(ctx context.Context) error {
	e.cancel()
	e.watcher.Wait()
	if err := e.cluster.Release(ctx); err != nil {
		return fmt.Errorf("stop the private database: %w", err)
	}
	return nil
}

func (e *Embedded) createDatabase(ctx context.Context) error {
	name, password := e.cluster.Superuser()
	conn, err := pgx.Connect(ctx, e.cluster.DSN("postgres", name, password))
	if err != nil {
		return fmt.Errorf("connect to the private database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize())
	var pgErr *pgconn.PgError
	// 42P04 duplicate_database, 23505 when two create it at the same moment: another process was faster.
	if errors.As(err, &pgErr) && (pgErr.Code == "42P04" || pgErr.Code == "23505") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// watch starts a new postmaster when the old one has died. It waits longer after each failure, so that a full disk does
// not fill the log too.
func (e *Embedded) watch(ctx context.Context) {
	const often, seldom = 250 * time.Millisecond, 10 * time.Second
	pause := often
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if e.cluster.Alive() {
			pause = often
			continue
		}
		if ctx.Err() != nil {
			return
		}
		e.log.Warn("the private database has ended; starting it again", "data", e.cluster.DataDir)
		if err := e.cluster.Ensure(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("the private database did not start again", "err", err)
			pause = min(2*pause, seldom)
		}
	}
}
