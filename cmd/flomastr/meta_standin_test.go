package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/ledger"
	standin "github.com/flomastr/flomastr/sim/meta"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
)

// metaLine is our adapter at Meta's stand-in, with a webhook that believes what the adapter believes.
type metaLine struct {
	t       *testing.T
	adapter *meta.Provider
	channel provider.Channel
	standIn *httptest.Server
	heard   chan provider.Batch
}

func newMetaLine(t *testing.T) *metaLine {
	t.Helper()
	accepted, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	require.NoError(t, err)
	t.Cleanup(func() { _ = accepted.Close() })
	l := &metaLine{t: t, heard: make(chan provider.Batch, 100)}
	// The stand-in must know its own address for the addresses of files.
	var handler http.Handler
	l.standIn = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	sim := standin.New(standin.Config{Ledger: accepted, BaseURL: l.standIn.URL, Settings: standin.Settings{Statuses: true, RetryUnitMS: 10, ReadDelayMS: 5, DeliveryDelayMS: 5, ApprovalDelayMS: 5}})
	handler = sim
	l.adapter = meta.New(meta.Config{HTTP: l.standIn.Client(), StandIn: l.standIn.URL, Timeout: 2 * time.Second})
	l.channel = provider.Channel{
		Number: "97142550200", SenderID: "101", AccountID: "102", Credentials: provider.Credentials{APIKey: "token"},
		Webhook: provider.WebhookSecret{SigningKey: "app", VerifyToken: "verify"},
	}
	hook := httptest.NewServer(http.HandlerFunc(l.webhook))
	t.Cleanup(func() { sim.Close(); hook.Close(); l.standIn.Close() })
	l.control("PUT", "/control/numbers/101", `{"number":"97142550200","account_id":"102","token":"token","app_secret":"app","verify_token":"verify","webhook_url":"`+hook.URL+`/webhook"}`)
	return l
}

func (l *metaLine) webhook(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		answer, err := l.adapter.Challenge(l.channel, r.URL.Query())
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, answer)
		return
	}
	body, _ := io.ReadAll(r.Body)
	request := provider.Request{Header: r.Header, Body: body, ReceivedAt: time.Now()}
	if l.adapter.Authenticate(l.channel, request) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	batch, err := l.adapter.Parse(l.channel, request)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l.heard <- batch
}

func (l *metaLine) control(method, path, body string) []byte {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.standIn.URL+path, strings.NewReader(body))
	require.NoError(l.t, err)
	req.Header.Set("Content-Type", "application/json")
	if path, _, _ := strings.Cut(path, "?"); path == "/control/media" {
		req.Header.Set("Content-Type", "image/png")
	}
	answer, err := l.standIn.Client().Do(req)
	require.NoError(l.t, err)
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(l.t, err)
	require.Less(l.t, answer.StatusCode, 300, string(raw))
	return raw
}

// next waits for a batch that a test is interested in.
func (l *metaLine) next(wanted func(provider.Batch) bool) provider.Batch {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	for {
		select {
		case b := <-l.heard:
			require.Empty(l.t, b.Unusable)
			if wanted(b) {
				return b
			}
		case <-ctx.Done():
			l.t.Fatal("it never came")
		}
	}
}

// report waits for a report of a state. Several share a webhook where they were due together.
func (l *metaLine) report(state provider.State) provider.Report {
	l.t.Helper()
	of := func(r provider.Report) bool { return r.State == state }
	reports := l.next(func(b provider.Batch) bool { return slices.ContainsFunc(b.Reports, of) }).Reports
	return reports[slices.IndexFunc(reports, of)]
}

