package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

type alert struct {
	ID         flomastr.AlertID `json:"id" format:"uuid"`
	Kind       string           `json:"kind" example:"template" doc:"What it is about: template, number, notice, stuck, …"`
	Severity   string           `json:"severity" enum:"info,warning,urgent"`
	Object     string           `json:"object" doc:"What exactly, such as a channel or a template"`
	Detail     string           `json:"detail" doc:"A sentence for people"`
	RaisedAt   time.Time        `json:"raised_at"`
	ResolvedAt *time.Time       `json:"resolved_at,omitempty" doc:"Absent while it is open"`
	ResolvedBy string           `json:"resolved_by,omitempty" doc:"Who has seen to it; absent when it ended by itself"`
}

func alertOf(a whatsapp.Alert) alert {
	out := alert{
		ID: a.ID, Kind: string(a.Kind), Severity: string(a.Severity), Object: a.Object, Detail: a.Detail, RaisedAt: a.RaisedAt,
		ResolvedBy: string(a.ResolvedBy),
	}
	if !a.ResolvedAt.IsZero() {
		out.ResolvedAt = &a.ResolvedAt
	}
	return out
}

type alertListInput struct {
	TenantIDPath
	PageCursor
	Open  bool `query:"open" doc:"Open ones only"`
	Limit int  `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type alertListOutput struct {
	Body struct {
		Alerts     []alert `json:"alerts"`
		NextCursor string  `json:"next_cursor,omitempty"`
	}
}

func (o *alertListOutput) next() *string { return &o.Body.NextCursor }

// alertList lists the newest first.
func (a *API) alertList(ctx context.Context, call Call, in *alertListInput) (*alertListOutput, error) {
	list, next, err := a.deps.WhatsApp.Alerts(ctx, call.Tenant.ID, whatsapp.AlertPage{Limit: in.Limit, Cursor: in.Cursor, Open: in.Open})
	if err != nil {
		return nil, err
	}
	out := &alertListOutput{}
	out.Body.NextCursor, out.Body.Alerts = next, make([]alert, len(list))
	for i, one := range list {
		out.Body.Alerts[i] = alertOf(one)
	}
	return out, nil
}

type alertResolveInput struct {
	TenantIDPath
	ID string `path:"id" format:"uuid"`
}

type alertOutput struct{ Body alert }

// alertResolve says that somebody has seen to it. What is still wrong raises it again.
func (a *API) alertResolve(ctx context.Context, call Call, in *alertResolveInput) (*alertOutput, error) {
	id, err := flomastr.ParseID[flomastr.AlertID](in.ID)
	if err != nil {
		return nil, whatsapp.ErrAlertNotFound
	}
	one, err := a.deps.WhatsApp.ResolveAlert(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	return &alertOutput{alertOf(one)}, err
}
