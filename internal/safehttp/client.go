package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Defaults and ceilings of a client; a zero field of [Config] means the default.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxBytes = 20 << 20
	maxHeaderBytes  = 64 << 10
	maxRedirects    = 5
)

// Config says what one feature may do. It is built by the operator's code alone: nothing in it may come from a tenant.
type Config struct {
	// Allow lists origins (exact scheme://host:port) that may lie inside: the stand-ins of a development machine, the
	// listeners of a test. A redirect from elsewhere never leads to one.
	Allow []string
	// DenyHosts names our own endpoints (the public host, the database, n8n); sub-domains are denied with them.
	DenyHosts []string
	// DenyPrefixes lists networks that are ours although they look public.
	DenyPrefixes []netip.Prefix
	// Redirects is how many are followed, at most 5. With 0 the redirecting response itself is returned.
	Redirects int
	// Timeout is the total deadline, from the first byte sent to the last byte read.
	Timeout time.Duration
	// Stall is the longest time without a byte, before the answer and within it; 0 leaves that to Timeout. It is for answers that come
	// piece by piece.
	Stall time.Duration
	// MaxBytes caps a response body after decompression.
	MaxBytes int64
	// UserAgent is sent where a request names none.
	UserAgent string
	// RootCAs replaces the system's certificate authorities, for tests.
	RootCAs *x509.CertPool
	// Resolver replaces the name server, for tests. The Go resolver is used in any case: the C library's reads
	// "127.1" and "0x7f.1" as addresses.
	Resolver *net.Resolver
}

// Client sends guarded requests. It is safe for concurrent use.
type Client struct {
	config Config
	rules  rules
	http   http.Client
	limits *guardedTransport
}

// New makes a client. It panics on an allowed origin that is not one, because that is a mistake in wiring.
func New(config Config) *Client {
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	if config.MaxBytes <= 0 {
		config.MaxBytes = DefaultMaxBytes
	}
	config.Redirects = min(max(config.Redirects, 0), maxRedirects)
	c := &Client{config: config, rules: newRules(config)}
	c.limits = newTransport(config, c.rules)
	c.http = http.Client{Transport: c.limits, Timeout: config.Timeout, CheckRedirect: c.checkRedirect}
	return c
}

// Get fetches an address. The caller closes the body.
func (c *Client) Get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	target, err := c.rules.check(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, ErrInvalidURL.Because(err)
	}
	maps.Copy(req.Header, header)
	return c.Do(req)
}

// Do sends a request that the caller has built, under every guard. The response's body ends in [ErrTooLarge] past the
// cap and in [ErrTimeout] past the deadline.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if req.Header.Get("User-Agent") == "" && c.config.UserAgent != "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", c.config.UserAgent)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, translate(err)
	}
	resp.Body = &translatedBody{ReadCloser: resp.Body}
	return resp, nil
}

// Check says whether an address would pass the checks that need no network, for the moment when a tenant saves one. It
// is checked again at use.
func (c *Client) Check(address string) (*url.URL, error) { return c.rules.check(address) }

// HTTP returns the client as the standard library's, for SDKs that want one. It carries the same guards.
func (c *Client) HTTP() *http.Client { return &c.http }

// CloseIdle closes the connections that nobody uses.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// guardedTransport holds two pools that never mix: one whose dialer is guarded, one for the operator's allowed origins.
type guardedTransport struct {
	rules    rules
	maxBytes int64
	stall    time.Duration
	guarded  *http.Transport
	allowed  *http.Transport
}

func newTransport(config Config, rules rules) *guardedTransport {
	resolver := &net.Resolver{PreferGo: true}
	if config.Resolver != nil {
		resolver = config.Resolver
	}
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second, Resolver: resolver}
	guarded := dialer
	guarded.Control = rules.control
	base := http.Transport{
		Proxy:                  nil, // see the package comment
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  config.Timeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        15 * time.Second,
		MaxIdleConns:           50,
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: maxHeaderBytes,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.RootCAs},
	}
	if config.Stall > 0 {
		base.ResponseHeaderTimeout = config.Stall
	}
	t := &guardedTransport{rules: rules, maxBytes: config.MaxBytes, stall: config.Stall, guarded: base.Clone(), allowed: base.Clone()}
	t.guarded.DialContext = guarded.DialContext
	t.allowed.DialContext = dialer.DialContext
	return t
}

// RoundTrip checks each hop, the first and every redirect alike.
func (t *guardedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	target, err := t.rules.check(req.URL.String())
	if err != nil {
		return nil, err
	}
	hop := req.Clone(req.Context())
	// The checked form is what is dialled: a host that IDNA maps to an address has been judged as that address.
	hop.URL = target
	hop.Host = "" // the Host header says what was checked, nothing else
	transport := t.guarded
	if t.rules.allows(target) {
		transport = t.allowed
	}
	stop := func() {}
	if t.stall > 0 {
		hop, stop = stoppable(hop)
	}
	resp, err := transport.RoundTrip(hop)
	if err != nil {
		stop()
		return nil, err
	}
	if t.stall > 0 {
		resp.Body = newStallBody(resp.Body, t.stall, stop)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close()
		return nil, ErrUnreachable.Because(errors.New("the server switched protocols"))
	}
	resp.Body = &cappedBody{body: resp.Body, left: t.maxBytes}
	return resp, nil
}

// CloseIdleConnections empties both pools.
func (t *guardedTransport) CloseIdleConnections() {
	t.guarded.CloseIdleConnections()
	t.allowed.CloseIdleConnections()
}

// cappedBody counts what the caller reads, which is after decompression: a small gzip body may hold gigabytes.
type cappedBody struct {
	body io.ReadCloser
	left int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	// One byte more than is left tells a body that fits exactly from one that goes on.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

func (b *cappedBody) Close() error { return b.body.Close() }

// translatedBody gives read errors our words. It lies outside the standard client's own wrapper, which is what turns a
// passed deadline into an error.
type translatedBody struct{ io.ReadCloser }

func (b *translatedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, translate(fmt.Errorf("read the body: %w", err))
	}
	return n, err
}

// hasSuffixHost reports whether host is domain or lies below it.
func hasSuffixHost(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
