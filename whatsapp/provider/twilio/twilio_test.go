package twilio_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/twilio"
)

const account = "AC00000000000000000000000000000001"

var channel = provider.Channel{
	Number: "447860099299", AccountID: account, Credentials: provider.Credentials{APIKey: "token"},
	Webhook: provider.WebhookSecret{SigningKey: "12345"},
}

func newProvider(standIn string, timeout time.Duration) provider.Provider {
	return newTwilio(standIn, timeout)
}

func newTwilio(standIn string, timeout time.Duration) *twilio.Provider {
	return twilio.New(twilio.Config{HTTP: &http.Client{Transport: &http.Transport{}}, StandIn: standIn, Timeout: timeout})
}

func TestOnlyTwilioIsShownCredentials(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	require.NoError(t, p.CheckAddress("https://api.twilio.com"))
	require.NoError(t, p.CheckAddress("https://api.twilio.com/"))
	for _, bad := range []string{
		"", "http://api.twilio.com", "https://api.twilio.com.evil.example", "https://evil.example/api.twilio.com", "https://api.twilio.com@evil.example",
		"https://api.twilio.com:8443", "https://api.twilio.com/x", "https://api.twilio.com?x", "https://content.twilio.com", "//api.twilio.com",
	} {
		require.Error(t, p.CheckAddress(bad), bad)
	}
}

func TestAReplacedKeyStaysBelieved(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	before := provider.WebhookSecret{SigningKey: "old"}
	require.Equal(t, before, p.CompleteSecret(provider.WebhookSecret{}, before))
	require.Equal(t, provider.WebhookSecret{SigningKey: "new", PreviousKey: "old"}, p.CompleteSecret(provider.WebhookSecret{SigningKey: "new"}, before))
	require.Equal(t, provider.WebhookSecret{SigningKey: "old"}, p.CompleteSecret(provider.WebhookSecret{SigningKey: "old"}, before))
	require.Equal(t, provider.WebhookSecret{SigningKey: "new", PreviousKey: "x"}, p.CompleteSecret(provider.WebhookSecret{SigningKey: "new", PreviousKey: "x"}, before))
}

func TestTheSecretIsASigningKeyAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	for _, good := range []provider.WebhookSecret{{SigningKey: "k"}, {SigningKey: "k", PreviousKey: "o"}} {
		scheme, err := p.CheckSecret(good)
		require.NoError(t, err)
		require.Equal(t, "signature", scheme)
	}
	for _, bad := range []provider.WebhookSecret{{}, {PreviousKey: "o"}, {SigningKey: "k", HeaderName: "X", HeaderValue: "y"}, {Username: "u", Password: "p"}, {SigningKey: "k", VerifyToken: "v"}} {
		_, err := p.CheckSecret(bad)
		require.Error(t, err)
	}
}
