// Package loopback is the fence around the stand-ins: they listen on this machine only, dial this machine only, and answer
// only requests that name this machine, so that neither a typo nor a web page from elsewhere can use them.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrElsewhere is what every refusal of this package wraps: an address is not on this machine.
var ErrElsewhere = errors.New("not a loopback address")

// Listen opens a TCP listener, but only on a literal loopback address or localhost.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	if !IsHost(host) {
		return nil, fmt.Errorf("listen on %q: %w: a stand-in serves this machine only", address, ErrElsewhere)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// IsHost tells whether a host name or literal address means this machine. Names under .localhost do, by RFC 6761.
func IsHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// CheckURL tells whether a URL may be called by a stand-in: http or https, on this machine.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("parse the URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("scheme %q: only http and https are called", u.Scheme)
	}
	if !IsHost(u.Hostname()) {
		return fmt.Errorf("host %q: %w", u.Hostname(), ErrElsewhere)
	}
	return nil
}

// Client returns an HTTP client that connects to this machine only, follows no redirect and keeps up to conns idle
// connections to a host.
func Client(timeout time.Duration, conns int) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:         dial,
			MaxIdleConnsPerHost: conns,
			MaxConnsPerHost:     conns,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dial resolves nothing: a loopback name becomes a loopback address here, because Go's resolver does not know *.localhost
// and a name that went through DNS could point anywhere.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !IsHost(host) {
		return nil, fmt.Errorf("dial %q: %w", address, ErrElsewhere)
	}
	if net.ParseIP(host) == nil {
		host = "127.0.0.1"
	}
	dialer := net.Dialer{Timeout: 3 * time.Second}
	return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
}

// Guard refuses requests whose Host header names another machine: a page on the web that has rebound its own name to
// 127.0.0.1 still sends that name.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !IsHost(host) {
			http.Error(w, "this stand-in answers to loopback names only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
