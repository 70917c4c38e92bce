package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Jobs says what a server works on in the background.
type Jobs struct {
	Workers  *river.Workers
	Queues   map[string]river.QueueConfig
	Periodic []*river.PeriodicJob
	// Before stands between the queue and every job, whatever its kind.
	Before func(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error
}

// StartJobs begins to work the background queue under the platform's login and a small pool of its own, so that bulk
// work never takes a connection from a conversation. The returned function stops it: running jobs may finish until the
// given context ends, then they are cancelled and tried again later.
func (db *DB) StartJobs(ctx context.Context, jobs Jobs, log *slog.Logger) (stop func(context.Context) error, err error) {
	cfg, err := pgxpool.ParseConfig(db.admin.ConnString())
	if err != nil {
		return nil, fmt.Errorf("parse database address: %w", err)
	}
	pool, err := openPool(ctx, cfg, platformRole, db.key, 6)
	if err != nil {
		return nil, err
	}
	var middleware []rivertype.Middleware
	if jobs.Before != nil {
		middleware = append(middleware, river.WorkerMiddlewareFunc(jobs.Before))
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:       riverSchema,
		Workers:      jobs.Workers,
		Queues:       jobs.Queues,
		PeriodicJobs: jobs.Periodic,
		Middleware:   middleware,
		Logger:       log,
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		pool.Close()
		return nil, Unavailable("start the job queue", err)
	}
	return func(ctx context.Context) error {
		defer pool.Close()
		if err := client.Stop(ctx); err == nil {
			return nil
		}
		return client.StopAndCancel(context.WithoutCancel(ctx))
	}, nil
}
