package httpapi

import (
	"context"
	"log/slog"

	"github.com/flomastr/flomastr/identity"
)

// Row is one line of the route table, for the tests outside of the package that call every route.
type Row struct {
	Method, Path string
	Permission   identity.Permission
	Idempotent   bool
}

// Rows lists the route table as it was registered.
func (a *API) Rows() []Row {
	rows := make([]Row, len(a.rows))
	for i, r := range a.rows {
		rows[i] = Row(r)
	}
	return rows
}

// Failing gives what logs an error and makes a problem of it.
func Failing(log *slog.Logger) func(context.Context, error) *Problem { return (&API{log: log}).fail }
