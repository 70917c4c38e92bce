package worker_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/mail"
	"github.com/flomastr/flomastr/mail/smtp"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/sim/mailcatcher"
	"github.com/flomastr/flomastr/worker"
)

type plainBrand struct{}

func (plainBrand) Brand(context.Context, flomastr.TenantID) (mail.Brand, error) {
	return mail.Brand{Name: "Bright Smile"}, nil
}

// postOffice is a team whose invitations go by mail, and the server that takes them.
func postOffice(t *testing.T) (team *identity.Team, tenant flomastr.TenantID, catcher *mailcatcher.Catcher, start func()) {
	t.Helper()
	db := postgrestest.Open(t)
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	catcher, err = mailcatcher.Open(t.Context(), mailcatcher.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = catcher.Close() })
	carrier, err := smtp.New(smtp.Config{URL: "smtp://" + catcher.Address()})
	require.NoError(t, err)
	team = identity.NewTeam(identity.TeamDeps{
		Store: postgres.NewIdentityStore(db), Seal: keys, Clock: flomastr.SystemClock, PublicURL: "https://app.example.com", Mailed: true, ByMail: true,
	})
	return team, postgrestest.Tenant(t, db), catcher, func() {
		stop, err := db.StartJobs(t.Context(), postgres.Jobs{
			Workers: worker.Kinds(worker.Engines{
				Team: team, Mail: mail.New(mail.Deps{Brands: plainBrand{}, Carrier: carrier, From: "no-reply@example.com"}), Log: slog.New(slog.DiscardHandler),
			}),
			Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(func() { _ = stop(context.Background()) })
	}
}

func invite(t *testing.T, team *identity.Team, tenant flomastr.TenantID, email string) flomastr.MembershipID {
	t.Helper()
	owner := identity.Membership{Tenant: tenant, Role: identity.RoleOwner, Status: identity.MembershipActive}
	made, link, err := team.Invite(t.Context(), identity.Caller{Kind: identity.User, Issuer: "i", Subject: "s"}, owner, email, identity.RoleMember, "en")
	require.NoError(t, err)
	require.Empty(t, link, "a link that verifies the address goes to the address alone")
	return made.ID
}

func mailState(t *testing.T, team *identity.Team, tenant flomastr.TenantID, email string) func() bool {
	return func() bool {
		page, err := team.Members(t.Context(), tenant, flomastr.MembershipID{}, 10)
		require.NoError(t, err)
		for _, m := range page {
			if m.Email == email {
				return m.Mail == identity.MailSent
			}
		}
		return false
	}
}

func TestAnInvitationIsMailedOnceAndItsLinkWorks(t *testing.T) {
	t.Parallel()
	team, tenant, catcher, start := postOffice(t)
	invite(t, team, tenant, "sara@example.com")
	start()
	require.Eventually(t, mailState(t, team, tenant, "sara@example.com"), 20*time.Second, 20*time.Millisecond)
	mails := catcher.Mails()
	require.Len(t, mails, 1)
	require.Equal(t, "sara@example.com", mails[0].To)
	text := strings.ReplaceAll(mails[0].Data, "=\r\n", "") // quoted-printable's soft line ends
	_, token, found := strings.Cut(text, "https://app.example.com/invite/")
	require.True(t, found, text)
	invited, err := team.Look(t.Context(), token[:43])
	require.NoError(t, err)
	require.True(t, invited.ByMail)
	require.Empty(t, catcher.Breaches())
}

func TestAMailThatIsRefusedForGoodIsSeen(t *testing.T) {
	t.Parallel()
	team, tenant, catcher, start := postOffice(t)
	catcher.Refuse("550 5.1.1 no such mailbox")
	id := invite(t, team, tenant, "gone@example.com")
	start()
	failed := func() bool {
		page, err := team.Members(t.Context(), tenant, flomastr.MembershipID{}, 10)
		require.NoError(t, err)
		return len(page) == 1 && page[0].Mail == identity.MailFailed
	}
	require.Eventually(t, failed, 20*time.Second, 20*time.Millisecond)
	owner := identity.Membership{Tenant: tenant, Role: identity.RoleOwner, Status: identity.MembershipActive}
	_, _, err := team.InviteAgain(t.Context(), identity.Caller{Kind: identity.User}, owner, id)
	require.NoError(t, err)
	require.Eventually(t, mailState(t, team, tenant, "gone@example.com"), 20*time.Second, 20*time.Millisecond)
	require.Len(t, catcher.Mails(), 1)
}

func TestARevokedInvitationIsNotMailed(t *testing.T) {
	t.Parallel()
	team, tenant, catcher, start := postOffice(t)
	id := invite(t, team, tenant, "revoked@example.com")
	invite(t, team, tenant, "later@example.com")
	owner := identity.Membership{Tenant: tenant, Role: identity.RoleOwner, Status: identity.MembershipActive}
	require.NoError(t, team.Remove(t.Context(), identity.Caller{Kind: identity.User}, owner, id))
	start()
	require.Eventually(t, mailState(t, team, tenant, "later@example.com"), 20*time.Second, 20*time.Millisecond)
	require.Len(t, catcher.Mails(), 1)
}
