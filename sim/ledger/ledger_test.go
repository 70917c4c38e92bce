package ledger_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/sim/ledger"
)

var start = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// ticking is a clock that moves a second with every look.
func ticking() func() time.Time {
	now := start.Add(-time.Second)
	return func() time.Time { now = now.Add(time.Second); return now }
}

func entry(to, id string) ledger.Entry {
	return ledger.Entry{Provider: "infobip", From: "447860099299", To: to, MessageID: id, Type: "text", Text: "Hello", Body: json.RawMessage(`{"to":"999"}`)}
}

func ask(t *testing.T, l *ledger.Ledger, query url.Values) []ledger.Entry {
	t.Helper()
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ledger?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var found []ledger.Entry
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
	return found
}

func ids(entries []ledger.Entry) []string {
	list := []string{}
	for _, e := range entries {
		list = append(list, e.MessageID)
	}
	return list
}

func TestLedgerAnswersByRecipientAndInclusiveTime(t *testing.T) {
	t.Parallel()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), ticking())
	require.NoError(t, err)
	for i, to := range []string{"111", "222", "111", "AE.abc", "111"} {
		_, err := l.Append(entry(to, fmt.Sprint(i)))
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		query url.Values
		want  []string
	}{
		"everything":                   {url.Values{}, []string{"0", "1", "2", "3", "4"}},
		"one recipient":                {url.Values{"to": {"111"}}, []string{"0", "2", "4"}},
		"with a plus":                  {url.Values{"to": {"+111"}}, []string{"0", "2", "4"}},
		"a user id":                    {url.Values{"to": {"AE.abc"}}, []string{"3"}},
		"only named in a body":         {url.Values{"to": {"999"}}, []string{}},
		"a prefix is somebody else":    {url.Values{"to": {"11"}}, []string{}},
		"since is inclusive":           {url.Values{"since": {"2026-11-23T05:00:02Z"}}, []string{"2", "3", "4"}},
		"since in another zone":        {url.Values{"since": {"2026-11-23T09:00:02+04:00"}}, []string{"2", "3", "4"}},
		"since a fraction later":       {url.Values{"since": {"2026-11-23T05:00:02.001Z"}}, []string{"3", "4"}},
		"both":                         {url.Values{"to": {"111"}, "since": {"2026-11-23T05:00:01Z"}}, []string{"2", "4"}},
		"the future is an empty array": {url.Values{"since": {"2030-01-01T00:00:00Z"}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, ids(ask(t, l, c.query)))
		})
	}
}

func TestLedgerRefusesATimeThatIsNone(t *testing.T) {
	t.Parallel()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), ticking())
	require.NoError(t, err)
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ledger?since=yesterday", nil))
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func TestLedgerOutlivesItsProcessAndCutsATornLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := ledger.Open(path, ticking())
	require.NoError(t, err)
	_, err = l.Append(entry("111", "first"))
	require.NoError(t, err)
	require.NoError(t, l.Close())

	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"at":"2026-11-23T05:00:09Z","to":"111","message_id":"to`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	l, err = ledger.Open(path, ticking())
	require.NoError(t, err)
	_, err = l.Append(entry("111", "second"))
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, ids(ask(t, l, url.Values{"to": {"111"}})))
}

func TestLedgerRefusesAFileThatIsNoLedger(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("not a ledger\n"), 0o600))
	_, err := ledger.Open(path, ticking())
	require.ErrorContains(t, err, "line 1")
}

func TestLedgerTimesNeverRunBackwards(t *testing.T) {
	t.Parallel()
	now := start
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), func() time.Time { return now })
	require.NoError(t, err)
	first, err := l.Append(entry("111", "first"))
	require.NoError(t, err)
	now = now.Add(-time.Hour)
	second, err := l.Append(entry("111", "second"))
	require.NoError(t, err)
	require.Equal(t, first.At, second.At)
	require.Equal(t, []string{"first", "second"}, ids(ask(t, l, url.Values{"since": {first.At.Format(time.RFC3339Nano)}})))
}

func TestLedgerFindsItsWayInALargeFileBeforeAndAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := ledger.Open(path, ticking())
	require.NoError(t, err)
	const n = 2000
	for i := range n {
		_, err := l.Append(entry("111", fmt.Sprint(i)))
		require.NoError(t, err)
	}
	for range 2 {
		for _, at := range []int{0, 1, 511, 512, 513, 1024, 1999} {
			found := ids(ask(t, l, url.Values{"since": {start.Add(time.Duration(at) * time.Second).Format(time.RFC3339)}}))
			require.Len(t, found, n-at, at)
			require.Equal(t, fmt.Sprint(at), found[0])
		}
		require.NoError(t, l.Close())
		l, err = ledger.Open(path, ticking())
		require.NoError(t, err)
		require.EqualValues(t, n, l.Len())
	}
}

func TestLedgerKeepsEveryLineOfManyWritersWhole(t *testing.T) {
	t.Parallel()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger.jsonl"), func() time.Time { return start })
	require.NoError(t, err)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 50 {
				_, err := l.Append(entry(fmt.Sprint(w), fmt.Sprint(i)))
				if err != nil {
					t.Error(err)
				}
				_ = l.Read(t.Context(), fmt.Sprint(w), start, func([]byte) error { return nil })
			}
		})
	}
	writers.Wait()
	for w := range 8 {
		found := ask(t, l, url.Values{"to": {fmt.Sprint(w)}})
		require.Len(t, found, 50)
		require.Equal(t, "49", found[49].MessageID)
	}
}
