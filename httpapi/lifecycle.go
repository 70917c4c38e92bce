package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// TenantLife is what the door asks of the tenant engine about tenants' lives.
type TenantLife interface {
	Act(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, action tenant.Action, reason string) (tenant.Tenant, error)
	HardDelete(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, reason, confirmSlug string) (tenant.Erasure, error)
	Standing(ctx context.Context, ref string) (tenant.Standing, error)
	ErasureReport(ctx context.Context, id flomastr.TenantID) ([]byte, error)
}

// freshness is how long a sign-in is good for what is hard to undo.
const freshness = 10 * time.Minute

var errReauth = flomastr.Errorf(flomastr.Forbidden, "reauth_required",
	"This needs a sign-in of the last ten minutes: sign in again, then repeat it.")

// fresh tells whether the caller proved who they are just now. Where the issuer does not say when it was, it was not.
func (a *API) fresh(call Call) bool {
	at := call.Caller.AuthTime
	return !at.IsZero() && a.deps.Clock().Sub(at) <= freshness
}

type actInput struct {
	Body struct {
		TenantID string `json:"tenant_id" minLength:"1" maxLength:"63" doc:"The tenant, by id or slug"`
		Reason   string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit log and for whoever asks later"`
	}
}

func (in *actInput) namesTenant() string { return in.Body.TenantID }

type actOutput struct {
	Body struct {
		TenantID  flomastr.TenantID `json:"tenant_id" format:"uuid"`
		Action    string            `json:"action" enum:"suspend,reactivate,soft_delete,restore,hard_delete"`
		Status    string            `json:"status" enum:"provisioning,active,inactive,suspended,soft_deleted,erasing,erased"`
		Message   string            `json:"message"`
		Timestamp time.Time         `json:"timestamp"`
	}
}

// done are the sentences of what an action came to.
var done = map[tenant.Action]string{ //nolint:gochecknoglobals // a table
	tenant.Suspend:    "The workspace is suspended: its owner can read, messages to it are stored, nothing is answered or sent.",
	tenant.Reactivate: "The workspace is active again and answers what has waited.",
	tenant.SoftDelete: "The workspace is deleted. It can be restored until somebody erases it.",
	tenant.Restore:    "The workspace is back as it was.",
	tenant.HardDelete: "The workspace's records are erased. Its database, files and queued work follow; its status says how far that is.",
}

func acted(id flomastr.TenantID, action tenant.Action, status tenant.Status, at time.Time) *actOutput {
	out := &actOutput{}
	out.Body.TenantID, out.Body.Action, out.Body.Status = id, string(action), string(status)
	out.Body.Message, out.Body.Timestamp = done[action], at.UTC()
	return out
}

// act makes the handler of an action.
func (a *API) act(action tenant.Action) func(context.Context, Call, *actInput) (*actOutput, error) {
	return func(ctx context.Context, call Call, in *actInput) (*actOutput, error) {
		return a.actOn(ctx, call, action, in.Body.Reason)
	}
}

func (a *API) actOn(ctx context.Context, call Call, action tenant.Action, reason string) (*actOutput, error) {
	moved, err := a.deps.TenantLife.Act(ctx, call.Caller.Actor(), call.Tenant.ID, action, reason)
	if err != nil {
		return nil, err
	}
	return acted(moved.ID, action, moved.Status, moved.StatusSince), nil
}

type tenantDeleteInput struct {
	TenantPath
	Reason string `query:"reason" maxLength:"500" default:"deleted without a reason given" doc:"Why, for the audit log"`
}

// tenantDelete is the soft deletion under another name.
func (a *API) tenantDelete(ctx context.Context, call Call, in *tenantDeleteInput) (*actOutput, error) {
	return a.actOn(ctx, call, tenant.SoftDelete, in.Reason)
}

type hardDeleteInput struct {
	Body struct {
		TenantID    string `json:"tenant_id" minLength:"1" maxLength:"63" doc:"The tenant, by id or slug"`
		Reason      string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit log and the erasure report"`
		ConfirmSlug string `json:"confirm_slug,omitempty" maxLength:"63" doc:"The tenant's slug, typed by whoever means it"`
	}
}

func (in *hardDeleteInput) namesTenant() string { return in.Body.TenantID }

func (a *API) hardDelete(ctx context.Context, call Call, in *hardDeleteInput) (*actOutput, error) {
	begun, err := a.deps.TenantLife.HardDelete(ctx, call.Caller.Actor(), call.Tenant.ID, in.Body.Reason, in.Body.ConfirmSlug)
	if err != nil {
		return nil, err
	}
	return acted(begun.Tenant, tenant.HardDelete, tenant.Erasing, begun.StartedAt), nil
}

// goneInput names a tenant that may be no more, so the frame does not look for it.
type goneInput struct {
	ID string `path:"id" maxLength:"63" doc:"The tenant's id or slug; once it is erased, its id"`
}

type stepBody struct {
	Name  string `json:"name"`
	State string `json:"state" enum:"pending,running,done,failed"`
	Error string `json:"error"`
}

type standingOutput struct {
	Body struct {
		TenantID        flomastr.TenantID `json:"tenant_id" format:"uuid"`
		TenantSlug      string            `json:"tenant_slug"`
		Status          string            `json:"status" enum:"provisioning,active,inactive,suspended,soft_deleted,erasing,erased"`
		Since           time.Time         `json:"since"`
		Reason          string            `json:"reason"`
		ChangedBy       string            `json:"changed_by"`
		Steps           []stepBody        `json:"steps"`
		RestorableUntil *time.Time        `json:"restorable_until" doc:"Until when it is promised to be kept; nothing erases it then but a person"`
		AllowedActions  []string          `json:"allowed_actions"`
	}
}

func (a *API) tenantStatus(ctx context.Context, _ Call, in *goneInput) (*standingOutput, error) {
	found, err := a.deps.TenantLife.Standing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &standingOutput{}
	b := &out.Body
	b.TenantID, b.TenantSlug, b.Status, b.Since = found.ID, found.Slug, string(found.Status), found.Since.UTC()
	b.Reason, b.ChangedBy, b.RestorableUntil = found.Reason, found.ChangedBy, found.RestorableUntil
	b.Steps, b.AllowedActions = []stepBody{}, []string{}
	for _, s := range found.Steps {
		b.Steps = append(b.Steps, stepBody{Name: s.Name, State: string(s.State), Error: s.Error})
	}
	for _, action := range found.Allowed {
		b.AllowedActions = append(b.AllowedActions, string(action))
	}
	return out, nil
}

type erasureReportInput struct {
	ID string `path:"id" format:"uuid" doc:"The erased tenant's id"`
}

type erasureReportOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// erasureReport gives the signed report of an erasure, byte for byte as it was signed.
func (a *API) erasureReport(ctx context.Context, _ Call, in *erasureReportInput) (*erasureReportOutput, error) {
	id, err := flomastr.ParseID[flomastr.TenantID](in.ID)
	if err != nil {
		return nil, tenant.ErrNotFound
	}
	report, err := a.deps.TenantLife.ErasureReport(ctx, id)
	if err != nil {
		return nil, err
	}
	return &erasureReportOutput{
		ContentType: "application/json", Disposition: `attachment; filename="erasure-` + id.String() + `.json"`, Body: report,
	}, nil
}
