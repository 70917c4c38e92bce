package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// people is a verifier and a store at once, held in memory: what it holds is all there is.
type people struct {
	tokens  map[string]identity.Caller
	members map[string][]identity.Membership
	api     map[identity.TokenHash]identity.APIToken
	looked  int
	down    error
	reader  string // the subject of a platform admin
	visit   *identity.Visit
	ended   map[string]bool // sessions that are over, as "issuer session"
	during  func()          // runs in the middle of a look-up
}

func (p *people) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := p.tokens[token]
	if !ok {
		// A broken verifier that hands out claims with its error must not help anybody.
		return identity.Caller{Kind: identity.User, Subject: "forged", Email: "boss@example.com", EmailVerified: true}, identity.ErrBadToken
	}
	return caller, nil
}

func (p *people) Standing(_ context.Context, person identity.Caller) (identity.Standing, error) {
	p.looked++
	if p.down != nil {
		return identity.Standing{}, p.down
	}
	members, ok := p.members[person.Subject]
	if !ok || p.ended[person.Issuer+" "+person.Session] {
		return identity.Standing{}, identity.ErrBadToken
	}
	if p.during != nil {
		p.during()
	}
	return identity.Standing{Memberships: members, PlatformAdmin: p.reader == person.Subject, Visit: p.visit}, nil
}

func (p *people) TokenByHash(_ context.Context, hash identity.TokenHash) (identity.APIToken, error) {
	p.looked++
	if p.down != nil {
		return identity.APIToken{}, p.down
	}
	token, ok := p.api[hash]
	if !ok {
		return identity.APIToken{}, identity.ErrBadToken
	}
	return token, nil
}

const platformToken = "0123456789abcdef0123456789abcdef"

func setup(t *testing.T) (*identity.Authenticator, *people, *time.Time) {
	t.Helper()
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &people{
		tokens:  map[string]identity.Caller{"good": {Issuer: "i", Subject: "boss", Email: "boss@example.com", EmailVerified: true}},
		members: map[string][]identity.Membership{"boss": {{Tenant: flomastr.NewID[flomastr.TenantID](), Role: identity.RoleOwner, Status: identity.MembershipActive}}},
		api:     map[identity.TokenHash]identity.APIToken{},
	}
	admins, err := identity.ParseSuperAdmins("boss@example.com")
	require.NoError(t, err)
	a, err := identity.NewAuthenticator(identity.Config{
		Verifier: p, Store: p, SuperAdmins: admins, PlatformToken: platformToken,
		Clock: func() time.Time { return now },
	})
	require.NoError(t, err)
	return a, p, &now
}

func TestOneHeaderOfOneFormIsRead(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	for name, values := range map[string][]string{
		"lower-case scheme":       {"bearer good"},
		"upper-case scheme":       {"BEARER good"},
		"two spaces":              {"Bearer  good"},
		"no token":                {"Bearer "},
		"no space":                {"Bearer"},
		"empty header":            {""},
		"no scheme":               {"good"},
		"another scheme":          {"Basic good"},
		"trailing space":          {"Bearer good "},
		"leading space":           {" Bearer good"},
		"tab":                     {"Bearer\tgood"},
		"two headers":             {"Bearer good", "Bearer good"},
		"comma-joined":            {"Bearer good, Bearer good"},
		"comma-joined, no spaces": {"Bearer good,good"},
		"newline":                 {"Bearer good\n"},
		"unknown token":           {"Bearer bad"},
	} {
		caller, err := a.Authenticate(t.Context(), values)
		require.Equal(t, flomastr.Unauthenticated, flomastr.KindOf(err), name)
		require.Equal(t, identity.Caller{Kind: identity.Anonymous}, caller, "%s: nothing of a refused token is handed on", name)
	}
	caller, err := a.Authenticate(t.Context(), nil)
	require.NoError(t, err)
	require.False(t, caller.Known())

	caller, err = a.Authenticate(t.Context(), []string{"Bearer good"})
	require.NoError(t, err)
	require.Equal(t, identity.User, caller.Kind)
	require.True(t, caller.SuperAdmin)
	require.Equal(t, flomastr.Actor("user:i|boss"), caller.Actor())
}

func TestVerifierCannotMakeASuperAdmin(t *testing.T) {
	t.Parallel()
	a, p, _ := setup(t)
	p.tokens["claims-it"] = identity.Caller{Kind: identity.Platform, Issuer: "i", Subject: "boss", Email: "x@example.com", EmailVerified: true, SuperAdmin: true}
	p.tokens["unverified"] = identity.Caller{Issuer: "i", Subject: "boss", Email: "boss@example.com"}
	for _, token := range []string{"claims-it", "unverified"} {
		caller, err := a.Authenticate(t.Context(), []string{"Bearer " + token})
		require.NoError(t, err)
		require.Equal(t, identity.User, caller.Kind)
		require.False(t, caller.SuperAdmin, token)
	}
}

