package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetasWebhook(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	channels := "/routes/tenants/" + l.slug + "/channels"
	refused := l.call(t, "POST", channels, l.owner, `{"provider":"meta","number":"+97140000001","sender_id":"101"}`)
	require.Equal(t, 422, refused.Code, refused.Body)
	require.Contains(t, refused.Body.String(), "signing_key")
	made := l.call(t, "POST", channels, l.owner, `{"provider":"meta","number":"+97140000001","sender_id":"101","account_id":"102",
		"credentials":{"api_key":"token"},"webhook_secret":{"signing_key":"app-secret"}}`)
	require.Equal(t, 201, made.Code, made.Body)
	path := "/webhook/meta/" + made.field("id")
	require.Equal(t, "http://localhost:8000"+path, made.field("webhook_url"))
	var shown struct {
		VerifyToken string `json:"verify_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(made.field("webhook")), &shown))
	token := shown.VerifyToken
	require.NotEmpty(t, token)

	query := func(token, rest string) string { return path + "?hub.mode=subscribe&hub.verify_token=" + token + rest }
	got := l.call(t, "GET", query(token, "&hub.challenge=%3Cscript%3E7"), "", "")
	require.Equal(t, 200, got.Code)
	require.Equal(t, "<script>7", got.Body.String(), "exactly the challenge")
	require.Equal(t, "text/plain; charset=utf-8", got.Header().Get("Content-Type"))
	require.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"))
	require.Equal(t, 403, l.call(t, "GET", query("wrong", "&hub.challenge=7"), "", "").Code)
	require.Equal(t, 400, l.call(t, "GET", query(token, "&hub.challenge=7&hub.challenge=8"), "", "").Code)
	require.Equal(t, 400, l.call(t, "GET", query(token, "&hub.challenge[]=7"), "", "").Code)
	require.Equal(t, 400, l.call(t, "GET", path, "", "").Code)
	require.Equal(t, 404, l.call(t, "GET", strings.Replace(query(token, "&hub.challenge=7"), made.field("id"), "018f0000-0000-7000-8000-000000000001", 1), "", "").Code)

	body := `{"object":"whatsapp_business_account","entry":[{"id":"102","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",
		"metadata":{"display_phone_number":"97140000001","phone_number_id":"101"},"messages":[{"from":"385911111111","id":"wamid.1","timestamp":"1795600000","type":"text","text":{"body":"Hi \\u00e4 \\/"}}]}}]}]}`
	mac := hmac.New(sha256.New, []byte("app-secret"))
	_, _ = mac.Write([]byte(body))
	signature := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	for _, c := range []struct {
		name, path, body, signature string
		status                      int
	}{
		{"signed", path, body, signature, 200},
		{"again", path, body, signature, 200},
		{"unsigned", path, body, "", 401},
		{"a byte more", path, body + " ", signature, 401},
		{"another provider's address", strings.Replace(path, "meta", "infobip", 1), body, signature, 404},
	} {
		got := l.call(t, "POST", c.path, "", c.body, "X-Hub-Signature-256", c.signature)
		require.Equal(t, c.status, got.Code, c.name+": "+got.Body.String())
	}
	list := l.call(t, "GET", "/routes/conversations", l.owner, "")
	require.Equal(t, 200, list.Code, list.Body)
	require.Equal(t, 1, strings.Count(list.Body.String(), "385911111111"), "stored once")
}
