package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/contextengine/evaluation"
)

const runColumns = `id, set_id, release_id, status, problem, total, done, totals, begun_by, began_at, ended_at`

func scanRun(row pgx.CollectableRow) (r evaluation.Run, err error) {
	var ended *time.Time
	err = row.Scan(&r.ID, &r.Set, &r.Release, &r.Status, &r.Problem, &r.Total, &r.Done, &r.Totals, &r.By, &r.BeganAt, &ended)
	r.BeganAt = r.BeganAt.UTC()
	if ended != nil {
		r.EndedAt = ended.UTC()
	}
	return r, err
}

func oneRun(rows pgx.Rows, err error) (evaluation.Run, error) {
	if err != nil {
		return evaluation.Run{}, err
	}
	run, err := pgx.CollectExactlyOneRow(rows, scanRun)
	if errors.Is(err, pgx.ErrNoRows) {
		return run, evaluation.ErrRunNotFound
	}
	return run, err
}

func lastRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, set flomastr.QuestionSetID) (*evaluation.Run, error) {
	run, err := oneRun(tx.Query(ctx, `
		SELECT `+runColumns+`
		FROM evaluation_runs
		WHERE tenant_id = $1 AND set_id = $2
		ORDER BY began_at DESC, id DESC
		LIMIT 1`, tenant, set))
	if errors.Is(err, evaluation.ErrRunNotFound) {
		return nil, nil //nolint:nilnil // a set that was never asked has none
	}
	return &run, err
}

// BeginRun implements [evaluation.Store].
func (s *EvaluationStore) BeginRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, release flomastr.ReleaseID) (run evaluation.Run, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		of, err := readSet(ctx, tx, tenant, set)
		if err != nil {
			return err
		}
		if !release.IsZero() {
			if _, err := readRelease(ctx, tx, tenant, release, ""); err != nil {
				return err
			}
		}
		run, err = oneRun(tx.Query(ctx, `
			INSERT INTO evaluation_runs (tenant_id, id, set_id, total, begun_by, release_id)
			VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING `+runColumns, tenant, flomastr.NewID[flomastr.EvaluationID](), set, of.Count, by, release))
		if violates(err, runningKey) {
			return evaluation.ErrRunning
		}
		if err != nil {
			return err
		}
		if err := copyQuestions(ctx, tx, tenant, run); err != nil {
			return err
		}
		if err := s.enqueueRun(ctx, tx, tenant, run.ID); err != nil {
			return err
		}
		return noteRun(ctx, tx, tenant, by, "knowledge.evaluation_begun", run)
	})
	return run, err
}

// copyQuestions gives a run its questions, and forgets the runs of the set that are too many.
func copyQuestions(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, run evaluation.Run) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO evaluation_results (tenant_id, run_id, no, text, expected)
		SELECT tenant_id, $3, no, text, expected
		FROM questions
		WHERE tenant_id = $1 AND set_id = $2`, tenant, run.Set, run.ID)
	if err != nil {
		return fmt.Errorf("copy questions: %w", err)
	}
	if tag.RowsAffected() != int64(run.Total) {
		return evaluation.ErrRunning // the set was replaced in this moment; begin again
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM evaluation_runs
		WHERE tenant_id = $1 AND id IN (
		  SELECT id
		  FROM evaluation_runs
		  WHERE tenant_id = $1 AND set_id = $2
		  ORDER BY began_at DESC, id DESC
		  OFFSET $3)`, tenant, run.Set, keptRuns)
	return err
}

func noteRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, run evaluation.Run) error {
	err := appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: by, Action: action, Object: "evaluation:" + run.ID.String(), Detail: map[string]string{
		"question_set": run.Set.String(), "questions": strconv.Itoa(run.Total),
	}})
	if err != nil {
		return err
	}
	return runEvent(ctx, tx, tenant, run)
}

// runEvent tells the tenant's live pages how far a run is.
func runEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, run evaluation.Run) error {
	return appendEvent(ctx, tx, tenant, "knowledge.evaluation", map[string]any{
		"id": run.ID, "question_set_id": run.Set, "status": run.Status, "done": run.Done, "total": run.Total,
	})
}