func TestTheStandInForMetaTakesEverySendOfOurs(t *testing.T) {
	t.Parallel()
	l := newMetaLine(t)
	require.NoError(t, l.adapter.Test(t.Context(), l.channel))
	l.control("PUT", "/control/phones/385911111111", `{"auto_read":true,"name":"Ana"}`)
	file := &provider.Media{Kind: "image", URL: "https://cdn.example/i.jpg"}
	l.control("POST", "/control/phones/385911111111/messages", `{"to":"97142550200","text":"Hello"}`)
	first := l.next(func(b provider.Batch) bool { return len(b.Messages) == 1 }).Messages[0]
	require.Equal(t, "Hello", first.Text)
	require.NoError(t, l.adapter.MarkRead(t.Context(), l.channel, first.ProviderID))
	require.NoError(t, l.adapter.Typing(t.Context(), l.channel, "385911111111", first.ProviderID))
	require.Error(t, l.adapter.MarkRead(t.Context(), l.channel, "wamid.unknown"))
	for _, m := range []provider.Message{
		{Text: "Hi", ReplyTo: first.ProviderID},
		{Media: &provider.Media{Kind: "image", URL: file.URL, Caption: "c"}},
		{Media: &provider.Media{Kind: "video", URL: file.URL}},
		{Media: &provider.Media{Kind: "document", URL: file.URL, Filename: "d.pdf"}},
		{Media: &provider.Media{Kind: "audio", URL: file.URL}},
		{Media: &provider.Media{Kind: "voice", URL: file.URL}},
		{Media: &provider.Media{Kind: "sticker", URL: file.URL}},
		{Location: &provider.Location{Latitude: 0, Longitude: 0, Name: "Null island"}},
		{Contacts: []provider.ContactCard{{FirstName: "Ana", Name: "Ana B", Phones: []string{"+385911111111"}, Emails: []string{"a@b.example"}}}},
		{Reaction: &provider.Reaction{Target: first.ProviderID, Emoji: "👍"}},
		{Reaction: &provider.Reaction{Target: first.ProviderID}},
		{Interactive: &provider.Interactive{Body: "Pick", HeaderMedia: file, Footer: "f", Buttons: []provider.Choice{{ID: "y", Title: "Yes"}, {ID: "n", Title: "No"}}}},
		{Interactive: &provider.Interactive{Body: "Pick", Header: "h", Label: "Menu", Sections: []provider.Section{{Rows: []provider.Choice{{ID: "a", Title: "A", Description: "d"}}}}}},
		{Interactive: &provider.Interactive{Body: "Go", Link: &provider.Link{Label: "Open", URL: "https://x.example"}}},
		{Interactive: &provider.Interactive{Body: "Fill in", Flow: &provider.Flow{ID: "1", Token: "t", Label: "Open", Screen: "S", Data: json.RawMessage(`{"a":1}`)}}},
		{Interactive: &provider.Interactive{Body: "Where?", AskLocation: true}},
	} {
		m.Key, m.To = "k", "385911111111"
		_, err := l.adapter.Send(t.Context(), l.channel, m)
		require.NoError(t, err)
	}
	_, err := l.adapter.Send(t.Context(), l.channel, provider.Message{Key: "k", To: "AE.1509", Text: "to a user id"})
	require.NoError(t, err)
	require.Equal(t, "k", l.report(provider.StateRead).Key)
	wrong := l.channel
	wrong.Credentials.APIKey = "wrong"
	var failed *provider.SendError
	_, err = l.adapter.Send(t.Context(), wrong, provider.Message{Key: "k", To: "385911111111", Text: "x"})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, provider.PauseChannel, failed.Effect)
}

