package tenant

import (
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// Policies are the limits and choices of a tenant.
type Policies struct {
	RateLimitPerMinute   int      // requests to the API, over all servers, as many at once
	MaxContextLength     int      // of the knowledge that one question is answered from, in tokens of four characters
	AllowedFileTypes     []string // of files and of pages, by what they are
	MaxFileSizeMB        int
	MessageRetentionDays int     // then messages are deleted, here and in the archive
	HotTTLDays           int     // without a message; then a conversation is read from the archive
	InboxScope           string  // all, assigned, team: what a member sees; administrators see everything
	CatalogEnabled       bool    // the gallery is shown
	ConfidenceThreshold  float64 // the assistant does not answer below it
	TaskDueMinutes       int     // how long a task may wait before people are told
}

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
	case !within(p.TaskDueMinutes, 1, 10_080):
		return ErrPolicies.Field("body.task_due_minutes", "1 to 10080")
	}
	for _, t := range p.AllowedFileTypes {
		if names := flomastr.FileTypeNames(); !slices.Contains(names, t) {
			return ErrPolicies.Field("body.allowed_file_types", "of "+strings.Join(names, ", "))
		}
	}
	return nil
}

// ErrPolicyReserved says that a value belongs to the platform's operator.
var ErrPolicyReserved = flomastr.Errorf(flomastr.Forbidden, "policy_reserved",
	"Only the platform's operator may change this; an administrator may set the confidence threshold, how long tasks may wait and the inbox scope, and shorten retention.")

// AllowedToAdmin checks that a change stays within what a tenant's own administrators may do: the confidence threshold,
// how long tasks may wait, the inbox scope, and retention downwards.
func (p Policies) AllowedToAdmin(changed Policies) error {
	if changed.MessageRetentionDays > p.MessageRetentionDays || changed.HotTTLDays > p.HotTTLDays ||
		changed.RateLimitPerMinute != p.RateLimitPerMinute || changed.MaxContextLength != p.MaxContextLength ||
		changed.MaxFileSizeMB != p.MaxFileSizeMB || changed.CatalogEnabled != p.CatalogEnabled ||
		!slices.Equal(changed.AllowedFileTypes, p.AllowedFileTypes) {
		return ErrPolicyReserved
	}
	return nil
}
