package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ClaimLanes implements whatsapp.LaneStore.
//
// Tenants are served in the order of how long ago they were served, each with an equal part of what is wanted: one with
// a million turns waiting delays another by one round. Only active tenants are served.
func (s *WhatsAppStore) ClaimLanes(ctx context.Context, kind whatsapp.LaneKind, want int, lease time.Duration, busy []flomastr.TenantID) (lanes []whatsapp.Lane, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT t.tenant_id
			FROM tenant_turns t
			JOIN tenants n ON n.id = t.tenant_id AND n.status = 'active'
			WHERE t.kind = $1 AND t.next_at <= now() AND t.tenant_id <> ALL ($3::uuid[])
			ORDER BY t.served_at
			LIMIT $2`, kind, want, uuids(busy))
		if err != nil {
			return fmt.Errorf("find due tenants: %w", err)
		}
		due, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.TenantID])
		if err != nil || len(due) == 0 {
			return err
		}
		each := max(1, want/len(due))
		if lanes, err = leaseLanes(ctx, tx, kind, due, each, lease); err != nil {
			return err
		}
		if err := settleTurns(ctx, tx, kind, due, lanes, each); err != nil {
			return err
		}
		if kind == whatsapp.LaneTurn {
			return claimJobs(ctx, tx, lanes, whatsapp.WorkerAssistant)
		}
		return nil
	})
	return lanes, err
}

func leaseLanes(ctx context.Context, tx pgx.Tx, kind whatsapp.LaneKind, tenants []flomastr.TenantID, each int, lease time.Duration) ([]whatsapp.Lane, error) {
	// Materialized, so that each tenant's share is chosen once: see ClaimJob.
	rows, err := tx.Query(ctx, `
		WITH picked AS MATERIALIZED (
		  SELECT q.tenant_id, q.conversation_id
		  FROM unnest($2::uuid[]) AS due (tenant_id)
		  CROSS JOIN LATERAL (
		    SELECT tenant_id, conversation_id
		    FROM lanes
		    WHERE tenant_id = due.tenant_id AND kind = $1 AND ours_at <= now()
		    ORDER BY ours_at
		    LIMIT $3
		    FOR UPDATE SKIP LOCKED
		  ) q
		)
		UPDATE lanes l
		SET lease_until = now() + make_interval(secs => $4), ready_at = now() + make_interval(secs => $4), term = l.term + 1,
		    worker = 'assistant', head_start = '0' -- whoever begins, goes on
		FROM picked
		WHERE l.tenant_id = picked.tenant_id AND l.conversation_id = picked.conversation_id AND l.kind = $1
		RETURNING l.tenant_id, l.conversation_id, l.channel_id, l.kind, l.term`,
		kind, uuids(tenants), each, lease.Seconds())
	if err != nil {
		return nil, fmt.Errorf("lease lanes: %w", err)
	}
	lanes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l whatsapp.Lane, err error) {
		err = row.Scan(&l.Tenant, &l.Conversation, &l.Channel, &l.Kind, &l.Term)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("lease lanes: %w", err)
	}
	return lanes, nil
}

// settleTurns writes down who was served. A tenant with less to do than its part is looked at again when its next lane
// is due, and a few times before that, ever less often: a message whose transaction was not visible yet found the
// tenant due and did not touch it.
func settleTurns(ctx context.Context, tx pgx.Tx, kind whatsapp.LaneKind, due []flomastr.TenantID, lanes []whatsapp.Lane, each int) error {
	served := map[flomastr.TenantID]int{}
	for _, l := range lanes {
		served[l.Tenant]++
	}
	var full, short []flomastr.TenantID
	for _, tenant := range due {
		if served[tenant] >= each {
			full = append(full, tenant)
		} else {
			short = append(short, tenant)
		}
	}
	_, err := tx.Exec(ctx, `
		UPDATE tenant_turns t
		SET served_at = clock_timestamp(),
		    idle = CASE WHEN t.tenant_id = ANY ($2::uuid[]) THEN 0 ELSE least(t.idle + 1, 6) END,
		    next_at = CASE
		      WHEN t.tenant_id = ANY ($2::uuid[]) THEN t.next_at
		      ELSE least(
		        CASE WHEN t.idle < 6 THEN now() + make_interval(secs => 0.05 * 2 ^ t.idle) ELSE 'infinity' END,
		        coalesce((SELECT min(l.ours_at) FROM lanes l WHERE l.tenant_id = t.tenant_id AND l.kind = t.kind AND l.ours_at > now()), 'infinity'))
		    END
		WHERE t.kind = $1 AND t.tenant_id = ANY ($2::uuid[] || $3::uuid[])`, kind, uuids(full), uuids(short))
	if err != nil {
		return fmt.Errorf("settle turns: %w", err)
	}
	return nil
}

// claimJobs takes the head job of each leased lane: the one that a dead worker left in processing, else the oldest that
// waits. The attempt is counted before it is run, so that a job that kills its worker is found out. A lane without a
// due job keeps a zero job; its worker lets it go.
func claimJobs(ctx context.Context, tx pgx.Tx, lanes []whatsapp.Lane, worker string) error {
	if len(lanes) == 0 {
		return nil
	}
	tenants, conversations, terms := make([]flomastr.TenantID, len(lanes)), make([]flomastr.ConversationID, len(lanes)), make([]int64, len(lanes))
	index := make(map[flomastr.ConversationID]int, len(lanes))
	for i, l := range lanes {
		tenants[i], conversations[i], terms[i] = l.Tenant, l.Conversation, l.Term
		index[l.Conversation] = i
	}
	rows, err := tx.Query(ctx, `
		UPDATE jobs j
		SET state = 'processing', attempts = j.attempts + 1, stale = false, worker = $4, lease_token = gen_random_uuid(), term = a.term,
		    processing_started_at = now(),
		    missed = j.missed OR $4 = 'assistant' AND j.hand = 'n8n',
		    hand = CASE $4 WHEN 'assistant' THEN 'assistant' ELSE j.hand END,
		    head_start = CASE $4 WHEN 'assistant' THEN '0' ELSE j.head_start END
		FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS a (tenant_id, conversation_id, term)
		CROSS JOIN LATERAL (
		  SELECT id, hand
		  FROM jobs
		  WHERE tenant_id = a.tenant_id AND conversation_id = a.conversation_id AND state IN ('queued', 'processing')
		  ORDER BY state = 'processing' DESC, id
		  LIMIT 1
		) head
		WHERE j.tenant_id = a.tenant_id AND j.id = head.id AND (j.state = 'processing' OR j.ready_at <= now())
		RETURNING j.conversation_id, j.id, j.lease_token::text, j.attempts, $4 = 'assistant' AND head.hand = 'n8n'`, uuids(tenants), uuids(conversations), terms, worker)
	if err != nil {
		return fmt.Errorf("claim jobs: %w", err)
	}
	var conversation flomastr.ConversationID
	var job flomastr.JobID
	var token string
	var attempts int
	var missed bool
	if _, err := pgx.ForEachRow(rows, []any{&conversation, &job, &token, &attempts, &missed}, func() error {
		lane := &lanes[index[conversation]]
		lane.Job, lane.Token, lane.Attempts, lane.Missed = job, token, attempts, missed
		return nil
	}); err != nil {
		return fmt.Errorf("claim jobs: %w", err)
	}
	return nil
}

// RenewLane implements whatsapp.LaneStore.
func (s *WhatsAppStore) RenewLane(ctx context.Context, lane whatsapp.Lane, lease time.Duration) error {
	return s.db.InTenant(ctx, lane.Tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE lanes
			SET lease_until = now() + make_interval(secs => $5), ready_at = now() + make_interval(secs => $5)
			WHERE tenant_id = $1 AND conversation_id = $2 AND kind = $3 AND term = $4 AND lease_until > now()`,
			lane.Tenant, lane.Conversation, lane.Kind, lane.Term, lease.Seconds())
		if err == nil && tag.RowsAffected() == 0 {
			return whatsapp.ErrLeaseLost
		}
		return err
	})
}

