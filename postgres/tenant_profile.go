package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/tenant"
)

var _ tenant.ProfileStore = (*TenantStore)(nil)

// Profile reads a tenant's profile.
func (s *TenantStore) Profile(ctx context.Context, id flomastr.TenantID) (tenant.Profile, error) {
	var found tenant.Profile
	err := s.db.InTenant(ctx, id, func(tx pgx.Tx) (err error) {
		found, err = readProfile(ctx, tx, id)
		return err
	})
	return found, err
}

// ChangeProfile reads, lets change judge and alter, and writes, in one commit.
func (s *TenantStore) ChangeProfile(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, token string,
	change func(tenant.Profile) (tenant.Profile, error),
) (tenant.Profile, error) {
	var changed tenant.Profile
	err := s.db.InTenant(ctx, id, func(tx pgx.Tx) error {
		// The tenant's row is the lock: parts of a profile may not exist yet.
		if _, err := tx.Exec(ctx, `SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE`, id); err != nil {
			return fmt.Errorf("lock tenant: %w", err)
		}
		current, err := readProfile(ctx, tx, id)
		if err != nil {
			return err
		}
		if changed, err = change(current); err != nil {
			return err
		}
		if changed.TimeZone != current.TimeZone {
			if _, err := tx.Exec(ctx, `UPDATE tenants SET time_zone = $2, updated_at = now() WHERE id = $1`, id, changed.TimeZone); err != nil {
				return fmt.Errorf("update time zone: %w", err)
			}
		}
		if err := writeProfile(ctx, tx, id, changed); err != nil {
			return err
		}
		if changed.Domain.Name != current.Domain.Name {
			if err := claimDomain(ctx, tx, actor, id, current.Domain.Name, changed.Domain.Name, token); err != nil {
				return err
			}
		}
		if changed, err = readProfile(ctx, tx, id); err != nil {
			return err
		}
		detail := audit.Changes(profileDetail(current), profileDetail(changed))
		if others := otherContacts(current, changed); others != "" {
			detail["contacts_changed"] = others
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: id, Actor: actor, Action: "profile.changed", Object: "tenant:" + id.String(), Detail: detail,
		})
	})
	return changed, err
}

// profileDetail is what the audit log compares of a profile.
func profileDetail(p tenant.Profile) map[string]string {
	return map[string]string{
		"company": p.Company, "industry": p.Industry, "size": p.Size, "time_zone": p.TimeZone, "custom_domain": p.Domain.Name,
	}
}

// otherContacts names the contacts that changed, and nothing of them: the log is kept for longer than a person may be.
func otherContacts(before, after tenant.Profile) string {
	var changed []string
	for _, purpose := range purposes {
		if *contactFor(&before, purpose) != *contactFor(&after, purpose) {
			changed = append(changed, purpose)
		}
	}
	return strings.Join(changed, ", ")
}

// claimDomain gives up one claim and makes another. A new claim has a new token and is proven anew, also for a domain that
// the tenant had before.
func claimDomain(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, id flomastr.TenantID, from, to, token string) error {
	if from != "" {
		if _, err := tx.Exec(ctx, `DELETE FROM domains WHERE tenant_id = $1`, id); err != nil {
			return fmt.Errorf("give up domain: %w", err)
		}
		if err := auditDomain(ctx, tx, actor, id, "domain.released", from); err != nil {
			return err
		}
	}
	if to == "" {
		return nil
	}
	if _, err := tx.Exec(ctx, `INSERT INTO domains (tenant_id, domain, token) VALUES ($1, $2, $3)`, id, to, token); err != nil {
		return fmt.Errorf("claim domain: %w", err)
	}
	return auditDomain(ctx, tx, actor, id, "domain.claimed", to)
}

func readProfile(ctx context.Context, tx pgx.Tx, id flomastr.TenantID) (tenant.Profile, error) {
	var p tenant.Profile
	err := tx.QueryRow(ctx, `
		SELECT t.time_zone, coalesce(p.company, ''), coalesce(p.industry, ''), coalesce(p.size, ''),
		       coalesce(d.domain, ''), coalesce(d.token, ''), d.verified_at, d.checked_at
		FROM tenants t
		LEFT JOIN tenant_profiles p ON p.tenant_id = t.id
		LEFT JOIN domains d ON d.tenant_id = t.id
		WHERE t.id = $1`, id).Scan(&p.TimeZone, &p.Company, &p.Industry, &p.Size,
		&p.Domain.Name, &p.Domain.Token, &p.Domain.VerifiedAt, &p.Domain.CheckedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.Profile{}, tenant.ErrNotFound
	}
	if err != nil {
		return tenant.Profile{}, fmt.Errorf("read profile: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT purpose, name, email, phone FROM tenant_contacts WHERE tenant_id = $1`, id)
	if err != nil {
		return tenant.Profile{}, fmt.Errorf("read contacts: %w", err)
	}
	var purpose string
	var contact tenant.Contact
	_, err = pgx.ForEachRow(rows, []any{&purpose, &contact.Name, &contact.Email, &contact.Phone}, func() error {
		*contactFor(&p, purpose) = contact
		return nil
	})
	if err != nil {
		return tenant.Profile{}, fmt.Errorf("read contacts: %w", err)
	}
	return p, nil
}

// purposes are what a contact can be for, as the table's check has them.
var purposes = []string{"primary", "billing", "technical"} //nolint:gochecknoglobals // a table

// contactFor is the contact of a purpose, one of the three that the table's check allows.
func contactFor(p *tenant.Profile, purpose string) *tenant.Contact {
	switch purpose {
	case "billing":
		return &p.Billing
	case "technical":
		return &p.Technical
	}
	return &p.Primary
}

// writeProfile writes what a tenant says of itself, without its time zone and its domain.
func writeProfile(ctx context.Context, tx pgx.Tx, id flomastr.TenantID, p tenant.Profile) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO tenant_profiles (tenant_id, company, industry, size)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id) DO UPDATE
		SET company = excluded.company,
		    industry = excluded.industry,
		    size = excluded.size,
		    updated_at = now()`, id, p.Company, p.Industry, p.Size)
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	for _, purpose := range purposes {
		contact := contactFor(&p, purpose)
		_, err := tx.Exec(ctx, `
			INSERT INTO tenant_contacts (tenant_id, purpose, name, email, phone)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant_id, purpose) DO UPDATE
			SET name = excluded.name,
			    email = excluded.email,
			    phone = excluded.phone`, id, purpose, contact.Name, contact.Email, contact.Phone)
		if err != nil {
			return fmt.Errorf("write contact: %w", err)
		}
	}
	return nil
}
