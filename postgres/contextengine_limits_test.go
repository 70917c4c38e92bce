package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

func TestEveryEntranceOfKnowledgeIsHeldToTheTenantsFiles(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	file := contextengine.Draft{Source: contextengine.FromFile, Filename: "prices.md", Content: []byte("# Prices\n\nA service costs 480.")}
	item, err := b.Add(t.Context(), tenant, file)
	require.NoError(t, err)
	require.NoError(t, b.db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tenant_policies SET allowed_file_types = '{pdf}', max_file_size_mb = 1 WHERE tenant_id = $1`, tenant)
		return err
	}))
	_, err = b.Add(t.Context(), tenant, file)
	require.ErrorIs(t, err, contextengine.ErrFileType)
	_, err = b.Reindex(t.Context(), tenant, flomastr.ActorSystem, item.ID)
	require.ErrorIs(t, err, contextengine.ErrFileType, "what was taken in before is not read again")
	large := make([]byte, 1<<20+1)
	_, err = b.Convert(t.Context(), tenant, "prices.pdf", large)
	require.ErrorIs(t, err, contextengine.ErrTooLarge)
	_, err = b.Add(t.Context(), tenant, contextengine.Draft{Source: contextengine.FromFile, Filename: "prices.pdf", Content: large})
	require.ErrorIs(t, err, contextengine.ErrTooLarge)
	for i := range large {
		large[i] = 'a'
	}
	_, err = b.Add(t.Context(), tenant, contextengine.Draft{Source: contextengine.FromPaste, Title: "Prices", Content: large})
	require.ErrorIs(t, err, contextengine.ErrTooLarge, "a pasted text is as large as a file")
}

func TestATenantMayHaveReadWhateverWeRead(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	limits, err := postgres.NewKnowledgeStore(b.db).Limits(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, flomastr.FileTypeNames(), limits.FileTypes, "the column's default is another list than the code's")
	for _, known := range flomastr.FileTypes() {
		for _, ending := range known.Endings {
			require.NoError(t, limits.Allow(ending[1:], 1), ending)
		}
	}
	require.ErrorIs(t, limits.Allow("exe", 1), contextengine.ErrFileType)
	require.ErrorIs(t, limits.Allow("", 1), contextengine.ErrFileType)
}

// order is a worker that says whose jobs it gets.
type order struct {
	river.WorkerDefaults[contextengine.IndexArgs]
	got chan flomastr.TenantID
}

func (o *order) Work(_ context.Context, job *river.Job[contextengine.IndexArgs]) error {
	o.got <- job.Args.Tenant
	return nil
}

func TestAnotherTenantsFloodDoesNotDelayTheFirstItem(t *testing.T) {
	t.Parallel()
	b, flooding := knowledge(t)
	seldom := postgrestest.Tenant(t, b.db)
	add := func(tenant flomastr.TenantID, n int) {
		_, err := b.Add(t.Context(), tenant, contextengine.Draft{Title: fmt.Sprint("item ", n), Content: []byte(fmt.Sprint("words ", n)), Source: contextengine.FromPaste})
		require.NoError(t, err)
	}
	const flood = 60
	for n := range flood {
		add(flooding, n)
	}
	add(seldom, 0)

	worker := &order{got: make(chan flomastr.TenantID, flood+1)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	stop, err := b.db.StartJobs(t.Context(), postgres.Jobs{
		Workers: workers, Queues: map[string]river.QueueConfig{postgres.KnowledgeQueue: {MaxWorkers: 1}},
	}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, stop(context.WithoutCancel(t.Context()))) }()
	before := 0
	for <-worker.got == flooding {
		before++
	}
	require.LessOrEqual(t, before, 3, "items of the flood that were read before another tenant's first")
}
