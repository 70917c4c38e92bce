package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// TenantAdmin is what the door asks of the tenant engine beyond finding.
type TenantAdmin interface {
	List(ctx context.Context, search string, skip, limit int) ([]tenant.Tenant, int, error)
	Create(ctx context.Context, actor flomastr.Actor, draft tenant.Draft) (tenant.Tenant, error)
	Provision(ctx context.Context, actor flomastr.Actor, setup tenant.Setup) (tenant.Provisioned, error)
	Update(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, change tenant.Change) (tenant.Tenant, error)
	Policies(ctx context.Context, id flomastr.TenantID) (tenant.Policies, error)
	Effective(ctx context.Context, id flomastr.TenantID) (tenant.Policies, error)
	ChangePolicies(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, asAdmin bool, change func(*tenant.Policies)) (tenant.Policies, error)
}

type tenantBody struct {
	ID           flomastr.TenantID `json:"id" format:"uuid"`
	Slug         string            `json:"slug"`
	Name         string            `json:"name"`
	Status       string            `json:"status" enum:"provisioning,active,inactive,suspended,soft_deleted,erasing,erased"`
	StatusSince  time.Time         `json:"status_since"`
	TimeZone     string            `json:"time_zone"`
	BrandPrimary string            `json:"brand_primary"`
	N8NURL       string            `json:"n8n_url" doc:"Where its own n8n answers, or empty"`
	CreatedAt    time.Time         `json:"created_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
}

func tenantOut(t tenant.Tenant) tenantBody {
	return tenantBody{
		ID: t.ID, Slug: t.Slug, Name: t.Name, Status: string(t.Status), StatusSince: t.StatusSince.UTC(), TimeZone: t.TimeZone,
		BrandPrimary: t.BrandPrimary, N8NURL: t.N8NURL, CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(),
	}
}

type tenantOutput struct{ Body tenantBody }

type tenantListInput struct {
	Search string `query:"search" maxLength:"120" doc:"Part of the slug or the name, whatever its case"`
	Skip   int    `query:"skip" minimum:"0" maximum:"1000000"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type tenantListOutput struct {
	Body struct {
		Tenants    []tenantBody `json:"tenants"`
		TotalCount int          `json:"total_count"`
	}
}

func (a *API) tenantList(ctx context.Context, _ Call, in *tenantListInput) (*tenantListOutput, error) {
	page, total, err := a.deps.TenantAdmin.List(ctx, in.Search, in.Skip, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &tenantListOutput{}
	out.Body.Tenants, out.Body.TotalCount = []tenantBody{}, total
	for _, t := range page {
		out.Body.Tenants = append(out.Body.Tenants, tenantOut(t))
	}
	return out, nil
}

type tenantCreateInput struct {
	Body struct {
		Slug         string `json:"slug" minLength:"3" maxLength:"63" doc:"A DNS label; reserved words are refused"`
		Name         string `json:"name" minLength:"1" maxLength:"120"`
		TimeZone     string `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name; UTC when left out"`
		BrandPrimary string `json:"brand_primary,omitempty" maxLength:"7" doc:"#RRGGBB"`
		ProfileFields
	}
}

func (a *API) tenantCreate(ctx context.Context, call Call, in *tenantCreateInput) (*tenantOutput, error) {
	draft := tenant.Draft{Slug: in.Body.Slug, Name: in.Body.Name, TimeZone: in.Body.TimeZone, BrandPrimary: in.Body.BrandPrimary}
	in.Body.apply(&draft.Profile)
	made, err := a.deps.TenantAdmin.Create(ctx, call.Caller.Actor(), draft)
	if err != nil {
		return nil, err
	}
	return &tenantOutput{Body: tenantOut(made)}, nil
}

// TenantPath names a tenant by slug or id. It is exported because the frame reads the fields of exported embedded structs alone.
type TenantPath struct {
	TenantSlug string `path:"tenant_slug" maxLength:"63" doc:"The slug or the id"`
}

func (a *API) tenantGet(_ context.Context, call Call, _ *TenantPath) (*tenantOutput, error) {
	return &tenantOutput{Body: tenantOut(call.Tenant)}, nil
}

type tenantUpdateInput struct {
	TenantPath
	Body struct {
		Name         *string `json:"name,omitempty" minLength:"1" maxLength:"120"`
		TimeZone     *string `json:"time_zone,omitempty" maxLength:"64"`
		BrandPrimary *string `json:"brand_primary,omitempty" maxLength:"7" doc:"#RRGGBB, or empty for the platform's"`
		N8NURL       *string `json:"n8n_url,omitempty" maxLength:"500" doc:"A public https address without a query, or empty for none"`
	}
}

func (a *API) tenantUpdate(ctx context.Context, call Call, in *tenantUpdateInput) (*tenantOutput, error) {
	changed, err := a.deps.TenantAdmin.Update(ctx, call.Caller.Actor(), call.Tenant.ID, tenant.Change{
		Name: in.Body.Name, TimeZone: in.Body.TimeZone, BrandPrimary: in.Body.BrandPrimary, N8NURL: in.Body.N8NURL,
	})
	if err != nil {
		return nil, err
	}
	return &tenantOutput{Body: tenantOut(changed)}, nil
}

type provisionInput struct {
	Body struct {
		TenantSlug string `json:"tenant_slug" minLength:"3" maxLength:"63"`
		OwnerEmail string `json:"owner_email" minLength:"3" maxLength:"254"`
		TenantName string `json:"tenant_name,omitempty" maxLength:"120" doc:"Made from the slug when left out"`
		N8NURL     string `json:"n8n_url,omitempty" maxLength:"500" doc:"Where the workspace's own n8n answers: a public https address without a query"`
	}
}

type provisionOutput struct {
	Status int
	Body   struct {
		Success      bool                  `json:"success"`
		TenantID     flomastr.TenantID     `json:"tenant_id" format:"uuid"`
		TenantSlug   string                `json:"tenant_slug"`
		OwnerUserID  string                `json:"owner_user_id"`
		OwnerEmail   string                `json:"owner_email"`
		MembershipID flomastr.MembershipID `json:"membership_id" format:"uuid"`
		Message      string                `json:"message"`
		Invitation   string                `json:"invitation_link,omitempty" doc:"For an owner without a password, to hand out; shown once, and none where it goes by mail alone"`
	}
}

// forKeeping leaves out the link, which is a right.
func (out *provisionOutput) forKeeping() any {
	kept := *out
	kept.Body.Invitation = ""
	return &kept
}

func (a *API) tenantProvision(ctx context.Context, call Call, in *provisionInput) (*provisionOutput, error) {
	email, err := identity.CanonicalEmail(in.Body.OwnerEmail)
	if err != nil {
		return nil, identity.ErrEmail.Field("body.owner_email", "an e-mail address")
	}
	made, err := a.deps.TenantAdmin.Provision(ctx, call.Caller.Actor(), tenant.Setup{
		Draft: tenant.Draft{Slug: in.Body.TenantSlug, Name: in.Body.TenantName, N8NURL: in.Body.N8NURL}, OwnerEmail: email, Invite: true,
	})
	if err != nil {
		return nil, err
	}
	out := &provisionOutput{Status: http.StatusOK}
	out.Body.Invitation = made.Invitation
	out.Body.Message = "The workspace was there already, and is complete."
	if made.Created {
		out.Status, out.Body.Message = http.StatusCreated, "The workspace is ready."
	}
	out.Body.Success = true
	out.Body.TenantID, out.Body.TenantSlug = made.Tenant.ID, made.Tenant.Slug
	out.Body.OwnerUserID, out.Body.OwnerEmail, out.Body.MembershipID = made.OwnerSubject, made.OwnerEmail, made.OwnerMembership
	return out, nil
}
