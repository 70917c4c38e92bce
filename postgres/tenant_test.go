package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/tenant"
)

func setupOf(slug, owner string) tenant.Setup {
	return tenant.Setup{Draft: tenant.Draft{Slug: slug, Name: slug, TimeZone: "UTC"}, OwnerEmail: owner}
}

func TestTheHotRowsOfATenantAreOneCommit(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	store := postgres.NewTenantStore(db)
	bad := setupOf("abc", "not-an-address") // refused by the accounts' own check, after the tenant's row
	_, err := store.BeginProvisioning(t.Context(), flomastr.ActorSystem, bad)
	require.Error(t, err)
	_, err = store.BySlug(t.Context(), "abc")
	require.ErrorIs(t, err, tenant.ErrNotFound, "nothing is left of a failed commit")

	made, err := store.BeginProvisioning(t.Context(), flomastr.ActorSystem, setupOf("abc", "o@abc.test"))
	require.NoError(t, err)
	require.True(t, made.Created)
	policies, err := store.Policies(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.NoError(t, policies.Validate(), "the defaults are within their ranges")
	_, err = store.Create(t.Context(), flomastr.ActorSystem, tenant.Draft{Slug: "abc", Name: "x", TimeZone: "UTC"})
	require.ErrorIs(t, err, tenant.ErrSlugTaken)
}

func TestOneOwnerMayHaveSeveralTenants(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	store := postgres.NewTenantStore(db)
	a, err := store.BeginProvisioning(t.Context(), flomastr.ActorSystem, setupOf("abc", "Sara@example.com"))
	require.NoError(t, err)
	b, err := store.BeginProvisioning(t.Context(), flomastr.ActorSystem, setupOf("def", "sara@example.com"))
	require.NoError(t, err)
	require.Equal(t, a.OwnerSubject, b.OwnerSubject, "one address in any case is one account")
	require.NotEqual(t, a.OwnerMembership, b.OwnerMembership)
	standing, err := postgres.NewIdentityStore(db).Standing(t.Context(), identity.Caller{Issuer: "https://other.example.com", Subject: a.OwnerSubject})
	require.NoError(t, err)
	require.Empty(t, standing.Memberships, "another issuer's subject of the same name is another person")
}

func TestATenantOnItsWayOutIsNotProvisionedAgain(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	store := postgres.NewTenantStore(db)
	made, err := store.BeginProvisioning(t.Context(), flomastr.ActorSystem, setupOf("abc", "o@abc.test"))
	require.NoError(t, err)
	for _, status := range []tenant.Status{tenant.Suspended, tenant.SoftDeleted, tenant.Erasing, tenant.Erased} {
		require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE tenants SET status = $2 WHERE id = $1`, made.Tenant.ID, string(status))
			return err
		}))
		_, err = store.BeginProvisioning(t.Context(), flomastr.ActorSystem, setupOf("abc", "o@abc.test"))
		require.ErrorIs(t, err, tenant.ErrWrongStatus, status)
	}
}

func TestStoresOfIdentityKeepToTheirTenant(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	store, tenants := postgres.NewIdentityStore(db), postgres.NewTenantStore(db)
	account, err := store.Enrol(t.Context(), flomastr.ActorSystem, "sara@example.com", "")
	require.NoError(t, err)
	require.NoError(t, store.Grant(t.Context(), flomastr.ActorSystem, a, account, identity.RoleAdmin))

	_, hash, prefix := identity.NewTokenSecret()
	kept, err := store.CreateToken(t.Context(), flomastr.ActorSystem, identity.APIToken{
		ID: flomastr.NewID[flomastr.TokenID](), Tenant: b, Name: "CNRY-B", Prefix: prefix, Scopes: []identity.Scope{identity.ScopeToolsUse},
	}, hash)
	require.NoError(t, err)
	seen, err := store.Tokens(t.Context(), a)
	require.NoError(t, err)
	require.Empty(t, seen)
	require.ErrorIs(t, store.RevokeToken(t.Context(), flomastr.ActorSystem, a, kept.ID), identity.ErrNotFound)
	found, err := store.TokenByHash(t.Context(), hash)
	require.NoError(t, err)
	require.Equal(t, b, found.Tenant)

	_, err = tenants.ChangePolicies(t.Context(), flomastr.ActorSystem, a, func(p tenant.Policies) (tenant.Policies, error) {
		p.MaxFileSizeMB = 1
		return p, nil
	})
	require.NoError(t, err)
	others, err := tenants.Policies(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, 25, others.MaxFileSizeMB)
	_, err = tenants.Policies(t.Context(), flomastr.NewID[flomastr.TenantID]())
	require.ErrorIs(t, err, tenant.ErrNotFound)

	for _, table := range []string{"tenant_memberships", "api_tokens", "audit_log", "tenant_policies", "tenants"} {
		var text string
		require.NoError(t, db.InTenant(t.Context(), a, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT coalesce(string_agg(t::text, ' '), '') FROM `+table+` t`).Scan(&text)
		}))
		require.NotContains(t, text, b.String(), table)
		require.NotContains(t, text, "CNRY-B", table)
	}
	for _, table := range []string{"accounts", "sessions", "signing_keys", "sign_in_failures", "platform_audit_log"} {
		err := db.InTenant(t.Context(), a, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `SELECT FROM `+table)
			return err
		})
		require.ErrorContains(t, err, "permission denied", table)
	}
}

