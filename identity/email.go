package identity

import (
	"maps"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// ErrEmail says that an address cannot be used.
var ErrEmail = flomastr.Errorf(flomastr.Invalid, "email_invalid", "This is not an e-mail address that we can use.")

// CanonicalEmail checks an address and gives the one form in which it is kept: ASCII only (so that no look-alike letter
// passes for another), an unquoted local part as it was given, the domain in lower case.
func CanonicalEmail(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return "", ErrEmail
	}
	local, domain := s[:at], asciiLower(s[at+1:])
	for i := range len(local) {
		c := local[i]
		if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~.-", rune(c)) {
			return "", ErrEmail
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", ErrEmail
	}
	if domain == "" {
		return "", ErrEmail
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", ErrEmail
		}
		for i := range len(label) {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return "", ErrEmail
			}
		}
	}
	return local + "@" + domain, nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// asciiLower folds A–Z and leaves every other byte alone; strings.ToLower would turn the Kelvin sign into a k.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// SuperAdmins is the operator's list of addresses that make a person a super admin.
type SuperAdmins map[string]bool

// ParseSuperAdmins reads a comma-separated list. A wrong address is an error, never skipped: the operator meant
// somebody.
func ParseSuperAdmins(list string) (SuperAdmins, error) {
	admins := SuperAdmins{}
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		email, err := CanonicalEmail(one)
		if err != nil {
			return nil, flomastr.Errorf(flomastr.Invalid, "super_admin_emails_invalid",
				"SUPER_ADMIN_EMAILS holds something that is not an e-mail address.")
		}
		admins[email] = true
	}
	return admins, nil
}

// Has tells whether a verified address is on the list: equal byte for byte, but for the domain's case.
func (s SuperAdmins) Has(email string, verified bool) bool {
	if !verified {
		return false
	}
	canonical, err := CanonicalEmail(email)
	return err == nil && s[canonical]
}

// List gives the addresses in alphabetical order.
func (s SuperAdmins) List() []string { return slices.Sorted(maps.Keys(s)) }

// SuperAdminWarnings says in sentences which super admins are members of tenants too: whoever works for a tenant and
// runs the platform has one password between the tenant's customers and every other tenant.
func SuperAdminWarnings(tenants map[string][]string) []string {
	var warnings []string
	for _, email := range slices.Sorted(maps.Keys(tenants)) {
		warnings = append(warnings, "The super admin "+email+" is also a member of "+strings.Join(tenants[email], ", ")+
			". Use an address of its own for running the platform.")
	}
	return warnings
}
