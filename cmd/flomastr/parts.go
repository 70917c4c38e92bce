package main

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/tenant"
)

// businesses tells the assistant a tenant's name and what the tenant allows.
type businesses struct{ tenants *tenant.Engine }

// BusinessName implements assistant.Businesses.
func (b businesses) BusinessName(ctx context.Context, id flomastr.TenantID) (string, error) {
	t, err := b.tenants.ByID(ctx, id)
	return t.Name, err
}

// Policy implements assistant.Policies.
func (b businesses) Policy(ctx context.Context, id flomastr.TenantID) (assistant.Policy, error) {
	p, err := b.tenants.Effective(ctx, id)
	return assistant.Policy{Threshold: p.ConfidenceThreshold, MaxContext: p.MaxContextLength}, err
}

// cards makes knowledge of the answers that people approve.
type cards struct{ knowledge *contextengine.Engine }

// PublishAnswer implements task.Publisher.
func (c cards) PublishAnswer(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, question, answer string) error {
	_, err := c.knowledge.PublishCard(ctx, tenant, contextengine.Card{Question: question, Answer: answer, By: by})
	return err
}

// preflight is what the door may tell of the settings.
func (c Config) preflight() []httpapi.SettingState {
	var states []httpapi.SettingState
	for _, row := range c.Settings() {
		if row.Unused {
			continue
		}
		states = append(states, httpapi.SettingState{Name: row.Name, State: row.Status, Note: row.Problem})
	}
	return states
}

// ownHosts are the names under which this installation itself answers: no page is read from there.
func ownHosts(c Config) []string {
	hosts := []string{c.BaseDomain}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, u.Hostname())
	}
	return hosts
}

// simulator passes the simulator page's calls on to the stand-in's control API. It exists in demo mode only.
func simulator(c Config) http.Handler {
	if !c.Demo() || c.InfobipStandIn == "" {
		return nil
	}
	target, err := url.Parse(c.InfobipStandIn)
	if err != nil {
		return nil // the settings were checked
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Authorization") // our caller's token is none of the stand-in's business
			r.Out.Header.Del("Cookie")
		},
		FlushInterval: -1, // the phones' events are a stream
		Transport:     safehttp.New(safehttp.Config{Allow: []string{c.InfobipStandIn}, Timeout: 24 * time.Hour, MaxBytes: 1 << 40}).HTTP().Transport,
	}
}

// conversion tells whether documents can be read here.
func conversion(context.Context) error {
	for _, tool := range convert.Tools() {
		if tool.Path == "" && !tool.Optional {
			return flomastr.Errorf(flomastr.Unavailable, "tool_missing",
				"The program "+tool.Name+" of the package "+tool.Package+" is missing, so such documents cannot be read.")
		}
	}
	return nil
}

func counted(sweep func(context.Context) (int64, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := sweep(ctx)
		return err
	}
}

// prefixes reads what the settings' check has accepted: networks, or single addresses.
func prefixes(list []string) (out []netip.Prefix) {
	for _, one := range list {
		if p, err := netip.ParsePrefix(one); err == nil {
			out = append(out, p)
		} else if ip, err := netip.ParseAddr(one); err == nil {
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return out
}

func given(one string) []string {
	if one == "" {
		return nil
	}
	return []string{one}
}
