package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreferencesAreAPersonsOwnInEachTenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, alpha := h.provision(t, root, "alpha")
	_, beta := h.provision(t, root, "beta")
	_, token := h.invite(t, beta, "beta", "owner@alpha.test", "member")
	require.Equal(t, 200, h.accept(t, token, alpha, "").Code)
	_, member := h.join(t, alpha, "alpha", "member@example.com", "member")
	const path = "/routes/user-preferences"
	put := h.call(t, "PUT", path, alpha, `{"preferences":{"theme":"dark","columns":["a",1,null]}}`, "X-Tenant-Slug", "alpha")
	require.Equal(t, 200, put.Code, put.Body)
	get := func(bearer, slug string) string {
		got := h.call(t, "GET", path, bearer, "", "X-Tenant-Slug", slug)
		require.Equal(t, 200, got.Code, got.Body)
		return got.field("preferences")
	}
	require.JSONEq(t, `{"theme":"dark","columns":["a",1,null]}`, get(alpha, "alpha"))
	require.Equal(t, "{}", get(alpha, "beta"))
	require.Equal(t, "{}", get(member, "alpha"))
	require.Equal(t, 404, h.call(t, "GET", path, member, "", "X-Tenant-Slug", "beta").Code)

	one := func(method, key, body string) answer {
		return h.call(t, method, path+"/setting/"+key, alpha, body, "X-Tenant-Slug", "alpha")
	}
	require.Equal(t, "dark", one("GET", "theme", "").field("value"))
	require.Equal(t, 200, one("PUT", "theme", `{"value":{"mode":"light"}}`).Code)
	require.JSONEq(t, `{"mode":"light"}`, one("GET", "theme", "").field("value"))
	require.Equal(t, 204, one("DELETE", "theme", "").Code)
	require.Equal(t, 404, one("GET", "theme", "").Code)
	require.JSONEq(t, `{"columns":["a",1,null]}`, get(alpha, "alpha"))
	require.Equal(t, 204, h.call(t, "DELETE", path, alpha, "", "X-Tenant-Slug", "alpha").Code)
	require.Equal(t, "{}", get(alpha, "alpha"))
}

func TestPreferencesHaveLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, alpha := h.provision(t, h.root(t), "alpha")
	put := func(key, value string) answer {
		return h.call(t, "PUT", "/routes/user-preferences/setting/"+key, alpha, `{"value":`+value+`}`)
	}
	require.Equal(t, 422, put("Theme", `1`).Code)
	require.Equal(t, 422, put("_x", `1`).Code)
	require.Equal(t, 422, put("big", `"`+strings.Repeat("x", 9<<10)+`"`).Code)
	require.Equal(t, 400, put("nul", `"a\u0000b"`).Code, "PostgreSQL could not keep it")
	large := `"` + strings.Repeat("x", 8000) + `"`
	for i := range 8 {
		require.Equal(t, 200, put(fmt.Sprintf("large%d", i), large).Code)
	}
	require.Equal(t, 422, put("large8", large).Code, "all together")
	require.Equal(t, 204, h.call(t, "DELETE", "/routes/user-preferences", alpha, "").Code)
	for i := range 100 {
		require.Equal(t, 200, put(fmt.Sprintf("k%d", i), `1`).Code)
	}
	require.Equal(t, 422, put("k100", `1`).Code)
	require.Equal(t, 200, put("k99", `2`).Code)
}
