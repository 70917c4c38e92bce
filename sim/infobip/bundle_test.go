package infobip_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/ledger"
	"github.com/flomastr/flomastr/sim/phone"
)

// The cast of every test.
const (
	shop  = "447860099299"
	other = "447860099300"
	ana   = "385919998888"
	key   = "key-of-the-shop"
)

// hook is one webhook request as the product would see it.
type hook struct {
	Header  http.Header
	Results []map[string]any `json:"results"`
	Count   *int             `json:"messageCount"`
	Pending *int             `json:"pendingMessageCount"`
}

// bundle is a stand-in with a webhook that remembers what came.
type bundle struct {
	t       *testing.T
	standIn *infobip.StandIn
	ledger  *ledger.Ledger
	server  *httptest.Server
	product *httptest.Server
	refuse  atomic.Int32 // how many webhooks are still refused with 500

	mu    sync.Mutex
	hooks []hook
}

// instant is the settings of most tests: everything at once, retries by milliseconds.
func instant() infobip.Settings {
	return infobip.Settings{Reports: infobip.AllReports, RetryUnitMS: 1}
}

func setup(t *testing.T, settings infobip.Settings, change func(*infobip.Config)) *bundle {
	t.Helper()
	dir := t.TempDir()
	b := &bundle{t: t}
	b.product = httptest.NewServer(http.HandlerFunc(b.receive))
	t.Cleanup(b.product.Close)
	var err error
	b.ledger, err = ledger.Open(filepath.Join(dir, "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(nil)
	config := infobip.Config{Ledger: b.ledger, Dir: dir, BaseURL: "http://" + b.server.Listener.Addr().String(), Settings: settings, TrafficKept: 50}
	if change != nil {
		change(&config)
	}
	b.standIn, err = infobip.Open(config)
	require.NoError(t, err)
	b.server.Config.Handler = b.standIn
	b.server.Start()
	t.Cleanup(func() {
		b.server.CloseClientConnections()
		b.server.Close()
		_ = b.standIn.Close()
		_ = b.ledger.Close()
	})
	require.NoError(t, b.standIn.PutSender(infobip.Sender{
		Number: shop, APIKey: key, WebhookURL: b.product.URL + "/webhook", AuthHeader: &infobip.Header{Name: "Authorization", Value: "Basic c2VjcmV0"},
	}))
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: other, APIKey: "key-of-another", WebhookURL: b.product.URL + "/other"}))
	return b
}

func (b *bundle) receive(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	if b.refuse.Add(-1) >= 0 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := hook{Header: r.Header.Clone()}
	if err := json.Unmarshal(raw, &h); err != nil {
		b.t.Errorf("webhook body: %v", err)
	}
	b.mu.Lock()
	b.hooks = append(b.hooks, h)
	b.mu.Unlock()
}

// results waits for n webhook results in all and returns them in the order of arrival.
func (b *bundle) results(n int) []map[string]any {
	b.t.Helper()
	var all []map[string]any
	require.Eventually(b.t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		all = nil
		for _, h := range b.hooks {
			all = append(all, h.Results...)
		}
		return len(all) >= n
	}, 10*time.Second, 2*time.Millisecond, "%d webhook results", n)
	require.Len(b.t, all, n)
	return all
}

// quiet makes sure that nothing more comes.
func (b *bundle) quiet(n int) {
	b.t.Helper()
	time.Sleep(30 * time.Millisecond)
	b.results(n)
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, v), string(a.body))
}

// do makes one request with the headers of a good client, changed by pairs of name and value; an empty value removes one.
func (b *bundle) do(method, path, body string, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	request.Header.Set("Authorization", "App "+key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		} else {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := b.server.Client().Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, raw}, err
}

func (b *bundle) call(method, path, body string, headers ...string) answer {
	b.t.Helper()
	a, err := b.do(method, path, body, headers...)
	require.NoError(b.t, err)
	return a
}

// text sends a text to Ana with an id.
func (b *bundle) text(id string) (answer, error) {
	return b.do("POST", "/whatsapp/1/message/text", textBody(ana, id))
}

func textBody(to, id string) string {
	return `{"from":"` + shop + `","to":"` + to + `","messageId":"` + id + `","content":{"text":"Hello"}}`
}

// sent is what the ledger holds for somebody.
func (b *bundle) sent(to string) []ledger.Entry {
	b.t.Helper()
	var entries []ledger.Entry
	b.call("GET", "/ledger?"+url.Values{"to": {to}}.Encode(), "").into(b.t, &entries)
	return entries
}

func (b *bundle) thread(of string) []phone.Message {
	b.t.Helper()
	var thread struct {
		Messages []phone.Message `json:"messages"`
	}
	b.call("GET", "/control/phones/"+of+"/messages", "").into(b.t, &thread)
	return thread.Messages
}

func (b *bundle) control(method, path, body string, want int) answer {
	b.t.Helper()
	a := b.call(method, "/control/"+path, body)
	require.Equal(b.t, want, a.status, string(a.body))
	return a
}

func (b *bundle) fault(body string) { b.t.Helper(); b.control("POST", "faults", body, 201) }

// refusal is Infobip's error body.
type refusal struct {
	RequestError struct {
		ServiceException struct {
			MessageID        string              `json:"messageId"`
			Text             string              `json:"text"`
			ValidationErrors map[string][]string `json:"validationErrors"`
		} `json:"serviceException"`
	} `json:"requestError"`
}

func (a answer) refusal(t *testing.T) (id string, wrong map[string][]string) {
	t.Helper()
	var body refusal
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&body), string(a.body))
	require.NotEmpty(t, body.RequestError.ServiceException.Text)
	return body.RequestError.ServiceException.MessageID, body.RequestError.ServiceException.ValidationErrors
}
