package provider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

var (
	infobip = provider.Setup{Invents: provider.InventsHeader}
	meta    = provider.Setup{Invents: provider.InventsVerifyToken}
	twilio  = provider.Setup{SignsWithAPIKey: true}
)

func TestRenewingKeepsTheOldSecretBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup  provider.Setup
		before provider.WebhookSecret
		after  func(provider.WebhookSecret) provider.WebhookSecret
	}{
		"a header": {infobip, provider.WebhookSecret{HeaderName: "X-S", HeaderValue: "one"}, func(got provider.WebhookSecret) provider.WebhookSecret {
			require.Len(t, got.HeaderValue, 26)
			return provider.WebhookSecret{HeaderName: "X-S", HeaderValue: got.HeaderValue, PreviousKey: "one"}
		}},
		"Basic credentials": {infobip, provider.WebhookSecret{Username: "u", Password: "one"}, func(got provider.WebhookSecret) provider.WebhookSecret {
			require.Len(t, got.Password, 26)
			return provider.WebhookSecret{Username: "u", Password: got.Password, PreviousKey: "one"}
		}},
		"a verify token": {meta, provider.WebhookSecret{SigningKey: "app", VerifyToken: "one"}, func(got provider.WebhookSecret) provider.WebhookSecret {
			require.Len(t, got.VerifyToken, 26)
			return provider.WebhookSecret{SigningKey: "app", VerifyToken: got.VerifyToken}
		}},
	} {
		got, ours := c.setup.Renew(c.before)
		require.True(t, ours, name)
		require.Equal(t, c.after(got), got, name)
		require.NotEqual(t, c.before, got, name)
	}
	got, ours := twilio.Renew(provider.WebhookSecret{SigningKey: "auth"})
	require.False(t, ours)
	require.Equal(t, provider.WebhookSecret{SigningKey: "auth"}, got)
}
