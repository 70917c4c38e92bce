package infobip_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/infobip"
	"github.com/flomastr/flomastr/sim/ledger"
)

// FuzzSend holds any body against every endpoint: it is answered 200 and one message is in the ledger whole, or it is
// answered 400 (404 for a sender that is not ours) in the documented shape and the ledger is as before. Nothing panics.
func FuzzSend(f *testing.F) {
	endpoints := []string{
		"text", "image", "video", "document", "audio", "sticker", "location", "contact", "template", "interactive/buttons", "interactive/list",
		"interactive/url-button", "interactive/location-request", "interactive/flow",
	}
	for i, body := range []string{
		single(`{"text":"Hello"}`), single(`{"mediaUrl":"https://a.b","caption":"c"}`), single(`{"latitude":1,"longitude":1e2}`), contact(`,"phones":[{"type":"CELL"}]`),
		template(`{"body":{"placeholders":["a"]},"buttons":[{"type":"URL","parameter":"x"}]}`), buttons(button("a", "A")), list(section("A", 2, 0), section("B", 1, 9)),
		flow(`"flowAction":"NAVIGATE","flowActionPayload":{"screen":"S"}`), `{"content":{"text":"\ud800"},"from":"1","to":"1"}`, `{"messages":[null,1,[],{}]}`, `[[[[`, ``,
	} {
		f.Add(uint8(i), body)
	}
	l, err := ledger.Open(filepath.Join(f.TempDir(), "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	require.NoError(f, err)
	standIn, err := infobip.Open(infobip.Config{Ledger: l, Dir: f.TempDir(), BaseURL: "http://127.0.0.1", Settings: infobip.Settings{Reports: infobip.NoReports, RetryUnitMS: 1}})
	require.NoError(f, err)
	f.Cleanup(func() { _ = standIn.Close() })
	require.NoError(f, standIn.PutSender(infobip.Sender{Number: shop, APIKey: key}))

	f.Fuzz(func(t *testing.T, endpoint uint8, body string) {
		before := l.Len()
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/whatsapp/1/message/"+endpoints[int(endpoint)%len(endpoints)], strings.NewReader(body))
		r.Header = http.Header{"Authorization": {"App " + key}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
		w := httptest.NewRecorder()
		standIn.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			require.Greater(t, l.Len(), before)
			require.True(t, json.Valid([]byte(body)))
		case http.StatusBadRequest, http.StatusNotFound:
			require.Equal(t, before, l.Len())
			_, _ = answer{body: w.Body.Bytes()}.refusal(t)
		default:
			t.Fatalf("answered %d: %s", w.Code, w.Body)
		}
		require.True(t, json.Valid(w.Body.Bytes()))
	})
}
