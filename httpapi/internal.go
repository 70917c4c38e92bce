package httpapi

import (
	"context"
	"net"
	"net/http"
	"time"
)

// ServeInternal answers the machine's own questions, on a listener that the world cannot reach: whether a certificate may
// be asked for, and whether we live.
func (a *API) ServeInternal(ctx context.Context, listener net.Listener, grace time.Duration) error {
	return a.serve(ctx, listener, a.Internal(), grace)
}

// Internal is the handler of that listener.
func (a *API) Internal() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/tls-ask", a.tlsAsk)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return a.framed(mux)
}

// tlsAsk tells the proxy in front of us, before it asks for a certificate, whether a host is one of ours: 200 or 404.
func (a *API) tlsAsk(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()["domain"]
	if len(asked) != 1 {
		a.answerProblem(w, r, errNoSuchPath)
		return
	}
	ours, err := a.deps.Hosts.Served(r.Context(), asked[0])
	if err == nil && !ours {
		err = errNoSuchPath
	}
	if err != nil {
		a.answerProblem(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
