package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// checker compares the customers' ledger, the provider's and the database when everything has come to rest. Its queries
// are the administrator's, over all tenants.
type checker struct {
	lab        *lab
	load       *load
	violations []string
}

func (c *checker) violatedf(format string, args ...any) {
	c.violations = append(c.violations, fmt.Sprintf(format, args...))
}

// stalled is longer than the longest lease, a send's of 45 s: what a killed server had in its hands moves when that has ended.
const stalled = 75 * time.Second

// drained waits until nothing of the run is open. What takes its time is not stuck: behind a call that hangs the next one of
// its conversation waits, and may hang as well. It is stuck when for longer than a lease nothing came to an end, or in the end.
func (c *checker) drained(ctx context.Context, most time.Duration) {
	done, moved := -1, time.Now()
	open := func() int {
		return c.lab.number(ctx, `SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing')`) +
			c.lab.number(ctx, `SELECT count(*) FROM outbox WHERE phase <> 'settled'`)
	}
	err := until(ctx, most, func() bool {
		if now := c.lab.number(ctx, `SELECT (SELECT count(*) FROM jobs WHERE completed_at IS NOT NULL) + (SELECT count(*) FROM outbox WHERE phase = 'settled')`); now != done {
			done, moved = now, time.Now()
		}
		return open() == 0 || time.Since(moved) > stalled
	})
	if err == nil && open() > 0 {
		err, most = errors.New("stuck"), stalled
	}
	if err != nil {
		c.violatedf("I12 not at rest after %s: %d turns and %d sends are open", most,
			c.lab.number(ctx, `SELECT count(*) FROM jobs WHERE state IN ('queued', 'processing')`),
			c.lab.number(ctx, `SELECT count(*) FROM outbox WHERE phase <> 'settled'`))
		c.none(ctx, "I12 open", `
			SELECT concat_ws(' ', o.phase, 'attempt', o.attempts, m.problem, 'lane due', l.ready_at - now(), 'leased', l.lease_until - now(), ch.status, ch.pause_reason, 'turn', t.next_at - now())
			FROM outbox o
			JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id
			JOIN channels ch ON ch.tenant_id = o.tenant_id AND ch.id = o.channel_id
			JOIN tenant_turns t ON t.tenant_id = o.tenant_id AND t.kind = 'send'
			LEFT JOIN lanes l ON l.tenant_id = o.tenant_id AND l.conversation_id = o.conversation_id AND l.kind = 'send'
			WHERE o.phase <> 'settled' ORDER BY o.seq`)
	}
}

// none says what is wrong for each row that a query finds.
func (c *checker) none(ctx context.Context, what, sql string, args ...any) {
	found, err := c.lab.rows(ctx, sql, args...)
	if err != nil {
		c.violatedf("not checked: %s: %v", what, err)
		return
	}
	if len(found) > 0 {
		c.violatedf("%s: %d, such as %s", what, len(found), strings.Join(found[:min(3, len(found))], ", "))
	}
}

