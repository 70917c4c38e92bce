package infobip_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/phone"
)

func (b *bundle) says(body string) phone.Message {
	b.t.Helper()
	var m phone.Message
	b.control("POST", "phones/"+ana+"/messages", body, 202).into(b.t, &m)
	return m
}

func TestACustomersMessageArrivesAsDocumented(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 5, 6, 7, 890_000_000, time.UTC)
	b := setup(t, instant(), func(c *infobip.Config) { c.Now = func() time.Time { return at } })
	b.control("PUT", "phones/"+ana, `{"name":"Ana","user_id":"HR.1a2b"}`, 200)
	m := b.says(`{"to":"` + shop + `","text":"Hello"}`)
	require.Equal(t, map[string]any{
		"from": ana, "to": shop, "integrationType": "WHATSAPP", "receivedAt": "2026-11-23T05:06:07.890+0000", "messageId": m.ID,
		"pairedMessageId": nil, "callbackData": nil, "message": map[string]any{"type": "TEXT", "text": "Hello"},
		"contact": map[string]any{"name": "Ana", "phoneNumber": ana, "userId": "HR.1a2b"}, "price": map[string]any{"pricePerMessage": 0.0, "currency": "EUR"},
	}, b.results(1)[0])
	require.True(t, strings.HasPrefix(m.ID, "wamid."))
	b.mu.Lock()
	require.Equal(t, 1, *b.hooks[0].Count)
	require.Equal(t, 0, *b.hooks[0].Pending)
	b.mu.Unlock()
	require.Eventually(t, func() bool { return b.thread(ana)[0].State == phone.Delivered }, 5*time.Second, time.Millisecond)
	require.Empty(t, b.sent(ana), "the ledger holds what the business sent")
}

func TestACustomerWhoHidesTheNumberArrivesByUserId(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.control("PUT", "phones/"+ana, `{"name":"Ana","user_id":"HR.1a2b","username":"ana","hide_number":true}`, 200)
	b.says(`{"to":"` + shop + `","text":"Hello"}`)
	result := b.results(1)[0]
	require.Equal(t, "HR.1a2b", result["from"])
	require.Equal(t, map[string]any{"name": "Ana", "userId": "HR.1a2b", "username": "ana"}, result["contact"])
	require.Equal(t, 200, b.call("POST", "/whatsapp/1/message/text", textBody("HR.1a2b", "m-1")).status)
	require.Len(t, b.thread(ana), 2, "one phone by either name")
	report := b.results(2)[1]
	require.Equal(t, "HR.1a2b", report["to"])
	require.Equal(t, map[string]any{"userId": "HR.1a2b"}, report["contact"])
}

