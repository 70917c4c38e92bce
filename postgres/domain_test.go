package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/tenant"
)

func TestOneTenantAtMostHoldsADomain(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	profiles, domains := postgres.NewTenantStore(db), postgres.NewDomainStore(db)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	now := time.Now().UTC().Truncate(time.Microsecond)
	claim := func(id flomastr.TenantID, name, token string) tenant.Claim {
		p, err := profiles.ChangeProfile(t.Context(), flomastr.ActorSystem, id, token, func(p tenant.Profile) (tenant.Profile, error) {
			p.Domain.Name = name
			return p, nil
		})
		require.NoError(t, err)
		return tenant.Claim{Tenant: id, Domain: p.Domain}
	}
	settle := func(c tenant.Claim, answer tenant.Proof) error {
		return domains.Settle(t.Context(), flomastr.ActorSystem, c, answer, now)
	}
	first, second := claim(a, "chat.clinic.com", "token-a"), claim(b, "chat.clinic.com", "token-b")
	_, err := domains.Holder(t.Context(), "chat.clinic.com")
	require.ErrorIs(t, err, tenant.ErrNotFound, "a claim alone holds nothing")
	require.NoError(t, settle(first, tenant.Proven))
	require.ErrorIs(t, settle(second, tenant.Proven), tenant.ErrDomainTaken)
	holder, err := domains.Holder(t.Context(), "chat.clinic.com")
	require.NoError(t, err)
	require.Equal(t, a, holder.Tenant)
	require.True(t, now.Equal(*holder.VerifiedAt))

	due, err := domains.Due(t.Context(), now.Add(time.Second), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	due, err = domains.Due(t.Context(), now, 10)
	require.NoError(t, err)
	require.Empty(t, due)

	require.NoError(t, settle(first, tenant.Unknown))
	_, err = domains.Holder(t.Context(), "chat.clinic.com")
	require.NoError(t, err, "what could not be asked changes nothing")
	require.NoError(t, settle(first, tenant.Missing))
	require.NoError(t, settle(second, tenant.Proven))
	holder, err = domains.Holder(t.Context(), "chat.clinic.com")
	require.NoError(t, err)
	require.Equal(t, b, holder.Tenant)

	again := claim(a, "", "unused")
	require.Empty(t, again.Name)
	require.NoError(t, settle(first, tenant.Proven), "an answer that comes late for a claim that is gone does nothing")
}

func TestALookIsKeptForItsTenantAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	looks := postgres.NewBrandingStore(db)
	a, b := postgrestest.Tenant(t, db), postgrestest.Tenant(t, db)
	colour, name := "#0A7D4F", "Bright Smile"
	changed, err := looks.Change(t.Context(), flomastr.ActorSystem, a, branding.Change{BrandPrimary: &colour, CompanyName: &name})
	require.NoError(t, err)
	_, old, err := looks.SetLogo(t.Context(), flomastr.ActorSystem, a, "first", true)
	require.NoError(t, err)
	require.Empty(t, old)
	look, old, err := looks.SetLogo(t.Context(), flomastr.ActorSystem, a, "second", false)
	require.NoError(t, err)
	require.Equal(t, "first", old)
	require.Equal(t, changed.BrandPrimary, look.BrandPrimary, "a logo leaves the rest alone")
	require.False(t, look.HasSVG)
	theirs, err := looks.Look(t.Context(), b)
	require.NoError(t, err)
	require.Zero(t, theirs)
	old, err = looks.Reset(t.Context(), flomastr.ActorSystem, a)
	require.NoError(t, err)
	require.Equal(t, "second", old)
	look, err = looks.Look(t.Context(), a)
	require.NoError(t, err)
	require.Zero(t, look)
}
