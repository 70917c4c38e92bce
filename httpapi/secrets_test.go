package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// journal is a log that may be written by many at once.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestSecretsAreNeverReadBack(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	made := e.call(t, "POST", "/routes/tenants/mine/channels", e.bearer("owner"), `{"provider":"infobip","number":"+447860099111","base_url":"https://x.api.infobip.com",
		"credentials":{"api_key":"SECRT-key"}}`)
	require.Equal(t, 201, made.Code, made.Body)
	var once struct {
		Webhook struct {
			HeaderValue string `json:"header_value"`
		}
	}
	require.NoError(t, json.Unmarshal(made.Body.Bytes(), &once))
	require.NotEmpty(t, once.Webhook.HeaderValue, "it is shown this once")
	visited := 0
	for _, row := range e.api.Rows() {
		if row.Method != http.MethodGet {
			continue
		}
		for _, who := range e.callers {
			got := e.visit(t, row, who, "mine", made.field("id"))
			require.NotContains(t, got.Body.String(), "SECRT-", "%s as %s", row.Path, who.name)
			require.NotContains(t, got.Body.String(), once.Webhook.HeaderValue, "%s as %s", row.Path, who.name)
			visited++
		}
	}
	require.Greater(t, visited, 200)
	changed := e.call(t, "PATCH", "/routes/tenants/mine/channels/"+made.field("id"), e.bearer("owner"), `{"credentials":{"api_key":"SECRT-other"}}`)
	require.Equal(t, 200, changed.Code, changed.Body)
	require.NotContains(t, changed.Body.String(), "SECRT-")
	require.Contains(t, changed.Body.String(), `"state":"set"`)
}

func TestNoSecretReachesTheLogs(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.ahead = 0
	for _, a := range e.acts(t) {
		method, _, _ := strings.Cut(a.row, " ")
		e.send(t, method, a)
	}
	for _, path := range []string{"/routes/tenants", "/routes/me/role"} {
		e.call(t, "GET", path, "not.a.token", "")
		e.call(t, "GET", path, e.bearer("token with every scope")+"x", "")
	}
	logs := map[string]string{"the server's log": e.logged.String()}
	require.NotEmpty(t, logs["the server's log"], "it logs at the level of debugging")
	var lines string
	require.NoError(t, e.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
			SELECT (SELECT string_agg(l::text, ' ') FROM audit_log l) || (SELECT string_agg(l::text, ' ') FROM platform_audit_log l)`).Scan(&lines)
	}))
	logs["the audit log"] = lines
	for name, log := range logs {
		for _, secret := range []string{"SECRT-", "eyJ", "Bearer ", goodPassword, "another good password 7", platformToken, "://localhost:8000/invite/"} {
			require.NotContains(t, log, secret, name)
		}
		for _, who := range e.callers {
			if who.bearer != "" {
				require.NotContains(t, log, who.bearer, name)
			}
		}
	}
}
