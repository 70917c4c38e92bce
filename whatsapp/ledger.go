package whatsapp

import (
	"context"
	"fmt"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// End is what became of a customer's message. Every one ends somewhere, and it shows.
type End string

// The ends, and the one state before them.
const (
	EndWaiting    End = "waiting" // not dealt with yet
	EndAnswered   End = "answered"
	EndHandedOver End = "handed_over" // to a person, or a person had it
	EndSuppressed End = "suppressed"  // the customer does not want to be written to
	EndSilent     End = "silent"      // it needed no answer: a reaction, history, a wish, something late
	EndUnknown    End = "unknown"     // whether the answer arrived is not known
	EndFailed     End = "failed"
)

// LedgerLine is a customer's message and what became of it.
type LedgerLine struct {
	Message      flomastr.MessageID
	ProviderID   string
	Conversation flomastr.ConversationID
	Channel      flomastr.ChannelID
	Type         string
	ReceivedAt   time.Time
	End          End
	Reason       string // a sentence for people, where there is one
	Job          flomastr.JobID
	EndedAt      time.Time // zero: waiting, or it ended as it came
}

// LedgerPage is a piece of the ledger, the newest first.
type LedgerPage struct {
	Limit  int
	Cursor string
	End    End // empty: all
}

// Stuck is a channel with messages that nobody has dealt with.
type Stuck struct {
	Tenant  flomastr.TenantID
	Channel flomastr.ChannelID
	Turns   int
	Since   time.Time // when the oldest was due
}

// LedgerStore tells what became of what came in.
type LedgerStore interface {
	Ledger(ctx context.Context, tenant flomastr.TenantID, page LedgerPage) (lines []LedgerLine, next string, err error)
	// StuckTurns lists, over all active tenants, the channels with turns that have been due for longer than a time.
	StuckTurns(ctx context.Context, after time.Duration) ([]Stuck, error)
	// OpenAlerts lists, over all tenants, the objects of the open alerts of a kind.
	OpenAlerts(ctx context.Context, kind AlertKind) (map[flomastr.TenantID][]string, error)
}

// Ledger tells what became of each of the customers' messages.
func (e *Engine) Ledger(ctx context.Context, tenant flomastr.TenantID, page LedgerPage) ([]LedgerLine, string, error) {
	return e.store.Ledger(ctx, tenant, page)
}

// CheckStuck raises an alert for each channel on which what was received is not dealt with in time, and clears those that
// have caught up.
func (e *Engine) CheckStuck(ctx context.Context) error {
	list, err := e.store.StuckTurns(ctx, e.set.StuckAfter)
	if err != nil {
		return fmt.Errorf("look for stuck turns: %w", err)
	}
	open, err := e.store.OpenAlerts(ctx, AlertStuck)
	if err != nil {
		return fmt.Errorf("look for open alerts: %w", err)
	}
	still := map[string]bool{}
	for _, s := range list {
		object := "channel " + s.Channel.String()
		still[s.Tenant.String()+object] = true
		if err := e.store.RaiseAlert(ctx, s.Tenant, Alert{
			Kind: AlertStuck, Severity: provider.Urgent, Object: object,
			Detail: fmt.Sprintf("%d turns have waited since %s to be dealt with.", s.Turns, s.Since.UTC().Format(time.RFC3339)),
		}); err != nil {
			return fmt.Errorf("raise alert: %w", err)
		}
	}
	for tenant, objects := range open {
		for _, object := range objects {
			if still[tenant.String()+object] {
				continue
			}
			if err := e.store.ClearAlert(ctx, tenant, AlertStuck, object); err != nil {
				return fmt.Errorf("clear alert: %w", err)
			}
		}
	}
	return nil
}
