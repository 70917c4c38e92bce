package twilio_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/providertest"
	"github.com/flomastr/flomastr/whatsapp/provider/twilio"
)

const account = "AC00000000000000000000000000000001"

var channel = provider.Channel{
	Number: "447860099299", AccountID: account, Credentials: provider.Credentials{APIKey: "token"},
	Webhook: provider.WebhookSecret{SigningKey: "12345"},
}

// hookURL is where Twilio calls, and textBody a text as it comes there.
const (
	hookURL  = "https://flomastr.example/webhook/twilio/01900000-0000-7000-8000-0000000000aa"
	textBody = "MessageSid=SM00000000000000000000000000000001&SmsSid=SM00000000000000000000000000000001&AccountSid=" + account +
		"&From=whatsapp%3A%2B385919998888&To=whatsapp%3A%2B447860099299&Body=Hello&NumMedia=0&SmsStatus=received&ProfileName=Frank&WaId=385919998888&MessageType=text"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Suite{
		New: newProvider, Channel: channel, Form: true, URL: hookURL, Text: textBody, Customer: "385919998888", ID: "SM00000000000000000000000000000001",
		Sign: func(ch provider.Channel, body []byte) http.Header {
			return signed(hookURL, formType, string(body), signatureOf(ch.Webhook.SigningKey, hookURL, string(body))).Header
		},
		Cases: "testdata", AtLeast: 100, Errors: refusals(),
		// A redirect is followed, but to Twilio's stand-in or over HTTPS alone.
		Media: &providertest.MediaCase{Attachment: func(_, address string) provider.Attachment { return provider.Attachment{URL: address} }},
		Answer: func(to, _ string) string {
			return fmt.Sprintf(`{"sid":"SM00000000000000000000000000000009","status":"queued","error_code":null,"to":"whatsapp:+%s"}`, to)
		},
	}.Run(t)
}

// refusals are Twilio's errors, and what comes of a gateway before it.
func refusals() (cases []providertest.ErrorCase) {
	for _, c := range []struct {
		status, code int
		outcome      provider.Outcome
		effect       provider.Effect
		throttled    bool
	}{
		{400, 63016, provider.Refused, provider.CloseWindow, false},
		{400, 21211, provider.Refused, provider.Unreachable, false},
		{400, 21610, provider.Refused, provider.StopAll, false},
		{400, 63049, provider.Refused, provider.StopMarketing, false},
		{400, 63007, provider.NotSent, provider.PauseChannel, false},
		{401, 20003, provider.NotSent, provider.PauseChannel, false},
		{404, 20404, provider.NotSent, provider.PauseChannel, false},
		{429, 20429, provider.NotSent, 0, true},
		{429, 63018, provider.NotSent, 0, true},
		{400, 63038, provider.NotSent, 0, true},
		{503, 20503, provider.NotSent, 0, false},
		{500, 20500, provider.NotSent, 0, false},
		{400, 63012, provider.NotSent, 0, false},
		{400, 21617, provider.Refused, 0, false},
		{400, 21655, provider.Refused, provider.CheckTemplates, false},
		{400, 99999, provider.Refused, 0, false},
	} {
		cases = append(cases, providertest.ErrorCase{
			Name: fmt.Sprint("code ", c.code, " with ", c.status), Status: c.status, Outcome: c.outcome, Effect: c.effect, Throttled: c.throttled,
			Body: fmt.Sprintf(`{"code":%d,"message":"x","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, c.code, c.code, c.status),
		})
	}
	return append(
		cases,
		providertest.ErrorCase{Name: "a gateway's page with 504", Status: 504, Body: "<html>"},
		providertest.ErrorCase{Name: "no SID", Status: 201, Body: `{"status":"queued"}`},
		providertest.ErrorCase{Name: "somebody else's message", Status: 201, Body: `{"sid":"SM00000000000000000000000000000009","to":"whatsapp:+1"}`},
		providertest.ErrorCase{Name: "failed at once", Status: 201, Body: `{"sid":"SM00000000000000000000000000000009","status":"failed","error_code":63016}`, Outcome: provider.Refused, Effect: provider.CloseWindow},
	)
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
