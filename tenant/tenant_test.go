package tenant_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

func TestSlugsAreDNSLabelsThatPassForNothingElse(t *testing.T) {
	t.Parallel()
	for slug, good := range map[string]bool{
		"bright-smile": true, "abc": true, "4u2": true, "a-1": true, strings.Repeat("a", 63): true, "bar-1234567": true,
		"": false, "ab": false, strings.Repeat("a", 64): false,
		"-abc": false, "abc-": false, "a_c": false, "Abc": false, "a.c": false, "a c": false, "abc\n": false, "café": false,
		"xn--80ak6aa92e": false, "ab--cd": false,
		"01890a5d-ac96-774b-bcce-b302099a8057": false,
		"admin":                                false, "api": false, "routes": false, "auth": false, "www": false, "app": false, "engine": false,
		"webhook": false, "queue": false, "sign-in": false, "openapi": false, "simulator": false, "n8n": false, "flomastr": false,
	} {
		err := tenant.ValidateSlug(slug)
		if good {
			require.NoError(t, err, "%q", slug)
		} else {
			require.ErrorIs(t, err, tenant.ErrSlug, "%q", slug)
		}
	}
}

func FuzzAGoodSlugIsOneHostLabel(f *testing.F) {
	for _, s := range []string{"abc", "a-b", "xn--a", "A", "..", "a.b", "a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, slug string) {
		if tenant.ValidateSlug(slug) != nil {
			return
		}
		if len(slug) < 3 || len(slug) > 63 || strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Fatalf("%q", slug)
		}
	})
}

// memory is a store of one tenant.
type memory struct {
	tenant.Store
	kept     tenant.Tenant
	policies tenant.Policies
	begun    int
	steps    map[string]tenant.StepState
}

func (m *memory) Steps(context.Context, flomastr.TenantID) (steps []tenant.Step, err error) {
	for name, state := range m.steps {
		steps = append(steps, tenant.Step{Name: name, State: state})
	}
	return steps, nil
}

func (m *memory) StartStep(_ context.Context, _ flomastr.TenantID, name string) error {
	if m.steps == nil {
		m.steps = map[string]tenant.StepState{}
	}
	m.steps[name] = tenant.StepRunning
	return nil
}

func (m *memory) EndStep(_ context.Context, _ flomastr.TenantID, name string, _ int64, failure string) error {
	m.steps[name] = tenant.StepDone
	if failure != "" {
		m.steps[name] = tenant.StepFailed
	}
	return nil
}

func (m *memory) BeginProvisioning(_ context.Context, _ flomastr.Actor, s tenant.Setup) (tenant.Provisioned, error) {
	m.begun++
	created := m.kept.ID.IsZero()
	if created {
		m.kept = tenant.Tenant{ID: flomastr.NewID[flomastr.TenantID](), Slug: s.Slug, Name: s.Name, TimeZone: s.TimeZone, Status: tenant.Provisioning}
	}
	return tenant.Provisioned{Tenant: m.kept, OwnerEmail: s.OwnerEmail, Created: created}, nil
}

func (m *memory) FinishProvisioning(context.Context, flomastr.Actor, flomastr.TenantID) (tenant.Tenant, error) {
	m.kept.ColdReady, m.kept.Status = true, tenant.Active
	return m.kept, nil
}

func (m *memory) ByID(_ context.Context, id flomastr.TenantID) (tenant.Tenant, error) {
	if id != m.kept.ID {
		return tenant.Tenant{}, tenant.ErrNotFound
	}
	return m.kept, nil
}

func (m *memory) BySlug(_ context.Context, slug string) (tenant.Tenant, error) {
	if slug != m.kept.Slug {
		return tenant.Tenant{}, tenant.ErrNotFound
	}
	return m.kept, nil
}

func (m *memory) Update(_ context.Context, _ flomastr.Actor, _ flomastr.TenantID, c tenant.Change) (tenant.Tenant, error) {
	if c.Name != nil {
		m.kept.Name = *c.Name
	}
	return m.kept, nil
}

func (m *memory) ChangePolicies(_ context.Context, _ flomastr.Actor, _ flomastr.TenantID, change func(tenant.Policies) (tenant.Policies, error)) (tenant.Policies, error) {
	changed, err := change(m.policies)
	if err == nil {
		m.policies = changed
	}
	return changed, err
}

// cold counts what it makes, and fails while it has errors left.
type cold struct {
	tenant.ColdStore
	made int
	errs []error
}

func (c *cold) CreateCold(context.Context, flomastr.TenantID) error {
	if len(c.errs) > 0 {
		err := c.errs[0]
		c.errs = c.errs[1:]
		return err
	}
	c.made++
	return nil
}

func setupOf(slug string) tenant.Setup {
	return tenant.Setup{Draft: tenant.Draft{Slug: slug}, OwnerEmail: "sara@example.com"}
}

func TestProvisioningStopsAtAFailedStepAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	store, databases := &memory{}, &cold{errs: []error{errors.New("no room")}}
	engine := tenant.New(tenant.Deps{Store: store, Cold: databases})
	_, err := engine.Provision(t.Context(), flomastr.ActorSystem, setupOf("bright-smile"))
	require.ErrorContains(t, err, "no room")
	require.Equal(t, tenant.Provisioning, store.kept.Status)
	require.Equal(t, tenant.StepFailed, store.steps[tenant.StepColdDatabase])
	id := store.kept.ID

	made, err := engine.Provision(t.Context(), flomastr.ActorSystem, setupOf("bright-smile"))
	require.NoError(t, err)
	require.Equal(t, id, made.Tenant.ID)
	require.Equal(t, tenant.Active, made.Tenant.Status)
	require.Equal(t, "Bright Smile", made.Tenant.Name)
	require.Equal(t, "UTC", made.Tenant.TimeZone)
	require.Equal(t, 1, databases.made)

	_, err = engine.Provision(t.Context(), flomastr.ActorSystem, setupOf("bright-smile"))
	require.NoError(t, err)
	require.Equal(t, 1, databases.made, "a complete tenant is left alone")
}

// owners are let in by links that count.
type owners struct {
	errs    []error
	invited int
}

func (o *owners) InviteOwner(context.Context, flomastr.Actor, flomastr.TenantID, string) (string, error) {
	if len(o.errs) > 0 {
		err := o.errs[0]
		o.errs = o.errs[1:]
		return "", err
	}
	o.invited++
	return "https://link.example", nil
}

func TestTheOwnersInvitationIsAStepThatIsDoneOnce(t *testing.T) {
	t.Parallel()
	store, people := &memory{}, &owners{errs: []error{errors.New("no queue")}}
	engine := tenant.New(tenant.Deps{Store: store, Cold: &cold{}, Owners: people})
	setup := setupOf("bright-smile")
	setup.Invite = true
	_, err := engine.Provision(t.Context(), flomastr.ActorSystem, setup)
	require.ErrorContains(t, err, "no queue")
	require.Equal(t, tenant.Active, store.kept.Status, "the tenant is there, and its status says what is missing")
	require.Equal(t, tenant.StepFailed, store.steps[tenant.StepOwnerInvitation])

	made, err := engine.Provision(t.Context(), flomastr.ActorSystem, setup)
	require.NoError(t, err)
	require.Equal(t, "https://link.example", made.Invitation)
	require.Equal(t, tenant.StepDone, store.steps[tenant.StepOwnerInvitation])

	made, err = engine.Provision(t.Context(), flomastr.ActorSystem, setup)
	require.NoError(t, err)
	require.Empty(t, made.Invitation, "shown once")
	require.Equal(t, 1, people.invited)

	quiet := &owners{}
	_, err = tenant.New(tenant.Deps{Store: &memory{}, Cold: &cold{}, Owners: quiet}).Provision(t.Context(), flomastr.ActorSystem, setupOf("quiet-one"))
	require.NoError(t, err)
	require.Zero(t, quiet.invited, "whoever does not ask gives the owner a way in")
}

func TestABadDraftReachesNoStore(t *testing.T) {
	t.Parallel()
	for name, draft := range map[string]tenant.Draft{
		"slug":      {Slug: "admin"},
		"name":      {Slug: "abc", Name: "a\u202eb"},
		"long name": {Slug: "abc", Name: strings.Repeat("a", 121)},
		"zone":      {Slug: "abc", TimeZone: "Mars/Olympus"},
		"path":      {Slug: "abc", TimeZone: "../../etc/passwd"},
		"colour":    {Slug: "abc", BrandPrimary: "red"},
		"colour 2":  {Slug: "abc", BrandPrimary: "#12345g"},
	} {
		store := &memory{}
		_, err := tenant.New(tenant.Deps{Store: store, Cold: &cold{}}).Provision(t.Context(), flomastr.ActorSystem, tenant.Setup{Draft: draft, OwnerEmail: "a@b"})
		require.Equal(t, flomastr.Invalid, flomastr.KindOf(err), name)
		require.Zero(t, store.begun, name)
	}
}

func TestATenantIsFoundByIDAndBySlugAndByNothingElse(t *testing.T) {
	t.Parallel()
	store := &memory{}
	engine := tenant.New(tenant.Deps{Store: store, Cold: &cold{}})
	made, err := engine.Provision(t.Context(), flomastr.ActorSystem, setupOf("bright-smile"))
	require.NoError(t, err)
	id := made.Tenant.ID.String()
	for _, ref := range []string{id, strings.ToUpper(id), "bright-smile"} {
		found, err := engine.Find(t.Context(), ref)
		require.NoError(t, err, ref)
		require.Equal(t, made.Tenant.ID, found.ID)
	}
	for _, ref := range []string{"", "Bright-Smile", "bright-smile ", " " + id, strings.ReplaceAll(id, "-", ""), "{" + id + "}", id + "x", "*", "bright_smile", flomastr.NewID[flomastr.TenantID]().String()} {
		_, err := engine.Find(t.Context(), ref)
		require.ErrorIs(t, err, tenant.ErrNotFound, "%q", ref)
	}
}

