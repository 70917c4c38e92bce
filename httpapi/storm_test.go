package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
)

// lockedLog is written to by timers, which nothing orders with the test.
type lockedLog struct {
	mu      sync.Mutex
	written []byte
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written = append(l.written, p...)
	return len(p), nil
}

// take gives what was written since it was taken last.
func (l *lockedLog) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.written
	l.written = nil
	return taken
}

func TestRefusalsOfAStormAreCountedInTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &lockedLog{}
		fail := httpapi.Failing(slog.New(slog.NewJSONHandler(log, nil)))
		lines := func() (all []map[string]any) {
			for line := range bytes.Lines(log.take()) {
				var l map[string]any
				require.NoError(t, json.Unmarshal(line, &l))
				delete(l, "time")
				all = append(all, l)
			}
			return all
		}
		busy := flomastr.Errorf(flomastr.Unavailable, "busy", "Later.")
		limited := flomastr.Errorf(flomastr.Limited, "rate_limited", "Slower.")
		wrong := flomastr.Errorf(flomastr.Invalid, "wrong", "Other.")
		for range 1000 {
			fail(context.Background(), busy)
		}
		fail(context.Background(), limited)
		fail(context.Background(), wrong)
		fail(context.Background(), wrong)
		failed := func(level string, status float64, code, err string) map[string]any {
			return map[string]any{"level": level, "msg": "request failed", "status": status, "code": code, "error": err}
		}
		require.Equal(t, []map[string]any{
			failed("ERROR", 503, "busy", busy.Error()), failed("INFO", 429, "rate_limited", limited.Error()),
			failed("INFO", 422, "wrong", wrong.Error()), failed("INFO", 422, "wrong", wrong.Error()),
		}, lines())

		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, []map[string]any{
			{"level": "ERROR", "msg": "requests failed alike", "status": 503.0, "code": "busy", "times": 999.0},
		}, lines())

		fail(context.Background(), busy)
		require.Equal(t, []map[string]any{failed("ERROR", 503, "busy", busy.Error())}, lines(), "a new storm")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Empty(t, lines())
	})
}
