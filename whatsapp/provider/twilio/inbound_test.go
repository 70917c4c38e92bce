package twilio_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

var received = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

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
	for _, body := range []string{textBody, "MessageSid=SM00000000000000000000000000000002&MessageStatus=delivered", "SmsSid=SM1&SmsStatus=failed&ErrorCode=63016"} {
		f.Add([]byte(body), hookURL)
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
