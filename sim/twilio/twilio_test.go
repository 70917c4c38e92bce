package twilio

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/phone"
)

const (
	ac     = "AC00000000000000000000000000000001"
	ours   = "447860099299"
	theirs = "385919998888"
)

// heard is a webhook as the product got it.
type heard struct {
	url, signature, contentType string
	form                        url.Values
}

// bundle is a stand-in with one sender, before a product that answers as the test says.
type bundle struct {
	*StandIn
	server *httptest.Server
	heard  chan heard
}

func start(t *testing.T, answer func(w http.ResponseWriter)) *bundle {
	t.Helper()
	b := &bundle{heard: make(chan heard, 20)}
	product := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(raw))
		answer(w)
		b.heard <- heard{"http://" + r.Host + r.RequestURI, r.Header.Get("X-Twilio-Signature"), r.Header.Get("Content-Type"), form}
	}))
	t.Cleanup(product.Close)
	written, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { _ = written.Close() })
	b.server = httptest.NewUnstartedServer(nil)
	b.StandIn = Open(Config{Ledger: written, BaseURL: "http://" + b.server.Listener.Addr().String(), TrafficKept: 50})
	b.server.Config.Handler = b
	b.server.Start()
	t.Cleanup(func() { b.server.Close(); b.Close() })
	require.NoError(t, b.PutSender(Sender{
		Number: ours, AccountSID: ac, AuthToken: "token", KeyID: "SK1", KeySecret: "secret", WebhookURL: product.URL + "/webhook?a=1",
	}))
	return b
}

func twiml(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, "<Response/>")
}

func (b *bundle) call(t *testing.T, method, path, user, password, contentType, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	r.Header.Set("Content-Type", contentType)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(raw)
}

