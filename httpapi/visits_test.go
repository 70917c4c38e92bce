package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
)

const someReason = "They asked for help with their hours."

func startVisit(t *testing.T, h *house, bearer, body string) answer {
	t.Helper()
	return h.call(t, "POST", "/routes/admin/visits", bearer, body)
}

func visitTo(slug string) string {
	return `{"tenant_id":"` + slug + `","reason":"` + someReason + `","minutes":30}`
}

func TestAVisitIsExplicitBoundedAndGivenAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, owner := h.provision(t, root, "mine")
	for name, c := range map[string]struct {
		bearer, body string
		code         int
	}{
		"no reason":            {root, `{"tenant_id":"mine","minutes":5}`, 422},
		"blank reason":         {root, `{"tenant_id":"mine","reason":"               ","minutes":5}`, 422},
		"unseen reason":        {root, `{"tenant_id":"mine","reason":"` + strings.Repeat(`\u200b`, 20) + `","minutes":5}`, 422},
		"no length":            {root, `{"tenant_id":"mine","reason":"` + someReason + `"}`, 422},
		"no time":              {root, `{"tenant_id":"mine","reason":"` + someReason + `","minutes":0}`, 422},
		"over an hour":         {root, `{"tenant_id":"mine","reason":"` + someReason + `","minutes":61}`, 422},
		"no tenant":            {root, `{"reason":"` + someReason + `","minutes":5}`, 422},
		"unknown tenant":       {root, visitTo("nobody"), 404},
		"a tenant's owner":     {owner, visitTo("mine"), 403},
		"the platform's token": {platformToken, visitTo("mine"), 403},
		"nobody":               {"", visitTo("mine"), 401},
	} {
		got := startVisit(t, h, c.bearer, c.body)
		require.Equal(t, c.code, got.Code, "%s: %s", name, got.Body)
	}
	var list struct{ Visits []any }
	require.NoError(t, json.Unmarshal(h.call(t, "GET", "/routes/admin/visits", root, "").Body.Bytes(), &list))
	require.Empty(t, list.Visits, "nothing was begun")
}

func TestAVisitGivesAnAdminsRightsAndShowsItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	tenantID, owner := h.provision(t, root, "mine")
	_, _ = h.provision(t, root, "other")
	const tokens = "/routes/tenants/mine/api-tokens"
	require.Equal(t, 404, h.call(t, "GET", tokens, root, "").Code, "without a visit a super admin is nobody in a tenant")
	require.Empty(t, h.call(t, "GET", "/routes/me/role", root, "").Header().Get("X-Acting-As"))

	began := startVisit(t, h, root, visitTo("mine"))
	require.Equal(t, 201, began.Code, began.Body)
	id := began.field("id")
	got := h.call(t, "GET", tokens, root, "")
	require.Equal(t, 200, got.Code, got.Body)
	require.Regexp(t, `^mine; until=\d{4}-`, got.Header().Get("X-Acting-As"))
	require.Contains(t, h.call(t, "GET", "/routes/me/role", root, "").field("visit"), id)
	require.Equal(t, 404, h.call(t, "GET", "/routes/tenants/other/api-tokens", root, "").Code, "it is a visit to one tenant")
	require.Equal(t, 404, h.call(t, "GET", tokens, h.root(t), "").Code, "and of one session")

	for name, call := range map[string]answer{
		"a credential that would outlast it": h.call(t, "POST", tokens, root, `{"name":"n8n","scopes":["tools:use"]}`),
		"ending another's credential":        h.call(t, "DELETE", tokens+"/"+id, root, ""),
	} {
		require.Equal(t, 403, call.Code, name)
		require.Equal(t, "visit_not_allowed", call.field("code"), name)
	}
	for _, where := range []string{"mine", "other"} {
		nested := startVisit(t, h, root, visitTo(where))
		require.Equal(t, 409, nested.Code, nested.Body)
	}
	elsewhere := startVisit(t, h, h.root(t), visitTo("other"))
	require.Equal(t, 409, elsewhere.Code, "not in another session either")

	changed := h.call(t, "PUT", "/routes/tenants/mine/policies", root, `{"confidence_threshold":0.7}`)
	require.Equal(t, 200, changed.Code, changed.Body)
	shown := h.call(t, "GET", "/routes/tenants/mine/visits", owner, "")
	require.Equal(t, 200, shown.Code, shown.Body)
	for _, part := range []string{id, rootEmail, someReason, `"running":true`} {
		require.Contains(t, shown.Body.String(), part)
	}

	require.Equal(t, 204, h.call(t, "DELETE", "/routes/admin/visits/"+id, root, "").Code)
	require.Equal(t, 404, h.call(t, "DELETE", "/routes/admin/visits/"+id, root, "").Code)
	require.Equal(t, 404, h.call(t, "GET", tokens, root, "").Code)
	require.Contains(t, h.call(t, "GET", "/routes/tenants/mine/visits", owner, "").Body.String(), "ended by the visitor")

	lines := h.auditOf(t, tenantID, id)
	require.Equal(t, []string{"visit.started", "access.denied", "access.denied", "policies.changed", "visit.ended"}, lines, "each names the person and the visit")
}

