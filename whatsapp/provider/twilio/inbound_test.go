package twilio_test

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

var received = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// hook is a case of testdata/webhooks.json: a whole body, or one of the two usual forms with some parameters changed.
type hook struct {
	Name    string
	Of      string
	With    map[string]any
	Without []string
	Body    *string
	URL     string
	Want    wanted
}

// wanted is what a webhook must become; what stands under no member must be empty.
type wanted struct {
	Messages []wantedMessage `json:"messages,omitempty"`
	Reports  []wantedReport  `json:"reports,omitempty"`
	Unusable []string        `json:"unusable,omitempty"`
}

type wantedMessage struct {
	ID       string               `json:"id"`
	UserID   string               `json:"user_id,omitempty"`
	Phone    string               `json:"phone,omitempty"`
	To       string               `json:"to,omitempty"`
	Type     string               `json:"type"`
	Text     string               `json:"text,omitempty"`
	Readable bool                 `json:"readable,omitempty"`
	Silent   bool                 `json:"silent,omitempty"`
	Choice   string               `json:"choice,omitempty"`
	ReplyTo  string               `json:"reply_to,omitempty"`
	Name     string               `json:"name,omitempty"`
	Referral string               `json:"referral,omitempty"`
	Media    *provider.Attachment `json:"media,omitempty"`
}

type wantedReport struct {
	Key    string          `json:"key"`
	Mark   string          `json:"mark"`
	State  provider.State  `json:"state,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Effect provider.Effect `json:"effect,omitempty"`
}

func hooks(t testing.TB) (cases []hook, bodies map[string]string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/webhooks.json")
	require.NoError(t, err)
	var file struct {
		Message, Report map[string]string
		Cases           []hook
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	bodies = map[string]string{}
	for _, c := range file.Cases {
		require.NotContains(t, bodies, c.Name)
		if c.Body != nil {
			bodies[c.Name] = *c.Body
			continue
		}
		form := url.Values{}
		for name, value := range map[string]map[string]string{"message": file.Message, "report": file.Report}[c.Of] {
			form.Set(name, value)
		}
		require.NotEmpty(t, form, c.Name)
		for name, value := range c.With {
			switch v := value.(type) {
			case string:
				form.Set(name, v)
			case []any:
				form.Del(name)
				for _, one := range v {
					form.Add(name, one.(string))
				}
			}
		}
		for _, name := range c.Without {
			form.Del(name)
		}
		bodies[c.Name] = form.Encode()
	}
	return file.Cases, bodies
}

// outcome is a batch in the words of the cases.
func outcome(b provider.Batch) (w wanted) {
	for _, m := range b.Messages {
		one := wantedMessage{
			ID: m.ProviderID, UserID: m.From.UserID, Phone: m.From.Phone, To: m.To, Type: m.Type, Text: m.Text, Readable: m.Readable, Silent: m.Silent,
			Choice: m.Choice, ReplyTo: m.ReplyTo, Name: m.ProfileName, Referral: m.Referral,
		}
		if !m.Media.IsZero() {
			one.Media = &m.Media
		}
		w.Messages = append(w.Messages, one)
	}
	for _, r := range b.Reports {
		w.Reports = append(w.Reports, wantedReport{r.Key, r.Mark, r.State, r.Detail, r.Effect})
	}
	for _, u := range b.Unusable {
		w.Unusable = append(w.Unusable, u.Reason)
	}
	return w
}

func TestEveryWebhookBecomesWhatItSays(t *testing.T) {
	t.Parallel()
	cases, bodies := hooks(t)
	require.GreaterOrEqual(t, len(cases), 60)
	p := newProvider("", 0)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			batch, err := p.Parse(channel, provider.Request{URL: c.URL, Body: []byte(bodies[c.Name]), ReceivedAt: received})
			require.NoError(t, err)
			require.Equal(t, c.Want, outcome(batch))
			whole(t, batch)
		})
	}
}

// whole fails on anything that could not be stored, or that is half of something.
func whole(t *testing.T, batch provider.Batch) {
	t.Helper()
	storable := func(texts ...string) {
		for _, s := range texts {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Fatalf("cannot be stored: %q", s)
			}
		}
	}
	for _, m := range batch.Messages {
		storable(m.ProviderID, m.Text, m.Type, m.Media.URL, m.Media.Type, m.ProfileName, m.ReplyTo, m.Choice, m.Referral, m.Raw, m.From.Phone, m.From.UserID, m.To)
		if m.ProviderID == "" || m.From == (provider.Address{}) || m.Type == "" || !m.SentAt.Equal(received) || !json.Valid([]byte(m.Raw)) && len(m.Raw) < 128<<10 {
			t.Fatalf("half a message: %+v", m)
		}
	}
	for _, r := range batch.Reports {
		storable(r.Key, r.Mark, r.Detail, r.Raw)
		if r.Key == "" || r.Mark == "" || !r.At.Equal(received) || (r.State == provider.StateFailed) != (r.Detail != "") {
			t.Fatalf("half a report: %+v", r)
		}
	}
	for _, u := range batch.Unusable {
		storable(u.Reason, u.Body)
		if u.Reason == "" {
			t.Fatalf("kept for no reason: %+v", u)
		}
	}
}

func TestABodyThatIsNoFormIsMalformed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"MessageSid=SM1&Body=%zz", "MessageSid=SM1;Body=x", "%", `{"Body":"100%`} {
		_, err := newProvider("", 0).Parse(channel, provider.Request{Body: []byte(body), ReceivedAt: received})
		require.ErrorIs(t, err, provider.ErrNotJSON, body)
	}
}

// FuzzParse: whatever an authenticated stranger sends, nothing panics, and what comes out can be stored.
func FuzzParse(f *testing.F) {
	cases, bodies := hooks(f)
	for _, c := range cases {
		f.Add([]byte(bodies[c.Name]), c.URL)
	}
	f.Add([]byte("MessageSid=SM1&From=whatsapp%3A%2B385919998888&Body=%FF%FE%00&NumMedia=9&MediaUrl9=%C3%28&MediaContentType9=%00"), "%zz")
	p := newProvider("", 0)
	f.Fuzz(func(t *testing.T, body []byte, address string) {
		batch, err := p.Parse(channel, provider.Request{URL: address, Body: body, ReceivedAt: received})
		if err != nil {
			if _, bad := url.ParseQuery(string(body)); bad == nil || json.Valid(body) {
				t.Fatalf("a form refused: %v", err)
			}
			return
		}
		whole(t, batch)
		if n := len(batch.Messages) + len(batch.Reports) + len(batch.Unusable); n == 0 {
			t.Fatal("nothing came of it")
		}
	})
}
