package infobip_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
)

func TestASendIsAnsweredAsDocumented(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	a, err := b.text("m-1")
	require.NoError(t, err)
	require.Equal(t, 200, a.status)
	require.JSONEq(t, `{"to":"385919998888","messageCount":1,"messageId":"m-1","status":{"groupId":1,"groupName":"PENDING","id":7,
		"name":"PENDING_ENROUTE","description":"Message sent to next instance"}}`, string(a.body))
}

func TestAnIdUsedTwiceIsTwoMessagesInTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for range 2 {
		a, err := b.text("m-1")
		require.NoError(t, err)
		require.Equal(t, 200, a.status)
	}
	entries := b.sent(ana)
	require.Len(t, entries, 2)
	require.Equal(t, "m-1", entries[0].MessageID)
	require.Equal(t, "m-1", entries[1].MessageID)
	require.Len(t, b.thread(ana), 2)
}

func TestAnIdIsMadeWhereThereIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	var first, second struct{ MessageID string }
	b.call("POST", "/whatsapp/1/message/text", single(`{"text":"a"}`)).into(t, &first)
	b.call("POST", "/whatsapp/1/message/text", single(`{"text":"a"}`)).into(t, &second)
	require.NotEmpty(t, first.MessageID)
	require.NotEqual(t, first.MessageID, second.MessageID)
	require.Equal(t, first.MessageID, b.sent(ana)[0].MessageID)
}

func TestTheLedgerHoldsTheMessageAsItCame(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	body := `{ "from":"` + shop + `", "to":"` + ana + `", "messageId":"m-1", "content":{"text":"5 < 6 & مرحبا 👩‍👩‍👧"}, "urlOptions":{"shortenUrl":false} }`
	require.Equal(t, 200, b.call("POST", "/whatsapp/1/message/text", body).status)
	entry := b.sent(ana)[0]
	require.Equal(t, "infobip", entry.Provider)
	require.Equal(t, shop, entry.From)
	require.Equal(t, ana, entry.To)
	require.Equal(t, "text", entry.Type)
	require.Equal(t, "5 < 6 & مرحبا 👩‍👩‍👧", entry.Text)
	require.JSONEq(t, body, string(entry.Body))
	require.False(t, entry.At.IsZero())
}

func TestTheLedgersTextIsWhatAPersonReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ endpoint, body, kind, text string }{
		{"image", single(`{"mediaUrl":"https://a.b","caption":"c"}`), "image", "c"},
		{"document", single(`{"mediaUrl":"https://a.b","filename":"d.pdf"}`), "document", "d.pdf"},
		{"audio", single(`{"mediaUrl":"https://a.b"}`), "audio", ""},
		{"sticker", single(`{"mediaUrl":"https://a.b"}`), "sticker", ""},
		{"location", single(`{"latitude":44.95,"longitude":13.85,"name":"Office"}`), "location", "Office"},
		{"contact", contact(""), "contact", "A B"},
		{"interactive/buttons", buttons(button("y", "Yes")), "interactive_buttons", "Pick"},
		{"interactive/list", list(section("", 1, 0)), "interactive_list", "Pick"},
		{"interactive/url-button", single(`{"body":{"text":"Go"},"action":{"displayText":"a","url":"https://a.b"}}`), "interactive_url_button", "Go"},
		{"template", template(`{"body":{"placeholders":["Ana","5"]}}`), "template", "Ana, 5"},
	} {
		t.Run(c.endpoint, func(t *testing.T) {
			t.Parallel()
			b := setup(t, instant(), nil)
			require.Equal(t, 200, b.call("POST", "/whatsapp/1/message/"+c.endpoint, c.body).status)
			entry := b.sent(ana)[0]
			require.Equal(t, c.kind, entry.Type)
			require.Equal(t, c.text, entry.Text)
		})
	}
}

func TestABulkIsAnsweredInItsOrderAndWithABulkIdWhenThereAreSeveral(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	one := func(to, id string) string {
		return `{"from":"` + shop + `","to":"` + to + `","messageId":"` + id + `","content":{"templateName":"welcome","language":"en","templateData":{"body":{"placeholders":["x"]}}}}`
	}
	type bulk struct {
		Messages []struct{ To, MessageID string }
		BulkID   string
	}
	var several, alone bulk
	b.call("POST", "/whatsapp/1/message/template", `{"messages":[`+one("111", "a")+`,`+one("222", "b")+`],"bulkId":"mine"}`).into(t, &several)
	require.Equal(t, "mine", several.BulkID)
	require.Equal(t, "a", several.Messages[0].MessageID)
	require.Equal(t, "222", several.Messages[1].To)
	b.call("POST", "/whatsapp/1/message/template", `{"messages":[`+one("333", "c")+`]}`).into(t, &alone)
	require.Empty(t, alone.BulkID)
	require.JSONEq(t, one("222", "b"), string(b.sent("222")[0].Body), "each entry holds its own message")
}

func TestABulkWithOneWrongMessageSendsNone(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	good := `{"from":"` + shop + `","to":"111","content":{"templateName":"welcome","language":"en","templateData":{"body":{"placeholders":[]}}}}`
	a := b.call("POST", "/whatsapp/1/message/template", `{"messages":[`+good+`,{"from":"`+shop+`"}]}`)
	require.Equal(t, 400, a.status)
	_, wrong := a.refusal(t)
	require.Contains(t, wrong, "messages[1].to")
	require.Empty(t, b.sent("111"))
}

