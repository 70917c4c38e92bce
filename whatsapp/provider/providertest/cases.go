package providertest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

var update = flag.Bool("update", false, "write what the adapter makes of each payload into the case files; read the difference before it is committed")

// Case is a webhook's body, as the provider's documents or real traffic show it, with what must come of it.
type Case struct {
	Name string          `json:"name"`
	URL  string          `json:"url,omitempty"` // as the provider called it, where that says something
	Body json.RawMessage `json:"body"`
	Want *Outcome        `json:"want"`
}

// bytes are a body as it is on the wire.
func (s Suite) bytes(body any) []byte {
	if text, ok := body.(string); ok && s.Form {
		return []byte(text)
	}
	if params, ok := body.(map[string]any); ok && s.Form {
		form := url.Values{}
		for name, value := range params {
			list, several := value.([]any)
			if !several {
				list = []any{value}
			}
			for _, one := range list {
				form.Add(name, fmt.Sprint(one))
			}
		}
		return []byte(form.Encode())
	}
	raw, _ := json.Marshal(body) // it was JSON
	return raw
}

// Outcome is a batch in a form that is easy to read; what is empty is left out.
type Outcome struct {
	Messages []Message `json:"messages,omitempty"`
	Reports  []Report  `json:"reports,omitempty"`
	Events   []Event   `json:"events,omitempty"`
	Unusable []string  `json:"unusable,omitempty"`
}

// Message is an inbound message.
type Message struct {
	ID       string               `json:"id"`
	Phone    string               `json:"phone,omitempty"`
	UserID   string               `json:"user_id,omitempty"`
	Type     string               `json:"type"`
	Text     string               `json:"text"`
	Flags    string               `json:"flags,omitempty"` // readable silent echo history
	Media    *provider.Attachment `json:"media,omitempty"`
	Choice   string               `json:"choice,omitempty"`
	Name     string               `json:"name,omitempty"`
	ReplyTo  string               `json:"reply_to,omitempty"`
	Target   string               `json:"target,omitempty"`
	Referral bool                 `json:"referral,omitempty"`
	At       string               `json:"at"`
}

// Report is a report; its detail is only said to be there.
type Report struct {
	Key        string          `json:"key"`
	ProviderID string          `json:"provider_id,omitempty"`
	Mark       string          `json:"mark"`
	State      provider.State  `json:"state,omitempty"`
	Effect     provider.Effect `json:"effect,omitempty"`
	Told       bool            `json:"told,omitempty"`
	At         string          `json:"at"`
}

// Event is an event.
type Event struct {
	Kind     provider.EventKind      `json:"kind"`
	Contact  *provider.Address       `json:"contact,omitempty"`
	Previous *provider.Address       `json:"previous,omitempty"`
	Template *provider.TemplateState `json:"template,omitempty"`
	Severity provider.Severity       `json:"severity"`
	Told     bool                    `json:"told,omitempty"`
	At       string                  `json:"at"`
}

// received is when the cases' bodies arrive: shortly after they were written.
var received = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func outcomeOf(b provider.Batch) *Outcome {
	out := &Outcome{}
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	for _, m := range b.Messages {
		one := Message{
			ID: m.ProviderID, Phone: m.From.Phone, UserID: m.From.UserID, Type: m.Type, Text: m.Text, Choice: m.Choice, Name: m.ProfileName,
			ReplyTo: m.ReplyTo, Target: m.Target, Referral: m.Referral != "", At: at(m.SentAt),
		}
		for _, f := range []struct {
			set  bool
			name string
		}{{m.Readable, "readable "}, {m.Silent, "silent "}, {m.Echo, "echo "}, {m.History, "history "}} {
			if f.set {
				one.Flags += f.name
			}
		}
		if !m.Media.IsZero() {
			one.Media = &m.Media
		}
		out.Messages = append(out.Messages, one)
	}
	for _, r := range b.Reports {
		out.Reports = append(out.Reports, Report{r.Key, r.ProviderID, r.Mark, r.State, r.Effect, r.Detail != "", at(r.At)})
	}
	for _, e := range b.Events {
		one := Event{Kind: e.Kind, Severity: e.Severity, Told: e.Detail != "", At: at(e.At)}
		if e.Contact != (provider.Address{}) {
			one.Contact = &e.Contact
		}
		if e.Previous != (provider.Address{}) {
			one.Previous = &e.Previous
		}
		if e.Kind == provider.TemplateChanged {
			one.Template = &e.Template
		}
		out.Events = append(out.Events, one)
	}
	for _, u := range b.Unusable {
		out.Unusable = append(out.Unusable, u.Reason)
	}
	return out
}

