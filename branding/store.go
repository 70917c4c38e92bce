package branding

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Store keeps looks. Each method is one commit, and writes its line of the audit log in it.
type Store interface {
	// Look of a tenant that never chose one is the zero Look.
	Look(ctx context.Context, tenant flomastr.TenantID) (Look, error)
	// Change sets what is not nil.
	Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change Change) (Look, error)
	// SetLogo puts an asset in place of the one that is answered as old, which may be "".
	SetLogo(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, asset string, svg bool) (look Look, old string, err error)
	// Reset forgets everything, and answers the asset that there was.
	Reset(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) (old string, err error)
}

// Files keeps a tenant's files. Getting what is not there is an error of kind NotFound; deleting it is none.
type Files interface {
	Put(ctx context.Context, tenant flomastr.TenantID, key string, body []byte) error
	Get(ctx context.Context, tenant flomastr.TenantID, key string) ([]byte, error)
	Delete(ctx context.Context, tenant flomastr.TenantID, key string) error
}

// Painter decodes a foreign picture (svg, png, jpeg, webp) where it can do no harm, and gives a PNG of our own making that
// fits a square of side pixels. Tenants are served in turn.
type Painter interface {
	Picture(ctx context.Context, tenant flomastr.TenantID, kind string, content []byte, side int) ([]byte, error)
}
