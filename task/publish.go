package task

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr"
)

// PublishArgs is the job that makes knowledge of an approved answer.
type PublishArgs struct {
	Tenant flomastr.TenantID `json:"tenant_id"`
	Task   flomastr.TaskID   `json:"task_id"`
}

// Kind names the job in the queue.
func (PublishArgs) Kind() string { return "task.publish" }

// Publish makes knowledge of an approved answer. What cannot be published is told to people; what only failed is tried again. A task
// that is gone, with its customer or at the end of its retention, is not published.
func (e *Engine) Publish(ctx context.Context, args PublishArgs) error {
	t, err := e.store.Task(ctx, args.Tenant, args.Task, Reach{})
	if errors.Is(err, ErrNotFound) || err == nil && (t.Resolved == nil || t.Resolved.Card == "") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the task to publish: %w", err)
	}
	err = e.publisher.PublishAnswer(ctx, args.Tenant, t.Resolved.By, t.Resolved.Card, t.Resolved.Reply)
	var told *flomastr.Error
	if errors.As(err, &told) && (told.Kind == flomastr.Invalid || told.Kind == flomastr.Conflict) {
		return e.store.NoteUnpublished(ctx, args.Tenant, args.Task, told.Message)
	}
	if err != nil {
		return fmt.Errorf("publish an answer: %w", err)
	}
	return nil
}