func TestEveryTypeArrivesInItsOwnShape(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ say, want string }{
		"image":            {`"type":"image","url":"http://127.0.0.1/i.jpg","caption":"c"`, `{"type":"IMAGE","url":"http://127.0.0.1/i.jpg","caption":"c"}`},
		"voice":            {`"type":"voice","url":"http://127.0.0.1/v"`, `{"type":"VOICE","url":"http://127.0.0.1/v"}`},
		"sticker":          {`"type":"sticker","url":"http://127.0.0.1/s"`, `{"type":"STICKER","url":"http://127.0.0.1/s"}`},
		"location":         {`"type":"location","latitude":0,"longitude":13.85,"name":"Sea"`, `{"type":"LOCATION","latitude":0,"longitude":13.85,"name":"Sea"}`},
		"contact":          {`"type":"contact","contacts":[{"name":{"firstName":"A"}}]`, `{"type":"CONTACT","contacts":[{"name":{"firstName":"A"}}]}`},
		"button":           {`"type":"button","text":"Yes","payload":"y"`, `{"type":"BUTTON","text":"Yes","payload":"y"}`},
		"button reply":     {`"type":"button_reply","id":"y","title":"Yes","reply_to":"q"`, `{"type":"INTERACTIVE_BUTTON_REPLY","id":"y","title":"Yes","context":{"id":"q","from":"` + shop + `"}}`},
		"list reply":       {`"type":"list_reply","id":"a","title":"A","description":"d"`, `{"type":"INTERACTIVE_LIST_REPLY","id":"a","title":"A","description":"d"}`},
		"reaction":         {`"type":"reaction","emoji":"👍","reply_to":"q"`, `{"type":"REACTION","emoji":"👍","action":"ADDED","context":{"id":"q","from":"` + shop + `"}}`},
		"reaction removed": {`"type":"reaction","reply_to":"q"`, `{"type":"REACTION","action":"REMOVED","context":{"id":"q","from":"` + shop + `"}}`},
		"order":            {`"type":"order","catalog_id":"c","products":[{"quantity":1}],"text":"t"`, `{"type":"ORDER","catalogId":"c","productItems":[{"quantity":1}],"text":"t"}`},
		"unsupported":      {`"type":"unsupported"`, `{"type":"UNSUPPORTED"}`},
		"infected":         {`"type":"infected","malware":"eicar"`, `{"type":"INFECTED_CONTENT","malware":"eicar"}`},
		"raw":              {`"type":"raw","raw":{"type":"NEWS","x":[null]}`, `{"type":"NEWS","x":[null]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), nil)
			b.says(`{"to":"` + shop + `",` + c.say + `}`)
			got, err := json.Marshal(b.results(1)[0]["message"])
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
		})
	}
}

func TestAnAnswerIsPairedWithTheMessageItQuotes(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.control("PATCH", "settings", `{"reports":"none"}`, 200)
	b.call("POST", "/whatsapp/1/message/text", single(`{"text":"Which?"}`, `"messageId":"q-1"`, `"callbackData":"mine"`))
	b.says(`{"to":"` + shop + `","text":"That one","reply_to":"q-1"}`)
	result := b.results(1)[0]
	require.Equal(t, "q-1", result["pairedMessageId"])
	require.Equal(t, "mine", result["callbackData"])
	require.Equal(t, map[string]any{"id": "q-1", "from": shop}, result["message"].(map[string]any)["context"])
}

func TestInboundIsBroughtAgainUntilTheProductTakesIt(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	b.refuse.Store(5)
	m := b.says(`{"to":"` + shop + `","text":"Hello"}`)
	require.Equal(t, phone.Sent, m.State)
	require.Equal(t, m.ID, b.results(1)[0]["messageId"])
}

func TestSeveralCustomersShareARequest(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: shop, APIKey: key, WebhookURL: b.product.URL, ResultsPerRequest: 10}))
	var list []string
	for i := range 5 {
		list = append(list, fmt.Sprintf(`{"from":"11%d","to":%q,"text":"t%d"}`, i, shop, i))
	}
	b.control("POST", "inbound", `{"messages":[`+strings.Join(list, ",")+`]}`, 202)
	b.results(5)
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Len(t, b.hooks, 1)
	require.Equal(t, 5, *b.hooks[0].Count)
}

func TestInboundCanComeInReverse(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), func(c *infobip.Config) { c.Window = 1 }) // so that what leaves in order arrives in order
	b.control("POST", "inbound", fmt.Sprintf(`{"reverse":true,"messages":[{"from":%q,"to":%q,"text":"one"},{"from":%q,"to":%q,"text":"two"}]}`, ana, shop, ana, shop), 202)
	results := b.results(2)
	require.Equal(t, "two", results[0]["message"].(map[string]any)["text"])
	require.Equal(t, "one", results[1]["message"].(map[string]any)["text"])
}

func TestInboundMisbehavesAsScripted(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), func(c *infobip.Config) { c.Window = 1 }) // so that what leaves in order arrives in order
	b.fault(`{"on":"webhook","kind":"duplicate","copies":10}`)
	m := b.says(`{"to":"` + shop + `","text":"ten times"}`)
	for _, result := range b.results(10) {
		require.Equal(t, m.ID, result["messageId"])
	}
	b.fault(`{"on":"webhook","kind":"delay","delay_ms":1000}`)
	b.says(`{"to":"` + shop + `","text":"overtaken"}`)
	b.says(`{"to":"` + shop + `","text":"first"}`)
	results := b.results(12)
	require.Equal(t, "first", results[10]["message"].(map[string]any)["text"])
	require.Equal(t, "overtaken", results[11]["message"].(map[string]any)["text"])
}

func TestWhatACustomerCannotSayIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: "449", APIKey: key}))
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"no sender":           {"phones/" + ana + "/messages", `{"to":"440","text":"a"}`, 404},
		"no webhook":          {"phones/" + ana + "/messages", `{"to":"449","text":"a"}`, 409},
		"no text":             {"phones/" + ana + "/messages", `{"to":"` + shop + `"}`, 400},
		"no type":             {"phones/" + ana + "/messages", `{"to":"` + shop + `","type":"smoke"}`, 400},
		"no medium":           {"phones/" + ana + "/messages", `{"to":"` + shop + `","type":"image"}`, 400},
		"unknown medium":      {"phones/" + ana + "/messages", `{"to":"` + shop + `","type":"image","media_id":"../senders.json"}`, 400},
		"reaction to nothing": {"phones/" + ana + "/messages", `{"to":"` + shop + `","type":"reaction","emoji":"a"}`, 400},
		"raw of nothing":      {"phones/" + ana + "/messages", `{"to":"` + shop + `","type":"raw"}`, 400},
		"unknown member":      {"phones/" + ana + "/messages", `{"to":"` + shop + `","txt":"a"}`, 400},
		"two bodies":          {"phones/" + ana + "/messages", `{"to":"` + shop + `","text":"a"}{}`, 400},
		"no phone":            {"phones/ana/messages", `{"to":"` + shop + `","text":"a"}`, 400},
		"one of many wrong":   {"inbound", `{"messages":[{"from":"` + ana + `","to":"` + shop + `","text":"a"},{"from":"x","to":"` + shop + `","text":"a"}]}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body struct{ Error string }
			b.control("POST", c.path, c.body, c.status).into(t, &body)
			require.NotEmpty(t, body.Error)
		})
	}
	b.quiet(0)
}

func TestMediaIsServedToItsAccountOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	var kept struct {
		MediaID string `json:"media_id"`
	}
	a := b.call("POST", "/control/media", "not really a picture", "Content-Type", "image/jpeg")
	require.Equal(t, 201, a.status)
	a.into(t, &kept)
	b.says(`{"to":"` + shop + `","type":"image","media_id":"` + kept.MediaID + `","caption":"look"}`)
	address, _ := b.results(1)[0]["message"].(map[string]any)["url"].(string)
	require.True(t, strings.HasPrefix(address, b.server.URL+"/whatsapp/1/senders/"+shop+"/media/"), address)
	path := strings.TrimPrefix(address, b.server.URL)

	got := b.call("GET", path, "")
	require.Equal(t, 200, got.status)
	require.Equal(t, "image/jpeg", got.header.Get("Content-Type"))
	require.Equal(t, "not really a picture", string(got.body))
	head := b.call("HEAD", path, "")
	require.Equal(t, "20", head.header.Get("Content-Length"))
	require.Empty(t, head.body)
	require.Equal(t, 401, b.call("GET", path, "", "Authorization", "").status)
	require.Equal(t, 404, b.call("GET", path, "", "Authorization", "App key-of-another").status)
	require.Equal(t, 404, b.call("GET", path+"0", "").status)
	require.Equal(t, 404, b.call("GET", "/whatsapp/1/senders/"+shop+"/media/..%2fsenders.json", "").status)

	media := "/whatsapp/1/senders/" + shop + "/media"
	require.Equal(t, 400, b.call("DELETE", media, `{}`).status)
	require.Equal(t, 204, b.call("DELETE", media, `{"url":"`+address+`"}`).status)
	require.Equal(t, 404, b.call("DELETE", media, `{"url":"`+address+`"}`).status)
	require.Equal(t, 404, b.call("GET", path, "").status)
}