// SweepLanes implements whatsapp.LaneStore: it finds tenants with due lanes that their place in the round forgot.
func (s *WhatsAppStore) SweepLanes(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE tenant_turns t
			SET next_at = now(), idle = 0
			WHERE t.next_at > now()
			  AND EXISTS (SELECT FROM lanes l
			              WHERE l.tenant_id = t.tenant_id AND l.kind = t.kind AND l.ours_at <= now())`)
		return err
	})
}

// lockLane takes the lane's row and checks that its lease is still the caller's. Every statement after it sees what was
// committed before the lock was had.
func lockLane(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	var ours bool
	err := tx.QueryRow(ctx, `
		SELECT term = $4 AND coalesce(lease_until > now(), false)
		FROM lanes
		WHERE tenant_id = $1 AND conversation_id = $2 AND kind = $3
		FOR UPDATE`, lane.Tenant, lane.Conversation, lane.Kind, lane.Term).Scan(&ours)
	if err != nil {
		return fmt.Errorf("lock lane: %w", err)
	}
	if !ours {
		return whatsapp.ErrLeaseLost
	}
	return nil
}

// releaseTurns lets a turn's lane go; it is due when its head job is.
func releaseTurns(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane) error {
	var wait *float64
	err := tx.QueryRow(ctx, `
		UPDATE lanes l
		SET lease_until = NULL, ready_at = head.ready_at,
		    worker = coalesce(head.hand, l.worker), head_start = coalesce(head.head_start, l.head_start)
		FROM (SELECT) one
		LEFT JOIN (
		  SELECT ready_at, hand, head_start
		  FROM jobs
		  WHERE tenant_id = $1 AND conversation_id = $2 AND state IN ('queued', 'processing')
		  ORDER BY state = 'processing' DESC, id
		  LIMIT 1
		) head ON true
		WHERE l.tenant_id = $1 AND l.conversation_id = $2 AND l.kind = 'turn' AND l.term = $3
		RETURNING extract(epoch FROM l.ready_at - now())::float8`, lane.Tenant, lane.Conversation, lane.Term).Scan(&wait)
	if err != nil {
		return fmt.Errorf("release lane: %w", err)
	}
	if wait == nil {
		return nil
	}
	return bringForward(ctx, tx, lane.Tenant, whatsapp.LaneTurn, time.Duration(*wait*float64(time.Second)))
}

// releaseSends lets a send lane go until the wait is over; nil means until something is queued.
func releaseSends(ctx context.Context, tx pgx.Tx, lane whatsapp.Lane, wait *time.Duration) error {
	var seconds *float64
	if wait != nil {
		s := max(wait.Seconds(), 0)
		seconds = &s
	}
	_, err := tx.Exec(ctx, `
		UPDATE lanes
		SET lease_until = NULL, ready_at = now() + make_interval(secs => $4::float8)
		WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'send' AND term = $3`,
		lane.Tenant, lane.Conversation, lane.Term, seconds)
	if err != nil {
		return fmt.Errorf("release lane: %w", err)
	}
	if wait == nil {
		return nil
	}
	return bringForward(ctx, tx, lane.Tenant, whatsapp.LaneSend, max(*wait, 0))
}
