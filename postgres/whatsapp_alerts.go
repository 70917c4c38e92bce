package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// RaiseAlert implements whatsapp.AlertStore.
func (s *WhatsAppStore) RaiseAlert(ctx context.Context, tenant flomastr.TenantID, alert whatsapp.Alert) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error { return raiseAlert(ctx, tx, tenant, alert) })
}

// ClearAlert implements whatsapp.AlertStore.
func (s *WhatsAppStore) ClearAlert(ctx context.Context, tenant flomastr.TenantID, kind whatsapp.AlertKind, object string) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error { return clearAlert(ctx, tx, tenant, kind, object) })
}

// raiseAlert opens an alert in the transaction that found the reason.
func raiseAlert(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, a whatsapp.Alert) error {
	id := flomastr.NewID[flomastr.AlertID]()
	if a.Severity == provider.Info {
		if err := clearAlert(ctx, tx, tenant, a.Kind, a.Object); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO alerts (tenant_id, id, kind, severity, object, detail, resolved_at)
			VALUES ($1, $2, $3, 'info', $4, $5, now())`, tenant, id, a.Kind, a.Object, a.Detail); err != nil {
			return fmt.Errorf("record an alert: %w", err)
		}
		return nil
	}
	var opened bool
	if err := tx.QueryRow(ctx, `
		INSERT INTO alerts (tenant_id, id, kind, severity, object, detail)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, kind, object) WHERE resolved_at IS NULL DO UPDATE
		SET severity = excluded.severity, detail = excluded.detail
		RETURNING id = $2`, tenant, id, a.Kind, a.Severity, a.Object, a.Detail).Scan(&opened); err != nil {
		return fmt.Errorf("raise alert: %w", err)
	}
	if !opened {
		return nil
	}
	return appendEvent(ctx, tx, tenant, "alert.raised", map[string]string{
		"alert_id": id.String(), "kind": string(a.Kind), "severity": string(a.Severity), "object": a.Object, "detail": a.Detail,
	})
}

func clearAlert(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, kind whatsapp.AlertKind, object string) error {
	rows, err := tx.Query(ctx, `
		UPDATE alerts
		SET resolved_at = now()
		WHERE tenant_id = $1 AND kind = $2 AND object = $3 AND resolved_at IS NULL
		RETURNING id`, tenant, kind, object)
	if err != nil {
		return fmt.Errorf("clear alert: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.AlertID])
	if err != nil {
		return fmt.Errorf("clear alert: %w", err)
	}
	for _, id := range ids {
		if err := appendEvent(ctx, tx, tenant, "alert.resolved", map[string]string{"alert_id": id.String(), "kind": string(kind), "object": object}); err != nil {
			return err
		}
	}
	return nil
}

type alertRow struct {
	ID         flomastr.AlertID
	Kind       whatsapp.AlertKind
	Severity   provider.Severity
	Object     string
	Detail     string
	RaisedAt   time.Time
	ResolvedAt *time.Time
	ResolvedBy flomastr.Actor
}

func (r alertRow) alert() whatsapp.Alert {
	return whatsapp.Alert{
		ID: r.ID, Kind: r.Kind, Severity: r.Severity, Object: r.Object, Detail: r.Detail, RaisedAt: r.RaisedAt.UTC(),
		ResolvedAt: orZero(r.ResolvedAt), ResolvedBy: r.ResolvedBy,
	}
}

const alertColumnsSQL = `id, kind, severity, object, detail, raised_at, resolved_at, resolved_by`

// Alerts implements whatsapp.AlertStore. The ids sort as the alerts were raised.
func (s *WhatsAppStore) Alerts(ctx context.Context, tenant flomastr.TenantID, page whatsapp.AlertPage) (list []whatsapp.Alert, next string, err error) {
	before := flomastr.AlertID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	if page.Cursor != "" {
		if before, err = flomastr.ParseID[flomastr.AlertID](page.Cursor); err != nil {
			return nil, "", ErrBadCursor.Because(err)
		}
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+alertColumnsSQL+`
			FROM alerts
			WHERE tenant_id = $1 AND id < $2 AND (resolved_at IS NULL OR NOT $3)
			ORDER BY id DESC
			LIMIT $4 + 1`, tenant, before, page.Open, page.Limit)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[alertRow])
		if err != nil {
			return err
		}
		if len(found) > page.Limit {
			found = found[:page.Limit]
			next = found[len(found)-1].ID.String()
		}
		for _, row := range found {
			list = append(list, row.alert())
		}
		return nil
	})
	return list, next, err
}

// ResolveAlert implements whatsapp.AlertStore.
func (s *WhatsAppStore) ResolveAlert(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.AlertID) (a whatsapp.Alert, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE alerts
			SET resolved_at = now(), resolved_by = $3
			WHERE tenant_id = $1 AND id = $2 AND resolved_at IS NULL`, tenant, id, by)
		if err != nil {
			return fmt.Errorf("resolve alert: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT `+alertColumnsSQL+` FROM alerts WHERE tenant_id = $1 AND id = $2`, tenant, id)
		if err != nil {
			return err
		}
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[alertRow])
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrAlertNotFound
		}
		if err != nil {
			return err
		}
		a = row.alert()
		if tag.RowsAffected() == 0 {
			return nil
		}
		if err := appendEvent(ctx, tx, tenant, "alert.resolved", map[string]string{"alert_id": id.String(), "kind": string(a.Kind), "object": a.Object}); err != nil {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: by, Action: "alert.resolved", Object: "alert " + id.String(),
			Detail: map[string]string{"kind": string(a.Kind), "object": a.Object},
		})
	})
	return a, err
}