func TestRegisteredTemplatesAreTheOnlyOnes(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: shop, APIKey: key, WebhookURL: b.product.URL, Templates: []infobip.Template{
		{Name: "welcome", Language: "en", Placeholders: 1, Category: "UTILITY", Body: "Hello {{1}}"},
	}}))
	send := func(name, language, values string) answer {
		return b.call("POST", "/whatsapp/1/message/template", `{"messages":[`+single(`{"templateName":"`+name+`","language":"`+language+`","templateData":{"body":{"placeholders":[`+values+`]}}}`)+`]}`)
	}
	require.Equal(t, 404, send("goodbye", "en", `"x"`).status)
	require.Equal(t, 404, send("welcome", "de", `"x"`).status)
	require.Equal(t, 200, send("welcome", "en", `"x"`).status)
	require.Equal(t, 200, send("welcome", "en", `"x","y"`).status)
	codes := map[any]int{}
	for _, result := range b.results(2) {
		codes[result["error"].(map[string]any)["id"]]++
	}
	require.Equal(t, map[any]int{0.0: 1, 7008.0: 1}, codes)

	var templates struct{ Templates []map[string]any }
	b.call("GET", "/whatsapp/2/senders/"+shop+"/templates", "").into(t, &templates)
	require.Equal(t, "welcome", templates.Templates[0]["name"])
	require.Equal(t, "APPROVED", templates.Templates[0]["status"])
	require.Equal(t, 404, b.call("GET", "/whatsapp/2/senders/"+other+"/templates", "").status)
}

func TestTypingAndReadMoveTicksAndStayOutOfTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	first, err := b.standIn.Say(ana, infobip.Utterance{To: shop, Text: "hi"})
	require.NoError(t, err)
	b.results(1)
	path := "/whatsapp/1/senders/" + shop + "/message/"
	require.Equal(t, 204, b.call("POST", path+escape(first.ID)+"/read", "").status)
	require.EqualValues(t, "read", b.thread(ana)[0].State)
	require.Equal(t, 404, b.call("POST", path+"wamid.unknown/read", "").status)
	require.Equal(t, 404, b.call("POST", "/whatsapp/1/senders/"+other+"/message/"+escape(first.ID)+"/read", "").status)
	require.Equal(t, 400, b.call("POST", path+escape(first.ID)+"/read", "{}").status)

	_, err = b.standIn.Say(ana, infobip.Utterance{To: shop, Text: "there?"})
	require.NoError(t, err)
	event := `{"events":[{"sender":"` + shop + `","destinations":[{"to":"` + ana + `"}],"content":{"type":"TYPING_INDICATOR"}}]}`
	var typing struct {
		BulkID   string
		Messages []struct {
			MessageID, Destination string
			Status                 struct{ ID int }
		}
	}
	a := b.call("POST", "/whatsapp/1/events", event)
	require.Equal(t, 200, a.status, string(a.body))
	a.into(t, &typing)
	require.Equal(t, 26, typing.Messages[0].Status.ID)
	require.Equal(t, ana, typing.Messages[0].Destination)
	require.EqualValues(t, "read", b.thread(ana)[1].State, "typing reads the last message")
	require.Empty(t, b.sent(ana))
}

func TestEventsAreRefusedInTheirOwnShape(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for name, c := range map[string]struct{ body, property string }{
		"two destinations": {`{"events":[{"sender":"` + shop + `","destinations":[{"to":"1"},{"to":"2"}],"content":{"type":"TYPING_INDICATOR"}}]}`, "events[0].destinations"},
		"other event":      {`{"events":[{"sender":"` + shop + `","destinations":[{"to":"1"}],"content":{"type":"DANCING"}}]}`, "events[0].content.type"},
		"foreign sender":   {`{"events":[{"sender":"` + other + `","destinations":[{"to":"1"}],"content":{"type":"TYPING_INDICATOR"}}]}`, "events[0].sender"},
		"no document":      {`{`, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := b.call("POST", "/whatsapp/1/events", c.body)
			require.Equal(t, 400, a.status)
			var body struct {
				ErrorCode  string
				Violations []struct{ Property, Violation string }
			}
			require.NoError(t, json.Unmarshal(a.body, &body))
			require.Equal(t, "E400", body.ErrorCode)
			require.Equal(t, c.property, body.Violations[0].Property)
		})
	}
}

func TestTheGatesCloseAndCanBeLifted(t *testing.T) {
	t.Parallel()
	settings := instant()
	settings.Limits = true
	b := setup(t, settings, nil)
	read := func() answer { return b.call("POST", "/whatsapp/1/senders/"+shop+"/message/unknown/read", "") }
	closed := answer{}
	for range 40 {
		if closed = read(); closed.status == 429 {
			break
		}
	}
	require.Equal(t, 429, closed.status)
	require.Equal(t, "1", closed.header.Get("Retry-After"))
	id, _ := closed.refusal(t)
	require.Equal(t, "TOO_MANY_REQUESTS", id)
	a, err := b.text("m")
	require.NoError(t, err)
	require.Equal(t, 200, a.status, "another gate is open")
	b.control("PATCH", "settings", `{"limits":false}`, 200)
	require.Equal(t, 404, read().status)
}
