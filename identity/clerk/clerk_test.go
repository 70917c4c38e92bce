package clerk_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/clerk"
	"github.com/flomastr/flomastr/identity/jwt"
	sim "github.com/flomastr/flomastr/sim/clerk"
)

const (
	issuer    = "https://clerk.flomastr.example"
	app       = "https://app.flomastr.example"
	secretKey = "sk_test_0123456789"
	usersPath = "/v1/users/user_1"
	keysPath  = "/.well-known/jwks.json"
)

type world struct {
	*sim.Clerk
	people *clerk.Directory
	now    *atomic.Int64
}

func (w world) clock() time.Time { return time.Unix(w.now.Load(), 0) }

func (w world) pass(d time.Duration) { w.now.Add(int64(d / time.Second)) }

func setup(t *testing.T) world {
	t.Helper()
	w := world{now: &atomic.Int64{}}
	w.now.Store(1_900_000_000)
	w.Clerk = sim.New(sim.Config{Issuer: issuer, SecretKey: secretKey, Clock: w.clock})
	w.Put(sim.User{ID: "user_1", Email: "sara@people.test", Verified: true})
	client := jwt.InProcess(w.Clerk)
	verifier, err := jwt.New(w.clock, clerk.Trusted(issuer, issuer+keysPath, []string{app, "https://*.flomastr.example"}, client))
	require.NoError(t, err)
	w.people = clerk.NewDirectory(clerk.DirectoryConfig{
		Verifier: verifier, Issuer: issuer, APIURL: issuer, SecretKey: secretKey, Client: client, Clock: w.clock, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

// with is a session token after a change; nil removes a claim.
func (w world) with(change map[string]any) string {
	claims := w.Claims("user_1", app)
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return w.Token(claims)
}

func TestASessionTokenOfEitherVersionSaysWhoItIs(t *testing.T) {
	t.Parallel()
	v1 := map[string]any{"v": nil, "sts": nil, "o": nil, "pla": nil, "fea": nil, "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme", "org_permissions": []string{"org:x:manage"}}
	for name, change := range map[string]map[string]any{
		"version 2":                       nil,
		"version 1":                       v1,
		"with roles that people may edit": {"public_metadata": map[string]any{"role": "admin"}, "unsafe_metadata": map[string]any{"role": "super_admin"}, "role": "owner", "super": true},
		"on a tenant's host":              {"azp": "https://acme.flomastr.example"},
	} {
		w := setup(t)
		caller, err := w.people.Verify(t.Context(), w.with(change))
		require.NoError(t, err, name)
		require.Equal(t, identity.Caller{
			Kind: identity.User, Issuer: issuer, Subject: "user_1", Email: "sara@people.test", EmailVerified: true, Session: "sess_user_1",
			AuthTime: w.clock().Add(-3 * time.Minute), Expires: w.clock().Add(time.Minute),
		}, caller, "%s: and nothing that its claims say about roles", name)
	}
}

func TestATokenWithTheOfficialSDKsClaimsIsGood(t *testing.T) {
	t.Parallel()
	w := setup(t)
	now := w.now.Load()
	raw, err := json.Marshal(struct {
		sdk.RegisteredClaims
		sdk.Claims
	}{
		sdk.RegisteredClaims{Issuer: issuer, Subject: "user_1", Expiry: new(now + 60), NotBefore: new(now - 10), IssuedAt: new(now), ID: "1"},
		sdk.Claims{Version: 2, SessionID: "sess_1", AuthorizedParty: app, ActiveOrganizationID: "org_1", ActiveOrganizationRole: "org:admin", FactorVerificationAge: [2]int64{7, -1}},
	})
	require.NoError(t, err)
	var claims map[string]any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&claims))
	caller, err := w.people.Verify(t.Context(), w.Token(claims))
	require.NoError(t, err)
	require.Equal(t, "sess_1", caller.Session)
	require.Equal(t, w.clock().Add(-7*time.Minute), caller.AuthTime)

	act, err := json.Marshal(map[string]string{"sub": "user_2"})
	require.NoError(t, err)
	claims["act"] = json.RawMessage(act)
	_, err = w.people.Verify(t.Context(), w.Token(claims))
	require.ErrorIs(t, err, identity.ErrBadToken, "somebody acts as another at Clerk")
}

func TestWhatIsNoSessionOfOursIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	evil := sim.New(sim.Config{Issuer: issuer, Clock: w.clock})
	for name, token := range map[string]string{
		"JWT-05 another instance's key":    evil.Token(evil.Claims("user_1", app)),
		"JWT-06 trailing slash":            w.with(map[string]any{"iss": issuer + "/"}),
		"JWT-06 upper case":                w.with(map[string]any{"iss": strings.ToUpper(issuer)}),
		"JWT-07 expired":                   w.with(map[string]any{"exp": w.now.Load() - 11}),
		"JWT-07 not yet":                   w.with(map[string]any{"nbf": w.now.Load() + 11}),
		"JWT-09 missing":                   w.with(map[string]any{"azp": nil}),
		"JWT-09 empty":                     w.with(map[string]any{"azp": ""}),
		"JWT-09 null":                      w.with(map[string]any{"azp": "null"}),
		"JWT-09 another's":                 w.with(map[string]any{"azp": "https://evil.tld"}),
		"JWT-09 look-alike":                w.with(map[string]any{"azp": app + ".evil.tld"}),
		"JWT-09 http":                      w.with(map[string]any{"azp": "http://app.flomastr.example"}),
		"JWT-09 two labels":                w.with(map[string]any{"azp": "https://acme.n8n.flomastr.example"}),
		"JWT-09 no label":                  w.with(map[string]any{"azp": "https://flomastr.example"}),
		"JWT-09 empty label":               w.with(map[string]any{"azp": "https://.flomastr.example"}),
		"JWT-09 the pattern itself":        w.with(map[string]any{"azp": "https://*.flomastr.example"}),
		"JWT-09 a user before the host":    w.with(map[string]any{"azp": "https://evil.tld/@x.flomastr.example"}),
		"JWT-09 a port":                    w.with(map[string]any{"azp": "https://acme.flomastr.example:8443"}),
		"JWT-09 upper case":                w.with(map[string]any{"azp": "https://ACME.flomastr.example"}),
		"JWT-10 pending":                   w.with(map[string]any{"sts": "pending"}),
		"JWT-10 unknown state":             w.with(map[string]any{"sts": "Active"}),
		"JWT-11 a template's":              w.with(map[string]any{"sid": nil}),
		"JWT-11 a machine's":               w.with(map[string]any{"sub": "mch_1", "sid": nil, "azp": nil, "sts": nil}),
		"JWT-11 an OAuth client's":         w.with(map[string]any{"client_id": "c", "scope": "profile", "sid": nil, "azp": nil}),
		"JWT-11 acting as another":         w.with(map[string]any{"act": map[string]any{"sub": "user_2"}}),
		"JWT-20 a claim of the wrong kind": w.with(map[string]any{"sid": 1}),
	} {
		caller, err := w.people.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrBadToken, name)
		require.Zero(t, caller, name)
	}
	require.Zero(t, w.Calls(usersPath), "nobody is looked up before the token is good")
}

