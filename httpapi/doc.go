// Package httpapi is the first door: everything that the world can ask over HTTP.
//
// routes.go is the whole API on one page: a row is a method, a path, the permission it asks for and the handler. One
// file holds one resource: the typed request, the typed response, the handler. A handler gets who is calling and for
// which tenant as a [Call], calls one engine method, and returns a response or an error:
//
//	route(a, http.MethodGet, "/routes/me/role", identity.SignedIn, a.meRole)
//
//	func (a *API) meRole(ctx context.Context, call Call, in *struct{}) (*meRoleOutput, error)
//
// The frame (route.go, middleware.go, errors.go) does the rest once: request id, who, which tenant, may they, decoding,
// validation, idempotency, and the problem body of every failure. The OpenAPI document is generated from the handlers'
// own types. A row without a permission does not compile.
package httpapi
