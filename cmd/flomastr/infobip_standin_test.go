package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	standin "github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

func TestTheStandInForInfobipTakesEverySendOfOurs(t *testing.T) {
	t.Parallel()
	accepted, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	require.NoError(t, err)
	t.Cleanup(func() { _ = accepted.Close() })
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	sim, err := standin.Open(standin.Config{Ledger: accepted, Dir: t.TempDir(), BaseURL: server.URL, Settings: standin.Settings{Reports: standin.NoReports, RetryUnitMS: 10}})
	require.NoError(t, err)
	handler = sim
	t.Cleanup(func() { _ = sim.Close() })
	require.NoError(t, sim.PutSender(standin.Sender{Number: "447860099299", APIKey: "key"}))
	adapter := infobip.New(infobip.Config{HTTP: server.Client(), StandIn: server.URL, Timeout: 5 * time.Second})
	channel := provider.Channel{Number: "447860099299", BaseURL: server.URL, Credentials: provider.Credentials{APIKey: "key"}}
	require.NoError(t, adapter.Test(t.Context(), channel))
	file := &provider.Media{Kind: "image", URL: "https://cdn.example/i.jpg"}
	for name, m := range map[string]provider.Message{
		"text":      {Text: "Hi"},
		"user id":   {To: "AE.1509", Text: "Hi"},
		"image":     {Media: &provider.Media{Kind: "image", URL: file.URL, Caption: "c"}},
		"video":     {Media: &provider.Media{Kind: "video", URL: file.URL}},
		"document":  {Media: &provider.Media{Kind: "document", URL: file.URL, Filename: "d.pdf"}},
		"audio":     {Media: &provider.Media{Kind: "audio", URL: file.URL}},
		"voice":     {Media: &provider.Media{Kind: "voice", URL: file.URL}},
		"sticker":   {Media: &provider.Media{Kind: "sticker", URL: file.URL}},
		"location":  {Location: &provider.Location{Name: "Null island"}},
		"contacts":  {Contacts: []provider.ContactCard{{FirstName: "Ana", Name: "Ana B", Phones: []string{"+385911111111"}, Emails: []string{"a@b.example"}}}},
		"buttons":   {Interactive: &provider.Interactive{Body: "Pick", HeaderMedia: file, Footer: "f", Buttons: []provider.Choice{{ID: "y", Title: "Yes"}}}},
		"list":      {Interactive: &provider.Interactive{Body: "Pick", Header: "h", Label: "Menu", Sections: []provider.Section{{Rows: []provider.Choice{{ID: "a", Title: "A", Description: "d"}}}}}},
		"link":      {Interactive: &provider.Interactive{Body: "Go", Link: &provider.Link{Label: "Open", URL: "https://x.example"}}},
		"form":      {Interactive: &provider.Interactive{Body: "Fill", Flow: &provider.Flow{ID: "1", Token: "t", Label: "Open", Screen: "S", Data: json.RawMessage(`{"a":1}`)}}},
		"form, end": {Interactive: &provider.Interactive{Body: "Fill", Flow: &provider.Flow{ID: "1", Token: "t", Label: "Open"}}},
		"where":     {Interactive: &provider.Interactive{Body: "Where?", AskLocation: true}},
		"template": {Template: &provider.Template{Name: "welcome", Language: "en", Placeholders: []string{"Ana"}, HeaderMedia: file, Buttons: []provider.TemplateButton{
			{Kind: "quick_reply", Value: "p"}, {Kind: "url", Index: 1, Value: "x"},
		}}},
	} {
		m.Key = name
		if m.To == "" {
			m.To = "385911111111"
		}
		_, err := adapter.Send(t.Context(), channel, m)
		require.NoError(t, err, name)
	}
	require.NoError(t, adapter.Typing(t.Context(), channel, "385911111111", ""))
}
