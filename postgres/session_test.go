package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/jwt"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
)

// signIns is the built-in provider on a real database, with a verifier that fetches its key set.
type signIns struct {
	db       *postgres.DB
	store    *postgres.IdentityStore
	provider *local.Provider
	verifier *jwt.Verifier
	gate     *identity.Authenticator
	now      *time.Time
}

const (
	email    = "Sara@example.com"
	password = "Otter Lamp Ferry Quilt"
)

func setupSignIns(t *testing.T) signIns {
	t.Helper()
	db := postgrestest.Open(t)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	now := time.Now().Truncate(time.Second)
	clock := func() time.Time { return now }
	s := signIns{db: db, store: postgres.NewIdentityStore(db), now: &now}
	s.provider = local.New(local.Deps{
		Store: s.store, Seal: keys, Clock: clock,
		// Cheap hashes: these tests are about what happens around them.
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	s.verifier, err = jwt.New(clock, local.Trusted(s.provider))
	require.NoError(t, err)
	admins, err := identity.ParseSuperAdmins(email)
	require.NoError(t, err)
	s.gate, err = identity.NewAuthenticator(identity.Config{Verifier: s.verifier, Store: s.store, SuperAdmins: admins, Clock: clock})
	require.NoError(t, err)
	_, err = s.provider.Enrol(t.Context(), flomastr.ActorSystem, email, password)
	require.NoError(t, err)
	return s
}

func (s signIns) signIn(t *testing.T, email, password, ip string) (identity.Grant, error) {
	t.Helper()
	return s.provider.SignIn(t.Context(), identity.SignIn{Email: email, Password: password, From: identity.Origin{RemoteIP: ip}})
}

func (s signIns) authenticate(t *testing.T, access string) (identity.Caller, error) {
	t.Helper()
	s.gate.Forget()
	return s.gate.Authenticate(t.Context(), []string{"Bearer " + access})
}

func TestSignInGivesATokenThatVerifiesThroughThePublishedKeys(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, "SARA@EXAMPLE.com", password, "203.0.113.7")
	require.NoError(t, err)
	require.Equal(t, 10*time.Minute, grant.ExpiresIn)
	caller, err := s.authenticate(t, grant.AccessToken)
	require.NoError(t, err)
	require.Equal(t, identity.LocalIssuer, caller.Issuer)
	require.Equal(t, grant.Account.ID.String(), caller.Subject)
	require.Equal(t, email, caller.Email, "the address as it was enrolled, not as it was typed")
	require.True(t, caller.SuperAdmin)

	*s.now = s.now.Add(10*time.Minute + 11*time.Second)
	_, err = s.authenticate(t, grant.AccessToken)
	require.ErrorIs(t, err, identity.ErrBadToken, "ten minutes, and ten seconds of skew")
}

func TestTwoServersShareOneSigningKey(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.provider.KeySet(t.Context()); err != nil {
				t.Errorf("key set: %v", err)
			}
		})
	}
	wg.Wait()
	keys, err := s.store.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.NotContains(t, string(keys[0].PublicJWK), `"d"`)
}

