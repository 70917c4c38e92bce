package httpapi

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/tenant"
)

//go:embed favicon.ico
var favicon []byte

// brandingConfig is what a page wears before its first paint.
type brandingConfig struct {
	Name           string     `json:"name"`
	BrandPrimary   string     `json:"brand_primary" example:"#009DEB"`
	BrandSecondary string     `json:"brand_secondary" doc:"Empty where there is none"`
	LogoURL        string     `json:"logo_url"`
	Icons          brandIcons `json:"icons"`
	OnPrimary      string     `json:"on_primary" doc:"The letters that can be read on the primary colour"`
}

type brandIcons struct {
	Light  string `json:"light" doc:"For the tab, in light surroundings"`
	Dark   string `json:"dark" doc:"For the tab, in dark surroundings"`
	Touch  string `json:"touch" doc:"180 pixels, opaque; empty where there is none"`
	Square string `json:"square" doc:"192 pixels; empty where there is none"`
}

// brandOf is the branding of a tenant, or the platform's for none and for one that may not be shown.
func (a *API) brandOf(ctx context.Context, t tenant.Tenant) (brandingConfig, error) {
	out := brandingConfig{
		Name: branding.PlatformName, BrandPrimary: branding.PlatformPrimary, OnPrimary: branding.Foreground(branding.PlatformPrimary),
		Icons: brandIcons{Light: "/light.ico", Dark: "/dark.ico"},
	}
	if !shown(t) {
		return out, nil
	}
	look, err := a.deps.Branding.Look(ctx, t.ID)
	if err != nil {
		return brandingConfig{}, err
	}
	out.Name = t.Name
	if look.CompanyName != "" {
		out.Name = look.CompanyName
	}
	out.BrandPrimary, out.BrandSecondary, out.OnPrimary = look.Primary(), look.BrandSecondary, branding.Foreground(look.Primary())
	if look.Asset != "" {
		out.LogoURL = look.Path(t.Slug, branding.LogoFile)
		out.Icons = brandIcons{
			Light: look.Path(t.Slug, branding.LightFile), Dark: look.Path(t.Slug, branding.DarkFile),
			Touch: look.Path(t.Slug, branding.Icon180), Square: look.Path(t.Slug, branding.Icon192),
		}
	}
	return out, nil
}

type iconInput struct {
	IfNoneMatch string `header:"If-None-Match"`
}

type iconOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag"`
	Vary         string `header:"Vary"`
	Body         []byte
}

// icon answers an icon of the tenant whose host this is, else the platform's. Its address says nothing of a version, so
// caches ask again after a while, and are told by the tag that nothing changed.
func (a *API) icon(file string) func(context.Context, Call, *iconInput) (*iconOutput, error) {
	sum := sha256.Sum256(favicon)
	platform := hex.EncodeToString(sum[:12])
	return func(ctx context.Context, call Call, in *iconInput) (*iconOutput, error) {
		body, version := favicon, platform
		if shown(call.Tenant) {
			look, err := a.deps.Branding.Look(ctx, call.Tenant.ID)
			if err != nil {
				return nil, err
			}
			own, _, err := a.deps.Branding.File(ctx, call.Tenant.ID, look.Asset, file)
			switch {
			case err == nil:
				body, version = own, look.Asset
			case flomastr.KindOf(err) != flomastr.NotFound:
				return nil, err
			}
		}
		out := &iconOutput{
			Status: http.StatusOK, ContentType: "image/x-icon", CacheControl: "public, max-age=300", ETag: `"` + version + `"`,
			Vary: "Host, Origin", Body: body,
		}
		if strings.Contains(in.IfNoneMatch, out.ETag) {
			out.Status, out.Body = http.StatusNotModified, nil
		}
		return out, nil
	}
}

type configOutput struct {
	Body struct {
		Version      string              `json:"version"`
		BaseDomain   string              `json:"base_domain"`
		Identity     []string            `json:"identity" doc:"The identity providers that people may sign in with: local, clerk" example:"[\"local\"]"`
		Clerk        *clerkConfig        `json:"clerk,omitempty" doc:"What Clerk's components need; only where Clerk is configured"`
		FeatureFlags map[string]bool     `json:"feature_flags"`
		FileTypes    []flomastr.FileType `json:"file_types" doc:"What knowledge is read from: the words of policies, and how names of such files end"`
		MaxUpload    int64               `json:"max_upload_bytes" doc:"The largest file that is taken in one upload, whatever a tenant's policies allow"`
		Tenant       string              `json:"tenant" doc:"The slug of the tenant whose branding this is, else empty"`
		Branding     brandingConfig      `json:"branding"`
	}
}

type clerkConfig struct {
	PublishableKey string `json:"publishable_key"`
	FrontendAPIURL string `json:"frontend_api_url"`
}

type configInput struct {
	TenantID string `query:"tenant_id" maxLength:"63" doc:"Whose branding to answer, by slug; without it, that of the host's tenant"`
	Slug     string `query:"slug" maxLength:"63" doc:"The same by another name"`
}

func (in *configInput) namesTenant() string { return in.Slug }

// config answers the public settings of the web app, at run time, with the branding of the tenant that the query or the
// host names; the frame has found it. A name that is nobody's gets the platform's branding, so that a wrong one tells
// nothing.
func (a *API) config(ctx context.Context, call Call, _ *configInput) (*configOutput, error) {
	out := &configOutput{}
	b := &out.Body
	b.Version, b.BaseDomain, b.FeatureFlags, b.Identity = a.deps.Version, a.deps.BaseDomain, a.featureFlags(), []string{}
	b.FileTypes, b.MaxUpload = flomastr.FileTypes(), maxUpload
	if !a.deps.SignIn.BuiltInOff {
		b.Identity = append(b.Identity, "local")
	}
	if key := a.deps.SignIn.ClerkPublishableKey; key != "" {
		b.Identity, b.Clerk = append(b.Identity, "clerk"), &clerkConfig{PublishableKey: key, FrontendAPIURL: a.deps.SignIn.ClerkFrontendAPI}
	}
	if shown(call.Tenant) {
		b.Tenant = call.Tenant.Slug
	}
	var err error
	b.Branding, err = a.brandOf(ctx, call.Tenant)
	return out, err
}
