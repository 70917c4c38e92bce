package tenant

import (
	"regexp"
	"strings"

	"github.com/flomastr/flomastr"
)

// ErrSlug says that a slug cannot be used.
var ErrSlug = flomastr.Errorf(flomastr.Invalid, "slug_invalid",
	"A slug has 3 to 63 characters of a–z, 0–9 and -, begins and ends with a letter or digit, and is no reserved word.")

var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// reserved are the words that a tenant cannot take: the first segments of our own paths (the web app's and the API's),
// the platform's hosts, and names under which a stranger would expect the platform itself.
const reserved = `
	admin api app assets auth auth-status canonical config contacts dev docs engine favicon files get-started
	hitl-tasks home icons internal invite livez login logout mcp messages metrics n8n openapi pulse queue readyz
	register reset-password robots routes settings sign-in sign-out sign-up simulator static tasks v1 v2 web webchat webhook
	webhooks well-known widget workflow-install workflows
	about abuse account billing blog cdn dashboard demo-login dns email ftp git help hostmaster imap info legal
	localhost mail mx news ns1 ns2 pop3 postmaster privacy root sales security smtp ssl staging status support
	system terms test-login tls webmaster webmail whappstream flomastr wpad www autoconfig autodiscover
	platform super-admin tenant tenants none null undefined unknown public private everyone
	light dark theme routes-api healthz health ready live
`

// ValidateSlug checks a slug that somebody asks for.
func ValidateSlug(slug string) error {
	switch {
	case !slugForm.MatchString(slug),
		len(slug) > 3 && slug[2:4] == "--", // punycode and whatever else may come to stand there
		Reserved(slug):
		return ErrSlug
	}
	if _, err := flomastr.ParseID[flomastr.TenantID](slug); err == nil {
		return ErrSlug // it could pass for another tenant's id
	}
	return nil
}

// Reserved tells whether a word is kept for the platform.
func Reserved(word string) bool {
	for one := range strings.FieldsSeq(reserved) {
		if one == word {
			return true
		}
	}
	return false
}
