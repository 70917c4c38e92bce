package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// Tenants says where a tenant is in its life.
type Tenants interface {
	ByID(ctx context.Context, id flomastr.TenantID) (tenant.Tenant, error)
}

// sleep is how long the job of a suspended or deleted tenant waits before it looks again. Waiting costs it no attempt.
const sleep = time.Minute

// WhileAwake stands before every job: one of a tenant that is suspended or deleted waits until it is back, and one of a
// tenant that is no more is given up. A job of no tenant passes. One whose tenant cannot be read is tried again like every
// failure: while a new version is put in place, it may be meant for that.
func WhileAwake(tenants Tenants) func(context.Context, *rivertype.JobRow, func(context.Context) error) error {
	return func(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error {
		var of struct {
			Tenant flomastr.TenantID `json:"tenant_id"`
		}
		if err := json.Unmarshal(job.EncodedArgs, &of); err != nil {
			return fmt.Errorf("read the tenant of a job: %w", err)
		}
		if of.Tenant.IsZero() {
			return do(ctx)
		}
		t, err := tenants.ByID(ctx, of.Tenant)
		switch {
		case flomastr.KindOf(err) == flomastr.NotFound:
			return river.JobCancel(err)
		case err != nil:
			return err
		}
		switch t.Status {
		case tenant.Suspended, tenant.SoftDeleted, tenant.Erasing, tenant.Erased:
			return river.JobSnooze(sleep)
		default:
			return do(ctx)
		}
	}
}
