package tenant

import (
	"time"

	"github.com/flomastr/flomastr"
)

// Status is where a tenant is in its life.
type Status string

// The states of a tenant.
const (
	Provisioning Status = "provisioning"
	Active       Status = "active"
	Inactive     Status = "inactive"
	Suspended    Status = "suspended"
	SoftDeleted  Status = "soft_deleted"
	Erasing      Status = "erasing"
	Erased       Status = "erased"
)

// Tenant is a business on the platform.
type Tenant struct {
	ID           flomastr.TenantID
	Slug         string
	Name         string
	Status       Status
	StatusSince  time.Time
	StatusReason string
	StatusBefore Status // of a soft-deleted tenant: what restoring gives back; else ""
	ChangedBy    string // who changed it last, as the audit log names them
	TimeZone     string // IANA
	BrandPrimary string // #RRGGBB, or "" for the platform's
	N8NURL       string // where its own n8n answers, or ""; never with a secret in it
	ColdReady    bool   // its cold database exists
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// The ways in which a tenant cannot be had or made.
var (
	ErrNotFound     = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing here, or it is not yours to see.")
	ErrSlugTaken    = flomastr.Errorf(flomastr.Conflict, "slug_taken", "Another workspace has this slug.")
	ErrOwnerDiffers = flomastr.Errorf(flomastr.Conflict, "owner_differs", "This workspace exists and has another owner.")
	ErrN8NDiffers   = flomastr.Errorf(flomastr.Conflict, "n8n_url_differs", "This workspace exists and has another n8n; change its address there.")
	ErrWrongStatus  = flomastr.Errorf(flomastr.Conflict, "wrong_status", "The workspace is in a state that does not allow this.")
)
