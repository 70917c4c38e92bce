package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
)

// newest is the last line of a tenant's log about an action, without what every line holds.
func (l *ledger) newest(t *testing.T, action string) map[string]string {
	t.Helper()
	lines, err := l.log.Lines(t.Context(), l.tenant, audit.Query{Action: action, Limit: 1})
	require.NoError(t, err)
	require.Len(t, lines, 1, action)
	return lines[0].Detail
}

func TestALineAboutATenantSaysWhatChanged(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	store, name, colour := postgres.NewTenantStore(l.db), "Bright Smile", "#102030"
	_, err := store.Update(t.Context(), "user:i|root", l.tenant, tenant.Change{Name: &name, BrandPrimary: &colour})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"name.old": "Test business", "name.new": "Bright Smile", "brand_primary.old": "", "brand_primary.new": "#102030",
	}, l.newest(t, "tenant.updated"))

	_, err = store.ChangePolicies(t.Context(), "user:i|root", l.tenant, func(p tenant.Policies) (tenant.Policies, error) {
		p.InboxScope, p.CatalogEnabled, p.AllowedFileTypes = "assigned", !p.CatalogEnabled, []string{"md", "pdf"}
		return p, nil
	})
	require.NoError(t, err)
	changed := l.newest(t, "policies.changed")
	require.Equal(t, "all", changed["inbox_scope.old"])
	require.Equal(t, "assigned", changed["inbox_scope.new"])
	require.Equal(t, "md, pdf", changed["allowed_file_types.new"])
	require.Contains(t, changed, "catalog_enabled.new")
	require.Len(t, changed, 6, "nothing else: %v", changed)

	_, err = store.ChangeProfile(t.Context(), "user:i|sara", l.tenant, "a token", func(p tenant.Profile) (tenant.Profile, error) {
		p.Company, p.Billing.Email, p.Technical.Name, p.Domain.Name = "Bright Smile Ltd", "canary@bill.example", "Canary", "chat.smile.example"
		return p, nil
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"company.old": "", "company.new": "Bright Smile Ltd", "custom_domain.old": "", "custom_domain.new": "chat.smile.example",
		"contacts_changed": "billing, technical",
	}, l.newest(t, "profile.changed"), "of people only that they changed")
}

func TestALineAboutAChannelSaysWhatChangedAndNamesSecretsByTheirFingerprints(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	store := postgres.NewWhatsAppStore(l.db)
	ch := whatsapp.Channel{
		Tenant: l.tenant, ID: flomastr.NewID[flomastr.ChannelID](), Provider: "infobip", Name: "Desk", Number: "447700900001",
		Worker: whatsapp.WorkerAssistant, Status: whatsapp.ChannelActive, SealedCredentials: []byte("canary one"), CredentialsMark: "aaaa1111",
		SealedWebhook: []byte("canary two"), WebhookMark: "bbbb2222", WebhookScheme: "basic", Limits: whatsapp.DefaultLimits,
	}
	require.NoError(t, store.CreateChannel(t.Context(), l.tenant, "user:i|sara", ch))
	require.Equal(t, "aaaa1111", l.newest(t, "channel.created")["credentials_fingerprint"])

	ch.Name, ch.Status, ch.SealedCredentials, ch.CredentialsMark = "Front desk", whatsapp.ChannelPaused, []byte("canary three"), "cccc3333"
	ch.Limits.PairInterval = 7 * time.Second
	require.NoError(t, store.UpdateChannel(t.Context(), l.tenant, "user:i|sara", ch))
	require.Equal(t, map[string]string{
		"name.old": "Desk", "name.new": "Front desk", "status.old": "active", "status.new": "paused",
		"credentials_fingerprint.old": "aaaa1111", "credentials_fingerprint.new": "cccc3333",
		"pair_interval.old": "6s", "pair_interval.new": "7s",
	}, l.newest(t, "channel.updated"))

	ch.ID = flomastr.NewID[flomastr.ChannelID]()
	require.ErrorIs(t, store.UpdateChannel(t.Context(), l.tenant, "user:i|sara", ch), whatsapp.ErrChannelNotFound)
}
