package tenant

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Engine makes, finds, changes and erases tenants.
type Engine struct {
	store  Store
	cold   ColdStore
	files  Files
	owners Owners
	key    ed25519.PrivateKey
	clock  flomastr.Clock
	guard  Guard

	policies *policyCache
}

// Guard says whether an address that somebody gives may be called from here, by its looks, and in which form. A
// *safehttp.Client does; whoever calls the address later is guarded by where its name leads then.
type Guard interface {
	Check(address string) (*url.URL, error)
}

// Deps are what the engine stands on.
type Deps struct {
	Store  Store
	Cold   ColdStore
	Files  Files
	Owners Owners             // for provisioning with an invitation
	Key    ed25519.PrivateKey // signs the reports of erasures
	Guard  Guard              // judges the address of a tenant's n8n; without it none is taken
	Clock  flomastr.Clock     // nil is the system's
}

// New makes the engine.
func New(d Deps) *Engine {
	if d.Clock == nil {
		d.Clock = flomastr.SystemClock
	}
	return &Engine{store: d.Store, cold: d.Cold, files: d.Files, owners: d.Owners, key: d.Key, guard: d.Guard, clock: d.Clock, policies: newPolicyCache(d.Clock)}
}

// Find takes an id or a slug. What is neither is as absent as what nobody has.
func (e *Engine) Find(ctx context.Context, ref string) (Tenant, error) {
	if id, err := flomastr.ParseID[flomastr.TenantID](ref); err == nil {
		return e.store.ByID(ctx, id)
	}
	if !slugForm.MatchString(ref) {
		return Tenant{}, ErrNotFound
	}
	return e.store.BySlug(ctx, ref)
}

// ByID finds a tenant by its id.
func (e *Engine) ByID(ctx context.Context, id flomastr.TenantID) (Tenant, error) {
	return e.store.ByID(ctx, id)
}

// List gives a page of all tenants by slug, and how many there are.
func (e *Engine) List(ctx context.Context, search string, skip, limit int) ([]Tenant, int, error) {
	return e.store.List(ctx, strings.TrimSpace(search), max(skip, 0), min(max(limit, 1), 200))
}

// Policies are a tenant's limits and choices, as they stand now.
func (e *Engine) Policies(ctx context.Context, id flomastr.TenantID) (Policies, error) {
	return e.store.Policies(ctx, id)
}

// Effective are the policies that whatever runs often is held to: those of at most 15 seconds ago.
func (e *Engine) Effective(ctx context.Context, id flomastr.TenantID) (Policies, error) {
	return e.policies.get(ctx, id, e.store.Policies)
}

// ChangePolicies applies a change to the current values. With asAdmin it is held to what a tenant's own administrators
// may do.
func (e *Engine) ChangePolicies(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, asAdmin bool, change func(*Policies)) (Policies, error) {
	defer e.policies.forget(id)
	return e.store.ChangePolicies(ctx, actor, id, func(current Policies) (Policies, error) {
		changed := current
		change(&changed)
		if err := changed.Validate(); err != nil {
			return Policies{}, err
		}
		if asAdmin {
			if err := current.AllowedToAdmin(changed); err != nil {
				return Policies{}, err
			}
		}
		return changed, nil
	})
}

// Change is what may be altered of a tenant by its operator; nil leaves a field alone.
type Change struct {
	Name         *string
	TimeZone     *string
	BrandPrimary *string
	N8NURL       *string // "" takes it away
}

// Update changes a tenant's name, time zone, colour or the address of its n8n.
func (e *Engine) Update(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, change Change) (Tenant, error) {
	if change.Name != nil {
		name, err := cleanName(*change.Name)
		if err != nil {
			return Tenant{}, err
		}
		change.Name = &name
	}
	if change.TimeZone != nil {
		if err := validateTimeZone(*change.TimeZone); err != nil {
			return Tenant{}, err
		}
	}
	if change.BrandPrimary != nil {
		if err := validateColour(*change.BrandPrimary); err != nil {
			return Tenant{}, err
		}
	}
	if change.N8NURL != nil {
		address, err := e.cleanN8N(*change.N8NURL)
		if err != nil {
			return Tenant{}, err
		}
		change.N8NURL = &address
	}
	return e.store.Update(ctx, actor, id, change)
}

// ErrDraft says that a field of a new or changed tenant cannot be used.
var ErrDraft = flomastr.Errorf(flomastr.Invalid, "tenant_invalid", "A field of the workspace cannot be used.")

func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 120 || !utf8.ValidString(name) {
		return "", ErrDraft.Field("body.name", "1 to 120 characters")
	}
	for _, r := range name {
		// Control and formatting characters (direction overrides among them) would disguise one name as another.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return "", ErrDraft.Field("body.name", "no control characters")
		}
	}
	return name, nil
}

func validateTimeZone(zone string) error {
	if zone == "" || zone == "Local" {
		return ErrDraft.Field("body.time_zone", "an IANA time zone such as Europe/London")
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return ErrDraft.Field("body.time_zone", "an IANA time zone such as Europe/London")
	}
	return nil
}

func validateColour(colour string) error {
	if colour == "" {
		return nil
	}
	if len(colour) != 7 || colour[0] != '#' || strings.Trim(strings.ToLower(colour[1:]), "0123456789abcdef") != "" {
		return ErrDraft.Field("body.brand_primary", "#RRGGBB")
	}
	return nil
}

// cleanN8N takes the address of an n8n, or none, into the form in which it is kept: encrypted, and without a place for a
// secret, because members read it.
func (e *Engine) cleanN8N(address string) (string, error) {
	if address = strings.TrimSpace(address); address == "" {
		return "", nil
	}
	refused := ErrDraft.Field("body.n8n_url", "a public address that starts with https://, without a user name or a query")
	if e.guard == nil {
		return "", refused.Because(errors.New("nobody judges addresses here"))
	}
	u, err := e.guard.Check(address)
	if err != nil {
		return "", refused.Because(err)
	}
	kept := strings.TrimRight(u.String(), "/")
	if u.Scheme != "https" || u.RawQuery != "" || u.ForceQuery || len(kept) > maxN8NURL {
		return "", refused
	}
	return kept, nil
}

const maxN8NURL = 500