func TestTheStandInForMetaKeepsTemplatesAndFiles(t *testing.T) {
	t.Parallel()
	l := newMetaLine(t)
	send := func(name string, values ...string) error {
		_, err := l.adapter.Send(t.Context(), l.channel, provider.Message{Key: "k", To: "385911111111", Template: &provider.Template{Name: name, Language: "en", Placeholders: values}})
		return err
	}
	var failed *provider.SendError
	require.ErrorAs(t, send("welcome", "Ana"), &failed)
	require.Equal(t, provider.CheckTemplates, failed.Effect)
	made, err := l.adapter.CreateTemplate(t.Context(), l.channel, provider.TemplateState{
		Name: "welcome", Language: "en", Category: "utility", Body: "Hello {{1}}", Examples: []string{"Ana"}, Footer: "f", Header: &provider.TemplateHeader{Kind: "text", Text: "h"},
		Buttons: []provider.TemplateChoice{{Kind: "quick_reply", Text: "Yes"}, {Kind: "url", Text: "Go", Value: "https://x.example/{{1}}", Example: "a"}},
	})
	require.NoError(t, err)
	require.Equal(t, "pending", made.Status)
	news := l.next(func(b provider.Batch) bool { return len(b.Events) == 1 }).Events[0]
	require.Equal(t, provider.TemplateChanged, news.Kind)
	require.Equal(t, provider.TemplateState{ID: made.ID, Name: "welcome", Language: "en", Status: "approved"}, news.Template)
	require.NoError(t, send("welcome", "Ana"))
	require.ErrorAs(t, send("welcome"), &failed)
	require.Equal(t, "132000", failed.Code)
	list, err := l.adapter.Templates(t.Context(), l.channel)
	require.NoError(t, err)
	made.Status, made.Category = "approved", "utility"
	require.Equal(t, []provider.TemplateState{made}, list)
	require.NoError(t, l.adapter.DeleteTemplate(t.Context(), l.channel, "welcome", []string{made.ID}))
	require.Error(t, l.adapter.DeleteTemplate(t.Context(), l.channel, "welcome", []string{made.ID}))

	var kept struct{ ID string }
	require.NoError(t, json.Unmarshal(l.control("POST", "/control/media?phone_number_id="+url.QueryEscape("101"), "picture"), &kept))
	l.control("POST", "/control/phones/385911111111/messages", `{"to":"97142550200","type":"image","message":{"id":"`+kept.ID+`","mime_type":"image/png","caption":"see"}}`)
	m := l.next(func(b provider.Batch) bool { return len(b.Messages) == 1 }).Messages[0]
	require.Equal(t, "see", m.Text)
	opened, err := l.adapter.OpenMedia(t.Context(), l.channel, m.Media)
	require.NoError(t, err)
	raw, err := io.ReadAll(opened.Body)
	require.NoError(t, err)
	require.NoError(t, opened.Body.Close())
	require.True(t, bytes.Equal([]byte("picture"), raw))
	_, err = l.adapter.OpenMedia(t.Context(), l.channel, provider.Attachment{ID: "999"})
	require.ErrorIs(t, err, provider.ErrMediaGone)
}

func TestTheStandInForMetaCanFailAsScripted(t *testing.T) {
	t.Parallel()
	l := newMetaLine(t)
	for _, c := range []struct {
		fault   string
		outcome provider.Outcome
	}{
		{`{"kind":"refuse","code":131056,"status":403}`, provider.NotSent},
		{`{"kind":"refuse","code":131047}`, provider.Refused},
		{`{"kind":"refuse","code":190,"status":401}`, provider.NotSent},
		{`{"kind":"lost"}`, provider.Unknown},
		{`{"kind":"silent"}`, provider.Unknown},
		{`{"kind":"garbage"}`, provider.Unknown},
	} {
		l.control("POST", "/control/faults", c.fault)
		_, err := l.adapter.Send(t.Context(), l.channel, provider.Message{Key: "k", To: "385911111111", Text: "x"})
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, c.fault)
		require.Equal(t, c.outcome, failed.Outcome, c.fault)
	}
	l.control("POST", "/control/faults", `{"kind":"fail","code":131026}`)
	_, err := l.adapter.Send(t.Context(), l.channel, provider.Message{Key: "k", To: "385922222222", Text: "x"})
	require.NoError(t, err)
	require.Equal(t, provider.Unreachable, l.report(provider.StateFailed).Effect)
}
