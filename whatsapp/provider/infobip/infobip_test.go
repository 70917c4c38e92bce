package infobip_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
	"github.com/flomastr/flomastr/whatsapp/provider/providertest"
)

var channel = provider.Channel{
	Number: "447860099299", Credentials: provider.Credentials{APIKey: "never-shown-1"},
	Webhook: provider.WebhookSecret{HeaderName: "X-Hook", HeaderValue: "secret"},
}

func newProvider(standIn string, timeout time.Duration) provider.Provider {
	return infobip.New(infobip.Config{HTTP: &http.Client{Transport: &http.Transport{}}, StandIn: standIn, Timeout: timeout})
}

// A body as Infobip's documents and real traffic show it.
const textBody = `{"results":[{"from":"385919998888","to":"447860099299","integrationType":"WHATSAPP","receivedAt":"2026-11-20T09:15:30.000+0000",
"messageId":"ABEGOFl3VCQoAhBalbc6rTQT6mgS29EmGZ7a","pairedMessageId":null,"callbackData":null,"message":{"type":"TEXT","text":"Hello"},
"contact":{"name":"Frank"},"price":{"pricePerMessage":0.000000,"currency":"EUR"}}],"messageCount":1,"pendingMessageCount":0}`

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Suite{
		New: newProvider, Channel: channel, Text: textBody, Customer: "385919998888", ID: "ABEGOFl3VCQoAhBalbc6rTQT6mgS29EmGZ7a",
		Sign: func(ch provider.Channel, _ []byte) http.Header {
			h := http.Header{}
			if ch.Webhook.HeaderName != "" {
				h.Set(ch.Webhook.HeaderName, ch.Webhook.HeaderValue)
			}
			return h
		},
		Gateway: provider.NotSent,
		Cases:   "testdata", AtLeast: 80,
		Media: &providertest.MediaCase{
			Attachment: func(_, address string) provider.Attachment { return provider.Attachment{URL: address} }, Redirects: true,
		},
		Errors: []providertest.ErrorCase{
			{Name: "bad request", Status: 400, Body: `{"requestError":{"serviceException":{"messageId":"BAD_REQUEST","text":"Bad request","validationErrors":{"content.text":["must not be blank"]}}}}`, Outcome: provider.Refused},
			{Name: "violations", Status: 400, Body: `{"errorCode":"E400","description":"x","action":"x","violations":[],"resources":[]}`, Outcome: provider.Refused},
			{Name: "forbidden", Status: 403, Outcome: provider.NotSent, Effect: provider.PauseChannel},
			{Name: "not found", Status: 404, Outcome: provider.Refused},
			{Name: "rejected with 200", Status: 200, Body: `{"messageId":"k-1","status":{"groupId":5,"id":12}}`, Outcome: provider.NotSent, Effect: provider.PauseChannel},
			{Name: "taken before", Status: 200, Body: `{"messageId":"k-1","status":{"groupId":5,"id":23}}`},
		},
		Answer: func(_, key string) string {
			return fmt.Sprintf(`{"to":"385919998888","messageCount":1,"messageId":%q,"status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE","description":"Message sent to next instance"}}`, key)
		},
	}.Run(t)
}

