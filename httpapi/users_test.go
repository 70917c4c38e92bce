package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

func TestPlatformUsersAreGivenChangedAndTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"a super admin":     {`{"email":"x@people.test","role":"super_admin"}`, 422},
		"no role":           {`{"email":"x@people.test"}`, 422},
		"no address":        {`{"email":"nobody","role":"admin"}`, 422},
		"a look-alike":      {`{"email":"ａdmin@people.test","role":"admin"}`, 422},
		"from the settings": {`{"email":"` + rootEmail + `","role":"user"}`, 409},
	} {
		got := h.call(t, "POST", "/routes/users", root, c.body)
		require.Equal(t, c.code, got.Code, "%s: %s", name, got.Body)
	}
	made := h.call(t, "POST", "/routes/users", root, `{"email":"Watch@People.test","role":"user"}`)
	require.Equal(t, 201, made.Code, made.Body)
	require.Equal(t, "Watch@people.test", made.field("email"))
	require.NotEmpty(t, made.field("assigned_by"))
	require.Equal(t, 409, h.call(t, "POST", "/routes/users", root, `{"email":"watch@people.test","role":"admin"}`).Code)

	one := "/routes/users/" + made.field("id")
	require.Equal(t, 422, h.call(t, "PATCH", one, root, `{"role":"super_admin"}`).Code)
	changed := h.call(t, "PATCH", one, root, `{"role":"admin"}`)
	require.Equal(t, "admin", changed.field("role"), changed.Body)

	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, "Watch@people.test", goodPassword)
	require.NoError(t, err)
	bearer := h.signIn(t, "Watch@people.test", goodPassword).field("access_token")
	require.Equal(t, "admin", h.call(t, "GET", "/routes/me/role", bearer, "").field("role"))
	require.Equal(t, 204, h.call(t, "DELETE", one, root, "").Code)
	require.Equal(t, 404, h.call(t, "DELETE", one, root, "").Code)
	require.Equal(t, "user", h.call(t, "GET", "/routes/me/role", bearer, "").field("role"), "at once")
	require.Equal(t, 403, h.call(t, "GET", "/routes/users", bearer, "").Code)

	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT action FROM platform_audit_log WHERE action LIKE 'platform_user.%' ORDER BY at, id`)
		require.NoError(t, err)
		actions, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.Equal(t, []string{"platform_user.added", "platform_user.changed", "platform_user.removed"}, actions)
		return err
	}))
}

func TestAnUnverifiedAddressHasNoRoleOnThePlatform(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	require.Equal(t, 201, h.call(t, "POST", "/routes/users", root, `{"email":"watch@people.test","role":"admin"}`).Code)
	for name, c := range map[string]struct {
		caller identity.Caller
		admin  bool
	}{
		"verified":       {identity.Caller{Email: "watch@people.test", EmailVerified: true}, true},
		"domain's case":  {identity.Caller{Email: "watch@PEOPLE.test", EmailVerified: true}, true},
		"unverified":     {identity.Caller{Email: "watch@people.test"}, false},
		"another case":   {identity.Caller{Email: "Watch@people.test", EmailVerified: true}, false},
		"look-alike":     {identity.Caller{Email: "wаtch@people.test", EmailVerified: true}, false},
		"part of it":     {identity.Caller{Email: "tch@people.test", EmailVerified: true}, false},
		"none, verified": {identity.Caller{EmailVerified: true}, false},
	} {
		c.caller.Issuer, c.caller.Subject = "https://clerk.example.com", "user_1"
		standing, err := h.store.Standing(t.Context(), c.caller)
		require.NoError(t, err, name)
		require.Equal(t, c.admin, standing.PlatformAdmin, name)
	}
}

func TestASuperAdminWhoIsAMemberIsWarnedOf(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	list := func() (users []map[string]any, warnings []string) {
		var body struct {
			Users    []map[string]any
			Warnings []string
		}
		got := h.call(t, "GET", "/routes/users", root, "")
		require.Equal(t, 200, got.Code, got.Body)
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
		return body.Users, body.Warnings
	}
	users, warnings := list()
	require.Equal(t, []map[string]any{
		{"email": rootEmail, "role": "super_admin", "source": "settings"},
		{"email": visitorEmail, "role": "super_admin", "source": "settings"},
	}, users)
	require.Empty(t, warnings)
	got := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, `{"tenant_slug":"mine","owner_email":"`+rootEmail+`"}`)
	require.Equal(t, 201, got.Code, got.Body)
	users, warnings = list()
	require.Equal(t, []any{"mine"}, users[0]["member_of"])
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], rootEmail)
}
