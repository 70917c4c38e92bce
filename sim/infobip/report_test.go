package infobip_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
)

func escape(id string) string { return url.PathEscape(id) }

func number(v any) int { f, _ := v.(float64); return int(f) }

func TestReportsHaveTheDocumentedShapesAndSwapFromAndTo(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.control("PUT", "phones/"+ana, `{"auto_read":true}`, 200)
	_, err := b.text("m-1")
	require.NoError(t, err)
	var delivery, seen map[string]any
	for _, result := range b.results(2) {
		if _, ok := result["seenAt"]; ok {
			seen = result
		} else {
			delivery = result
		}
	}
	for _, at := range []any{delivery["doneAt"], delivery["sentAt"], seen["sentAt"], seen["seenAt"]} {
		text, _ := at.(string)
		_, err := time.Parse("2006-01-02T15:04:05.000-0700", text)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(text, "+0000"), text)
	}
	delete(delivery, "doneAt")
	delete(delivery, "sentAt")
	delete(seen, "sentAt")
	delete(seen, "seenAt")
	require.Equal(t, map[string]any{
		"bulkId": "", "messageId": "m-1", "to": ana, "messageCount": 1.0, "price": map[string]any{"pricePerMessage": 0.0, "currency": "EUR"},
		"status": map[string]any{"groupId": 3.0, "groupName": "DELIVERED", "id": 5.0, "name": "DELIVERED_TO_HANDSET", "description": "Message delivered to handset"},
		"error":  map[string]any{"groupId": 0.0, "groupName": "OK", "id": 0.0, "name": "NO_ERROR", "description": "No Error", "permanent": false},
	}, delivery)
	require.Equal(t, map[string]any{"messageId": "m-1", "from": ana, "to": shop}, seen)

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.hooks {
		require.Equal(t, "Basic c2VjcmV0", h.Header.Get("Authorization"))
		require.Equal(t, "application/json", h.Header.Get("Content-Type"))
		require.Nil(t, h.Count, "reports come without counts")
	}
}

func TestReportsAreSentAgainUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.refuse.Store(4)
	_, err := b.text("m-1")
	require.NoError(t, err)
	require.Equal(t, "m-1", b.results(1)[0]["messageId"])
}

func TestReportsGoToTheMessagesOwnURL(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: shop, APIKey: key}))
	body := strings.Replace(textBody(ana, "m-1"), `"content"`, `"notifyUrl":"`+b.product.URL+`/mine","content"`, 1)
	require.Equal(t, 200, b.call("POST", "/whatsapp/1/message/text", body).status)
	b.results(1)
	_, err := b.text("m-2")
	require.NoError(t, err)
	b.quiet(1)
}

func TestAReadingPersonIsReportedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for _, id := range []string{"a", "b"} {
		_, err := b.text(id)
		require.NoError(t, err)
	}
	b.results(2)
	var read struct{ Read int }
	b.control("POST", "phones/"+ana+"/read", `{"with":"`+shop+`"}`, 200).into(t, &read)
	require.Equal(t, 2, read.Read)
	b.control("POST", "phones/"+ana+"/read", `{}`, 200).into(t, &read)
	require.Equal(t, 0, read.Read)
	b.quiet(4)
}

func TestAPhoneThatIsOffGetsItsMessagesWhenItIsOnAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.control("PUT", "phones/"+ana, `{"online":false}`, 200)
	_, err := b.text("m-1")
	require.NoError(t, err)
	b.quiet(0)
	require.EqualValues(t, "sent", b.thread(ana)[0].State)
	b.control("PUT", "phones/"+ana, `{"online":true}`, 200)
	b.results(1)
	require.EqualValues(t, "delivered", b.thread(ana)[0].State)
	b.control("PUT", "phones/"+ana, `{"online":true}`, 200)
	b.quiet(1)
}

