package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// actingAs is the header of every answer to a super admin whose visit runs, so that the app can show it all the time.
const actingAs = "X-Acting-As"

// shownVisits is how many visits a list tells.
const shownVisits = 100

type visitBody struct {
	ID           flomastr.VisitID  `json:"id" format:"uuid"`
	TenantID     flomastr.TenantID `json:"tenant_id" format:"uuid"`
	TenantSlug   string            `json:"tenant_slug"`
	Visitor      string            `json:"visitor" doc:"The super admin's e-mail address"`
	Reason       string            `json:"reason"`
	Running      bool              `json:"running"`
	StartedAt    time.Time         `json:"started_at"`
	EndsAt       time.Time         `json:"ends_at" doc:"When it ends by itself"`
	EndedAt      *time.Time        `json:"ended_at,omitempty"`
	EndedBecause string            `json:"ended_because,omitempty"`
}

func visitOut(v identity.Visit) visitBody {
	out := visitBody{
		ID: v.ID, TenantID: v.Tenant, TenantSlug: v.Slug, Visitor: v.Email, Reason: v.Reason, Running: v.EndedAt == nil,
		StartedAt: v.StartedAt.UTC(), EndsAt: v.EndsAt.UTC(), EndedBecause: v.EndedBecause,
	}
	if v.EndedAt != nil {
		out.EndedAt = known(*v.EndedAt)
	}
	return out
}

type visitOutput struct{ Body visitBody }

type visitListOutput struct {
	Body struct {
		Visits []visitBody `json:"visits" doc:"Newest first"`
	}
}

func visitsOut(visits []identity.Visit) *visitListOutput {
	out := &visitListOutput{}
	out.Body.Visits = []visitBody{}
	for _, v := range visits {
		out.Body.Visits = append(out.Body.Visits, visitOut(v))
	}
	return out
}

type visitStartInput struct {
	Body struct {
		TenantID string `json:"tenant_id,omitempty" maxLength:"63" doc:"The workspace, by id or slug"`
		Reason   string `json:"reason" minLength:"10" maxLength:"500" doc:"Why; the workspace's people read it"`
		Minutes  int    `json:"minutes" minimum:"1" maximum:"60"`
	}
}

func (in *visitStartInput) namesTenant() string { return in.Body.TenantID }

func (a *API) visitStart(ctx context.Context, call Call, in *visitStartInput) (*visitOutput, error) {
	if call.Tenant.ID.IsZero() {
		return nil, errTenantRequired
	}
	visit, err := identity.NewVisit(call.Caller, call.Tenant.ID, in.Body.Reason, time.Duration(in.Body.Minutes)*time.Minute, a.deps.Clock())
	if err != nil {
		return nil, err
	}
	if visit, err = a.deps.Visits.StartVisit(ctx, visit); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return &visitOutput{Body: visitOut(visit)}, nil
}

func (a *API) visitList(ctx context.Context, call Call, _ *struct{}) (*visitListOutput, error) {
	visits, err := a.deps.Visits.VisitsBy(ctx, call.Caller, shownVisits)
	if err != nil {
		return nil, err
	}
	return visitsOut(visits), nil
}

type visitEndInput struct {
	ID string `path:"id" format:"uuid"`
}

func (a *API) visitEnd(ctx context.Context, call Call, in *visitEndInput) (*struct{}, error) {
	id, err := flomastr.ParseID[flomastr.VisitID](in.ID)
	if err != nil {
		return nil, identity.ErrNoVisit
	}
	if err := a.deps.Visits.EndVisit(ctx, call.Caller, id); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204
}

// tenantVisits shows a workspace's people who of the platform was there, and why.
func (a *API) tenantVisits(ctx context.Context, call Call, _ *TenantPath) (*visitListOutput, error) {
	visits, err := a.deps.Visits.VisitsTo(ctx, call.Tenant.ID, shownVisits)
	if err != nil {
		return nil, err
	}
	return visitsOut(visits), nil
}
