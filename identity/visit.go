package identity

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// The limits of a visit.
const (
	MaxVisit       = time.Hour
	minVisitReason = 10
	maxVisitReason = 500
)

// Visit is a super admin's stay in a tenant. While it runs, and only in the session that began it, it gives the rights of
// an admin there, but for what is the tenant's own people's alone (see [Permission.NoVisit]). The tenant sees it, and the
// lines of its audit log name the person and the visit.
type Visit struct {
	ID           flomastr.VisitID
	Tenant       flomastr.TenantID
	Slug         string
	Issuer       string
	Subject      string
	Email        string
	Session      string
	Reason       string
	StartedAt    time.Time
	EndsAt       time.Time
	EndedAt      *time.Time // nil until somebody ended it, or its time was found to be over
	EndedBecause string
}

func (v Visit) place() Membership {
	return Membership{Tenant: v.Tenant, Slug: v.Slug, Role: RoleAdmin, Status: MembershipActive, Visit: v.ID}
}

// The ways in which a visit is refused.
var (
	ErrVisitRunning = flomastr.Errorf(flomastr.Conflict, "visit_running", "You are visiting a workspace already. End that visit first.")
	ErrVisitReason  = flomastr.Errorf(flomastr.Invalid, "visit_reason", "Say in a sentence why you need to act in this workspace: its people will read it.")
	ErrVisitLength  = flomastr.Errorf(flomastr.Invalid, "visit_length", "A visit lasts between one minute and an hour.")
	ErrNoVisit      = flomastr.Errorf(flomastr.NotFound, "visit_not_found", "No such visit of yours is running.")
	ErrVisitSession = flomastr.Errorf(flomastr.Forbidden, "visit_session", "Your sign-in has no session that could end the visit. Sign in another way.")
)

// NewVisit checks what a visit needs. The caller must be a super admin; whoever is a member needs none, but may make one.
func NewVisit(caller Caller, tenant flomastr.TenantID, reason string, length time.Duration, now time.Time) (Visit, error) {
	reason = flomastr.VisibleLine(reason)
	n := utf8.RuneCountInString(reason)
	switch {
	case !caller.Person() || !caller.SuperAdmin:
		return Visit{}, ErrForbidden
	case caller.Visit != nil:
		return Visit{}, ErrVisitRunning
	case n < minVisitReason || n > maxVisitReason:
		return Visit{}, ErrVisitReason.Field("body.reason", ErrVisitReason.Message)
	case length < time.Minute || length > MaxVisit:
		return Visit{}, ErrVisitLength.Field("body.minutes", ErrVisitLength.Message)
	case caller.Session == "":
		return Visit{}, ErrVisitSession
	}
	return Visit{
		ID: flomastr.NewID[flomastr.VisitID](), Tenant: tenant, Issuer: caller.Issuer, Subject: caller.Subject, Email: caller.Email,
		Session: caller.Session, Reason: reason, StartedAt: now, EndsAt: now.Add(length),
	}, nil
}

// VisitStore keeps visits. Each method is one commit, and writes its line of the tenant's audit log in it.
type VisitStore interface {
	// StartVisit keeps a visit, unless another of the person runs: ErrVisitRunning. It answers the visit with the times
	// of the database's clock.
	StartVisit(ctx context.Context, visit Visit) (Visit, error)
	// EndVisit ends a person's own running visit; there being none is ErrNoVisit.
	EndVisit(ctx context.Context, caller Caller, id flomastr.VisitID) error
	// VisitsBy lists a person's visits, VisitsTo a tenant's; both newest first.
	VisitsBy(ctx context.Context, caller Caller, limit int) ([]Visit, error)
	VisitsTo(ctx context.Context, tenant flomastr.TenantID, limit int) ([]Visit, error)
}
