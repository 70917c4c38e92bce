package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// zone is DNS: records by name, and a failure for every name while there is one.
type zone struct {
	records map[string][]string
	fail    error
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if z.fail != nil {
		return nil, z.fail
	}
	if found, ok := z.records[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// registry keeps one claim for each tenant, by the rules of the store.
type registry struct {
	claims map[flomastr.TenantID]*tenant.Claim
}

func (r *registry) Profile(_ context.Context, id flomastr.TenantID) (tenant.Profile, error) {
	out := tenant.Profile{TimeZone: "UTC"}
	if c := r.claims[id]; c != nil {
		out.Domain = c.Domain
	}
	return out, nil
}

func (r *registry) ChangeProfile(ctx context.Context, _ flomastr.Actor, id flomastr.TenantID, token string, change func(tenant.Profile) (tenant.Profile, error)) (tenant.Profile, error) {
	current, _ := r.Profile(ctx, id)
	changed, err := change(current)
	if err != nil {
		return tenant.Profile{}, err
	}
	if changed.Domain.Name != current.Domain.Name {
		r.claims[id] = &tenant.Claim{Tenant: id, Domain: tenant.Domain{Name: changed.Domain.Name, Token: token}}
	}
	return r.Profile(ctx, id)
}

func (r *registry) Holder(_ context.Context, domain string) (tenant.Claim, error) {
	for _, c := range r.claims {
		if c.Name == domain && c.VerifiedAt != nil {
			return *c, nil
		}
	}
	return tenant.Claim{}, tenant.ErrNotFound
}

func (r *registry) Due(context.Context, time.Time, int) ([]tenant.Claim, error) {
	var due []tenant.Claim
	for _, c := range r.claims {
		if c.VerifiedAt != nil {
			due = append(due, *c)
		}
	}
	return due, nil
}

func (r *registry) Settle(ctx context.Context, _ flomastr.Actor, claim tenant.Claim, answer tenant.Proof, now time.Time) error {
	c := r.claims[claim.Tenant]
	if c == nil || c.Token != claim.Token {
		return nil
	}
	switch answer {
	case tenant.Proven:
		if holder, err := r.Holder(ctx, claim.Name); err == nil && holder.Tenant != claim.Tenant {
			return tenant.ErrDomainTaken
		}
		c.VerifiedAt, c.CheckedAt = &now, &now
	case tenant.Missing:
		c.VerifiedAt, c.CheckedAt = nil, &now
	}
	return nil
}

type domains struct {
	*tenant.Profiles
	zone *zone
	kept *registry
	now  time.Time
	told []string
}

func newDomains() *domains {
	d := &domains{zone: &zone{records: map[string][]string{}}, kept: &registry{map[flomastr.TenantID]*tenant.Claim{}}, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	d.Profiles = tenant.NewProfiles(tenant.ProfilesDeps{
		Store: d.kept, Domains: d.kept, DNS: d.zone, BaseDomain: "flomastr.example", Clock: func() time.Time { return d.now },
		Changed: func(domain string) { d.told = append(d.told, domain) },
	})
	return d
}

func (d *domains) claim(t *testing.T, id flomastr.TenantID, name string) tenant.Domain {
	t.Helper()
	p, err := d.Change(t.Context(), flomastr.ActorSystem, id, func(p *tenant.Profile) { p.Domain.Name = name })
	require.NoError(t, err)
	return p.Domain
}

// publish puts the record of a claim into DNS.
func (d *domains) publish(of tenant.Domain) {
	name, value := of.Record()
	d.zone.records[name+"."] = append(d.zone.records[name+"."], "v=spf1 -all", value)
}

func (d *domains) verified(t *testing.T, id flomastr.TenantID) bool {
	t.Helper()
	found, err := d.Verify(t.Context(), flomastr.ActorSystem, id)
	require.NoError(t, err)
	return found.VerifiedAt != nil
}

func TestADomainIsProvenByItsOwnTokenAlone(t *testing.T) {
	t.Parallel()
	d, a, b := newDomains(), flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	_, err := d.Verify(t.Context(), flomastr.ActorSystem, a)
	require.ErrorIs(t, err, tenant.ErrNoDomain)
	first := d.claim(t, a, "Chat.Clinic.com.")
	require.Equal(t, "chat.clinic.com", first.Name)
	require.False(t, d.verified(t, a), "no record")
	d.publish(first)
	require.True(t, d.verified(t, a))
	require.NotEqual(t, first.Token, d.claim(t, b, "chat.clinic.com").Token)
	require.False(t, d.verified(t, b), "another's record proves nothing")

	d.claim(t, a, "")
	require.Contains(t, d.told, "chat.clinic.com")
	require.NotEqual(t, first.Token, d.claim(t, a, "chat.clinic.com").Token)
	require.False(t, d.verified(t, a), "a domain that was given up is proven anew")
}

func TestTheHolderOfADomainKeepsItWhileItsRecordStands(t *testing.T) {
	t.Parallel()
	d, a, b := newDomains(), flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	d.publish(d.claim(t, a, "chat.clinic.com"))
	require.True(t, d.verified(t, a))
	theirs := d.claim(t, b, "chat.clinic.com")
	d.publish(theirs)
	_, err := d.Verify(t.Context(), flomastr.ActorSystem, b)
	require.ErrorIs(t, err, tenant.ErrDomainTaken)

	clear(d.zone.records) // the domain is sold: only the new owner's record is left
	d.publish(theirs)
	require.True(t, d.verified(t, b))
	require.Nil(t, d.kept.claims[a].VerifiedAt)
}

func TestAProofEndsWithItsRecordAndOutlivesAShortOutage(t *testing.T) {
	t.Parallel()
	d, a := newDomains(), flomastr.NewID[flomastr.TenantID]()
	d.publish(d.claim(t, a, "chat.clinic.com"))
	require.True(t, d.verified(t, a))
	held := func() bool {
		require.NoError(t, d.Recheck(t.Context()))
		return d.kept.claims[a].VerifiedAt != nil
	}
	d.zone.fail = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	_, err := d.Verify(t.Context(), flomastr.ActorSystem, a)
	require.ErrorIs(t, err, tenant.ErrDNS)
	d.now = d.now.Add(6 * 24 * time.Hour)
	require.True(t, held(), "name servers may be away for days")
	d.now = d.now.Add(2 * 24 * time.Hour)
	require.False(t, held(), "and not for ever")

	d.zone.fail = nil
	require.True(t, d.verified(t, a))
	clear(d.zone.records)
	require.False(t, held(), "a record that is gone ends it at once")
}

func TestADomainOfOursOrOfNobodyIsNotClaimed(t *testing.T) {
	t.Parallel()
	d, a := newDomains(), flomastr.NewID[flomastr.TenantID]()
	for _, name := range []string{
		"flomastr.example", "x.flomastr.example", "localhost", "a.localhost", "printer.local", "db.internal", "clinic", "1.2.3.4", "::1",
		"https://a.com", "a.com:80", "a.com/x", "a_b.com", "-a.com", "a..com", "*.a.com", "münchen.de", "a.com\n", "a b.com", "a.1",
	} {
		_, err := d.Change(t.Context(), flomastr.ActorSystem, a, func(p *tenant.Profile) { p.Domain.Name = name })
		if name == "a.com\n" { // space around a name is nobody's intention
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, tenant.ErrDomain, "%q", name)
	}
}

// finder counts how often it is asked.
type finder struct {
	tenants map[string]tenant.Tenant
	asked   int
	fail    error
}

func (f *finder) Find(_ context.Context, ref string) (tenant.Tenant, error) {
	f.asked++
	if f.fail != nil {
		return tenant.Tenant{}, f.fail
	}
	if t, ok := f.tenants[ref]; ok {
		return t, nil
	}
	return tenant.Tenant{}, tenant.ErrNotFound
}

func (f *finder) ByID(_ context.Context, id flomastr.TenantID) (tenant.Tenant, error) {
	for _, t := range f.tenants {
		if t.ID == id {
			return t, nil
		}
	}
	return tenant.Tenant{}, tenant.ErrNotFound
}

func TestADirectoryRemembersEachHostForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	alpha := tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "alpha", Status: tenant.Active}
	f, kept := &finder{tenants: map[string]tenant.Tenant{"alpha": alpha}}, &registry{map[flomastr.TenantID]*tenant.Claim{}}
	d := tenant.NewDirectory("flomastr.example", f, kept, func() time.Time { return now })
	ask := func(host string, want error) flomastr.TenantID {
		t.Helper()
		id, err := d.ByHost(t.Context(), host)
		require.ErrorIs(t, err, want, host)
		return id
	}
	for _, host := range []string{"alpha.flomastr.example", "ALPHA.flomastr.example.", "alpha.flomastr.example:8000"} {
		require.Equal(t, alpha.ID, ask(host, nil))
	}
	require.Equal(t, 1, f.asked, "one host in any form is asked for once")
	for range 3 {
		ask("beta.flomastr.example", tenant.ErrNotFound)
	}
	require.Equal(t, 2, f.asked)
	f.tenants["beta"] = tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: "beta", Status: tenant.Active}
	now = now.Add(6 * time.Second)
	ask("beta.flomastr.example", nil)
	require.Equal(t, 3, f.asked)
	now = now.Add(time.Minute)
	f.fail = errors.New("away")
	_, err := d.ByHost(t.Context(), "alpha.flomastr.example")
	require.ErrorContains(t, err, "away")
	f.fail = nil
	require.Equal(t, alpha.ID, ask("alpha.flomastr.example", nil), "a failure is not remembered")
	for _, host := range []string{"", "flomastr.example", "app.flomastr.example", "127.0.0.1", "[::1]:80", "a.alpha.flomastr.example", "alpha.flomastr.example.evil.com", "evilflomastr.example"} {
		ask(host, tenant.ErrPlatformHost)
	}

	ask(alpha.ID.String()+".flomastr.example", tenant.ErrNotFound) // an id is no label
	when := now
	kept.claims[alpha.ID] = &tenant.Claim{Tenant: alpha.ID, Domain: tenant.Domain{Name: "chat.clinic.com", VerifiedAt: &when}}
	require.Equal(t, alpha.ID, ask("chat.clinic.com", nil))
	delete(kept.claims, alpha.ID)
	require.Equal(t, alpha.ID, ask("chat.clinic.com", nil))
	d.Forget("chat.clinic.com")
	ask("chat.clinic.com", tenant.ErrPlatformHost)

	asked := f.asked
	for i := range 10_000 {
		ask(fmt.Sprintf("made-up-%d.flomastr.example", i), tenant.ErrNotFound)
	}
	require.Equal(t, asked+10_000, f.asked)
	require.Equal(t, alpha.ID, ask("alpha.flomastr.example", nil))
}
