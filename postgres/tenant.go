package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// TenantStore keeps tenants, their policies and their owners.
type TenantStore struct{ db *DB }

// NewTenantStore makes the store.
func NewTenantStore(db *DB) *TenantStore { return &TenantStore{db: db} }

var (
	_ tenant.Store     = (*TenantStore)(nil)
	_ tenant.ColdStore = (*DB)(nil)
)

const tenantColumns = `id, slug, name, status, status_since, status_reason,
	coalesce(status_before, '') AS status_before, changed_by, time_zone,
	coalesce((SELECT b.brand_primary FROM tenant_branding b WHERE b.tenant_id = tenants.id), '') AS brand_primary,
	n8n_url, cold_ready, created_at, updated_at`

// ByID finds a tenant by its id.
func (s *TenantStore) ByID(ctx context.Context, id flomastr.TenantID) (tenant.Tenant, error) {
	var found tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		found, err = oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1`, id)
		return err
	})
	return found, err
}

// BySlug finds a tenant by its slug.
func (s *TenantStore) BySlug(ctx context.Context, slug string) (tenant.Tenant, error) {
	var found tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		found, err = oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE slug = $1`, slug)
		return err
	})
	return found, err
}

// List gives a page of the tenants whose slug or name holds what is searched for, by slug; of all, where that is empty.
func (s *TenantStore) List(ctx context.Context, search string, skip, limit int) ([]tenant.Tenant, int, error) {
	var page []tenant.Tenant
	var total int
	// strpos takes the words as they are: there is no wildcard to escape.
	const matching = `WHERE strpos(lower(slug || ' ' || name), lower($1)) > 0`
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM tenants `+matching, search).Scan(&total); err != nil {
			return fmt.Errorf("count tenants: %w", err)
		}
		rows, err := tx.Query(ctx, `
			SELECT `+tenantColumns+`
			FROM tenants `+matching+`
			ORDER BY slug
			LIMIT $2 OFFSET $3`, search, limit, skip)
		if err != nil {
			return fmt.Errorf("list tenants: %w", err)
		}
		page, err = pgx.CollectRows(rows, pgx.RowToStructByName[tenant.Tenant])
		return err
	})
	return page, total, err
}

// Create makes the hot rows of a tenant without an owner.
func (s *TenantStore) Create(ctx context.Context, actor flomastr.Actor, draft tenant.Draft) (tenant.Tenant, error) {
	var made tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var created bool
		var err error
		made, created, err = ensureTenant(ctx, tx, actor, draft)
		if err == nil && !created {
			err = tenant.ErrSlugTaken
		}
		return err
	})
	return made, err
}

// BeginProvisioning makes the hot rows of a tenant and its owner, or finds those of an earlier call.
func (s *TenantStore) BeginProvisioning(ctx context.Context, actor flomastr.Actor, setup tenant.Setup) (tenant.Provisioned, error) {
	var out tenant.Provisioned
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		var err error
		if out.Tenant, out.Created, err = ensureTenant(ctx, tx, actor, setup.Draft); err != nil {
			return err
		}
		switch out.Tenant.Status {
		case tenant.Provisioning, tenant.Active, tenant.Inactive:
		default:
			return tenant.ErrWrongStatus
		}
		if err := ensureN8N(ctx, tx, actor, setup.N8NURL, &out.Tenant); err != nil {
			return err
		}
		if err := ensureOwner(ctx, tx, actor, setup.OwnerEmail, &out); err != nil || !setup.Invite {
			return err
		}
		return planInvitation(ctx, tx, out.Tenant.ID)
	})
	return out, err
}

// ensureTenant inserts the tenant and its policies, or locks and reads the one that has the slug.
func ensureTenant(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, draft tenant.Draft) (tenant.Tenant, bool, error) {
	made, err := oneTenant(ctx, tx, `
		INSERT INTO tenants (id, slug, name, time_zone, n8n_url, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT ON CONSTRAINT tenants_slug_key DO NOTHING
		RETURNING `+tenantColumns,
		flomastr.NewID[flomastr.TenantID](), draft.Slug, draft.Name, draft.TimeZone, draft.N8NURL, string(actor))
	if errors.Is(err, tenant.ErrNotFound) {
		found, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE slug = $1 FOR UPDATE`, draft.Slug)
		return found, false, err
	}
	if err != nil {
		return tenant.Tenant{}, false, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO tenant_policies (tenant_id) VALUES ($1)`, made.ID); err != nil {
		return tenant.Tenant{}, false, fmt.Errorf("insert policies: %w", err)
	}
	if err := planSteps(ctx, tx, made.ID, tenant.ProvisioningSteps()); err != nil {
		return tenant.Tenant{}, false, err
	}
	if err := setBrandPrimary(ctx, tx, made.ID, draft.BrandPrimary); err != nil {
		return tenant.Tenant{}, false, err
	}
	made.BrandPrimary = draft.BrandPrimary
	if draft.Profile != (tenant.Profile{}) {
		if err := writeProfile(ctx, tx, made.ID, draft.Profile); err != nil {
			return tenant.Tenant{}, false, err
		}
	}
	return made, true, appendAudit(ctx, tx, audit.Record{
		Tenant: made.ID, Actor: actor, Action: "tenant.created", Object: "tenant:" + made.ID.String(),
		Detail: map[string]string{"slug": made.Slug},
	})
}

// ensureN8N gives a tenant of an earlier call the address of its n8n. One that has another keeps it: whoever provisions again
// may not know that it moved.
func ensureN8N(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, address string, t *tenant.Tenant) error {
	switch {
	case address == "" || address == t.N8NURL:
		return nil
	case t.N8NURL != "":
		return tenant.ErrN8NDiffers
	}
	changed, err := updateTenant(ctx, tx, actor, *t, tenant.Change{N8NURL: &address})
	*t = changed
	return err
}

// setBrandPrimary writes the colour alone; the rest of a look is the tenant's own to choose.
func setBrandPrimary(ctx context.Context, tx pgx.Tx, id flomastr.TenantID, colour string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO tenant_branding (tenant_id, brand_primary)
		VALUES ($1, $2)
		ON CONFLICT (tenant_id) DO UPDATE
		SET brand_primary = excluded.brand_primary, updated_at = now()`, id, colour)
	if err != nil {
		return fmt.Errorf("write colour: %w", err)
	}
	return nil
}

