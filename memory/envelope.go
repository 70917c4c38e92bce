package memory

import (
	"context"
	"fmt"

	"github.com/flomastr/flomastr"
)

// recentMost is how many of the latest messages an envelope holds.
const recentMost = 20

// Envelope is what an outside worker needs to know of a customer before it answers.
type Envelope struct {
	Name     string
	Agent    string // the member who has taken the latest conversation, by subject; empty: nobody
	Recent   []Said // the latest messages, oldest first
	Episodes []Episode
	Facts    []Fact // that hold, the last said first
}

// Envelope reads it. ErrContactNotFound.
func (e *Engine) Envelope(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) (out Envelope, err error) {
	past, err := e.deps.Store.Past(ctx, tenant, contact, pastMost)
	if err != nil {
		return out, fmt.Errorf("read what is remembered: %w", err)
	}
	out.Name, out.Agent = past.Name, past.Agent
	out.Recent = past.Said[max(0, len(past.Said)-recentMost):]
	r := e.readers.Get().(*reader)
	defer e.readers.Put(r)
	out.Episodes = r.episodes(past.Said)
	now := e.deps.Clock()
	for _, f := range past.Facts {
		if f.holds(now) {
			out.Facts = append(out.Facts, f)
		}
	}
	return out, nil
}
