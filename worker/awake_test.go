package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/worker"
)

// one is a platform with one tenant, or none.
type one struct {
	status tenant.Status
	err    error
}

func (o one) ByID(_ context.Context, id flomastr.TenantID) (tenant.Tenant, error) {
	return tenant.Tenant{ID: id, Status: o.status}, o.err
}

func TestAJobRunsWhileItsTenantIsAwake(t *testing.T) {
	t.Parallel()
	args := fmt.Sprintf(`{"tenant_id":%q}`, flomastr.NewID[flomastr.TenantID]())
	away := errors.New("no database")
	for name, c := range map[string]struct {
		tenant one
		args   string
		runs   bool
		want   any // the type of the error, or the error
	}{
		"active":         {one{status: tenant.Active}, args, true, nil},
		"provisioning":   {one{status: tenant.Provisioning}, args, true, nil},
		"inactive":       {one{status: tenant.Inactive}, args, true, nil},
		"suspended":      {one{status: tenant.Suspended}, args, false, &rivertype.JobSnoozeError{}},
		"soft-deleted":   {one{status: tenant.SoftDeleted}, args, false, &rivertype.JobSnoozeError{}},
		"gone":           {one{err: tenant.ErrNotFound}, args, false, &rivertype.JobCancelError{}},
		"not to be told": {one{err: away}, args, false, away},
		"of no tenant":   {one{err: tenant.ErrNotFound}, `{}`, true, nil},
		"not readable":   {one{status: tenant.Active}, `{"tenant_id":7}`, false, &json.UnmarshalTypeError{}},
	} {
		ran := false
		err := worker.WhileAwake(c.tenant)(t.Context(), &rivertype.JobRow{EncodedArgs: []byte(c.args)}, func(context.Context) error {
			ran = true
			return nil
		})
		require.Equal(t, c.runs, ran, name)
		switch want := c.want.(type) {
		case nil:
			require.NoError(t, err, name)
		case *river.JobSnoozeError:
			require.ErrorAs(t, err, &want, name)
		case *river.JobCancelError:
			require.ErrorAs(t, err, &want, name)
		case *json.UnmarshalTypeError: // tried again
			require.ErrorAs(t, err, &want, name)
			require.NotErrorAs(t, err, new(*river.JobCancelError), name)
		case error:
			require.ErrorIs(t, err, want, name)
		}
	}
}