func TestPlatformTokenIsComparedWhole(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	caller, err := a.Authenticate(t.Context(), []string{"Bearer " + platformToken})
	require.NoError(t, err)
	require.Equal(t, identity.Platform, caller.Kind)
	for _, near := range []string{platformToken[:31], platformToken + "0", strings.ToUpper(platformToken)} {
		_, err := a.Authenticate(t.Context(), []string{"Bearer " + near})
		require.ErrorIs(t, err, identity.ErrBadToken)
	}
}

func TestWeakOrMissingPlatformTokenLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for _, weak := range []string{"short", "with a space in the middle of it", strings.Repeat("a", 23)} {
		_, err := identity.NewAuthenticator(identity.Config{PlatformToken: weak})
		require.Error(t, err, weak)
		require.NotContains(t, err.Error(), weak)
	}
	a, err := identity.NewAuthenticator(identity.Config{Verifier: &people{}, Store: &people{}, Clock: flomastr.SystemClock})
	require.NoError(t, err)
	_, err = a.Authenticate(t.Context(), []string{"Bearer "})
	require.ErrorIs(t, err, identity.ErrBadToken, "empty never equals empty")
}

func TestAPITokenIsKnownByItsWholeValue(t *testing.T) {
	t.Parallel()
	a, p, now := setup(t)
	secret, hash, prefix := identity.NewTokenSecret()
	soon := now.Add(10 * time.Second)
	kept := identity.APIToken{ID: flomastr.NewID[flomastr.TokenID](), Tenant: flomastr.NewID[flomastr.TenantID](), Scopes: []identity.Scope{"queue:work"}, ExpiresAt: &soon}
	p.api[hash] = kept
	require.True(t, strings.HasPrefix(secret, prefix))
	require.Len(t, prefix, 12)

	caller, err := a.Authenticate(t.Context(), []string{"Bearer " + secret})
	require.NoError(t, err)
	require.Equal(t, kept.Tenant, caller.TokenTenant)
	require.True(t, caller.Has("queue:work"))
	require.False(t, caller.Has("tools:use"))

	for _, near := range []string{secret[:len(secret)-1], secret + "a", strings.ToUpper(secret), prefix, "fm_live_", secret[:len(secret)-1] + "1"} {
		_, err := a.Authenticate(t.Context(), []string{"Bearer " + near})
		require.ErrorIs(t, err, identity.ErrBadToken, near)
	}
	*now = soon
	_, err = a.Authenticate(t.Context(), []string{"Bearer " + secret})
	require.ErrorIs(t, err, identity.ErrBadToken, "a remembered token still expires on time")
}

func TestRemovedPersonIsOutWithinAMinuteAndAGivenRightWorksAtOnce(t *testing.T) {
	t.Parallel()
	a, p, now := setup(t)
	p.tokens["new"] = identity.Caller{Issuer: "i", Subject: "new"}
	_, err := a.Authenticate(t.Context(), []string{"Bearer new"})
	require.ErrorIs(t, err, identity.ErrBadToken)
	p.members["new"] = nil
	_, err = a.Authenticate(t.Context(), []string{"Bearer new"})
	require.NoError(t, err, "a refusal is not remembered")

	before := p.looked
	for range 100 {
		_, err = a.Authenticate(t.Context(), []string{"Bearer new"})
		require.NoError(t, err)
	}
	require.Equal(t, before, p.looked, "a good answer is remembered")

	delete(p.members, "new")
	*now = now.Add(time.Minute)
	_, err = a.Authenticate(t.Context(), []string{"Bearer new"})
	require.ErrorIs(t, err, identity.ErrBadToken)

	p.members["new"] = nil
	_, err = a.Authenticate(t.Context(), []string{"Bearer new"})
	require.NoError(t, err)
	delete(p.members, "new")
	a.Forget()
	_, err = a.Authenticate(t.Context(), []string{"Bearer new"})
	require.ErrorIs(t, err, identity.ErrBadToken, "a server that made the change itself looks again")
}

func TestWhatIsRememberedOfOneSessionSaysNothingOfAnother(t *testing.T) {
	t.Parallel()
	a, p, _ := setup(t)
	p.tokens["open"] = identity.Caller{Issuer: "i", Subject: "boss", Session: "s1"}
	p.tokens["signed-out"] = identity.Caller{Issuer: "i", Subject: "boss", Session: "s2"}
	p.tokens["other-issuer"] = identity.Caller{Issuer: "j", Subject: "boss", Session: "s1"}
	p.ended = map[string]bool{"i s2": true, "j s1": true}
	_, err := a.Authenticate(t.Context(), []string{"Bearer open"})
	require.NoError(t, err)
	for _, token := range []string{"signed-out", "other-issuer"} {
		_, err := a.Authenticate(t.Context(), []string{"Bearer " + token})
		require.ErrorIs(t, err, identity.ErrBadToken, token)
	}
}

