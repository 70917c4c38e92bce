package branding

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Engine reads and changes looks.
type Engine struct {
	store   Store
	files   Files
	painter Painter
}

// New makes the engine.
func New(store Store, files Files, painter Painter) *Engine {
	return &Engine{store: store, files: files, painter: painter}
}

// Look is what a tenant has chosen; the zero Look where it has chosen nothing.
func (e *Engine) Look(ctx context.Context, tenant flomastr.TenantID) (Look, error) {
	return e.store.Look(ctx, tenant)
}

// Change sets names and colours.
func (e *Engine) Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change Change) (Look, error) {
	if err := change.prepare(); err != nil {
		return Look{}, err
	}
	return e.store.Change(ctx, actor, tenant, change)
}

func (c *Change) prepare() error {
	for _, colour := range []struct {
		field string
		value *string
	}{{"brand_primary", c.BrandPrimary}, {"brand_secondary", c.BrandSecondary}} {
		if colour.value != nil && *colour.value != "" && !ValidColour(*colour.value) {
			return ErrLook.Field("body."+colour.field, "#RRGGBB")
		}
	}
	if c.CompanyName == nil {
		return nil
	}
	name := strings.Join(strings.Fields(*c.CompanyName), " ")
	if utf8.RuneCountInString(name) > 120 || !utf8.ValidString(name) {
		return ErrLook.Field("body.company_name", "120 characters at most")
	}
	for _, r := range name {
		// Direction overrides and the like would disguise one name as another.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ErrLook.Field("body.company_name", "no control characters")
		}
	}
	c.CompanyName = &name
	return nil
}

// paintTimeout ends the drawing of one logo; somebody waits for it.
const paintTimeout = 20 * time.Second

// Upload makes a file the tenant's logo, and every icon of it. The files are there before the look names them; those of
// the former logo go afterwards, and what a crash leaves behind lies under the tenant and goes with it.
func (e *Engine) Upload(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, file File) (Look, error) {
	kind, err := file.kind()
	if err != nil {
		return Look{}, err
	}
	content := file.Content
	if kind == "svg" {
		if content, err = Sanitise(content); err != nil {
			return Look{}, err
		}
	}
	painting, cancel := context.WithTimeout(ctx, paintTimeout)
	defer cancel()
	logo, err := e.painter.Picture(painting, tenant, kind, content, logoSide)
	if err != nil {
		return Look{}, err
	}
	made, err := cut(logo)
	if err != nil {
		return Look{}, err
	}
	if kind == "svg" {
		made[SVGFile] = content
	}
	asset := strings.ToLower(rand.Text())
	for name, body := range made {
		if err := e.files.Put(ctx, tenant, key(asset, name), body); err != nil {
			return Look{}, fmt.Errorf("keep %s: %w", name, errors.Join(err, e.discard(ctx, tenant, asset)))
		}
	}
	look, old, err := e.store.SetLogo(ctx, actor, tenant, asset, kind == "svg")
	if err != nil {
		return Look{}, errors.Join(err, e.discard(ctx, tenant, asset))
	}
	return look, e.discard(ctx, tenant, old)
}

// Reset gives a tenant the platform's look.
func (e *Engine) Reset(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) error {
	old, err := e.store.Reset(ctx, actor, tenant)
	if err != nil {
		return err
	}
	return e.discard(ctx, tenant, old)
}

// discard deletes the files of an asset, also when the caller has gone.
func (e *Engine) discard(ctx context.Context, tenant flomastr.TenantID, asset string) error {
	if asset == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var all error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = errors.Join(all, e.files.Delete(ctx, tenant, key(asset, name)))
	}
	return all
}

func key(asset, name string) string { return "branding/" + asset + "/" + name }

var assetForm = regexp.MustCompile(`^[a-z0-9]{20,40}$`)

// File reads one file of a logo with its type. An asset that is not this tenant's is as absent as one that never was.
func (e *Engine) File(ctx context.Context, tenant flomastr.TenantID, asset, name string) (body []byte, contentType string, err error) {
	contentType, known := files[name]
	if !known || !assetForm.MatchString(asset) || tenant.IsZero() {
		return nil, "", ErrNoFile
	}
	body, err = e.files.Get(ctx, tenant, key(asset, name))
	if flomastr.KindOf(err) == flomastr.NotFound {
		return nil, "", ErrNoFile.Because(err)
	}
	return body, contentType, err
}