func TestWrongSignInsAreOneAnswer(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	_, err := s.provider.Enrol(t.Context(), flomastr.ActorSystem, "disabled@example.com", password)
	require.NoError(t, err)
	require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE accounts SET disabled = true WHERE email = 'disabled@example.com'`)
		return err
	}))
	_, err = s.store.Enrol(t.Context(), flomastr.ActorSystem, "invited@example.com", "")
	require.NoError(t, err)
	for i, try := range []struct{ email, password string }{
		{email, "wrong"},
		{email, password + " "},
		{email, strings.ToLower(password)},
		{"nobody@example.com", password},
		{"disabled@example.com", password},
		{"invited@example.com", password},
		{"invited@example.com", ""},
		{"not an address", password},
		{"ｓara@example.com", password},
		{email, strings.Repeat("x", 200)},
		{email, strings.Repeat("x", 1<<20)},
		{email, "\xff\xfe"},
	} {
		grant, err := s.signIn(t, try.email, try.password, fmt.Sprintf("198.51.100.%d", i))
		require.Equal(t, identity.ErrBadCredentials, err, "%d: exactly the same error", i)
		require.Zero(t, grant)
	}
}

func TestPasswordIsComparedWholeAndNormalised(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	long := strings.Repeat("otter lamp ferry quilt ", 4) // past the 72 bytes where bcrypt stops reading
	_, err := s.provider.Enrol(t.Context(), flomastr.ActorSystem, "long@example.com", long+"one")
	require.NoError(t, err)
	_, err = s.signIn(t, "long@example.com", long+"two", "")
	require.ErrorIs(t, err, identity.ErrBadCredentials)
	_, err = s.signIn(t, "long@example.com", long+"one", "")
	require.NoError(t, err)

	_, err = s.provider.Enrol(t.Context(), flomastr.ActorSystem, "nfc@example.com", "Crème brûlée für Zoë 🦦")
	require.NoError(t, err)
	_, err = s.signIn(t, "nfc@example.com", "Cre\u0300me bru\u0302le\u0301e fu\u0308r Zoe\u0308 🦦", "")
	require.NoError(t, err, "another keyboard's form of the same letters")
}

func TestRefreshTokenIsGoodOnceAndReuseEndsTheSession(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	first, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	other, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	second, err := s.provider.Refresh(t.Context(), first.RefreshToken)
	require.NoError(t, err)
	third, err := s.provider.Refresh(t.Context(), second.RefreshToken)
	require.NoError(t, err)
	_, err = s.authenticate(t, third.AccessToken)
	require.NoError(t, err)

	// The oldest token of the family, long rotated away, is still known for what it is.
	_, err = s.provider.Refresh(t.Context(), first.RefreshToken)
	require.ErrorIs(t, err, identity.ErrBadRefresh)
	_, err = s.provider.Refresh(t.Context(), third.RefreshToken)
	require.ErrorIs(t, err, identity.ErrBadRefresh, "the thief's and the owner's are both dead")
	_, err = s.authenticate(t, third.AccessToken)
	require.ErrorIs(t, err, identity.ErrBadToken, "so is the access token")
	_, err = s.provider.Refresh(t.Context(), other.RefreshToken)
	require.NoError(t, err, "another session is another family")
}

func TestOneOfManyRefreshesAtOnceWins(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	var mu sync.Mutex
	var won int
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.provider.Refresh(t.Context(), grant.RefreshToken); err == nil {
				mu.Lock()
				won++
				mu.Unlock()
			} else if !errors.Is(err, identity.ErrBadRefresh) {
				t.Errorf("refresh: %v", err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, won)
}

func TestForeignRefreshTokensEndNothing(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	for _, raw := range []string{
		"", ".", "a.b", grant.RefreshToken[:len(grant.RefreshToken)-1], grant.RefreshToken + "A",
		strings.Repeat("A", 22) + "." + strings.Repeat("A", 43), strings.Repeat("A", 1<<20),
	} {
		_, err := s.provider.Refresh(t.Context(), raw)
		require.ErrorIs(t, err, identity.ErrBadRefresh)
		require.NoError(t, s.provider.SignOut(t.Context(), raw))
	}
	_, err = s.provider.Refresh(t.Context(), grant.RefreshToken)
	require.NoError(t, err)
}

func TestSignOutEndsTheServersState(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	require.NoError(t, s.provider.SignOut(t.Context(), grant.RefreshToken))
	_, err = s.provider.Refresh(t.Context(), grant.RefreshToken)
	require.ErrorIs(t, err, identity.ErrBadRefresh)
	_, err = s.authenticate(t, grant.AccessToken)
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestASessionEndsWithItsAccountAndItsTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql           string
		letsTokenLive bool // an access token lives ten minutes at most: it needs no look at how long ago the cookie was used
	}{
		"the account is disabled":        {sql: `UPDATE accounts SET disabled = true`},
		"the session's days are over":    {sql: `UPDATE sessions SET expires_at = now()`},
		"nobody was here for seven days": {sql: `UPDATE sessions SET rotated_at = now() - interval '7 days'`, letsTokenLive: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupSignIns(t)
			grant, err := s.signIn(t, email, password, "")
			require.NoError(t, err)
			_, err = s.authenticate(t, grant.AccessToken)
			require.NoError(t, err)
			require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), c.sql)
				return err
			}))
			if _, err = s.authenticate(t, grant.AccessToken); !c.letsTokenLive {
				require.ErrorIs(t, err, identity.ErrBadToken)
			}
			_, err = s.provider.Refresh(t.Context(), grant.RefreshToken)
			require.ErrorIs(t, err, identity.ErrBadRefresh)
		})
	}
}

func TestPasswordChangeEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	elsewhere, err := s.signIn(t, email, password, "203.0.113.9")
	require.NoError(t, err)
	here, err := s.signIn(t, email, password, "203.0.113.7")
	require.NoError(t, err)
	caller, err := s.authenticate(t, here.AccessToken)
	require.NoError(t, err)

	_, err = s.provider.ChangePassword(t.Context(), caller, "wrong", "Violin Marsh Teapot 9", identity.Origin{RemoteIP: "203.0.113.7"})
	require.ErrorIs(t, err, local.ErrOldPassword)
	_, err = s.provider.ChangePassword(t.Context(), caller, password, "too short", identity.Origin{RemoteIP: "203.0.113.7"})
	require.ErrorIs(t, err, local.ErrPassword)
	again, err := s.provider.ChangePassword(t.Context(), caller, password, "Violin Marsh Teapot 9", identity.Origin{RemoteIP: "203.0.113.7"})
	require.NoError(t, err)

	for _, old := range []identity.Grant{elsewhere, here} {
		_, err = s.authenticate(t, old.AccessToken)
		require.ErrorIs(t, err, identity.ErrBadToken)
		_, err = s.provider.Refresh(t.Context(), old.RefreshToken)
		require.ErrorIs(t, err, identity.ErrBadRefresh)
	}
	_, err = s.authenticate(t, again.AccessToken)
	require.NoError(t, err)
	_, err = s.signIn(t, email, password, "203.0.113.7")
	require.ErrorIs(t, err, identity.ErrBadCredentials)
}

func TestGuessingIsSlowedDownAndTheOwnerStillGetsIn(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	for _, target := range []string{email, "nobody@example.com"} {
		var limited, wrong int
		for range 100 {
			_, err := s.signIn(t, target, "wrong guess", "198.51.100.1")
			switch flomastr.KindOf(err) {
			case flomastr.Limited:
				limited++
				var e *flomastr.Error
				require.ErrorAs(t, err, &e)
				require.Positive(t, e.RetryAfter)
			case flomastr.Unauthenticated:
				wrong++
			default:
				t.Fatalf("sign in: %v", err)
			}
		}
		require.GreaterOrEqual(t, wrong, 10, target)
		require.Less(t, wrong, 20, "%s: a known and an unknown address are slowed down alike", target)
		require.Positive(t, limited)
	}
	// The pause is a second or two by now and may pass while we look: hold it.
	require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE sign_in_failures SET blocked_until = now() + interval '1 hour' WHERE blocked_until IS NOT NULL`)
		return err
	}))
	_, err := s.signIn(t, email, password, "198.51.100.1")
	require.Equal(t, flomastr.Limited, flomastr.KindOf(err), "the right password does not pass a blocked network")
	_, err = s.signIn(t, email, password, "203.0.113.7")
	require.NoError(t, err, "the owner gets in from elsewhere")
}

