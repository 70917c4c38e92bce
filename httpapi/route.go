package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
)

// Call is what the frame found out about a request before its handler runs.
type Call struct {
	Caller     identity.Caller
	Membership identity.Membership // the caller's place in the tenant; zero for a service and for a super admin who is not visiting
	Tenant     tenant.Tenant       // the tenant the request is about; zero when the route is about none
	RequestID  string
	RemoteIP   string // the peer's address, or what a trusted proxy said of it
}

// row is one line of the API's inventory, for the tests that call every route.
type row struct {
	Method, Path string
	Permission   identity.Permission
	Idempotent   bool
}

// option changes what the frame does for one route.
type option func(*routeOptions)

type routeOptions struct {
	status     int
	maxBody    int64
	idempotent bool
	ownKey     bool // the handler honours the Idempotency-Key itself
	rawBody    bool // the handler reads the body's bytes itself
	hidden     bool
	fresh      bool
	suspended  bool
	unlimited  bool // not counted against the caller's network
	expensive  bool // a tenant may have few of them running at once
	builtIn    bool // the built-in identity provider's
}

// status sets the status of success.
func status(code int) option { return func(o *routeOptions) { o.status = code } }

// maxBody sets the largest body in bytes; it is 1 MiB otherwise.
func maxBody(n int64) option { return func(o *routeOptions) { o.maxBody = n } }

// idempotent honours the Idempotency-Key header.
func idempotent(o *routeOptions) { o.idempotent = true }

// idempotentItself is idempotent for a handler that knows only in its course what makes two requests the same.
func idempotentItself(o *routeOptions) { o.idempotent, o.ownKey = true, true }

// builtIn marks what the built-in identity provider answers, where it signs people in.
func builtIn(o *routeOptions) { o.builtIn = true }

// rawBody hands the body's bytes to the handler unread.
func rawBody(o *routeOptions) { o.rawBody = true }

// freshSignIn asks for a sign-in of the last ten minutes.
func freshSignIn(o *routeOptions) { o.fresh = true }

// takenWhenSuspended lets a route work for a suspended tenant too.
func takenWhenSuspended(o *routeOptions) { o.suspended = true }

// hidden keeps an alias of a route out of the OpenAPI document.
func hidden(o *routeOptions) { o.hidden = true }

// unlimited does not count a public route against the caller's network: a provider's webhook must be stored, and whoever
// watches the server must hear of it.
func unlimited(o *routeOptions) { o.unlimited = true }

// expensive bounds how many calls of the tenant run at once.
func expensive(o *routeOptions) { o.expensive = true }

// tenantNamer is a request that may name its tenant in the body.
type tenantNamer interface{ namesTenant() string }

// route registers a handler under its path and, for a path under /routes, under the older prefix /api as well (an alias answers
// directly: a redirect would lose a POST's body).
func route[In, Out any](a *API, method, path string, permission identity.Permission,
	handler func(context.Context, Call, *In) (*Out, error), options ...option,
) {
	var o routeOptions
	for _, set := range options {
		set(&o)
	}
	_, asked := any(new(In)).(pageAsked)
	if _, given := any(new(Out)).(pageGiven); asked != given {
		panic("httpapi: " + path + " takes a cursor or gives one, and not both")
	}
	a.rows = append(a.rows, row{method, path, permission, o.idempotent})
	register := func(alias string, hidden bool) {
		huma.Register(a.huma, operation(method, alias, permission, o, hidden), func(ctx context.Context, in *In) (*Out, error) {
			if o.builtIn && a.deps.SignIn.BuiltInOff {
				return nil, a.fail(ctx, errSignInElsewhere)
			}
			arrival, _ := ctx.Value(arrivalKey{}).(arrival)
			arrival.whenSuspended = o.suspended
			call, err := a.admit(ctx, arrival, permission, in)
			if err == nil && o.fresh && !a.fresh(call) {
				err = errReauth
			}
			if err != nil {
				return nil, a.fail(ctx, err)
			}
			if !permission.IsPublic() {
				if err := a.charge(ctx, call); err != nil {
					return nil, a.fail(ctx, err)
				}
			}
			if o.expensive {
				leave, err := a.together.enter(call.Tenant.ID)
				if err != nil {
					return nil, a.fail(ctx, err)
				}
				defer leave()
			}
			list := listOf(arrival.request, call, method+" "+path)
			if err := a.openCursor(in, list); err != nil {
				return nil, a.fail(ctx, err)
			}
			run := func() (*Out, error) { return handler(ctx, call, in) }
			if key := arrival.request.Header.Get("Idempotency-Key"); o.idempotent && !o.ownKey && key != "" {
				out, err := once(ctx, a, call, method+" "+path, key, in, run)
				if err != nil {
					return nil, a.fail(ctx, err)
				}
				return out, nil
			}
			out, err := run()
			if err != nil {
				return nil, a.fail(ctx, err)
			}
			a.sealCursor(out, list)
			return out, nil
		})
	}
	register(path, o.hidden)
	if alias, ok := strings.CutPrefix(path, "/routes/"); ok {
		register("/api/"+alias, true)
		if strings.HasPrefix(alias, "api/v1/") {
			register("/"+alias, true)
		}
	}
}

