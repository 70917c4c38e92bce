package tenant

import (
	"context"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
)

// Action is something that a person does with a tenant's life.
type Action string

// The actions.
const (
	Suspend    Action = "suspend"
	Reactivate Action = "reactivate"
	SoftDelete Action = "soft_delete"
	Restore    Action = "restore"
	HardDelete Action = "hard_delete"
)

// move is what an action leads from and to. Restoring leads to where the soft deletion came from.
type move struct {
	action Action
	from   []Status
	to     Status
}

// moves is the whole state machine. What is not here is a conflict.
//
//nolint:gochecknoglobals // a table
var moves = []move{
	{Suspend, []Status{Active, Inactive}, Suspended},
	{Reactivate, []Status{Suspended, Inactive}, Active},
	{SoftDelete, []Status{Provisioning, Active, Inactive, Suspended}, SoftDeleted},
	{Restore, []Status{SoftDeleted}, ""},
	{HardDelete, []Status{SoftDeleted}, Erasing},
}

// After is the status that an action leads to, or ErrWrongStatus.
func (t Tenant) After(action Action) (Status, error) {
	for _, m := range moves {
		switch {
		case m.action != action || !slices.Contains(m.from, t.Status):
		case action == Restore:
			return t.StatusBefore, nil
		default:
			return m.to, nil
		}
	}
	return "", ErrWrongStatus
}

// Allowed lists what can be done with the tenant now.
func (t Tenant) Allowed() []Action {
	allowed := []Action{}
	for _, m := range moves {
		if slices.Contains(m.from, t.Status) {
			allowed = append(allowed, m.action)
		}
	}
	return allowed
}

// RestorableFor is how long a soft-deleted tenant is promised to be kept. Nothing erases it afterwards but a person.
const RestorableFor = 30 * 24 * time.Hour

// Act suspends, reactivates, soft-deletes or restores a tenant. It is done when it returns: claims, sends and requests
// ask for the status each time. A hard deletion has a method of its own ([Engine.HardDelete]).
func (e *Engine) Act(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, action Action, reason string) (Tenant, error) {
	if action == HardDelete {
		return Tenant{}, ErrWrongStatus
	}
	reason, err := cleanReason(reason)
	if err != nil {
		return Tenant{}, err
	}
	return e.store.Move(ctx, actor, id, action, reason)
}

// Standing is where a tenant is in its life, and what can be done about it.
type Standing struct {
	ID              flomastr.TenantID
	Slug            string
	Status          Status
	Since           time.Time
	Reason          string
	ChangedBy       string
	Steps           []Step
	RestorableUntil *time.Time // of a soft-deleted tenant
	Allowed         []Action
}

// Standing finds a tenant by id or slug, also one that is being erased or is no more; the latter by its id alone,
// because its slug may be another's by now.
func (e *Engine) Standing(ctx context.Context, ref string) (Standing, error) {
	found, err := e.Find(ctx, ref)
	if err == nil {
		return e.standingOf(ctx, found)
	}
	id, bad := flomastr.ParseID[flomastr.TenantID](ref)
	if bad != nil || flomastr.KindOf(err) != flomastr.NotFound {
		return Standing{}, err
	}
	erasure, err := e.store.ErasureOf(ctx, id)
	if err != nil {
		return Standing{}, err
	}
	return e.standingAfter(ctx, erasure)
}

func (e *Engine) standingOf(ctx context.Context, t Tenant) (Standing, error) {
	steps, err := e.store.Steps(ctx, t.ID)
	out := Standing{
		ID: t.ID, Slug: t.Slug, Status: t.Status, Since: t.StatusSince, Reason: t.StatusReason, ChangedBy: t.ChangedBy,
		Steps: steps, Allowed: t.Allowed(),
	}
	if t.Status == SoftDeleted {
		until := t.StatusSince.Add(RestorableFor)
		out.RestorableUntil = &until
	}
	return out, err
}

// standingAfter is the standing of a tenant whose row is gone.
func (e *Engine) standingAfter(ctx context.Context, erasure Erasure) (Standing, error) {
	out := Standing{
		ID: erasure.Tenant, Slug: erasure.Slug, Status: Erasing, Since: erasure.StartedAt, Reason: erasure.Reason,
		ChangedBy: erasure.RequestedBy, Allowed: []Action{},
	}
	if erasure.FinishedAt == nil {
		var err error
		out.Steps, err = e.store.Steps(ctx, erasure.Tenant)
		return out, err
	}
	out.Status, out.Since = Erased, *erasure.FinishedAt
	for _, name := range ErasureSteps() {
		out.Steps = append(out.Steps, Step{Name: name, State: StepDone})
	}
	return out, nil
}
