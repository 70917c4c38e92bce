package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// Hosts knows whose host is whose. A host of nobody's is an error of kind NotFound.
type Hosts interface {
	ByHost(ctx context.Context, host string) (flomastr.TenantID, error)
	Served(ctx context.Context, host string) (bool, error)
}

// peerTrusted tells whether a request comes straight from one of the proxies whose word is taken.
func (a *API) peerTrusted(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && a.trusts(peer.Addr().Unmap())
}

// forwardedProto is the scheme that a trusted proxy was called with.
func (a *API) forwardedProto(r *http.Request) string {
	if a.peerTrusted(r) {
		return r.Header.Get("X-Forwarded-Proto")
	}
	return ""
}

// hosted brings the host of a request into its one form, once for everything behind: what a trusted proxy was asked for,
// else what we were, in lower case and without the root's dot. A host is only ever looked up. One that is nobody's, or an
// address, gets the platform's page, and no link of ours is made from it.
func (a *API) hosted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if told := r.Header.Values("X-Forwarded-Host"); len(told) == 1 && !strings.ContainsAny(told[0], ", /@") && a.peerTrusted(r) {
			host = told[0]
		}
		r.Host = tenant.CanonicalHost(host)
		next.ServeHTTP(w, r)
	})
}

// byHost finds the tenant of a host.
func (a *API) byHost(ctx context.Context, host string) (tenant.Tenant, error) {
	if a.deps.Hosts == nil { // a door that serves the platform's own host alone
		return tenant.Tenant{}, tenant.ErrPlatformHost
	}
	id, err := a.deps.Hosts.ByHost(ctx, host)
	if err != nil {
		return tenant.Tenant{}, err
	}
	return a.deps.Tenants.ByID(ctx, id)
}
