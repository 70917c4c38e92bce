package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/httpapi"
)

// privileged are members that a caller would like to set beside a request's own: whose it is, and what it may.
var privileged = []string{
	"id", "tenant", "Tenant_ID", "role_", "is_super", "IS_SUPER", "super_admin", "plan", "quota", "created_at", "deleted_at", "owner_id",
	"verified", "credits", "status_", "__proto__", "constructor",
}

// wrongKinds are values of every kind of JSON, and some that are only almost of the right one.
var wrongKinds = []string{
	`null`, `true`, `-1`, `0.5`, `9223372036854775808`, `1e309`, `""`, `"words"`, `"\ud800"`, `"'; DROP TABLE tenants; --"`, `"../../etc/passwd"`,
	`[]`, `[null]`, `[[]]`, `{}`, `{"$gt":""}`, `{"a":{"b":{}}}`,
}

// asEverybody sends a row's request under the rights that reach furthest, so that little is refused before it is read. With
// mayFail given nobody may succeed.
func (e *estate) asEverybody(t *testing.T, row httpapi.Row, object, body string, mayFail ...int) {
	t.Helper()
	for _, who := range e.callers {
		if who.name != "owner" && who.name != "super admin" && who.name != "token with every scope" {
			continue
		}
		path := parameter.ReplaceAllStringFunc(row.Path, func(p string) string {
			if strings.HasPrefix(p, "{tenant") {
				return e.mine
			}
			return object
		})
		if !strings.Contains(row.Path, "{tenant") {
			path += "?tenant_id=" + e.mine
		}
		r := httptest.NewRequestWithContext(t.Context(), row.Method, path, strings.NewReader(body))
		r.Host = "localhost:8000"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+who.bearer)
		out := httptest.NewRecorder()
		e.handler.ServeHTTP(out, r)
		require.Less(t, out.Code, 500, "%s %s as %s with %s: %s", row.Method, row.Path, who.name, body, out.Body)
		if len(mayFail) > 0 && out.Code < 400 {
			t.Errorf("%s %s as %s took %s: %d %s", row.Method, row.Path, who.name, body, out.Code, out.Body)
		}
		if out.Code >= 400 {
			require.NotContains(t, out.Body.String(), "DROP TABLE", "a refused value is not echoed")
			require.NotContains(t, out.Body.String(), "SQLSTATE")
		}
	}
}

// TestNoBodyIsTakenOnTrust sends every write route its own smallest body with something wrong in it: a member that it does
// not have, and each of its members with values of every other kind. Nothing may answer with a failure of ours, and what
// is not part of the request is refused.
func TestNoBodyIsTakenOnTrust(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	sent := 0
	for _, row := range e.api.Rows() {
		if row.Method == http.MethodGet || row.Method == http.MethodDelete || strings.HasPrefix(row.Path, "/webhook/infobip") || strings.HasPrefix(row.Path, "/webhook/meta") || strings.HasPrefix(row.Path, "/webhook/twilio") || strings.HasPrefix(row.Path, "/auth/") {
			continue // no body, a provider's own shape, or one that ends the sessions that the test lives on
		}
		var body map[string]any
		if json.Unmarshal([]byte(e.body(t, row)), &body) != nil || body == nil {
			continue // a file
		}
		with := func(name string, value json.RawMessage) string {
			changed := maps.Clone(body)
			changed[name] = value
			raw, err := json.Marshal(changed)
			require.NoError(t, err)
			return string(raw)
		}
		for _, name := range privileged {
			if _, own := body[name]; own || strings.HasPrefix(row.Path, "/v1/") {
				continue // OpenAI's clients send members that are not of our time, and do without what we make of them
			}
			e.asEverybody(t, row, nowhere, with(name, json.RawMessage(`"words"`)), 422)
			sent++
		}
		for name := range body {
			for _, value := range wrongKinds {
				if json.Valid([]byte(value)) {
					e.asEverybody(t, row, nowhere, with(name, json.RawMessage(value)))
					sent++
				}
			}
		}
		for _, whole := range wrongKinds {
			e.asEverybody(t, row, nowhere, whole)
		}
	}
	require.Greater(t, sent, 500)
	e.untouched(t)
}

// TestNoAddressIsTakenOnTrust puts into every path what is no id, or almost one.
func TestNoAddressIsTakenOnTrust(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, row := range e.api.Rows() {
		if !strings.Contains(parameterless(row.Path), "{") || strings.HasPrefix(row.Path, "/webhook/") || strings.HasSuffix(row.Path, "{key}") {
			continue // a key may be any word
		}
		body := ""
		if row.Method != http.MethodGet && row.Method != http.MethodDelete {
			body = e.body(t, row)
		}
		for _, object := range []string{
			"0", "-1", "null", "undefined", "%27%20OR%201=1--", "%2a", strings.ToUpper(e.foreign[0]), strings.ReplaceAll(e.foreign[0], "-", ""),
			"%7B" + e.foreign[0] + "%7D", e.foreign[0] + "%20", e.foreign[0] + ".json", strings.Repeat("a", 5000), "00000000-0000-0000-0000-000000000000",
		} {
			e.asEverybody(t, row, object, body, 404, 422)
		}
	}
	e.untouched(t)
}