func TestNamesAreCleaned(t *testing.T) {
	t.Parallel()
	store := &memory{}
	engine := tenant.New(tenant.Deps{Store: store, Cold: &cold{}})
	name, empty := "  Bright \t Smile  ", " \n "
	changed, err := engine.Update(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, tenant.Change{Name: &name})
	require.NoError(t, err)
	require.Equal(t, "Bright Smile", changed.Name)
	_, err = engine.Update(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, tenant.Change{Name: &empty})
	require.ErrorIs(t, err, tenant.ErrDraft)
}

func defaults() tenant.Policies {
	return tenant.Policies{
		RateLimitPerMinute: 600, MaxContextLength: 4000, AllowedFileTypes: []string{"md", "pdf"}, MaxFileSizeMB: 25,
		MessageRetentionDays: 730, HotTTLDays: 90, InboxScope: "all", CatalogEnabled: true, ConfidenceThreshold: 0.5, TaskDueMinutes: 60,
	}
}

func TestPoliciesKeepTheirRangesAndTheirOwners(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change       func(*tenant.Policies)
		super, admin error
	}{
		"nothing":             {func(*tenant.Policies) {}, nil, nil},
		"threshold":           {func(p *tenant.Policies) { p.ConfidenceThreshold = 0.9 }, nil, nil},
		"inbox":               {func(p *tenant.Policies) { p.InboxScope = "assigned" }, nil, nil},
		"shorter retention":   {func(p *tenant.Policies) { p.MessageRetentionDays, p.HotTTLDays = 30, 7 }, nil, nil},
		"longer retention":    {func(p *tenant.Policies) { p.MessageRetentionDays = 731 }, nil, tenant.ErrPolicyReserved},
		"longer hot":          {func(p *tenant.Policies) { p.HotTTLDays = 91 }, nil, tenant.ErrPolicyReserved},
		"rate":                {func(p *tenant.Policies) { p.RateLimitPerMinute = 1 }, nil, tenant.ErrPolicyReserved},
		"file size":           {func(p *tenant.Policies) { p.MaxFileSizeMB = 1 }, nil, tenant.ErrPolicyReserved},
		"file types":          {func(p *tenant.Policies) { p.AllowedFileTypes = []string{"md"} }, nil, tenant.ErrPolicyReserved},
		"catalogue":           {func(p *tenant.Policies) { p.CatalogEnabled = false }, nil, tenant.ErrPolicyReserved},
		"context":             {func(p *tenant.Policies) { p.MaxContextLength = 300 }, nil, tenant.ErrPolicyReserved},
		"unknown file type":   {func(p *tenant.Policies) { p.AllowedFileTypes = []string{"exe"} }, tenant.ErrPolicies, tenant.ErrPolicies},
		"unknown scope":       {func(p *tenant.Policies) { p.InboxScope = "some" }, tenant.ErrPolicies, tenant.ErrPolicies},
		"due times":           {func(p *tenant.Policies) { p.TaskDueMinutes = 5 }, nil, nil},
		"due at once":         {func(p *tenant.Policies) { p.TaskDueMinutes = 0 }, tenant.ErrPolicies, tenant.ErrPolicies},
		"threshold above one": {func(p *tenant.Policies) { p.ConfidenceThreshold = 1.01 }, tenant.ErrPolicies, tenant.ErrPolicies},
		"threshold NaN":       {func(p *tenant.Policies) { p.ConfidenceThreshold = math.NaN() }, tenant.ErrPolicies, tenant.ErrPolicies},
		"no retention":        {func(p *tenant.Policies) { p.MessageRetentionDays = 0 }, tenant.ErrPolicies, tenant.ErrPolicies},
		"rate of zero":        {func(p *tenant.Policies) { p.RateLimitPerMinute = 0 }, tenant.ErrPolicies, tenant.ErrPolicies},
	} {
		for asAdmin, want := range map[bool]error{false: c.super, true: c.admin} {
			store := &memory{policies: defaults()}
			_, err := tenant.New(tenant.Deps{Store: store, Cold: &cold{}}).ChangePolicies(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, asAdmin, c.change)
			require.ErrorIs(t, err, want, "%s, as admin: %v", name, asAdmin)
			if want != nil {
				require.Equal(t, defaults(), store.policies, "%s changed something", name)
			}
		}
	}
}
