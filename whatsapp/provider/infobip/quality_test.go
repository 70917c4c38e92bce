package infobip_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

func TestANumbersStandingIsReadAsTheSameNewsThatAWebhookWouldBring(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rating, status, limit string
		severity              provider.Severity
		recipients            int
	}{
		"well":            {"HIGH", "CONNECTED", "LIMIT_2K", provider.Info, 2000},
		"without a limit": {"MEDIUM", "CONNECTED", "UNLIMITED", provider.Info, provider.Unlimited},
		"bad":             {"LOW", "CONNECTED", "LIMIT_250", provider.Warning, 250},
		"flagged":         {"LOW", "FLAGGED", "LIMIT_NA", provider.Warning, 0},
		"restricted":      {"MEDIUM", "RESTRICTED", "LIMIT_10K", provider.Urgent, 10_000},
		"new words":       {"SUPERB", "SHINY", "LIMIT_9", provider.Info, 0},
	} {
		body := fmt.Sprintf(`{"results":[null,{"sender":"385910000000","qualityRating":"LOW","status":"BANNED"},
			{"sender":"447860099299","qualityRating":%q,"status":%q,"currentLimit":%q,"lastUpdated":"2026-11-30T01:02:03.000+0000"}]}`, c.rating, c.status, c.limit)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/whatsapp/1/senders/quality" || r.Header.Get("Authorization") != "App key" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_, _ = w.Write([]byte(body))
		}))
		ch := provider.Channel{Number: "447860099299", BaseURL: server.URL, Credentials: provider.Credentials{APIKey: "key"}}
		p := infobip.New(infobip.Config{HTTP: server.Client(), StandIn: server.URL})
		events, err := p.Standing(t.Context(), ch)
		require.NoError(t, err, name)
		require.Len(t, events, 1, name)
		require.Equal(t, provider.NumberChanged, events[0].Kind, name)
		require.Equal(t, c.severity, events[0].Severity, name)
		require.Equal(t, c.recipients, events[0].Recipients, name)
		require.Equal(t, c.severity == provider.Info, events[0].Detail == "", "%s: of a number that is well nobody is told", name)
		again, err := p.Standing(t.Context(), ch)
		require.NoError(t, err)
		require.Equal(t, events, again, "what does not change is the same news")
		ch.Number = "1"
		none, err := p.Standing(t.Context(), ch)
		require.NoError(t, err)
		require.Empty(t, none, "another account's number")
		server.Close()
	}
}
