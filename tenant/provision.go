package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/flomastr/flomastr"
)

// Draft is what a tenant is made from.
type Draft struct {
	Slug         string
	Name         string // "" makes one from the slug
	TimeZone     string // "" is UTC
	BrandPrimary string
	N8NURL       string  // "" where it has no n8n of its own
	Profile      Profile // its time zone and its domain play no part here
}

// Setup asks for a tenant with its owner.
type Setup struct {
	Draft
	OwnerEmail string // canonical (identity.CanonicalEmail)
	Invite     bool   // the owner gets an invitation; else whoever asks gives them a way in
}

// Provisioned is what came of it. The same call again gives the same ids.
type Provisioned struct {
	Tenant          Tenant
	OwnerSubject    string // the owner's id at the built-in issuer
	OwnerEmail      string
	OwnerMembership flomastr.MembershipID
	Created         bool   // this call made the tenant
	Invitation      string // the link of the owner's, from the call that made it, where it does not go by mail alone
}

func (e *Engine) prepare(d *Draft) error {
	if err := ValidateSlug(d.Slug); err != nil {
		return err
	}
	if d.Name == "" {
		d.Name = nameFromSlug(d.Slug)
	}
	if d.TimeZone == "" {
		d.TimeZone = "UTC"
	}
	var err error
	if d.Name, err = cleanName(d.Name); err != nil {
		return err
	}
	if err := validateTimeZone(d.TimeZone); err != nil {
		return err
	}
	if err := d.Profile.clean(); err != nil {
		return err
	}
	if d.N8NURL, err = e.cleanN8N(d.N8NURL); err != nil {
		return err
	}
	return validateColour(d.BrandPrimary)
}

// nameFromSlug makes "Bright Smile" of "bright-smile".
func nameFromSlug(slug string) string {
	words := strings.FieldsFunc(slug, func(r rune) bool { return r == '-' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// Create makes a tenant without an owner; [Engine.Provision] can give it one later.
func (e *Engine) Create(ctx context.Context, actor flomastr.Actor, draft Draft) (Tenant, error) {
	if err := e.prepare(&draft); err != nil {
		return Tenant{}, err
	}
	made, err := e.store.Create(ctx, actor, draft)
	if err != nil {
		return Tenant{}, err
	}
	return e.finish(ctx, actor, made)
}

// Owners lets owners in; an [identity.Team] does. It may be called again: whoever has a way in, or an invitation, gets none,
// and the link is "" then.
type Owners interface {
	InviteOwner(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, email string) (link string, err error)
}

// Provision makes a tenant with its owner and its own database and invites the owner, or finishes what an interrupted call
// began: each step is written down, and done once. Until the database is there the tenant is in the state provisioning.
func (e *Engine) Provision(ctx context.Context, actor flomastr.Actor, s Setup) (Provisioned, error) {
	if err := e.prepare(&s.Draft); err != nil {
		return Provisioned{}, err
	}
	made, err := e.store.BeginProvisioning(ctx, actor, s)
	if err != nil {
		return Provisioned{}, err
	}
	if made.Tenant, err = e.finish(ctx, actor, made.Tenant); err != nil {
		return Provisioned{}, err
	}
	if !s.Invite {
		return made, nil
	}
	// Last, because the invitation leads into a tenant that is there.
	err = e.take(ctx, made.Tenant.ID, []deed{{StepOwnerInvitation, func(ctx context.Context) (_ int64, err error) {
		made.Invitation, err = e.owners.InviteOwner(ctx, actor, made.Tenant.ID, made.OwnerEmail)
		return 1, err
	}}})
	if err != nil {
		return Provisioned{}, fmt.Errorf("provision %s: %w", made.Tenant.Slug, err)
	}
	return made, nil
}

// finish takes the steps after the hot rows. Each may have been taken before.
func (e *Engine) finish(ctx context.Context, actor flomastr.Actor, t Tenant) (Tenant, error) {
	if t.ColdReady && t.Status != Provisioning {
		return t, nil
	}
	err := e.take(ctx, t.ID, []deed{
		{StepColdDatabase, func(ctx context.Context) (int64, error) { return 1, e.cold.CreateCold(ctx, t.ID) }},
	})
	if err != nil {
		return Tenant{}, fmt.Errorf("provision %s: %w", t.Slug, err)
	}
	done, err := e.store.FinishProvisioning(ctx, actor, t.ID)
	if errors.Is(err, ErrNotFound) {
		// It was erased meanwhile, maybe before its database was made.
		err = errors.Join(err, e.cold.DropCold(context.WithoutCancel(ctx), t.ID))
	}
	return done, err
}
