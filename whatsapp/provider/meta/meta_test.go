package meta_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
	"github.com/flomastr/flomastr/whatsapp/provider/providertest"
)

var channel = provider.Channel{
	Number: "15550783881", AccountID: "102290129340398", SenderID: "106540352242922",
	Credentials: provider.Credentials{APIKey: "EAAG-never-shown"}, Webhook: provider.WebhookSecret{SigningKey: "app-secret", VerifyToken: "verify"},
}

func newProvider(standIn string, timeout time.Duration) provider.Provider {
	return meta.New(meta.Config{HTTP: &http.Client{Transport: &http.Transport{}}, StandIn: standIn, Timeout: timeout})
}

// A body as Meta's documents show it.
const textBody = `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp",
"metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Sheena Nelson"},"wa_id":"16505551234"}],
"messages":[{"from":"16505551234","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=","timestamp":"1749416383","type":"text","text":{"body":"Hello"}}]},"field":"messages"}]}]}`

func signed(key string, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write(body)
	return http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Suite{
		New: newProvider, Channel: channel, Text: textBody, Customer: "16505551234", ID: "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
		Sign:    func(ch provider.Channel, body []byte) http.Header { return signed(ch.Webhook.SigningKey, body) },
		Gateway: provider.NotSent,
		Cases:   "testdata", AtLeast: 100, Errors: refusals(),
		Media: &providertest.MediaCase{
			Attachment: func(string, string) provider.Attachment { return provider.Attachment{ID: "1037543291543636"} },
			Where: func(address string) string {
				return fmt.Sprintf(`{"messaging_product":"whatsapp","url":%q,"mime_type":"image/jpeg","sha256":"x","file_size":"303833","id":"1037543291543636"}`, address)
			},
		},
		Answer: func(to, _ string) string {
			return fmt.Sprintf(`{"messaging_product":"whatsapp","contacts":[{"input":%q,"wa_id":%q}],"messages":[{"id":"wamid.1"}]}`, to, to)
		},
	}.Run(t)
}

// refusals are Graph errors: the code decides, whatever the HTTP status says.
func refusals() (cases []providertest.ErrorCase) {
	for _, c := range []struct {
		status, code int
		transient    bool
		outcome      provider.Outcome
		effect       provider.Effect
		throttled    bool
	}{
		{401, 190, false, provider.NotSent, provider.PauseChannel, false},
		{400, 0, false, provider.NotSent, provider.PauseChannel, false},
		{403, 10, false, provider.NotSent, provider.PauseChannel, false},
		{403, 200, false, provider.NotSent, provider.PauseChannel, false},
		{403, 299, false, provider.NotSent, provider.PauseChannel, false},
		{400, 131031, false, provider.NotSent, provider.PauseChannel, false},
		{400, 131042, false, provider.NotSent, provider.PauseChannel, false},
		{400, 133010, false, provider.NotSent, provider.PauseChannel, false},
		{403, 131056, false, provider.NotSent, 0, true}, // seen with 403, 429 and 400
		{429, 131056, false, provider.NotSent, 0, true},
		{400, 130429, false, provider.NotSent, 0, true},
		{400, 80007, false, provider.NotSent, 0, true},
		{400, 4, false, provider.NotSent, 0, true},
		{400, 131048, false, provider.NotSent, 0, true},
		{500, 131000, false, provider.NotSent, 0, false},
		{400, 131016, false, provider.NotSent, 0, false},
		{500, 2, true, provider.NotSent, 0, false},
		{400, 131009, true, provider.NotSent, 0, false},
		{503, 424242, false, provider.NotSent, 0, false},
		{400, 131047, false, provider.Refused, provider.CloseWindow, false},
		{400, 470, false, provider.Refused, provider.CloseWindow, false},
		{400, 131026, false, provider.Refused, provider.Unreachable, false},
		{400, 131030, false, provider.Refused, 0, false},
		{400, 139100, false, provider.Refused, provider.Unreachable, false},
		{400, 131050, false, provider.Refused, provider.StopMarketing, false},
		{400, 131049, false, provider.Refused, provider.HoldMarketing, false},
		{400, 100, false, provider.Refused, 0, false},
		{404, 132001, false, provider.Refused, provider.CheckTemplates, false},
		{400, 132015, false, provider.Refused, provider.CheckTemplates, false},
		{400, 132999, false, provider.Refused, provider.CheckTemplates, false},
		{400, 424242, false, provider.Refused, 0, false},
	} {
		cases = append(cases, providertest.ErrorCase{
			Name: fmt.Sprint("code ", c.code, " with ", c.status), Status: c.status, Outcome: c.outcome, Effect: c.effect, Throttled: c.throttled,
			Body: fmt.Sprintf(`{"error":{"message":"(#%d) x","type":"OAuthException","code":%d,"error_data":{"messaging_product":"whatsapp","details":"d"},"is_transient":%t,"fbtrace_id":"A"}}`, c.code, c.code, c.transient),
		})
	}
	return append(
		cases,
		providertest.ErrorCase{Name: "no message in the answer", Status: 200, Body: `{"messaging_product":"whatsapp","contacts":[{"input":"16505551234"}],"messages":[]}`},
		providertest.ErrorCase{Name: "another recipient in the answer", Status: 200, Body: `{"contacts":[{"input":"4915112345678"}],"messages":[{"id":"wamid.1"}]}`},
		providertest.ErrorCase{Name: "paused pacing", Status: 200, Body: `{"contacts":[{"input":"16505551234"}],"messages":[{"id":"wamid.1","message_status":"paused"}]}`, Outcome: provider.Refused, Effect: provider.CheckTemplates},
	)
}

