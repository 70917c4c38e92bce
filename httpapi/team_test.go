package httpapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const newPassword = "Velvet Canyon Drum Six"

type teamRow struct {
	ID     string `json:"id"`
	UserID string `json:"user_id"`
	Email  string `json:"email"`
	Role   string `json:"role"`
	Status string `json:"status"`
	Mail   string `json:"mail"`
	You    bool   `json:"you"`
}

func (h *house) members(t *testing.T, bearer, slug string) map[string]teamRow {
	t.Helper()
	got := h.call(t, "GET", "/routes/tenants/"+slug+"/members", bearer, "")
	require.Equal(t, 200, got.Code, got.Body)
	var body struct{ Members []teamRow }
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
	team := map[string]teamRow{}
	for _, m := range body.Members {
		team[m.Email] = m
	}
	return team
}

func (h *house) invite(t *testing.T, bearer, slug, email, role string) (id, token string) {
	t.Helper()
	got := h.call(t, "POST", "/routes/tenants/"+slug+"/members", bearer, fmt.Sprintf(`{"email":%q,"role":%q}`, email, role))
	require.Equal(t, 201, got.Code, got.Body)
	token, ok := strings.CutPrefix(got.field("link"), "http://localhost:8000/invite/")
	require.True(t, ok, got.Body)
	return got.field("id"), token
}

func (h *house) accept(t *testing.T, token, bearer, password string) answer {
	t.Helper()
	body := `{}`
	if password != "" {
		body = fmt.Sprintf(`{"password":%q}`, password)
	}
	return h.call(t, "POST", "/auth/invitations/"+token+"/accept", bearer, body)
}

// provisionOnly makes a tenant whose owner has not come in yet.
func (h *house) provisionOnly(t *testing.T, root, slug, owner string) answer {
	t.Helper()
	got := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, fmt.Sprintf(`{"tenant_slug":%q,"owner_email":%q}`, slug, owner))
	require.Equal(t, 201, got.Code, got.Body)
	return got
}

// join invites an address and signs it up.
func (h *house) join(t *testing.T, bearer, slug, email, role string) (id, access string) {
	t.Helper()
	id, token := h.invite(t, bearer, slug, email, role)
	got := h.accept(t, token, "", newPassword)
	require.Equal(t, 200, got.Code, got.Body)
	var body struct {
		Session struct {
			AccessToken string `json:"access_token"`
		}
	}
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
	return id, body.Session.AccessToken
}

func TestAnInvitedPersonSignsUpAndIsInTheTeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	id, token := h.invite(t, owner, "alpha", "Sara@Example.com", "admin")
	pending := h.members(t, owner, "alpha")["Sara@example.com"]
	require.Equal(t, teamRow{ID: id, Email: "Sara@example.com", Role: "admin", Status: "pending", Mail: "none"}, pending)

	page := h.call(t, "GET", "/auth/invitations/"+token, "", "")
	require.Equal(t, 200, page.Code, page.Body)
	require.Equal(t, "S•••@example.com", page.field("email"))
	require.Equal(t, "false", page.field("has_account"))
	require.Contains(t, page.field("tenant"), `"slug":"alpha"`)
	require.NotContains(t, page.Body.String(), "Sara")

	require.Equal(t, 422, h.accept(t, token, "", "short").Code)
	require.Equal(t, 422, h.call(t, "POST", "/auth/invitations/"+token+"/accept", "", `{"password":"`+newPassword+`","role":"owner"}`).Code, "a role is not for the invited to say")
	require.Equal(t, 401, h.accept(t, token, "", "").Code, "neither a password nor anybody")
	got := h.accept(t, token, "", newPassword)
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, []string{"alpha", "admin"}, []string{got.field("tenant_slug"), got.field("role")})
	require.Contains(t, got.Header().Get("Set-Cookie"), "refresh=")
	joined := h.members(t, owner, "alpha")["Sara@example.com"]
	require.Equal(t, id, joined.ID, "the invitation's id is the membership's")
	require.Equal(t, []string{"admin", "active"}, []string{joined.Role, joined.Status})
	in := h.signIn(t, "sara@example.com", newPassword)
	require.Equal(t, 200, in.Code, in.Body)
	require.True(t, h.members(t, in.field("access_token"), "alpha")["Sara@example.com"].You)
}

