package identity

import (
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// Scope is one right of an API token, as noun:verb.
type Scope string

// The scopes that a token may be given.
const (
	ScopeKnowledgeRead      Scope = "knowledge:read"
	ScopeKnowledgeWrite     Scope = "knowledge:write"
	ScopeConversationsRead  Scope = "conversations:read"
	ScopeConversationsWrite Scope = "conversations:write"
	ScopeMessagesSend       Scope = "messages:send"
	ScopeQueueWork          Scope = "queue:work"
	ScopeToolsUse           Scope = "tools:use"
	ScopeMemoryRead         Scope = "memory:read"
	ScopeMemoryWrite        Scope = "memory:write"
	ScopeTasksRead          Scope = "tasks:read"
	ScopeTasksWrite         Scope = "tasks:write"
	ScopeDataLookup         Scope = "data:lookup"
	ScopePulseRead          Scope = "pulse:read"
	ScopeWorkflowsReport    Scope = "workflows:report"
)

// Scopes lists every scope there is, in alphabetical order.
func Scopes() []Scope {
	all := []Scope{
		ScopeKnowledgeRead, ScopeKnowledgeWrite, ScopeConversationsRead, ScopeConversationsWrite, ScopeMessagesSend,
		ScopeQueueWork, ScopeToolsUse, ScopeMemoryRead, ScopeMemoryWrite, ScopeTasksRead, ScopeTasksWrite,
		ScopeDataLookup, ScopePulseRead, ScopeWorkflowsReport,
	}
	slices.Sort(all)
	return all
}

// Permission is what a route asks of its caller. It is a value: rows of the route table are compared and listed. The
// zero value lets nobody in.
type Permission struct {
	person person // what a person must be
	scope  Scope  // what a service must have; "" lets no service in
	super  bool   // a super admin may, whatever person says
	reads  bool   // a platform admin may too: only rows that change nothing ask for it
	own    bool   // a visit gives no right to it
}

// person orders what can be asked of a person; zero lets no person in.
type person uint8

const (
	nobody person = iota
	anybody
	anyUser
	anyMember
	anyAdmin
	anyOwner
)

// The permissions of people.
//
//nolint:gochecknoglobals // constants of a struct type
var (
	Public     = Permission{person: anybody}
	SignedIn   = Permission{person: anyUser}
	Member     = Permission{person: anyMember}
	Admin      = Permission{person: anyAdmin}
	Owner      = Permission{person: anyOwner}
	SuperAdmin = Permission{super: true}
	// PlatformAdmin is for what the platform's pages read; a super admin is one too.
	PlatformAdmin = Permission{super: true, reads: true}
)

// Service is the permission of a token that has the scope, and of the platform's token.
func Service(scope Scope) Permission { return Permission{scope: scope} }

// NoVisit is the permission without the visitors: for credentials, and for who belongs to the tenant, which would outlast
// a visit.
func (p Permission) NoVisit() Permission {
	p.own = true
	return p
}

// Or is the permission that lets in whom either lets in.
func (p Permission) Or(q Permission) Permission {
	out := Permission{person: p.person, scope: p.scope, super: p.super || q.super, reads: p.reads || q.reads, own: p.own || q.own}
	if out.person == nobody || q.person != nobody && q.person < out.person {
		out.person = q.person
	}
	switch {
	case out.scope == "":
		out.scope = q.scope
	case q.scope != "" && q.scope != out.scope:
		// Two scopes on one route would need a list; no route has asked for it. Panic only while wiring.
		panic("identity: a permission names two scopes: " + string(out.scope) + ", " + string(q.scope))
	}
	return out
}

// IsPublic tells whether nothing is needed at all.
func (p Permission) IsPublic() bool { return p.person == anybody }

// NeedsTenant tells whether the request must name a tenant to be judged.
func (p Permission) NeedsTenant() bool { return p.person >= anyMember || p.scope != "" }

// AllowsSuperAdmin tells whether a super admin may use the route without being a member.
func (p Permission) AllowsSuperAdmin() bool { return p.super }

// Privileged tells whether only administrators of a tenant or of the platform may, so that a refusal is worth a record.
func (p Permission) Privileged() bool { return p.person >= anyAdmin || p.super && p.person == nobody }

// AllowsPlatform tells whether the caller's place on the platform lets in, whatever the caller is in a tenant.
func (p Permission) AllowsPlatform(caller Caller) bool {
	return p.super && caller.SuperAdmin || p.reads && caller.PlatformAdmin
}

// AllowsPlatformAdmin tells whether whoever may only read the platform's pages may use the route.
func (p Permission) AllowsPlatformAdmin() bool { return p.reads }

// Scope is the scope that a service needs, or "" when no service may.
func (p Permission) Scope() Scope { return p.scope }

// String reads as the API's own table: "member, service:knowledge:read".
func (p Permission) String() string {
	var who []string
	if p.super {
		who = append(who, "super admin")
	}
	if p.reads {
		who = append(who, "platform admin")
	}
	switch p.person {
	case anybody:
		who = append(who, "public")
	case anyUser:
		who = append(who, "user")
	case anyMember:
		who = append(who, "member")
	case anyAdmin:
		who = append(who, "admin")
	case anyOwner:
		who = append(who, "owner")
	case nobody:
	}
	if p.scope != "" {
		who = append(who, "service:"+string(p.scope))
	}
	if len(who) == 0 {
		return "nobody"
	}
	if p.own {
		return strings.Join(who, ", ") + "; nobody by a visit"
	}
	return strings.Join(who, ", ")
}

// What [May] answers. They say what the caller may know: nobody, and a stranger, learn nothing of a tenant.
var (
	ErrUnauthenticated = flomastr.Errorf(flomastr.Unauthenticated, "unauthenticated", "Sign in, or send a valid token in the Authorization header.")
	ErrForbidden       = flomastr.Errorf(flomastr.Forbidden, "forbidden", "You are not allowed to do this.")
	ErrNotByVisit      = flomastr.Errorf(flomastr.Forbidden, "visit_not_allowed", "A visit gives no right to this: it is for the workspace's own people.")
	ErrNotFound        = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing here, or it is not yours to see.")
)

// May decides whether a caller may do what asks for a permission. member is the caller's place in the tenant that the
// request names, or the zero value; for a service the tenant was already matched with the token's own (see
// tenant.Resolve), and membership plays no part.
//
// Nobody gets 401. A person who is no active member of the tenant gets 404, as if it did not exist; a member whose
// role is too small, and a service without the scope, get 403.
func May(caller Caller, member Membership, permission Permission) error {
	switch {
	case permission.person == anybody:
		return nil
	case !caller.Known():
		return ErrUnauthenticated
	case caller.IsService():
		if permission.scope != "" && caller.Has(permission.scope) {
			return nil
		}
		return ErrForbidden
	case !caller.Person():
		return ErrUnauthenticated
	case permission.AllowsPlatform(caller):
		return nil
	case permission.person == anyUser:
		return nil
	case permission.person == nobody && permission.scope == "":
		return ErrForbidden
	case !member.Active():
		return ErrNotFound
	case permission.own && member.Visiting():
		return ErrNotByVisit
	case permission.person != nobody && member.Role.AtLeast(permission.least()):
		return nil
	default:
		return ErrForbidden
	}
}

func (p Permission) least() Role {
	switch p.person {
	case anyMember:
		return RoleMember
	case anyAdmin:
		return RoleAdmin
	default:
		return RoleOwner
	}
}
