package tenant

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// Domain is a host of a tenant's own, and how far its claim is proven. The zero Domain is none.
type Domain struct {
	Name       string
	Token      string     // what its owner puts into DNS
	VerifiedAt *time.Time // since when it is proven; only then is it served
	CheckedAt  *time.Time // when DNS last gave a definite answer
}

// Record is the TXT record that proves the claim: its name and its value.
func (d Domain) Record() (name, value string) {
	return "_flomastr." + d.Name, "flomastr-verification=" + d.Token
}

// Claim is a domain with the tenant that says it is its own.
type Claim struct {
	Tenant flomastr.TenantID
	Domain
}

// DomainStore keeps claims. Each method is one commit, and writes its line of the audit log in it.
type DomainStore interface {
	// Holder is the tenant that has proven a domain; ErrNotFound when nobody has.
	Holder(ctx context.Context, domain string) (Claim, error)
	// Due lists proven claims that were last tried before a time, oldest first.
	Due(ctx context.Context, before time.Time, limit int) ([]Claim, error)
	// Settle notes what DNS said of a claim, unless the claim has changed meanwhile. Proof of a domain that another holds
	// is ErrDomainTaken.
	Settle(ctx context.Context, actor flomastr.Actor, claim Claim, answer Proof, now time.Time) error
}

// Proof is what DNS says of a claim.
type Proof int

// The answers of DNS.
const (
	Unknown Proof = iota // it could not be asked
	Missing              // the record is not there
	Proven
)

// The ways in which a domain cannot be had.
var (
	ErrDomain = flomastr.Errorf(flomastr.Invalid, "domain_invalid", "The domain cannot be used.").
			Field("body.custom_domain", "a host name such as chat.example.com, in lower case; write letters beyond a to z as xn--")
	ErrNoDomain    = flomastr.Errorf(flomastr.Conflict, "domain_unset", "The profile names no custom domain yet; set it first.")
	ErrDomainTaken = flomastr.Errorf(flomastr.Conflict, "domain_taken", "Another workspace has proven this domain and still holds it.")
	ErrDNS         = flomastr.Errorf(flomastr.Unavailable, "dns_unavailable", "The domain's name servers did not answer; try again in a minute.")
)

// TXT asks DNS for the TXT records of a name. [net.Resolver] does.
type TXT interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Profiles reads and changes profiles, and proves domains.
type Profiles struct {
	store   ProfileStore
	domains DomainStore
	dns     TXT
	base    string
	clock   flomastr.Clock
	changed func(domain string) // told of each domain whose holder may be another now
}

// ProfilesDeps is what profiles stand on.
type ProfilesDeps struct {
	Store      ProfileStore
	Domains    DomainStore
	DNS        TXT
	BaseDomain string // the platform's own, which nobody can claim
	Clock      flomastr.Clock
	Changed    func(domain string)
}

// NewProfiles makes the engine.
func NewProfiles(deps ProfilesDeps) *Profiles {
	return &Profiles{store: deps.Store, domains: deps.Domains, dns: deps.DNS, base: deps.BaseDomain, clock: deps.Clock, changed: deps.Changed}
}

// Profile reads a tenant's profile.
func (p *Profiles) Profile(ctx context.Context, tenant flomastr.TenantID) (Profile, error) {
	return p.store.Profile(ctx, tenant)
}

// Change lets change alter a profile. Naming another domain gives up the former one and its proof.
func (p *Profiles) Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change func(*Profile)) (Profile, error) {
	var before string
	changed, err := p.store.ChangeProfile(ctx, actor, tenant, strings.ToLower(rand.Text()), func(current Profile) (Profile, error) {
		before = current.Domain.Name
		change(&current)
		if err := current.clean(); err != nil {
			return Profile{}, err
		}
		if err := validateTimeZone(current.TimeZone); err != nil {
			return Profile{}, err
		}
		name, err := p.claimable(current.Domain.Name)
		current.Domain.Name = name
		return current, err
	})
	if err == nil && before != changed.Domain.Name && before != "" {
		p.changed(before)
	}
	return changed, err
}

var domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// claimable brings a domain into its one form, or refuses it. "" is none.
func (p *Profiles) claimable(name string) (string, error) {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if name == "" {
		return "", nil
	}
	if len(name) > 253-len("_flomastr.") || !domainForm.MatchString(name) || net.ParseIP(name) != nil || under(name, p.base) {
		return "", ErrDomain
	}
	for _, private := range []string{"localhost", "local", "internal", "onion", "arpa"} {
		if under(name, private) {
			return "", ErrDomain
		}
	}
	return name, nil
}

func under(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }

// Verify asks DNS now and notes the answer. A domain that another tenant has proven is asked about for that tenant too:
// whoever sold a domain loses it as soon as its new owner proves it.
func (p *Profiles) Verify(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) (Domain, error) {
	profile, err := p.store.Profile(ctx, tenant)
	if err != nil {
		return Domain{}, err
	}
	if profile.Domain.Name == "" {
		return Domain{}, ErrNoDomain
	}
	claim := Claim{tenant, profile.Domain}
	answer, err := p.ask(ctx, claim.Domain)
	if answer == Unknown {
		return Domain{}, ErrDNS.Because(err)
	}
	err = p.settle(ctx, actor, claim, answer)
	if errors.Is(err, ErrDomainTaken) {
		if err := p.recheckHolder(ctx, claim.Name); err != nil {
			return Domain{}, err
		}
		err = p.settle(ctx, actor, claim, answer)
	}
	if err != nil {
		return Domain{}, err
	}
	profile, err = p.store.Profile(ctx, tenant)
	return profile.Domain, err
}

func (p *Profiles) recheckHolder(ctx context.Context, domain string) error {
	holder, err := p.domains.Holder(ctx, domain)
	if errors.Is(err, ErrNotFound) {
		return nil // given up in between
	}
	if err != nil {
		return err
	}
	answer, _ := p.ask(ctx, holder.Domain)
	return p.settle(ctx, flomastr.ActorSystem, holder, answer)
}

const (
	recheckEvery = 24 * time.Hour
	recheckBatch = 50
	// patience is how long a proof outlives name servers that do not answer.
	patience = 7 * 24 * time.Hour
)

// Recheck asks DNS again about proven domains that were not asked about for a day. A record that is gone ends the proof at
// once; name servers that do not answer for a week do as well.
func (p *Profiles) Recheck(ctx context.Context) error {
	due, err := p.domains.Due(ctx, p.clock().Add(-recheckEvery), recheckBatch)
	if err != nil {
		return err
	}
	var all error
	for _, claim := range due {
		answer, _ := p.ask(ctx, claim.Domain)
		if answer == Unknown && claim.CheckedAt != nil && p.clock().Sub(*claim.CheckedAt) > patience {
			answer = Missing
		}
		if err := p.settle(ctx, flomastr.ActorSystem, claim, answer); err != nil {
			all = errors.Join(all, fmt.Errorf("recheck %s: %w", claim.Name, err))
		}
	}
	return all
}

func (p *Profiles) settle(ctx context.Context, actor flomastr.Actor, claim Claim, answer Proof) error {
	err := p.domains.Settle(ctx, actor, claim, answer, p.clock())
	if err == nil {
		p.changed(claim.Name)
	}
	return err
}

// ask looks for a claim's record.
func (p *Profiles) ask(ctx context.Context, d Domain) (Proof, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	name, value := d.Record()
	found, err := p.dns.LookupTXT(ctx, name+".") // the dot keeps the machine's search list out
	var failure *net.DNSError
	switch {
	case err == nil && slices.ContainsFunc(found, func(s string) bool { return strings.TrimSpace(s) == value }):
		return Proven, nil
	case err == nil, errors.As(err, &failure) && failure.IsNotFound:
		return Missing, nil
	}
	return Unknown, err
}