// auditOf lists the actions in a tenant's log whose actor is a super admin by the right of a visit.
func (h *house) auditOf(t *testing.T, tenantID, visit string) []string {
	t.Helper()
	var actions []string
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `
			SELECT action
			FROM audit_log
			WHERE tenant_id = $1 AND actor LIKE 'user:' || $2 || '|% visit:' || $3
			ORDER BY at, id`, tenantID, identity.LocalIssuer, visit)
		if err != nil {
			return err
		}
		actions, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	return actions
}

func TestAVisitEndsWithItsSessionAndItsTime(t *testing.T) {
	t.Parallel()
	const tokens = "/routes/tenants/mine/api-tokens"
	for name, c := range map[string]struct {
		end     func(t *testing.T, h *house, in answer)
		because string
		code    int
	}{
		"signing out": {func(t *testing.T, h *house, in answer) {
			cookie, err := http.ParseSetCookie(in.Header().Get("Set-Cookie"))
			require.NoError(t, err)
			out := h.call(t, "POST", "/auth/sign-out", "", "", "Cookie", cookie.Name+"="+cookie.Value)
			require.Equal(t, 204, out.Code, out.Body)
		}, "the session ended", 401},
		"another password": {func(t *testing.T, h *house, in answer) {
			got := h.call(t, "POST", "/auth/password", in.field("access_token"), `{"old":"`+goodPassword+`","new":"Violet Anchor Maple Drum"}`)
			require.Equal(t, 200, got.Code, got.Body)
		}, "the session ended", 401},
		"time": {func(t *testing.T, h *house, _ answer) {
			require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE visits SET started_at = started_at - interval '2 hours', ends_at = ends_at - interval '2 hours'`)
				return err
			}))
			h.gate.Forget()
		}, "the time was over", 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			_, owner := h.provision(t, h.root(t), "mine")
			in := h.signIn(t, rootEmail, goodPassword)
			require.Equal(t, 201, startVisit(t, h, in.field("access_token"), visitTo("mine")).Code)
			require.Equal(t, 200, h.call(t, "GET", tokens, in.field("access_token"), "").Code)
			c.end(t, h, in)
			require.Equal(t, c.code, h.call(t, "GET", tokens, in.field("access_token"), "").Code)
			shown := h.call(t, "GET", "/routes/tenants/mine/visits", owner, "").Body.String()
			require.Contains(t, shown, c.because)
			require.Contains(t, shown, `"running":false`)
			if c.code == 404 { // still signed in
				require.Equal(t, 201, startVisit(t, h, in.field("access_token"), visitTo("mine")).Code, "it is in nobody's way")
			}
		})
	}
}

func TestAVisitIsForASuperAdminsOwnSessionAlone(t *testing.T) {
	t.Parallel()
	caller := identity.Caller{Kind: identity.User, Issuer: "i", Subject: "s", Session: "x", SuperAdmin: true}
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	visit, err := identity.NewVisit(caller, flomastr.NewID[flomastr.TenantID](), someReason, time.Minute, now)
	require.NoError(t, err)
	require.Equal(t, now.Add(time.Minute), visit.EndsAt)
	for name, change := range map[string]func(*identity.Caller){
		"no super admin": func(c *identity.Caller) { c.SuperAdmin = false },
		"no session":     func(c *identity.Caller) { c.Session = "" },
		"no person":      func(c *identity.Caller) { c.Kind = identity.Platform },
		"visiting":       func(c *identity.Caller) { c.Visit = &visit },
	} {
		other := caller
		change(&other)
		_, err := identity.NewVisit(other, visit.Tenant, someReason, time.Minute, now)
		require.Error(t, err, name)
	}
}

func TestNoOtherWordMakesASuperAdmin(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	admin := e.callers[3]
	require.Equal(t, "admin", admin.name)
	for _, row := range e.api.Rows() {
		if !row.Permission.AllowsSuperAdmin() || row.Permission.NeedsTenant() {
			continue
		}
		for name, call := range map[string]func() answer{
			"X-Super-Admin": func() answer {
				return e.call(t, row.Method, strings.ReplaceAll(row.Path, "{id}", nowhere), admin.bearer, "", "X-Super-Admin", "true")
			},
			"a second slash": func() answer { return e.call(t, row.Method, "/"+row.Path, admin.bearer, "") },
			"upper case":     func() answer { return e.call(t, row.Method, strings.ToUpper(row.Path), admin.bearer, "") },
			"a parameter":    func() answer { return e.call(t, row.Method, row.Path+";x", admin.bearer, "") },
			"an escape":      func() answer { return e.call(t, row.Method, "/%2f"+row.Path[1:], admin.bearer, "") },
			"super in query": func() answer {
				return e.call(t, row.Method, strings.ReplaceAll(row.Path, "{id}", nowhere)+"?super=true", admin.bearer, "")
			},
		} {
			got := call()
			require.GreaterOrEqual(t, got.Code, 300, "%s %s with %s: %s", row.Method, row.Path, name, got.Body)
			require.Less(t, got.Code, 500, "%s %s with %s: %s", row.Method, row.Path, name, got.Body)
		}
	}
}

func TestAPlatformAdminReadsAndChangesNothing(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, row := range e.api.Rows() {
		if row.Permission.AllowsPlatformAdmin() {
			require.Equal(t, http.MethodGet, row.Method, row.Path)
		}
	}
	reader := ""
	for _, c := range e.callers {
		if c.reader {
			reader = c.bearer
		}
	}
	require.Equal(t, "admin", e.call(t, "GET", "/routes/me/role", reader, "").field("role"))
	require.Equal(t, 200, e.call(t, "GET", "/routes/users", reader, "").Code)
	require.Equal(t, 200, e.call(t, "GET", "/routes/tenants", reader, "").Code)
	require.Equal(t, 403, e.call(t, "POST", "/routes/users", reader, `{"email":"x@people.test","role":"admin"}`).Code)
	require.Equal(t, 404, e.call(t, "GET", "/routes/conversations?tenant_id=mine", reader, "").Code)
}

func rowOf(rows []httpapi.Row, method, path string) httpapi.Row {
	for _, row := range rows {
		if row.Method == method && row.Path == path {
			return row
		}
	}
	return httpapi.Row{}
}

func TestCredentialsAreNoVisitorsBusiness(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, c := range [][2]string{
		{"POST", "/routes/tenants/{tenant_slug}/api-tokens"},
		{"DELETE", "/routes/tenants/{tenant_slug}/api-tokens/{id}"},
		{"POST", "/routes/tenants/{tenant_id}/channels"},
		{"PUT", "/routes/tenants/{tenant_id}/whatsapp-settings"},
		{"POST", "/routes/tenants/{tenant_id}/channels/{id}/webhook-secret"},
		{"DELETE", "/routes/tenants/{tenant_id}/channels/{id}/webhook-secret/previous"},
		{"PATCH", "/routes/tenants/{tenant_id}/channels/{id}"},
		{"DELETE", "/routes/tenants/{tenant_id}/channels/{id}"},
	} {
		row := rowOf(e.api.Rows(), c[0], c[1])
		place := identity.Membership{Role: identity.RoleAdmin, Status: identity.MembershipActive, Visit: flomastr.NewID[flomastr.VisitID]()}
		err := identity.May(identity.Caller{Kind: identity.User, SuperAdmin: true}, place, row.Permission)
		require.ErrorIs(t, err, identity.ErrNotByVisit, c)
	}
}
