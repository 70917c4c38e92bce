package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// IdentityStore keeps who may act: memberships and API tokens of every issuer's people, and the accounts, sessions and
// keys of the built-in issuer (postgres/account.go, postgres/session.go).
type IdentityStore struct{ db *DB }

// NewIdentityStore makes the store.
func NewIdentityStore(db *DB) *IdentityStore { return &IdentityStore{db: db} }

var (
	_ identity.Store        = (*IdentityStore)(nil)
	_ identity.AccountStore = (*IdentityStore)(nil)
)

// Standing tells whether a person may still act, and as what. For the built-in issuer that is our own account and session;
// another issuer's short-lived token speaks for itself, unless the issuer has told us otherwise since.
func (s *IdentityStore) Standing(ctx context.Context, person identity.Caller) (identity.Standing, error) {
	var standing identity.Standing
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		look := foreignStanding
		if person.Issuer == identity.LocalIssuer {
			look = localStanding
		}
		if err := look(ctx, tx, person); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT m.id, m.tenant_id AS tenant, t.slug, m.role, m.status
			FROM tenant_memberships m
			JOIN tenants t ON t.id = m.tenant_id
			WHERE m.issuer = $1 AND m.subject = $2 AND m.status = 'active'
			  AND t.status NOT IN ('soft_deleted', 'erasing', 'erased')
			ORDER BY t.slug`, person.Issuer, person.Subject)
		if err != nil {
			return fmt.Errorf("list memberships: %w", err)
		}
		if standing.Memberships, err = pgx.CollectRows(rows, pgx.RowToStructByName[identity.Membership]); err != nil {
			return fmt.Errorf("list memberships: %w", err)
		}
		if standing.PlatformAdmin, err = isPlatformAdmin(ctx, tx, person); err != nil {
			return err
		}
		standing.Visit, err = runningVisit(ctx, tx, person, false)
		return err
	})
	return standing, err
}

func localStanding(ctx context.Context, tx pgx.Tx, person identity.Caller) error {
	account, err := flomastr.ParseID[flomastr.AccountID](person.Subject)
	if err != nil {
		return identity.ErrBadToken.Because(err)
	}
	session, err := flomastr.ParseID[flomastr.SessionID](person.Session)
	if err != nil {
		return identity.ErrBadToken.Because(err)
	}
	var good bool
	err = tx.QueryRow(ctx, `
		SELECT NOT a.disabled AND s.ended_at IS NULL AND s.expires_at > now()
		FROM accounts a
		JOIN sessions s ON s.account_id = a.id
		WHERE a.id = $1 AND s.id = $2`, account, session).Scan(&good)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !good {
		return identity.ErrBadToken.Because(errors.New("the account or the session has ended"))
	}
	if err != nil {
		return fmt.Errorf("look up standing: %w", err)
	}
	return nil
}

// Grant makes a person a member of a tenant, or changes the role.
func (s *IdentityStore) Grant(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, account identity.Account, role identity.Role) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		return insertMembership(ctx, tx, actor, identity.Membership{
			ID: flomastr.NewID[flomastr.MembershipID](), Tenant: tenant, Role: role, Status: identity.MembershipActive,
		}, account)
	})
}

func insertMembership(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, m identity.Membership, account identity.Account) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role, status)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT ON CONSTRAINT tenant_memberships_person_key
		DO UPDATE SET role = excluded.role, status = excluded.status, updated_at = now()`,
		m.Tenant, m.ID, identity.LocalIssuer, account.ID.String(), account.Email, string(m.Role), string(m.Status))
	if err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return appendAudit(ctx, tx, audit.Record{
		Tenant: m.Tenant, Actor: actor, Action: "membership.granted",
		Object: string(identity.PersonActor(identity.LocalIssuer, account.ID.String())), Detail: map[string]string{"role": string(m.Role)},
	})
}

// TokenByHash finds a token that is good now, and notes its use at most once a minute.
func (s *IdentityStore) TokenByHash(ctx context.Context, hash identity.TokenHash) (identity.APIToken, error) {
	var found identity.APIToken
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT t.id, t.tenant_id AS tenant, t.name, t.prefix, t.scopes, t.created_by, t.created_at, t.expires_at, t.last_used_at
			FROM api_tokens t
			WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())`, hash[:])
		if err != nil {
			return fmt.Errorf("look up API token: %w", err)
		}
		found, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.APIToken])
		if errors.Is(err, pgx.ErrNoRows) {
			return identity.ErrBadToken.Because(errors.New("unknown, expired or revoked API token"))
		}
		if err != nil {
			return fmt.Errorf("look up API token: %w", err)
		}
		_, err = tx.Exec(ctx, `
			UPDATE api_tokens
			SET last_used_at = now()
			WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
			found.Tenant, found.ID)
		if err != nil {
			return fmt.Errorf("note the use of an API token: %w", err)
		}
		return nil
	})
	return found, err
}

// CreateToken keeps a new API token by its hash.
func (s *IdentityStore) CreateToken(ctx context.Context, actor flomastr.Actor, token identity.APIToken, hash identity.TokenHash) (identity.APIToken, error) {
	err := s.db.InTenant(ctx, token.Tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO api_tokens (tenant_id, id, name, prefix, token_hash, scopes, created_by, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			RETURNING created_at`,
			token.Tenant, token.ID, token.Name, token.Prefix, hash[:], scopeTexts(token.Scopes), string(actor), token.ExpiresAt).
			Scan(&token.CreatedAt)
		if err != nil {
			return fmt.Errorf("insert API token: %w", err)
		}
		token.CreatedBy = string(actor)
		return appendAudit(ctx, tx, audit.Record{
			Tenant: token.Tenant, Actor: actor, Action: "api_token.created", Object: "token:" + token.ID.String(),
			Detail: map[string]string{"name": token.Name, "scopes": strings.Join(scopeTexts(token.Scopes), " ")},
		})
	})
	return token, err
}

// Tokens lists a tenant's tokens that are not revoked, newest first.
func (s *IdentityStore) Tokens(ctx context.Context, tenant flomastr.TenantID) ([]identity.APIToken, error) {
	var tokens []identity.APIToken
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, tenant_id AS tenant, name, prefix, scopes, created_by, created_at, expires_at, last_used_at
			FROM api_tokens
			WHERE revoked_at IS NULL
			ORDER BY created_at DESC, id DESC
			LIMIT 500`)
		if err != nil {
			return fmt.Errorf("list API tokens: %w", err)
		}
		tokens, err = pgx.CollectRows(rows, pgx.RowToStructByName[identity.APIToken])
		return err
	})
	return tokens, err
}

// RevokeToken ends a token. One that is not there, or is another tenant's, is ErrNotFound.
func (s *IdentityStore) RevokeToken(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.TokenID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE api_tokens SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL`, id)
		if err != nil {
			return fmt.Errorf("revoke API token: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return identity.ErrNotFound
		}
		return appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: actor, Action: "api_token.revoked", Object: "token:" + id.String(),
		})
	})
}

func scopeTexts(scopes []identity.Scope) []string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return texts
}

// sameAddress compares two canonical addresses, which are ASCII.
func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }

// seconds reads an interval of the database as a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