func parse(t *testing.T, body string) provider.Batch {
	t.Helper()
	batch, err := newProvider("", 0).Parse(channel, provider.Request{Body: []byte(body), ReceivedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	return batch
}

func withMessage(message string) string {
	return strings.Replace(textBody, `{"type":"TEXT","text":"Hello"}`, message, 1)
}

func TestEveryTypeHasATextFormAndIsReadableOnlyWhenItSaysSomethingInWords(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]provider.Inbound{
		`{"type":"TEXT","text":"Hi"}`: {Type: "text", Text: "Hi", Readable: true},
		`{"type":"IMAGE","url":"https://x.api.infobip.com/1","caption":"the leak"}`:                                   {Type: "image", Text: "the leak", Readable: true},
		`{"type":"IMAGE","url":"https://x.api.infobip.com/1"}`:                                                        {Type: "image", Text: "[image]"},
		`{"type":"DOCUMENT","url":"https://x.api.infobip.com/1","caption":"invoice"}`:                                 {Type: "document", Text: "invoice", Readable: true},
		`{"type":"VOICE","url":"https://x.api.infobip.com/1"}`:                                                        {Type: "voice", Text: "[voice]"},
		`{"type":"STICKER","url":"https://x.api.infobip.com/1"}`:                                                      {Type: "sticker", Text: "[sticker]"},
		`{"type":"BUTTON","text":"Yes","payload":"y"}`:                                                                {Type: "button", Text: "Yes", Readable: true, Choice: "y"},
		`{"type":"INTERACTIVE_BUTTON_REPLY","id":"1","title":"Book"}`:                                                 {Type: "interactive_button_reply", Text: "Book", Readable: true, Choice: "1"},
		`{"type":"INTERACTIVE_LIST_REPLY","id":"1","title":"Monday","description":"x"}`:                               {Type: "interactive_list_reply", Text: "Monday", Readable: true, Choice: "1"},
		`{"type":"LOCATION","latitude":0,"longitude":0}`:                                                              {Type: "location", Text: "[location 0, 0]"},
		`{"type":"REACTION","emoji":"👍","action":"ADDED","context":{"id":"x"}}`:                                       {Type: "reaction", Text: "[reaction 👍 added]", Silent: true, Target: "x", Choice: "👍"},
		`{"type":"ORDER","productItems":[{"productRetailerId":"p","quantity":"2","itemPrice":3.5,"currency":"EUR"}]}`: {Type: "order", Text: "[order]\n2 × p at 3.5 EUR"},
		`{"type":"UNSUPPORTED"}`:                                    {Type: "unsupported", Text: "[unsupported]"},
		`{"type":"INFECTED_CONTENT","malware":"EICAR"}`:             {Type: "infected_content", Text: "[infected_content]"},
		`{"type":"INTERACTIVE_PAYMENT_ACKNOWLEDGEMENT"}`:            {Type: "interactive_payment_acknowledgement", Text: "[interactive_payment_acknowledgement]"},
		`{"type":"TEXT","text":"   "}`:                              {Type: "text", Text: "   "},
		`{"type":"TEXT","text":"to all","context":{"groupId":"g"}}`: {Type: "text", Text: "to all", Readable: true, Silent: true},
	} {
		got := parse(t, withMessage(message)).Messages
		require.Len(t, got, 1, message)
		require.Equal(t, want, provider.Inbound{Type: got[0].Type, Text: got[0].Text, Readable: got[0].Readable, Silent: got[0].Silent, Choice: got[0].Choice, Target: got[0].Target}, message)
	}
}

func TestTimesAreReadInEveryFormAndBelievedWithinReason(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	want := time.Date(2026, 11, 20, 9, 15, 30, 0, time.UTC)
	for form, expected := range map[string]time.Time{
		`"2026-11-20T09:15:30.000+0000"`:     want,
		`"2026-11-20T09:15:30+0000"`:         want,
		`"2026-11-20T09:15:30.000+00:00"`:    want,
		`"2026-11-20T09:15:30Z"`:             want,
		`"2026-11-20T06:15:30.000-0300"`:     want,
		`"2026-11-20T11:15:30.123456+02:00"`: want.Add(123456 * time.Microsecond),
		`1763630130`:                         received.Add(-30 * 24 * time.Hour), // a year ago
		`1795166130`:                         want,
		`"1795166130000"`:                    want,
		`"2030-01-01T00:00:00Z"`:             received,
		`"9999-12-31T23:59:59.000+0000"`:     received,
		`"1969-01-01T00:00:00Z"`:             received.Add(-30 * 24 * time.Hour),
		`-5`:                                 received,
		`"soon"`:                             received,
		`null`:                               received,
		`{}`:                                 received,
		`99999999999999999999999`:            received,
	} {
		got := parse(t, strings.Replace(textBody, `"2026-11-20T09:15:30.000+0000"`, form, 1)).Messages
		require.Len(t, got, 1, form)
		require.Equal(t, expected, got[0].SentAt, form)
	}
}

func TestReportsAreToldApartByTheirOwnMembers(t *testing.T) {
	t.Parallel()
	body := `{"results":[
	 {"bulkId":"","price":{"pricePerMessage":0.0,"currency":"EUR"},"status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"},"error":{"groupId":0,"id":0,"name":"NO_ERROR","permanent":false},"messageId":"m1","doneAt":"2026-11-23T09:00:00.000+0000","sentAt":"2026-11-23T08:59:00.000+0000","messageCount":1,"to":"385919998888"},
	 {"messageId":"m1","from":"385919998888","to":"447860099299","sentAt":"2026-11-23T08:59:00.000+0000","seenAt":"2026-11-23T09:01:00.000+0000"},
	 {"messageId":"m2","to":"1","status":{"groupName":"DELIVERED","id":2},"doneAt":"2026-11-23T09:00:00.000+0000"},
	 {"messageId":"m3","to":"1","status":{"groupName":"UNDELIVERABLE"},"error":{"id":7010,"name":"EC_NO_SESSION","permanent":true}},
	 {"messageId":"m4","to":"1","status":{"groupId":"5","id":"12"}},
	 {"messageId":"m5","to":"1","status":{"groupId":4,"id":87}},
	 {"messageId":"m6","to":"1","status":{"groupId":2,"id":4},"error":{"id":7052}},
	 {"event":"DELIVERY","channel":"WHATSAPP","sender":"447860099299","destination":"1","messageId":"m7","status":{"groupId":1,"id":7},"doneAt":"2026-11-23T09:00:00Z"},
	 {"event":"SEEN","sender":"447860099299","destination":"1","messageId":"m8","seenAt":"2026-11-23T09:00:00Z"},
	 {"event":"MO","channel":"WHATSAPP","sender":"385919998888","destination":"447860099299","content":[{"type":"TEXT","text":"a"},{"type":"TEXT","text":"b"}],"receivedAt":"2026-11-23T09:00:00Z","messageId":"m9"},
	 {"status":{"groupId":3}}, {"seenAt":"x"}, {}
	]}`
	batch := parse(t, body)
	type report struct {
		Key, Mark string
		State     provider.State
		Effect    provider.Effect
		Told      bool
	}
	var got []report
	for _, r := range batch.Reports {
		got = append(got, report{r.Key, r.Mark, r.State, r.Effect, r.Detail != ""})
	}
	require.Equal(t, []report{
		{"m1", "delivery:5", provider.StateDelivered, 0, false},
		{"m1", "seen", provider.StateRead, 0, false},
		{"m2", "delivery:2", provider.StateSent, 0, false},
		{"m3", "delivery:UNDELIVERABLE", provider.StateFailed, provider.CloseWindow, true},
		{"m4", "delivery:12", provider.StateFailed, provider.PauseChannel, true},
		{"m5", "delivery:87", provider.StateFailed, 0, true},
		{"m6", "delivery:4", "", 0, true},
		{"m7", "delivery:7", provider.StateAccepted, 0, false},
		{"m8", "seen", provider.StateRead, 0, false},
	}, got)
	require.Len(t, batch.Messages, 1)
	require.Equal(t, "a\nb", batch.Messages[0].Text)
	require.Len(t, batch.Unusable, 3)
}

func TestSendsAreWrittenAsInfobipWantsThem(t *testing.T) {
	t.Parallel()
	var path, body string
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		path, body, header = r.URL.Path, string(raw), r.Header
		answer := `{"messageId":"k","status":{"groupId":1,"id":7}}`
		if strings.HasSuffix(path, "/template") {
			answer = `{"messages":[` + answer + `]}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	ch := channel
	ch.BaseURL = server.URL
	p := newProvider(server.URL, time.Second)
	for _, c := range []struct {
		message    provider.Message
		path, body string
	}{
		{
			provider.Message{Key: "k", To: "385919998888", Text: "Hello 👋"},
			"text",
			`{"from":"447860099299","to":"385919998888","messageId":"k","callbackData":"k","content":{"text":"Hello 👋"},"urlOptions":{"shortenUrl":false,"trackClicks":false}}`,
		},
		{
			provider.Message{Key: "k", To: "AE.1509", Text: "x", ReplyTo: "wamid.1"},
			"text",
			`{"from":"447860099299","to":"AE.1509","messageId":"k","callbackData":"k","content":{"text":"x"},"urlOptions":{"shortenUrl":false,"trackClicks":false},"context":{"replyToMessageId":"wamid.1"}}`,
		},
		{
			provider.Message{Key: "k", To: "1", Media: &provider.Media{Kind: "document", URL: "https://cdn.example/d.pdf", Filename: "d.pdf"}},
			"document",
			`{"from":"447860099299","to":"1","messageId":"k","callbackData":"k","content":{"mediaUrl":"https://cdn.example/d.pdf","filename":"d.pdf"},"urlOptions":{"shortenUrl":false,"trackClicks":false}}`,
		},
		{
			provider.Message{Key: "k", To: "1", Media: &provider.Media{Kind: "audio", URL: "https://cdn.example/a.ogg"}},
			"audio",
			`{"from":"447860099299","to":"1","messageId":"k","callbackData":"k","content":{"mediaUrl":"https://cdn.example/a.ogg"}}`,
		},
		{
			provider.Message{Key: "k", To: "1", Template: &provider.Template{Name: "welcome", Language: "en"}},
			"template",
			`{"messages":[{"from":"447860099299","to":"1","messageId":"k","callbackData":"k","content":{"templateName":"welcome","language":"en","templateData":{"body":{"placeholders":[]}}},"urlOptions":{"shortenUrl":false,"trackClicks":false}}]}`,
		},
	} {
		accepted, err := p.Send(t.Context(), ch, c.message)
		require.NoError(t, err)
		require.Equal(t, provider.Accepted{ProviderID: "k", State: provider.StateAccepted}, accepted)
		require.Equal(t, "/whatsapp/1/message/"+c.path, path)
		require.JSONEq(t, c.body, body)
		require.Equal(t, "App never-shown-1", header.Get("Authorization"))
		require.Equal(t, "application/json", header.Get("Content-Type"))
		require.Equal(t, "application/json", header.Get("Accept"))
	}
}

func TestTheOperatorsKeyGoesToTheOperatorsAddressOnly(t *testing.T) {
	t.Parallel()
	var keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"messageId":"k","status":{"groupId":1,"id":7}}`)
	}))
	t.Cleanup(server.Close)
	p := infobip.New(infobip.Config{HTTP: server.Client(), StandIn: server.URL, APIKey: "operator", BaseURL: server.URL})
	ch := channel
	ch.Credentials, ch.BaseURL = provider.Credentials{}, "https://attacker.api.infobip.com"
	_, err := p.Send(t.Context(), ch, provider.Message{Key: "k", To: "1", Text: "x"})
	require.NoError(t, err)
	require.Equal(t, []string{"App operator"}, keys)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	p := infobip.New(infobip.Config{HTTP: server.Client(), StandIn: server.URL, APIKey: "operator", BaseURL: server.URL})
	ch := channel
	ch.Credentials = provider.Credentials{}
	_, err := p.Send(t.Context(), ch, provider.Message{Key: "k", To: "1", Text: "x"})
	require.Error(t, err)
	require.Error(t, p.Test(t.Context(), ch))
}