func TestATokenThatEndedOpensNothing(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a := postgrestest.Tenant(t, db)
	store := postgres.NewIdentityStore(db)
	make := func(expires *time.Time) (identity.APIToken, identity.TokenHash) {
		_, hash, prefix := identity.NewTokenSecret()
		kept, err := store.CreateToken(t.Context(), flomastr.ActorSystem, identity.APIToken{
			ID: flomastr.NewID[flomastr.TokenID](), Tenant: a, Name: "x", Prefix: prefix, Scopes: []identity.Scope{identity.ScopeToolsUse}, ExpiresAt: expires,
		}, hash)
		require.NoError(t, err)
		return kept, hash
	}
	past := time.Now().Add(-time.Second)
	_, expired := make(&past)
	_, err := store.TokenByHash(t.Context(), expired)
	require.ErrorIs(t, err, identity.ErrBadToken)
	kept, hash := make(nil)
	for range 3 {
		_, err = store.TokenByHash(t.Context(), hash)
		require.NoError(t, err)
	}
	listed, err := store.Tokens(t.Context(), a)
	require.NoError(t, err)
	require.NotNil(t, listed[0].LastUsedAt)
	require.NoError(t, store.RevokeToken(t.Context(), flomastr.ActorSystem, a, kept.ID))
	_, err = store.TokenByHash(t.Context(), hash)
	require.ErrorIs(t, err, identity.ErrBadToken)
	_, err = store.TokenByHash(t.Context(), identity.TokenHash{})
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestTheAuditLogOnlyGrows(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	a := postgrestest.Tenant(t, db)
	ctx := flomastr.WithRequestID(t.Context(), "req_1")
	log := postgres.NewAuditStore(db)
	require.NoError(t, log.Record(ctx, audit.Record{Tenant: a, Actor: "user:i|s", Action: "contact.erased", Object: "contact:1", Outcome: audit.Denied, Detail: map[string]string{"reason": "role"}}))
	require.NoError(t, log.Record(ctx, audit.Record{Actor: flomastr.ActorSystem, Action: "server.started"}))
	var line string
	require.NoError(t, db.InTenant(ctx, a, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT actor || ' ' || action || ' ' || outcome || ' ' || request_id FROM audit_log`).Scan(&line)
	}))
	require.Equal(t, "user:i|s contact.erased denied req_1", line)
	for _, sql := range []string{`UPDATE %s SET actor = 'x'`, `DELETE FROM %s`, `TRUNCATE %s`} {
		for _, table := range []string{"audit_log", "platform_audit_log"} {
			change := func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, fmt.Sprintf(sql, table))
				return err
			}
			require.ErrorContains(t, db.InTenant(ctx, a, change), "permission denied", "%s of %s by the application", sql, table)
			require.ErrorContains(t, db.InPlatform(ctx, change), "permission denied", "%s of %s by the platform", sql, table)
		}
	}
}

func TestTenantsAreFoundByAPartOfTheirNameOrSlug(t *testing.T) {
	t.Parallel()
	store := postgres.NewTenantStore(postgrestest.Open(t))
	for slug, name := range map[string]string{"harbour": "Clinic at the Sea", "sidra": "Optician 100%", "zoo": "Zoo"} {
		_, err := store.Create(t.Context(), flomastr.ActorSystem, tenant.Draft{Slug: slug, Name: name, TimeZone: "UTC"})
		require.NoError(t, err)
	}
	for search, want := range map[string][]string{
		"": {"harbour", "sidra", "zoo"}, "HARB": {"harbour"}, "the sea": {"harbour"}, "ici": {"sidra"}, "%": {"sidra"}, "_": nil,
	} {
		page, total, err := store.List(t.Context(), search, 0, 10)
		require.NoError(t, err)
		var slugs []string
		for _, found := range page {
			slugs = append(slugs, found.Slug)
		}
		require.Equal(t, want, slugs, search)
		require.Equal(t, len(want), total, search)
	}
}