func TestGuessesAtOnceAreCountedToo(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	var mu sync.Mutex
	judged := 0
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := s.signIn(t, email, "wrong guess", "198.51.100.1")
			if errors.Is(err, identity.ErrBadCredentials) {
				mu.Lock()
				judged++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Less(t, judged, 15)
	require.GreaterOrEqual(t, judged, 10)
}

func TestOneNetworkCannotTryManyAccounts(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	limited := 0
	for i := range 80 {
		// Every address of one /64 is one network.
		_, err := s.signIn(t, fmt.Sprintf("user%d@example.com", i), "wrong guess", fmt.Sprintf("2001:db8::%x", i+1))
		if flomastr.KindOf(err) == flomastr.Limited {
			limited++
		}
	}
	require.Positive(t, limited)
	_, err := s.signIn(t, email, password, "2001:db8:0:1::1")
	require.NoError(t, err)
}

func TestGuessesFromManyNetworksStopAtAHundredButNotForTheOwner(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	_, err := s.signIn(t, email, password, "203.0.113.7")
	require.NoError(t, err)
	judged := 0
	for i := range 130 {
		_, err := s.signIn(t, email, "wrong guess", fmt.Sprintf("198.51.%d.%d", i/100, i%100))
		if errors.Is(err, identity.ErrBadCredentials) {
			judged++
		}
	}
	require.LessOrEqual(t, judged, 100)
	_, err = s.signIn(t, email, password, "198.18.0.1")
	require.Equal(t, flomastr.Limited, flomastr.KindOf(err))
	_, err = s.signIn(t, email, password, "203.0.113.7")
	require.NoError(t, err, "a network that the owner uses is not held to the account's limit")
}

func TestRightPasswordsAreNotCounted(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	for range 120 {
		_, err := s.signIn(t, email, password, "203.0.113.7")
		require.NoError(t, err)
	}
}

func TestEnrollingAgainWithTheSamePasswordEndsNoSession(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	again, err := s.provider.Enrol(t.Context(), flomastr.ActorSystem, email, password)
	require.NoError(t, err)
	require.Equal(t, grant.Account.ID, again.ID)
	_, err = s.authenticate(t, grant.AccessToken)
	require.NoError(t, err)
	_, err = s.provider.Enrol(t.Context(), flomastr.ActorSystem, email, "Violin Marsh Teapot 9")
	require.NoError(t, err)
	_, err = s.authenticate(t, grant.AccessToken)
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestAFirstPasswordIsGivenOnce(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	_, err := s.provider.SetUpPassword(t.Context(), flomastr.ActorSystem, email)
	require.ErrorIs(t, err, local.ErrHasPassword)
	_, err = s.provider.SetUpPassword(t.Context(), flomastr.ActorSystem, "nobody@example.com")
	require.ErrorIs(t, err, identity.ErrNoAccount)
	_, err = s.store.Enrol(t.Context(), flomastr.ActorSystem, "invited@example.com", "")
	require.NoError(t, err)
	first, err := s.provider.SetUpPassword(t.Context(), flomastr.ActorSystem, "invited@example.com")
	require.NoError(t, err)
	_, err = s.signIn(t, "invited@example.com", first, "")
	require.NoError(t, err)
	_, err = s.provider.SetUpPassword(t.Context(), flomastr.ActorSystem, "invited@example.com")
	require.ErrorIs(t, err, local.ErrHasPassword)
}

func TestTheSweepForgetsOnlyWhatIsOver(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "203.0.113.7")
	require.NoError(t, err)
	_, err = s.signIn(t, email, "wrong guess", "198.51.100.1")
	require.ErrorIs(t, err, identity.ErrBadCredentials)
	count := func() (counters, sessions int) {
		require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM sign_in_failures WHERE failures > 0), (SELECT count(*) FROM sessions)`).Scan(&counters, &sessions)
		}))
		return counters, sessions
	}
	require.NoError(t, s.store.SweepSignIns(t.Context()))
	counters, sessions := count()
	require.Equal(t, 3, counters)
	require.Equal(t, 1, sessions)
	require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE sign_in_failures SET last_at = now() - interval '3 days'`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE sessions SET ended_at = now() - interval '91 days'`)
		return err
	}))
	require.NoError(t, s.store.SweepSignIns(t.Context()))
	counters, sessions = count()
	require.Zero(t, counters)
	require.Zero(t, sessions)
	_, err = s.authenticate(t, grant.AccessToken)
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestAnotherMasterKeyIsAClearError(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	_, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	other, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	again := local.New(local.Deps{Store: s.store, Seal: other, Clock: flomastr.SystemClock})
	_, err = again.SignIn(t.Context(), identity.SignIn{Email: email, Password: password})
	require.ErrorIs(t, err, secret.ErrUnknownKey)
}

func TestNothingSecretIsStoredInTheClear(t *testing.T) {
	t.Parallel()
	s := setupSignIns(t)
	grant, err := s.signIn(t, email, password, "")
	require.NoError(t, err)
	require.NoError(t, s.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		for _, table := range []string{"accounts", "sessions", "signing_keys", "sign_in_failures", "platform_audit_log"} {
			var text string
			err := tx.QueryRow(t.Context(), `SELECT coalesce(string_agg(t::text, ' '), '') FROM `+table+` t`).Scan(&text)
			if err != nil {
				return err
			}
			for _, secret := range []string{password, grant.RefreshToken, grant.AccessToken, strings.Split(grant.RefreshToken, ".")[1]} {
				require.NotContains(t, text, secret, table)
			}
		}
		return nil
	}))
}
