package provider

import "crypto/rand"

// Setup is what it takes to connect a number at a provider, as this server is set up. The form of an admin, the check of
// what is missing and the making of secrets all follow it.
type Setup struct {
	Fields []Need // in the order in which a person is asked; the number itself goes without saying
	// Address is the base URL of a channel that names none; empty where every account has its own.
	Address string
	Invents Invention
	// SignsWithAPIKey says that the provider signs its webhooks with the very key that we show it, unless another is named.
	SignsWithAPIKey bool
}

// Need is something that an admin is asked for.
type Need struct {
	Field    Field
	Required bool // without it nothing works; otherwise it is for those who know why
}

// Field names a part of a channel as the API has it.
type Field string

// The fields that a provider may need.
const (
	FieldBaseURL    Field = "base_url"
	FieldAccountID  Field = "account_id"
	FieldSenderID   Field = "sender_id"
	FieldAPIKey     Field = "credentials.api_key"
	FieldKeyID      Field = "credentials.key_id"
	FieldSigningKey Field = "webhook_secret.signing_key"
)

// Invention is the part of a webhook secret that is ours to choose; it is made up, and pasted at the provider.
type Invention string

// The inventions.
const (
	InventsNothing     Invention = ""             // the provider signs with a key of its own
	InventsHeader      Invention = "header"       // a header that the provider is told to send
	InventsVerifyToken Invention = "verify_token" // a word by which the provider tests the address
)

// Needs tells whether nothing works without a field.
func (s Setup) Needs(field Field) bool {
	for _, need := range s.Fields {
		if need.Field == field {
			return need.Required
		}
	}
	return false
}

// Renew makes up anew what is ours to choose. What the provider shows until it is told of the change stays believed. It
// tells whether there was anything to choose.
func (s Setup) Renew(before WebhookSecret) (WebhookSecret, bool) {
	out := before
	switch {
	case s.Invents == InventsVerifyToken:
		out.VerifyToken = rand.Text()
	case s.Invents == InventsHeader && before.Username != "":
		out.PreviousKey, out.Password = before.Password, rand.Text()
	case s.Invents == InventsHeader && before.HeaderName != "":
		out.PreviousKey, out.HeaderValue = before.HeaderValue, rand.Text()
	default:
		return before, false
	}
	return out, true
}
