package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

var _ identity.TeamStore = (*IdentityStore)(nil)

const (
	memberColumns = `id, issuer, subject, email, role, status, created_at AS since, NULL::timestamptz AS expires_at, '' AS mail`
	// An invitation whose time is over is still listed, so that it can be sent again or revoked.
	invitedColumns = `id, '' AS issuer, '' AS subject, email, role, 'pending' AS status, created_at AS since, expires_at, mail_state AS mail`
	stillInvited   = `accepted_at IS NULL AND revoked_at IS NULL`
)

// Members lists members and open invitations in the order of their ids.
func (s *IdentityStore) Members(ctx context.Context, tenant flomastr.TenantID, after flomastr.MembershipID, limit int) ([]identity.Teammate, error) {
	var page []identity.Teammate
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+memberColumns+`
			FROM tenant_memberships
			WHERE $1::uuid IS NULL OR id > $1
			UNION ALL
			SELECT `+invitedColumns+`
			FROM invitations
			WHERE `+stillInvited+` AND ($1::uuid IS NULL OR id > $1)
			ORDER BY id
			LIMIT $2`, after, limit)
		if err != nil {
			return fmt.Errorf("list members: %w", err)
		}
		page, err = pgx.CollectRows(rows, pgx.RowToStructByName[identity.Teammate])
		return err
	})
	return page, err
}

// inTeam runs fn with the tenant's team held still, so that of two changes at once the second sees the first: two owners
// who step down together must not leave a tenant without one. Sessions belong to no tenant, hence the platform's login;
// every statement names the tenant.
func (s *IdentityStore) inTeam(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE`, tenant); err != nil {
			return fmt.Errorf("hold the team: %w", err)
		}
		return fn(tx)
	})
}

// teammate reads a member, or an open invitation; ErrNotFound is neither.
func teammate(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, id flomastr.MembershipID) (identity.Teammate, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+memberColumns+`
		FROM tenant_memberships
		WHERE tenant_id = $1 AND id = $2
		UNION ALL
		SELECT `+invitedColumns+`
		FROM invitations
		WHERE tenant_id = $1 AND id = $2 AND `+stillInvited, tenant, id)
	if err != nil {
		return identity.Teammate{}, fmt.Errorf("read member: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.Teammate])
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.Teammate{}, identity.ErrNotFound
	}
	if err != nil {
		return identity.Teammate{}, fmt.Errorf("read member: %w", err)
	}
	return found, nil
}

// ChangeMember alters a member, or the role of an open invitation.
func (s *IdentityStore) ChangeMember(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.MembershipID,
	change identity.MemberChange, keep string, allowed func(identity.Teammate) error,
) (identity.Teammate, error) {
	var changed identity.Teammate
	err := s.inTeam(ctx, tenant, func(tx pgx.Tx) error {
		before, err := teammate(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := allowed(before); err != nil {
			return err
		}
		changed = before
		if change.Role != nil {
			changed.Role = *change.Role
		}
		if before.Status == identity.MembershipPending {
			if changed.Role == before.Role {
				return nil
			}
			_, err = tx.Exec(ctx, `UPDATE invitations SET role = $3 WHERE tenant_id = $1 AND id = $2`, tenant, id, string(changed.Role))
			if err != nil {
				return fmt.Errorf("change invitation: %w", err)
			}
			return auditMember(ctx, tx, actor, tenant, "invitation.changed", before, changed)
		}
		if change.Status != nil {
			changed.Status = *change.Status
		}
		if changed == before {
			return nil
		}
		_, err = tx.Exec(ctx, `
			UPDATE tenant_memberships
			SET role = $3, status = $4, updated_at = now()
			WHERE tenant_id = $1 AND id = $2`, tenant, id, string(changed.Role), string(changed.Status))
		if err != nil {
			return fmt.Errorf("change member: %w", err)
		}
		if err := keepsAnOwner(ctx, tx, tenant, before); err != nil {
			return err
		}
		if changed.Role != before.Role && before.Issuer == identity.LocalIssuer {
			if err := endSessionsBut(ctx, tx, before.Subject, keep, "role changed"); err != nil {
				return err
			}
		}
		return auditMember(ctx, tx, actor, tenant, "membership.changed", before, changed)
	})
	return changed, err
}

// RemoveMember removes a member, or revokes an invitation.
func (s *IdentityStore) RemoveMember(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.MembershipID,
	allowed func(identity.Teammate) error,
) error {
	return s.inTeam(ctx, tenant, func(tx pgx.Tx) error {
		before, err := teammate(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := allowed(before); err != nil {
			return err
		}
		action, sql := "membership.removed", `DELETE FROM tenant_memberships WHERE tenant_id = $1 AND id = $2`
		if before.Status == identity.MembershipPending {
			action, sql = "invitation.revoked", `UPDATE invitations SET revoked_at = now(), sealed_token = NULL WHERE tenant_id = $1 AND id = $2`
		}
		if _, err := tx.Exec(ctx, sql, tenant, id); err != nil {
			return fmt.Errorf("remove member: %w", err)
		}
		if err := keepsAnOwner(ctx, tx, tenant, before); err != nil {
			return err
		}
		return auditMember(ctx, tx, actor, tenant, action, before, identity.Teammate{})
	})
}

// keepsAnOwner undoes a change of an owner that leaves the tenant without an active one.
func keepsAnOwner(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, changed identity.Teammate) error {
	if changed.Role != identity.RoleOwner || changed.Status != identity.MembershipActive {
		return nil
	}
	var left bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM tenant_memberships WHERE tenant_id = $1 AND role = 'owner' AND status = 'active')`, tenant).Scan(&left)
	if err != nil {
		return fmt.Errorf("look for an owner: %w", err)
	}
	if !left {
		return identity.ErrLastOwner
	}
	return nil
}

// endSessionsBut ends a person's sign-ins at the built-in issuer, but for one; keep may be "" or no session of theirs.
func endSessionsBut(ctx context.Context, tx pgx.Tx, account, keep, because string) error {
	_, err := tx.Exec(ctx, `
		UPDATE sessions
		SET ended_at = now(), ended_because = $3
		WHERE account_id::text = $1 AND id::text <> $2 AND ended_at IS NULL`, account, keep, because)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	_, err = endVisits(ctx, tx, "the session ended", `v.issuer = $2 AND v.subject = $3 AND v.session <> $4`, identity.LocalIssuer, account, keep)
	return err
}

func auditMember(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, tenant flomastr.TenantID, action string, before, after identity.Teammate) error {
	detail := map[string]string{"email": before.Email, "role_before": string(before.Role), "status_before": string(before.Status)}
	if after.Role != "" {
		detail["role"], detail["status"] = string(after.Role), string(after.Status)
	}
	return appendAudit(ctx, tx, audit.Record{Tenant: tenant, Actor: actor, Action: action, Object: "membership:" + before.ID.String(), Detail: detail})
}
