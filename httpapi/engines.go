package httpapi

import (
	"context"
	"net/http"

	"github.com/flomastr/flomastr/identity"
)

// Engines are what the handlers call. Each resource's file says what it asks for.
type Engines struct {
	Audit       AuditLog
	SignIns     SignIns
	People      People
	APITokens   APITokens
	Team        Team
	Accounts    Accounts
	Preferences Preferences
	KeptMails   KeptMails // nil where mails are sent
	TenantAdmin TenantAdmin
	TenantLife  TenantLife
	Profiles    Profiles
	Branding    Branding
	Knowledge   Knowledge
	Evaluations Evaluations
	Assistant   Assistant
	Pulse       Pulse
	WhatsApp    WhatsApp
	Tasks       Tasks
	Memory      Memory

	Visits        identity.VisitStore
	PlatformUsers identity.PlatformUserStore
	IssuerNews    IssuerNews // nil where no issuer sends any
}

// IssuerNews is what the door asks of an issuer's webhooks.
type IssuerNews interface {
	// Receive checks the signature over the very bytes of the body before it reads them, and acts on what they say.
	Receive(ctx context.Context, header http.Header, body []byte) error
}