func TestAVisitIsOverToTheSecondWhateverIsRemembered(t *testing.T) {
	t.Parallel()
	a, p, now := setup(t)
	visited := flomastr.NewID[flomastr.TenantID]()
	p.visit = &identity.Visit{ID: flomastr.NewID[flomastr.VisitID](), Tenant: visited, EndsAt: now.Add(20 * time.Second)}
	place := func() (identity.Caller, identity.Membership) {
		caller, err := a.Authenticate(t.Context(), []string{"Bearer good"})
		require.NoError(t, err)
		member, err := a.Membership(t.Context(), visited, caller)
		require.NoError(t, err)
		return caller, member
	}
	*now = now.Add(20*time.Second - 1)
	caller, member := place()
	require.NotNil(t, caller.Visit)
	require.True(t, member.Visiting())
	*now = now.Add(1) // the store is not asked again, or its clock is slow
	caller, member = place()
	require.Nil(t, caller.Visit)
	require.False(t, member.Active())
}

func TestALookUpThatBeganBeforeAChangeIsNotRemembered(t *testing.T) {
	t.Parallel()
	a, p, _ := setup(t)
	p.during = func() { // what the look-up has read is out of date before it ends
		a.Forget()
		p.during = nil
	}
	_, err := a.Authenticate(t.Context(), []string{"Bearer good"})
	require.NoError(t, err)
	delete(p.members, "boss")
	_, err = a.Authenticate(t.Context(), []string{"Bearer good"})
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestAMembershipThatWasJustGivenCountsAtOnce(t *testing.T) {
	t.Parallel()
	a, p, _ := setup(t)
	caller, err := a.Authenticate(t.Context(), []string{"Bearer good"})
	require.NoError(t, err)
	tenant := flomastr.NewID[flomastr.TenantID]()
	m, err := a.Membership(t.Context(), tenant, caller)
	require.NoError(t, err)
	require.False(t, m.Active())
	only, err := a.OnlyMembership(t.Context(), caller)
	require.NoError(t, err)
	require.Equal(t, identity.RoleOwner, only.Role)

	p.members["boss"] = append(p.members["boss"], identity.Membership{Tenant: tenant, Role: identity.RoleMember, Status: identity.MembershipActive})
	m, err = a.Membership(t.Context(), tenant, caller)
	require.NoError(t, err)
	require.Equal(t, identity.RoleMember, m.Role)
	only, err = a.OnlyMembership(t.Context(), caller)
	require.NoError(t, err)
	require.Zero(t, only, "one of two is nobody's default")

	for _, service := range []identity.Caller{{Kind: identity.Platform}, {Kind: identity.Token}, {}} {
		m, err := a.Membership(t.Context(), tenant, service)
		require.NoError(t, err)
		require.Zero(t, m)
	}
}

func TestDatabaseThatIsAwayLetsNobodyIn(t *testing.T) {
	t.Parallel()
	a, p, _ := setup(t)
	p.down = flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "away").Because(errors.New("refused"))
	secret, _, _ := identity.NewTokenSecret()
	for _, token := range []string{"good", secret} {
		caller, err := a.Authenticate(t.Context(), []string{"Bearer " + token})
		require.Equal(t, flomastr.Unavailable, flomastr.KindOf(err))
		require.False(t, caller.Known())
	}
}

func TestTokensNeverRepeat(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		secret, hash, _ := identity.NewTokenSecret()
		require.False(t, seen[secret])
		seen[secret] = true
		again, err := identity.HashToken(secret)
		require.NoError(t, err)
		require.Equal(t, hash, again)
	}
}

func FuzzAuthorizationHeaderNeverLetsAnybodyIn(f *testing.F) {
	for _, s := range []string{"", "Bearer", "Bearer ", "Bearer fm_live_", "Bearer a.b.c", "Basic eDp5", "Bearer \x00"} {
		f.Add(s)
	}
	p := &people{}
	a, err := identity.NewAuthenticator(identity.Config{Verifier: p, Store: p, PlatformToken: platformToken, Clock: flomastr.SystemClock})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		caller, err := a.Authenticate(t.Context(), []string{header})
		if err == nil && header != "Bearer "+platformToken {
			t.Fatalf("%q was let in as %v", header, caller)
		}
	})
}
