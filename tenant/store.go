package tenant

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Store keeps tenants. Each method is one commit, and writes its line of the audit log in it.
type Store interface {
	// ByID and BySlug answer ErrNotFound for what is not there.
	ByID(ctx context.Context, id flomastr.TenantID) (Tenant, error)
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// List is ordered by slug; total counts all.
	List(ctx context.Context, skip, limit int) (tenants []Tenant, total int, err error)
	// Create makes the hot rows of a tenant in the state provisioning. A taken slug is ErrSlugTaken.
	Create(ctx context.Context, actor flomastr.Actor, draft Draft) (Tenant, error)
	// BeginProvisioning makes the hot rows, the owner's account and membership, or finds those of an earlier call.
	// Another owner is ErrOwnerDiffers; a tenant on its way out is ErrWrongStatus.
	BeginProvisioning(ctx context.Context, actor flomastr.Actor, s Setup) (Provisioned, error)
	// FinishProvisioning notes that the cold database is there, and makes a provisioning tenant active.
	FinishProvisioning(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID) (Tenant, error)
	// Update changes what is set in the change.
	Update(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, change Change) (Tenant, error)
	Policies(ctx context.Context, id flomastr.TenantID) (Policies, error)
	// ChangePolicies reads, lets change judge and alter, and writes, in one commit.
	ChangePolicies(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, change func(Policies) (Policies, error)) (Policies, error)
}

// ColdStore makes a tenant's own database. It may be called again and from several servers at once.
type ColdStore interface {
	CreateCold(ctx context.Context, id flomastr.TenantID) error
}
