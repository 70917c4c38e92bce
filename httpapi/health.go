package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Check asks one dependency whether it works. A required one that fails makes the server not ready.
type Check struct {
	Name     string
	Required bool
	Probe    func(ctx context.Context) error
}

// SettingState is what preflight may say of a setting: never its value.
type SettingState struct {
	Name  string `json:"name" example:"DATABASE_URL"`
	State string `json:"state" enum:"OK,MISSING,INVALID"`
	Note  string `json:"note,omitempty" doc:"What to do about it"`
}

type checkResult struct {
	Name      string  `json:"name"`
	State     string  `json:"state" enum:"OK,FAILED"`
	Required  bool    `json:"required"`
	LatencyMS float64 `json:"latency_ms"`
	Note      string  `json:"note,omitempty"`
}

// probe asks every dependency at once, each for at most two seconds.
func (a *API) probe(ctx context.Context) (results []checkResult, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	results = make([]checkResult, len(a.deps.Health))
	var all sync.WaitGroup
	for i, check := range a.deps.Health {
		all.Go(func() {
			start := time.Now()
			err := check.Probe(ctx)
			results[i] = checkResult{Name: check.Name, State: "OK", Required: check.Required, LatencyMS: float64(time.Since(start).Microseconds()) / 1000}
			if err != nil {
				results[i].State, results[i].Note = "FAILED", problemOf(ctx, err).Detail
				a.log.DebugContext(ctx, "health check failed", "check", check.Name, "error", err)
			}
		})
	}
	all.Wait()
	ready = true
	for _, r := range results {
		if r.Required && r.State != "OK" {
			ready = false
		}
	}
	return results, ready
}

type statusOutput struct {
	Body struct {
		Status string `json:"status" example:"ok"`
	}
}

func (a *API) livez(context.Context, Call, *struct{}) (*statusOutput, error) {
	out := &statusOutput{}
	out.Body.Status = "ok"
	return out, nil
}

type readyOutput struct {
	Status int
	Body   struct {
		Status string        `json:"status" enum:"ready,not_ready"`
		Checks []checkResult `json:"checks"`
	}
}

func (a *API) readyz(ctx context.Context, _ Call, _ *struct{}) (*readyOutput, error) {
	out := &readyOutput{Status: http.StatusOK}
	var ready bool
	out.Body.Checks, ready = a.probe(ctx)
	out.Body.Status = "ready"
	if !ready || a.isStopping() {
		out.Status, out.Body.Status = http.StatusServiceUnavailable, "not_ready"
	}
	return out, nil
}

type engineOutput struct {
	Body struct {
		Status    string  `json:"status" example:"ok"`
		Service   string  `json:"service" example:"whatsapp-engine"`
		QueueSize int     `json:"queue_size" doc:"Turns that wait to be answered, over all tenants"`
		Uptime    float64 `json:"uptime" doc:"Seconds since the server started"`
		Version   string  `json:"version"`
	}
}

func (a *API) engine(ctx context.Context, _ Call, _ *struct{}) (*engineOutput, error) {
	out := &engineOutput{}
	size, err := a.deps.WaitingTurns(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.Status, out.Body.Service, out.Body.Version = "ok", "whatsapp-engine", a.deps.Version
	out.Body.QueueSize, out.Body.Uptime = size, a.deps.Clock().Sub(a.started).Seconds()
	return out, nil
}

type manifestOutput struct {
	Body struct {
		AppVersion   string          `json:"app_version"`
		Bundles      []string        `json:"bundles" doc:"The bundles that can be installed"`
		FeatureFlags map[string]bool `json:"feature_flags"`
		Policies     manifestPolicy  `json:"policies" doc:"Limits that hold for everybody"`
		UpdatedAt    time.Time       `json:"updated_at" doc:"When this server started with this version"`
	}
}

type manifestPolicy struct {
	MaxReplyCharacters  int `json:"max_reply_characters"`
	MaxWebhookBodyBytes int `json:"max_webhook_body_bytes"`

	Tenant *policiesBody `json:"tenant,omitempty" doc:"Those of the tenant that the request names, for its own people and services"`
}

func (a *API) manifest(ctx context.Context, call Call, _ *struct{}) (*manifestOutput, error) {
	out := &manifestOutput{}
	out.Body.AppVersion, out.Body.Bundles, out.Body.UpdatedAt = a.deps.Version, []string{}, a.started
	out.Body.FeatureFlags = a.featureFlags()
	out.Body.Policies = manifestPolicy{MaxReplyCharacters: 4096, MaxWebhookBodyBytes: 4 << 20}
	if call.Tenant.ID.IsZero() || !call.Caller.IsService() && !call.Membership.Active() {
		return out, nil
	}
	policies, err := a.deps.TenantAdmin.Effective(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out.Body.Policies.Tenant = &policiesOut(policies).Body
	out.Body.FeatureFlags["catalog"] = policies.CatalogEnabled
	return out, nil
}

func (a *API) featureFlags() map[string]bool {
	return map[string]bool{"simulator": a.deps.Simulator != nil}
}

type preflightOutput struct {
	Body struct {
		Status    string         `json:"status" enum:"OK,FAILED"`
		Settings  []SettingState `json:"settings"`
		Checks    []checkResult  `json:"checks"`
		Timestamp time.Time      `json:"timestamp"`
	}
}

// preflight always answers 200: what is wrong stands in the body.
func (a *API) preflight(ctx context.Context, _ Call, _ *struct{}) (*preflightOutput, error) {
	out := &preflightOutput{}
	out.Body.Settings, out.Body.Timestamp = a.deps.Settings(), a.deps.Clock()
	var ready bool
	out.Body.Checks, ready = a.probe(ctx)
	out.Body.Status = "OK"
	for _, s := range out.Body.Settings {
		ready = ready && s.State == "OK"
	}
	if !ready {
		out.Body.Status = "FAILED"
	}
	return out, nil
}
