package providertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// SendCase is a neutral message with the call that must come of it; no call when the provider cannot carry it.
type SendCase struct {
	Name    string           `json:"name"`
	Message provider.Message `json:"message"`
	Path    string           `json:"path,omitempty"`
	Body    json.RawMessage  `json:"body,omitempty"`
}

// sends runs the adapter's file of sends.
func (s Suite) sends(t *testing.T) {
	if s.Cases == "" {
		t.Skip("the adapter brings no send file")
	}
	file := filepath.Join(s.Cases, "send", "cases.json")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var cases []SendCase
	require.NoError(t, json.Unmarshal(raw, &cases))
	type call struct{ path, body string }
	calls := make(chan call, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.URL.Path, string(body)}
		_, _ = io.WriteString(w, s.Answer(s.Customer, "k-1"))
	}))
	t.Cleanup(server.Close)
	p, ch := s.New(server.URL, 2*time.Second), s.Channel
	ch.BaseURL = server.URL
	for i, c := range cases {
		_, err := p.Send(t.Context(), ch, c.Message)
		checked := p.Check(c.Message)
		var got SendCase
		select {
		case made := <-calls:
			got.Path, got.Body = made.path, s.sent(t, made.body)
			require.NoError(t, checked, "%s: it goes, so it may be queued", c.Name)
		default:
			var failed *provider.SendError
			require.ErrorAs(t, err, &failed, c.Name)
			require.Equal(t, provider.Refused, failed.Outcome, c.Name)
			require.EqualError(t, checked, err.Error(), "%s: whoever queues it hears the same", c.Name)
		}
		if *update {
			cases[i].Path, cases[i].Body = got.Path, got.Body
			continue
		}
		require.Equal(t, c.Path, got.Path, c.Name)
		if c.Path != "" {
			require.JSONEq(t, string(c.Body), string(got.Body), c.Name)
		}
	}
	if *update {
		raw, err := json.MarshalIndent(cases, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o600))
	}
	fmt.Printf("%s: %d sends\n", p.Name(), len(cases))
}

// sent is a call's body as JSON.
func (s Suite) sent(t *testing.T, body string) json.RawMessage {
	t.Helper()
	if !s.Form {
		return json.RawMessage(body)
	}
	form, err := url.ParseQuery(body)
	require.NoError(t, err)
	params := map[string]string{}
	for name, values := range form {
		require.Len(t, values, 1, name)
		params[name] = values[0]
	}
	raw, err := json.Marshal(params)
	require.NoError(t, err)
	return raw
}

// overLimit tries what no WhatsApp takes: it is refused with a sentence, and never tried.
func (s Suite) overLimit(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)
	p, ch := s.New(server.URL, time.Second), s.Channel
	ch.BaseURL = server.URL
	limits := p.Limits()
	long := func(n int) string { return strings.Repeat("é", n) }
	for name, m := range map[string]provider.Message{
		"no recipient":   {To: "", Text: "x"},
		"no text":        {Text: " \n"},
		"a long text":    {Text: long(limits.Text + 1)},
		"a long caption": {Media: &provider.Media{Kind: "image", URL: "https://cdn.example/i.jpg", Caption: long(limits.Caption + 1)}},
		"an odd kind":    {Media: &provider.Media{Kind: "hologram", URL: "https://cdn.example/i.jpg"}},
		"an odd address": {Media: &provider.Media{Kind: "image", URL: "file:///etc/passwd"}},
	} {
		if name != "no recipient" {
			m.To = s.Customer
		}
		m.Key = "k-1"
		_, err := p.Send(t.Context(), ch, m)
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, name)
		require.Equal(t, provider.Refused, failed.Outcome, name)
		require.NotEmpty(t, failed.Sentence)
		require.EqualError(t, p.Check(m), err.Error(), "%s: whoever queues it hears the same", name)
	}
	require.Zero(t, calls.Load(), "what cannot be valid is not even tried")
}

// ErrorCase is an answer to a send, with what it means.
type ErrorCase struct {
	Name      string
	Status    int
	Body      string
	Outcome   provider.Outcome
	Effect    provider.Effect
	Throttled bool
	Endless   bool // nobody reads it to its end
}

func (s Suite) refusals(t *testing.T) {
	odd := []ErrorCase{
		{Name: "a proxy's page with 200", Status: 200, Body: "<html>OK</html>"},
		{Name: "nothing with 200", Status: 200},
		{Name: "another object with 200", Status: 200, Body: `{"ok":true}`},
		{Name: "a list with 200", Status: 200, Body: `[]`},
		{Name: "a proxy's page with 502", Status: 502, Body: "<html>", Outcome: s.Gateway},
		{Name: "too many", Status: 429, Outcome: provider.NotSent, Throttled: true},
		{Name: "unauthorised", Status: 401, Outcome: provider.NotSent, Effect: provider.PauseChannel},
		{Name: "endless", Status: 200, Body: strings.Repeat("x", 2<<20), Endless: true},
	}
	for _, c := range append(odd, s.Errors...) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(c.Status)
			_, _ = io.WriteString(w, c.Body)
		}))
		p, ch := s.New(server.URL, 2*time.Second), s.Channel
		ch.BaseURL = server.URL
		_, err := p.Send(t.Context(), ch, provider.Message{Key: "k-1", To: s.Customer, Text: "Hello"})
		server.Close()
		var failed *provider.SendError
		require.ErrorAs(t, err, &failed, c.Name)
		require.Equal(t, c.Outcome.String(), failed.Outcome.String(), c.Name)
		require.Equal(t, c.Effect, failed.Effect, c.Name)
		require.Equal(t, c.Throttled, failed.Throttled, c.Name)
		require.Equal(t, c.Endless || c.Status >= 500 && !c.Throttled && c.Effect == provider.NoEffect, failed.Away, "%s: only what is out of order is away", c.Name)
		require.NotEmpty(t, failed.Sentence, c.Name)
		require.NotContains(t, failed.Error(), s.Channel.Credentials.APIKey, c.Name)
	}
}
