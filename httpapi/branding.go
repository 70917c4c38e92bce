package httpapi

import (
	"context"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/tenant"
)

// Branding is what the door asks about looks.
type Branding interface {
	Look(ctx context.Context, tenant flomastr.TenantID) (branding.Look, error)
	Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change branding.Change) (branding.Look, error)
	Upload(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, file branding.File) (branding.Look, error)
	Reset(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) error
	File(ctx context.Context, tenant flomastr.TenantID, asset, name string) (body []byte, contentType string, err error)
}

type brandingOutput struct {
	Body struct {
		TenantID       flomastr.TenantID `json:"tenant_id" format:"uuid"`
		LogoSVG        string            `json:"logo_svg" doc:"Where the logo can be saved as an SVG file; empty where it came as a picture"`
		LogoURL        string            `json:"logo_url" doc:"The logo as a PNG of at most 512 pixels; empty for the platform's"`
		BrandPrimary   string            `json:"brand_primary" doc:"#RRGGBB, or empty for the platform's"`
		BrandSecondary string            `json:"brand_secondary" doc:"#RRGGBB, or empty"`
		CompanyName    string            `json:"company_name" doc:"The name that customers see; empty for the workspace's"`
		CustomDomain   string            `json:"custom_domain" doc:"Set in the tenant profile"`
	}
}

