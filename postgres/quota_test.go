package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

func TestABucketGrantsAMinutesRequestsOverAllServers(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	id := postgrestest.Tenant(t, db)
	// Two stores are two servers. The rate is small, so that nothing is gained while the test runs.
	servers := []*postgres.QuotaStore{postgres.NewQuotaStore(db), postgres.NewQuotaStore(db)}
	var all sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for i := range 16 {
		all.Go(func() {
			granted, _, err := servers[i%2].Lease(t.Context(), id, 10, 3)
			mu.Lock()
			defer mu.Unlock()
			require.NoError(t, err)
			total += granted
		})
	}
	all.Wait()
	require.Equal(t, 10, total)
	granted, again, err := servers[0].Lease(t.Context(), id, 10, 3)
	require.NoError(t, err)
	require.Zero(t, granted)
	require.Positive(t, again)
	require.LessOrEqual(t, again, 6*time.Second, "one of ten a minute")

	other := postgrestest.Tenant(t, db)
	granted, _, err = servers[0].Lease(t.Context(), other, 2, 5)
	require.NoError(t, err)
	require.Equal(t, 2, granted, "another tenant has its own bucket, and no more than it holds")
}
