package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

func TestAnEventOfALateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	tenant := postgrestest.Tenant(t, db)
	store := postgres.NewEventStore(db)
	start, err := store.Head(t.Context(), tenant)
	require.NoError(t, err)

	early, late := make(chan struct{}), make(chan error)
	go func() {
		late <- db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			err := addEvent(t.Context(), tx, tenant) // takes the lower transaction id …
			close(early)
			<-late // … and commits last
			return err
		})
	}()
	<-early
	require.NoError(t, db.InTenant(t.Context(), tenant, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, tenant) }))
	events, err := store.Since(t.Context(), tenant, start, 10)
	require.NoError(t, err)
	require.Empty(t, events, "the one that committed first must wait for the older transaction")

	late <- nil
	require.NoError(t, <-late)
	// An older transaction of any database of the server, such as another test's, holds events back for a while.
	require.Eventually(t, func() bool {
		events, err = store.Since(t.Context(), tenant, start, 10)
		return err == nil && len(events) == 2
	}, time.Minute, 20*time.Millisecond)
	require.Less(t, events[0].Cursor.XID, events[1].Cursor.XID)

	rest, err := store.Since(t.Context(), tenant, events[0].Cursor, 10)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	require.Equal(t, events[1].Cursor, rest[0].Cursor)
}

func TestOnlyTheTouchedTenantsAreNamed(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	store := postgres.NewEventStore(db)
	both := []flomastr.TenantID{a, b}
	_, from, err := store.Touched(t.Context(), both, 0)
	require.NoError(t, err)
	require.NoError(t, db.InTenant(t.Context(), b, func(tx pgx.Tx) error { return addEvent(t.Context(), tx, b) }))
	var touched []flomastr.TenantID
	require.Eventually(t, func() bool {
		var next uint64
		touched, next, err = store.Touched(t.Context(), both, from)
		require.GreaterOrEqual(t, next, from)
		from = next
		return err != nil || len(touched) > 0
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, []flomastr.TenantID{b}, touched)
	touched, _, err = store.Touched(t.Context(), both, from)
	require.NoError(t, err)
	require.Empty(t, touched)
}

func TestAnEventCursorReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := postgres.EventCursor{XID: 1 << 40, ID: flomastr.NewID[postgres.EventID]()}
	got, err := postgres.ParseEventCursor(want.String())
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, bad := range []string{"", "1", "x-" + want.ID.String(), "1-2", "-1-" + want.ID.String()} {
		_, err := postgres.ParseEventCursor(bad)
		require.Error(t, err, bad)
	}
}