func TestASignatureHasOneForm(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	for _, body := range []string{textBody, `{"a":"\u00e4 \/ 👋"}` + "\r\n", ``} {
		good := signed("app-secret", []byte(body)).Get("X-Hub-Signature-256")
		check := func(ch provider.Channel, body string, values ...string) error {
			return p.Authenticate(ch, provider.Request{Header: http.Header{"X-Hub-Signature-256": values}, Body: []byte(body)})
		}
		require.NoError(t, check(channel, body, good))
		for _, bad := range [][]string{
			nil,
			{""},
			{good, good},
			{"sha1=" + good[7:]},
			{"SHA256=" + good[7:]},
			{"sha256=sha256=" + good[7:]},
			{" " + good},
			{good + " "},
			{good + "\n"},
			{good[:70]},
			{good + "0"},
			{"sha256=" + strings.ToUpper(good[7:])},
			{good[7:]},
			{"sha256=" + strings.Repeat("0", 64)},
		} {
			require.ErrorIs(t, check(channel, body, bad...), provider.ErrUnauthenticated, "%q", bad)
		}
		require.ErrorIs(t, check(channel, body+" ", good), provider.ErrUnauthenticated, "one byte more")
		rotated := channel
		rotated.Webhook.SigningKey, rotated.Webhook.PreviousKey = "new-secret", "app-secret"
		require.NoError(t, check(rotated, body, good), "the old key is believed while it is named")
		rotated.Webhook.PreviousKey = ""
		require.ErrorIs(t, check(rotated, body, good), provider.ErrUnauthenticated)
		// An empty key would let anybody sign.
		rotated.Webhook = provider.WebhookSecret{VerifyToken: "verify"}
		require.ErrorIs(t, check(rotated, body, signed("", []byte(body)).Get("X-Hub-Signature-256")), provider.ErrUnauthenticated)
		legacy := signed("app-secret", []byte(body))
		legacy.Set("X-Hub-Signature", "sha1=nonsense")
		require.NoError(t, p.Authenticate(channel, provider.Request{Header: legacy, Body: []byte(body)}), "the older header is ignored")
	}
}

func TestTheChallengeIsAnsweredForTheRightTokenAlone(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0).(provider.Challenger)
	for query, want := range map[string]flomastr.Kind{
		"hub.mode=subscribe&hub.verify_token=verify&hub.challenge=%3Cscript%3E":              0,
		"hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1":                          flomastr.Forbidden,
		"hub.mode=unsubscribe&hub.verify_token=verify&hub.challenge=1":                       flomastr.Forbidden,
		"hub.mode=subscribe&hub.verify_token=verify":                                         flomastr.Malformed,
		"hub.mode=subscribe&hub.verify_token=verify&hub.challenge=":                          flomastr.Malformed,
		"hub.mode=subscribe&hub.verify_token=verify&hub.challenge=1&hub.challenge=2":         flomastr.Malformed,
		"hub.mode=subscribe&hub.verify_token=verify&hub.verify_token=verify&hub.challenge=1": flomastr.Malformed,
		"hub.mode%5B%5D=subscribe&hub.verify_token%5B%5D=verify&hub.challenge%5B%5D=1":       flomastr.Malformed,
		"": flomastr.Malformed,
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		answer, err := p.Challenge(channel, values)
		if want == 0 {
			require.NoError(t, err, query)
			require.Equal(t, "<script>", answer)
			continue
		}
		require.Equal(t, want, flomastr.KindOf(err), query)
		require.Empty(t, answer)
	}
	bare := channel
	bare.Webhook = provider.WebhookSecret{}
	_, err := p.Challenge(bare, url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {""}, "hub.challenge": {"1"}})
	require.Error(t, err)
}

