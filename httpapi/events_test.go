package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
)

// turncoat is a person whose place in the tenant changes while they listen.
type turncoat struct {
	fakeGate
	role atomic.Value // an identity.Role, "" is none
}

func (g *turncoat) Membership(_ context.Context, t flomastr.TenantID, _ identity.Caller) (identity.Membership, error) {
	role, _ := g.role.Load().(identity.Role)
	if role == "" {
		return identity.Membership{}, nil
	}
	return identity.Membership{Tenant: t, Role: role, Status: identity.MembershipActive}, nil
}

// tape is a response that can be read while it is still being written.
type tape struct {
	header http.Header
	mu     sync.Mutex
	body   strings.Builder
}

func (t *tape) Header() http.Header { return t.header }

func (t *tape) WriteHeader(int) {}

func (t *tape) Flush() {}

func (t *tape) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.body.Write(b)
}

func (t *tape) count(what string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Count(t.body.String(), what)
}

// always is a source that has one more event of a conversation whenever it is asked.
type always struct {
	EventSource
	given int
}

func (s *always) Since(context.Context, flomastr.TenantID, string, int) ([]StreamEvent, error) {
	s.given++
	data, err := json.Marshal(map[string]any{"conversation_id": flomastr.NewID[flomastr.ConversationID]()})
	return []StreamEvent{{ID: fmt.Sprint(s.given), Type: "message.created", Data: data}}, err
}

// assignedOnly is a tenant whose members see what they have taken, and nobody has taken anything.
type assignedOnly struct {
	TenantAdmin
	WhatsApp
}

func (assignedOnly) Effective(context.Context, flomastr.TenantID) (tenant.Policies, error) {
	return tenant.Policies{InboxScope: "assigned"}, nil
}

func (assignedOnly) WithinReach(context.Context, flomastr.TenantID, []flomastr.ConversationID, whatsapp.Reach) (map[flomastr.ConversationID]bool, error) {
	return map[flomastr.ConversationID]bool{}, nil
}

func TestAStreamNoticesWithinAMinuteThatItsReaderMaySeeLessOrNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		gate := &turncoat{fakeGate: fakeGate{w}}
		gate.role.Store(identity.RoleAdmin)
		w.api.deps.Gate, w.api.deps.Events = gate, &always{}
		w.api.deps.TenantAdmin, w.api.deps.WhatsApp = assignedOnly{}, assignedOnly{}
		caller := identity.Caller{Kind: identity.User, Subject: "owner-a"}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/routes/events", nil)
		r.Header.Set("Authorization", "Bearer owner-a")
		out := &tape{header: http.Header{}}
		var ended atomic.Bool
		place, err := gate.Membership(t.Context(), w.a.ID, caller)
		require.NoError(t, err)
		go func() {
			w.api.stream(r, out, Call{Caller: caller, Membership: place, Tenant: w.a}, "0", false)
			ended.Store(true)
		}()
		seen := func() int { return out.count("event: message.created") }
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		pass(20 * time.Second)
		before := seen()
		require.Positive(t, before, "an administrator sees every conversation")

		gate.role.Store(identity.RoleMember)
		pass(time.Minute)
		atMost := seen()
		require.False(t, ended.Load(), "a member may go on listening")
		pass(10 * time.Minute)
		require.Equal(t, atMost, seen(), "and sees what members see")

		gate.role.Store(identity.Role(""))
		pass(time.Minute)
		require.True(t, ended.Load())
	})
}

func TestASignInWhoseTimeNobodyKnowsIsNotFresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	a := &API{deps: Deps{Clock: func() time.Time { return now }}}
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{now, true}, {now.Add(-freshness), true}, {now.Add(-freshness - time.Second), false}, {time.Time{}, false}} {
		require.Equal(t, c.want, a.fresh(Call{Caller: identity.Caller{AuthTime: c.at}}), "%v", c.at)
	}
}
