package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// ReconcileArgs is the job that asks a provider what became of a message whose call ended without a clear answer.
type ReconcileArgs struct {
	Tenant  flomastr.TenantID  `json:"tenant_id"`
	Message flomastr.MessageID `json:"message_id"`
}

// Kind names the job in the queue.
func (ReconcileArgs) Kind() string { return "messages.reconcile" }

// Unresolved is a message whose outcome is not known, with what tells it from others at the provider.
type Unresolved struct {
	Channel  flomastr.ChannelID
	Message  provider.Message
	From, To time.Time // when it may have been taken
	Known    []string  // the provider's ids of the conversation's other messages
	Twin     bool      // another one says the same, and what became of it is not known either
}

// ErrResolved is a message of whose outcome nobody need ask.
var ErrResolved = errors.New("the message's outcome is known")

// How long after a call its provider is asked: at distances that double, from the first to the last.
const (
	askFirst = time.Minute
	askUntil = 24 * time.Hour
)

// Reconcile asks the message's provider, where it can be asked. What is found counts as a report; nothing is ever sent again
// because nothing was found. It gives how long to wait before asking once more, and 0 when it is over: then the message is
// settled, or stays unknown and is for people to see.
func (e *Engine) Reconcile(ctx context.Context, args ReconcileArgs) (again time.Duration, err error) {
	u, err := e.store.Unresolved(ctx, args.Tenant, args.Message)
	if errors.Is(err, ErrResolved) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read a message of unknown outcome: %w", err)
	}
	ch, err := e.channels.get(ctx, u.Channel)
	if flomastr.KindOf(err) == flomastr.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find channel: %w", err)
	}
	asked, able := e.providers[ch.row.Provider].(provider.Reconciler)
	if !able {
		return 0, nil
	}
	if !u.Twin {
		report, err := asked.FindSent(ctx, ch.opened, provider.Sought{Message: u.Message, From: u.From, To: u.To, Known: u.Known})
		if err == nil {
			_, err = e.store.SaveIntake(ctx, args.Tenant, []Intake{{Channel: u.Channel, Report: &report}})
			return 0, err
		}
		if !errors.Is(err, provider.ErrNotFound) {
			e.log.WarnContext(ctx, "ask what became of a message; asking again later", "tenant", args.Tenant, "message", args.Message, "err", err)
		}
	}
	if age := e.clock().Sub(u.To); age < askUntil {
		again = max(age, askFirst)
	}
	return again, nil
}