func TestAnInvitationThatCannotBeUsedLooksTheSameWhyever(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, owner := h.provision(t, root, "alpha")
	_, other := h.provision(t, root, "beta")
	_, used := h.invite(t, owner, "alpha", "used@example.com", "member")
	require.Equal(t, 200, h.accept(t, used, "", newPassword).Code)
	revokedID, revoked := h.invite(t, owner, "alpha", "revoked@example.com", "member")
	require.Equal(t, 204, h.call(t, "DELETE", "/routes/tenants/alpha/members/"+revokedID, owner, "").Code)
	_, expired := h.invite(t, owner, "alpha", "expired@example.com", "member")
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE invitations SET expires_at = now() WHERE email = 'expired@example.com'`)
		return err
	}))
	replacedID, replaced := h.invite(t, owner, "alpha", "again@example.com", "member")
	again := h.call(t, "POST", "/routes/tenants/alpha/members/"+replacedID+"/invite-again", owner, "")
	require.Equal(t, 200, again.Code, again.Body)
	_, good := h.invite(t, owner, "alpha", "good@example.com", "member")
	_, third := h.provision(t, root, "gamma")
	_, closed := h.invite(t, third, "gamma", "closed@example.com", "member")
	_, err := h.provider.Enrol(t.Context(), flomastr.ActorSystem, "disabled@example.com", goodPassword)
	require.NoError(t, err)
	_, disabled := h.invite(t, owner, "alpha", "disabled@example.com", "member")
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE tenants SET status = 'suspended' WHERE slug = 'gamma'`)
		return err
	}))
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE accounts SET disabled = true WHERE email = 'disabled@example.com'`)
		return err
	}))

	id := regexp.MustCompile(`req_[A-Z0-9]+`)
	shape := func(a answer) string { return id.ReplaceAllString(fmt.Sprint(a.Code, a.Header(), a.Body), "") }
	want := shape(h.accept(t, strings.Repeat("A", 43), "", newPassword))
	require.Contains(t, want, "404")
	require.Contains(t, want, "invitation_invalid")
	for name, token := range map[string]string{"used": used, "revoked": revoked, "expired": expired, "replaced": replaced, "short": "abc", "closed": closed, "disabled": disabled} {
		require.Equal(t, want, shape(h.accept(t, token, "", newPassword)), name)
		require.Equal(t, want, shape(h.accept(t, token, other, "")), name)
		require.Equal(t, want, shape(h.call(t, "GET", "/auth/invitations/"+token, "", "")), name)
	}
	require.Equal(t, want, shape(h.accept(t, good, other, "")), "by another address")
	require.Equal(t, 200, h.call(t, "GET", "/auth/invitations/"+good, "", "").Code, "and it is still good")
	fresh := strings.TrimPrefix(again.field("link"), "http://localhost:8000/invite/")
	require.Equal(t, 200, h.accept(t, fresh, "", newPassword).Code)
}

func TestWhoHasAnAccountAcceptsAfterSigningIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, alpha := h.provision(t, root, "alpha")
	_, beta := h.provision(t, root, "beta")
	_, token := h.invite(t, beta, "beta", "OWNER@alpha.test", "admin")
	require.Equal(t, "true", h.call(t, "GET", "/auth/invitations/"+token, "", "").field("has_account"))
	refused := h.accept(t, token, "", newPassword)
	require.Equal(t, 409, refused.Code)
	require.Equal(t, "sign_in_first", refused.field("code"))
	require.Equal(t, 200, h.signIn(t, "owner@alpha.test", goodPassword).Code, "the password is as it was")
	got := h.accept(t, token, alpha, "")
	require.Equal(t, 200, got.Code, got.Body)
	require.Equal(t, 200, h.call(t, "GET", "/routes/tenants/beta", alpha, "").Code)
}

func TestAVerifiedAddressOfAnyIssuerMayAccept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	person := identity.Caller{Kind: identity.User, Issuer: "https://clerk.example", Subject: "user_1", Email: "sara@example.com"}
	_, token := h.invite(t, owner, "alpha", "sara@example.com", "member")
	_, err := h.team.Accept(t.Context(), person, token)
	require.ErrorIs(t, err, identity.ErrInvitation, "not verified")
	person.EmailVerified = true
	member, err := h.team.Accept(t.Context(), person, token)
	require.NoError(t, err)
	require.Equal(t, identity.RoleMember, member.Role)
	_, err = h.team.Accept(t.Context(), person, token)
	require.ErrorIs(t, err, identity.ErrInvitation)
	require.Equal(t, "user_1", h.members(t, owner, "alpha")["sara@example.com"].UserID)
}

func TestALinkHandedOutVerifiesNoAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	// Whoever invites holds the link, and could sign up as anybody; such an account must not pass for a super admin's.
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM accounts WHERE email = $1`, rootEmail)
		return err
	}))
	_, access := h.join(t, owner, "alpha", rootEmail, "member")
	require.Equal(t, "false", h.call(t, "GET", "/routes/check-super-admin", access, "").field("is_super_admin"))
	require.Equal(t, 403, h.call(t, "GET", "/routes/tenants", access, "").Code)
}