// operation describes a route to huma.
func operation(method, path string, permission identity.Permission, o routeOptions, hidden bool) huma.Operation {
	op := huma.Operation{
		OperationID:   operationID(method, path),
		Method:        method,
		Path:          path,
		Summary:       summary(method, path),
		Description:   "Who may call: " + permission.String() + ".",
		Tags:          []string{tag(path)},
		DefaultStatus: o.status,
		MaxBodyBytes:  o.maxBody,

		SkipValidateBody: o.rawBody,
		Hidden:           hidden,
		Metadata:         map[string]any{permissionKey: permission, unlimitedKey: o.unlimited},
		Errors:           []int{http.StatusBadRequest, http.StatusNotFound, http.StatusServiceUnavailable},
	}
	if !o.unlimited {
		op.Errors = append(op.Errors, http.StatusTooManyRequests)
	}
	if !permission.IsPublic() {
		op.Security = []map[string][]string{{"bearer": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	return op
}

// operationID makes a stable name such as getRoutesMeRole, which generated clients use.
func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune("/{}-_.", r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func summary(method, path string) string { return method + " " + path }

// tag groups the reference by the first word that says what a route is about.
func tag(path string) string {
	for word := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' }) {
		switch word {
		case "routes", "api", "v1", "admin":
			continue
		}
		return word
	}
	return "platform"
}

// authenticated is the huma middleware that finds out who is calling before anything else of the request is read.
func (a *API) authenticated(hctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(hctx)
	ctx := r.Context()
	permission, _ := hctx.Operation().Metadata[permissionKey].(identity.Permission)
	caller, err := a.deps.Gate.Authenticate(ctx, r.Header.Values("Authorization"))
	if err == nil && !caller.Known() && !permission.IsPublic() {
		err = identity.ErrUnauthenticated
	}
	if free, _ := hctx.Operation().Metadata[unlimitedKey].(bool); !free && (permission.IsPublic() || flomastr.KindOf(err) == flomastr.Unauthenticated) {
		if tooMany := a.networks.take("network " + networkOf(a.remoteIP(r))); tooMany != nil {
			writeProblem(hctx, a.fail(ctx, tooMany))
			return
		}
	}
	// A public route answers a caller whose token is stale: signing in again must be possible.
	if err != nil && (!permission.IsPublic() || flomastr.KindOf(err) != flomastr.Unauthenticated) {
		writeProblem(hctx, a.fail(ctx, err))
		return
	}
	if visit := caller.Visit; visit != nil {
		hctx.SetHeader(actingAs, visit.Slug+"; until="+visit.EndsAt.UTC().Format(time.RFC3339))
	}
	if refused := patience(caller); refused != "" {
		if tooMany := a.networks.spent(refused); tooMany != nil {
			writeProblem(hctx, a.fail(ctx, tooMany))
			return
		}
	}
	came := arrival{request: r, caller: caller}
	if hctx.Operation().MaxBodyBytes > smallBody && permission.NeedsTenant() {
		if err := a.mayUpload(ctx, came, permission); err != nil {
			writeProblem(hctx, a.fail(ctx, err))
			return
		}
	}
	next(huma.WithValue(hctx, arrivalKey{}, came))
	if refused := patience(caller); refused != "" && hctx.Status() >= http.StatusBadRequest && hctx.Status() != http.StatusTooManyRequests {
		_ = a.networks.take(refused) // the next call hears of it
	}
}

// smallBody is what may be read of anybody who is signed in before their rights are judged.
const smallBody = 1 << 20

// mayUpload judges a caller before a large body is read, as far as that is possible without it: by the tenant that the
// rest of the request names, else by whether there is any tenant at all that the body could name.
func (a *API) mayUpload(ctx context.Context, came arrival, permission identity.Permission) error {
	_, err := a.admit(ctx, came, permission, nil)
	if !errors.Is(err, errTenantRequired) || !came.caller.Person() {
		return err
	}
	memberships, err := a.deps.Gate.Memberships(ctx, came.caller)
	if err == nil && len(memberships) == 0 {
		err = identity.ErrNotFound
	}
	return err
}

// arrival is what the middleware hands to the handler's frame.
type arrival struct {
	request       *http.Request
	caller        identity.Caller
	whenSuspended bool // the route works for a suspended tenant too
}

type arrivalKey struct{}

const (
	permissionKey = "permission"
	unlimitedKey  = "unlimited"
)

func writeProblem(hctx huma.Context, p *Problem) {
	for name, values := range p.GetHeaders() {
		hctx.SetHeader(name, values[0])
	}
	hctx.SetHeader("Content-Type", p.ContentType(""))
	hctx.SetStatus(p.Status)
	_ = json.NewEncoder(hctx.BodyWriter()).Encode(p) // the client may have gone
}
