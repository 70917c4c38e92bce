package httpapi_test

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/jwt"
	"github.com/flomastr/flomastr/identity/local"
)

// another is a second server on the same database, with a memory and a clock of its own.
func (h *house) another(t *testing.T) (server *house, pass func(time.Duration)) {
	t.Helper()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	verifier, err := jwt.New(clock, local.Trusted(h.provider))
	require.NoError(t, err)
	gate, err := identity.NewAuthenticator(identity.Config{Verifier: verifier, Store: h.store, Clock: clock})
	require.NoError(t, err)
	api := httpapi.New(httpapi.Deps{
		BaseDomain: "localhost", Clock: clock, Log: slog.New(slog.DiscardHandler), Gate: gate, SignIn: httpapi.SignInOffer{Issuers: verifier.Issuers()},
		Engines: httpapi.Engines{SignIns: h.provider, People: gate, Accounts: h.provider},
	})
	return &house{handler: api.Handler()}, func(d time.Duration) { ahead.Add(int64(d)) }
}

func TestASessionThatEndedOnOneServerIsOverOnTheOthersWithinAMinute(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, bearer string, cookie *http.Cookie) answer{
		"signed out": func(h *house, _ string, cookie *http.Cookie) answer {
			return h.call(t, "POST", "/auth/sign-out", "", "", "Cookie", cookie.Name+"="+cookie.Value)
		},
		"the password changed": func(h *house, _ string, _ *http.Cookie) answer {
			elsewhere, _ := signInFor(t, h)
			return h.call(t, "POST", "/auth/password", elsewhere, `{"old":"`+goodPassword+`","new":"`+newPassword+`"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			other, pass := h.another(t)
			bearer, cookie := signInFor(t, h)
			for _, server := range []*house{h, other} {
				require.Equal(t, 200, server.call(t, "GET", "/routes/me/role", bearer, "").Code)
			}
			require.Less(t, end(h, bearer, cookie).Code, 300)
			require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", bearer, "").Code, "at once where it ended")
			pass(time.Minute)
			require.Equal(t, 401, other.call(t, "GET", "/routes/me/role", bearer, "").Code, "and within a minute elsewhere")
		})
	}
}

// signInFor signs the super admin in, and gives the access token and the refresh cookie.
func signInFor(t *testing.T, h *house) (bearer string, cookie *http.Cookie) {
	t.Helper()
	got := h.call(t, "POST", "/auth/sign-in", "", `{"email":"`+rootEmail+`","password":"`+goodPassword+`"}`)
	require.Equal(t, 200, got.Code, got.Body)
	cookies := got.Result().Cookies()
	require.Len(t, cookies, 1)
	return got.field("access_token"), cookies[0]
}
