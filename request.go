package flomastr

import "context"

type requestIDKey struct{}

// WithRequestID gives the context the id under which a request is logged, answered and audited. Beside the deadline it
// is the only thing that a context carries here.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request that the context belongs to, or "" outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