// ensureOwner gives a tenant its first owner, with an account at the built-in issuer that has no password yet. A tenant
// that has another owner keeps it: provisioning twice must not hand a business to somebody else.
func ensureOwner(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, email string, out *tenant.Provisioned) error {
	rows, err := tx.Query(ctx, `
		SELECT id, subject, email
		FROM tenant_memberships
		WHERE tenant_id = $1 AND role = 'owner'
		ORDER BY lower(email) = lower($2) DESC, created_at, id
		LIMIT 1`, out.Tenant.ID, email)
	if err != nil {
		return fmt.Errorf("find owner: %w", err)
	}
	type owner struct {
		ID      flomastr.MembershipID
		Subject string
		Email   string
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[owner])
	if err != nil {
		return fmt.Errorf("find owner: %w", err)
	}
	if len(found) == 1 {
		if !sameAddress(found[0].Email, email) {
			return tenant.ErrOwnerDiffers
		}
		out.OwnerMembership, out.OwnerSubject, out.OwnerEmail = found[0].ID, found[0].Subject, found[0].Email
		return nil
	}
	account, err := ensureAccount(ctx, tx, actor, email)
	if err != nil {
		return err
	}
	out.OwnerMembership = flomastr.NewID[flomastr.MembershipID]()
	out.OwnerSubject, out.OwnerEmail = account.ID.String(), account.Email
	return insertMembership(ctx, tx, actor, identity.Membership{
		ID: out.OwnerMembership, Tenant: out.Tenant.ID, Role: identity.RoleOwner, Status: identity.MembershipActive,
	}, account)
}

// FinishProvisioning notes that the cold database is there.
func (s *TenantStore) FinishProvisioning(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID) (tenant.Tenant, error) {
	var done tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		before, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		done, err = oneTenant(ctx, tx, `
			UPDATE tenants
			SET cold_ready = true,
			    status_since = CASE WHEN status = 'provisioning' THEN now() ELSE status_since END,
			    status = CASE WHEN status = 'provisioning' THEN 'active' ELSE status END,
			    changed_by = $2,
			    updated_at = now()
			WHERE id = $1
			RETURNING `+tenantColumns, id, string(actor))
		if err != nil || before.Status != tenant.Provisioning {
			return err
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: id, Actor: actor, Action: "tenant.provisioned", Object: "tenant:" + id.String(),
		})
	})
	return done, err
}