// Runs implements [evaluation.Store].
func (s *EvaluationStore) Runs(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID) (list []evaluation.Run, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := readSet(ctx, tx, tenant, set); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT `+runColumns+`
			FROM evaluation_runs
			WHERE tenant_id = $1 AND set_id = $2
			ORDER BY began_at DESC, id DESC`, tenant, set)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanRun)
		return err
	})
	return list, err
}

// Run implements [evaluation.Store].
func (s *EvaluationStore) Run(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID) (run evaluation.Run, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		run, err = readRun(ctx, tx, tenant, set, id, "")
		return err
	})
	return run, err
}

// readRun reads a run of a set, or of any set when that is zero.
func readRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID, lock string) (evaluation.Run, error) {
	return oneRun(tx.Query(ctx, `
		SELECT `+runColumns+`
		FROM evaluation_runs
		WHERE tenant_id = $1 AND id = $2 AND ($3::uuid IS NULL OR set_id = $3) `+lock, tenant, id, set))
}

// CancelRun implements [evaluation.Store].
func (s *EvaluationStore) CancelRun(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, set flomastr.QuestionSetID, id flomastr.EvaluationID) (run evaluation.Run, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		run, err = readRun(ctx, tx, tenant, set, id, "FOR UPDATE")
		if err != nil || run.Status != evaluation.Running {
			return err
		}
		if run, err = endRun(ctx, tx, tenant, id, evaluation.Cancelled, "", nil); err != nil {
			return err
		}
		return noteRun(ctx, tx, tenant, by, "knowledge.evaluation_cancelled", run)
	})
	return run, err
}

// EndRun implements [evaluation.Store].
func (s *EvaluationStore) EndRun(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, status evaluation.RunStatus, problem string, totals *evaluation.Totals) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		run, err := endRun(ctx, tx, tenant, id, status, problem, totals)
		if errors.Is(err, evaluation.ErrRunNotFound) {
			return nil // ended already, or gone with its set
		}
		if err != nil {
			return err
		}
		return runEvent(ctx, tx, tenant, run)
	})
}

func endRun(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.EvaluationID, status evaluation.RunStatus, problem string, totals *evaluation.Totals) (evaluation.Run, error) {
	return oneRun(tx.Query(ctx, `
		UPDATE evaluation_runs
		SET status = $3, problem = $4, totals = $5, ended_at = now()
		WHERE tenant_id = $1 AND id = $2 AND status = 'running'
		RETURNING `+runColumns, tenant, id, status, problem, totals))
}

const resultColumns = `no, text, expected, verdict, found, answered, confidence, reason`

func scanResult(row pgx.CollectableRow) (r evaluation.Result, err error) {
	err = row.Scan(&r.No, &r.Text, &r.Expected, &r.Verdict, &r.Found, &r.Answered, &r.Confidence, &r.Reason)
	return r, err
}

// Results implements [evaluation.Store]. Those that failed come first, then what is right, then what waits; within, in the
// set's order.
func (s *EvaluationStore) Results(ctx context.Context, tenant flomastr.TenantID, set flomastr.QuestionSetID, id flomastr.EvaluationID, page evaluation.ResultPage) (list []evaluation.Result, next string, err error) {
	const order = `CASE verdict WHEN 'waiting' THEN 2 WHEN 'right' THEN 1 ELSE 0 END`
	group, no := 0, 0
	if page.Cursor != "" {
		if _, err := fmt.Sscanf(page.Cursor, "%d-%d", &group, &no); err != nil {
			return nil, "", ErrBadCursor
		}
	}
	limit := page.Limit + 1
	if page.Limit <= 0 {
		limit = evaluation.MaxQuestions
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := readRun(ctx, tx, tenant, set, id, ""); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT `+resultColumns+`
			FROM evaluation_results
			WHERE tenant_id = $1 AND run_id = $2 AND (`+order+`, no) > ($3, $4) AND (NOT $5 OR `+order+` = 0)
			ORDER BY `+order+`, no
			LIMIT $6`, tenant, id, group, no, page.FailedOnly, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanResult)
		return err
	})
	if page.Limit > 0 && len(list) > page.Limit {
		list = list[:page.Limit]
		next = placeOf(list[page.Limit-1])
	}
	return list, next, err
}

