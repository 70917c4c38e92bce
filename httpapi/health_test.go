package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePreflightAlwaysAnswersAndReadinessSaysNo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting   string
		required  bool
		failure   error
		preflight string
		readyz    int
	}{
		"all is well":              {"OK", true, nil, "OK", 200},
		"a setting is missing":     {"MISSING", true, nil, "FAILED", 200},
		"a setting is no good":     {"INVALID", true, nil, "FAILED", 200},
		"what is needed is away":   {"OK", true, errors.New("dial SECRT-host"), "FAILED", 503},
		"what is not needed is so": {"OK", false, errors.New("dial SECRT-host"), "OK", 200},
	} {
		w := newWorld(t)
		w.api.deps.Settings = func() []SettingState { return []SettingState{{Name: "DATABASE_URL", State: c.setting}} }
		w.api.deps.Health = []Check{{Name: "database", Required: c.required, Probe: func(context.Context) error { return c.failure }}}
		for _, path := range []string{"/routes/preflight", "/routes/api/v1/platform/preflight", "/api/preflight"} {
			got := w.ask("GET", path, "", "")
			require.Equal(t, 200, got.Code, "%s: %s", name, path)
			var said struct {
				Status, Timestamp string
				Settings          []struct{ Name, State string }
				Checks            []struct{ Name, State string }
			}
			require.NoError(t, json.Unmarshal(got.Body.Bytes(), &said))
			require.Equal(t, c.preflight, said.Status, name)
			require.Equal(t, c.setting, said.Settings[0].State, name)
			require.Equal(t, map[bool]string{true: "OK", false: "FAILED"}[c.failure == nil], said.Checks[0].State, name)
			require.NotEmpty(t, said.Timestamp)
			require.NotContains(t, got.Body.String(), "SECRT", name)
		}
		ready := w.ask("GET", "/readyz", "", "")
		require.Equal(t, c.readyz, ready.Code, name)
		require.NotContains(t, ready.Body.String(), "SECRT", name)
		require.Equal(t, 200, w.ask("GET", "/livez", "", "").Code, name)
	}
}
