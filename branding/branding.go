package branding

import (
	"time"

	"github.com/flomastr/flomastr"
)

// The platform's own look, worn where a tenant has none.
const (
	PlatformName    = "FloMastr"
	PlatformPrimary = "#009DEB"
)

// Look is what a tenant has chosen. An empty field is the platform's.
type Look struct {
	CompanyName    string
	BrandPrimary   string
	BrandSecondary string
	Asset          string // names the files of the logo; "" has none
	HasSVG         bool   // the logo came as an SVG, which is kept as a file
	UpdatedAt      time.Time
}

// Primary is the colour to paint with.
func (l Look) Primary() string {
	if l.BrandPrimary == "" {
		return PlatformPrimary
	}
	return l.BrandPrimary
}

// Path is where a file of the logo is served, under the tenant's slug; "" where there is no logo.
func (l Look) Path(slug, file string) string {
	if l.Asset == "" || file == SVGFile && !l.HasSVG {
		return ""
	}
	return "/routes/branding/" + slug + "/assets/" + l.Asset + "/" + file
}

// Change is what may be altered by hand; nil leaves a field alone, and "" is the platform's.
type Change struct {
	CompanyName    *string
	BrandPrimary   *string
	BrandSecondary *string
}

// ErrLook says that a field of a look cannot be used.
var ErrLook = flomastr.Errorf(flomastr.Invalid, "branding_invalid", "A field of the branding cannot be used.")

// ErrNoFile says that there is no such file of a logo.
var ErrNoFile = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing here, or it is not yours to see.")
