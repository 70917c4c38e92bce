package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

// limitScript writes the rows of one message as the product's intake does for a known sender whose turn waits: receipt,
// turn, message, conversation, lane and event, in one transaction. Ids ascend like ours do.
const limitScript = `\set sender random(0, %d)
BEGIN;
INSERT INTO inbound_receipts (tenant_id, channel_id, provider_message_id, message_id)
VALUES ('%[2]s', '%[3]s', 'limit-' || nextval('bench_limit'), ('019a0000-0000-7000-8000-' || lpad(currval('bench_limit')::text, 12, '0'))::uuid);
INSERT INTO jobs (tenant_id, id, conversation_id, channel_id, ready_at, message_count, hand, head_start)
SELECT '%[2]s', ('019a0000-0000-7001-8000-' || lpad(currval('bench_limit')::text, 12, '0'))::uuid, s.conversation, '%[3]s', now(), 1, 'n8n', interval '1 hour'
FROM bench_senders s WHERE s.n = :sender
ON CONFLICT (tenant_id, conversation_id) WHERE state = 'queued' AND attempts = 0 DO UPDATE
SET message_count = jobs.message_count + 1, ready_at = greatest(jobs.ready_at, excluded.ready_at);
INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_message_id, provider_at, state, raw)
SELECT '%[2]s', ('019a0000-0000-7000-8000-' || lpad(currval('bench_limit')::text, 12, '0'))::uuid, now(), s.conversation, 'in', 'contact', 'text',
  'Are you open on Friday evening, and do I need to book a table for four?', 'limit-' || currval('bench_limit'), now(), 'received', s.raw
FROM bench_senders s WHERE s.n = :sender;
UPDATE conversations SET received_at = now(), window_until = now() + interval '24 hours', last_message_at = now(),
  last_text = 'Are you open on Friday evening, and do I need to book a table for four?', last_direction = 'in', unread = unread + 1, status = 'open'
WHERE tenant_id = '%[2]s' AND id = (SELECT s.conversation FROM bench_senders s WHERE s.n = :sender);
INSERT INTO lanes (tenant_id, conversation_id, kind, channel_id, worker, head_start, ready_at)
SELECT '%[2]s', s.conversation, 'turn', '%[3]s', 'n8n', interval '1 hour', now() FROM bench_senders s WHERE s.n = :sender
ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = least(lanes.ready_at, excluded.ready_at), worker = excluded.worker;
INSERT INTO events (tenant_id, id, type, data)
SELECT '%[2]s', ('019a0000-0000-7002-8000-' || lpad(currval('bench_limit')::text, 12, '0'))::uuid, 'message.created',
  jsonb_build_object('conversation_id', s.conversation, 'direction', 'in', 'type', 'text', 'text', 'Are you open on Friday evening, and do I need to book a table for four?', 'state', 'received')
FROM bench_senders s WHERE s.n = :sender;
COMMIT;
`

// prepareLimit gives pgbench senders of its own, known like ours.
func (l *lab) prepareLimit(ctx context.Context, c channel) error {
	tenant := l.demo.Tenants[0].ID
	_, err := l.admin.Exec(ctx, fmt.Sprintf(`
		DROP TABLE IF EXISTS bench_senders;
		DROP SEQUENCE IF EXISTS bench_limit;
		CREATE SEQUENCE bench_limit;
		CREATE TABLE bench_senders (n integer PRIMARY KEY, conversation uuid NOT NULL, raw text NOT NULL);
		INSERT INTO bench_senders
		SELECT row_number() OVER () - 1, c.id, m.raw
		FROM conversations c
		JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
		WHERE c.tenant_id = '%s' AND c.channel_id = '%s';
		ANALYZE`, tenant, c.id))
	if err != nil {
		return err
	}
	script := fmt.Sprintf(limitScript, senders-1, tenant, c.id)
	return os.WriteFile(filepath.Join(l.dir, "limit.sql"), []byte(script), 0o600)
}

var perSecond = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// limit runs pgbench once and gives its transactions a second.
func (l *lab) limit(ctx context.Context) (float64, error) {
	bin, err := pgcluster.FindBinaries()
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "pgbench"), "-n", "-c", "16", "-j", "2", "-M", "prepared",
		"-T", strconv.Itoa(int(limitRun.Seconds())), "-f", filepath.Join(l.dir, "limit.sql"), l.database.AdminURL()).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	found := perSecond.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench says no rate: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// databasePID is the postmaster's.
func (l *lab) databasePID() int {
	content, err := os.ReadFile(filepath.Join(l.database.Dir(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(regexp.MustCompile(`^\d+`).FindString(string(content)))
	return pid
}
