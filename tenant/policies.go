package tenant

import (
	"slices"

	"github.com/flomastr/flomastr"
)

// Policies are the limits and choices of a tenant.
type Policies struct {
	RateLimitPerMinute   int
	MaxContextLength     int
	AllowedFileTypes     []string
	MaxFileSizeMB        int
	MessageRetentionDays int
	HotTTLDays           int
	InboxScope           string // all, assigned, team
	CatalogEnabled       bool
	ConfidenceThreshold  float64
}

// fileTypes are the kinds of file that we can read at all.
var fileTypes = []string{"md", "txt", "html", "pdf", "docx"}

// ErrPolicies says that a value is out of its range.
var ErrPolicies = flomastr.Errorf(flomastr.Invalid, "policies_invalid", "A policy is out of its range.")

// Validate checks every value against its range and names the first that is wrong.
func (p Policies) Validate() error {
	within := func(value, least, most int) bool { return value >= least && value <= most }
	switch {
	case !within(p.RateLimitPerMinute, 1, 100_000):
		return ErrPolicies.Field("body.rate_limit_per_minute", "1 to 100000")
	case !within(p.MaxContextLength, 200, 200_000):
		return ErrPolicies.Field("body.max_context_length", "200 to 200000")
	case !within(p.MaxFileSizeMB, 1, 1024):
		return ErrPolicies.Field("body.max_file_size_mb", "1 to 1024")
	case !within(p.MessageRetentionDays, 1, 36_500):
		return ErrPolicies.Field("body.message_retention_days", "1 to 36500")
	case !within(p.HotTTLDays, 1, 36_500):
		return ErrPolicies.Field("body.hot_ttl_days", "1 to 36500")
	case !slices.Contains([]string{"all", "assigned", "team"}, p.InboxScope):
		return ErrPolicies.Field("body.inbox_scope", "all, assigned or team")
	case !(p.ConfidenceThreshold >= 0 && p.ConfidenceThreshold <= 1): // refuses NaN as well
		return ErrPolicies.Field("body.confidence_threshold", "0 to 1")
	}
	for _, t := range p.AllowedFileTypes {
		if !slices.Contains(fileTypes, t) {
			return ErrPolicies.Field("body.allowed_file_types", "of md, txt, html, pdf, docx")
		}
	}
	return nil
}

// ErrPolicyReserved says that a value belongs to the platform's operator.
var ErrPolicyReserved = flomastr.Errorf(flomastr.Forbidden, "policy_reserved",
	"Only the platform's operator may change this; an administrator may set the confidence threshold and the inbox scope, and shorten retention.")

// AllowedToAdmin checks that a change stays within what a tenant's own administrators may do: the confidence threshold,
// the inbox scope, and retention downwards.
func (p Policies) AllowedToAdmin(changed Policies) error {
	if changed.MessageRetentionDays > p.MessageRetentionDays || changed.HotTTLDays > p.HotTTLDays ||
		changed.RateLimitPerMinute != p.RateLimitPerMinute || changed.MaxContextLength != p.MaxContextLength ||
		changed.MaxFileSizeMB != p.MaxFileSizeMB || changed.CatalogEnabled != p.CatalogEnabled ||
		!slices.Equal(changed.AllowedFileTypes, p.AllowedFileTypes) {
		return ErrPolicyReserved
	}
	return nil
}