// cases runs every payload of the adapter's testdata, and each of them spoiled in every way that a provider's change of
// mind has ever spoiled one: members that become null, or of another kind, and bodies that end anywhere.
func (s Suite) cases(t *testing.T) {
	if s.Cases == "" {
		t.Skip("the adapter brings no payload files")
	}
	files, err := filepath.Glob(filepath.Join(s.Cases, "*.json"))
	require.NoError(t, err)
	p := s.New("http://127.0.0.1:1", time.Second)
	ran, spoiled := 0, 0
	names := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var cases []Case
		require.NoError(t, json.Unmarshal(raw, &cases), file)
		for i, c := range cases {
			require.False(t, names[c.Name], "two cases are called %s", c.Name)
			names[c.Name] = true
			var whole any
			require.NoError(t, json.Unmarshal(c.Body, &whole), c.Name)
			body := []byte(c.Body)
			if s.Form {
				body = s.bytes(whole)
			}
			batch, err := p.Parse(s.Channel, provider.Request{URL: c.URL, Body: body, ReceivedAt: received})
			require.NoError(t, err, c.Name)
			require.Empty(t, Unstorable(batch, received), c.Name)
			got := outcomeOf(batch)
			if *update {
				cases[i].Want = got
			} else {
				want, err := json.MarshalIndent(c.Want, "", " ")
				require.NoError(t, err)
				have, err := json.MarshalIndent(got, "", " ")
				require.NoError(t, err)
				require.Equal(t, string(want), string(have), c.Name)
			}
			ran++
			spoiled += s.spoil(t, p, c, body, whole)
		}
		if *update {
			raw, err := json.MarshalIndent(cases, "", " ")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o600))
		}
	}
	require.GreaterOrEqual(t, ran, s.AtLeast, "payload cases")
	fmt.Printf("%s: %d payload cases, each also spoiled: %d bodies\n", p.Name(), ran, spoiled)
}

// others are the values of each kind that a member may turn into.
var others = []any{nil, -7.5, "\x00\u202e", true, []any{nil, 7.0, map[string]any{}}, map[string]any{"x": nil}}

// spoil tries a case's body with one member at a time replaced, and cut at random places. It must stay usable or become
// unusable, never a panic, and never ErrNotJSON while it is JSON.
func (s Suite) spoil(t *testing.T, p provider.Provider, c Case, good []byte, whole any) (bodies int) {
	t.Helper()
	try := func() {
		body := s.bytes(whole)
		batch, err := p.Parse(s.Channel, provider.Request{URL: c.URL, Body: body, ReceivedAt: received})
		require.NoError(t, err, "%s spoiled: %s", c.Name, body)
		if problem := Unstorable(batch, received); problem != "" {
			t.Fatalf("%s spoiled: %s: %s", c.Name, problem, body)
		}
		bodies++
	}
	walk(whole, func(set func(any), was any) {
		for _, other := range others {
			set(other)
			try()
		}
		set(was)
	})
	random := rand.New(rand.NewPCG(1, uint64(len(good))))
	for range 10 {
		cut := good[:random.IntN(len(good)+1)]
		batch, err := p.Parse(s.Channel, provider.Request{URL: c.URL, Body: cut, ReceivedAt: received})
		if err != nil && !errors.Is(err, provider.ErrNotJSON) || err == nil && !s.Form && !json.Valid(cut) {
			t.Fatalf("%s cut after %d bytes: %v", c.Name, len(cut), err)
		}
		require.Empty(t, Unstorable(batch, received), "%s cut after %d bytes", c.Name, len(cut))
		bodies++
	}
	return bodies
}

// walk visits every member and element, with a way to replace it.
func walk(v any, visit func(set func(any), was any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			visit(func(x any) { v[name] = x }, member)
			walk(member, visit)
		}
	case []any:
		for i, element := range v {
			visit(func(x any) { v[i] = x }, element)
			walk(element, visit)
		}
	}
}

// broken puts elements that nobody understands before those of each array in the text's body: the message is still there.
func (s Suite) broken(t *testing.T) {
	var whole any
	if json.Unmarshal([]byte(s.Text), &whole) != nil {
		t.Skip("not a JSON provider")
	}
	p := s.New("http://127.0.0.1:1", time.Second)
	arrays := 0
	walk(map[string]any{"": whole}, func(set func(any), was any) {
		list, ok := was.([]any)
		if !ok {
			return
		}
		arrays++
		set(append([]any{nil, 7.0, "x", []any{}, map[string]any{}, map[string]any{"changes": []any{nil}}}, list...))
		body, err := json.Marshal(whole)
		require.NoError(t, err)
		batch, err := p.Parse(s.Channel, provider.Request{Body: body, ReceivedAt: time.Now()})
		require.NoError(t, err)
		require.Len(t, batch.Messages, 1, "%s", body)
		require.Equal(t, s.ID, batch.Messages[0].ProviderID)
		set(was)
	})
	require.Positive(t, arrays)
}
