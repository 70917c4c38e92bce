package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

var _ identity.VisitStore = (*IdentityStore)(nil)

const visitQuery = `
	SELECT v.id, v.tenant_id AS tenant, t.slug, v.issuer, v.subject, v.email, v.session, v.reason, v.started_at, v.ends_at,
	       CASE WHEN v.ended_at IS NULL AND v.ends_at <= now() THEN v.ends_at ELSE v.ended_at END AS ended_at,
	       CASE WHEN v.ended_at IS NULL AND v.ends_at <= now() THEN '` + visitOver + `' ELSE v.ended_because END AS ended_because
	FROM visits v
	JOIN tenants t ON t.id = v.tenant_id
`

const visitOver = "the time was over"

// StartVisit keeps a visit, unless another of the person runs.
func (s *IdentityStore) StartVisit(ctx context.Context, visit identity.Visit) (identity.Visit, error) {
	var started identity.Visit
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('visits ' || $1 || '|' || $2, 0))`, visit.Issuer, visit.Subject)
		if err != nil {
			return fmt.Errorf("lock visits: %w", err)
		}
		running, err := runningVisit(ctx, tx, identity.Caller{Issuer: visit.Issuer, Subject: visit.Subject}, true)
		if err != nil {
			return err
		}
		if running != nil {
			return identity.ErrVisitRunning
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO visits (tenant_id, id, issuer, subject, email, session, reason, ends_at)
			SELECT id, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)
			FROM tenants
			WHERE id = $1 AND status NOT IN ('soft_deleted', 'erasing', 'erased')`,
			visit.Tenant, visit.ID, visit.Issuer, visit.Subject, visit.Email, visit.Session, visit.Reason, visit.EndsAt.Sub(visit.StartedAt).Seconds())
		if err != nil {
			return fmt.Errorf("insert visit: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return identity.ErrNotFound
		}
		if started, err = oneVisit(ctx, tx, `WHERE v.tenant_id = $1 AND v.id = $2`, visit.Tenant, visit.ID); err != nil {
			return err
		}
		return auditVisit(ctx, tx, "visit.started", started, map[string]string{
			"reason": visit.Reason, "email": visit.Email, "ends_at": started.EndsAt.UTC().Format(time.RFC3339),
		})
	})
	return started, err
}

// EndVisit ends a person's own running visit.
func (s *IdentityStore) EndVisit(ctx context.Context, caller identity.Caller, id flomastr.VisitID) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		n, err := endVisits(ctx, tx, "ended by the visitor", `v.issuer = $2 AND v.subject = $3 AND v.id = $4`, caller.Issuer, caller.Subject, id)
		if err == nil && n == 0 {
			err = identity.ErrNoVisit
		}
		return err
	})
}

// VisitsBy lists a person's visits, newest first.
func (s *IdentityStore) VisitsBy(ctx context.Context, caller identity.Caller, limit int) ([]identity.Visit, error) {
	var visits []identity.Visit
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		visits, err = listVisits(ctx, tx, `
			WHERE v.issuer = $1 AND v.subject = $2
			ORDER BY v.started_at DESC, v.id DESC
			LIMIT $3`, caller.Issuer, caller.Subject, limit)
		return err
	})
	return visits, err
}

// VisitsTo lists a tenant's visits, newest first.
func (s *IdentityStore) VisitsTo(ctx context.Context, tenant flomastr.TenantID, limit int) ([]identity.Visit, error) {
	var visits []identity.Visit
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		visits, err = listVisits(ctx, tx, `
			WHERE v.tenant_id = $1
			ORDER BY v.started_at DESC, v.id DESC
			LIMIT $2`, tenant, limit)
		return err
	})
	return visits, err
}

// runningVisit finds the visit that runs in a person's session, or in any of them, or nil.
func runningVisit(ctx context.Context, tx pgx.Tx, person identity.Caller, anySession bool) (*identity.Visit, error) {
	visit, err := oneVisit(ctx, tx, `
		WHERE v.issuer = $1 AND v.subject = $2 AND (v.session = $3 OR $4)
		  AND v.ended_at IS NULL AND v.ends_at > now()
		  AND t.status NOT IN ('soft_deleted', 'erasing', 'erased')
		ORDER BY v.started_at DESC
		LIMIT 1`, person.Issuer, person.Subject, person.Session, anySession)
	if errors.Is(err, identity.ErrNoVisit) {
		return nil, nil //nolint:nilnil // no visit is the usual case and no failure
	}
	if err != nil {
		return nil, err
	}
	return &visit, nil
}

// endSessionVisits ends what runs in a session that ended.
func endSessionVisits(ctx context.Context, tx pgx.Tx, issuer, session string) error {
	_, err := endVisits(ctx, tx, "the session ended", `v.issuer = $2 AND v.session = $3`, issuer, session)
	return err
}

func endVisits(ctx context.Context, tx pgx.Tx, because, which string, args ...any) (int, error) {
	rows, err := tx.Query(ctx, `
		UPDATE visits v
		SET ended_at = now(), ended_because = $1
		WHERE `+which+` AND v.ended_at IS NULL AND v.ends_at > now()
		RETURNING v.tenant_id, v.id, v.issuer, v.subject`, append([]any{because}, args...)...)
	if err != nil {
		return 0, fmt.Errorf("end visits: %w", err)
	}
	ended, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v identity.Visit, err error) {
		err = row.Scan(&v.Tenant, &v.ID, &v.Issuer, &v.Subject)
		return v, err
	})
	if err != nil {
		return 0, fmt.Errorf("end visits: %w", err)
	}
	for _, visit := range ended {
		if err := auditVisit(ctx, tx, "visit.ended", visit, map[string]string{"because": because}); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

func auditVisit(ctx context.Context, tx pgx.Tx, action string, v identity.Visit, detail map[string]string) error {
	return appendAudit(ctx, tx, audit.Record{
		Tenant: v.Tenant, Actor: identity.VisitorActor(v.Issuer, v.Subject, v.ID), Action: action, Object: "visit:" + v.ID.String(), Detail: detail,
	})
}

func listVisits(ctx context.Context, tx pgx.Tx, where string, args ...any) ([]identity.Visit, error) {
	rows, err := tx.Query(ctx, visitQuery+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list visits: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[identity.Visit])
}

func oneVisit(ctx context.Context, tx pgx.Tx, where string, args ...any) (identity.Visit, error) {
	visits, err := listVisits(ctx, tx, where, args...)
	if err != nil {
		return identity.Visit{}, err
	}
	if len(visits) == 0 {
		return identity.Visit{}, identity.ErrNoVisit
	}
	return visits[0], nil
}
