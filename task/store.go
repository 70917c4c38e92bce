package task

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Store keeps tasks. Each method is one commit, or none.
type Store interface {
	Tasks(ctx context.Context, tenant flomastr.TenantID, page Page) (list []Task, next string, err error)
	Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach Reach) (Task, error)
	Counts(ctx context.Context, tenant flomastr.TenantID, member string, reach Reach) (Counts, error)
	// CreateTask gives a task without an assignee to the member with the fewest open ones, and one without a due time the
	// tenant's. ErrNoMember; an error of kind NotFound for a conversation that is not there.
	CreateTask(ctx context.Context, tenant flomastr.TenantID, t Task) (Task, error)
	// AssignTask changes an open task; ErrNotFound, ErrEnded, ErrNoMember.
	AssignTask(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TaskID, member string) (Task, error)
	// NoteUnpublished tells people that an approved answer did not become knowledge, and why.
	NoteUnpublished(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, sentence string) error
}
