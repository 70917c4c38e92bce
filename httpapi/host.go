package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"net/url"
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

// appElsewhere is where people find the app when they come to the bare base domain: the public URL, else the label app. It
// is nil where the app is at the base domain itself, as on a machine of one's own. Only the settings say where: nothing of a
// request but its path and query goes into the address.
func (a *API) appElsewhere() *url.URL {
	if a.deps.BaseDomain == "localhost" {
		return nil
	}
	there, err := url.Parse(cmp.Or(a.deps.PublicURL, "https://app."+a.deps.BaseDomain))
	if err != nil || there.Hostname() == a.deps.BaseDomain {
		return nil
	}
	return there
}

// toTheApp sends a page's request at the bare base domain to the app. The way is not for ever: a site may stand here one day.
func (a *API) toTheApp(pages http.Handler) http.Handler {
	app := a.appElsewhere()
	if app == nil {
		return pages
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != a.deps.BaseDomain || a.isAPI(r.URL.Path) || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			pages.ServeHTTP(w, r)
			return
		}
		there := url.URL{Scheme: app.Scheme, Host: app.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", there.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}