func TestOnlyInfobipsHostsAreShownAKey(t *testing.T) {
	t.Parallel()
	p := newProvider("", 0)
	for _, good := range []string{"https://api.infobip.com", "https://xyz123.api.infobip.com", "https://XYZ123.api.infobip.com/", "https://a.api.infobip.com:443"} {
		require.NoError(t, p.CheckAddress(good), good)
	}
	for _, bad := range []string{
		"http://xyz.api.infobip.com", "https://xyz.api.infobip.com.evil.example", "https://evilapi.infobip.com", "https://api.infobip.com@evil.example",
		"https://xyz.api.infobip.com:8080", "https://xyz.api.infobip.com/path", "https://xyz.api.infobip.com?x=1", "https://xyz.api.infobip.com#x",
		"https://a.b.api.infobip.com", "https://xyz.api.infobip.com\n.evil.example", "https://.api.infobip.com.", "https://ⓧ.api.infobip.com",
	} {
		require.Error(t, p.CheckAddress(bad), bad)
	}
}

// FuzzParse: whatever an authenticated stranger sends, nothing panics, and what comes out can be stored.
func FuzzParse(f *testing.F) {
	f.Add([]byte(textBody))
	f.Add([]byte(withMessage(`{"type":"CONTACT","contacts":[null,{"name":7,"phones":[[]]}]}`)))
	f.Add([]byte(`{"results":[{"messageId":"m","status":{"groupId":[]},"error":7},{"messageId":1,"seenAt":{}}]}`))
	f.Add([]byte(`{"results":[{"event":"MO","sender":1,"destination":null,"content":[1,{"type":{}}],"messageId":"x"}]}`))
	f.Add([]byte("{\"results\":[{\"from\":\"1\xff\",\"messageId\":\"\\u0000\",\"message\":{\"text\":\"\\ud800\"}}]}"))
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