// Update changes what is set in the change.
func (s *TenantStore) Update(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, change tenant.Change) (tenant.Tenant, error) {
	var changed tenant.Tenant
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		before, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR NO KEY UPDATE`, id)
		if err != nil {
			return err
		}
		if change.BrandPrimary != nil {
			if err := setBrandPrimary(ctx, tx, id, *change.BrandPrimary); err != nil {
				return err
			}
		}
		changed, err = updateTenant(ctx, tx, actor, before, change)
		return err
	})
	return changed, err
}

// updateTenant writes what a change says of the tenant's own row, and the line of the audit log.
func updateTenant(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, before tenant.Tenant, change tenant.Change) (tenant.Tenant, error) {
	changed, err := oneTenant(ctx, tx, `
		UPDATE tenants
		SET name = coalesce($2, name),
		    time_zone = coalesce($3, time_zone),
		    n8n_url = coalesce($4, n8n_url),
		    changed_by = $5,
		    updated_at = now()
		WHERE id = $1
		RETURNING `+tenantColumns, before.ID, change.Name, change.TimeZone, change.N8NURL, string(actor))
	if err != nil {
		return tenant.Tenant{}, err
	}
	return changed, appendAudit(ctx, tx, audit.Record{
		Tenant: before.ID, Actor: actor, Action: "tenant.updated", Object: "tenant:" + before.ID.String(),
		Detail: audit.Changes(tenantDetail(before), tenantDetail(changed)),
	})
}

// tenantDetail is what the audit log compares of a tenant.
func tenantDetail(t tenant.Tenant) map[string]string {
	return map[string]string{"name": t.Name, "time_zone": t.TimeZone, "brand_primary": t.BrandPrimary, "n8n_url": t.N8NURL}
}

const policyColumns = `rate_limit_per_minute, max_context_length, allowed_file_types, max_file_size_mb, message_retention_days,
	hot_ttl_days, inbox_scope, catalog_enabled, confidence_threshold, task_due_minutes`

// Policies reads a tenant's limits and choices.
func (s *TenantStore) Policies(ctx context.Context, id flomastr.TenantID) (tenant.Policies, error) {
	var found tenant.Policies
	err := s.db.InTenant(ctx, id, func(tx pgx.Tx) (err error) {
		found, err = policies(ctx, tx, `SELECT `+policyColumns+` FROM tenant_policies WHERE tenant_id = $1`, id)
		return err
	})
	return found, err
}

// ChangePolicies reads, lets change judge and alter, and writes, in one commit.
func (s *TenantStore) ChangePolicies(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID,
	change func(tenant.Policies) (tenant.Policies, error),
) (tenant.Policies, error) {
	var changed tenant.Policies
	err := s.db.InTenant(ctx, id, func(tx pgx.Tx) error {
		current, err := policies(ctx, tx, `SELECT `+policyColumns+` FROM tenant_policies WHERE tenant_id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		if changed, err = change(current); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE tenant_policies
			SET rate_limit_per_minute = $2,
			    max_context_length = $3,
			    allowed_file_types = $4,
			    max_file_size_mb = $5,
			    message_retention_days = $6,
			    hot_ttl_days = $7,
			    inbox_scope = $8,
			    catalog_enabled = $9,
			    confidence_threshold = $10,
			    task_due_minutes = $11,
			    updated_at = now()
			WHERE tenant_id = $1`,
			id, changed.RateLimitPerMinute, changed.MaxContextLength, changed.AllowedFileTypes, changed.MaxFileSizeMB,
			changed.MessageRetentionDays, changed.HotTTLDays, changed.InboxScope, changed.CatalogEnabled, changed.ConfidenceThreshold, changed.TaskDueMinutes)
		if err != nil {
			return fmt.Errorf("update policies: %w", err)
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: id, Actor: actor, Action: "policies.changed", Object: "tenant:" + id.String(),
			Detail: audit.Changes(policyDetail(current), policyDetail(changed)),
		})
	})
	return changed, err
}

// policyDetail is what the audit log compares of a tenant's policies, named as the API names them.
func policyDetail(p tenant.Policies) map[string]string {
	return map[string]string{
		"rate_limit_per_minute":  strconv.Itoa(p.RateLimitPerMinute),
		"max_context_length":     strconv.Itoa(p.MaxContextLength),
		"allowed_file_types":     strings.Join(p.AllowedFileTypes, ", "),
		"max_file_size_mb":       strconv.Itoa(p.MaxFileSizeMB),
		"message_retention_days": strconv.Itoa(p.MessageRetentionDays),
		"hot_ttl_days":           strconv.Itoa(p.HotTTLDays),
		"inbox_scope":            p.InboxScope,
		"catalog_enabled":        strconv.FormatBool(p.CatalogEnabled),
		"confidence_threshold":   strconv.FormatFloat(p.ConfidenceThreshold, 'g', -1, 64),
		"task_due_minutes":       strconv.Itoa(p.TaskDueMinutes),
	}
}

func policies(ctx context.Context, tx pgx.Tx, sql string, id flomastr.TenantID) (tenant.Policies, error) {
	rows, err := tx.Query(ctx, sql, id)
	if err != nil {
		return tenant.Policies{}, fmt.Errorf("read policies: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[tenant.Policies])
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.Policies{}, tenant.ErrNotFound
	}
	if err != nil {
		return tenant.Policies{}, fmt.Errorf("read policies: %w", err)
	}
	return found, nil
}

// oneTenant runs a query that gives one tenant's columns, or ErrNotFound.
func oneTenant(ctx context.Context, tx pgx.Tx, sql string, args ...any) (tenant.Tenant, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("read tenant: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tenant.Tenant])
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.Tenant{}, tenant.ErrNotFound
	}
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("read tenant: %w", err)
	}
	return found, nil
}
