package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/twilio"
)

// twilioLine is a tenant with one Twilio channel, before a server that takes every send.
func twilioLine(t *testing.T) (l *line, path string, sends chan url.Values) {
	t.Helper()
	l = newLine(t)
	sends = make(chan url.Values, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(raw))
		sends <- form
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM00000000000000000000000000000009","status":"queued"}`)
	}))
	t.Cleanup(server.Close)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	l.engine = whatsapp.New(whatsapp.Deps{
		Store: postgres.NewWhatsAppStore(l.db), Answerer: echo{}, Sealer: keys, Log: slog.New(slog.DiscardHandler),
		Providers: []provider.Provider{twilio.New(twilio.Config{HTTP: server.Client(), StandIn: server.URL})},
		Settings: whatsapp.Settings{
			Poll: 20 * time.Millisecond, StoreTimeout: 10 * time.Second, BurstWait: 50 * time.Millisecond, PublicURL: "http://localhost:8000",
		},
	})
	l.handler = l.withEvents(quiet{})
	tenant, err := l.tenants.Find(t.Context(), l.slug)
	require.NoError(t, err)
	number, account := "+447860099299", "AC00000000000000000000000000000001"
	ch, _, err := l.engine.CreateChannel(t.Context(), tenant.ID, whatsapp.ChannelDraft{
		Provider: "twilio", Number: &number, BaseURL: &server.URL, AccountID: &account,
		Credentials: &provider.Credentials{APIKey: "token"}, Webhook: &provider.WebhookSecret{SigningKey: "token"},
	})
	require.NoError(t, err)
	return l, "/webhook/twilio/" + ch.ID.String(), sends
}

// twilioSigned is Twilio's signature of a form that goes to an address.
func twilioSigned(address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte("token"))
	_, _ = io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		_, _ = io.WriteString(mac, name+form.Get(name))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func twilioForm(id, text string) url.Values {
	return url.Values{
		"MessageSid": {id}, "SmsStatus": {"received"}, "From": {"whatsapp:+385911111111"}, "To": {"whatsapp:+447860099299"},
		"Body": {text}, "NumMedia": {"0"}, "Unknown": {""},
	}
}

func TestTwilioIsAnsweredWithNothingToSay(t *testing.T) {
	t.Parallel()
	l, path, _ := twilioLine(t)
	form := twilioForm("SM1", "Hi.")
	for name, c := range map[string]struct {
		path, signature, contentType, host string
		status                             int
	}{
		"stored":                      {path, twilioSigned("http://localhost:8000"+path, form), "application/x-www-form-urlencoded", "localhost:8000", 200},
		"with a charset":              {path, twilioSigned("http://localhost:8000"+path, form), "application/x-www-form-urlencoded; charset=UTF-8", "localhost:8000", 200},
		"with a query, as written":    {path + "?a=%7e&b", twilioSigned("http://localhost:8000"+path+"?a=%7e&b", form), "application/x-www-form-urlencoded", "localhost:8000", 200},
		"by another host's name":      {path, twilioSigned("http://localhost:8000"+path, form), "application/x-www-form-urlencoded", "127.0.0.1:8000", 200},
		"signed for the host header":  {path, twilioSigned("http://127.0.0.1:8000"+path, form), "application/x-www-form-urlencoded", "127.0.0.1:8000", 401},
		"signed for the forwarded":    {path, twilioSigned("https://evil.example"+path, form), "application/x-www-form-urlencoded", "localhost:8000", 401},
		"signed for another path":     {path, twilioSigned("http://localhost:8000/webhook/twilio/x", form), "application/x-www-form-urlencoded", "localhost:8000", 401},
		"not signed":                  {path, "", "application/x-www-form-urlencoded", "localhost:8000", 401},
		"another provider's path":     {"/webhook/infobip" + path[len("/webhook/twilio"):], twilioSigned("http://localhost:8000"+path, form), "application/json", "localhost:8000", 404},
		"a channel that is not there": {"/webhook/twilio/018f0000-0000-7000-8000-000000000001", twilioSigned("http://localhost:8000"+path, form), "application/x-www-form-urlencoded", "localhost:8000", 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := l.call(t, "POST", c.path, "", form.Encode(), "Content-Type", c.contentType, "X-Twilio-Signature", c.signature, "Host", c.host,
				"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https")
			require.Equal(t, c.status, got.Code, got.Body)
			if c.status != 200 {
				require.NotContains(t, got.Header().Get("Content-Type"), "text/plain", "Twilio would send it to the customer")
				return
			}
			require.Equal(t, "text/xml; charset=utf-8", got.Header().Get("Content-Type"))
			require.Equal(t, `<?xml version="1.0" encoding="UTF-8"?><Response/>`, got.Body.String())
		})
	}
}

func TestATwilioAnswerAsksForReportsAndIsFollowedByThem(t *testing.T) {
	t.Parallel()
	l, path, sends := twilioLine(t)
	l.work(t)
	form := twilioForm("SM1", "Hello.")
	got := l.call(t, "POST", path, "", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Twilio-Signature", twilioSigned("http://localhost:8000"+path, form))
	require.Equal(t, 200, got.Code, got.Body)
	sent := <-sends
	require.Equal(t, "whatsapp:+385911111111", sent.Get("To"))
	callback, err := url.Parse(sent.Get("StatusCallback"))
	require.NoError(t, err)
	require.Equal(t, "http://localhost:8000"+path, callback.Scheme+"://"+callback.Host+callback.Path)
	key, err := flomastr.ParseID[flomastr.MessageID](callback.Query().Get("message"))
	require.NoError(t, err)

	// The report's own id is one that we never heard of: the answer to the call could as well have been lost.
	report := url.Values{"MessageSid": {"SM00000000000000000000000000000077"}, "MessageStatus": {"delivered"}, "SmsStatus": {"delivered"}, "To": {"whatsapp:+385911111111"}}
	got = l.call(t, "POST", callback.RequestURI(), "", report.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Twilio-Signature", twilioSigned(callback.String(), report))
	require.Equal(t, 200, got.Code, got.Body)
	tenant, err := l.tenants.Find(t.Context(), l.slug)
	require.NoError(t, err)
	m, err := l.engine.Message(t.Context(), tenant.ID, key)
	require.NoError(t, err)
	require.Equal(t, provider.StateDelivered, m.State, fmt.Sprint(m))
}
