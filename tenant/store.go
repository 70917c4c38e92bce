package tenant

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Store keeps tenants. Each method is one commit, and writes its line of the audit log in it.
type Store interface {
	LifeStore
	ErasureStore
	// ByID and BySlug answer ErrNotFound for what is not there.
	ByID(ctx context.Context, id flomastr.TenantID) (Tenant, error)
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// List is ordered by slug; total counts all.
	List(ctx context.Context, search string, skip, limit int) (tenants []Tenant, total int, err error)
	// Create makes the hot rows of a tenant in the state provisioning. A taken slug is ErrSlugTaken.
	Create(ctx context.Context, actor flomastr.Actor, draft Draft) (Tenant, error)
	// BeginProvisioning makes the hot rows, the owner's account and membership, or finds those of an earlier call, and
	// plans the owner's invitation if that is asked for and was not planned.
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

// LifeStore keeps where tenants are in their lives.
type LifeStore interface {
	// Move judges an action by the status that the tenant has at that moment ([Tenant.After]) and carries it out.
	Move(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, action Action, reason string) (Tenant, error)
	// Steps are those of the tenant's making, or of its erasure once that has begun, in order.
	Steps(ctx context.Context, id flomastr.TenantID) ([]Step, error)
	StartStep(ctx context.Context, id flomastr.TenantID, name string) error
	// EndStep makes a step done, or failed with a sentence.
	EndStep(ctx context.Context, id flomastr.TenantID, name string, affected int64, failure string) error
}

// ErasureStore erases tenants.
type ErasureStore interface {
	// BeginErasure removes every row of a soft-deleted tenant and queues [FinishErasureArgs]. A wrong slug is
	// ErrConfirmSlug; another status is ErrWrongStatus.
	BeginErasure(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, reason, confirmSlug string) (Erasure, error)
	// Erasure and ErasureOf answer ErrNotFound for what was never erased.
	Erasure(ctx context.Context, id ErasureID) (Erasure, error)
	ErasureOf(ctx context.Context, id flomastr.TenantID) (Erasure, error)
	// RemoveJobs removes the tenant's jobs from the background queue.
	RemoveJobs(ctx context.Context, id flomastr.TenantID) (int64, error)
	// EraseRows removes the rows that were written since the erasure began, and counts them by table.
	EraseRows(ctx context.Context, id flomastr.TenantID) (map[string]int64, error)
	// Scan searches every table for the tenant's id and slug, except for the records of erasures themselves.
	Scan(ctx context.Context, id flomastr.TenantID, slug string) (Scan, error)
	// FinishErasure keeps the report.
	FinishErasure(ctx context.Context, id ErasureID, report []byte) error
	ResumeErasures(ctx context.Context) error
}

// ColdStore makes and drops a tenant's own database. Each may be called again and from several servers at once.
type ColdStore interface {
	CreateCold(ctx context.Context, id flomastr.TenantID) error
	DropCold(ctx context.Context, id flomastr.TenantID) error
	// ColdExists tells whether anything is left: the database or its login.
	ColdExists(ctx context.Context, id flomastr.TenantID) (bool, error)
}

// Files are what a tenant uploaded.
type Files interface {
	DeleteTenant(ctx context.Context, id flomastr.TenantID) (int64, error)
	CountTenant(ctx context.Context, id flomastr.TenantID) (int64, error)
}
