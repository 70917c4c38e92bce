package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// ledger is a database with a tenant's log, and a superuser who may do anything to it.
type ledger struct {
	db     *postgres.DB
	cfg    postgres.Config
	log    *postgres.AuditStore
	tenant flomastr.TenantID
	root   *pgx.Conn
}

func openLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{cfg: postgrestest.Config(t)}
	var err error
	l.db, err = postgres.Open(t.Context(), l.cfg)
	require.NoError(t, err)
	t.Cleanup(l.db.Close)
	l.tenant, l.log = postgrestest.Tenant(t, l.db), postgres.NewAuditStore(l.db)
	l.root, err = pgx.Connect(t.Context(), l.cfg.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.root.Close(t.Context()) })
	return l
}

// write appends lines 1 to n to a log.
func (l *ledger) write(t *testing.T, tenant flomastr.TenantID, n int) {
	t.Helper()
	for i := range n {
		require.NoError(t, l.log.Record(t.Context(), audit.Record{
			Tenant: tenant, Actor: "user:i|s", Action: "thing.changed", Object: fmt.Sprint("thing ", i+1),
			Detail: map[string]string{"b": "2", "a": "1"},
		}))
	}
}

func (l *ledger) verify(t *testing.T, tenant flomastr.TenantID) audit.Verdict {
	t.Helper()
	verdict, err := l.log.Verify(t.Context(), tenant)
	require.NoError(t, err)
	return verdict
}

func TestVerificationNamesTheLineThatASuperuserTouched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string // {log} and {head} are the tables, {mine} picks the rows
		seq  int64
		says string
	}{
		"actor edited":       {`UPDATE {log} SET actor = 'user:x' WHERE seq = 3 AND {mine}`, 3, "changed"},
		"detail edited":      {`UPDATE {log} SET detail = '{"a":"1","b":"3"}' WHERE seq = 3 AND {mine}`, 3, "changed"},
		"time edited":        {`UPDATE {log} SET at = at - interval '1 microsecond' WHERE seq = 1 AND {mine}`, 1, "changed"},
		"impersonator added": {`UPDATE {log} SET impersonator = 'user:y' WHERE seq = 5 AND {mine}`, 5, "changed"},
		"id edited":          {`UPDATE {log} SET id = gen_random_uuid() WHERE seq = 2 AND {mine}`, 2, "changed"},
		"line deleted":       {`DELETE FROM {log} WHERE seq = 2 AND {mine}`, 2, "missing"},
		"lines deleted":      {`DELETE FROM {log} WHERE seq IN (1, 2) AND {mine}`, 1, "up to line 2"},
		"deleted and renumbered": {`
			DELETE FROM {log} WHERE seq = 2 AND {mine};
			UPDATE {log} SET seq = -seq WHERE seq > 2 AND {mine};
			UPDATE {log} SET seq = -seq - 1 WHERE seq < 0 AND {mine}`, 2, "changed"},
		"two lines swapped": {`
			UPDATE {log} SET seq = -seq WHERE seq IN (2, 3) AND {mine};
			UPDATE {log} SET seq = 5 + seq WHERE seq < 0 AND {mine}`, 2, "changed"},
		"contents swapped": {`
			UPDATE {log} a SET object = b.object FROM {log} b
			WHERE (a.seq, b.seq) IN ((3, 4), (4, 3)) AND a.hash <> b.hash AND {a.mine} AND {b.mine}`, 3, "changed"},
		"line inserted": {`
			INSERT INTO {log} SELECT (l).* FROM (
			  SELECT jsonb_populate_record(x, '{"seq":6,"id":"018f0000-0000-7000-8000-000000000001"}') AS l FROM {log} x WHERE seq = 5 AND {mine}) y`, 6, "changed"},
		"line inserted without a number": {`
			ALTER TABLE {log} DROP CONSTRAINT {log}_chained_check;
			INSERT INTO {log} SELECT (l).* FROM (
			  SELECT jsonb_populate_record(x, '{"seq":null,"id":"018f0000-0000-7000-8000-000000000001"}') AS l FROM {log} x WHERE seq = 5 AND {mine}) y`, 0, "without a number"},
		"cut short":                 {`DELETE FROM {log} WHERE seq > 3 AND {mine}`, 4, "up to line 5"},
		"cut short by one":          {`DELETE FROM {log} WHERE seq = 5 AND {mine}`, 5, "missing"},
		"cut short with its head":   {`DELETE FROM {log} WHERE seq > 3 AND {mine}; UPDATE {head} h SET seq = 3, hash = l.hash FROM {log} l WHERE l.seq = 3`, 3, "where the log ends"},
		"cut short without a head":  {`DELETE FROM {log} WHERE seq > 3 AND {mine}; DELETE FROM {head}`, 3, "where the log ends"},
		"emptied":                   {`DELETE FROM {log}`, 1, "up to line 5"},
		"head moved back":           {`UPDATE {head} SET seq = 4`, 5, "where the log ends"},
		"hashes made anew, keyless": {`UPDATE {log} SET actor = 'user:x', hash = sha256('anything') WHERE seq = 4 AND {mine}`, 4, "changed"},
		"replaced by another log's": {`UPDATE {log} SET prev = '\x00' WHERE seq = 4 AND {mine}`, 4, "changed"},
	} {
		for _, place := range []string{"tenant", "platform"} {
			t.Run(name+" in the log of the "+place, func(t *testing.T) {
				t.Parallel()
				l := openLedger(t)
				var tenant flomastr.TenantID
				words := strings.NewReplacer("{log}", "platform_audit_log", "{head}", "platform_audit_head",
					"{mine}", "true", "{a.mine}", "true", "{b.mine}", "true")
				if place == "tenant" {
					tenant = l.tenant
					is := "tenant_id = '" + tenant.String() + "'"
					words = strings.NewReplacer("{log}", "audit_log", "{head}", "audit_heads", "{mine}", is, "{a.mine}", "a."+is, "{b.mine}", "b."+is)
				}
				l.write(t, tenant, 5)
				require.Nil(t, l.verify(t, tenant).Break)
				_, err := l.root.Exec(t.Context(), words.Replace(c.sql))
				require.NoError(t, err)
				verdict := l.verify(t, tenant)
				require.NotNil(t, verdict.Break)
				require.Equal(t, c.seq, verdict.Break.Seq, verdict.Break)
				require.Contains(t, verdict.Break.Error(), c.says)
			})
		}
	}
}

func TestChainHoldsWhenManyWriteAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	other := postgrestest.Tenant(t, l.db)
	const writers, each = 8, 15
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() { l.write(t, l.tenant, each); l.write(t, other, 1) })
	}
	wg.Wait()
	verdict := l.verify(t, l.tenant)
	require.Nil(t, verdict.Break)
	require.EqualValues(t, writers*each, verdict.Lines)
	verdict = l.verify(t, other)
	require.Nil(t, verdict.Break)
	require.EqualValues(t, writers, verdict.Lines, "each tenant counts for itself")
	// Their times grow with their numbers, whatever moment each transaction began at.
	var disorder int
	require.NoError(t, l.root.QueryRow(t.Context(), `
		SELECT count(*)
		FROM audit_log a
		JOIN audit_log b ON b.tenant_id = a.tenant_id AND b.seq = a.seq + 1
		WHERE b.at < a.at`).Scan(&disorder))
	require.Zero(t, disorder)
}

func TestLineOfAChangeThatIsUndoneIsNoneInTheChain(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.write(t, l.tenant, 1)
	// The log takes no action of 3 MB: the whole change fails, at its end.
	require.Error(t, l.log.Record(t.Context(), audit.Record{Tenant: l.tenant, Action: "thing.changed", Outcome: "impossible"}))
	l.write(t, l.tenant, 1)
	verdict := l.verify(t, l.tenant)
	require.Nil(t, verdict.Break)
	require.EqualValues(t, 2, verdict.Lines)
}

