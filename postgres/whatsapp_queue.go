package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ClaimJob implements whatsapp.QueueStore: the same lanes under the same rules, for one tenant and any outside worker.
func (s *WhatsAppStore) ClaimJob(ctx context.Context, tenant flomastr.TenantID, jobType string, lease time.Duration) (lane whatsapp.Lane, err error) {
	nothing := false
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		nothing = false
		// Materialized: a plan that joins by nested loop would run the choice once for each lane, and each run skips what the
		// run before has locked, so that more than one would be leased and all but one of them forgotten.
		rows, err := tx.Query(ctx, `
			WITH picked AS MATERIALIZED (
			  SELECT q.conversation_id
			  FROM lanes q
			  WHERE q.tenant_id = $1 AND q.kind = 'turn' AND q.worker <> 'assistant' AND q.ready_at <= now()
			    AND EXISTS (SELECT FROM tenants t WHERE t.id = $1 AND t.status = 'active') -- it may have been suspended during the wait
			    AND EXISTS (SELECT FROM jobs j
			                WHERE j.tenant_id = $1 AND j.conversation_id = q.conversation_id AND j.state IN ('queued', 'processing')
			                  AND ($3 = '' OR j.job_type = $3))
			  ORDER BY q.ready_at
			  LIMIT 1
			  FOR UPDATE SKIP LOCKED
			)
			UPDATE lanes l
			SET lease_until = now() + make_interval(secs => $2), ready_at = now() + make_interval(secs => $2), term = l.term + 1
			FROM picked
			WHERE l.tenant_id = $1 AND l.conversation_id = picked.conversation_id AND l.kind = 'turn'
			RETURNING l.tenant_id, l.conversation_id, l.channel_id, l.kind, l.term`, tenant, lease.Seconds(), jobType)
		if err != nil {
			return fmt.Errorf("lease lane: %w", err)
		}
		lanes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l whatsapp.Lane, err error) {
			err = row.Scan(&l.Tenant, &l.Conversation, &l.Channel, &l.Kind, &l.Term)
			return l, err
		})
		if err != nil {
			return fmt.Errorf("lease lane: %w", err)
		}
		if len(lanes) == 0 {
			nothing = true
			return nil
		}
		if err := claimJobs(ctx, tx, lanes, "outside"); err != nil {
			return err
		}
		if lane = lanes[0]; lane.Job.IsZero() {
			nothing = true
			return releaseTurns(ctx, tx, lane)
		}
		_, err = tx.Exec(ctx, `
			UPDATE channels
			SET worker_missed_at = NULL
			WHERE tenant_id = $1 AND id = $2 AND worker_missed_at IS NOT NULL`, tenant, lane.Channel)
		return err
	})
	if err == nil && nothing {
		return lane, whatsapp.ErrNoJob
	}
	return lane, err
}

type jobRow struct {
	ID                  flomastr.JobID
	ConversationID      flomastr.ConversationID
	ChannelID           flomastr.ChannelID
	State               string
	JobType             string
	Attempts            int
	LeaseToken          *string
	Term                *int64
	LeaseUntil          *time.Time
	CreatedAt           time.Time
	ProcessingStartedAt *time.Time
	CompletedAt         *time.Time
	Result              json.RawMessage
	Error               string
	Hand                string
	Missed              bool
}

// Job implements whatsapp.QueueStore.
func (s *WhatsAppStore) Job(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID) (job whatsapp.Job, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT j.id, j.conversation_id, j.channel_id, j.state, j.job_type, j.attempts, j.lease_token::text AS lease_token, j.term,
			       l.lease_until, j.created_at, j.processing_started_at, j.completed_at, j.result, j.error, j.hand, j.missed
			FROM jobs j
			LEFT JOIN lanes l ON l.tenant_id = $1 AND l.conversation_id = j.conversation_id AND l.kind = 'turn' AND l.term = j.term
			WHERE j.tenant_id = $1 AND j.id = $2`, tenant, id)
		if err != nil {
			return err
		}
		r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[jobRow])
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrJobNotFound
		}
		job = whatsapp.Job{
			ID: r.ID, Conversation: r.ConversationID, Channel: r.ChannelID, State: r.State, Type: r.JobType, Attempts: r.Attempts,
			LeaseUntil: orZero(r.LeaseUntil), CreatedAt: r.CreatedAt.UTC(), StartedAt: orZero(r.ProcessingStartedAt),
			CompletedAt: orZero(r.CompletedAt), Result: r.Result, Error: r.Error, Hand: r.Hand, Missed: r.Missed,
		}
		if r.LeaseToken != nil {
			job.Token = *r.LeaseToken
		}
		if r.Term != nil {
			job.Term = *r.Term
		}
		return err
	})
	return job, err
}

// LaneOfJob implements whatsapp.QueueStore.
func (s *WhatsAppStore) LaneOfJob(ctx context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string) (lane whatsapp.Lane, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM jobs WHERE tenant_id = $1 AND id = $2)`, tenant, id).Scan(&exists); err != nil {
			return fmt.Errorf("find job: %w", err)
		}
		if !exists {
			return whatsapp.ErrJobNotFound
		}
		lane = whatsapp.Lane{Tenant: tenant, Kind: whatsapp.LaneTurn, Job: id, Token: token}
		err := tx.QueryRow(ctx, `
			SELECT l.conversation_id, l.channel_id, l.term
			FROM jobs j
			JOIN lanes l ON l.tenant_id = $1 AND l.conversation_id = j.conversation_id AND l.kind = 'turn' AND l.term = j.term
			WHERE j.tenant_id = $1 AND j.id = $2 AND j.state = 'processing' AND j.lease_token::text = $3 AND l.lease_until > now()`,
			tenant, id, token).Scan(&lane.Conversation, &lane.Channel, &lane.Term)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrLeaseLost
		}
		return err
	})
	return lane, err
}

// FailJob implements whatsapp.QueueStore.
func (s *WhatsAppStore) FailJob(ctx context.Context, lane whatsapp.Lane, because string) error {
	return s.retried(ctx, lane.Tenant, func(tx pgx.Tx) error {
		if err := lockLane(ctx, tx, lane); err != nil {
			return err
		}
		out := whatsapp.Outcome{State: whatsapp.JobFailed, Problem: because}
		return finishJob(ctx, tx, lane, out, whatsapp.JobResult{Action: flomastr.ActionSilent, Reason: because})
	})
}

// QueueSize implements whatsapp.QueueStore.
func (s *WhatsAppStore) QueueSize(ctx context.Context, tenant flomastr.TenantID) (n int, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM jobs WHERE tenant_id = $1 AND state = 'queued'`, tenant).Scan(&n)
	})
	return n, err
}

// TotalQueueSize implements whatsapp.QueueStore.
func (s *WhatsAppStore) TotalQueueSize(ctx context.Context) (n int, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM jobs WHERE state = 'queued'`).Scan(&n)
	})
	return n, err
}
