package pulse

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// Store is what the engine asks of the hot database.
type Store interface {
	// Past tells how a person, named by any contact's id, phone number or provider's id, has talked with the business since
	// a moment: at most their last 200 messages. Nothing for somebody whom the tenant does not know.
	Past(ctx context.Context, tenant flomastr.TenantID, reader string, since time.Time) (Past, error)
}
