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

var _ identity.PlatformUserStore = (*IdentityStore)(nil)

const platformUserColumns = `id, email, role, assigned_by, assigned_at, created_at, updated_at`

// PlatformUsers lists everybody with a role that a super admin gave, by address.
func (s *IdentityStore) PlatformUsers(ctx context.Context) ([]identity.PlatformUser, error) {
	var users []identity.PlatformUser
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+platformUserColumns+` FROM platform_users ORDER BY lower(email) LIMIT 1000`)
		if err != nil {
			return fmt.Errorf("list platform users: %w", err)
		}
		users, err = pgx.CollectRows(rows, pgx.RowToStructByName[identity.PlatformUser])
		return err
	})
	return users, err
}

// AddPlatformUser gives an address its first role.
func (s *IdentityStore) AddPlatformUser(ctx context.Context, actor flomastr.Actor, email string, role identity.PlatformRole) (identity.PlatformUser, error) {
	user, err := s.changePlatformUser(ctx, actor, "platform_user.added", `
		INSERT INTO platform_users (id, email, role, assigned_by)
		VALUES ($1, $2, $3, $4)
		RETURNING `+platformUserColumns, flomastr.NewID[flomastr.PlatformUserID](), email, string(role), string(actor))
	if violates(err, "platform_users_email_key") {
		return identity.PlatformUser{}, identity.ErrPlatformUserTaken
	}
	return user, err
}

// ChangePlatformUser gives another role.
func (s *IdentityStore) ChangePlatformUser(ctx context.Context, actor flomastr.Actor, id flomastr.PlatformUserID, role identity.PlatformRole) (identity.PlatformUser, error) {
	return s.changePlatformUser(ctx, actor, "platform_user.changed", `
		UPDATE platform_users
		SET role = $2, assigned_by = $3, assigned_at = now(), updated_at = now()
		WHERE id = $1
		RETURNING `+platformUserColumns, id, string(role), string(actor))
}

// RemovePlatformUser takes the role away.
func (s *IdentityStore) RemovePlatformUser(ctx context.Context, actor flomastr.Actor, id flomastr.PlatformUserID) error {
	_, err := s.changePlatformUser(ctx, actor, "platform_user.removed", `
		DELETE FROM platform_users
		WHERE id = $1
		RETURNING `+platformUserColumns, id)
	return err
}

func (s *IdentityStore) changePlatformUser(ctx context.Context, actor flomastr.Actor, action, sql string, args ...any) (identity.PlatformUser, error) {
	var user identity.PlatformUser
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		user, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.PlatformUser])
		if errors.Is(err, pgx.ErrNoRows) {
			return identity.ErrNoPlatformUser
		}
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		return appendAudit(ctx, tx, audit.Record{
			Actor: actor, Action: action, Object: "platform_user:" + user.ID.String(),
			Detail: map[string]string{"email": user.Email, "role": string(user.Role)},
		})
	})
	return user, err
}

// TenantsOf lists, by address, the slugs of the tenants in which an address is a member.
func (s *IdentityStore) TenantsOf(ctx context.Context, emails []string) (map[string][]string, error) {
	tenants := map[string][]string{}
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT m.email, t.slug
			FROM tenant_memberships m
			JOIN tenants t ON t.id = m.tenant_id
			WHERE m.email = ANY ($1) AND m.status = 'active' AND t.status NOT IN ('soft_deleted', 'erasing', 'erased')
			ORDER BY m.email, t.slug`, emails)
		if err != nil {
			return fmt.Errorf("list memberships by address: %w", err)
		}
		var email, slug string
		_, err = pgx.ForEachRow(rows, []any{&email, &slug}, func() error {
			tenants[email] = append(tenants[email], slug)
			return nil
		})
		return err
	})
	return tenants, err
}

// isPlatformAdmin tells whether a verified address has the role.
func isPlatformAdmin(ctx context.Context, tx pgx.Tx, person identity.Caller) (bool, error) {
	email, err := identity.CanonicalEmail(person.Email)
	if err != nil || !person.EmailVerified {
		return false, nil //nolint:nilerr // an address that cannot be one has no role
	}
	var admin bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM platform_users WHERE email = $1 AND role = 'admin')`, email).Scan(&admin)
	if err != nil {
		return false, fmt.Errorf("look up the role on the platform: %w", err)
	}
	return admin, nil
}
