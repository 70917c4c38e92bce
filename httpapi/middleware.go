package httpapi

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// framed wraps the whole server: request id, security headers, one log line a request, and a handler's panic as a 500.
func (a *API) framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.deps.Clock()
		id := "req_" + rand.Text()[:20]
		r = spokenTo(r.WithContext(flomastr.WithRequestID(r.Context(), id)))
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", nothingAllowed) // a page says what it needs
		h.Set("Cache-Control", "no-store")               // what may be cached says so itself
		if r.TLS != nil || a.forwardedProto(r) == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		recorder := &statusRecorder{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself, by contract
					panic(cause)
				}
				a.log.ErrorContext(r.Context(), "handler panicked", "path", unlogged(r.URL.Path),
					"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if recorder.status == 0 {
					p := problemOf(r.Context(), fmt.Errorf("panic"))
					h.Set("Content-Type", p.ContentType(""))
					recorder.WriteHeader(p.Status)
					_ = json.NewEncoder(recorder).Encode(p)
				}
			}
			level := slog.LevelDebug
			if recorder.status >= http.StatusBadRequest && r.URL.Path != "/readyz" && !a.storms(recorder.status, "request", nil) {
				level = slog.LevelInfo
			}
			a.log.Log(r.Context(), level, "request", "method", r.Method, "path", unlogged(r.URL.Path),
				"status", recorder.status, "duration_ms", float64(a.deps.Clock().Sub(start))/float64(time.Millisecond))
		}()
		next.ServeHTTP(recorder, r)
	})
}

// statusRecorder remembers the status for the log line.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection, for flushing and deadlines.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// remoteIP is the peer's address, or the rightmost address that a chain of trusted proxies did not add itself.
func (a *API) remoteIP(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	}
	ip := peer.Addr().Unmap()
	if !a.trusts(ip) {
		return ip.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		ip = hop.Unmap()
		if !a.trusts(ip) {
			break
		}
	}
	return ip.String()
}

func (a *API) trusts(ip netip.Addr) bool {
	for _, prefix := range a.deps.TrustedProxies {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}
