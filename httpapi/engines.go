package httpapi

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
	Assistant   Assistant
	WhatsApp    WhatsApp
}