func (a *API) brandingOut(ctx context.Context, t tenant.Tenant, look branding.Look) (*brandingOutput, error) {
	profile, err := a.deps.Profiles.Profile(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	out := &brandingOutput{}
	b := &out.Body
	b.TenantID, b.LogoSVG, b.LogoURL = t.ID, look.Path(t.Slug, branding.SVGFile), look.Path(t.Slug, branding.LogoFile)
	b.BrandPrimary, b.BrandSecondary, b.CompanyName = look.BrandPrimary, look.BrandSecondary, look.CompanyName
	b.CustomDomain = profile.Domain.Name
	return out, nil
}

func (a *API) brandingGet(ctx context.Context, call Call, _ *struct{}) (*brandingOutput, error) {
	look, err := a.deps.Branding.Look(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	return a.brandingOut(ctx, call.Tenant, look)
}

type brandingInput struct {
	Body struct {
		TenantID       string  `json:"tenant_id,omitempty" maxLength:"63"`
		LogoSVG        *string `json:"logo_svg,omitempty" maxLength:"524288" doc:"The source of an SVG is taken like an upload; the address that GET answers leaves the logo as it is"`
		LogoURL        *string `json:"logo_url,omitempty" maxLength:"2000" doc:"Logos are uploaded: only the address that GET answers is taken"`
		BrandPrimary   *string `json:"brand_primary,omitempty" maxLength:"7" doc:"#RRGGBB, or empty for the platform's"`
		BrandSecondary *string `json:"brand_secondary,omitempty" maxLength:"7" doc:"#RRGGBB, or empty"`
		CompanyName    *string `json:"company_name,omitempty" maxLength:"500" doc:"120 characters at most"`
		CustomDomain   *string `json:"custom_domain,omitempty" maxLength:"255" doc:"Only what GET answers: it is set in the tenant profile"`
	}
}

func (in *brandingInput) namesTenant() string { return in.Body.TenantID }

// brandingPut takes what GET answers, changed: fields that are left out stay as they are, and what is set elsewhere may
// stand there unchanged.
func (a *API) brandingPut(ctx context.Context, call Call, in *brandingInput) (*brandingOutput, error) {
	look, err := a.deps.Branding.Look(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	current, err := a.brandingOut(ctx, call.Tenant, look)
	if err != nil {
		return nil, err
	}
	body := in.Body
	differs := func(sent *string, now string) bool { return sent != nil && *sent != now }
	drawn := body.LogoSVG != nil && strings.HasPrefix(strings.TrimSpace(*body.LogoSVG), "<")
	switch {
	case differs(body.CustomDomain, current.Body.CustomDomain):
		return nil, branding.ErrLook.Field("body.custom_domain", "is set in the tenant profile")
	case differs(body.LogoURL, current.Body.LogoURL):
		return nil, branding.ErrLook.Field("body.logo_url", "upload the logo as a file; addresses are not taken")
	case !drawn && differs(body.LogoSVG, current.Body.LogoSVG):
		return nil, branding.ErrLook.Field("body.logo_svg", "the source of an SVG; upload other logos as files, or reset the branding")
	}
	look, err = a.deps.Branding.Change(ctx, call.Caller.Actor(), call.Tenant.ID, branding.Change{
		CompanyName: body.CompanyName, BrandPrimary: body.BrandPrimary, BrandSecondary: body.BrandSecondary,
	})
	if err == nil && drawn {
		look, err = a.deps.Branding.Upload(ctx, call.Caller.Actor(), call.Tenant.ID, branding.File{Content: []byte(*body.LogoSVG)})
	}
	if err != nil {
		return nil, err
	}
	return a.brandingOut(ctx, call.Tenant, look)
}

// maxLogoBody leaves a form room around the largest logo.
const maxLogoBody = branding.MaxFile + 64<<10

type logoInput struct {
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}

func (a *API) brandingUpload(ctx context.Context, call Call, in *logoInput) (*brandingOutput, error) {
	up, err := readUpload(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	look, err := a.deps.Branding.Upload(ctx, call.Caller.Actor(), call.Tenant.ID, branding.File{
		Name: up.filename, ContentType: up.contentType, Content: up.content,
	})
	if err != nil {
		return nil, err
	}
	return a.brandingOut(ctx, call.Tenant, look)
}

type logoOfInput struct {
	TenantID    string `path:"tenant_id" maxLength:"63"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}

func (a *API) brandingUploadOf(ctx context.Context, call Call, in *logoOfInput) (*brandingOutput, error) {
	return a.brandingUpload(ctx, call, &logoInput{in.ContentType, in.RawBody})
}

func (a *API) brandingReset(ctx context.Context, call Call, _ *struct{}) (*brandingOutput, error) {
	if err := a.deps.Branding.Reset(ctx, call.Caller.Actor(), call.Tenant.ID); err != nil {
		return nil, err
	}
	return a.brandingOut(ctx, call.Tenant, branding.Look{})
}

// BrandingPath names a tenant by slug or id.
type BrandingPath struct {
	TenantID string `path:"tenant_id" maxLength:"63"`
}

func (a *API) brandingResetOf(ctx context.Context, call Call, _ *BrandingPath) (*brandingOutput, error) {
	return a.brandingReset(ctx, call, nil)
}

type assetInput struct {
	TenantID string `path:"tenant_id" maxLength:"63"`
	Asset    string `path:"asset" maxLength:"64"`
	File     string `path:"file" maxLength:"32"`
}

type assetOutput struct {
	ContentType   string `header:"Content-Type"`
	Disposition   string `header:"Content-Disposition"`
	CacheControl  string `header:"Cache-Control"`
	ContentPolicy string `header:"Content-Security-Policy"`
	Body          []byte
}

// brandingAsset serves a file of a logo to everybody who knows its name. The name changes with every upload, so the
// answer may be kept for ever. A page that it could ever become has no rights at all.
func (a *API) brandingAsset(ctx context.Context, call Call, in *assetInput) (*assetOutput, error) {
	if !shown(call.Tenant) {
		return nil, branding.ErrNoFile
	}
	body, contentType, err := a.deps.Branding.File(ctx, call.Tenant.ID, in.Asset, in.File)
	if err != nil {
		return nil, err
	}
	out := &assetOutput{ContentType: contentType, CacheControl: "public, max-age=31536000, immutable", ContentPolicy: "sandbox; default-src 'none'", Body: body}
	if in.File == branding.SVGFile {
		out.Disposition = `attachment; filename="logo.svg"`
	}
	return out, nil
}

// shown tells whether the world may see that a tenant exists. All others look like none.
func shown(t tenant.Tenant) bool {
	return t.Status == tenant.Active || t.Status == tenant.Inactive || t.Status == tenant.Suspended
}
