package main

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/postgres"
)

// eventSource gives the door the database's events, with their places as opaque ids.
type eventSource struct {
	store *postgres.EventStore
	clock flomastr.Clock
}

// Head implements httpapi.EventSource.
func (s eventSource) Head(ctx context.Context, tenant flomastr.TenantID) (string, error) {
	head, err := s.store.Head(ctx, tenant)
	return head.String(), err
}

// Since implements httpapi.EventSource. Events are kept for 24 hours: what is older cannot be resumed without a gap. The
// place of a head carries no time; it resumes as long as anything behind it is kept.
func (s eventSource) Since(ctx context.Context, tenant flomastr.TenantID, after string, limit int) ([]httpapi.StreamEvent, error) {
	place, err := postgres.ParseEventCursor(after)
	if err != nil {
		return nil, httpapi.ErrEventGone.Because(err)
	}
	if !place.ID.IsZero() && s.clock().Sub(place.ID.Time()) > 24*time.Hour {
		return nil, httpapi.ErrEventGone
	}
	events, err := s.store.Since(ctx, tenant, place, limit)
	out := make([]httpapi.StreamEvent, len(events))
	for i, e := range events {
		out[i] = httpapi.StreamEvent{ID: e.Cursor.String(), Type: e.Type, At: e.At, Data: e.Data}
	}
	return out, err
}

// Touched implements httpapi.EventSource.
func (s eventSource) Touched(ctx context.Context, tenants []flomastr.TenantID, mark uint64) ([]flomastr.TenantID, uint64, error) {
	return s.store.Touched(ctx, tenants, mark)
}
