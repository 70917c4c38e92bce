package tenant

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

// ErrPlatformHost says that a host names no tenant: it is the platform's own, or nobody's that we know.
var ErrPlatformHost = flomastr.Errorf(flomastr.NotFound, "platform_host", "This address belongs to no workspace.")

// Finder finds tenants by slug and by id. [Engine] does.
type Finder interface {
	Find(ctx context.Context, ref string) (Tenant, error)
	ByID(ctx context.Context, id flomastr.TenantID) (Tenant, error)
}

// Holders knows who has proven a domain; ErrNotFound when nobody has. A [DomainStore] does.
type Holders interface {
	Holder(ctx context.Context, domain string) (Claim, error)
}

// Directory knows whose host is whose: {slug}.BASE, and the domains that tenants have proven. It remembers answers for a
// short while, each under exactly the host that was asked for, since anybody may ask.
type Directory struct {
	base    string
	tenants Finder
	domains Holders
	clock   flomastr.Clock

	mu    sync.Mutex
	known map[string]remembered
}

// remembered is an answer; err is one of the two that say no.
type remembered struct {
	tenant flomastr.TenantID
	err    error
	until  time.Time
}

const (
	rememberHost   = 30 * time.Second
	rememberNobody = 5 * time.Second // short: a new tenant opens its page right after it was made
	maxRemembered  = 4096
)

// NewDirectory makes a directory of the hosts under a base domain.
func NewDirectory(base string, tenants Finder, domains Holders, clock flomastr.Clock) *Directory {
	return &Directory{base: base, tenants: tenants, domains: domains, clock: clock, known: map[string]remembered{}}
}

// CanonicalHost is a host in its one form: lower case, without port and without the root's dot.
func CanonicalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// ByHost finds the tenant that a host belongs to: ErrNotFound for a label under the base domain that nobody has, else
// ErrPlatformHost. Whether the tenant may be shown is for the caller to see.
func (d *Directory) ByHost(ctx context.Context, host string) (flomastr.TenantID, error) {
	host = CanonicalHost(host)
	if found, ok := d.recall(host); ok {
		return found.tenant, found.err
	}
	id, err := d.look(ctx, host)
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrPlatformHost) {
		d.remember(host, id, err)
	}
	return id, err
}

func (d *Directory) look(ctx context.Context, host string) (flomastr.TenantID, error) {
	none := flomastr.TenantID{}
	if _, err := netip.ParseAddr(host); err == nil || host == d.base || len(host) > 253 {
		return none, ErrPlatformHost
	}
	if label, ok := strings.CutSuffix(host, "."+d.base); ok {
		if !slugForm.MatchString(label) || Reserved(label) {
			return none, ErrPlatformHost
		}
		if ValidateSlug(label) != nil { // an id among them, which Find would take
			return none, ErrNotFound
		}
		found, err := d.tenants.Find(ctx, label)
		return found.ID, err
	}
	if !domainForm.MatchString(host) {
		return none, ErrPlatformHost
	}
	holder, err := d.domains.Holder(ctx, host)
	if errors.Is(err, ErrNotFound) {
		err = ErrPlatformHost
	}
	return holder.Tenant, err
}

// Served tells whether a host is one that we answer for: the platform's own, an active tenant's label, a proven domain of
// an active tenant. A certificate may be asked for it, and for no other.
func (d *Directory) Served(ctx context.Context, host string) (bool, error) {
	switch host {
	case d.base, "app." + d.base, "engine." + d.base:
		return true, nil
	}
	if host != CanonicalHost(host) {
		return false, nil
	}
	id, err := d.ByHost(ctx, host)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrPlatformHost) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found, err := d.tenants.ByID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return found.Status == Active, err
}

// Forget drops what is remembered of a host, for a change that shall show at once.
func (d *Directory) Forget(host string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, host)
}

func (d *Directory) recall(host string) (remembered, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.known[host]
	return found, ok && d.clock().Before(found.until)
}

func (d *Directory) remember(host string, id flomastr.TenantID, err error) {
	ttl := rememberHost
	if err != nil {
		ttl = rememberNobody
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= maxRemembered {
		clear(d.known) // somebody makes hosts up; the real ones come back at once
	}
	d.known[host] = remembered{id, err, d.clock().Add(ttl)}
}
