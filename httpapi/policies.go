package httpapi

import (
	"context"

	"github.com/flomastr/flomastr/tenant"
)

type policiesBody struct {
	RateLimitPerMinute   int      `json:"rate_limit_per_minute" doc:"Requests to the API over all servers; as many may come at once. More are answered 429"`
	MaxContextLength     int      `json:"max_context_length" doc:"In tokens of four characters: how much knowledge a question is answered from, and how long a prepared context may be"`
	AllowedFileTypes     []string `json:"allowed_file_types" doc:"Of files and of pages, by what they are; GET /config.json lists them"`
	MaxFileSizeMB        int      `json:"max_file_size_mb" doc:"Of a file, a pasted text and a page"`
	MessageRetentionDays int      `json:"message_retention_days" doc:"Messages are deleted so many days after we received them, in the archive too"`
	HotTTLDays           int      `json:"hot_ttl_days" doc:"After so many days without a message a conversation moves to the archive, where it stays readable"`
	InboxScope           string   `json:"inbox_scope" enum:"all,assigned,team" doc:"Which conversations a member sees: all; those assigned to them; or, as team, those that nobody has taken as well. Owners and administrators see all"`
	CatalogEnabled       bool     `json:"catalog_enabled" doc:"Whether the gallery is shown and may be installed from"`
	ConfidenceThreshold  float64  `json:"confidence_threshold" doc:"The assistant does not answer what it is less sure of; it asks a person"`
	TaskDueMinutes       int      `json:"task_due_minutes" doc:"After so many minutes people are told that a task still waits"`
}

type policiesOutput struct{ Body policiesBody }

func policiesOut(p tenant.Policies) *policiesOutput {
	return &policiesOutput{Body: policiesBody(p)}
}

func (a *API) policiesGet(ctx context.Context, call Call, _ *TenantPath) (*policiesOutput, error) {
	found, err := a.deps.TenantAdmin.Policies(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	return policiesOut(found), nil
}

type policiesInput struct {
	TenantPath
	Body struct {
		RateLimitPerMinute   *int      `json:"rate_limit_per_minute,omitempty"`
		MaxContextLength     *int      `json:"max_context_length,omitempty"`
		AllowedFileTypes     *[]string `json:"allowed_file_types,omitempty" maxItems:"20"`
		MaxFileSizeMB        *int      `json:"max_file_size_mb,omitempty"`
		MessageRetentionDays *int      `json:"message_retention_days,omitempty"`
		HotTTLDays           *int      `json:"hot_ttl_days,omitempty"`
		InboxScope           *string   `json:"inbox_scope,omitempty" enum:"all,assigned,team"`
		CatalogEnabled       *bool     `json:"catalog_enabled,omitempty"`
		ConfidenceThreshold  *float64  `json:"confidence_threshold,omitempty"`
		TaskDueMinutes       *int      `json:"task_due_minutes,omitempty"`
	}
}

// policiesPut changes what the body names. A super admin may change everything; the tenant's own administrators the
// threshold, how long tasks may wait, the inbox scope, and retention downwards.
func (a *API) policiesPut(ctx context.Context, call Call, in *policiesInput) (*policiesOutput, error) {
	changed, err := a.deps.TenantAdmin.ChangePolicies(ctx, call.Caller.Actor(), call.Tenant.ID, !call.Caller.SuperAdmin, func(p *tenant.Policies) {
		set(&p.RateLimitPerMinute, in.Body.RateLimitPerMinute)
		set(&p.MaxContextLength, in.Body.MaxContextLength)
		set(&p.AllowedFileTypes, in.Body.AllowedFileTypes)
		set(&p.MaxFileSizeMB, in.Body.MaxFileSizeMB)
		set(&p.MessageRetentionDays, in.Body.MessageRetentionDays)
		set(&p.HotTTLDays, in.Body.HotTTLDays)
		set(&p.InboxScope, in.Body.InboxScope)
		set(&p.CatalogEnabled, in.Body.CatalogEnabled)
		set(&p.ConfidenceThreshold, in.Body.ConfidenceThreshold)
		set(&p.TaskDueMinutes, in.Body.TaskDueMinutes)
	})
	if err != nil {
		return nil, err
	}
	return policiesOut(changed), nil
}

func set[V any](field *V, value *V) {
	if value != nil {
		*field = *value
	}
}
