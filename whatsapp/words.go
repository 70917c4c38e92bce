package whatsapp

import "github.com/flomastr/flomastr/whatsapp/provider"

// The words of the provider contract that the engine's callers use: they need not know that there are providers.
type (
	Content        = provider.Message
	Media          = provider.Media
	Template       = provider.Template
	Interactive    = provider.Interactive
	Choice         = provider.Choice
	Section        = provider.Section
	Link           = provider.Link
	Location       = provider.Location
	ContactCard    = provider.ContactCard
	Reaction       = provider.Reaction
	Credentials    = provider.Credentials
	WebhookSecret  = provider.WebhookSecret
	WebhookRequest = provider.Request
	State          = provider.State
)

// MaxWebhookBody caps a webhook's body.
const MaxWebhookBody = provider.MaxBody

// PublicState is a message's state in words for outsiders: what lies between queued and delivered is one to them.
func PublicState(s State) string {
	switch s {
	case provider.StateIntent, provider.StateAccepted, provider.StateSent:
		return "dispatched"
	default:
		return string(s)
	}
}

// ProblemCode names in a word why we kept a message back, for scripts; empty for any other failure.
func ProblemCode(problem string) string {
	return map[string]string{tooLate: "expired", windowClosed: "window_closed"}[problem]
}
