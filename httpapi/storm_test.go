package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
)

func TestRefusalsOfAStormAreCountedInTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		fail := httpapi.Failing(slog.New(slog.NewJSONHandler(&log, nil)))
		lines := func() (all []map[string]any) {
			for line := range bytes.Lines(log.Bytes()) {
				var l map[string]any
				require.NoError(t, json.Unmarshal(line, &l))
				delete(l, "time")
				all = append(all, l)
			}
			log.Reset()
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
