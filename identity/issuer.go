package identity

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// IssuerNews is one thing that an issuer told us by webhook, after its signature was checked: either that a session
// ended, or how a person stands.
type IssuerNews struct {
	Issuer    string
	MessageID string // the issuer's own; each is acted on once
	SaidAt    time.Time

	EndedSession string

	Subject  string
	Disabled bool
	Deleted  bool   // for ever: the issuer gives its subject to nobody else
	Email    string // the verified primary address in canonical form, or "" when there is none
}

// IssuerStore keeps what issuers say.
type IssuerStore interface {
	// Learn acts on news in one commit with its line of the audit log. A message that was acted on, and news that is
	// older than what is known of the person, change nothing.
	Learn(ctx context.Context, news IssuerNews) error
}

// ErrBadSignature says that a webhook is not from the issuer it names.
var ErrBadSignature = flomastr.Errorf(flomastr.Unauthenticated, "signature_invalid", "The signature of this message is missing, wrong or too old.")