func TestLinesFromBeforeTheChainAreVouchedFor(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	_, err := l.root.Exec(t.Context(), `
		ALTER TABLE audit_log DROP CONSTRAINT audit_log_chained_check;
		ALTER TABLE platform_audit_log DROP CONSTRAINT platform_audit_log_chained_check;
		DELETE FROM platform_encryption_keys;
		INSERT INTO platform_audit_log (id, actor, action) SELECT gen_random_uuid(), 'system', 'old.act' FROM generate_series(1, 3)`)
	require.NoError(t, err)
	_, err = l.root.Exec(t.Context(), `
		INSERT INTO audit_log (tenant_id, id, actor, action, detail) SELECT $1, gen_random_uuid(), 'system', 'old.act', '{"k":"v"}' FROM generate_series(1, 4)`, l.tenant)
	require.NoError(t, err)
	require.NotNil(t, l.verify(t, l.tenant).Break, "nothing vouches for them yet")

	// The first server of the new version opens the database.
	l.db, err = postgres.Open(t.Context(), l.cfg)
	require.NoError(t, err)
	t.Cleanup(l.db.Close)
	l.log = postgres.NewAuditStore(l.db)
	l.write(t, l.tenant, 2)
	for tenant, past := range map[flomastr.TenantID]int{l.tenant: 4, {}: 3} {
		verdict := l.verify(t, tenant)
		require.Nil(t, verdict.Break)
		require.Equal(t, past, verdict.Past)
	}
	for name, sql := range map[string]string{
		"edited":  `UPDATE audit_log SET actor = 'x' WHERE seq IS NULL AND id = (SELECT max(id::text)::uuid FROM audit_log WHERE seq IS NULL)`,
		"deleted": `DELETE FROM audit_log WHERE seq IS NULL AND id = (SELECT max(id::text)::uuid FROM audit_log WHERE seq IS NULL)`,
		"added":   `INSERT INTO audit_log (tenant_id, id, actor, action) SELECT tenant_id, gen_random_uuid(), 'system', 'old.act' FROM audit_log LIMIT 1`,
	} {
		tx, err := l.root.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err, name)
		require.NoError(t, tx.Commit(t.Context()))
		require.ErrorContains(t, l.verify(t, l.tenant).Break, "of the 4 lines from before the chain", name)
	}
}

func TestAnotherMasterKeyCannotContinueTheChain(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.write(t, l.tenant, 2)
	// An insider who has the database but not the master key makes a key of their own and goes on with it.
	_, err := l.root.Exec(t.Context(), `DELETE FROM platform_encryption_keys`)
	require.NoError(t, err)
	forged, err := postgres.Open(t.Context(), l.cfg)
	require.NoError(t, err)
	t.Cleanup(forged.Close)
	require.NoError(t, postgres.NewAuditStore(forged).Record(t.Context(), audit.Record{Tenant: l.tenant, Actor: "system", Action: "forged.line"}))
	verdict := l.verify(t, l.tenant)
	require.NotNil(t, verdict.Break)
	require.EqualValues(t, 3, verdict.Break.Seq)
}

func TestLogIsReadByPageAndFilter(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.write(t, l.tenant, 5)
	require.NoError(t, l.log.Record(t.Context(), audit.Record{Tenant: l.tenant, Actor: "user:i|visited", Impersonator: "user:i|root", Action: "channel.created", Object: "channel 1"}))
	read := func(q audit.Query) []audit.Line {
		q.Limit = 4
		page, err := l.log.Lines(t.Context(), l.tenant, q)
		require.NoError(t, err)
		return page
	}
	first := read(audit.Query{})
	require.Len(t, first, 4)
	require.EqualValues(t, 6, first[0].Seq)
	last := first[3]
	rest := read(audit.Query{After: audit.Mark{At: last.At, ID: last.ID}})
	require.Len(t, rest, 2)
	require.EqualValues(t, 1, rest[1].Seq)
	for name, q := range map[string]audit.Query{
		"actor":        {Actor: "user:i|visited"},
		"impersonator": {Actor: "user:i|root"},
		"action":       {Action: "channel.created"},
		"noun":         {Action: "channel"},
		"object":       {Object: "channel 1"},
		"from":         {From: first[0].At},
	} {
		page := read(q)
		require.Len(t, page, 1, name)
		require.Equal(t, "channel.created", page[0].Action, name)
	}
	require.Empty(t, read(audit.Query{Action: "chan"}), "half a noun is none")
	require.Empty(t, read(audit.Query{Until: last.At.Add(-time.Hour)}))
	other := postgrestest.Tenant(t, l.db)
	page, err := l.log.Lines(t.Context(), other, audit.Query{Limit: 9})
	require.NoError(t, err)
	require.Empty(t, page)
}
