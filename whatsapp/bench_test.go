package whatsapp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// pgbenchScript writes the same rows of one message as SaveIntake does, in one transaction of prepared statements.
const pgbenchScript = `\set n random(0, 499)
BEGIN;
INSERT INTO inbound_receipts (tenant_id, channel_id, provider_message_id, message_id)
VALUES (:tenant::uuid, :channel::uuid, gen_random_uuid()::text, gen_random_uuid());
INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, ready_at)
SELECT :tenant::uuid, gen_random_uuid(), b.id, :channel::uuid, now() + interval '1 second' FROM bench_conversations b WHERE b.n = :n
ON CONFLICT (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0 DO UPDATE SET message_count = jobs.message_count + 1;
INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_message_id, provider_at, state, raw)
SELECT :tenant::uuid, gen_random_uuid(), now(), b.id, 'in', 'contact', 'text', 'Are you open on Friday?', gen_random_uuid()::text, now(), 'received', repeat('x', 330)
FROM bench_conversations b WHERE b.n = :n;
UPDATE conversations SET received_at = now(), last_message_at = now(), unread = unread + 1
WHERE tenant_id = :tenant::uuid AND id = (SELECT b.id FROM bench_conversations b WHERE b.n = :n);
INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, ready_at)
SELECT :tenant::uuid, b.id, 'turn', :channel::uuid, now() + interval '1 second' FROM bench_conversations b WHERE b.n = :n
ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = least(lanes.ready_at, excluded.ready_at);
COMMIT;
`

// pgbench gives the transactions a second that raw PostgreSQL reaches on this machine at this moment.
func pgbench(b *testing.B, h *bundle) float64 {
	b.Helper()
	program := "/usr/lib/postgresql/15/bin/pgbench"
	if _, err := os.Stat(program); err != nil {
		b.Skip("pgbench is not here")
	}
	admin, err := pgx.Connect(context.Background(), h.url)
	require.NoError(b, err)
	defer func() { _ = admin.Close(context.Background()) }()
	_, err = admin.Exec(context.Background(), `
		CREATE TABLE bench_conversations AS SELECT (row_number() OVER ())::int - 1 AS n, id FROM conversations;
		ALTER TABLE bench_conversations ADD PRIMARY KEY (n)`)
	require.NoError(b, err)
	script := filepath.Join(b.TempDir(), "message.sql")
	require.NoError(b, os.WriteFile(script, []byte(pgbenchScript), 0o600))
	out, err := exec.Command(program, "-n", "-c", "16", "-j", "2", "-M", "prepared", "-T", "5", "-f", script,
		"-D", fmt.Sprintf("tenant=%s", h.tenant), "-D", fmt.Sprintf("channel=%s", h.channel.ID), h.url).CombinedOutput()
	require.NoError(b, err, string(out))
	m := regexp.MustCompile(`tps = ([0-9.]+)`).FindSubmatch(out)
	require.NotNil(b, m, string(out))
	tps, err := strconv.ParseFloat(string(m[1]), 64)
	require.NoError(b, err)
	return tps
}

// BenchmarkReceive stores one-message webhooks of 500 known senders from 64 goroutines, without HTTP.
func BenchmarkReceive(b *testing.B) {
	settings := quick()
	settings.BurstWait = time.Second
	h := setup(b, options{settings: settings})
	for i := range 500 {
		h.says(fmt.Sprintf("3859111%05d", i), "Hello.")
	}
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			err := h.engine.Receive(context.Background(), "infobip", h.channel.ID, whatsapp.WebhookRequest{Header: h.header(), Body: []byte(textBody(fmt.Sprintf("3859111%05d", i%500), ourNumber, "Are you open on Friday?", ""))})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	rate := float64(b.N) / b.Elapsed().Seconds()
	require.Equal(b, b.N+500, h.count(messagesSQL))
	if raw := pgbench(b, h); raw > 0 {
		b.ReportMetric(raw, "pgbench/s")
		b.ReportMetric(rate/raw, "ratio")
	}
}

// BenchmarkReports stores a body of 500 reports of as many messages.
func BenchmarkReports(b *testing.B) {
	h := setup(b, options{})
	h.speak()
	ids := accepted(b, h, 500)
	for n := 0; b.Loop(); n++ {
		reports := make([]provider.Report, len(ids))
		for i, id := range ids {
			reports[i] = provider.Report{Key: id, Mark: fmt.Sprintf("delivered %d", n), State: provider.StateDelivered, At: time.Now()}
		}
		h.tell(provider.Batch{Reports: reports})
	}
}
