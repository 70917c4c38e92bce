package identity

import (
	"encoding/json"
	"regexp"

	"github.com/flomastr/flomastr"
)

// How much a person may keep in a tenant.
const (
	maxPreferences     = 100
	maxPreference      = 8 << 10
	maxPreferenceBytes = 64 << 10
)

// Preferences are what a person wants of the app in a tenant: any JSON value by key. They are the person's own, decide
// nothing, and are no place for secrets.
type Preferences map[string]json.RawMessage

// PreferencesOf is whose preferences they are.
type PreferencesOf struct {
	Tenant          flomastr.TenantID
	Issuer, Subject string
}

// ErrPreference says that preferences cannot be kept as they are; the field says why.
var ErrPreference = flomastr.Errorf(flomastr.Invalid, "preference_invalid", "This preference cannot be kept.")

var preferenceKey = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// Check holds preferences to their limits: together, so that no sequence of small ones exceeds them.
func (p Preferences) Check() error {
	total := 0
	for key, value := range p {
		if !preferenceKey.MatchString(key) {
			return ErrPreference.Field("key", "1 to 64 characters of a–z, 0–9, _, . and -")
		}
		if len(value) > maxPreference {
			return ErrPreference.Field("value", "at most 8 KiB")
		}
		total += len(key) + len(value)
	}
	if len(p) > maxPreferences || total > maxPreferenceBytes {
		return ErrPreference.Field("preferences", "at most 100, of 64 KiB together")
	}
	return nil
}

// ErrNoPreference says that a key has no value.
var ErrNoPreference = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing here, or it is not yours to see.")