func TestWhatCannotArriveIsReportedWithItsReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(b *bundle)
		errorID int
		group   string
	}{
		"blocked":           {func(b *bundle) { b.control("PUT", "phones/"+ana, `{"blocked":true}`, 200) }, 7003, "UNDELIVERABLE"},
		"window never open": {func(b *bundle) { b.control("PATCH", "settings", `{"enforce_window":true}`, 200) }, 7010, "UNDELIVERABLE"},
		"scripted":          {func(b *bundle) { b.fault(`{"on":"report","kind":"fail","error_id":7002}`) }, 7002, "UNDELIVERABLE"},
		"scripted status":   {func(b *bundle) { b.fault(`{"on":"report","kind":"fail","error_id":7033,"status":10}`) }, 7033, "REJECTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), nil)
			c.prepare(b)
			a, err := b.text("m-1")
			require.NoError(t, err)
			require.Equal(t, 200, a.status)
			report := b.results(1)[0]
			require.Equal(t, c.errorID, number(report["error"].(map[string]any)["id"]))
			require.Equal(t, c.group, report["status"].(map[string]any)["groupName"])
			require.EqualValues(t, "failed", b.thread(ana)[0].State)
		})
	}
}

func TestTheWindowOpensWithTheCustomersMessage(t *testing.T) {
	t.Parallel()
	settings := instant()
	settings.EnforceWindow = true
	b := setup(t, settings, nil)
	yesterday := time.Now().Add(-25 * time.Hour)
	_, err := b.standIn.Say(ana, infobip.Utterance{To: shop, Text: "old", ReceivedAt: &yesterday})
	require.NoError(t, err)
	_, err = b.text("late")
	require.NoError(t, err)
	require.EqualValues(t, "failed", b.thread(ana)[1].State)
	_, err = b.standIn.Say(ana, infobip.Utterance{To: shop, Text: "new"})
	require.NoError(t, err)
	_, err = b.text("in time")
	require.NoError(t, err)
	require.EqualValues(t, "delivered", b.thread(ana)[3].State)
}

func TestReportsMisbehaveAsScripted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		want []string // kinds of results, by arrival where the order is part of the script
	}{
		{"duplicate", []string{"delivery", "delivery"}},
		{"never", nil},
		{"early", []string{"delivery"}},
		{"unknown_id", []string{"delivery", "delivery of another"}},
		{"seen_first", []string{"seen", "delivery"}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), func(config *infobip.Config) { config.Window = 1 })
			b.fault(`{"on":"report","kind":"` + c.kind + `"}`)
			_, err := b.text("m-1")
			require.NoError(t, err)
			b.quiet(len(c.want))
			var got []string
			for _, result := range b.results(len(c.want)) {
				kind := "delivery"
				if _, ok := result["seenAt"]; ok {
					kind = "seen"
				}
				if result["messageId"] != "m-1" {
					kind += " of another"
				}
				got = append(got, kind)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestReportsCanBeTurnedDownAndOff(t *testing.T) {
	t.Parallel()
	for reports, want := range map[string]int{"all": 2, "delivered": 1, "none": 0} {
		t.Run(reports, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), nil)
			b.control("PUT", "phones/"+ana, `{"auto_read":true}`, 200)
			b.control("PATCH", "settings", `{"reports":"`+reports+`"}`, 200)
			_, err := b.text("m-1")
			require.NoError(t, err)
			b.quiet(want)
			require.EqualValues(t, "read", b.thread(ana)[0].State, "the phone lives on all the same")
		})
	}
}

func TestCallbackDataComesBackOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	body := single(`{"text":"a"}`, `"callbackData":"mine"`)
	b.call("POST", "/whatsapp/1/message/text", body)
	require.NotContains(t, b.results(1)[0], "callbackData")
	b.control("PATCH", "settings", `{"echo_callback_data":true}`, 200)
	b.call("POST", "/whatsapp/1/message/text", body)
	require.Equal(t, "mine", b.results(2)[1]["callbackData"])
}

func TestSendsAreRefusedWhileNobodyTakesReports(t *testing.T) {
	t.Parallel()
	settings := instant()
	settings.RetryUnitMS = 3_600_000
	b := setup(t, settings, func(c *infobip.Config) { c.MaxWaiting = 4 })
	b.refuse.Store(1000)
	statuses := map[int]int{}
	for range 6 {
		a, err := b.text("m")
		require.NoError(t, err)
		statuses[a.status]++
	}
	require.Equal(t, map[int]int{200: 3, 429: 3}, statuses)
	require.Len(t, b.sent(ana), 3, "what was refused is not in the ledger")
	b.refuse.Store(0)
	b.control("POST", "webhooks/retry", `{}`, 200)
	b.results(3)
}
