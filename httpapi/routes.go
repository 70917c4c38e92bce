package httpapi

import (
	"net/http"

	"github.com/flomastr/flomastr/identity"
)

// routes is the whole API on one page: method, path, who may call, handler. A path under /routes answers under /api too.
func (a *API) routes() {
	// Platform and health.
	route(a, http.MethodGet, "/livez", identity.Public, a.livez)
	route(a, http.MethodGet, "/readyz", identity.Public, a.readyz)
	route(a, http.MethodGet, "/engine", identity.Public, a.engine)
	route(a, http.MethodGet, "/config.json", identity.Public, a.config)
	route(a, http.MethodGet, "/routes/manifest", identity.Public, a.manifest)
	route(a, http.MethodGet, "/routes/preflight", identity.Public, a.preflight)
	route(a, http.MethodGet, "/routes/api/v1/platform/preflight", identity.Public, a.preflight, hidden)
	route(a, http.MethodGet, "/routes/favicon.ico", identity.Public, a.icon)
	route(a, http.MethodGet, "/favicon.ico", identity.Public, a.icon, hidden)
	route(a, http.MethodGet, "/light.ico", identity.Public, a.icon, hidden)
	route(a, http.MethodGet, "/dark.ico", identity.Public, a.icon, hidden)

	// Identity and users.

	// Tenants.

	// WhatsApp engine.

	// Conversations.
	route(a, http.MethodGet, "/routes/events", identity.Member, a.events)

	// Business Brain.
}
