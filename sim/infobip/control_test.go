package infobip_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/phone"
)

func TestSendersAreShownWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	put := b.control("PUT", "senders/4477", `{"api_key":"SECRT-1","webhook_url":"`+b.product.URL+`","auth_header":{"name":"x-hook","value":"SECRT-2"}}`, 200)
	all := b.control("GET", "senders", "", 200)
	one := b.control("GET", "senders/4477", "", 200)
	for _, a := range []answer{put, all, one} {
		require.NotContains(t, string(a.body), "SECRT")
		require.Contains(t, string(a.body), "X-Hook")
	}
	a := b.call("POST", "/whatsapp/1/message/text", strings.Replace(textBody(ana, "m"), shop, "4477", 1), "Authorization", "App SECRT-1")
	require.Equal(t, 200, a.status)
	b.results(1)
	require.Equal(t, "SECRT-2", b.hooks[0].Header.Get("X-Hook"))

	var traffic answer
	require.Eventually(t, func() bool { // the webhook is noted once its answer was read
		traffic = b.control("GET", "traffic?limit=10", "", 200)
		return strings.Contains(string(traffic.body), "DELIVERED_TO_HANDSET")
	}, 5*time.Second, time.Millisecond)
	require.NotContains(t, string(traffic.body), "SECRT")
	require.Contains(t, string(traffic.body), "PENDING_ENROUTE")

	b.control("PUT", "senders/4477", `{"api_key":"new","webhook_url":"`+b.product.URL+`"}`, 200)
	a = b.call("POST", "/whatsapp/1/message/text", strings.Replace(textBody(ana, "m"), shop, "4477", 1), "Authorization", "App SECRT-1")
	require.Equal(t, 401, a.status, "the old key is of no use")
	b.control("DELETE", "senders/4477", "", 204)
	b.control("DELETE", "senders/4477", "", 404)
	b.control("GET", "senders/4477", "", 404)
}

func TestASenderThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for _, body := range []string{
		`{}`, `{"api_key":""}`, `{"api_key":"a b"}`, `{"api_key":"a","webhook_url":"http://example.com/"}`, `{"api_key":"a","webhook_url":"ftp://127.0.0.1/"}`,
		`{"api_key":"a","auth_header":{"name":"","value":"x"}}`, `{"api_key":"a","auth_header":{"name":"X","value":"a\r\nB: c"}}`,
		`{"api_key":"a","results_per_request":2001}`, `{"api_key":"a","number":"1"}`, `{"api_key":"a","extra":1}`,
	} {
		b.control("PUT", "senders/4477", body, 400)
	}
	b.control("PUT", "senders/plus", `{"api_key":"a"}`, 400)
}

func TestSettingsChangeByPart(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	var settings infobip.Settings
	b.control("PATCH", "settings", `{"delivery_delay_ms":5}`, 200).into(t, &settings)
	require.Equal(t, infobip.Settings{Reports: infobip.AllReports, RetryUnitMS: 1, DeliveryDelayMS: 5}, settings)
	require.Equal(t, settings, b.standIn.Settings())
	for _, body := range []string{`{"reports":"some"}`, `{"retry_unit_ms":0}`, `{"read_delay_ms":-1}`, `{"speed":1}`} {
		b.control("PATCH", "settings", body, 400)
	}
	require.Equal(t, settings, b.standIn.Settings())
}

func TestAPageFromElsewhereCannotDriveIt(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	a := b.call("POST", "/control/faults", `{"on":"send","kind":"refuse"}`, "Content-Type", "text/plain")
	require.Equal(t, 415, a.status, "a form's type needs no leave of the browser")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/control/senders", nil)
	require.NoError(t, err)
	request.Host = "rebound.example"
	response, err := b.server.Client().Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusMisdirectedRequest, response.StatusCode)
	b.control("GET", "nothing", "", 404)
}

func TestAPhonesEventsAreLive(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/control/phones/"+ana+"/events?with="+shop, nil)
	require.NoError(t, err)
	response, err := b.server.Client().Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	next := func() string {
		for lines.Scan() {
			if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				return kind
			}
		}
		return "end"
	}
	require.Equal(t, "ready", next())
	_, err = b.text("m-1")
	require.NoError(t, err)
	require.Equal(t, "message", next())
	require.Equal(t, "state", next())
	b.call("POST", "/whatsapp/1/events", `{"events":[{"sender":"`+shop+`","destinations":[{"to":"`+ana+`"}],"content":{"type":"TYPING_INDICATOR"}}]}`)
	require.Equal(t, "typing", next())
	leave()
	require.Equal(t, "end", next())
}

func TestThreadsAndPhonesAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.control("PUT", "phones/111", `{"name":"Only configured"}`, 200)
	_, err := b.text("m-1")
	require.NoError(t, err)
	var phones struct{ Phones []phone.Profile }
	b.control("GET", "phones", "", 200).into(t, &phones)
	require.Len(t, phones.Phones, 2)
	var profile phone.Profile
	b.control("GET", "phones/333", "", 200).into(t, &profile)
	require.Equal(t, phone.Profile{Number: "333", Online: true}, profile)
	b.control("PUT", "phones/111", `{"user_id":"nobody"}`, 400)
	b.control("PUT", "phones/111", `{"nickname":"x"}`, 400)
	var thread struct{ Messages []phone.Message }
	b.control("GET", "phones/"+ana+"/messages?with="+other, "", 200).into(t, &thread)
	require.Empty(t, thread.Messages)
	b.control("GET", "phones/"+ana+"/messages?with="+shop+"&after=0", "", 200).into(t, &thread)
	require.Len(t, thread.Messages, 1)
	require.JSONEq(t, `{"text":"Hello"}`, string(thread.Messages[0].Content))
}

func TestAnOrderlyRestartLosesNothing(t *testing.T) {
	t.Parallel()
	settings := instant()
	settings.DeliveryDelayMS, settings.RetryUnitMS = 3_600_000, 3_600_000
	var config infobip.Config
	b := setup(t, settings, func(c *infobip.Config) { config = *c })
	b.refuse.Store(1)
	b.control("PUT", "phones/"+ana, `{"name":"Ana"}`, 200)
	m := b.says(`{"to":"` + shop + `","text":"refused once"}`)
	require.Eventually(t, func() bool { return b.refuse.Load() <= 0 }, 5*time.Second, time.Millisecond)
	_, err := b.text("on its way")
	require.NoError(t, err)
	require.NoError(t, b.standIn.Close())

	config.Settings.RetryUnitMS = 1
	again, err := infobip.Open(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = again.Close() })
	require.NoError(t, again.PutSender(infobip.Sender{Number: shop, APIKey: key, WebhookURL: b.product.URL + "/webhook"}))
	ids := map[any]bool{}
	for _, result := range b.results(2) {
		ids[result["messageId"]] = true
	}
	require.Equal(t, map[any]bool{m.ID: true, "on its way": true}, ids)
	b.server.Config.Handler = again
	require.Len(t, b.thread(ana), 2)
	require.Len(t, b.sent(ana), 1)
}

func TestSaveWritesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	var dir string
	b := setup(t, instant(), func(c *infobip.Config) { dir = c.Dir })
	path := filepath.Join(dir, "state.gob")
	_, err := b.text("m-1")
	require.NoError(t, err)
	b.results(1)
	require.Eventually(t, func() bool {
		require.NoError(t, b.standIn.Save())
		before, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, b.standIn.Save())
		after, err := os.Stat(path)
		require.NoError(t, err)
		return os.SameFile(before, after)
	}, 5*time.Second, time.Millisecond)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAStandInDoesNotStartOnWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"senders.json": `[{"number":"x"}]`, "state.gob": "not a state"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			_, err := infobip.Open(infobip.Config{Dir: dir, Settings: instant()})
			require.ErrorContains(t, err, name)
		})
	}
	_, err := infobip.Open(infobip.Config{Dir: t.TempDir()})
	require.ErrorContains(t, err, "settings")
}

func TestHealthTellsWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	_, err := b.text("m-1")
	require.NoError(t, err)
	b.results(1)
	var health struct {
		Status, Provider string
		Accepted         int
		Waiting          int `json:"webhooks_waiting"`
	}
	require.Eventually(t, func() bool {
		b.control("GET", "health", "", 200).into(t, &health)
		return health.Waiting == 0
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, "infobip", health.Provider)
	require.Equal(t, 1, health.Accepted)
}