func TestASecretNeedsTheAppsSecretAndATokenIsMadeUp(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	made := p.CompleteSecret(provider.WebhookSecret{SigningKey: "k"}, provider.WebhookSecret{})
	require.Greater(t, len(made.VerifyToken), 20)
	scheme, err := p.CheckSecret(made)
	require.NoError(t, err)
	require.Equal(t, "signature", scheme)
	kept := p.CompleteSecret(provider.WebhookSecret{SigningKey: "k2", PreviousKey: "k"}, made)
	require.Equal(t, provider.WebhookSecret{SigningKey: "k2", PreviousKey: "k", VerifyToken: made.VerifyToken}, kept)
	for _, bad := range []provider.WebhookSecret{{}, {VerifyToken: "v"}, {SigningKey: "k"}, {SigningKey: "k", VerifyToken: "v", Username: "u"}} {
		_, err := p.CheckSecret(bad)
		require.Error(t, err)
	}
}

func TestOnlyMetasHostIsShownAToken(t *testing.T) {
	t.Parallel()
	p := newProvider("http://127.0.0.1:8102", 0)
	for _, good := range []string{"https://graph.facebook.com", "https://graph.facebook.com/", "https://graph.facebook.com/v23.0", "https://GRAPH.facebook.com:443/v25.0/", "http://127.0.0.1:8102", "http://127.0.0.1:8102/v25.0"} {
		require.NoError(t, p.CheckAddress(good), good)
	}
	for _, bad := range []string{
		"http://graph.facebook.com", "https://graph.facebook.com.evil.example", "https://evil.graph.facebook.com", "https://graph.facebook.com@evil.example",
		"https://graph.facebook.com:8443", "https://graph.facebook.com/v25.0/../x", "https://graph.facebook.com/x", "https://graph.facebook.com?x=1",
		"https://graph.facebook.com/v25.0%2f..", "https://graph.facebook.com#x", "http://127.0.0.1:8103", "https://127.0.0.1:8102",
	} {
		require.Error(t, p.CheckAddress(bad), bad)
	}
}

// FuzzParse: whatever an authenticated stranger sends, nothing panics, and what comes out can be stored.
func FuzzParse(f *testing.F) {
	f.Add([]byte(textBody))
	f.Add([]byte(strings.Replace(textBody, `"text":{"body":"Hello"}`, `"interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"{\"a\":[1]}"}}`, 1)))
	f.Add([]byte(strings.Replace(textBody, `"type":"text"`, `"type":"edit","edit":{"original_message_id":[],"message":{"type":"edit"}}`, 1)))
	f.Add([]byte(strings.Replace(textBody, `"messages"`, `"statuses":[{"id":1,"status":{},"errors":[null,{"code":"x"}]},7,null],"messages"`, 1)))
	f.Add([]byte(strings.Replace(textBody, `"messages"`, `"history":[{"threads":[{"id":1,"messages":[{}]}]}],"message_echoes":[[]],"errors":{},"user_preferences":[{}],"user_id_update":[1],"messages"`, 1)))
	f.Add([]byte(`{"object":"whatsapp_business_account","entry":[null,{"changes":[{"field":"message_template_status_update","value":{"message_template_id":1e999}}]}]}`))
	f.Add([]byte("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"value\":{\"messages\":[{\"id\":\"\\u0000\xff\"}]}}]}]}"))
	p := newProvider("", 0)
	received := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, err := p.Parse(channel, provider.Request{Body: body, ReceivedAt: received})
		if err != nil {
			if json.Valid(body) {
				t.Fatalf("valid JSON refused: %v", err)
			}
			return
		}
		if problem := providertest.Unstorable(batch, received); problem != "" {
			t.Fatal(problem)
		}
	})
}
