package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// Gate knows who is calling.
type Gate interface {
	Authenticate(ctx context.Context, authorization []string) (identity.Caller, error)
	Membership(ctx context.Context, tenant flomastr.TenantID, caller identity.Caller) (identity.Membership, error)
	Memberships(ctx context.Context, caller identity.Caller) ([]identity.Membership, error)
}

// Tenants finds tenants. A miss is an error of kind NotFound.
type Tenants interface {
	Find(ctx context.Context, ref string) (tenant.Tenant, error) // by id or slug
	ByID(ctx context.Context, id flomastr.TenantID) (tenant.Tenant, error)
}

// API is the HTTP door. Make one with [New].
type API struct {
	deps     Deps
	huma     huma.API
	mux      *http.ServeMux
	rows     []row
	log      *slog.Logger
	storm    storm
	streams  *streams
	quotas   *quotas // nil: tenants are not limited
	networks *networks
	together *together[flomastr.TenantID] // a tenant's expensive calls
	hearing  *together[flomastr.Actor]    // a person's open streams
	denials  denials
	places   *places
	agents   Agents // nil: there is no door for them
	started  time.Time
	stopping chan struct{} // closed when the server begins to stop
}

// SignInOffer is how people may sign in here. All of it is public.
type SignInOffer struct {
	BuiltInOff          bool     // nobody signs in with a password
	ClerkPublishableKey string   // "" where Clerk is not configured
	ClerkFrontendAPI    string   // Clerk's issuer
	Issuers             []string // whose tokens are accepted
}

// Deps is what the door opens to.
type Deps struct {
	Version        string
	PublicURL      string // how the world reaches us, where the operator has said so
	BaseDomain     string // such as localhost or flomastr.example
	TrustedProxies []netip.Prefix
	AllowedOrigins []string // other origins that may call with a bearer token
	Clock          flomastr.Clock
	Log            *slog.Logger
	Gate           Gate
	SuperAdmins    identity.SuperAdmins // for the list of platform users; rights come from the Gate
	SignIn         SignInOffer
	Tenants        Tenants
	Hosts          Hosts
	Idempotency    IdempotencyStore
	PlaceKeys      [][]byte // seal cursors and events' ids, the one in use first; none: a key of this process
	Events         EventSource
	Quotas         QuotaStore // nil: tenants are not limited
	NetworkRate    int        // requests a minute from one network before a tenant is known; 0: a default
	Health         []Check
	Settings       func() []SettingState                  // for preflight
	WaitingTurns   func(ctx context.Context) (int, error) // over all tenants
	Web            fs.FS                                  // the built web app; nil serves none
	Simulator      http.Handler                           // the stand-ins' control API in demo mode, else nil
	// Agents makes the door for agents, whose tools are requests to the API; nil for none.
	Agents func(api http.Handler) Agents

	Engines
}

// New builds the door and registers every route.
func New(deps Deps) *API {
	a := &API{deps: deps, mux: http.NewServeMux(), log: deps.Log, started: deps.Clock(), stopping: make(chan struct{})}
	a.streams = newStreams(deps.Events, func(err error) { a.log.Warn("look for events", "error", err) })
	a.networks = newNetworks(cmp.Or(deps.NetworkRate, defaultNetworkPerMinute), deps.Clock)
	a.places = newPlaces(deps.PlaceKeys)
	a.together, a.hearing = newTogether[flomastr.TenantID](maxTogether), newTogether[flomastr.Actor](maxStreams)
	if deps.Quotas != nil {
		a.quotas = newQuotas(deps.Quotas, deps.Clock)
	}
	setUpHuma()
	cfg := huma.DefaultConfig("FloMastr", deps.Version)
	cfg.Info.Description = "The relational AI assistant for WhatsApp Business. Paths under /routes answer under /api as well."
	cfg.DocsPath, cfg.SchemasPath = "", ""
	cfg.CreateHooks, cfg.Transformers = nil, nil // no $schema member in answers
	cfg.Formats = map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()}
	cfg.DefaultFormat = "application/json"
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"bearer": {
		Type: "http", Scheme: "bearer",
		Description: "A person's access token (POST /auth/sign-in), a tenant's API token (fm_live_…), or the platform's token.",
	}}
	a.huma = humago.New(a.mux, cfg)
	a.huma.UseMiddleware(a.authenticated)
	a.routes()
	if deps.Agents != nil {
		a.agents = deps.Agents(a.framed(a.hosted(a.mux)))
	}
	return a
}

// setUpHuma sets what huma keeps in package variables, once for the process and to the same values always.
var setUpHuma = sync.OnceFunc(func() { //nolint:gochecknoglobals // huma offers no other way
	huma.NewErrorWithContext = func(hctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		ctx := context.Background()
		if hctx != nil {
			ctx = hctx.Context()
		}
		return humaProblem(ctx, status, errs...)
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, errs...)
	}
	huma.ValidateStrictCasing = true // Go's decoder would take Tenant_ID for tenant_id
})

// OpenAPI is the document that GET /openapi.json answers.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Handler serves everything: the API, the stand-ins' control in demo mode, and the web app for the rest.
func (a *API) Handler() http.Handler {
	if a.deps.Simulator != nil {
		a.mux.Handle("/simulator/", a.simulator())
	}
	a.mux.HandleFunc("GET engine."+a.deps.BaseDomain+"/{$}", func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = "/engine"
		a.mux.ServeHTTP(w, r)
	})
	a.mux.Handle("/", a.toTheApp(a.webApp()))
	return a.framed(a.hosted(a.cors(a.canonical(a.mux))))
}

// simulator lets people of the demo drive the stand-ins: their control and their ledger, nothing else of them.
func (a *API) simulator() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := a.deps.Gate.Authenticate(r.Context(), r.Header.Values("Authorization"))
		if err == nil {
			err = identity.May(caller, identity.Membership{}, identity.SignedIn)
		}
		if err == nil && !strings.HasPrefix(r.URL.Path, "/simulator/control/") && r.URL.Path != "/simulator/ledger" {
			err = errNoSuchPath
		}
		if err != nil {
			a.answerProblem(w, r, err)
			return
		}
		http.StripPrefix("/simulator", a.deps.Simulator).ServeHTTP(w, r)
	})
}

// answerProblem writes an error outside of huma's routes.
func (a *API) answerProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := a.fail(r.Context(), err)
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = strictJSON().Marshal(w, p)
}

// Serve answers on the listener until the context ends. Then it stops being ready, tells open streams to come back
// later, and lets running requests finish for at most grace.
func (a *API) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	go a.streams.Run(ctx)
	context.AfterFunc(ctx, func() { close(a.stopping) })
	return a.serve(ctx, listener, a.Handler(), grace)
}

func (a *API) serve(ctx context.Context, listener net.Listener, handler http.Handler, grace time.Duration) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Minute, // a large upload over a phone's network; small bodies have deadlines of their own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (a *API) isStopping() bool {
	select {
	case <-a.stopping:
		return true
	default:
		return false
	}
}
