package infobip_test

import (
	"fmt"
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

// BenchmarkSend is one text through every check into the ledger and onto a phone, without the network.
func BenchmarkSend(b *testing.B) {
	dir := b.TempDir()
	l, err := ledger.Open(filepath.Join(dir, "ledger.jsonl"), func() time.Time { return time.Now().UTC() })
	require.NoError(b, err)
	standIn, err := infobip.Open(infobip.Config{Ledger: l, Dir: dir, BaseURL: "http://127.0.0.1", Settings: infobip.Settings{Reports: infobip.NoReports, RetryUnitMS: 1}})
	require.NoError(b, err)
	b.Cleanup(func() { _ = standIn.Close() })
	require.NoError(b, standIn.PutSender(infobip.Sender{Number: shop, APIKey: key}))
	header := http.Header{"Authorization": {"App " + key}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/whatsapp/1/message/text", strings.NewReader(textBody(fmt.Sprint(i%1000), fmt.Sprint("m-", i))))
		r.Header = header
		w := httptest.NewRecorder()
		standIn.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
