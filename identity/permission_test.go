package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// TestPermissionMatrix is the whole of who may do what, as one table: callers across, permissions down.
func TestPermissionMatrix(t *testing.T) {
	t.Parallel()
	active := func(r identity.Role) identity.Membership {
		return identity.Membership{Role: r, Status: identity.MembershipActive}
	}
	person := identity.Caller{Kind: identity.User, Issuer: "i", Subject: "s"}
	super := identity.Caller{Kind: identity.User, Issuer: "i", Subject: "sa", SuperAdmin: true}
	callers := []struct {
		name   string
		caller identity.Caller
		member identity.Membership
	}{
		{"zero", identity.Caller{}, identity.Membership{}},
		{"anonymous", identity.Caller{Kind: identity.Anonymous}, identity.Membership{}},
		{"stranger", person, identity.Membership{}},
		{"pending owner", person, identity.Membership{Role: identity.RoleOwner, Status: identity.MembershipPending}},
		{"inactive owner", person, identity.Membership{Role: identity.RoleOwner, Status: identity.MembershipInactive}},
		{"unknown role", person, active("boss")},
		{"member", person, active(identity.RoleMember)},
		{"admin", person, active(identity.RoleAdmin)},
		{"owner", person, active(identity.RoleOwner)},
		{"super admin", super, identity.Membership{}},
		{"super admin who is a member", super, active(identity.RoleMember)},
		{"token with the scope", identity.Caller{Kind: identity.Token, Scopes: []identity.Scope{"queue:work"}}, identity.Membership{}},
		{"token without it", identity.Caller{Kind: identity.Token, Scopes: []identity.Scope{"tools:use", "queue", "queue:work2"}}, identity.Membership{}},
		{"platform token", identity.Caller{Kind: identity.Platform}, identity.Membership{}},
		{"anonymous with a role", identity.Caller{Kind: identity.Anonymous}, active(identity.RoleOwner)},
	}
	service := identity.Service("queue:work")
	for _, row := range []struct {
		permission identity.Permission
		reads      string
		want       [15]int
	}{
		//                                                                 zero anon str  pend inac unkn memb admi owne supe sume toke tok- plat anon+role
		{identity.Permission{}, "nobody", [15]int{401, 401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 401}},
		{identity.Public, "public", [15]int{200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200}},
		{identity.SignedIn, "user", [15]int{401, 401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 401}},
		{identity.Member, "member", [15]int{401, 401, 404, 404, 404, 404, 200, 200, 200, 404, 200, 403, 403, 403, 401}},
		{identity.Admin, "admin", [15]int{401, 401, 404, 404, 404, 404, 403, 200, 200, 404, 403, 403, 403, 403, 401}},
		{identity.Owner, "owner", [15]int{401, 401, 404, 404, 404, 404, 403, 403, 200, 404, 403, 403, 403, 403, 401}},
		{identity.SuperAdmin, "super admin", [15]int{401, 401, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 403, 401}},
		{identity.SuperAdmin.Or(identity.Member), "super admin, member", [15]int{401, 401, 404, 404, 404, 404, 200, 200, 200, 200, 200, 403, 403, 403, 401}},
		{identity.SuperAdmin.Or(identity.Admin), "super admin, admin", [15]int{401, 401, 404, 404, 404, 404, 403, 200, 200, 200, 200, 403, 403, 403, 401}},
		{service, "service:queue:work", [15]int{401, 401, 404, 404, 404, 404, 403, 403, 403, 404, 403, 200, 403, 200, 401}},
		{identity.Member.Or(service), "member, service:queue:work", [15]int{401, 401, 404, 404, 404, 404, 200, 200, 200, 404, 200, 200, 403, 200, 401}},
		{service.Or(identity.Member), "member, service:queue:work", [15]int{401, 401, 404, 404, 404, 404, 200, 200, 200, 404, 200, 200, 403, 200, 401}},
		{identity.Admin.Or(service), "admin, service:queue:work", [15]int{401, 401, 404, 404, 404, 404, 403, 200, 200, 404, 403, 200, 403, 200, 401}},
	} {
		require.Equal(t, row.reads, row.permission.String())
		for i, c := range callers {
			got := status(identity.May(c.caller, c.member, row.permission))
			require.Equal(t, row.want[i], got, "%s on a route for %s", c.name, row.reads)
		}
	}
}

func status(err error) int {
	switch err {
	case nil:
		return 200
	default:
		return map[flomastr.Kind]int{flomastr.Unauthenticated: 401, flomastr.Forbidden: 403, flomastr.NotFound: 404}[flomastr.KindOf(err)]
	}
}

func TestRoutesForMembersOrServicesNeedATenant(t *testing.T) {
	t.Parallel()
	require.True(t, identity.Member.NeedsTenant())
	require.True(t, identity.SuperAdmin.Or(identity.Member).NeedsTenant())
	require.True(t, identity.Service("queue:work").NeedsTenant())
	require.False(t, identity.Public.NeedsTenant())
	require.False(t, identity.SignedIn.NeedsTenant())
	require.False(t, identity.SuperAdmin.NeedsTenant())
}

func TestSuperAdminsAreComparedExactly(t *testing.T) {
	t.Parallel()
	admins, err := identity.ParseSuperAdmins("boss@Example.com, Root@example.org")
	require.NoError(t, err)
	for email, want := range map[string]bool{
		"boss@example.com":          true,
		"boss@EXAMPLE.COM":          true, // a domain has no case
		"Root@example.org":          true,
		"root@example.org":          false, // a local part has
		"BOSS@example.com":          false,
		"boss@example.com.evil.tld": false,
		"xboss@example.com":         false,
		"ｂoss@example.com":          false,
		"boss@exampleK.com":         false,
		"boss+x@example.com":        false,
		" boss@example.com":         false,
		"boss@example.com\n":        false,
		"":                          false,
	} {
		require.Equal(t, want, admins.Has(email, true), "%q", email)
		require.False(t, admins.Has(email, false), "unverified %q", email)
	}
	_, err = identity.ParseSuperAdmins("boss@example.com,root")
	require.Error(t, err, "a wrong address is not skipped")
	none, err := identity.ParseSuperAdmins(" , ")
	require.NoError(t, err)
	require.False(t, none.Has("", true))
}

func TestEmailsAreOneAddressInOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a@b":                   "a@b",
		"First.Last+x@EXAMPLE.": "",
		"First.Last+x@EXAMPLE":  "First.Last+x@example",
		"a@b@c":                 "",
		"\"a b\"@c":             "",
		"a b@c":                 "",
		"a@-b.c":                "",
		"a@b..c":                "",
		".a@b":                  "",
		"a..b@c":                "",
		"@b":                    "",
		"a@":                    "",
		"ä@b":                   "",
		"a@bücher":              "",
		"a\x00@b":               "",
		"a@b\r\nBcc: c":         "",
		"<a@b>":                 "",
	} {
		got, err := identity.CanonicalEmail(in)
		if want == "" {
			require.ErrorIs(t, err, identity.ErrEmail, "%q", in)
			continue
		}
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
}

func FuzzCanonicalEmailIsStable(f *testing.F) {
	for _, s := range []string{"a@b", "A@B.C", "a@b@c", "\x00@", "K@K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := identity.CanonicalEmail(s)
		if err != nil {
			return
		}
		twice, err := identity.CanonicalEmail(once)
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}
