package whatsapp_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A turn looks at its own customer's rows, however many customers the business has: the rows that PostgreSQL reads for it
// are counted, table by table. A condition that row-level security keeps from an index shows here.
func TestATurnReadsNoMoreInALargeBusiness(t *testing.T) {
	t.Parallel()
	const customers, turns, most = 3000, 30, 40
	b := setup(t, options{})
	b.crowd(customers)
	before := b.rowsRead()
	ctx, stop := context.WithCancel(context.Background())
	working := make(chan struct{})
	go func() { defer close(working); _ = b.engine.Work(ctx) }()
	for i := range turns { // one after the other, so that a connection plans a statement for good, which it does at the sixth time
		who := fmt.Sprintf("38591%07d", 100+i)
		b.says(who, "Open today?")
		b.eventually("an answer", func() bool { return len(b.ledger.to(who)) > 0 })
	}
	stop()
	<-working
	after := b.rowsRead()
	for _, table := range []string{"contacts", "contact_identities", "conversations", "lanes", "suppressions", "jobs", "outbox"} {
		each := (after[table] - before[table]) / turns
		if each > most {
			t.Errorf("%s: %d rows read a turn, where a turn has use for %d at most", table, each, most)
		}
	}
	require.Positive(t, after["conversations"]-before["conversations"], "what was read is counted")
}

// crowd gives the business customers who have written before; half of them want no advertising.
func (b *bundle) crowd(n int) {
	b.t.Helper()
	conn := b.admin()
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range []string{
		`INSERT INTO contacts (tenant_id, id, phone) SELECT $1, md5('t' || i)::uuid, '+38591' || lpad(i::text, 7, '0') FROM generate_series(1, $3::int) i WHERE $2::uuid IS NOT NULL`,
		`INSERT INTO contact_identities (tenant_id, channel_id, kind, value, contact_id)
		 SELECT $1, $2, 'phone', '38591' || lpad(i::text, 7, '0'), md5('t' || i)::uuid FROM generate_series(1, $3::int) i`,
		`INSERT INTO conversations (tenant_id, id, channel_id, contact_id, address)
		 SELECT $1, md5('c' || i)::uuid, $2, md5('t' || i)::uuid, '38591' || lpad(i::text, 7, '0') FROM generate_series(1, $3::int) i`,
		`INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id)
		 SELECT $1, md5('c' || i)::uuid, k, $2 FROM generate_series(1, $3::int) i, unnest(ARRAY['turn', 'send']) k`,
		`INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, state, ready_at, completed_at)
		 SELECT $1, md5('j' || i)::uuid, md5('c' || i)::uuid, $2, 'completed', now(), now() FROM generate_series(1, $3::int) i`,
		`INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_at, job_id, state)
		 SELECT $1, md5(way || i)::uuid, now(), md5('c' || i)::uuid, way, CASE way WHEN 'in' THEN 'contact' ELSE 'assistant' END, 'text', 'Hello', now(), md5('j' || i)::uuid,
		        CASE way WHEN 'in' THEN 'received' ELSE 'read' END
		 FROM generate_series(1, $3::int) i, unnest(ARRAY['in', 'out']) way WHERE $2::uuid IS NOT NULL`,
		`INSERT INTO outbox (tenant_id, message_id, seq, conversation_id, channel_id, phase, kind, content, expires_at, job_id, part)
		 SELECT $1, md5('out' || i)::uuid, i, md5('c' || i)::uuid, $2, 'settled', 'answer', '{}', now(), md5('j' || i)::uuid, 1 FROM generate_series(1, $3::int) i`,
		`INSERT INTO suppressions (tenant_id, contact_id, scope, source, detail)
		 SELECT $1, md5('t' || i)::uuid, 'marketing', 'contact', '' FROM generate_series(1000, $3::int, 2) i WHERE $2::uuid IS NOT NULL`,
	} {
		_, err := conn.Exec(context.Background(), sql, b.tenant, b.channel.ID, n)
		require.NoError(b.t, err, sql)
	}
	_, err := conn.Exec(context.Background(), `VACUUM ANALYZE`)
	require.NoError(b.t, err)
}

// rowsRead is how many rows of each table statements have read so far. It ends all other connections, because a connection
// says what it read when it ends, if not before.
func (b *bundle) rowsRead() map[string]int {
	b.t.Helper()
	conn := b.admin()
	defer func() { _ = conn.Close(context.Background()) }()
	_, err := conn.Exec(context.Background(), `
		SELECT pg_terminate_backend(pid, 10000)
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(b.t, err)
	read := map[string]int{}
	rows, err := conn.Query(context.Background(), `SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables`)
	require.NoError(b.t, err)
	var table string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error { read[table] += n; return nil })
	require.NoError(b.t, err)
	return read
}

// admin is a connection of the database's administrator.
func (b *bundle) admin() *pgx.Conn {
	b.t.Helper()
	conn, err := pgx.Connect(context.Background(), b.url)
	require.NoError(b.t, err)
	return conn
}
