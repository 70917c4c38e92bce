package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// At most so many refused acts of one caller are recorded within an hour by one server, and of all callers together: a
// flood of refused calls must not become a flood of lines.
const (
	denialsPerCaller = 20
	denialsPerHour   = 1000
)

// denials counts the recorded refusals of the running hour.
type denials struct {
	mu    sync.Mutex
	hour  time.Time
	total int
	of    map[flomastr.Actor]int
}

// take tells whether one more refusal of a caller is recorded.
func (d *denials) take(who flomastr.Actor, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if hour := now.Truncate(time.Hour); !hour.Equal(d.hour) {
		d.hour, d.total, d.of = hour, 0, map[flomastr.Actor]int{}
	}
	if d.total >= denialsPerHour || d.of[who] >= denialsPerCaller {
		return false
	}
	d.total++
	d.of[who]++
	return true
}

// admit is enter, and records that a known caller was refused what only administrators may do: in the log of the
// tenant in which the caller is a member, otherwise in the platform's, since a stranger must not fill a tenant's.
func (a *API) admit(ctx context.Context, came arrival, permission identity.Permission, in any) (Call, error) {
	call, err := a.enter(ctx, came, permission, in)
	if err == nil {
		return call, nil
	}
	kind := flomastr.KindOf(err)
	who := came.caller.Actor()
	if !came.caller.Known() || !permission.Privileged() || kind != flomastr.Forbidden && kind != flomastr.NotFound || !a.denials.take(who, a.deps.Clock()) {
		return call, err
	}
	var answer *flomastr.Error
	errors.As(err, &answer) // it has a kind, so it is one
	record := audit.Record{
		Actor: who, Action: "access.denied", Object: came.request.Method + " " + came.request.URL.Path, Outcome: audit.Denied,
		Detail: map[string]string{"needs": permission.String(), "answer": answer.Code},
	}
	if call.Membership.Role != "" {
		record.Tenant = call.Tenant.ID
	}
	if err := a.deps.Audit.Record(context.WithoutCancel(ctx), record); err != nil {
		a.log.ErrorContext(ctx, "record a refused act", "error", err)
	}
	return call, err
}