func TestAnAddressInTheTokenIsBelievedOnlyWithItsVerification(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claims map[string]any
		user   sim.User
		email  string
		good   bool
		asked  int
	}{
		"both claims":                {map[string]any{"email": "boss@people.test", "email_verified": true}, sim.User{}, "boss@people.test", true, 0},
		"unverified, Clerk is asked": {map[string]any{"email": "boss@people.test", "email_verified": false}, sim.User{Email: "own@people.test", Verified: true}, "own@people.test", true, 1},
		"no word of verification":    {map[string]any{"email": "boss@people.test"}, sim.User{Email: "own@people.test"}, "own@people.test", false, 1},
		"verification as text":       {map[string]any{"email": "boss@people.test", "email_verified": "true"}, sim.User{Email: "own@people.test"}, "own@people.test", false, 1},
		"no claims":                  {nil, sim.User{Email: "Own@People.test", Verified: true}, "Own@people.test", true, 1},
		"an unverified primary":      {nil, sim.User{Email: "own@people.test"}, "own@people.test", false, 1},
		"no address at all":          {nil, sim.User{}, "", false, 1},
		"an address that is none":    {nil, sim.User{Email: "ａdmin@people.test", Verified: true}, "", false, 1},
	} {
		w := setup(t)
		c.user.ID = "user_1"
		w.Put(c.user)
		caller, err := w.people.Verify(t.Context(), w.with(c.claims))
		require.NoError(t, err, name)
		require.Equal(t, c.email, caller.Email, name)
		require.Equal(t, c.good, caller.EmailVerified, name)
		require.Equal(t, c.asked, w.Calls(usersPath), name)
	}
}

func TestClerkIsAskedOnceAMinuteForAPerson(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			caller, err := w.people.Verify(context.WithoutCancel(t.Context()), w.with(nil))
			if err != nil || caller.Email != "sara@people.test" {
				t.Errorf("%v, %v", caller, err)
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, w.Calls(usersPath), "twenty at once are one question")
	w.Put(sim.User{ID: "user_1", Email: "new@people.test", Verified: true})
	w.pass(59 * time.Second)
	caller, err := w.people.Verify(t.Context(), w.with(nil))
	require.NoError(t, err)
	require.Equal(t, "sara@people.test", caller.Email)
	require.Equal(t, 1, w.Calls(usersPath), "for a minute Clerk is not asked again")
	w.pass(time.Second)
	caller, err = w.people.Verify(t.Context(), w.with(nil))
	require.NoError(t, err)
	require.Equal(t, "new@people.test", caller.Email, "a new address is followed within a minute")
	require.Equal(t, 2, w.Calls(usersPath))
}

