package identity

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// PlatformRole is what a person may do on the platform, beside any tenant.
type PlatformRole string

// The roles on the platform. The strongest comes from the operator's settings alone and is never kept.
const (
	PlatformRoleUser       PlatformRole = "user"
	PlatformRoleAdmin      PlatformRole = "admin" // reads the platform's pages and changes nothing
	PlatformRoleSuperAdmin PlatformRole = "super_admin"
)

// PlatformUser is somebody whom a super admin gave a role on the platform, by e-mail address: the role counts for
// whoever signs in with that address verified.
type PlatformUser struct {
	ID         flomastr.PlatformUserID
	Email      string
	Role       PlatformRole
	AssignedBy string
	AssignedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// The ways in which a platform user is refused.
var (
	ErrPlatformUserTaken = flomastr.Errorf(flomastr.Conflict, "platform_user_exists", "This address has a role on the platform already.")
	ErrNoPlatformUser    = flomastr.Errorf(flomastr.NotFound, "platform_user_not_found", "There is no such platform user.")
)

// PlatformUserStore keeps platform users. Each method is one commit, and writes its line of the audit log in it.
type PlatformUserStore interface {
	PlatformUsers(ctx context.Context) ([]PlatformUser, error)
	AddPlatformUser(ctx context.Context, actor flomastr.Actor, email string, role PlatformRole) (PlatformUser, error)
	ChangePlatformUser(ctx context.Context, actor flomastr.Actor, id flomastr.PlatformUserID, role PlatformRole) (PlatformUser, error)
	RemovePlatformUser(ctx context.Context, actor flomastr.Actor, id flomastr.PlatformUserID) error
	// TenantsOf lists, by address, the slugs of the tenants in which an address is a member.
	TenantsOf(ctx context.Context, emails []string) (map[string][]string, error)
}