func TestTheOwnerOfANewTenantIsInvitedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", h.root(t), `{"tenant_slug":"gamma","owner_email":"owner@gamma.test"}`)
	require.Equal(t, 201, got.Code, got.Body)
	id, err := flomastr.ParseID[flomastr.TenantID](got.field("tenant_id"))
	require.NoError(t, err)
	link := got.field("invitation_link")
	second, err := h.team.InviteOwner(t.Context(), flomastr.ActorSystem, id, "owner@gamma.test")
	require.NoError(t, err)
	require.Empty(t, second, "one invitation is enough")
	in := h.accept(t, strings.TrimPrefix(link, "http://localhost:8000/invite/"), "", newPassword)
	require.Equal(t, 200, in.Code, in.Body)
	access := h.signIn(t, "owner@gamma.test", newPassword).field("access_token")
	team := h.members(t, access, "gamma")
	require.Len(t, team, 1)
	require.Equal(t, got.field("membership_id"), team["owner@gamma.test"].ID)
	require.Equal(t, got.field("owner_user_id"), team["owner@gamma.test"].UserID)
	link, err = h.team.InviteOwner(t.Context(), flomastr.ActorSystem, id, "owner@gamma.test")
	require.NoError(t, err)
	require.Empty(t, link, "who is in needs no invitation")
}

// A server that dies between two steps leaves what it had written down; the next call goes on from there.
func TestAProvisioningKilledBeforeOrAfterTheInvitationIsFinishedByTheNextCall(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]string{
		"before it was taken":     `UPDATE provisioning_steps SET state = 'pending', finished_at = NULL WHERE name = 'owner_invitation'; DELETE FROM invitations`,
		"while it was taken":      `UPDATE provisioning_steps SET state = 'running', finished_at = NULL WHERE name = 'owner_invitation'; DELETE FROM invitations`,
		"before it was noted":     `UPDATE provisioning_steps SET state = 'running', finished_at = NULL WHERE name = 'owner_invitation'`,
		"before there were steps": `DELETE FROM provisioning_steps WHERE name = 'owner_invitation'; DELETE FROM invitations`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			root := h.root(t)
			steps := func() string {
				return h.call(t, "GET", "/routes/status/gamma", root, "").field("steps")
			}
			const all = `[{"name":"hot_rows","state":"done","error":""},{"name":"cold_database","state":"done","error":""},{"name":"owner_invitation","state":"done","error":""}]`
			first := h.provisionOnly(t, root, "gamma", "owner@gamma.test")
			require.JSONEq(t, all, steps())
			require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Conn().PgConn().Exec(t.Context(), left).ReadAll()
				return err
			}))
			require.NotEqual(t, all, steps())
			again := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", root, `{"tenant_slug":"gamma","owner_email":"owner@gamma.test"}`)
			require.Equal(t, 200, again.Code, again.Body)
			require.JSONEq(t, all, steps())
			var open int
			require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), `SELECT count(*) FROM invitations`).Scan(&open)
			}))
			require.Equal(t, 1, open, "one invitation, however often")
			link := again
			if name == "before it was noted" {
				link = first
				require.NotContains(t, again.Body.String(), "invitation_link", "the first link still leads in")
			}
			in := h.accept(t, strings.TrimPrefix(link.field("invitation_link"), "http://localhost:8000/invite/"), "", newPassword)
			require.Equal(t, 200, in.Code, in.Body)
		})
	}
}

// A tenant's administrator may keep the link they hand out. It must not open the account of somebody whom the platform
// has made the owner of another tenant.
func TestALinkHandedOutOpensNobodysPlaceElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, attacker := h.provision(t, root, "alpha")
	owned := h.provisionOnly(t, root, "gamma", "owner@gamma.test")
	for _, role := range []string{"member", "owner"} {
		id, token := h.invite(t, attacker, "alpha", "owner@gamma.test", role)
		page := h.call(t, "GET", "/auth/invitations/"+token, "", "")
		require.Equal(t, "true", page.field("has_account"), "as for whoever has one with a password")
		got := h.accept(t, token, "", newPassword)
		require.Equal(t, []any{409, "sign_in_first"}, []any{got.Code, got.field("code")}, got.Body)
		require.Equal(t, 204, h.call(t, "DELETE", "/routes/tenants/alpha/members/"+id, attacker, "").Code)
	}
	got := h.accept(t, strings.TrimPrefix(owned.field("invitation_link"), "http://localhost:8000/invite/"), "", newPassword)
	require.Equal(t, 200, got.Code, "the platform's own link does: %s", got.Body)
}

