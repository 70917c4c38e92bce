package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

const foreignIssuer = "https://clerk.example.com"

func TestWhatAnIssuerSaysDecidesWhoMayAct(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Date(2030, 1, 1, 0, 0, seconds, 0, time.UTC) }
	news := func(id string, second int, change func(*identity.IssuerNews)) identity.IssuerNews {
		n := identity.IssuerNews{Issuer: foreignIssuer, MessageID: id, Subject: "user_1", SaidAt: at(second)}
		change(&n)
		return n
	}
	banned := func(n *identity.IssuerNews) { n.Disabled = true }
	deleted := func(n *identity.IssuerNews) { n.Deleted = true }
	well := func(*identity.IssuerNews) {}
	ended := func(n *identity.IssuerNews) { n.Subject, n.EndedSession = "", "sess_1" }
	for name, c := range map[string]struct {
		said []identity.IssuerNews
		may  bool
	}{
		"nothing":                       {nil, true},
		"that all is well":              {[]identity.IssuerNews{news("a", 1, well)}, true},
		"banned":                        {[]identity.IssuerNews{news("a", 1, banned)}, false},
		"banned and forgiven":           {[]identity.IssuerNews{news("a", 1, banned), news("b", 2, well)}, true},
		"the older news later":          {[]identity.IssuerNews{news("a", 2, banned), news("b", 1, well)}, false},
		"the same message twice":        {[]identity.IssuerNews{news("a", 1, well), news("a", 2, banned)}, true},
		"deleted":                       {[]identity.IssuerNews{news("a", 1, deleted)}, false},
		"deleted, and well after all":   {[]identity.IssuerNews{news("a", 1, deleted), news("b", 2, well)}, false},
		"deleted, said before the rest": {[]identity.IssuerNews{news("a", 2, well), news("b", 1, deleted)}, false},
		"the session ended":             {[]identity.IssuerNews{news("a", 1, ended)}, false},
		"of another person":             {[]identity.IssuerNews{news("a", 1, func(n *identity.IssuerNews) { n.Subject, n.Disabled = "user_2", true })}, true},
		"another session ended":         {[]identity.IssuerNews{news("a", 1, func(n *identity.IssuerNews) { n.Subject, n.EndedSession = "", "sess_2" })}, true},
		"another issuer's of that name": {[]identity.IssuerNews{news("a", 1, func(n *identity.IssuerNews) { n.Issuer, n.Disabled = "https://other.example.com", true })}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := postgres.NewIdentityStore(postgrestest.Open(t))
			for _, n := range c.said {
				require.NoError(t, store.Learn(t.Context(), n))
			}
			_, err := store.Standing(t.Context(), identity.Caller{Kind: identity.User, Issuer: foreignIssuer, Subject: "user_1", Session: "sess_1"})
			if c.may {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, identity.ErrBadToken)
		})
	}
}

func TestANewAddressIsFollowedAndMakesNobodyAMember(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	store := postgres.NewIdentityStore(db)
	tenant := postgrestest.Tenant(t, db)
	require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO tenant_memberships (tenant_id, id, issuer, subject, email, role)
			VALUES ($1, $2, $3, 'user_1', 'old@people.test', 'admin')`, tenant, flomastr.NewID[flomastr.MembershipID](), foreignIssuer)
		return err
	}))
	require.NoError(t, store.Learn(t.Context(), identity.IssuerNews{Issuer: foreignIssuer, MessageID: "a", Subject: "user_1", SaidAt: time.Now(), Email: "new@people.test"}))
	require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		var email string
		var lines int
		err := tx.QueryRow(t.Context(), `
			SELECT (SELECT email FROM tenant_memberships WHERE tenant_id = $1),
			       (SELECT count(*) FROM audit_log WHERE tenant_id = $1 AND action = 'membership.email_changed')`, tenant).Scan(&email, &lines)
		require.Equal(t, "new@people.test", email)
		require.Equal(t, 1, lines)
		return err
	}))
	for name, other := range map[string]identity.Caller{
		"another subject with the address": {Issuer: foreignIssuer, Subject: "user_2", Email: "new@people.test", EmailVerified: true},
		"another issuer's with the id":     {Issuer: "https://other.example.com", Subject: "user_1", Email: "new@people.test", EmailVerified: true},
	} {
		standing, err := store.Standing(t.Context(), other)
		require.NoError(t, err, name)
		require.Empty(t, standing.Memberships, name)
	}
}

func TestAnIssuersMessageIsActedOnOnceByMany(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	store := postgres.NewIdentityStore(db)
	said := identity.IssuerNews{Issuer: foreignIssuer, MessageID: "a", Subject: "user_1", SaidAt: time.Now(), Disabled: true}
	done := make(chan error)
	const times = 12
	for range times {
		go func() { done <- store.Learn(t.Context(), said) }()
	}
	for range times {
		require.NoError(t, <-done)
	}
	require.NoError(t, db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		var lines int
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM platform_audit_log WHERE action = 'person.disabled'`).Scan(&lines)
		require.Equal(t, 1, lines)
		return err
	}))
	require.NoError(t, store.SweepIssuers(t.Context()))
}
