package identity

import "github.com/flomastr/flomastr"

// Role is what a member may do in a tenant.
type Role string

// The roles, strongest first.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// rank orders the roles; an unknown one is below all.
func (r Role) rank() int {
	switch r {
	case RoleOwner:
		return 3
	case RoleAdmin:
		return 2
	case RoleMember:
		return 1
	default:
		return 0
	}
}

// AtLeast tells whether the role includes another.
func (r Role) AtLeast(other Role) bool { return r.rank() > 0 && r.rank() >= other.rank() }

// MembershipStatus says whether a membership counts.
type MembershipStatus string

// The states of a membership. Only an active one gives any right.
const (
	MembershipPending  MembershipStatus = "pending"
	MembershipActive   MembershipStatus = "active"
	MembershipInactive MembershipStatus = "inactive"
)

// Membership is a person's place in a tenant. The zero value is none.
type Membership struct {
	ID     flomastr.MembershipID
	Tenant flomastr.TenantID
	Slug   string
	Role   Role
	Status MembershipStatus
	Visit  flomastr.VisitID `db:"-"` // of a visiting super admin, who is no member; else zero
}

// Visiting tells whether the place is a visit's and not the caller's own.
func (m Membership) Visiting() bool { return !m.Visit.IsZero() }

// Active tells whether the membership gives its role's rights.
func (m Membership) Active() bool { return m.Status == MembershipActive && m.Role.rank() > 0 }
