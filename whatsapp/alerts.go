package whatsapp

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Alert is something that the people of a tenant should know of. One of a kind and object is open at a time: what is
// said again while it is open refreshes it.
type Alert struct {
	ID         flomastr.AlertID
	Kind       AlertKind
	Severity   provider.Severity
	Object     string // what it is about, such as "channel <id>" or "template <name> <language>"
	Detail     string // a sentence for people
	RaisedAt   time.Time
	ResolvedAt time.Time      // zero: open
	ResolvedBy flomastr.Actor // empty: it ended by itself
}

// AlertKind is what an alert is about.
type AlertKind string

// The kinds that the engine raises by itself.
const (
	AlertTemplate AlertKind = "template"   // a template's standing
	AlertNumber   AlertKind = "number"     // the standing, quality or throughput of a number of ours
	AlertNotice   AlertKind = "notice"     // anything else that a provider tells
	AlertReach    AlertKind = "recipients" // WhatsApp's limit of people to begin talks with is reached
	AlertStuck    AlertKind = "stuck"      // messages that nobody has dealt with
)

// AlertStore keeps alerts.
type AlertStore interface {
	// RaiseAlert opens an alert, or refreshes the open one of its kind and object. One of severity Info is kept as a record:
	// it is resolved as soon as it is raised, and resolves the open one.
	RaiseAlert(ctx context.Context, tenant flomastr.TenantID, alert Alert) error
	// ClearAlert resolves the open alert of a kind and object, if there is one.
	ClearAlert(ctx context.Context, tenant flomastr.TenantID, kind AlertKind, object string) error
	// Alerts lists the newest first.
	Alerts(ctx context.Context, tenant flomastr.TenantID, page AlertPage) (list []Alert, next string, err error)
	ResolveAlert(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.AlertID) (Alert, error)
}

// AlertPage is a piece of the list of alerts.
type AlertPage struct {
	Limit  int
	Cursor string
	Open   bool // open ones only
}

// ErrAlertNotFound is an alert that does not exist, or is another tenant's.
var ErrAlertNotFound = flomastr.Errorf(flomastr.NotFound, "alert_not_found", "There is no such alert.")

// Alerts lists a tenant's alerts, the newest first.
func (e *Engine) Alerts(ctx context.Context, tenant flomastr.TenantID, page AlertPage) ([]Alert, string, error) {
	return e.store.Alerts(ctx, tenant, page)
}

// ResolveAlert says that somebody has seen to an alert. One that is resolved already stays as it is.
func (e *Engine) ResolveAlert(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.AlertID) (Alert, error) {
	return e.store.ResolveAlert(ctx, tenant, by, id)
}
