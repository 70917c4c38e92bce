package httpapi

import "context"

// Engines are what the handlers call. Each resource's file says what it asks for.
type Engines struct {
	SignIns     SignIns
	People      People
	APITokens   APITokens
	TenantAdmin TenantAdmin
	Knowledge   Knowledge
	WhatsApp    WhatsApp
}

// WhatsApp is what the door asks of the WhatsApp engine.
type WhatsApp interface {
	// QueueSize counts the turns that wait to be answered, over all tenants.
	QueueSize(ctx context.Context) (int, error)
}