// placeOf is where a list of results goes on.
func placeOf(r evaluation.Result) string {
	group := 0
	switch r.Verdict {
	case evaluation.Waiting:
		group = 2
	case evaluation.Right:
		group = 1
	}
	return fmt.Sprintf("%d-%d", group, r.No)
}

// Waiting implements [evaluation.Store].
func (s *EvaluationStore) Waiting(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, limit int) (list []evaluation.Result, about evaluation.About, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT t.time_zone, r.release_id
			FROM evaluation_runs r
			JOIN tenants t ON t.id = r.tenant_id
			WHERE r.tenant_id = $1 AND r.id = $2 AND r.status = 'running'`, tenant, id).Scan(&about.TimeZone, &about.Release)
		if errors.Is(err, pgx.ErrNoRows) {
			return evaluation.ErrRunOver
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT `+resultColumns+`
			FROM evaluation_results
			WHERE tenant_id = $1 AND run_id = $2 AND verdict = 'waiting'
			ORDER BY no
			LIMIT $3`, tenant, id, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanResult)
		return err
	})
	return list, about, err
}

// Settle implements [evaluation.Store]. The run's row is locked first, so that a cancelled run gets no more results and
// each question counts once.
func (s *EvaluationStore) Settle(ctx context.Context, tenant flomastr.TenantID, id flomastr.EvaluationID, r evaluation.Result) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		run, err := readRun(ctx, tx, tenant, flomastr.QuestionSetID{}, id, "FOR UPDATE")
		if errors.Is(err, evaluation.ErrRunNotFound) || err == nil && run.Status != evaluation.Running {
			return evaluation.ErrRunOver
		}
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE evaluation_results
			SET verdict = $4, found = $5, answered = $6, confidence = $7, reason = $8
			WHERE tenant_id = $1 AND run_id = $2 AND no = $3 AND verdict = 'waiting'`,
			tenant, id, r.No, r.Verdict, uuids(r.Found), r.Answered, r.Confidence, r.Reason)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		run, err = oneRun(tx.Query(ctx, `
			UPDATE evaluation_runs
			SET done = done + 1, touched_at = now()
			WHERE tenant_id = $1 AND id = $2
			RETURNING `+runColumns, tenant, id))
		if err != nil {
			return err
		}
		if step := max(1, run.Total/50); run.Done%step != 0 { // a bar has no more than so many steps
			return nil
		}
		return runEvent(ctx, tx, tenant, run)
	})
}

// ResumeRuns implements [evaluation.Store]. A job too many does no harm: it finds nothing to do, or shares the work.
func (s *EvaluationStore) ResumeRuns(ctx context.Context) (resumed int, err error) {
	type still struct {
		Tenant flomastr.TenantID
		ID     flomastr.EvaluationID
	}
	var list []still
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT r.tenant_id, r.id
			FROM evaluation_runs r
			JOIN tenants t ON t.id = r.tenant_id
			WHERE r.status = 'running' AND r.touched_at < now() - $1::interval AND t.status = 'active'
			ORDER BY r.touched_at
			LIMIT 500`, stillAfter)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[still])
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, r := range list {
		err := s.db.InTenant(ctx, r.Tenant, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `
				UPDATE evaluation_runs
				SET touched_at = now()
				WHERE tenant_id = $1 AND id = $2 AND status = 'running' AND touched_at < now() - $3::interval`, r.Tenant, r.ID, stillAfter)
			if err != nil || tag.RowsAffected() == 0 {
				return err // another server was quicker
			}
			resumed++
			return s.enqueueRun(ctx, tx, r.Tenant, r.ID)
		})
		if err != nil {
			return resumed, err
		}
	}
	return resumed, nil
}
