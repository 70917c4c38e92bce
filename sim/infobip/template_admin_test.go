package infobip_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
)

func TestATemplateIsCreatedPendingAndSentOnceItIsApproved(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	path := "/whatsapp/2/senders/" + shop + "/templates"
	good := `{"name":"order_ready","language":"en","category":"UTILITY","structure":{"body":{"text":"Order {{1}} is ready","examples":["7"]},"type":"TEXT"}}`
	for body, field := range map[string]string{
		`{"name":"Order","language":"en","category":"UTILITY","structure":{"body":{"text":"x"}}}`:       "name",
		`{"name":"order","language":"en","category":"NEWS","structure":{"body":{"text":"x"}}}`:          "category",
		`{"name":"order","language":"en","category":"UTILITY"}`:                                         "structure",
		`{"name":"order","language":"en","category":"UTILITY","structure":{"body":{"text":"{{1}}"}}}`:   "structure.body.examples",
		`{"name":"order","language":"en","category":"UTILITY","structure":{"body":{"text":"x"}},"x":1}`: "x",
	} {
		a := b.call("POST", path, body)
		require.Equal(t, 400, a.status, body)
		_, wrong := a.refusal(t)
		require.Contains(t, wrong, field, body)
	}
	var made map[string]any
	a := b.call("POST", path, good)
	require.Equal(t, 201, a.status)
	a.into(t, &made)
	require.Equal(t, "PENDING", made["status"])
	require.Equal(t, 400, b.call("POST", path, good).status, "its name and language are taken")
	require.Equal(t, 404, b.call("POST", "/whatsapp/2/senders/"+other+"/templates", good).status)

	send := func() int {
		return b.call("POST", "/whatsapp/1/message/template", `{"messages":[`+single(`{"templateName":"order_ready","language":"en","templateData":{"body":{"placeholders":["7"]}}}`)+`]}`).status
	}
	require.Equal(t, 404, send(), "nobody has approved it")
	require.NoError(t, b.standIn.PutSender(infobip.Sender{Number: shop, APIKey: key, WebhookURL: b.product.URL, Templates: []infobip.Template{
		{Name: "order_ready", Language: "en", Placeholders: 1, Category: "UTILITY", Body: "Order {{1}} is ready"},
	}}))
	require.Equal(t, 200, send())
	require.Equal(t, 204, b.call("DELETE", path+"/order_ready", "").status)
	require.Equal(t, 404, b.call("DELETE", path+"/order_ready", "").status)
}

func TestAnAccountReadsHowItsOwnNumbersStand(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	var list struct{ Results []map[string]string }
	b.call("GET", "/whatsapp/1/senders/quality", "").into(t, &list)
	require.NotEmpty(t, list.Results)
	for _, s := range list.Results {
		require.Equal(t, "CONNECTED", s["status"])
		require.NotEqual(t, other, s["sender"], "another account's")
	}
}