// Whoever signed up first under an address, with a link handed out, must not become the owner of what is provisioned for
// it later.
func TestAnAddressNobodyProvedIsTakenBackByProvisioning(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.root(t)
	_, owner := h.provision(t, root, "alpha")
	_, squatter := h.join(t, owner, "alpha", "owner@gamma.test", "member")
	owned := h.provisionOnly(t, root, "gamma", "owner@gamma.test")
	require.Equal(t, 401, h.signIn(t, "owner@gamma.test", newPassword).Code)
	h.gate.Forget() // what was just looked up is believed for a while
	require.Equal(t, 401, h.call(t, "GET", "/routes/tenants/gamma/members", squatter, "").Code)
	_, again := h.invite(t, owner, "alpha", "owner@gamma.test", "member")
	require.Equal(t, 409, h.accept(t, again, "", newPassword).Code, "nor is the account alpha's to open again")

	got := h.accept(t, strings.TrimPrefix(owned.field("invitation_link"), "http://localhost:8000/invite/"), "", "Harbour Nine Lantern Tide")
	require.Equal(t, 200, got.Code, got.Body)
	access := h.signIn(t, "owner@gamma.test", "Harbour Nine Lantern Tide").field("access_token")
	require.Equal(t, owned.field("owner_user_id"), h.members(t, access, "gamma")["owner@gamma.test"].UserID)

	h.provisionOnly(t, root, "delta", "owner@gamma.test")
	require.Equal(t, 200, h.signIn(t, "owner@gamma.test", "Harbour Nine Lantern Tide").Code, "who was vouched for stays in")
}

func TestAnOwnerWhoComesFromAnotherIssuerTakesThePlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.call(t, "POST", "/routes/api/v1/admin/tenants/provision", h.root(t), `{"tenant_slug":"gamma","owner_email":"owner@gamma.test"}`)
	id, err := flomastr.ParseID[flomastr.TenantID](got.field("tenant_id"))
	require.NoError(t, err)
	link := got.field("invitation_link")
	member, err := h.team.Accept(t.Context(), identity.Caller{
		Kind: identity.User, Issuer: "https://clerk.example", Subject: "user_1", Email: "owner@gamma.test", EmailVerified: true,
	}, strings.TrimPrefix(link, "http://localhost:8000/invite/"))
	require.NoError(t, err)
	require.Equal(t, got.field("membership_id"), member.ID.String())
	page, err := h.team.Members(t.Context(), id, flomastr.MembershipID{}, 10)
	require.NoError(t, err)
	require.Len(t, page, 1, "an owner nobody can sign in as must not count as one")
	require.Equal(t, "user_1", page[0].Subject)
}

func TestOnlyOwnersMakeChangeAndRemoveOwners(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	_, admin := h.join(t, owner, "alpha", "admin@example.com", "admin")
	memberID, member := h.join(t, owner, "alpha", "member@example.com", "member")
	ownerID := h.members(t, owner, "alpha")["owner@alpha.test"].ID
	path := "/routes/tenants/alpha/members/"
	for _, c := range []struct {
		bearer, method, path, body string
		want                       int
	}{
		{admin, "POST", "/routes/tenants/alpha/members", `{"email":"x@example.com","role":"owner"}`, 403},
		{admin, "PATCH", path + memberID, `{"role":"owner"}`, 403},
		{admin, "PATCH", path + ownerID, `{"role":"member"}`, 403},
		{admin, "PATCH", path + ownerID, `{"status":"inactive"}`, 403},
		{admin, "DELETE", path + ownerID, "", 403},
		{member, "PATCH", path + memberID, `{"role":"admin"}`, 403},
		{member, "GET", "/routes/tenants/alpha/members", "", 403},
		{owner, "PATCH", path + ownerID, `{"role":"admin"}`, 409},
		{owner, "PATCH", path + ownerID, `{"status":"inactive"}`, 409},
		{owner, "DELETE", path + ownerID, "", 409},
		{owner, "PATCH", path + memberID, `{"role":"emperor"}`, 422},
		{owner, "PATCH", path + nowhere, `{"role":"admin"}`, 404},
		{admin, "PATCH", path + memberID, `{"role":"admin"}`, 200},
		{owner, "POST", "/routes/tenants/alpha/members", `{"email":"MEMBER@example.com","role":"member"}`, 409},
		{owner, "PATCH", path + memberID, `{"role":"owner"}`, 200},
		{owner, "DELETE", path + ownerID, "", 204},
	} {
		got := h.call(t, c.method, c.path, c.bearer, c.body)
		require.Equal(t, c.want, got.Code, "%s %s %s: %s", c.method, c.path, c.body, got.Body)
	}
}

func TestARoleChangeEndsThePersonsOtherSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	id, member := h.join(t, owner, "alpha", "member@example.com", "member")
	require.Equal(t, 200, h.call(t, "GET", "/routes/tenants/alpha", member, "").Code)
	require.Equal(t, 200, h.call(t, "PATCH", "/routes/tenants/alpha/members/"+id, owner, `{"role":"admin"}`).Code)
	require.Equal(t, 401, h.call(t, "GET", "/routes/tenants/alpha", member, "").Code)
	require.Equal(t, 200, h.signIn(t, "member@example.com", newPassword).Code)
	require.Equal(t, 200, h.call(t, "GET", "/routes/tenants/alpha", owner, "").Code)
}

func TestADeactivatedAndARemovedMemberAreOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	id, member := h.join(t, owner, "alpha", "member@example.com", "member")
	path := "/routes/tenants/alpha/members/" + id
	require.Equal(t, 200, h.call(t, "PATCH", path, owner, `{"status":"inactive"}`).Code)
	require.Equal(t, 404, h.call(t, "GET", "/routes/tenants/alpha", member, "").Code)
	require.Equal(t, 200, h.call(t, "PATCH", path, owner, `{"status":"active"}`).Code)
	require.Equal(t, 200, h.call(t, "GET", "/routes/tenants/alpha", member, "").Code)
	require.Equal(t, 204, h.call(t, "DELETE", path, owner, "").Code)
	require.Equal(t, 404, h.call(t, "GET", "/routes/tenants/alpha", member, "").Code)
	require.Equal(t, 404, h.call(t, "DELETE", path, owner, "").Code)
}

func TestTwoOwnersCannotStepDownAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	secondID, _ := h.join(t, owner, "alpha", "second@example.com", "owner")
	firstID := h.members(t, owner, "alpha")["owner@alpha.test"].ID
	tenant := identity.Membership{Role: identity.RoleOwner}
	var err error
	tenant.Tenant, err = flomastr.ParseID[flomastr.TenantID](h.call(t, "GET", "/routes/tenants/alpha", owner, "").field("id"))
	require.NoError(t, err)
	for range 10 {
		var wait sync.WaitGroup
		errs := make([]error, 2)
		for i, text := range []string{firstID, secondID} {
			wait.Go(func() {
				id, _ := flomastr.ParseID[flomastr.MembershipID](text)
				role := identity.RoleMember
				_, errs[i] = h.team.Change(t.Context(), identity.Caller{Kind: identity.User}, tenant, id, identity.MemberChange{Role: &role})
			})
		}
		wait.Wait()
		require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v", errs)
		for _, text := range []string{firstID, secondID} {
			id, _ := flomastr.ParseID[flomastr.MembershipID](text)
			role := identity.RoleOwner
			_, err := h.team.Change(t.Context(), identity.Caller{Kind: identity.User}, tenant, id, identity.MemberChange{Role: &role})
			require.NoError(t, err)
		}
	}
}

func TestATeamIsListedInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	for i := range 4 {
		h.invite(t, owner, "alpha", fmt.Sprintf("p%d@example.com", i), "member")
	}
	seen := map[string]bool{}
	cursor := ""
	for range 10 {
		got := h.call(t, "GET", "/routes/tenants/alpha/members?limit=2&cursor="+cursor, owner, "")
		require.Equal(t, 200, got.Code, got.Body)
		var body struct {
			Members    []teamRow
			NextCursor string `json:"next_cursor"`
		}
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
		require.LessOrEqual(t, len(body.Members), 2)
		for _, m := range body.Members {
			require.False(t, seen[m.ID])
			seen[m.ID] = true
		}
		if cursor = body.NextCursor; cursor == "" {
			break
		}
	}
	require.Len(t, seen, 5)
}