func (b *bundle) send(t *testing.T, change map[string]string) (int, string) {
	t.Helper()
	form := url.Values{"To": {"whatsapp:+" + theirs}, "From": {"whatsapp:+" + ours}, "Body": {"Hello"}}
	for name, value := range change {
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return b.call(t, "POST", "/2010-04-01/Accounts/"+ac+"/Messages.json", ac, "token", "application/x-www-form-urlencoded", form.Encode())
}

func TestASendIsTakenAndReportedToTheAddressThatItNamed(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	sender, _ := b.sender(ours)
	callback := strings.Replace(sender.WebhookURL, "a=1", "message=m-1", 1)
	status, body := b.send(t, map[string]string{"StatusCallback": callback})
	require.Equal(t, 201, status, body)
	var answer struct{ SID, Status string }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	require.Equal(t, "queued", answer.Status)
	for _, want := range []string{"sent", "delivered"} {
		h := <-b.heard
		require.Equal(t, []string{answer.SID, want}, []string{h.form.Get("MessageSid"), h.form.Get("MessageStatus")})
		require.Equal(t, callback, h.url)
		require.Equal(t, sign("token", callback, h.form), h.signature)
	}
	require.Equal(t, int64(1), b.config.Ledger.Len())
	status, _ = b.call(t, "POST", "/control/phones/"+theirs+"/read", "", "", "application/json", "{}")
	require.Equal(t, 200, status)
	require.Equal(t, "read", (<-b.heard).form.Get("MessageStatus"))
}

func TestWhatWasTakenInSilenceIsListed(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	status, body := b.send(t, nil)
	require.Equal(t, 201, status, body)
	list := func(query url.Values) (bodies []string) {
		status, body := b.call(t, "GET", "/2010-04-01/Accounts/"+ac+"/Messages.json?"+query.Encode(), ac, "token", "", "")
		require.Equal(t, 200, status, body)
		var page struct {
			Messages []struct{ SID, Body, Direction, From, To string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		for _, m := range page.Messages {
			require.Equal(t, []string{"outbound-api", "whatsapp:+" + ours, "whatsapp:+" + theirs}, []string{m.Direction, m.From, m.To})
			bodies = append(bodies, m.Body)
		}
		return bodies
	}
	to := "whatsapp:+" + theirs
	require.Equal(t, []string{"Hello"}, list(url.Values{"To": {to}, "DateSent>": {time.Now().UTC().Format(time.DateOnly)}}))
	require.Empty(t, list(url.Values{"To": {to}, "DateSent>": {"2100-01-01"}}))
	require.Empty(t, list(url.Values{"To": {"whatsapp:+15550009999"}}))
	require.Empty(t, list(url.Values{"PageSize": {"1"}}))
}

func TestTheVendorsOwnSignature(t *testing.T) {
	t.Parallel()
	form, err := url.ParseQuery("CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309")
	require.NoError(t, err)
	require.Equal(t, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form))
}

func TestWhatIsWrongIsRefusedInTwiliosShape(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	for code, change := range map[string]map[string]string{
		"21604": {"To": ""}, "21211": {"To": "+" + theirs}, "21603": {"From": ""}, "63007": {"From": "whatsapp:+15550001111"},
		"21619": {"Body": " "}, "21617": {"Body": strings.Repeat("x", 1601)}, "21620": {"MediaUrl": "ftp://x"}, "21655": {"ContentSid": "HX1", "Body": ""},
		"21609": {"StatusCallback": "http://evil.example/"}, "21654": {"ContentVariables": "{}"}, "20001": {"Surprise": "1"}, "21701": {"MessagingServiceSid": "x"},
	} {
		status, body := b.send(t, change)
		require.Equal(t, 400, status, body)
		require.Contains(t, body, `"code":`+code, change)
		require.Contains(t, body, `"more_info":"https://www.twilio.com/docs/errors/`+code+`"`)
	}
	status, body := b.call(t, "POST", "/2010-04-01/Accounts/"+ac+"/Messages.json", ac, "wrong", "application/x-www-form-urlencoded", "")
	require.Equal(t, 401, status)
	require.Contains(t, body, `"code":20003`)
	status, _ = b.call(t, "POST", "/2010-04-01/Accounts/AC00000000000000000000000000000002/Messages.json", "SK1", "secret", "application/x-www-form-urlencoded", "")
	require.Equal(t, 404, status)
	require.Zero(t, b.config.Ledger.Len())
}

func TestAnInboundMessageIsPostedOnceAndSigned(t *testing.T) {
	t.Parallel()
	b := start(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
	m, err := b.Say(theirs, Saying{To: ours, Params: map[string]string{"Body": "Hi", "Unknown": ""}})
	require.NoError(t, err)
	h := <-b.heard
	sender, _ := b.sender(ours)
	require.Equal(t, sender.WebhookURL, h.url)
	require.Equal(t, sign("token", h.url, h.form), h.signature)
	require.Equal(t, []string{m.ID, "whatsapp:+" + theirs, "whatsapp:+" + ours, "Hi", "received"},
		[]string{h.form.Get("MessageSid"), h.form.Get("From"), h.form.Get("To"), h.form.Get("Body"), h.form.Get("SmsStatus")})
	b.later.Wait()
	require.Empty(t, b.heard, "it is not tried again")
}

func TestWhatIsNoTwiMLReachesTheCustomer(t *testing.T) {
	t.Parallel()
	b := start(t, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "OK")
	})
	_, err := b.Say(theirs, Saying{To: ours, Params: map[string]string{"Body": "Hi"}})
	require.NoError(t, err)
	<-b.heard
	b.later.Wait()
	thread := b.phones.Thread(theirs, ours, 0)
	require.Len(t, thread, 2)
	require.Equal(t, "OK", thread[1].Text)
	require.Equal(t, phone.Business, thread[1].Author)
}

func TestAFileIsReachedByCredentialsAndThenWithout(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	status, body := b.call(t, "POST", "/control/media", "", "", "image/png", "bytes")
	require.Equal(t, 201, status)
	var made struct {
		ID string `json:"media_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	_, err := b.Say(theirs, Saying{To: ours, MediaIDs: []string{made.ID}, Params: map[string]string{"MessageType": "image"}})
	require.NoError(t, err)
	address := (<-b.heard).form.Get("MediaUrl0")
	path := strings.TrimPrefix(address, b.server.URL)
	status, _ = b.call(t, "GET", path, "", "", "", "")
	require.Equal(t, 401, status)
	status, _ = b.call(t, "GET", path, ac, "token", "", "")
	require.Equal(t, 307, status)
	status, body = b.call(t, "GET", "/cdn/"+made.ID, "", "", "", "")
	require.Equal(t, []any{200, "bytes"}, []any{status, body})
	status, _ = b.call(t, "GET", "/cdn/"+made.ID, ac, "token", "", "")
	require.Equal(t, 400, status, "credentials do not belong there")
}

func TestFaultsSpoilTheNextSends(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	fault := func(body string) {
		status, answer := b.call(t, "POST", "/control/faults", "", "", "application/json", body)
		require.Equal(t, 201, status, answer)
	}
	fault(`{"times":2,"status":429,"code":63018}`)
	fault(`{"times":1,"status":502}`)
	sender, _ := b.sender(ours)
	for range 2 {
		status, body := b.send(t, nil)
		require.Equal(t, 429, status)
		require.Contains(t, body, "63018")
	}
	status, body := b.send(t, nil)
	require.Equal(t, 502, status)
	require.Contains(t, body, "<html>")
	require.Zero(t, b.config.Ledger.Len())
	fault(`{"times":1,"outcome":"undelivered","code":63016}`)
	status, _ = b.send(t, map[string]string{"StatusCallback": sender.WebhookURL})
	require.Equal(t, 201, status)
	h := <-b.heard
	require.Equal(t, []string{"undelivered", "63016"}, []string{h.form.Get("MessageStatus"), h.form.Get("ErrorCode")})
}

func TestTemplatesAreKeptAndApproved(t *testing.T) {
	t.Parallel()
	b := start(t, twiml)
	status, body := b.call(t, "POST", "/v1/Content", ac, "token", "application/json", `{"friendly_name":"f","language":"en","types":{"twilio/text":{"body":"Hi {{1}}"}}}`)
	require.Equal(t, 201, status, body)
	var made struct{ SID string }
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	status, body = b.call(t, "POST", "/v1/Content/"+made.SID+"/ApprovalRequests/whatsapp", ac, "token", "application/json", `{"name":"hi","category":"UTILITY"}`)
	require.Equal(t, 201, status, body)
	status, body = b.call(t, "GET", "/v1/ContentAndApprovals", "SK1", "secret", "", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"status":"approved"`)
	status, _ = b.send(t, map[string]string{"Body": "", "ContentSid": made.SID, "ContentVariables": `{"1":"Ana"}`})
	require.Equal(t, 201, status)
	status, _ = b.send(t, map[string]string{"Body": "", "ContentSid": made.SID, "ContentVariables": `[1]`})
	require.Equal(t, 400, status)
	status, _ = b.call(t, "DELETE", "/v1/Content/"+made.SID, ac, "token", "", "")
	require.Equal(t, 204, status)
}
