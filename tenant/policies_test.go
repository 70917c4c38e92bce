package tenant_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// counting counts how often the policies are read, and may change them as another server would.
type counting struct {
	tenant.Store
	policies tenant.Policies
	reads    int
	during   func()
}

func (c *counting) Policies(context.Context, flomastr.TenantID) (tenant.Policies, error) {
	c.reads++
	read := c.policies
	if c.during != nil {
		c.during()
	}
	return read, nil
}

func (c *counting) ChangePolicies(_ context.Context, _ flomastr.Actor, _ flomastr.TenantID, change func(tenant.Policies) (tenant.Policies, error)) (tenant.Policies, error) {
	changed, err := change(c.policies)
	if err == nil {
		c.policies = changed
	}
	return changed, err
}

func good() tenant.Policies {
	return tenant.Policies{
		RateLimitPerMinute: 600, MaxContextLength: 4000, MaxFileSizeMB: 25, MessageRetentionDays: 730, HotTTLDays: 90,
		InboxScope: "all", ConfidenceThreshold: 0.5, TaskDueMinutes: 60,
	}
}

func TestPoliciesAreReadOnceAndForgottenOnChange(t *testing.T) {
	t.Parallel()
	store := &counting{policies: good()}
	e := tenant.New(tenant.Deps{Store: store})
	id := flomastr.NewID[flomastr.TenantID]()
	for range 3 {
		got, err := e.Effective(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "all", got.InboxScope)
	}
	require.Equal(t, 1, store.reads)
	_, err := e.ChangePolicies(t.Context(), flomastr.ActorSystem, id, false, func(p *tenant.Policies) { p.InboxScope = "team" })
	require.NoError(t, err)
	got, err := e.Effective(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "team", got.InboxScope)
}

func TestAReadThatBeganBeforeAChangeIsNotRemembered(t *testing.T) {
	t.Parallel()
	store := &counting{policies: good()}
	e := tenant.New(tenant.Deps{Store: store})
	id := flomastr.NewID[flomastr.TenantID]()
	store.during = func() {
		store.during = nil
		_, err := e.ChangePolicies(t.Context(), flomastr.ActorSystem, id, false, func(p *tenant.Policies) { p.HotTTLDays = 7 })
		require.NoError(t, err)
	}
	_, err := e.Effective(t.Context(), id)
	require.NoError(t, err)
	got, err := e.Effective(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 7, got.HotTTLDays)
}