func TestWhoeverClerkBannedOrDeletedIsOutWithinAMinute(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w world){
		"banned":  func(w world) { w.Put(sim.User{ID: "user_1", Email: "sara@people.test", Verified: true, Banned: true}) },
		"deleted": func(w world) { w.Remove("user_1") },
	} {
		w := setup(t)
		_, err := w.people.Verify(t.Context(), w.with(nil))
		require.NoError(t, err, name)
		change(w)
		w.pass(time.Minute)
		_, err = w.people.Verify(t.Context(), w.with(nil))
		require.ErrorIs(t, err, identity.ErrBadToken, name)
	}
}

func TestWithoutClerksAnswerThereAreFewerRightsAndNotMore(t *testing.T) {
	t.Parallel()
	another := func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "user_2", "primary_email_address_id": "a", "email_addresses": []any{
			map[string]any{"id": "a", "email_address": "boss@people.test", "verification": map[string]any{"status": "verified"}},
		}})
	}
	for name, lie := range map[string]http.HandlerFunc{
		"away":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"limited":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"a page":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another person": another,
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1/", http.StatusFound)
		},
		"an endless one": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"id":"user_1","x":"` + strings.Repeat("a", 1<<20)))
		},
	} {
		w := setup(t)
		w.Put(sim.User{ID: "user_0"})
		_, err := w.people.Verify(t.Context(), w.Token(w.Claims("user_0", app))) // the keys are known from here on
		require.NoError(t, err, name)
		w.Lie(lie)
		for range 5 {
			caller, err := w.people.Verify(t.Context(), w.with(map[string]any{"email": "boss@people.test"}))
			require.NoError(t, err, name)
			require.Equal(t, "user_1", caller.Subject, name)
			require.Empty(t, caller.Email, name)
			require.False(t, caller.EmailVerified, name)
		}
		require.Equal(t, 1, w.Calls(usersPath), "%s: and Clerk is left alone for a while", name)
		w.Lie(nil)
		w.pass(11 * time.Second)
		caller, err := w.people.Verify(t.Context(), w.with(nil))
		require.NoError(t, err, name)
		require.Equal(t, "sara@people.test", caller.Email, name)
	}
}

func TestClerksKeysRotate(t *testing.T) {
	t.Parallel()
	w := setup(t)
	old := w.with(map[string]any{"exp": w.now.Load() + 80_000})
	_, err := w.people.Verify(t.Context(), old)
	require.NoError(t, err)
	w.pass(2 * time.Minute)
	w.Rotate(true)
	_, err = w.people.Verify(t.Context(), w.with(nil))
	require.NoError(t, err, "JWT-18 the new key is found by itself")
	_, err = w.people.Verify(t.Context(), old)
	require.ErrorIs(t, err, identity.ErrBadToken, "JWT-18 the old one is gone with the set that held it")
	require.Equal(t, 2, w.Calls(keysPath))
}

func TestWithoutClerksKeysNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.Lie(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	for range 3 {
		_, err := w.people.Verify(t.Context(), w.with(nil))
		require.ErrorIs(t, err, jwt.ErrKeysUnavailable, "JWT-17")
	}
	require.Equal(t, 1, w.Calls(keysPath))
}

func TestAPublishableKeyNamesItsInstance(t *testing.T) {
	t.Parallel()
	key := func(kind, host string) string {
		return "pk_" + kind + "_" + base64.StdEncoding.EncodeToString([]byte(host))
	}
	for name, c := range map[string]struct{ key, host string }{
		"of production":     {key("live", "clerk.flomastr.example$"), "clerk.flomastr.example"},
		"of development":    {key("test", "sure-ox-1.clerk.accounts.dev$"), "sure-ox-1.clerk.accounts.dev"},
		"without padding":   {strings.TrimRight(key("live", "clerk.flomastr.example$"), "="), "clerk.flomastr.example"},
		"a secret key":      {strings.Replace(key("live", "clerk.flomastr.example$"), "pk_", "sk_", 1), ""},
		"no dollar sign":    {key("live", "clerk.flomastr.example"), ""},
		"no host":           {key("live", "$"), ""},
		"another directive": {key("live", "x; script-src *$"), ""},
		"a path":            {key("live", "clerk.flomastr.example/x$"), ""},
		"no base64":         {"pk_live_?", ""},
		"nothing":           {"", ""},
	} {
		host, err := clerk.FrontendHost(c.key)
		require.Equal(t, c.host, host, name)
		require.Equal(t, c.host == "", err != nil, name)
	}
}
