package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/branding"
)

// BrandingStore keeps what tenants look like.
type BrandingStore struct{ db *DB }

// NewBrandingStore makes the store.
func NewBrandingStore(db *DB) *BrandingStore { return &BrandingStore{db: db} }

var _ branding.Store = (*BrandingStore)(nil)

const lookColumns = `company_name, brand_primary, brand_secondary, asset, has_svg, updated_at`

// Look reads a tenant's look.
func (s *BrandingStore) Look(ctx context.Context, tenant flomastr.TenantID) (branding.Look, error) {
	var found branding.Look
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		found, err = oneLook(ctx, tx, `SELECT `+lookColumns+` FROM tenant_branding WHERE tenant_id = $1`, tenant)
		return err
	})
	return found, err
}

// Change sets what is not nil.
func (s *BrandingStore) Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change branding.Change) (branding.Look, error) {
	var changed branding.Look
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		changed, err = oneLook(ctx, tx, `
			INSERT INTO tenant_branding AS b (tenant_id, company_name, brand_primary, brand_secondary)
			VALUES ($1, coalesce($2, ''), coalesce($3, ''), coalesce($4, ''))
			ON CONFLICT (tenant_id) DO UPDATE
			SET company_name = coalesce($2, b.company_name),
			    brand_primary = coalesce($3, b.brand_primary),
			    brand_secondary = coalesce($4, b.brand_secondary),
			    updated_at = now()
			RETURNING `+lookColumns, tenant, change.CompanyName, change.BrandPrimary, change.BrandSecondary)
		if err != nil {
			return err
		}
		return auditLook(ctx, tx, actor, tenant, "branding.changed")
	})
	return changed, err
}

// SetLogo names the logo's files.
func (s *BrandingStore) SetLogo(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, asset string, svg bool) (branding.Look, string, error) {
	var before, after branding.Look
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		before, err = oneLook(ctx, tx, `SELECT `+lookColumns+` FROM tenant_branding WHERE tenant_id = $1 FOR UPDATE`, tenant)
		if err != nil {
			return err
		}
		after, err = oneLook(ctx, tx, `
			INSERT INTO tenant_branding (tenant_id, asset, has_svg)
			VALUES ($1, $2, $3)
			ON CONFLICT (tenant_id) DO UPDATE
			SET asset = excluded.asset,
			    has_svg = excluded.has_svg,
			    updated_at = now()
			RETURNING `+lookColumns, tenant, asset, svg)
		if err != nil {
			return err
		}
		return auditLook(ctx, tx, actor, tenant, "branding.logo_changed")
	})
	return after, before.Asset, err
}

// Reset forgets everything.
func (s *BrandingStore) Reset(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) (string, error) {
	var before branding.Look
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		before, err = oneLook(ctx, tx, `DELETE FROM tenant_branding WHERE tenant_id = $1 RETURNING `+lookColumns, tenant)
		if err != nil {
			return err
		}
		return auditLook(ctx, tx, actor, tenant, "branding.reset")
	})
	return before.Asset, err
}

func auditLook(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, tenant flomastr.TenantID, action string) error {
	return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: actor, Action: action, Object: "tenant:" + tenant.String()})
}

// oneLook runs a query that gives a look. No row is the look of a tenant that never chose one.
func oneLook(ctx context.Context, tx pgx.Tx, sql string, args ...any) (branding.Look, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return branding.Look{}, fmt.Errorf("read branding: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[branding.Look])
	if errors.Is(err, pgx.ErrNoRows) {
		return branding.Look{}, nil
	}
	if err != nil {
		return branding.Look{}, fmt.Errorf("read branding: %w", err)
	}
	return found, nil
}