func (c *checker) check(ctx context.Context) {
	heard := slices.Compact(slices.Sorted(slices.Values(c.load.heard)))
	mine := "chaos-" + c.load.run + "-%"
	c.none(ctx, "I1 acknowledged and not stored", `
		SELECT a FROM unnest($1::text[]) a
		WHERE NOT EXISTS (SELECT FROM inbound_receipts r JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.message_id
		                  WHERE r.provider_message_id = a)`, heard)
	c.none(ctx, "I1 stored twice", `
		SELECT provider_message_id FROM messages WHERE direction = 'in' AND provider_message_id LIKE $1
		GROUP BY provider_message_id HAVING count(*) > 1`, mine)
	c.none(ctx, "I1 stored and in no finished turn", `
		SELECT m.provider_message_id FROM messages m
		LEFT JOIN jobs j ON j.tenant_id = m.tenant_id AND j.id = m.job_id
		WHERE m.provider_message_id LIKE $1 AND coalesce(j.state, '') NOT IN ('completed', 'failed', 'expired')`, mine)
	c.none(ctx, "I1 a turn without answer, reason or person", `
		SELECT DISTINCT j.id FROM jobs j JOIN messages m ON m.tenant_id = j.tenant_id AND m.job_id = j.id
		WHERE m.provider_message_id LIKE $1 AND j.state IN ('completed', 'failed') AND j.result->>'action' <> 'silent'
		  AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = j.tenant_id AND o.job_id = j.id)`, mine)
	c.none(ctx, "I2 answered twice", `
		SELECT job_id FROM outbox WHERE job_id IS NOT NULL AND part = 1 GROUP BY tenant_id, job_id HAVING count(*) > 1`)
	c.none(ctx, "I4 a later answer to an earlier message", `
		SELECT o.message_id FROM outbox o JOIN outbox later ON later.tenant_id = o.tenant_id AND later.conversation_id = o.conversation_id
		WHERE later.seq > o.seq AND later.job_id < o.job_id`)
	c.none(ctx, "I6 a send without its message", `
		SELECT o.message_id FROM outbox o WHERE NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = o.tenant_id AND m.id = o.message_id)`)
	// A turn whose answer was asked for again has given its messages away.
	c.none(ctx, "I6 a turn without messages", `
		SELECT j.id FROM jobs j WHERE NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = j.tenant_id AND m.job_id = j.id AND m.direction = 'in')
		  AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = j.tenant_id AND o.job_id = j.id AND o.dealt_how = 'asked_again')`)
	const rank = `array_position(ARRAY['accepted', 'sent', 'delivered', 'read'], `
	c.none(ctx, "I7 a state went back", `
		SELECT m.id FROM messages m JOIN message_events e ON e.tenant_id = m.tenant_id AND e.message_id = m.id
		WHERE m.state <> 'failed' AND `+rank+`e.state) > coalesce(`+rank+`m.state), 0)`)
	c.none(ctx, "I12 a dead owner's turn", `
		SELECT j.id FROM jobs j JOIN lanes l ON l.tenant_id = j.tenant_id AND l.conversation_id = j.conversation_id AND l.kind = 'turn'
		WHERE j.state = 'processing' AND l.lease_until < now() - interval '10 seconds'`)
	c.none(ctx, "I12 idle in a transaction", `
		SELECT pid FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '15 seconds'`)
	for status, n := range c.load.statuses {
		switch status {
		case 0, http.StatusOK, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway:
		default:
			c.violatedf("I9 %d webhooks were answered %d", n, status)
		}
	}
	c.compare(ctx)
}

// compare looks at what the provider took: nothing twice, nothing out of order, and nothing that we claim and it never saw.
func (c *checker) compare(ctx context.Context) {
	taken, err := c.lab.ledger(ctx)
	if err != nil {
		c.violatedf("not checked: the provider's ledger: %v", err)
		return
	}
	ids, counts := []string{}, map[string]int{}
	for _, a := range taken {
		if counts[a.MessageID]++; counts[a.MessageID] == 2 {
			c.violatedf("I3 sent twice: %s to %s", a.MessageID, a.To)
		}
		ids = append(ids, a.MessageID)
	}
	c.none(ctx, "I3 sent, and nobody is told", `
		SELECT m.id || ' ' || m.state FROM messages m WHERE m.id = ANY ($1::uuid[]) AND m.state = 'queued'`, ids)
	c.none(ctx, "I3 claimed as sent, and the provider never saw it", `
		SELECT id FROM messages WHERE direction = 'out' AND state IN ('accepted', 'sent', 'delivered', 'read') AND NOT id = ANY ($1::uuid[])`, ids)
	c.none(ctx, "I4 out of order at the provider", `
		SELECT o.message_id FROM unnest($1::uuid[]) WITH ORDINALITY a (id, n) JOIN outbox o ON o.message_id = a.id
		JOIN (SELECT o.conversation_id, o.seq, a.n FROM unnest($1::uuid[]) WITH ORDINALITY a (id, n) JOIN outbox o ON o.message_id = a.id) later
		  ON later.conversation_id = o.conversation_id AND later.n > a.n AND later.seq < o.seq`, ids)
}
